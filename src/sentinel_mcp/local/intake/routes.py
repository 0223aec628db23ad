"""Decides to which table a record goes, or that it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from sentinel_mcp.errors import InputError
from sentinel_mcp.local.intake import windows

_TABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")


class Route(Protocol):
    """Returns the table of a record, or None when it is not wanted."""

    def __call__(self, fields: Mapping[str, object]) -> str | None:
        """Look at one record."""
        ...


def checked_name(table: str) -> str:
    """Return a table's name.

    Raises:
        InputError: KQL could not name such a table.

    """
    if not _TABLE_NAME.fullmatch(table):
        raise InputError(
            f"{table[:120]!r} cannot be the name of a table.",
            hint="Use a letter, then letters, digits and underscores, as in MyLogs_CL.",
        )
    return table


def to_one_table(table: str, where: Sequence[str]) -> Route:
    """Send the records that meet all conditions to one table.

    A condition is `Field=Value`; case does not count on either side. Several on the same field
    are alternatives.

    Raises:
        InputError: a condition is not of that form.

    """
    name = checked_name(table)
    wanted = _conditions(where)

    def route(fields: Mapping[str, object]) -> str | None:
        if wanted:
            values = {key.lower(): str(value).lower() for key, value in fields.items()}
            if any(values.get(key) not in accepted for key, accepted in wanted.items()):
                return None
        return name

    return route


def by_channel(fields: Mapping[str, object]) -> str | None:
    """Send a Windows event to the table of its channel; what is no Windows event is not wanted."""
    for key, value in fields.items():
        if key.lower() == "channel" and isinstance(value, str):
            return windows.table_of(value)
    return None


def _conditions(where: Sequence[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for condition in where:
        field, equals, value = condition.partition("=")
        if not equals or not field.strip():
            raise InputError(
                f"The condition {condition[:120]!r} is not of the form Field=Value.",
                hint="For example --where Channel=Security.",
            )
        found.setdefault(field.strip().lower(), set()).add(value.strip().lower())
    return found
