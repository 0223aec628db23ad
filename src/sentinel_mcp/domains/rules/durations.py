"""Durations as rules carry them: ISO 8601 at Azure, `5m` or `14d` from a caller as well."""

from __future__ import annotations

import re
from datetime import timedelta

from sentinel_mcp.errors import InputError

_ISO = re.compile(
    r"P(?:(?P<days>\d{1,4})D)?(?:T(?=\d)(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?"
    r"(?:(?P<seconds>\d{1,8})(?:\.0+)?S)?)?",
    re.IGNORECASE,
)
_SHORT = re.compile(r"(?P<number>\d{1,6})\s*(?P<unit>[mhd])", re.IGNORECASE)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def parse(text: str) -> timedelta | None:
    """Return the duration that `text` states; None where it states none."""
    stated = text.strip()
    if short := _SHORT.fullmatch(stated):
        return timedelta(**{_UNITS[short["unit"].lower()]: int(short["number"])})
    found = _ISO.fullmatch(stated)
    if found is None or stated.upper() in ("P", "PT"):
        return None
    return timedelta(**{unit: int(number) for unit, number in found.groupdict("0").items()})


def iso(duration: timedelta) -> str:
    """Return a duration as Azure writes it, such as `P1DT2H`."""
    hours, rest = divmod(duration.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = "".join(
        f"{number}{unit}"
        for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S"))
        if number
    )
    days = f"{duration.days}D" if duration.days else ""
    return f"P{days}{'T' * bool(clock)}{clock}" if days or clock else "PT0S"


def within(argument: str, text: str, shortest: timedelta, longest: timedelta) -> timedelta:
    """Return the duration of an argument, which Azure takes only within limits.

    Raises:
        InputError: it is none, or beyond the limits.

    """
    found = parse(text)
    if found is None:
        raise InputError(
            f"`{argument}` {text[:40]!r} is not a duration.",
            hint="Write it as PT5M, PT1H or P14D.",
        )
    if not shortest <= found <= longest:
        raise InputError(
            f"`{argument}` {text[:40]!r} is not one that Azure takes.",
            hint=f"Give one from {iso(shortest)} to {iso(longest)}.",
        )
    return found
