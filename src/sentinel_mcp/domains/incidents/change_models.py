"""What was changed of an incident, as tools tell it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.changes import ChangeReport


class IncidentChange(ChangeReport):
    """A change of an incident or of something in it."""

    number: Annotated[int | None, Field(description="Of the incident.")] = None
    comment_id: Annotated[str | None, Field(description="Of the comment that was added.")] = None
    comment_error: Annotated[
        Failure | None, Field(description="Set when the change was made and the comment was not.")
    ] = None
