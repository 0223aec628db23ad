"""KQL for the alerts that are about an entity, and their incidents."""

from __future__ import annotations

from datetime import datetime

from sentinel_mcp.domains.shared.alert_entities import alert_ids
from sentinel_mcp.domains.shared.entity import Subject
from sentinel_mcp.kql.literals import datetime_

MAX_ALERTS = 200
MAX_INCIDENTS = 100

_CELLS = (
    "TimeGenerated, AlertName, AlertSeverity, ProductName, ProviderName, Status, Tactics,"
    " StartTime, EndTime, CompromisedEntity"
)


def alerts(subject: Subject, until: datetime) -> str | None:
    """List the alerts about the subject, newest first; None where alerts name no such thing."""
    about = _alerts_about(subject, until)
    if about is None:
        return None
    return f"{about}\n| sort by TimeGenerated desc\n| take {MAX_ALERTS + 1}"


def incidents(subject: Subject, until: datetime) -> str | None:
    """List the incidents with such alerts, as they are now."""
    ids = alert_ids(subject, prelude=_until(until))
    if ids is None:
        return None
    return (
        f"{ids}"
        "SecurityIncident\n"
        "| summarize arg_max(TimeGenerated, IncidentNumber, Title, Severity, Status, Owner,"
        " AlertIds, CreatedTime, LastActivityTime, Classification, IncidentUrl) by IncidentName\n"
        "| mv-expand AlertId = AlertIds to typeof(string)\n"
        "| where AlertId in (AlertsAbout)\n"
        "| summarize Alerts = dcount(AlertId), take_any(IncidentNumber, Title, Severity, Status,"
        " Owner, CreatedTime, LastActivityTime, Classification, IncidentUrl) by IncidentName\n"
        "| sort by CreatedTime desc\n"
        f"| take {MAX_INCIDENTS + 1}"
    )


def _alerts_about(subject: Subject, until: datetime) -> str | None:
    ids = alert_ids(subject, prelude=_until(until))
    if ids is None:
        return None
    return (
        f"{ids}"
        f"SecurityAlert\n{_until(until)}"
        "| where SystemAlertId in (AlertsAbout)\n"
        f"| summarize arg_max({_CELLS}) by SystemAlertId"
    )


def _until(moment: datetime) -> str:
    return f"| where TimeGenerated <= {datetime_(moment)}\n"
