"""Alerts of the workspace, as tools take and give them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.documents import Scalar
from sentinel_mcp.domains.untrusted import UNTRUSTED

AlertStatus = Literal["New", "InProgress", "Resolved", "Dismissed", "Unknown"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class AlertSummary(_Frozen):
    """An alert as a list shows it."""

    id: Annotated[str, Field(description="The SystemAlertId, which `get_alert` takes.")]
    name: str | None
    severity: str | None
    status: str | None
    product: str | None
    provider: str | None
    tactics: list[str]
    techniques: list[str]
    compromised_entity: str | None
    generated: Annotated[datetime | None, Field(description="Of its first version in the range.")]
    updated: Annotated[datetime | None, Field(description="Of its newest version.")]


class AlertListing(_Frozen):
    """One page of alerts, newest first."""

    untrusted: str = UNTRUSTED
    workspace: str
    created_after: datetime
    created_before: datetime | None
    alerts: list[AlertSummary]
    total_count: Annotated[int | None, Field(description="On the first page: alerts that match.")]
    next_cursor: str | None
    warnings: list[str] = []


class AlertEntity(_Frozen):
    """Something that an alert is about; unknown kinds keep their properties."""

    kind: str
    name: str | None
    properties: dict[str, Scalar]


class AlertIncident(_Frozen):
    """An incident that the alert is in."""

    number: int | None
    id: str
    title: str | None
    severity: str | None
    status: str | None


class AlertRecord(AlertSummary):
    """An alert with what its newest row says of it."""

    description: str | None = None
    type: str | None = None
    vendor: str | None = None
    component: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    confidence: str | None = None
    remediation_steps: list[str] = []
    resource_id: str | None = None
    link: str | None = None
    extended_links: list[str] = []
    versions: Annotated[int | None, Field(description="Rows that the log has of it.")] = None


class AlertDetail(_Frozen):
    """An alert with what it is about and where it belongs."""

    untrusted: str = UNTRUSTED
    workspace: str
    alert: AlertRecord
    entities: list[AlertEntity]
    extended_properties: dict[str, Scalar]
    incidents: list[AlertIncident] = []
    incidents_error: Failure | None = None
    notices: list[str] = []
