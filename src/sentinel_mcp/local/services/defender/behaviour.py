"""Incidents and alerts of Defender XDR."""

from __future__ import annotations

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.faults import Body, Fault
from sentinel_mcp.local.services.graph import GraphList, GraphQuery, page_of
from sentinel_mcp.local.services.odata import Properties

INCIDENTS = "defenderIncidents"
ALERTS = "defenderAlerts"

INCIDENT_PROPERTIES: Properties = {
    "assignedTo": "string",
    "classification": "string",
    "createdDateTime": "time",
    "determination": "string",
    "lastUpdateDateTime": "time",
    "severity": "string",
    "status": "string",
}
ALERT_PROPERTIES: Properties = {**INCIDENT_PROPERTIES, "serviceSource": "string"}

_EXPANDS = {(), ("alerts",)}


class DefenderIncidents:
    """Reads incidents and alerts, newest first."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def incidents(self, query: GraphQuery) -> GraphList:
        """Return one page of incidents, with their alerts where those are asked for."""
        found = [self._shown(each, query) for each in reversed(self._documents.list(INCIDENTS))]
        return page_of(found, query, INCIDENT_PROPERTIES)

    def incident(self, name: str, query: GraphQuery) -> Body:
        """Return one incident."""
        found = self._documents.get(INCIDENTS, name)
        if found is None:
            raise _no_such("Incident", name)
        return self._shown(found, query)

    def alerts(self, query: GraphQuery) -> GraphList:
        """Return one page of alerts."""
        found = [_bare(each) for each in self._documents.list(ALERTS)]
        found.sort(key=lambda each: str(each["createdDateTime"]), reverse=True)
        return page_of(found, query, ALERT_PROPERTIES)

    def alert(self, name: str) -> Body:
        """Return one alert."""
        found = self._documents.get(ALERTS, name)
        if found is None:
            raise _no_such("Alert", name)
        return _bare(found)

    def _shown(self, incident: Body, query: GraphQuery) -> Body:
        if query.expand not in _EXPANDS:
            raise Fault(400, "BadRequest", "Only 'alerts' can be expanded.")
        shown = _bare(incident)
        if query.expand:
            shown["alerts"] = [
                _bare(each)
                for each in self._documents.list(ALERTS)
                if each["incidentId"] == incident["id"]
            ]
        return shown


def _bare(document: Body) -> Body:
    """Return a document without the etag of the store, which Graph's have not."""
    return {name: value for name, value in document.items() if name != "etag"}


def _no_such(kind: str, name: str) -> Fault:
    return Fault(404, "NotFound", f"{kind} {name!r} was not found.")
