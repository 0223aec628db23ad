"""The properties of an incident: which may be filtered by, and which a client may write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from sentinel_mcp.local.services.faults import Body, bad_request
from sentinel_mcp.local.services.incidents.owners import owner_of
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
_REASONS = {
    "Undetermined": (),
    "TruePositive": ("SuspiciousActivity",),
    "BenignPositive": ("SuspiciousButExpected",),
    "FalsePositive": ("IncorrectAlertLogic", "InaccurateData"),
}
"""By classification."""


def writable(given: Body) -> Body:
    """Return what a client may write of an incident, checked; a PUT replaces all of it."""
    written: Body = {
        "title": text_of(given, "title", required=True),
        "severity": choice_of(given, "severity", _SEVERITIES, required=True),
        "status": choice_of(given, "status", _STATUSES, required=True),
        "description": text_of(given, "description"),
        **_verdict(given),
        "firstActivityTimeUtc": _time(given, "firstActivityTimeUtc"),
        "lastActivityTimeUtc": _time(given, "lastActivityTimeUtc"),
    }
    kept = {name: value for name, value in written.items() if value is not None}
    return kept | {"owner": owner_of(given.get("owner")), "labels": _labels(given.get("labels"))}


def _time(given: Body, name: str) -> str | None:
    found = text_of(given, name)
    if found is None:
        return None
    try:
        # Year 1 with an offset is no time in UTC, in which the log has it.
        datetime.fromisoformat(found).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise bad_request(f"The property {name!r} must be a time of ISO 8601.") from error
    return found


def _verdict(given: Body) -> Body:
    """Return why an incident was closed; to close one a classification is needed."""
    classification = choice_of(given, "classification", tuple(_REASONS))
    reason = choice_of(
        given, "classificationReason", [each for fits in _REASONS.values() for each in fits]
    )
    if given.get("status") == "Closed" and classification is None:
        raise bad_request("The property 'classification' is required to close an incident.")
    if reason is not None and reason not in _REASONS.get(classification or "", ()):
        raise bad_request(
            f"The classificationReason {reason!r} does not fit the classification "
            f"{classification!r}."
        )
    return {
        "classification": classification,
        "classificationReason": reason,
        "classificationComment": text_of(given, "classificationComment"),
    }


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
        kind = choice_of(label, "labelType", ("User", "AutoAssigned"))
        labels.append({"labelName": name, "labelType": kind or "User"})
    return labels
