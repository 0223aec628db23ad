"""When things happen: every moment of the scenario is told from the moment it was built."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

DAYS = 14

Anchor = Literal["now", "mail", "travel", "change", "spray", "hands"]
"""What a moment is counted from.

now     the moment of the build
mail    a working morning, about a day ago: the phishing mail arrives
travel  the working day before: a sales director signs in from abroad
change  a night at the start of the week: the announced change window
spray   the night before the end: passwords are sprayed
hands   the last hours: somebody is at the keyboard; all is over an hour and a half ago
"""

END_BEFORE_NOW = timedelta(minutes=85)
HANDS_ON = timedelta(minutes=200)
SPRAY_BEFORE_END = timedelta(hours=10)
MAIL_BEFORE_END = timedelta(hours=22)

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class At:
    """A moment, some time after (or before) an anchor."""

    anchor: Anchor
    days: float = 0
    hours: float = 0
    minutes: float = 0
    seconds: float = 0

    def later(self, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> At:
        """Return a moment that much later."""
        return At(
            self.anchor,
            self.days,
            self.hours + hours,
            self.minutes + minutes,
            self.seconds + seconds,
        )


class Clock:
    """Turns moments into times. Times are UTC without a zone, as the tables hold them."""

    def __init__(self, now: datetime) -> None:
        self.now = now.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        end = self.now - END_BEFORE_NOW
        mail = _working_day(end - MAIL_BEFORE_END, hour=9, minute=12)
        travel = _working_day(mail - timedelta(hours=12), hour=7, minute=40)
        self._anchors: dict[Anchor, datetime] = {
            "now": self.now,
            "mail": mail,
            "travel": travel,
            "change": _weekday(mail - timedelta(days=1), weekday=1, hour=21, minute=30),
            "spray": end - SPRAY_BEFORE_END,
            "hands": end - HANDS_ON,
        }

    @property
    def start(self) -> datetime:
        """The first moment of the ordinary noise."""
        return self.now - timedelta(days=DAYS)

    def time(self, at: At) -> datetime:
        """Return the time of a moment."""
        return self._anchors[at.anchor] + timedelta(
            days=at.days, hours=at.hours, minutes=at.minutes, seconds=at.seconds
        )


def wire(moment: datetime) -> str:
    """Return a time as Azure's documents write it."""
    return f"{moment.isoformat(timespec='milliseconds').rstrip('0').rstrip('.')}Z"


def _working_day(latest: datetime, *, hour: int, minute: int) -> datetime:
    """Return the last such time of a working day that is not after `latest`."""
    day = latest.replace(hour=hour, minute=minute, second=0)
    while day > latest or day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return day


def _weekday(latest: datetime, *, weekday: int, hour: int, minute: int) -> datetime:
    day = latest.replace(hour=hour, minute=minute, second=0)
    while day > latest or day.weekday() != weekday:
        day -= timedelta(days=1)
    return day
