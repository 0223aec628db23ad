"""Indicators: read, searched, counted and written, with a row in the logs for each change."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from typing import cast

from sentinel_mcp.errors import NotFound
from sentinel_mcp.local.appended import AppendedRows
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.scenario.indicator_documents import (
    KIND,
    document,
    observable_of,
    parsed,
    row_of,
)
from sentinel_mcp.local.services.caller import EMAIL
from sentinel_mcp.local.services.faults import Body, bad_request, not_found
from sentinel_mcp.local.services.odata import Properties
from sentinel_mcp.local.services.paging import ListQuery, Page, page_of
from sentinel_mcp.local.services.threat_intel.criteria import (
    DEFAULT_PAGE_SIZE,
    Criteria,
    moment,
)
from sentinel_mcp.local.services.writing import Clock, choice_of, properties_of, stamp, text_of

TABLE = "ThreatIntelIndicators"

PROPERTIES: Properties = {
    "properties/confidence": "number",
    "properties/created": "time",
    "properties/displayName": "string",
    "properties/lastUpdatedTimeUtc": "time",
    "properties/pattern": "string",
    "properties/patternType": "string",
    "properties/revoked": "bool",
    "properties/source": "string",
    "properties/validFrom": "time",
    "properties/validUntil": "time",
}

_TEXTS = ("createdByRef", "description", "externalId", "language", "patternVersion", "modified")
_LISTS: dict[str, type] = {
    "externalReferences": dict,
    "granularMarkings": dict,
    "killChainPhases": dict,
    "labels": str,
    "objectMarkingRefs": str,
    "threatIntelligenceTags": str,
    "threatTypes": str,
}
"""Each with what it holds."""


class Indicators:
    """The indicators of the workspace."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._rows = AppendedRows(documents)
        self._clock = clock

    def all(self) -> list[Body]:
        """Return every indicator."""
        return self._documents.list(KIND)

    def page(self, query: ListQuery) -> Page:
        """Return one page, the last changed first unless the query orders them."""
        return page_of(
            self.all(), query, PROPERTIES, default_order="properties/lastUpdatedTimeUtc desc"
        )

    def search(self, body: Body, skip_token: str | None) -> Page:
        """Return one page of those that meet the criteria."""
        criteria = Criteria(body)
        kept = criteria.apply(self.all(), self._clock())
        query = ListQuery(top=criteria.page_size, skip_token=criteria.skip_token or skip_token)
        return page_of(kept, query, PROPERTIES)

    def get(self, name: str) -> Body:
        """Return one indicator."""
        found = self._documents.get(KIND, name, parent="")
        if found is None:
            raise not_found("Indicator", name)
        return found

    def create(self, body: Body) -> tuple[Body, bool]:
        """Write an indicator under a name of its own; also say whether it is new.

        The name is of its source and its id there, so one that comes again is the same.
        """
        given = self._checked(body)
        external_id = given.setdefault("externalId", f"indicator--{uuid.uuid4()}")
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{given['source']}/{external_id}"))
        return self._write(name, given, None)

    def put(self, name: str, body: Body, etag: str | None) -> tuple[Body, bool]:
        """Write an indicator under the name that is asked for; also say whether it is new."""
        return self._write(name, self._checked(body), etag)

    def delete(self, name: str) -> None:
        """Delete an indicator; the logs are told."""
        properties = properties_of(self.get(name))
        try:
            self._documents.delete(KIND, name)
        except NotFound as error:
            raise not_found("Indicator", name) from error
        self._tell(properties, deleted=True)

    def append_tags(self, name: str, body: Body) -> None:
        """Add tags to those there are."""
        found = self.get(name)
        properties = properties_of(found)
        before = properties.get("threatIntelligenceTags", [])
        missing = [each for each in _tags(body) if each not in before]
        self._retag(found, [*before, *missing], found["etag"])

    def replace_tags(self, name: str, body: Body, etag: str | None) -> Body:
        """Set the tags in place of those there are."""
        return self._retag(self.get(name), _tags(properties_of(body)), etag)

    def metrics(self) -> Body:
        """Return how many indicators there are, by threat type, pattern type and source."""
        found = [properties_of(each) for each in self.all()]
        latest = max((str(each.get("lastUpdatedTimeUtc", "")) for each in found), default="")
        return {
            "properties": {
                "lastUpdatedTimeUtc": latest or stamp(self._clock),
                "threatTypeMetrics": _counted(
                    each for one in found for each in one.get("threatTypes", ())
                ),
                "patternTypeMetrics": _counted(str(each.get("patternType")) for each in found),
                "sourceMetrics": _counted(str(each.get("source")) for each in found),
            }
        }

    def _retag(self, found: Body, tags: list[str], etag: str | None) -> Body:
        now = stamp(self._clock)
        changed = {
            **properties_of(found),
            "threatIntelligenceTags": tags,
            "lastUpdatedTimeUtc": now,
        }
        written = self._documents.put(
            KIND, found["name"], {**found, "properties": changed}, etag=etag
        )
        self._tell(changed)
        return written

    def _write(self, name: str, given: Body, etag: str | None) -> tuple[Body, bool]:
        before = self._documents.get(KIND, name, parent="")
        now = stamp(self._clock)
        first = {"created": now, "createdByRef": EMAIL, "externalId": f"indicator--{name}"}
        kept = properties_of(before) if before else first
        properties: Body = {
            "granularMarkings": [],
            "externalReferences": [],
            "killChainPhases": [],
            **{each: kept[each] for each in first if each in kept},
            **{key: value for key, value in given.items() if value not in (None, "")},
            "parsedPattern": parsed(given["pattern"]),
            "lastUpdatedTimeUtc": now,
        }
        written = self._documents.put(KIND, name, document(name, properties), etag=etag)
        self._tell(properties)
        return written, before is None

    def _tell(self, properties: Body, *, deleted: bool = False) -> None:
        now = self._clock()
        row = row_of(properties, now, now=now, method="ThreatIntelligenceApi", deleted=deleted)
        self._rows.append(TABLE, [row])

    def _checked(self, body: Body) -> Body:
        """Return the properties that a client may set, or refuse them."""
        choice_of(body, "kind", ("indicator",), required=True)
        given = properties_of(body)
        pattern = text_of(given, "pattern", required=True)
        if observable_of(str(pattern)) is None and not str(pattern).strip().startswith("["):
            raise bad_request("The property 'pattern' is not a valid STIX pattern.")
        return {
            "pattern": pattern,
            "patternType": text_of(given, "patternType", required=True),
            "source": text_of(given, "source", required=True),
            "displayName": text_of(given, "displayName", required=True),
            "confidence": _confidence(given),
            "revoked": _flag(given, "revoked"),
            "validFrom": _time(given, "validFrom"),
            "validUntil": _time(given, "validUntil"),
            **{key: text_of(given, key) for key in _TEXTS if given.get(key) is not None},
            **{key: _list(given, key) for key in _LISTS if given.get(key) is not None},
        }


