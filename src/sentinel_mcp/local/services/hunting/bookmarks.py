"""Bookmarks, as Microsoft Sentinel keeps them."""

from __future__ import annotations

from sentinel_mcp.local import identity
from sentinel_mcp.local.appended import AppendedRows
from sentinel_mcp.local.bookmark_log import TABLE, row_of
from sentinel_mcp.local.documents import Bodies, Documents
from sentinel_mcp.local.services.caller import caller
from sentinel_mcp.local.services.faults import Body, bad_request, not_found
from sentinel_mcp.local.services.hunting.parts import moment_of, objects, texts
from sentinel_mcp.local.services.tactics import TACTICS
from sentinel_mcp.local.services.writing import Clock, properties_of, stamp, text_of

KIND = "bookmarks"


_TEXTS = ("notes", "queryResult")
_MOMENTS = ("eventTime", "queryStartTime", "queryEndTime")
_LISTS = ("labels", "techniques", "tactics")


class Bookmarks:
    """The bookmarks of the workspace."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._log = AppendedRows(documents)

    def list(self) -> Bodies:
        """Return them all, in the order in which they were made."""
        return self._documents.list(KIND)

    def get(self, name: str) -> Body:
        """Return one of them."""
        found = self._documents.get(KIND, name)
        if found is None:
            raise not_found("Bookmark", name)
        return found

    def put(self, name: str, body: Body, etag: str | None) -> tuple[Body, bool]:
        """Write one; also say whether it is new."""
        given = properties_of(body)
        before = self._documents.get(KIND, name)
        old = properties_of(before) if before else {}
        now = stamp(self._clock)
        who = caller()
        by = {"objectId": who["objectId"], "email": who["email"], "name": who["name"]}
        properties: Body = {
            "displayName": text_of(given, "displayName", required=True),
            "query": text_of(given, "query", required=True),
            "created": moment_of(given, "created") or old.get("created") or now,
            "createdBy": old.get("createdBy") or by,
            "updated": moment_of(given, "updated") or now,
            "updatedBy": by,
            **{each: text_of(given, each) for each in _TEXTS},
            **{each: moment_of(given, each) for each in _MOMENTS},
            **{each: texts(given, each) for each in _LISTS},
            "entityMappings": _mappings(given),
            "incidentInfo": old.get("incidentInfo"),
        }
        _require_tactics(properties["tactics"])
        document = {
            "id": f"{identity.INSIGHTS_ID}/bookmarks/{name}",
            "name": before["name"] if before else name,
            "type": "Microsoft.SecurityInsights/bookmarks",
            "properties": {key: value for key, value in properties.items() if value is not None},
        }
        written = self._documents.put(KIND, name, document, etag=etag)
        self._log.append(TABLE, [row_of(written, at=now)])
        return written, before is None

    def delete(self, name: str, etag: str | None) -> bool:
        """Remove one; say whether it was there."""
        found = self._documents.get(KIND, name)
        if found is None:
            return False
        self._documents.delete(KIND, name, etag=etag)
        self._log.append(TABLE, [row_of(found, at=stamp(self._clock), deleted=True)])
        return True


def _require_tactics(tactics: list[str] | None) -> None:
    for each in tactics or ():
        if each not in TACTICS:
            raise bad_request(f"{each!r} is not a tactic.")


def _mappings(given: Body) -> Bodies | None:
    """Return the entity mappings, of which each names a type and its fields."""
    found = objects(given, "entityMappings")
    return None if found is None else [_mapping(each) for each in found]


def _mapping(given: Body) -> Body:
    return {
        "entityType": text_of(given, "entityType", required=True),
        "fieldMappings": [_field(each) for each in objects(given, "fieldMappings") or ()],
    }


def _field(given: Body) -> Body:
    return {name: text_of(given, name, required=True) for name in ("identifier", "value")}
