"""HTTP to and from them: threat intelligence indicators."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.answers import Handler, Handlers, answer, read_object
from sentinel_mcp.local.services.paging import ListQuery, listing
from sentinel_mcp.local.services.threat_intel import objects
from sentinel_mcp.local.services.threat_intel.behaviour import Indicators, page_size
from sentinel_mcp.local.services.writing import Clock, etag_of


def handlers(documents: Documents, clock: Clock) -> Handlers:
    """Return what answers each operation."""
    indicators = Indicators(documents, clock)
    return {**_reading(indicators), **_writing(indicators), **_objects(indicators)}


def _reading(indicators: Indicators) -> Handlers:
    async def list_indicators(request: Request) -> Response:
        stated = any(each.lower() == "$top" for each in request.query_params)
        page = indicators.page(page_size(ListQuery.of(request), stated=stated))
        return answer(listing(request, page))

    async def get_indicator(request: Request) -> Response:
        return answer(indicators.get(request.path_params["name"]))

    async def query_indicators(request: Request) -> Response:
        page = indicators.search(await read_object(request), ListQuery.of(request).skip_token)
        return answer(listing(request, page))

    async def list_metrics(request: Request) -> Response:
        return answer({"value": [indicators.metrics()]})

    return {
        "ThreatIntelligenceIndicators_List": list_indicators,
        "ThreatIntelligenceIndicator_Get": get_indicator,
        "ThreatIntelligenceIndicator_QueryIndicators": query_indicators,
        "ThreatIntelligenceIndicatorMetrics_List": list_metrics,
    }


def _writing(indicators: Indicators) -> Handlers:
    async def create_indicator(request: Request) -> Response:
        document, is_new = indicators.create(await read_object(request))
        return answer(document, 201 if is_new else 200)

    async def put_indicator(request: Request) -> Response:
        body = await read_object(request)
        name = request.path_params["name"]
        document, is_new = indicators.put(name, body, etag_of(request, body))
        return answer(document, 201 if is_new else 200)

    async def delete_indicator(request: Request) -> Response:
        indicators.delete(request.path_params["name"])
        return Response(status_code=200)

    async def append_tags(request: Request) -> Response:
        indicators.append_tags(request.path_params["name"], await read_object(request))
        return Response(status_code=200)

    async def replace_tags(request: Request) -> Response:
        body = await read_object(request)
        name = request.path_params["name"]
        return answer(indicators.replace_tags(name, body, etag_of(request, body)))

    return {
        "ThreatIntelligenceIndicator_CreateIndicator": create_indicator,
        "ThreatIntelligenceIndicator_Create": put_indicator,
        "ThreatIntelligenceIndicator_Delete": delete_indicator,
        "ThreatIntelligenceIndicator_AppendTags": append_tags,
        "ThreatIntelligenceIndicator_ReplaceTags": replace_tags,
    }


def _objects(indicators: Indicators) -> dict[str, Handler]:
    async def count(request: Request) -> Response:
        body = await read_object(request)
        return answer({"count": len(objects.matching(body, indicators.all()))})

    async def query(request: Request) -> Response:
        body = await read_object(request)
        token = ListQuery.of(request).skip_token
        return answer(listing(request, objects.page(body, token, indicators.all())))

    return {"ThreatIntelligence_Count": count, "ThreatIntelligence_Query": query}
