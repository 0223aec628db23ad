"""Reads Microsoft Graph's documents of incidents and alerts into our models."""

from __future__ import annotations

from typing import Any

from sentinel_mcp.domains.defender.models import (
    Comment,
    DefenderAlert,
    DefenderAlertDetail,
    DefenderIncident,
    Evidence,
)
from sentinel_mcp.domains.documents import (
    Document,
    Scalar,
    flattened,
    inner,
    inners,
    snake_case,
    text,
    texts,
    time,
)

MAX_EVIDENCE = 12
"""Of one alert, in an answer with several."""

_NAME_CHARS = 300
_VALUE_CHARS = 200
_MAX_PROPERTIES = 14
_NAMED = 10

# Where each kind of evidence has the name that it goes by.
_NAMES: tuple[tuple[str, ...], ...] = (
    ("deviceDnsName",),
    ("userAccount", "userPrincipalName"),
    ("userAccount", "accountName"),
    ("fileDetails", "fileName"),
    ("imageFile", "fileName"),
    ("ipAddress",),
    ("url",),
    ("primaryAddress",),
    ("subject",),
    ("displayName",),
    ("registryKey",),
    ("resourceName",),
    ("domainName",),
)
_SHOWN_OF_EVIDENCE = frozenset(
    {
        "@odata.type",
        "createdDateTime",
        "verdict",
        "remediationStatus",
        "remediationStatusDetails",
        "roles",
        "detailedRoles",
        "tags",
    }
)
_SHOWN_OF_INCIDENT = frozenset(
    {
        "@odata.type",
        "@odata.context",
        "alerts",
        "alerts@odata.context",
        "assignedTo",
        "classification",
        "comments",
        "createdDateTime",
        "customTags",
        "description",
        "determination",
        "displayName",
        "id",
        "incidentWebUrl",
        "lastUpdateDateTime",
        "redirectIncidentId",
        "severity",
        "status",
        "systemTags",
        "tenantId",
    }
)


def incident_fields(document: Document) -> dict[str, Any]:
    """Return the fields of `DefenderIncident` by name; pydantic checks them where they are used."""
    return {
        "id": text(document, "id", _NAME_CHARS) or "",
        "title": text(document, "displayName", _NAME_CHARS),
        "severity": text(document, "severity", 50),
        "status": text(document, "status", 50),
        "classification": text(document, "classification", 50),
        "determination": text(document, "determination", 50),
        "assigned_to": text(document, "assignedTo", _NAME_CHARS),
        "created": time(document, "createdDateTime"),
        "updated": time(document, "lastUpdateDateTime"),
        "tags": [
            *texts(document, "customTags", _NAME_CHARS),
            *texts(document, "systemTags", _NAME_CHARS),
        ],
        "redirected_to": text(document, "redirectIncidentId", _NAME_CHARS),
        "url": text(document, "incidentWebUrl", 500),
    }


def read_incident(document: Document) -> DefenderIncident:
    """Return an incident as a list shows it."""
    return DefenderIncident(**incident_fields(document))


def other_properties(document: Document) -> dict[str, Scalar]:
    """Return what is left to tell of an incident, flat."""
    return flattened(document, without=_SHOWN_OF_INCIDENT)


def read_comment(document: Document) -> Comment:
    """Return a comment; lists and single documents name its author in two ways."""
    return Comment(
        text=text(document, "comment") or "",
        author=text(document, "createdBy", _NAME_CHARS)
        or text(document, "createdByDisplayName", _NAME_CHARS),
        created=time(document, "createdTime") or time(document, "createdDateTime"),
    )


def read_alert(document: Document) -> DefenderAlert:
    """Return an alert as a list shows it."""
    return DefenderAlert(**_alert_fields(document))


def read_alert_detail(document: Document) -> DefenderAlertDetail:
    """Return an alert with its first evidence."""
    return DefenderAlertDetail(
        **_alert_fields(document),
        description=text(document, "description"),
        recommended_actions=text(document, "recommendedActions", 1_000),
        evidence=[_evidence(each) for each in inners(document, "evidence")[:MAX_EVIDENCE]],
    )


def _alert_fields(document: Document) -> dict[str, Any]:
    evidence = inners(document, "evidence")
    names = dict.fromkeys(
        f"{_kind(each)} {named}" for each in evidence if (named := _evidence_name(each))
    )
    return {
        "id": text(document, "id", _NAME_CHARS) or "",
        "title": text(document, "title", _NAME_CHARS),
        "severity": text(document, "severity", 50),
        "status": text(document, "status", 50),
        "classification": text(document, "classification", 50),
        "determination": text(document, "determination", 50),
        "category": text(document, "category", 100),
        "service_source": text(document, "serviceSource", 100),
        "detection_source": text(document, "detectionSource", 100),
        "techniques": texts(document, "mitreTechniques", 50),
        "assigned_to": text(document, "assignedTo", _NAME_CHARS),
        "incident_id": text(document, "incidentId", _NAME_CHARS),
        "created": time(document, "createdDateTime"),
        "updated": time(document, "lastUpdateDateTime"),
        "first_activity": time(document, "firstActivityDateTime"),
        "last_activity": time(document, "lastActivityDateTime"),
        "evidence_names": list(names)[:_NAMED],
        "evidence_count": len(evidence),
        "url": text(document, "alertWebUrl", 500),
    }


def _evidence(document: Document) -> Evidence:
    properties = flattened(document, without=_SHOWN_OF_EVIDENCE, max_chars=_VALUE_CHARS)
    return Evidence(
        kind=_kind(document),
        name=_evidence_name(document),
        verdict=text(document, "verdict", 50),
        remediation_status=text(document, "remediationStatus", 50),
        roles=texts(document, "detailedRoles", 100) or texts(document, "roles", 100),
        properties=dict(list(properties.items())[:_MAX_PROPERTIES]),
    )


def _kind(document: Document) -> str:
    stated = (text(document, "@odata.type", 100) or "unknown").rpartition(".")[2]
    return snake_case(stated.removesuffix("Evidence")) or "unknown"


def _evidence_name(document: Document) -> str | None:
    for *within, key in _NAMES:
        place = document
        for step in within:
            place = inner(place, step)
        if found := text(place, key, 200):
            return found
    return None
