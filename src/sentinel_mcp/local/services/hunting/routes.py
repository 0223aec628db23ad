"""HTTP to and from them: bookmarks, hunts and saved searches."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.answers import Handler, Handlers, answer, read_object
from sentinel_mcp.local.services.hunting.bookmarks import Bookmarks
from sentinel_mcp.local.services.hunting.hunts import COMMENTS, RELATIONS, Hunts
from sentinel_mcp.local.services.hunting.searches import SavedSearches
from sentinel_mcp.local.services.paging import ListQuery, listing
from sentinel_mcp.local.services.writing import Clock, etag_of


def handlers(documents: Documents, clock: Clock) -> Handlers:
    """Return what answers each operation."""
    return {
        **_saved_searches(SavedSearches(documents)),
        **_bookmarks(Bookmarks(documents, clock)),
        **_hunts(Hunts(documents)),
    }


def _saved_searches(searches: SavedSearches) -> Handlers:
    async def list_searches(request: Request) -> Response:
        return answer({"value": searches.list()})

    async def get_search(request: Request) -> Response:
        return answer(searches.get(request.path_params["name"]))

    async def put_search(request: Request) -> Response:
        body = await read_object(request)
        etag = etag_of(request, body)
        replaces = bool(request.headers.get("if-match") or body.get("etag"))
        return answer(searches.put(request.path_params["name"], body, etag, replaces=replaces))

    async def delete_search(request: Request) -> Response:
        searches.delete(request.path_params["name"])
        return Response(status_code=200)

    return {
        "SavedSearches_ListByWorkspace": list_searches,
        "SavedSearches_Get": get_search,
        "SavedSearches_CreateOrUpdate": put_search,
        "SavedSearches_Delete": delete_search,
    }


def _bookmarks(bookmarks: Bookmarks) -> Handlers:
    async def list_bookmarks(request: Request) -> Response:
        return answer({"value": bookmarks.list()})

    async def get_bookmark(request: Request) -> Response:
        return answer(bookmarks.get(request.path_params["name"]))

    async def put_bookmark(request: Request) -> Response:
        body = await read_object(request)
        name = request.path_params["name"]
        document, is_new = bookmarks.put(name, body, etag_of(request, body))
        return answer(document, 201 if is_new else 200)

    async def delete_bookmark(request: Request) -> Response:
        deleted = bookmarks.delete(request.path_params["name"], etag_of(request, {}))
        return Response(status_code=200 if deleted else 204)

    return {
        "Bookmarks_List": list_bookmarks,
        "Bookmarks_Get": get_bookmark,
        "Bookmarks_CreateOrUpdate": put_bookmark,
        "Bookmarks_Delete": delete_bookmark,
    }


def _hunts(hunts: Hunts) -> Handlers:
    async def list_hunts(request: Request) -> Response:
        return answer(listing(request, hunts.page(ListQuery.of(request))))

    async def get_hunt(request: Request) -> Response:
        return answer(hunts.get(request.path_params["name"]))

    return {
        "Hunts_List": list_hunts,
        "Hunts_Get": get_hunt,
        "HuntComments_List": _lister(hunts, COMMENTS),
        "HuntComments_Get": _getter(hunts, COMMENTS),
        "HuntRelations_List": _lister(hunts, RELATIONS),
        "HuntRelations_Get": _getter(hunts, RELATIONS),
    }


def _lister(hunts: Hunts, kind: str) -> Handler:
    async def handle(request: Request) -> Response:
        page = hunts.page_within(kind, request.path_params["hunt"], ListQuery.of(request))
        return answer(listing(request, page))

    return handle


def _getter(hunts: Hunts, kind: str) -> Handler:
    async def handle(request: Request) -> Response:
        path = request.path_params
        return answer(hunts.get_within(kind, path["hunt"], path["name"]))

    return handle
