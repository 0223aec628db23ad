"""Arguments that tools of several areas take, described once."""

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

WorkspaceName = Annotated[str | None, Field(description="Its configured name.")]

Cursor = Annotated[
    str | None,
    Field(max_length=16_384, description="`next_cursor` of the page before."),
]

DryRun = Annotated[bool, Field(description="Only show what would change.")]

Etag = Annotated[
    str | None,
    Field(max_length=200, description="Refuse if it has changed since it had this etag."),
]

Confirm = Annotated[bool, Field(description="The user agreed to the preview.")]


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
    if value is None or (isinstance(value, str) and 0 < len(value) <= MAX_REFERENCE_CHARS):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER:
        return value
    raise PydanticCustomError("reference", "give the number or the id of an incident")


Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string"})]
"""A moment; one without a zone is in UTC. For optional arguments: it would hide a description."""

Reference = Annotated[int | str, BeforeValidator(_reference)]
"""An incident by its number or its id."""
