"""What the log tables cost in gigabytes and money, as `get_usage_report` tells it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.untrusted import UNTRUSTED


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class DayVolume(_Frozen):
    """All tables on one day, in UTC."""

    day: date
    gb: float
    billable_gb: float


class TableVolume(_Frozen):
    """One table over the range."""

    table: str
    gb: float
    billable_gb: float
    share_percent: float
    usual_gb_per_day: Annotated[float, Field(description="The median of its days.")]
    trend_percent: Annotated[
        float | None, Field(description="Last weeks against as many before; null: too few days.")
    ]
    gb_by_day: Annotated[list[float], Field(description="In the order of `by_day`.")]
    cost: float


class VolumeAnomaly(_Frozen):
    """A day on which a table was far from what is usual for it."""

    table: str
    day: date
    gb: float
    usual_gb: float


class CostEstimate(_Frozen):
    """What the billable volume comes to at one price for everything."""

    for_range: float
    per_30_days: float
    currency: str
    price_per_gb: float
    basis: str


class UsageReport(_Frozen):
    """Volume per table and day, of whole days only."""

    untrusted: str = UNTRUSTED
    workspace: str
    first_day: date | None
    last_day: date | None
    days: int
    total_gb: float
    billable_gb: float
    billable_gb_per_day: float
    trend_percent: float | None
    by_day: list[DayVolume]
    tables: list[TableVolume]
    tables_count: int
    next_cursor: str | None
    free_tables: list[str]
    anomalies: list[VolumeAnomaly]
    judged: str
    cost: CostEstimate
    commitment_hint: str | None
    warnings: list[str] = []
