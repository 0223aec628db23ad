"""HTTP to and from users, groups and role assignments."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.answers import Handler, Handlers, answer, read_object
from sentinel_mcp.local.services.directory.behaviour import Directory
from sentinel_mcp.local.services.faults import Body
from sentinel_mcp.local.services.graph import (
    ORIGIN,
    ROOT,
    GraphList,
    GraphQuery,
    listing,
    require_eventual,
)
from sentinel_mcp.local.services.writing import Clock

DEFAULT_TOP = 100
MAX_TOP = 999


def handlers(documents: Documents, clock: Clock) -> Handlers:
    """Return what answers each operation."""
    directory = Directory(documents)

    async def get_risk(request: Request) -> Response:
        return answer(_told(directory.risk(request.path_params["user"])))

    async def by_ids(request: Request) -> Response:
        return answer({"value": directory.by_ids(await read_object(request))})

    async def list_assignments(request: Request) -> Response:
        return answer({"value": directory.assignments(request.query_params.get("$filter"))})

    async def list_definitions(request: Request) -> Response:
        return answer({"value": directory.definitions()})

    return {
        "Users_List": _lister(lambda _, query: directory.users(query)),
        "Users_Get": _getter("user", directory.user),
        "Users_GetManager": _getter("user", directory.manager),
        "Users_ListTransitiveMemberOf": _lister(_named("user", directory.memberships)),
        "Users_ListMemberOf": _lister(_named("user", directory.memberships)),
        "RiskyUsers_Get": get_risk,
        "Groups_List": _lister(lambda _, query: directory.groups(query)),
        "Groups_Get": _getter("object_id", directory.group),
        "Groups_ListOwners": _lister(_named("object_id", directory.owners)),
        "Groups_ListMembers": _lister(_named("object_id", directory.members)),
        "DirectoryObjects_GetByIds": by_ids,
        "RoleAssignments_ListForScope": list_assignments,
        "RoleDefinitions_List": list_definitions,
    }


def _named(
    parameter: str, find: Callable[[str, GraphQuery], GraphList]
) -> Callable[[Request, GraphQuery], GraphList]:
    return lambda request, query: find(request.path_params[parameter], query)


def _lister(find: Callable[[Request, GraphQuery], GraphList]) -> Handler:
    async def handle(request: Request) -> Response:
        query = GraphQuery.of(request, default_top=DEFAULT_TOP, max_top=MAX_TOP)
        require_eventual(request, query)
        return answer(listing(request, find(request, query), query))

    return handle


def _getter(parameter: str, find: Callable[[str, GraphQuery], Body]) -> Handler:
    async def handle(request: Request) -> Response:
        query = GraphQuery.of(request, default_top=DEFAULT_TOP, max_top=MAX_TOP)
        return answer(_told(find(request.path_params[parameter], query)))

    return handle


def _told(document: Body) -> Body:
    return {"@odata.context": f"{ORIGIN}{ROOT}$metadata#microsoft.graph.entity", **document}
