"""Time ranges of a request: what users write, and what Log Analytics is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from sentinel_mcp.errors import InputError

LONGEST = timedelta(days=36_525)
"""A hundred years; no log is older, and a longer range is a mistake in the unit."""

_HINT = (
    "Write a duration (`PT1H`, `P7D`, `30m`, `12h`, `7d`, `1w`, `1d12h`) "
    "or an interval (`2026-01-01/2026-01-08`, `2026-01-01T08:00Z/PT1H`, `P1D/2026-01-08`)."
)

# A month is 30 days and a year 365, as in .NET, which is what Log Analytics reads them with.
_ISO_DAYS = {"Y": 365, "M": 30, "W": 7, "D": 1}
_ISO_SECONDS = {"H": 3600, "M": 60, "S": 1}
_SHORT_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}

_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
_ISO = re.compile(
    rf"P(?=[0-9T])((?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?)"
    rf"(?:T(?=[0-9])((?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?))?"
)
_SHORT = re.compile(rf"(?:{_NUMBER}w)?(?:{_NUMBER}d)?(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?")
_PART = re.compile(rf"({_NUMBER})([A-Za-z])")


@dataclass(frozen=True, slots=True)
class Timespan:
    """A range of time: a duration that ends now, or the interval from `start` to `end`.

    Either `duration` is set, or `start` and `end` are, in UTC.
    """

    start: datetime | None
    end: datetime | None
    duration: timedelta | None

    @classmethod
    def of(cls, duration: timedelta) -> Timespan:
        """Return the range of a duration that ends now."""
        return cls(None, None, duration)

    @property
    def iso(self) -> str:
        """The range as Log Analytics takes it: `P7D`, or `start/end`."""
        if self.start is None or self.end is None:
            return _iso_duration(self.duration or timedelta())
        return f"{_iso_datetime(self.start)}/{_iso_datetime(self.end)}"

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the first and the last moment of the range, taken at `now`."""
        if self.start is not None and self.end is not None:
            return self.start, self.end
        return now - (self.duration or timedelta()), now


def parse_timespan(text: str) -> Timespan:
    """Read a duration or an interval; times without a zone are UTC.

    Raises:
        InputError: the text is neither, is empty of time, or lies outside what a clock can hold.

    """
    stripped = text.strip()
    first, slash, second = stripped.partition("/")
    if not slash:
        return Timespan(None, None, _duration(stripped, stripped))
    if "/" in second:
        _fail(stripped, "it has more than one `/`")
    start, end = _interval(first.strip(), second.strip(), stripped)
    if end == start:
        _fail(stripped, "it begins and ends at the same moment")
    if end < start:
        _fail(stripped, "its end lies before its start")
    if end - start > LONGEST:
        _fail(stripped, "it is longer than 100 years")
    return Timespan(start, end, None)


def _interval(first: str, second: str, text: str) -> tuple[datetime, datetime]:
    try:
        if first[:1] == "P":
            end = _moment(second, text)
            return end - _duration(first, text), end
        start = _moment(first, text)
        if second[:1] == "P":
            return start, start + _duration(second, text)
    except OverflowError:
        _fail(text, "it leaves the years 1 to 9999")
    return start, _moment(second, text)


def _duration(text: str, whole: str) -> timedelta:
    # Unicode knows other digits, other units and other white space; none of them is meant.
    if found := _ISO.fullmatch(text):
        seconds = _sum(found[1], _ISO_DAYS) * 86_400 + _sum(found[2] or "", _ISO_SECONDS)
    elif text and _SHORT.fullmatch(text):
        seconds = _sum(text, _SHORT_SECONDS)
    elif text[:1] == "-" and (_ISO.fullmatch(text[1:]) or _SHORT.fullmatch(text[1:])):
        _fail(whole, "a range cannot be negative")
    else:
        _fail(whole, f"{_shown(text)} is not a duration")
    if seconds > LONGEST.total_seconds():
        _fail(whole, "it is longer than 100 years")
    duration = timedelta(seconds=seconds)
    if not duration:
        _fail(whole, "it has no length")
    return duration


def _sum(parts: str, units: dict[str, int]) -> float:
    return sum(
        float(number.replace(",", ".")) * units[unit] for number, unit in _PART.findall(parts)
    )


def _moment(text: str, whole: str) -> datetime:
    if not text.isascii():
        _fail(whole, f"{_shown(text)} is not a date")
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError as error:
        _fail(whole, f"{_shown(text)} is not a date ({error})")
    except OverflowError:
        _fail(whole, "it leaves the years 1 to 9999")


def _iso_duration(duration: timedelta) -> str:
    hours, rest = divmod(duration.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{duration.microseconds:06d}".rstrip("0") if duration.microseconds else ""
    days = f"{duration.days}D" if duration.days else ""
    clock = "".join(
        f"{value}{unit}"
        for value, unit in ((hours or "", "H"), (minutes or "", "M"))
        if value != ""
    )
    if seconds or fraction:
        clock += f"{seconds}{fraction}S"
    return f"P{days}{'T' + clock if clock else ''}"


def _iso_datetime(moment: datetime) -> str:
    precision = "microseconds" if moment.microsecond else "seconds"
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision)}Z"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def _fail(text: str, why: str) -> NoReturn:
    raise InputError(f"The timespan {_shown(text)} cannot be used: {why}.", hint=_HINT)
