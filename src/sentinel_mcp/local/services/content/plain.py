"""What is only read, and carries no etag on the wire: summary rules, recommendations, workbooks."""

from __future__ import annotations

from collections.abc import Mapping

from sentinel_mcp.local.documents import Bodies, Documents
from sentinel_mcp.local.services.faults import Body, Fault, bad_request, not_found

SUMMARY_RULES = "summaryLogs"
RECOMMENDATIONS = "recommendations"
WORKBOOKS = "workbooks"

_NOUNS = {
    SUMMARY_RULES: "Summary rule",
    RECOMMENDATIONS: "Recommendation",
    WORKBOOKS: "Workbook",
}


class Plain:
    """All resources of one of these kinds."""

    def __init__(self, documents: Documents, kind: str) -> None:
        self._documents = documents
        self._kind = kind

    def list(self) -> Bodies:
        """Return them all."""
        return [_without_etag(each) for each in self._documents.list(self._kind)]

    def get(self, name: str) -> Body:
        """Return one of them."""
        found = self._documents.get(self._kind, name)
        if found is None:
            raise _missing(self._kind, name)
        return _without_etag(found)


def workbooks_of(found: Bodies, asked: Mapping[str, str]) -> Bodies:
    """Return the workbooks of a category, which must be asked for, and of a source.

    Ids are compared without case; the content comes only where `canFetchContent` asks for it, and
    there is none here.
    """
    category = asked.get("category")
    if not category:
        raise bad_request("The query parameter 'category' is required.")
    source = asked.get("sourceid")
    return [
        each
        for each in found
        if each["properties"]["category"] == category
        and (source is None or each["properties"]["sourceId"].casefold() == source.casefold())
    ]


def _missing(kind: str, name: str) -> Fault:
    if kind == SUMMARY_RULES:  # of Log Analytics, which words it so
        return Fault(404, "ResourceNotFound", f"The summary rule {name!r} was not found.")
    return not_found(_NOUNS[kind], name)


def _without_etag(document: Body) -> Body:
    return {key: value for key, value in document.items() if key != "etag"}
