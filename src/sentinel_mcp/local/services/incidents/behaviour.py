"""Incidents: finding, reading and writing them, and what belongs to each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.faults import Body, not_found
from sentinel_mcp.local.services.incidents.properties import FILTERABLE, writable
from sentinel_mcp.local.services.paging import ListQuery, Page, page_of
from sentinel_mcp.local.services.writing import Clock, properties_of, stamp

KIND = "incidents"
DEFAULT_ORDER = "properties/createdTimeUtc desc"
_BOOKMARK_TYPE = "microsoft.securityinsights/bookmarks"


class Incidents:
    """The incidents of the workspace."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    def page(self, query: ListQuery) -> Page:
        """Return one page of incidents."""
        return page_of(self._documents.list(KIND), query, FILTERABLE, default_order=DEFAULT_ORDER)

    def get(self, name: str) -> Body:
        """Return one incident."""
        found = self._documents.get(KIND, name)
        if found is None:
            raise not_found("Incident", name)
        return found

    def put(self, name: str, body: Body, etag: str | None) -> tuple[Body, bool]:
        """Create an incident or replace what may be written of it; also say whether it is new.

        An etag that is not the incident's any more is a Conflict.
        """
        written = writable(properties_of(body))
        before = self._documents.get(KIND, name)
        now = stamp(self._clock)
        if before is None:
            document = self._new(name, written, now)
        else:
            ours = {key: value for key, value in properties_of(before).items() if key in _OURS}
            document = {
                **before,
                "properties": {**ours, **written, "lastModifiedTimeUtc": now},
            }
        return self._documents.put(KIND, name, document, etag=etag), before is None

    def alerts(self, name: str) -> list[Body]:
        """Return the alerts that the incident was made of."""
        return self._documents.list("alerts", self.get(name)["name"])

    def entities(self, name: str) -> tuple[list[Body], list[Body]]:
        """Return the entities of the incident, and how many there are of each kind."""
        entities = self._documents.list("entities", self.get(name)["name"])
        counts = Counter(str(each["kind"]) for each in entities)
        return entities, [{"entityKind": kind, "count": count} for kind, count in counts.items()]

    def bookmarks(self, name: str) -> list[Body]:
        """Return the bookmarks that are related to the incident, in the form of entities."""
        relations = self._documents.list("relations", self.get(name)["name"])
        return [_as_entity(each) for each in self._bookmarks(relations)]

    def _bookmarks(self, relations: Iterable[Body]) -> Iterable[Body]:
        for relation in relations:
            related = properties_of(relation)
            if str(related.get("relatedResourceType", "")).lower() == _BOOKMARK_TYPE:
                bookmark = self._documents.get("bookmarks", related["relatedResourceName"])
                if bookmark is not None:
                    yield bookmark

    def _new(self, name: str, written: Body, now: str) -> Body:
        number = 1 + max(
            (properties_of(each)["incidentNumber"] for each in self._documents.list(KIND)),
            default=0,
        )
        resource_id = f"{identity.INSIGHTS_ID}/{KIND}/{name}"
        return {
            "id": resource_id,
            "name": name,
            "type": "Microsoft.SecurityInsights/incidents",
            "properties": {
                **written,
                "createdTimeUtc": now,
                "lastModifiedTimeUtc": now,
                "incidentNumber": number,
                "incidentUrl": "https://portal.azure.com/#asset/Microsoft_Azure_Security_Insights"
                f"/Incident{resource_id}",
                "providerName": "Azure Sentinel",
                "providerIncidentId": str(number),
                "relatedAnalyticRuleIds": [],
                "additionalData": {
                    "alertsCount": 0,
                    "bookmarksCount": 0,
                    "commentsCount": 0,
                    "alertProductNames": [],
                    "tactics": [],
                },
            },
        }


_OURS = frozenset(
    {
        "createdTimeUtc",
        "incidentNumber",
        "incidentUrl",
        "providerName",
        "providerIncidentId",
        "relatedAnalyticRuleIds",
        "additionalData",
    }
)
"""The properties that only the service writes."""


_TOLD = (
    "displayName",
    "created",
    "updated",
    "createdBy",
    "updatedBy",
    "eventTime",
    "labels",
    "notes",
    "query",
    "queryResult",
)
"""The properties of a bookmark that it has as an entity, too."""


def _as_entity(bookmark: Body) -> Body:
    properties = properties_of(bookmark)
    return {
        "id": bookmark["id"],
        "name": bookmark["name"],
        "type": "Microsoft.SecurityInsights/Entities",
        "kind": "Bookmark",
        "properties": {
            **{name: properties[name] for name in _TOLD if name in properties},
            "friendlyName": properties["displayName"],
            "additionalData": {"ETag": bookmark["etag"], "EntityId": bookmark["name"]},
        },
    }
