"""Relations of an incident: alerts and bookmarks become part of it, and cease to be."""

from __future__ import annotations

import re

from sentinel_mcp.errors import Conflict
from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.discussion.counts import Counts
from sentinel_mcp.local.services.faults import Body, bad_request, not_found
from sentinel_mcp.local.services.writing import Clock, properties_of, stamp, text_of

RELATIONS = "relations"
ENTITIES_OF = "alertEntities"
"""Which entities an alert is about, by the names of their documents."""

_RELATED = re.compile(
    re.escape(identity.INSIGHTS_ID) + r"/(?P<type>bookmarks|entities)/(?P<name>[^/]+)",
    re.IGNORECASE,
)


class Relations:
    """Ties alerts and bookmarks to incidents."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._counts = Counts(documents)

    def put(self, incident: str, name: str, body: Body, etag: str | None) -> tuple[Body, bool]:
        """Relate what the body names; also say whether the relation is new."""
        parent = self._incident(incident)
        properties = self._related(properties_of(body))
        for each in self._documents.list(RELATIONS, parent["name"]):
            there = str(properties_of(each)["relatedResourceName"])
            related = str(properties["relatedResourceName"])
            if each["name"].lower() != name.lower() and there.lower() == related.lower():
                raise Conflict(f"{related!r} is related to the incident already.")
        before = self._documents.get(RELATIONS, name, parent=parent["name"])
        document = self._documents.put(
            RELATIONS,
            name,
            {
                "id": f"{parent['id']}/relations/{name}",
                "name": name,
                "type": "Microsoft.SecurityInsights/incidents/relations",
                "properties": properties,
            },
            parent=parent["name"],
            etag=etag,
        )
        if "relatedResourceKind" in properties:
            self._add_alert(parent["name"], properties["relatedResourceName"])
        else:
            self._mark(properties["relatedResourceName"], parent, name)
        self._counts.renew(parent["name"], stamp(self._clock))
        return document, before is None

    def delete(self, incident: str, name: str) -> bool:
        """Remove a relation and what came with it; say whether it was there."""
        parent = self._incident(incident)
        found = self._documents.get(RELATIONS, name, parent=parent["name"])
        if found is None:
            return False
        self._documents.delete(RELATIONS, name, parent=parent["name"])
        properties = properties_of(found)
        if "relatedResourceKind" in properties:
            self._remove_alert(parent["name"], properties["relatedResourceName"])
        else:
            self._mark(properties["relatedResourceName"], None, name)
        self._counts.renew(parent["name"], stamp(self._clock))
        return True

    def _related(self, given: Body) -> Body:
        resource_id = text_of(given, "relatedResourceId", required=True) or ""
        found = _RELATED.fullmatch(resource_id)
        if found is None:
            raise bad_request("'relatedResourceId' is not an alert or bookmark of the workspace.")
        is_alert = found["type"].lower() == "entities"
        document = self._documents.get("alerts" if is_alert else "bookmarks", found["name"])
        if document is None:
            raise not_found("Alert" if is_alert else "Bookmark", found["name"])
        kind = {"relatedResourceKind": "SecurityAlert"} if is_alert else {}
        return {
            "relatedResourceId": resource_id,
            "relatedResourceName": document["name"],
            "relatedResourceType": "Microsoft.SecurityInsights/"
            + ("Entities" if is_alert else "bookmarks"),
            **kind,
        }

    def _add_alert(self, incident: str, alert: str) -> None:
        found = self._documents.get("alerts", alert)
        if found is not None:
            self._documents.put("alerts", alert, found, parent=incident)
        for name in self._entities_of(alert):
            entity = self._documents.get("entities", name)
            if entity is not None:
                self._documents.put("entities", name, entity, parent=incident)

    def _remove_alert(self, incident: str, alert: str) -> None:
        self._set_free("alerts", alert, incident)
        alerts = self._documents.list("alerts", incident)
        left = {name for each in alerts for name in self._entities_of(each["name"])}
        for name in self._entities_of(alert):
            if name not in left:
                self._set_free("entities", name, incident)

    def _set_free(self, kind: str, name: str, incident: str) -> None:
        """Take a document from the incident; it stays in the workspace without one."""
        found = self._documents.get(kind, name, parent=incident)
        if found is not None:
            self._documents.put(kind, name, found)
            self._documents.delete(kind, name, parent=incident)

    def _entities_of(self, alert: str) -> list[str]:
        found = self._documents.get(ENTITIES_OF, alert)
        return list(properties_of(found)["entities"]) if found else []

    def _mark(self, bookmark: str, incident: Body | None, relation: str) -> None:
        """Say in a bookmark which incident it is in."""
        found = self._documents.get("bookmarks", bookmark)
        if found is None:
            return
        properties = {
            key: value for key, value in properties_of(found).items() if key != "incidentInfo"
        }
        if incident is not None:
            told = properties_of(incident)
            properties["incidentInfo"] = {
                "incidentId": incident["name"],
                "severity": told["severity"],
                "title": told["title"],
                "relationName": relation,
            }
        self._documents.put("bookmarks", bookmark, {**found, "properties": properties})

    def _incident(self, name: str) -> Body:
        found = self._documents.get("incidents", name)
        if found is None:
            raise not_found("Incident", name)
        return found
