"""Hunts, with their comments and what they are related to."""

from __future__ import annotations

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.faults import Body, not_found
from sentinel_mcp.local.services.odata import Properties
from sentinel_mcp.local.services.paging import ListQuery, Page, page_of

HUNTS = "hunts"
COMMENTS = "huntComments"
RELATIONS = "huntRelations"

_FILTERED: dict[str, Properties] = {
    HUNTS: {
        "properties/displayName": "string",
        "properties/description": "string",
        "properties/status": "string",
        "properties/hypothesisStatus": "string",
    },
    COMMENTS: {"properties/message": "string"},
    RELATIONS: {
        "properties/relatedResourceId": "string",
        "properties/relatedResourceName": "string",
        "properties/relatedResourceKind": "string",
    },
}
_NOUNS = {HUNTS: "Hunt", COMMENTS: "Hunt comment", RELATIONS: "Hunt relation"}


class Hunts:
    """The hunts of the workspace."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def page(self, query: ListQuery) -> Page:
        """Return one page of hunts."""
        return page_of(self._documents.list(HUNTS), query, _FILTERED[HUNTS])

    def get(self, name: str) -> Body:
        """Return one hunt."""
        return self._found(HUNTS, name, "")

    def page_within(self, kind: str, hunt: str, query: ListQuery) -> Page:
        """Return one page of a hunt's comments or relations."""
        found = self._documents.list(kind, self.get(hunt)["name"])
        return page_of(found, query, _FILTERED[kind])

    def get_within(self, kind: str, hunt: str, name: str) -> Body:
        """Return one comment or relation of a hunt."""
        return self._found(kind, name, self.get(hunt)["name"])

    def _found(self, kind: str, name: str, parent: str) -> Body:
        found = self._documents.get(kind, name, parent=parent)
        if found is None:
            raise not_found(_NOUNS[kind], name)
        return found
