"""HTTP to and from incidents."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.services.answers import Handlers, answer, read_object
from sentinel_mcp.local.services.incidents.behaviour import Incidents
from sentinel_mcp.local.services.paging import ListQuery, listing
from sentinel_mcp.local.services.writing import etag_of


def handlers(incidents: Incidents) -> Handlers:
    """Return what answers each operation."""

    async def list_incidents(request: Request) -> Response:
        return answer(listing(request, incidents.page(ListQuery.of(request))))

    async def get_incident(request: Request) -> Response:
        return answer(incidents.get(request.path_params["incident"]))

    async def put_incident(request: Request) -> Response:
        body = await read_object(request)
        name = request.path_params["incident"]
        document, is_new = incidents.put(name, body, etag_of(request, body))
        return answer(document, 201 if is_new else 200)

    async def list_alerts(request: Request) -> Response:
        return answer({"value": incidents.alerts(request.path_params["incident"])})

    async def list_entities(request: Request) -> Response:
        entities, counts = incidents.entities(request.path_params["incident"])
        return answer({"entities": entities, "metaData": counts})

    async def list_bookmarks(request: Request) -> Response:
        return answer({"value": incidents.bookmarks(request.path_params["incident"])})

    async def delete_incident(request: Request) -> Response:
        etag = request.headers.get("if-match")
        was_there = incidents.delete(request.path_params["incident"], None if etag == "*" else etag)
        return Response(status_code=200 if was_there else 204)

    async def run_playbook(request: Request) -> Response:
        incidents.run_playbook(request.path_params["incident"], await read_object(request))
        return Response(status_code=204)

    return {
        "Incidents_Delete": delete_incident,
        "Incidents_RunPlaybook": run_playbook,
        "Incidents_List": list_incidents,
        "Incidents_Get": get_incident,
        "Incidents_CreateOrUpdate": put_incident,
        "Incidents_ListAlerts": list_alerts,
        "Incidents_ListEntities": list_entities,
        "Incidents_ListBookmarks": list_bookmarks,
    }
