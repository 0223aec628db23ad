"""Pages of a list: `$top`, `$skipToken` and the link to the next."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, urlencode

from starlette.requests import Request

from sentinel_mcp.local.services.faults import Body, bad_request
from sentinel_mcp.local.services.odata import Properties, parse_filter, parse_orderby

PAGE_SIZE = 50
"""How many incidents Microsoft Sentinel sends where `$top` does not say."""

MAX_PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list is asked for: which documents, in what order, and from where on."""

    filter: str | None = None
    orderby: str | None = None
    top: int = PAGE_SIZE
    skip_token: str | None = None

    @classmethod
    def of(cls, request: Request) -> ListQuery:
        """Read the query string; names of parameters are compared without case, as Azure does."""
        given = {name.lower(): value for name, value in request.query_params.items()}
        return cls(
            filter=given.get("$filter") or None,
            orderby=given.get("$orderby") or None,
            top=_page_size(given.get("$top")),
            skip_token=given.get("$skiptoken") or None,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One page, and the token of the next; None after the last."""

    documents: list[Body]
    next_token: str | None


def page_of(
    documents: Sequence[Body],
    query: ListQuery,
    properties: Properties,
    *,
    default_order: str | None = None,
) -> Page:
    """Filter, sort and cut documents as the query says; without an order they stay as they are."""
    kept = list(documents)
    if query.filter:
        holds = parse_filter(query.filter, properties)
        kept = [each for each in kept if holds(each)]
    order = query.orderby or default_order
    ordered = parse_orderby(order, properties)(kept) if order else kept
    start = _start(ordered, query.skip_token)
    shown = ordered[start : start + query.top]
    more = start + len(shown) < len(ordered)
    return Page(shown, _token(shown[-1]["name"], start + len(shown)) if shown and more else None)


def listing(request: Request, page: Page) -> Body:
    """Return a page as Azure sends it; the link leads to the host that was asked."""
    body: Body = {"value": page.documents}
    if page.next_token:
        kept = [
            (name, value)
            for name, value in request.query_params.multi_items()
            if name.lower() != "$skiptoken"
        ]
        query = urlencode([*kept, ("$skipToken", page.next_token)], safe="$", quote_via=quote)
        body["nextLink"] = (
            f"{request.url.scheme}://{request.url.netloc}{quote(request.url.path)}?{query}"
        )
    return body


def _page_size(text: str | None) -> int:
    if text is None:
        return PAGE_SIZE
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAX_PAGE_SIZE:
        raise bad_request(f"$top must be a whole number from 1 to {MAX_PAGE_SIZE}.")
    return int(text)


def _token(name: str, position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([name, position]).encode()).decode().rstrip("=")


def _start(documents: Sequence[Body], token: str | None) -> int:
    """Return where a page begins: after the document that was last, wherever it is by now."""
    if token is None:
        return 0
    try:
        padded = token + "=" * (-len(token) % 4)
        read = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        name, position = cast("list[Any]", read)
        if type(name) is not str or type(position) is not int:
            raise TypeError(token)
    except (binascii.Error, ValueError, TypeError) as error:
        raise bad_request("The $skipToken is not valid.") from error
    for index, document in enumerate(documents):
        if document["name"] == name:
            return index + 1
    return max(0, min(position, len(documents)))
