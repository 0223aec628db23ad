"""Incidents: finding, reading and writing them, and what belongs to each."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.faults import Body, bad_request, not_found
from sentinel_mcp.local.services.incidents.held import KIND, HeldIncidents
from sentinel_mcp.local.services.incidents.properties import FILTERABLE, writable
from sentinel_mcp.local.services.incidents.versions import Versions
from sentinel_mcp.local.services.paging import ListQuery, Page, page_of
from sentinel_mcp.local.services.writing import Clock, properties_of, stamp, text_of

DEFAULT_ORDER = "properties/createdTimeUtc desc"
RUNS = "playbookRuns"
"""Playbooks that were started, for whoever looks whether one was."""

_BOOKMARK_TYPE = "microsoft.securityinsights/bookmarks"


class Incidents:
    """The incidents of the workspace."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._held = HeldIncidents(documents)
        self._versions = Versions(documents)

    def page(self, query: ListQuery) -> Page:
        """Return one page of incidents."""
        ordered = self._held.ordered(query.orderby or DEFAULT_ORDER)
        return page_of(ordered, replace(query, orderby=None), FILTERABLE)

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
        written_document = self._documents.put(KIND, name, document, etag=etag)
        self._versions.record(name, now)
        return written_document, before is None

    def delete(self, name: str, etag: str | None) -> bool:
        """Remove an incident and what was written in it; say whether it was there.

        An etag that is not the incident's any more is a Conflict.
        """
        found = self._documents.get(KIND, name)
        if found is None:
            return False
        self._documents.delete(KIND, name, etag=etag)
        for kind in _BELONGING:
            for each in self._documents.list(kind, found["name"]):
                if kind in _OUTLIVING:
                    self._documents.put(kind, each["name"], each)
                self._documents.delete(kind, each["name"], parent=found["name"])
        return True

    def run_playbook(self, name: str, body: Body) -> None:
        """Write down that a playbook was started on the incident."""
        incident = self.get(name)
        logic_app = text_of(body, "logicAppsResourceId", required=True)
        tenant = text_of(body, "tenantId")
        if not _LOGIC_APP.fullmatch(logic_app or ""):
            raise bad_request("The property 'logicAppsResourceId' is not the id of a logic app.")
        run = str(uuid.uuid4())
        self._documents.put(
            RUNS,
            run,
            {
                "name": run,
                "properties": {
                    "logicAppsResourceId": logic_app,
                    "tenantId": tenant,
                    "startedTimeUtc": stamp(self._clock),
                },
            },
            parent=incident["name"],
        )

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
        newest = self._held.ordered("properties/incidentNumber desc")
        number = 1 + (properties_of(newest[0])["incidentNumber"] if newest else 0)
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


_BELONGING = ("alerts", "entities", "comments", "incidentTasks", "relations")
_OUTLIVING = ("alerts", "entities")
"""What stays in the workspace when its incident is gone."""

_LOGIC_APP = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Logic/workflows/[^/]+",
    re.IGNORECASE,
)
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
