"""The content hub: installed packages and templates, and the catalogue of both."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.faults import Body, bad_request, not_found
from sentinel_mcp.local.services.odata import Properties
from sentinel_mcp.local.services.paging import ListQuery, Page, page_of

PACKAGES = "contentPackages"
TEMPLATES = "contentTemplates"
PRODUCT_PACKAGES = "contentProductPackages"
PRODUCT_TEMPLATES = "contentProductTemplates"

NOUNS = {
    PACKAGES: "Package",
    TEMPLATES: "Template",
    PRODUCT_PACKAGES: "Product package",
    PRODUCT_TEMPLATES: "Product template",
}

FILTERED: Properties = {
    "properties/contentId": "string",
    "properties/contentKind": "string",
    "properties/displayName": "string",
    "properties/packageId": "string",
    "properties/packageName": "string",
    "properties/version": "string",
}

EXPANDED = "properties/mainTemplate"
"""What a list of templates leaves out, unless `$expand` asks for it."""

_SEARCHED = ("displayName", "description", "contentId", "packageName", "publisherDisplayName")


class Hub:
    """One of the four lists."""

    def __init__(self, documents: Documents, kind: str) -> None:
        self._documents = documents
        self._kind = kind

    def page(self, request: Request) -> Page:
        """Return one page, searched and filtered as the request says."""
        given = {name.lower(): value for name, value in request.query_params.items()}
        if "$count" in given:
            raise bad_request("$count is not supported here.")
        expand = given.get("$expand")
        if expand not in (None, "", EXPANDED):
            raise bad_request(f"$expand takes {EXPANDED!r} alone.")
        found = self._documents.list(self._kind)
        if wanted := given.get("$search"):
            found = [each for each in found if _has(each, wanted)]
        query = ListQuery.of(request)
        if query.skip_token is None and (skip := given.get("$skip")):
            found = found[_whole(skip) :]
        page = page_of(found, query, FILTERED)
        if expand:
            return page
        return replace(page, documents=[_short(each) for each in page.documents])

    def get(self, name: str) -> Body:
        """Return one of them, whole."""
        found = self._documents.get(self._kind, name)
        if found is None:
            raise not_found(NOUNS[self._kind], name)
        return found


def _has(document: Body, wanted: str) -> bool:
    properties: Body = document["properties"]
    told = "\n".join(str(properties.get(key) or "") for key in _SEARCHED)
    return wanted.casefold() in told.casefold()


def _short(document: Body) -> Body:
    properties: Body = document["properties"]
    kept = {key: value for key, value in properties.items() if key != "mainTemplate"}
    return {**document, "properties": kept}


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise bad_request("$skip must be a whole number.")
    return int(text[:9])
