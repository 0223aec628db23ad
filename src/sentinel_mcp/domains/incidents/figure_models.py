"""Figures about incidents, as tools give them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.untrusted import UNTRUSTED


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Duration(_Frozen):
    """How long something took, over the incidents where it has happened."""

    count: Annotated[int, Field(description="Incidents where it has happened.")]
    mean_hours: float | None
    median_hours: float | None


class OwnerCount(_Frozen):
    """Open incidents of one owner; the owner is null where there is none."""

    owner: str | None
    open: int


class Day(_Frozen):
    """A day in UTC."""

    day: date
    created: int
    closed: Annotated[int, Field(description="Of the incidents counted here.")]


class IncidentStatistics(_Frozen):
    """Figures about the incidents that were created in a range, in their last state."""

    untrusted: str = UNTRUSTED
    workspace: str
    created_after: datetime
    created_before: datetime
    total: int
    open: int
    by_severity: Annotated[dict[str, int], Field(description="Open ones.")]
    by_status: Annotated[dict[str, int], Field(description="All.")]
    by_owner: Annotated[list[OwnerCount], Field(description="Open ones, the most first.")]
    by_age: Annotated[dict[str, int], Field(description="Open ones.")]
    by_classification: Annotated[dict[str, int], Field(description="Closed ones.")]
    time_to_acknowledge: Annotated[
        Duration, Field(description="Until it was no longer new, or somebody's.")
    ]
    time_to_close: Duration
    by_day: list[Day]
    warnings: list[str] = []
