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
    is_whole: Annotated[
        bool, Field(description="False where the day is not over, or the range or the log cuts it.")
    ]


class IncidentStatistics(_Frozen):
    """Figures about the incidents that were created in a range, in their last state."""

    untrusted: str = UNTRUSTED
    workspace: str
    created_after: datetime
    created_before: datetime
    all_count: int
    open_count: int
    closed_count: int
    all_by_severity: dict[str, int]
    all_by_status: dict[str, int]
    open_by_severity: dict[str, int]
    open_by_owner: Annotated[list[OwnerCount], Field(description="The most first.")]
    open_by_age: dict[str, int]
    closed_by_classification: dict[str, int]
    time_to_acknowledge: Annotated[
        Duration, Field(description="Until it was no longer new, or somebody's.")
    ]
    time_to_close: Annotated[Duration, Field(description="Of those that are closed now.")]
    log_begins: Annotated[
        datetime | None,
        Field(
            description="The oldest row of SecurityIncident: of days before it nothing is known."
        ),
    ] = None
    by_day: Annotated[list[Day], Field(description="From the range's or the log's first day on.")]
    warnings: list[str] = []
