"""What is asked of Microsoft Graph about incidents and alerts, and which permission allows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sentinel_mcp.azure import odata
from sentinel_mcp.azure.graph import GraphRequest
from sentinel_mcp.domains.defender.models import (
    AlertStatus,
    Classification,
    IncidentStatus,
    Severity,
    Source,
)

INCIDENTS = "SecurityIncident.Read.All"
ALERTS = "SecurityAlert.Read.All"

_SOURCES: dict[Source, str] = {
    "endpoint": "microsoftDefenderForEndpoint",
    "identity": "microsoftDefenderForIdentity",
    "office365": "microsoftDefenderForOffice365",
    "cloud_apps": "microsoftDefenderForCloudApps",
    "cloud": "microsoftDefenderForCloud",
    "entra": "azureAdIdentityProtection",
    "xdr": "microsoft365Defender",
    "app_governance": "microsoftAppGovernance",
    "dlp": "dataLossPrevention",
    "sentinel": "microsoftSentinel",
}
"""What Graph calls the products."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which incidents; nothing set keeps all of them."""

    severities: Sequence[Severity] | None = None
    statuses: Sequence[IncidentStatus] | None = None
    assigned_to: str | None = None
    classification: Classification | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts; nothing set keeps all of them."""

    severities: Sequence[Severity] | None = None
    statuses: Sequence[AlertStatus] | None = None
    source: Source | None = None
    assigned_to: str | None = None
    classification: Classification | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


def list_incidents(wanted: IncidentFilter, limit: int) -> GraphRequest:
    """Ask for a page of incidents, counted."""
    kept = odata.all_of(
        _any("severity", wanted.severities),
        _any("status", wanted.statuses),
        odata.eq("assignedTo", wanted.assigned_to) if wanted.assigned_to else None,
        odata.eq("classification", wanted.classification) if wanted.classification else None,
        _within("createdDateTime", wanted.created_after, wanted.created_before),
        _within("lastUpdateDateTime", wanted.updated_after, wanted.updated_before),
    )
    params = _params(limit, kept)
    return GraphRequest("list the Defender incidents", INCIDENTS, "security/incidents", params)


def get_incident(incident_id: str) -> GraphRequest:
    """Ask for one incident with its alerts."""
    path = f"security/incidents/{odata.path_segment(incident_id)}"
    return GraphRequest("read a Defender incident", INCIDENTS, path, {"$expand": "alerts"})


def list_alerts(wanted: AlertFilter, limit: int) -> GraphRequest:
    """Ask for a page of alerts, counted."""
    kept = odata.all_of(
        _any("severity", wanted.severities),
        _any("status", wanted.statuses),
        odata.eq("serviceSource", _SOURCES[wanted.source]) if wanted.source else None,
        odata.eq("assignedTo", wanted.assigned_to) if wanted.assigned_to else None,
        odata.eq("classification", wanted.classification) if wanted.classification else None,
        _within("createdDateTime", wanted.created_after, wanted.created_before),
    )
    params = _params(limit, kept)
    return GraphRequest("list the Defender alerts", ALERTS, "security/alerts_v2", params)


def _params(limit: int, kept: odata.Filter | None) -> dict[str, str]:
    params = {"$top": str(limit), "$count": "true"}
    return {**params, "$filter": kept} if kept else params


def _any(field: str, values: Sequence[str] | None) -> odata.Filter | None:
    return odata.any_of(*(odata.eq(field, each) for each in dict.fromkeys(values or ())))


def _within(field: str, after: datetime | None, before: datetime | None) -> odata.Filter | None:
    return odata.all_of(
        odata.ge(field, after) if after else None, odata.lt(field, before) if before else None
    )
