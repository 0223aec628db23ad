"""Arguments that tools of several areas take, described once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

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
