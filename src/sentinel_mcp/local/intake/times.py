"""Reads a moment from the ways in which logs write one down."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import cast

# Portal exports of Azure write the first; firewalls, web servers and mail the others.
_PATTERNS = (
    "%m/%d/%Y, %I:%M:%S.%f %p",
    "%m/%d/%Y, %I:%M:%S %p",
    "%m/%d/%Y %I:%M:%S.%f %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S.%f",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%Y/%m/%d %H:%M:%S.%f",
    "%Y/%m/%d %H:%M:%S",
    "%b %d %Y %H:%M:%S",
    "%b %d %Y %H:%M:%S.%f",
    "%d %b %Y %H:%M:%S",
    "%d/%b/%Y:%H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%a %b %d %H:%M:%S %Y",
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"\d{9,19}(\.\d+)?")
_DOTNET = re.compile(r"/Date\((\d+)([+-]\d{4})?\)/")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# Seven and nine digits of a second are usual; fromisoformat takes as many, but no spaces.
_SPACED_ZONE = re.compile(r" (Z|UTC|[+-]\d\d:?\d\d)$")

# An epoch is told from a count by its size: from 1973 to 5138 in seconds, and likewise upwards.
_EPOCH_UNITS = ((1e8, 1e11, 1.0), (1e11, 1e14, 1e3), (1e14, 1e17, 1e6), (1e17, 1e20, 1e9))


class TimeReader:
    """Reads moments; remembers the last pattern that fitted, as a file keeps to one."""

    def __init__(self) -> None:
        self._last = _PATTERNS[0]

    def read(self, value: object) -> datetime | None:
        """Return the moment in UTC without a zone, or None when `value` is none.

        A time without a zone is taken as UTC. Month comes before day, as in Azure's exports.
        """
        match value:
            case bool():
                return None
            case datetime():
                return _naive(value)
            case int() | float():
                return _from_epoch(float(value))
            case str():
                return self._from_text(value.strip())
            case dict():
                # Windows events converted to JSON keep the attribute of the XML element.
                return self._from_nested(cast("dict[str, object]", value))
            case _:
                return None

    def _from_text(self, text: str) -> datetime | None:
        if _ISO.fullmatch(text) or _DATE.fullmatch(text):
            try:
                return _naive(datetime.fromisoformat(_joined_zone(text)))
            except (ValueError, OverflowError):
                return None
        if _NUMBER.fullmatch(text):
            return _from_epoch(float(text))
        if found := _DOTNET.fullmatch(text):
            return _from_epoch(float(found[1]) / 1000)
        for pattern in (self._last, *_PATTERNS):
            try:
                # Without a zone in the text it is UTC, which `_naive` leaves as it is.
                moment = datetime.strptime(text, pattern)
            except ValueError:
                continue
            self._last = pattern
            return _naive(moment)
        return None

    def _from_nested(self, value: dict[str, object]) -> datetime | None:
        for key in ("SystemTime", "#attributes", "@SystemTime", "$date", "#text"):
            if key in value and (moment := self.read(value[key])):
                return moment
        return None


def canonical(moment: datetime) -> str:
    """Return a moment as DuckDB reads it back."""
    return moment.isoformat(" ", "microseconds")


def _joined_zone(text: str) -> str:
    found = _SPACED_ZONE.search(text)
    if not found:
        return text
    zone = "+00:00" if found[1] == "UTC" else found[1]
    return text[: found.start()] + zone


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _from_epoch(number: float) -> datetime | None:
    for low, high, unit in _EPOCH_UNITS:
        if low <= number < high:
            try:
                return _naive(_EPOCH + timedelta(seconds=number / unit))
            except OverflowError:
                return None
    return None
