"""The moment at which this run's tests read the scenario: drawn anew, the same in all processes.

`SENTINEL_TEST_MOMENT=2028-02-29T23:55:00Z make test` repeats a run at a moment of its own.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta

from sentinel_mcp.clock import Clock

VARIABLE = "SENTINEL_TEST_MOMENT"
FIRST = datetime(2027, 1, 1, tzinfo=UTC)
LAST = datetime(2028, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Two years, one of them a leap year: every weekday, hour and end of a month is among them."""


def _drawn() -> datetime:
    seconds = int((LAST - FIRST).total_seconds())
    return FIRST + timedelta(seconds=random.SystemRandom().randint(0, seconds))


# Whoever starts a process of tests hands its environment down.
os.environ.setdefault(VARIABLE, _drawn().isoformat())

MOMENT = datetime.fromisoformat(os.environ[VARIABLE]).astimezone(UTC)
NOW = {"SENTINEL_NOW": MOMENT.isoformat()}
"""For the environment of a command."""


def clock() -> Clock:
    """Return a clock that begins at the moment."""
    return Clock(MOMENT)