def page_size(query: ListQuery, *, stated: bool) -> ListQuery:
    """Return the query with the page size of this service where none is stated."""
    if stated:
        return query
    return ListQuery(query.filter, query.orderby, DEFAULT_PAGE_SIZE, query.skip_token)


def _tags(body: Body) -> list[str]:
    return [str(each) for each in _list(body, "threatIntelligenceTags")]


def _confidence(given: Body) -> int | None:
    found = given.get("confidence")
    if found is not None and (type(found) is not int or not 0 <= found <= 100):
        raise bad_request("The property 'confidence' must be a whole number from 0 to 100.")
    return found


def _flag(given: Body, name: str) -> bool:
    found = given.get(name)
    if found is not None and not isinstance(found, bool):
        raise bad_request(f"The property {name!r} must be true or false.")
    return bool(found)


def _time(given: Body, name: str) -> str | None:
    text = text_of(given, name)
    if text and moment(text) is None:
        raise bad_request(f"The property {name!r} is not a time: {text!r}.")
    return text


def _list(given: Body, name: str) -> list[object]:
    found = given.get(name, [])
    held = _LISTS[name]
    if not isinstance(found, list) or not all(
        isinstance(each, held) for each in cast("list[object]", found)
    ):
        what = "strings" if held is str else "objects"
        raise bad_request(f"The property {name!r} must be a list of {what}.")
    return cast("list[object]", found)  # looked at just now


def _counted(names: Iterable[str]) -> list[Body]:
    return [
        {"metricName": name, "metricValue": count} for name, count in Counter(names).most_common()
    ]
