"""Turns DuckDB's values into what the Log Analytics API sends."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

Convert = Callable[[object], object]

_DAY_US = 86_400_000_000


def converter(kusto: str) -> Convert | None:
    """Return the conversion for values of a Kusto type, None where they go as they are."""
    return _CONVERTERS.get(kusto)


def _datetime(value: object) -> object:
    """Write a moment as `2026-01-02T03:04:05.678901Z`, its fraction without trailing zeros."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        text = moment.isoformat()
        return f"{text.rstrip('0')}Z" if "." in text else f"{text}Z"
    return f"{value.isoformat()}T00:00:00Z" if isinstance(value, date) else value


def _timespan(value: object) -> object:
    """Write a span as `[-][d.]hh:mm:ss[.fffffff]`."""
    if not isinstance(value, timedelta):
        return value
    total = value // timedelta(microseconds=1)
    sign, total = ("-", -total) if total < 0 else ("", total)
    days, rest = divmod(total, _DAY_US)
    seconds, fraction = divmod(rest, 1_000_000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if days:
        text = f"{days}.{text}"
    return f"{sign}{text}.{fraction:06}0" if fraction else f"{sign}{text}"


def _real(value: object) -> object:
    if not isinstance(value, float) or math.isfinite(value):
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _dynamic(value: object) -> object:
    """Send a dynamic as its JSON text; DuckDB's JSON is text already."""
    if isinstance(value, str):
        return None if value == "null" else value
    return None if value is None else json.dumps(value, default=str, ensure_ascii=False)


def _string(value: object) -> object:
    # Kusto's strings are never null.
    return "" if value is None else str(value)


def _text(value: object) -> object:
    return None if value is None else str(value).lower()


def _decimal(value: object) -> object:
    return None if value is None else f"{value:f}".rstrip("0").rstrip(".")


_CONVERTERS: Final[dict[str, Convert]] = {
    "datetime": _datetime,
    "timespan": _timespan,
    "real": _real,
    "dynamic": _dynamic,
    "string": _string,
    "guid": _text,
    "decimal": _decimal,
}
