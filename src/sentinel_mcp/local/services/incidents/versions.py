"""The log of incidents: every change of one adds a row to the table SecurityIncident."""

from __future__ import annotations

from typing import cast

from sentinel_mcp.local.appended import AppendedRows
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.caller import EMAIL
from sentinel_mcp.local.services.faults import Body
from sentinel_mcp.local.services.writing import properties_of

TABLE = "SecurityIncident"
HISTORY = "incidentHistory"
"""When an incident was first modified and when closed, which only the table tells."""

_BOOKMARK_TYPE = "microsoft.securityinsights/bookmarks"


class Versions:
    """Writes the row of an incident's present state."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._rows = AppendedRows(documents)

    def record(self, name: str, now: str) -> None:
        """Add the row of an incident that was just changed, or made."""
        incident = self._documents.get("incidents", name)
        if incident is None:
            return
        properties = properties_of(incident)
        moments = self._moments(str(incident["name"]), properties, now)
        self._rows.append(TABLE, [self._row(incident, properties, moments, now)])

    def _moments(self, name: str, properties: Body, now: str) -> Body:
        """Return when it was first modified and when closed, and keep that."""
        kept = self._documents.get(HISTORY, name)
        before = properties_of(kept) if kept else {}
        first = before.get("firstModifiedTimeUtc")
        if first is None and properties["createdTimeUtc"] != now:
            first = now
        closed = None
        if properties["status"] == "Closed":
            closed = before.get("closedTimeUtc") or now
        moments: Body = {"firstModifiedTimeUtc": first, "closedTimeUtc": closed}
        if moments != before:
            self._documents.put(HISTORY, name, {"name": name, "properties": moments})
        return moments

    def _row(self, incident: Body, properties: Body, moments: Body, now: str) -> Body:
        name = str(incident["name"])
        return {
            "TimeGenerated": now,
            "IncidentName": name,
            "Title": properties["title"],
            "Description": properties.get("description") or "",
            "Severity": properties["severity"],
            "Status": properties["status"],
            "Classification": properties.get("classification") or "",
            "ClassificationReason": properties.get("classificationReason") or "",
            "ClassificationComment": properties.get("classificationComment") or "",
            "Owner": properties.get("owner") or {},
            "ProviderName": properties.get("providerName") or "",
            "ProviderIncidentId": properties.get("providerIncidentId") or "",
            "IncidentNumber": properties["incidentNumber"],
            "IncidentUrl": properties.get("incidentUrl") or "",
            "FirstActivityTime": properties.get("firstActivityTimeUtc"),
            "LastActivityTime": properties.get("lastActivityTimeUtc"),
            "FirstModifiedTime": moments["firstModifiedTimeUtc"],
            "LastModifiedTime": now,
            "CreatedTime": properties["createdTimeUtc"],
            "ClosedTime": moments["closedTimeUtc"],
            "ModifiedBy": EMAIL,
            "Labels": properties.get("labels") or [],
            "RelatedAnalyticRuleIds": [
                str(each).rpartition("/")[2] for each in properties["relatedAnalyticRuleIds"]
            ],
            "AlertIds": [each["name"] for each in self._documents.list("alerts", name)],
            "BookmarkIds": self._bookmarks(name),
            "Comments": [properties_of(each) for each in self._documents.list("comments", name)],
            "Tasks": [
                {"title": task["title"], "status": task["status"]}
                for task in map(properties_of, self._documents.list("incidentTasks", name))
            ],
            "AdditionalData": properties["additionalData"],
            "SourceSystem": "Azure",
        }

    def _bookmarks(self, name: str) -> list[str]:
        relations = map(properties_of, self._documents.list("relations", name))
        return [
            cast("str", each["relatedResourceName"])  # the service has written it
            for each in relations
            if str(each.get("relatedResourceType", "")).lower() == _BOOKMARK_TYPE
        ]
