"""The time by which the workspace is read; its logs, its documents and its client share one clock.

What concerns this machine keeps to the machine's own time: certificates, tokens, the age of files,
how long a task has run.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time in UTC: the machine's, or one that began at `start` and has run on since."""

    def __init__(self, start: datetime | None = None) -> None:
        self.start = start
        self._offset = timedelta() if start is None else start - datetime.now(UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return (datetime.now(UTC) + self._offset).astimezone(UTC)
