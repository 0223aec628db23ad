"""The values that arguments of incident tools take, and how each is read."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic.json_schema import WithJsonSchema
from pydantic_core import PydanticCustomError

MAX_NUMBER = 2**31 - 1
MAX_REFERENCE_CHARS = 600
"""Longer than any ARM id."""


def _instant(value: object) -> object:
    # Left alone, pydantic would take "1700000000" for seconds since 1970.
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, str):
        with contextlib.suppress(ValueError, OverflowError):  # what it is not is told below
            found = datetime.fromisoformat(value)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    raise PydanticCustomError("instant", "give an ISO 8601 time, such as 2026-11-21T08:00:00Z")


def _reference(value: object) -> object:
    # A choice of two types would be refused twice, in the words of either.
    if isinstance(value, str) and 0 < len(value) <= MAX_REFERENCE_CHARS:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER:
        return value
    raise PydanticCustomError("reference", "give the number or the id of an incident")


# The bounds are checked and, for the sake of a short list of tools, not in the schema. For optional
# arguments alone: of a required one this would replace the description, too.
_SHORT = WithJsonSchema({"type": "string"})

Instant = Annotated[datetime, BeforeValidator(_instant), _SHORT]
Text = Annotated[str, Field(min_length=1, max_length=200), _SHORT]
OwnerText = Annotated[str, Field(max_length=200), _SHORT]
LongText = Annotated[str, Field(max_length=5_000), _SHORT]
Labels = Annotated[
    list[Text],
    Field(max_length=20),
    WithJsonSchema({"type": "array", "items": {"type": "string"}}),
]
ResourceName = Annotated[str, Field(min_length=1, max_length=260), _SHORT]
Reference = Annotated[int | str, BeforeValidator(_reference)]
