"""Metadata of content: a list that is filtered, sorted and paged by offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from starlette.requests import Request

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.faults import Body, bad_request
from sentinel_mcp.local.services.odata import Properties, parse_filter, parse_orderby

MAX_SKIP = 100_000
PAGE_SIZE = 100

PROPERTIES: Properties = {
    "properties/kind": "string",
    "properties/contentId": "string",
    "properties/parentId": "string",
    "properties/version": "string",
    "properties/source/kind": "string",
    "properties/source/name": "string",
}


@dataclass(frozen=True, slots=True)
class OffsetQuery:
    """Which part of the list is asked for."""

    filter: str | None
    orderby: str | None
    skip: int
    top: int

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> OffsetQuery:
        """Read the query string; names of parameters are compared without case."""
        given = {name.lower(): value for name, value in parameters.items()}
        return cls(
            filter=given.get("$filter") or None,
            orderby=given.get("$orderby") or None,
            skip=_number("$skip", given.get("$skip"), 0, least=0, most=MAX_SKIP),
            top=_number("$top", given.get("$top"), PAGE_SIZE, least=1, most=1_000),
        )


def page(documents: Documents, query: OffsetQuery) -> tuple[list[Body], OffsetQuery | None]:
    """Return the documents that are asked for, and the query for those that follow."""
    kept: Sequence[Body] = documents.list("metadata")
    if query.filter:
        holds = parse_filter(query.filter, PROPERTIES)
        kept = [each for each in kept if holds(each)]
    if query.orderby:
        kept = parse_orderby(query.orderby, PROPERTIES)(list(kept))
    end = query.skip + query.top
    return list(kept[query.skip : end]), replace(query, skip=end) if end < len(kept) else None


def link(request: Request, following: OffsetQuery) -> str:
    """Return the address of the next page, at the host that was asked."""
    kept = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name.lower() not in ("$skip", "$top")
    ]
    asked = [*kept, ("$skip", str(following.skip)), ("$top", str(following.top))]
    query = urlencode(asked, safe="$", quote_via=quote)
    return f"{request.url.scheme}://{request.url.netloc}{quote(request.url.path)}?{query}"


def _number(name: str, text: str | None, default: int, *, least: int, most: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
        raise bad_request(f"{name} must be a whole number from {least} to {most}.")
    return int(text)
