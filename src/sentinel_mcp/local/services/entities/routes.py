"""HTTP to and from them: entities, their timeline and enrichment."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.answers import Handlers, answer, read_object
from sentinel_mcp.local.services.entities.behaviour import Entities
from sentinel_mcp.local.services.paging import ListQuery, listing, page_of
from sentinel_mcp.local.services.writing import Clock


def handlers(documents: Documents, clock: Clock) -> Handlers:
    """Return what answers each operation."""
    entities = Entities(documents)

    async def list_entities(request: Request) -> Response:
        return answer(listing(request, page_of(entities.all(), ListQuery.of(request), {})))

    async def get_entity(request: Request) -> Response:
        return answer(entities.get(request.path_params["name"]))

    async def timeline(request: Request) -> Response:
        body = await read_object(request)
        return answer(entities.timeline(request.path_params["entity"], body))

    async def expand(request: Request) -> Response:
        body = await read_object(request)
        return answer(entities.expand(request.path_params["entity"], body))

    async def list_queries(request: Request) -> Response:
        return answer({"value": entities.queries(request.query_params.get("kind"))})

    async def get_query(request: Request) -> Response:
        return answer(entities.query(request.path_params["name"]))

    async def geodata(request: Request) -> Response:
        body = await read_object(request)
        return answer(entities.geodata(request.path_params["type"], body))

    async def whois(request: Request) -> Response:
        body = await read_object(request)
        return answer(entities.whois(request.path_params["type"], body))

    return {
        "Entities_List": list_entities,
        "Entities_Get": get_entity,
        "Entities_Expand": expand,
        "EntityQueries_List": list_queries,
        "EntityQueries_Get": get_query,
        "EntitiesGetTimeline_List": timeline,
        "ListGeodataByIp": geodata,
        "ListWhoisByDomain": whois,
    }
