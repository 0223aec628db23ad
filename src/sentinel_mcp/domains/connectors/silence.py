"""Whether a table has been silent for longer than it usually is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from sentinel_mcp.domains.last_events import NEVER_DAYS

State = Literal["never", "silent", "late", "unknown", "ok"]

LOOKBACK_DAYS = 14
SLACK_H = 2
"""The workspace accounts by the hour, and events take a while to arrive."""

FEWEST_GAPS = 5
USUAL_PART = 0.95

JUDGED = (
    f"By each table's own gaps between hours with data, of {LOOKBACK_DAYS} days. ok: silent no "
    f"longer than {USUAL_PART:.0%} of them, and {SLACK_H} h. late: no longer than the longest, or "
    f"three usual ones, and {SLACK_H} h. silent: longer. never: no event in {NEVER_DAYS} days. "
    f"unknown: fewer than {FEWEST_GAPS} gaps, or its last event could not be read. "
    "Machines are judged alike, each in its table."
)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a table's events come: the hours between two hours with data."""

    gaps_count: int
    usual_gap_h: int | None
    longest_gap_h: int | None
    newest_h: int | None
    """Hours since the last hour with data."""
    observed_days: float

    @classmethod
    def of(cls, hours_ago: Collection[int]) -> Rhythm:
        """Read the hours with data, each as how long ago it was."""
        hours = sorted(set(hours_ago))
        gaps = sorted(late - early for early, late in pairwise(hours))
        at = min(len(gaps) - 1, int(USUAL_PART * len(gaps)))
        return cls(
            gaps_count=len(gaps),
            usual_gap_h=gaps[at] if gaps else None,
            longest_gap_h=gaps[-1] if gaps else None,
            newest_h=hours[0] if hours else None,
            observed_days=max(1.0, hours[-1] / 24) if hours else 1.0,
        )


def state_of(rhythm: Rhythm, silence_h: float | None) -> State:
    """Return the state of a table whose last event was so long ago; None: there is none."""
    if silence_h is None:
        return "never"
    if rhythm.newest_h is None:
        return "silent" if silence_h > 24 * LOOKBACK_DAYS else "unknown"
    if rhythm.usual_gap_h is None or rhythm.longest_gap_h is None:
        return "unknown"
    if rhythm.gaps_count < FEWEST_GAPS:
        return "unknown"
    if silence_h <= rhythm.usual_gap_h + SLACK_H:
        return "ok"
    if silence_h <= max(rhythm.longest_gap_h, 3 * rhythm.usual_gap_h) + SLACK_H:
        return "late"
    return "silent"
