"""Entities, what their timelines tell, where one leads, and what is known of the world outside."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.faults import Body, Fault, bad_request, not_found

TIMELINE = "entityTimelines"
QUERIES = "entityQueries"

_ENRICHMENTS = frozenset({"main"})
_QUERY_KINDS = frozenset({"Activity", "Expansion", "Insight", "SecurityAlert"})
_TIMELINE_KINDS = frozenset({"Activity", "Bookmark", "SecurityAlert", "Anomaly"})
_DOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9-]{1,63})+", re.ASCII
)
# `is_private` has the networks that are reserved for documentation, too, and the scenario lives
# in those.
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16",
         "100.64.0.0/10", "224.0.0.0/4", "fc00::/7", "fe80::/10", "::1/128"),
    )
)  # fmt: skip


class Entities:
    """The entities of all incidents."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def all(self) -> list[Body]:
        """Return every entity once, in the order of the incidents."""
        found: dict[str, Body] = {}
        for incident in self._documents.list("incidents"):
            for each in self._documents.list("entities", incident["name"]):
                found.setdefault(each["name"], each)
        return list(found.values())

    def get(self, name: str) -> Body:
        """Return an entity; an alert is one, too."""
        found = self._documents.get("entities", name) or self._documents.get("alerts", name)
        if found is None:
            raise not_found("Entity", name)
        return found

    def timeline(self, name: str, asked: Body) -> Body:
        """Return what happened around an entity between two moments, oldest first."""
        entity = self.get(name)
        start, end = _range(asked, required=True)
        kinds = _kinds(asked)
        items = [
            each
            for each in map(_item, self._documents.list(TIMELINE, entity["name"]))
            if each["kind"] in kinds and start <= _moment_of(each) <= end
        ]
        items.sort(key=_moment_of)
        counts = Counter(each["kind"] for each in items)
        return {
            "metaData": {
                "totalCount": len(items),
                "aggregations": [{"kind": kind, "count": count} for kind, count in counts.items()],
                "errors": [],
            },
            "value": items,
        }

    def expand(self, name: str, asked: Body) -> Body:
        """Return the entities that are in the same incidents, as an entity query asks for them."""
        entity = self.get(name)
        query = self.query(_text(asked, "expansionId"))
        properties = query["properties"]
        if properties["inputEntityType"].lower() != entity["kind"].lower():
            raise bad_request(
                f"The expansion {query['name']!r} takes an entity of type "
                f"{properties['inputEntityType']!r}, not {entity['kind']!r}."
            )
        start, end = _range(asked, required=False)
        wanted = {each.lower() for each in properties["outputEntityTypes"]}
        found: dict[str, tuple[Body, datetime]] = {}
        for incident, seen in self._incidents_of(entity["name"]):
            if not start <= seen <= end:
                continue
            for each in self._documents.list("entities", incident):
                if each["kind"].lower() in wanted and each["name"] != entity["name"]:
                    before = found.get(each["name"])
                    found[each["name"]] = (each, min(seen, before[1]) if before else seen)
        counts = Counter(each["kind"] for each, _ in found.values())
        return {
            "metaData": {
                "aggregations": [
                    {"entityKind": kind, "count": count} for kind, count in counts.items()
                ]
            },
            "value": {
                "entities": [each for each, _ in found.values()],
                "edges": [_edge(each, seen) for each, seen in found.values()],
            },
        }

    def queries(self, kind: str | None) -> list[Body]:
        """Return the entity queries, of one kind or all."""
        if kind is not None and kind not in _QUERY_KINDS:
            raise bad_request(f"There is no kind of entity query {kind!r}.")
        found = self._documents.list(QUERIES)
        return [each for each in found if kind in (None, each["kind"])]

    def query(self, name: str) -> Body:
        """Return an entity query."""
        found = self._documents.get(QUERIES, name)
        if found is None:
            raise not_found("EntityQuery", name)
        return found

    def geodata(self, enrichment: str, asked: Body) -> Body:
        """Return where an address is."""
        _check_enrichment(enrichment)
        stated = _text(asked, "ipAddress")
        try:
            address = ipaddress.ip_address(stated)
        except ValueError as error:
            raise bad_request(f"{stated!r} is not a valid IP address.") from error
        if any(address in each for each in _NOT_PUBLIC):
            raise bad_request(f"{stated!r} is not a public IP address.")
        return self._known("geodata", str(address))

    def whois(self, enrichment: str, asked: Body) -> Body:
        """Return who registered a domain."""
        _check_enrichment(enrichment)
        stated = _text(asked, "domain").lower()
        if not _DOMAIN.fullmatch(stated):
            raise bad_request(f"{stated!r} is not a valid domain name.")
        return self._known("whois", stated)

    def _known(self, kind: str, name: str) -> Body:
        found = self._documents.get(kind, name)
        if found is None:
            raise Fault(404, "NotFound", f"No {kind} was found for {name!r}.")
        return _without_etag(found)

    def _incidents_of(self, entity: str) -> Iterator[tuple[str, datetime]]:
        for each in self._documents.list("incidents"):
            name, properties = each["name"], each["properties"]
            if self._documents.get("entities", entity, parent=name):
                seen = properties.get("firstActivityTimeUtc") or properties["createdTimeUtc"]
                yield name, _moment(seen, "firstActivityTimeUtc")


def _check_enrichment(enrichment: str) -> None:
    if enrichment not in _ENRICHMENTS:
        raise bad_request(f"The enrichment type {enrichment!r} is not supported.")


def _range(asked: Body, *, required: bool) -> tuple[datetime, datetime]:
    bounds: list[datetime] = []
    for name, nothing in (("startTime", datetime.min), ("endTime", datetime.max)):
        if name not in asked and not required:
            bounds.append(nothing.replace(tzinfo=UTC))
        else:
            bounds.append(_moment(_text(asked, name), name))
    start, end = bounds
    if start >= end:
        raise bad_request("The property 'startTime' must be before 'endTime'.")
    return start, end


def _kinds(asked: Body) -> frozenset[str]:
    stated: Any = asked.get("kinds")
    if stated is None:
        return _TIMELINE_KINDS
    if not isinstance(stated, list) or not _TIMELINE_KINDS.issuperset(
        map(str, cast("list[object]", stated))
    ):
        raise bad_request(f"The property 'kinds' may hold {', '.join(sorted(_TIMELINE_KINDS))}.")
    return frozenset(cast("list[str]", stated))


def _item(document: Body) -> Body:
    return _without_etag(document)


def _without_etag(document: Body) -> Body:
    """Return what is no resource of its own, and has no etag on the wire."""
    return {key: value for key, value in document.items() if key != "etag"}


def _moment_of(item: Body) -> datetime:
    return _moment(item["timeGenerated"], "timeGenerated")


def _edge(entity: Body, seen: datetime) -> Body:
    return {
        "targetEntityId": entity["id"],
        "additionalData": {
            "EpochTimestamp": str(int(seen.timestamp())),
            "FirstSeen": seen.isoformat().replace("+00:00", "Z"),
            "Source": "SecurityAlert",
        },
    }


def _text(asked: Body, name: str) -> str:
    found = asked.get(name)
    if not isinstance(found, str) or not found.strip():
        raise bad_request(f"The property {name!r} is required and must be a string.")
    return found.strip()


def _moment(text: str, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_request(f"The property {name!r} is not a time: {text!r}.") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
