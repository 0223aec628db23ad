"""HTTP to and from what belongs to an incident."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.services.answers import Handler, Handlers, answer, read_object
from sentinel_mcp.local.services.discussion.behaviour import (
    COMMENTS,
    RELATIONS,
    TASKS,
    Discussion,
)
from sentinel_mcp.local.services.paging import ListQuery, listing
from sentinel_mcp.local.services.writing import etag_of


def handlers(discussion: Discussion) -> Handlers:
    """Return what answers each operation."""

    async def list_comments(request: Request) -> Response:
        page = discussion.comments(request.path_params["incident"], ListQuery.of(request))
        return answer(listing(request, page))

    async def put_comment(request: Request) -> Response:
        body = await read_object(request)
        incident, name = request.path_params["incident"], request.path_params["name"]
        document, is_new = discussion.put_comment(incident, name, body, etag_of(request, body))
        return answer(document, 201 if is_new else 200)

    async def list_tasks(request: Request) -> Response:
        return answer({"value": discussion.tasks(request.path_params["incident"])})

    async def put_task(request: Request) -> Response:
        body = await read_object(request)
        incident, name = request.path_params["incident"], request.path_params["name"]
        document, is_new = discussion.put_task(incident, name, body, etag_of(request, body))
        return answer(document, 201 if is_new else 200)

    async def list_relations(request: Request) -> Response:
        page = discussion.relations(request.path_params["incident"], ListQuery.of(request))
        return answer(listing(request, page))

    async def put_relation(request: Request) -> Response:
        body = await read_object(request)
        incident, name = request.path_params["incident"], request.path_params["name"]
        document, is_new = discussion.ties.put(incident, name, body, etag_of(request, body))
        return answer(document, 201 if is_new else 200)

    async def delete_relation(request: Request) -> Response:
        was_there = discussion.ties.delete(
            request.path_params["incident"], request.path_params["name"]
        )
        return Response(status_code=200 if was_there else 204)

    return {
        "IncidentComments_Delete": _remover(discussion, COMMENTS),
        "IncidentTasks_Delete": _remover(discussion, TASKS),
        "IncidentRelations_CreateOrUpdate": put_relation,
        "IncidentRelations_Delete": delete_relation,
        "IncidentComments_List": list_comments,
        "IncidentComments_Get": _getter(discussion, COMMENTS),
        "IncidentComments_CreateOrUpdate": put_comment,
        "IncidentTasks_List": list_tasks,
        "IncidentTasks_Get": _getter(discussion, TASKS),
        "IncidentTasks_CreateOrUpdate": put_task,
        "IncidentRelations_List": list_relations,
        "IncidentRelations_Get": _getter(discussion, RELATIONS),
    }


def _getter(discussion: Discussion, kind: str) -> Handler:
    async def handle(request: Request) -> Response:
        found = discussion.get(kind, request.path_params["incident"], request.path_params["name"])
        return answer(found)

    return handle


def _remover(discussion: Discussion, kind: str) -> Handler:
    async def handle(request: Request) -> Response:
        asked = request.path_params
        was_there = discussion.delete(kind, asked["incident"], asked["name"])
        return Response(status_code=200 if was_there else 204)

    return handle
