"""Makes of a cell what its column holds, and finds out what an unknown column holds."""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Literal, cast

from sentinel_mcp.local.intake.times import TimeReader, canonical

Cell = str | int | float | bool | dict[str, object] | list[object] | None
"""A value as JSON has it."""

Convert = Callable[[object], object]
"""Returns the cell as the column holds it, None for no value; raises ValueError when it cannot."""

NO_VALUE = frozenset({"", "-", "null", "NULL", "None"})
"""What stands for no value in a column that is not text."""

INT64 = range(-(2**63), 2**63)
INT32 = range(-(2**31), 2**31)

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,18})")
_REAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_ZONED = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_HEX = re.compile(r"0[xX][0-9a-fA-F]+")
_TIMESPAN = re.compile(r"(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?")

_BOOLS = {"true": True, "false": False, "1": True, "0": False}


# What kinds of values a column without a schema was seen to hold, as bits: a plain number, since
# each cell of a large file passes here (an IntFlag doubled the time of an ingest).
NOTHING = 0
BOOL = 1
LONG = 2
REAL = 4
DATETIME = 8
STRING = 16
CONTAINER = 32

_TYPE_OF = {
    NOTHING: "string",
    BOOL: "bool",
    LONG: "long",
    REAL: "real",
    LONG | REAL: "real",
    DATETIME: "datetime",
}


def type_of(kinds: int) -> str:
    """Return the Kusto type that holds all of them; text holds what does not go together."""
    return "dynamic" if kinds & CONTAINER else _TYPE_OF.get(kinds, "string")


def kind_of(value: object, *, from_text: bool) -> int:
    """Return the kind of one value.

    `from_text` says that the format has nothing but text (CSV), so that `12` is a number. In JSON
    a quoted number stays the text that its author made it.
    """
    match value:
        case None | "":
            return NOTHING
        case str():
            return _kind_of_text(value, from_text)
        case bool():
            return BOOL
        case int():
            return LONG if value in INT64 else STRING
        case float():
            return REAL
        case _:
            return CONTAINER


def _kind_of_text(value: str, from_text: bool) -> int:  # noqa: FBT001 - private, one caller
    if _ZONED.fullmatch(value):
        return DATETIME
    if not from_text:
        return STRING
    if _WHOLE.fullmatch(value):
        return LONG if int(value) in INT64 else STRING
    if _REAL.fullmatch(value):
        return REAL
    return BOOL if value.lower() in ("true", "false") else STRING


def converter(kusto_type: str, times: TimeReader) -> Convert:
    """Return what makes cells of a column of this type."""
    match kusto_type:
        case "string":
            return to_text
        case "long":
            return _to_whole(INT64, "long")
        case "int":
            return _to_whole(INT32, "int")
        case "real":
            return _to_real
        case "bool":
            return _to_bool
        case "datetime":
            return _to_datetime(times)
        case "dynamic":
            return _to_dynamic
        case "guid":
            return _to_guid
        case "timespan":
            return _to_timespan
        case "decimal":
            return _to_decimal
        case _:
            return to_text


def to_text(value: object) -> str | None:
    """Return any cell as text; an object or a list as JSON."""
    match value:
        case str():
            return value
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def shortened(value: object, limit: int = 60) -> str:
    """Return a cell as a refusal shows it."""
    text = to_text(value) or ""
    return repr(text if len(text) <= limit else f"{text[:limit]}…")


def _to_whole(bounds: range, name: Literal["int", "long"]) -> Convert:
    def convert(value: object) -> int | None:
        number: int | None = None
        match value:
            case None:
                return None
            case bool():
                number = int(value)
            case int():
                number = value
            case float() if value.is_integer():
                number = int(value)
            case str():
                text = value.strip()
                if text in NO_VALUE:
                    return None
                number = _whole_of(text)
            case _:
                pass
        if number is None:
            raise ValueError(f"{shortened(value)} is no {name}")
        if number not in bounds:
            raise ValueError(f"{shortened(value)} does not fit {name}")
        return number

    return convert


def _whole_of(text: str) -> int | None:
    if _HEX.fullmatch(text):
        return int(text, 16)
    # Longer than any long; also keeps int() from its own limit on digits.
    if len(text) > 40:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


def _to_real(value: object) -> float | None:
    match value:
        case None:
            return None
        case bool():
            pass
        case int() | float():
            return _finite(float(value), value)
        case str():
            text = value.strip()
            if text in NO_VALUE:
                return None
            try:
                return _finite(float(text), value)
            except ValueError:
                pass
        case _:
            pass
    raise ValueError(f"{shortened(value)} is no real")


def _finite(number: float, value: object) -> float | None:
    if math.isnan(number):
        return None
    if math.isinf(number):
        raise ValueError(f"{shortened(value)} is no real")
    return number


def _to_bool(value: object) -> bool | None:
    match value:
        case None | bool():
            return value
        case int() if value in (0, 1):
            return bool(value)
        case str():
            text = value.strip()
            if text in NO_VALUE:
                return None
            if text.lower() in _BOOLS:
                return _BOOLS[text.lower()]
        case _:
            pass
    raise ValueError(f"{shortened(value)} is no bool")


def _to_datetime(times: TimeReader) -> Convert:
    def convert(value: object) -> str | None:
        if value is None or (isinstance(value, str) and value.strip() in NO_VALUE):
            return None
        moment = times.read(value)
        if moment is None:
            raise ValueError(f"{shortened(value)} is no datetime")
        return canonical(moment)

    return convert


def _to_dynamic(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text in NO_VALUE:
        return None
    if text[0] in "{[":
        try:
            return cast("object", json.loads(text))
        except (ValueError, RecursionError):
            return value
    return value


def _to_guid(value: object) -> str | None:
    if value is None or (isinstance(value, str) and value.strip() in NO_VALUE):
        return None
    try:
        return str(uuid.UUID(str(value).strip()))
    except ValueError:
        raise ValueError(f"{shortened(value)} is no guid") from None


def _to_timespan(value: object) -> str | None:
    if value is None or (isinstance(value, str) and value.strip() in NO_VALUE):
        return None
    found = _TIMESPAN.fullmatch(str(value).strip())
    if not found:
        raise ValueError(f"{shortened(value)} is no timespan")
    sign, days, hours, minutes, seconds, fraction = found.groups()
    minus = sign or ""
    microseconds = int((fraction or "0").ljust(6, "0")[:6])
    return (
        f"{minus}{int(days or 0)} days {minus}{int(hours)} hours {minus}{int(minutes)} minutes "
        f"{minus}{int(seconds)} seconds {minus}{microseconds} microseconds"
    )


def _to_decimal(value: object) -> str | None:
    if value is None or (isinstance(value, str) and value.strip() in NO_VALUE):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"{shortened(value)} is no decimal") from None
    if not number.is_finite():
        raise ValueError(f"{shortened(value)} is no decimal")
    return str(number)
