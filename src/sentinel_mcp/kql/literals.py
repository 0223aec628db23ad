"""KQL literals: the only way a value becomes part of a query text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from sentinel_mcp.errors import InputError

Scalar: TypeAlias = str | bool | int | float | datetime | timedelta | UUID
Json: TypeAlias = "str | bool | int | float | Sequence[Json] | Mapping[str, Json] | None"

_LONG_MIN, _LONG_MAX = -(2**63), 2**63 - 1

_NAMED_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Everything else goes in as it is. The line separators are escaped because a reader of the query
# may take them for line ends; Kusto.Language takes only \n and \r for such.
_ESCAPED = re.compile('[\\\\"\\x01-\\x1f\\x7f-\\x9f\u2028\u2029]')

# Kusto's keywords have no capital letter, so a name with one is none; `TRUE` is a value.
_PLAIN_NAME = re.compile(
    r"(?=[A-Za-z0-9_]*[A-Z])(?!(?i:true|false|null)$)[A-Za-z_][A-Za-z0-9_]*", re.ASCII
)


def string(text: str) -> str:
    """Quote text as one string literal.

    Raises:
        InputError: the text has a NUL or an unpaired surrogate, which no query can carry.

    """
    require_encodable(text)
    return f'"{_ESCAPED.sub(_escape, text)}"'


def identifier(name: str) -> str:
    """Quote the name of a table, column or function; a plain one stays as it is.

    Raises:
        InputError: no entity can have this name: it is empty, too long, or has a control
            character or a `*`, which would make it a pattern over other names.

    """
    require_encodable(name)
    if not name or len(name) > 1024 or "*" in name or not name.isprintable():
        raise InputError(
            f"{name[:60]!r} cannot be the name of a table or a column.",
            hint="Give a name of 1 to 1024 printable characters without `*`.",
        )
    return name if _PLAIN_NAME.fullmatch(name) else f"[{string(name)}]"


def long_(value: int) -> str:
    """Write a whole number.

    Raises:
        InputError: it does not fit into 64 bits.

    """
    if not _LONG_MIN <= value <= _LONG_MAX:
        raise InputError(
            f"{value} does not fit into a 64-bit number.",
            hint=f"Give a number from {_LONG_MIN} to {_LONG_MAX}.",
        )
    return str(value) if value >= 0 else f"long({value})"


def real_(value: float) -> str:
    """Write a floating-point number, `nan` and the infinities included."""
    if math.isnan(value):
        return "real(nan)"
    if math.isinf(value):
        return "real(+inf)" if value > 0 else "real(-inf)"
    return f"real({value!r})"


def bool_(value: bool) -> str:  # noqa: FBT001 the value is the subject, not a switch
    """Write a truth value."""
    return "true" if value else "false"


def guid(value: UUID) -> str:
    """Write a GUID."""
    return f"guid({value})"


def datetime_(value: datetime) -> str:
    """Write a moment, in UTC.

    Raises:
        InputError: the moment has no time zone, so which one it is would be a guess.

    """
    if value.tzinfo is None:
        raise InputError(
            f"The time {value.isoformat()} has no time zone.",
            hint="Add one, for example `Z` for UTC.",
        )
    utc = value.astimezone(UTC).replace(tzinfo=None)
    return f"datetime({utc.isoformat(timespec='microseconds')}Z)"


def timespan_(value: timedelta) -> str:
    """Write a duration, which may be negative."""
    sign = "-" if value < timedelta() else ""
    size = abs(value)
    hours, rest = divmod(size.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = f"{hours:02d}:{minutes:02d}:{seconds:02d}.{size.microseconds:06d}"
    return f"timespan({sign}{size.days}.{clock})"


def dynamic(value: Json) -> str:
    """Write a JSON value as a dynamic literal.

    Raises:
        InputError: the value has a number that JSON cannot carry, a whole number beyond 64 bits,
            or text that no query can carry.

    """
    _require_json(value)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise InputError(
            f"The value cannot be written as JSON: {error}.",
            hint="Leave out infinities and values that are not a number.",
        ) from error
    return f"dynamic({_ESCAPED.sub(_escape_json, text)})"


def scalar(value: Scalar) -> str:
    """Write a value by its Python type."""
    match value:
        case bool():
            return bool_(value)
        case str():
            return string(value)
        case int():
            return long_(value)
        case float():
            return real_(value)
        case datetime():
            return datetime_(value)
        case timedelta():
            return timespan_(value)
        case UUID():
            return guid(value)


def list_(values: Iterable[Scalar]) -> str:
    """Write values in parentheses, as the right-hand side of `in`, `has_any` and their like.

    Raises:
        InputError: there is no value; KQL has no empty list.

    """
    written = [scalar(value) for value in values]
    if not written:
        raise InputError("The list of values is empty.", hint="Give at least one value.")
    return f"({', '.join(written)})"


def require_encodable(text: str, *, what: str = "The text") -> None:
    """Raise an InputError, with the position, for text that no query can carry.

    A NUL ends text in too many places; an unpaired surrogate has no UTF-8 and no UTF-16 form, and
    .NET aborts its process over one.
    """
    position = text.find("\0")
    fault = "a NUL character"
    if position < 0:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            position, fault = error.start, "an unpaired surrogate"
    if position < 0:
        return
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    raise InputError(
        f"{what} has {fault} at line {line}, column {column}.",
        hint="Remove that character.",
    )


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return _NAMED_ESCAPES.get(character) or f"\\u{ord(character):04x}"


def _escape_json(found: re.Match[str]) -> str:
    # json.dumps has escaped what JSON needs; quotes and backslashes here are the document's own.
    character = found[0]
    return character if character in '\\"' else f"\\u{ord(character):04x}"


def _require_json(value: Json) -> None:
    match value:
        case str():
            require_encodable(value)
        case bool() | None | float():
            pass
        case int():
            long_(value)
        case Mapping():
            for key, held in value.items():
                require_encodable(key)
                _require_json(held)
        case _:
            for held in value:
                _require_json(held)
