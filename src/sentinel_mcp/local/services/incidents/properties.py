"""The properties of an incident: which may be filtered by, and which a client may write."""

from __future__ import annotations

from typing import Any, cast

from sentinel_mcp.local.services.faults import Body, bad_request
from sentinel_mcp.local.services.odata import Properties
from sentinel_mcp.local.services.writing import choice_of, text_of

FILTERABLE: Properties = {
    "properties/title": "string",
    "properties/description": "string",
    "properties/severity": "string",
    "properties/status": "string",
    "properties/classification": "string",
    "properties/classificationReason": "string",
    "properties/classificationComment": "string",
    "properties/incidentNumber": "number",
    "properties/providerName": "string",
    "properties/providerIncidentId": "string",
    "properties/createdTimeUtc": "time",
    "properties/lastModifiedTimeUtc": "time",
    "properties/firstActivityTimeUtc": "time",
    "properties/lastActivityTimeUtc": "time",
    "properties/owner/objectId": "string",
    "properties/owner/email": "string",
    "properties/owner/assignedTo": "string",
    "properties/owner/userPrincipalName": "string",
    "properties/labels": "collection",
    "properties/labels/*/labelName": "string",
    "properties/labels/*/labelType": "string",
    "properties/relatedAnalyticRuleIds": "collection",
    "properties/relatedAnalyticRuleIds/*": "string",
    "properties/additionalData/alertsCount": "number",
    "properties/additionalData/bookmarksCount": "number",
    "properties/additionalData/commentsCount": "number",
    "properties/additionalData/alertProductNames": "collection",
    "properties/additionalData/alertProductNames/*": "string",
    "properties/additionalData/tactics": "collection",
    "properties/additionalData/tactics/*": "string",
}

_SEVERITIES = ("High", "Medium", "Low", "Informational")
_STATUSES = ("New", "Active", "Closed")
_CLASSIFICATIONS = ("Undetermined", "TruePositive", "BenignPositive", "FalsePositive")
_REASONS = (
    "SuspiciousActivity",
    "SuspiciousButExpected",
    "IncorrectAlertLogic",
    "InaccurateData",
)
_OWNER_FIELDS = ("objectId", "email", "assignedTo", "userPrincipalName")


def writable(given: Body) -> Body:
    """Return what a client may write of an incident, checked; a PUT replaces all of it."""
    written: Body = {
        "title": text_of(given, "title", required=True),
        "severity": choice_of(given, "severity", _SEVERITIES, required=True),
        "status": choice_of(given, "status", _STATUSES, required=True),
        "description": text_of(given, "description"),
        "classification": choice_of(given, "classification", _CLASSIFICATIONS),
        "classificationReason": choice_of(given, "classificationReason", _REASONS),
        "classificationComment": text_of(given, "classificationComment"),
        "firstActivityTimeUtc": text_of(given, "firstActivityTimeUtc"),
        "lastActivityTimeUtc": text_of(given, "lastActivityTimeUtc"),
    }
    kept = {name: value for name, value in written.items() if value is not None}
    return kept | {"owner": _owner(given.get("owner")), "labels": _labels(given.get("labels"))}


def _owner(given: Any) -> Body:
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise bad_request("The property 'owner' must be an object.")
    owner = cast("Body", given)
    return {name: text_of(owner, name) for name in _OWNER_FIELDS}


def _labels(given: Any) -> list[Body]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise bad_request("The property 'labels' must be an array.")
    labels: list[Body] = []
    for each in cast("list[Any]", given):
        if not isinstance(each, dict):
            raise bad_request("Each of 'labels' must be an object with a 'labelName'.")
        label = cast("Body", each)
        name = text_of(label, "labelName", required=True)
        labels.append({"labelName": name, "labelType": label.get("labelType") or "User"})
    return labels
