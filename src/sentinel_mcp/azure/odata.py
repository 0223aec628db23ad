"""Builds OData filters: the only way the text of a caller gets into `$filter`, or into a URL.

A `Filter` comes from these functions alone. Fields are written by us, values by anybody.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NewType, TypeAlias
from urllib.parse import quote
from uuid import UUID

from sentinel_mcp.errors import InputError

Filter = NewType("Filter", str)
Value: TypeAlias = str | int | float | bool | datetime | UUID | None

_FIELD = re.compile(r"[A-Za-z_]\w*(/[A-Za-z_]\w*)*", re.ASCII)
# Control characters (C0, DEL, C1) and lone surrogates, which no URL can carry.
_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def literal(value: Value) -> str:
    """Return the OData literal of a value; datetimes need a time zone.

    Raises:
        InputError: the text has control characters or is not valid Unicode.

    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _real(value)
        case datetime():
            return _moment(value)
        case UUID():
            return str(value)
        case str():
            return "'" + _sendable(value).replace("'", "''") + "'"


def eq(field: str, value: Value) -> Filter:
    """Require the field to equal the value."""
    return _compare(field, "eq", value)


def ne(field: str, value: Value) -> Filter:
    """Require the field to differ from the value."""
    return _compare(field, "ne", value)


def gt(field: str, value: Value) -> Filter:
    """Require the field to be greater than the value."""
    return _compare(field, "gt", value)


def ge(field: str, value: Value) -> Filter:
    """Require the field to be the value or greater."""
    return _compare(field, "ge", value)


def lt(field: str, value: Value) -> Filter:
    """Require the field to be less than the value."""
    return _compare(field, "lt", value)


def le(field: str, value: Value) -> Filter:
    """Require the field to be the value or less."""
    return _compare(field, "le", value)


def contains(field: str, text: str) -> Filter:
    """Require the field to contain the text."""
    return Filter(f"contains({_field(field)}, {literal(text)})")


def startswith(field: str, text: str) -> Filter:
    """Require the field to begin with the text."""
    return Filter(f"startswith({_field(field)}, {literal(text)})")


def all_of(*filters: Filter | None) -> Filter | None:
    """Require every filter to hold; Nones are left out, and nothing left is None."""
    return _join("and", filters)


def any_of(*filters: Filter | None) -> Filter | None:
    """Require one filter at least to hold; Nones are left out, and nothing left is None."""
    return _join("or", filters)


def path_segment(text: str) -> str:
    """Return the text percent-encoded, as one segment of a URL that we write ourselves.

    Raises:
        InputError: the text is empty, names a parent folder or cannot be sent.

    """
    return quote(resource_name(text), safe="")


def resource_name(text: str) -> str:
    """Return the text itself, once it is known to stay one segment of a URL.

    For arguments of SDK methods, which encode them; they encode no dots, and `..` as a name
    would ask for the parent resource.

    Raises:
        InputError: the text is empty, holds a slash, names a parent folder or cannot be sent.

    """
    if not text or text.strip(".") == "" or re.search(r"[/\\?#%]", _sendable(text)):
        raise InputError(
            f"{text[:80]!r} cannot be the name of a resource.",
            hint="Take the name as a list of such resources gives it.",
        )
    return text


def _compare(field: str, operator: str, value: Value) -> Filter:
    return Filter(f"{_field(field)} {operator} {literal(value)}")


def _field(name: str) -> str:
    if not _FIELD.fullmatch(name):
        raise ValueError(f"{name!r} is not a field; only code names fields, callers do not.")
    return name


def _join(operator: str, filters: tuple[Filter | None, ...]) -> Filter | None:
    given = [each for each in filters if each is not None]
    if len(given) < 2:
        return given[0] if given else None
    return Filter("(" + f" {operator} ".join(given) + ")")


def _sendable(text: str) -> str:
    if found := _UNSENDABLE.search(text):
        raise InputError(
            f"The text has a character that cannot be sent: {found[0]!r} at {found.start()}.",
            hint="Leave out control characters and unpaired surrogates.",
        )
    return text


def _real(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        raise InputError("A number in a filter must be finite.", hint="Leave the bound out.")
    return repr(value)


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise InputError(
            f"{value.isoformat()!r} has no time zone.", hint="Add one, such as Z for UTC."
        )
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
