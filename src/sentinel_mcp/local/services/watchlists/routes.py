"""HTTP to and from watchlists and their items."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.answers import Handlers, answer, read_object
from sentinel_mcp.local.services.faults import bad_request
from sentinel_mcp.local.services.paging import ListQuery, Page, listing, page_of
from sentinel_mcp.local.services.watchlists.behaviour import Watchlists
from sentinel_mcp.local.services.writing import Clock, etag_of

ITEMS_PER_PAGE = 100
"""As Sentinel sends them (github.com/Azure/logicapps, issue 1496)."""


def handlers(documents: Documents, clock: Clock) -> Handlers:
    """Return what answers each operation."""
    watchlists = Watchlists(documents, clock)

    async def list_watchlists(request: Request) -> Response:
        return answer(listing(request, page_of(watchlists.all(), ListQuery.of(request), {})))

    async def get_watchlist(request: Request) -> Response:
        return answer(watchlists.get(request.path_params["name"]))

    async def put_watchlist(request: Request) -> Response:
        body = await read_object(request)
        name = request.path_params["name"]
        document, is_new = watchlists.put(name, body, etag_of(request, body))
        return answer(document, 201 if is_new else 200)

    async def delete_watchlist(request: Request) -> Response:
        watchlists.delete(request.path_params["name"])
        return Response(status_code=204)

    async def list_items(request: Request) -> Response:
        after = _position(ListQuery.of(request).skip_token)
        found = watchlists.items(
            request.path_params["watchlist"], after=after, limit=ITEMS_PER_PAGE + 1
        )
        shown = found[:ITEMS_PER_PAGE]
        more = len(found) > len(shown)
        page = Page([each for _, each in shown], str(shown[-1][0]) if more else None)
        return answer(listing(request, page))

    async def get_item(request: Request) -> Response:
        return answer(watchlists.item(*_place(request)))

    async def put_item(request: Request) -> Response:
        body = await read_object(request)
        document, is_new = watchlists.put_item(*_place(request), body, etag_of(request, body))
        return answer(document, 201 if is_new else 200)

    async def delete_item(request: Request) -> Response:
        watchlists.delete_item(*_place(request), etag_of(request, {}))
        return Response(status_code=200)

    return {
        "Watchlists_List": list_watchlists,
        "Watchlists_Get": get_watchlist,
        "Watchlists_CreateOrUpdate": put_watchlist,
        "Watchlists_Delete": delete_watchlist,
        "WatchlistItems_List": list_items,
        "WatchlistItems_Get": get_item,
        "WatchlistItems_CreateOrUpdate": put_item,
        "WatchlistItems_Delete": delete_item,
    }


def _place(request: Request) -> tuple[str, str]:
    return request.path_params["watchlist"], request.path_params["name"]


def _position(token: str | None) -> int:
    if token is None:
        return 0
    if not (token.isascii() and token.isdigit() and len(token) < 19):
        raise bad_request("The $skipToken is not valid.")
    return int(token)
