"""HTTP to and from the subscription, the workspace, its tables, settings and rights."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.answers import Handlers, answer
from sentinel_mcp.local.services.faults import Body, not_found
from sentinel_mcp.local.services.resources.routes import shelves
from sentinel_mcp.local.services.workspaces.behaviour import Workspaces
from sentinel_mcp.local.services.workspaces.metadata import OffsetQuery, link, page

_KINDS = {
    "SourceControls": ("sourcecontrols", "Source control"),
    "SecurityMLAnalyticsSettings": ("securityMLAnalyticsSettings", "Anomaly setting"),
    "ProductSettings": ("settings", "Setting"),
}


def handlers(workspaces: Workspaces, documents: Documents) -> Handlers:
    """Return what answers each operation."""

    async def list_subscriptions(request: Request) -> Response:
        return answer(
            {"value": [workspaces.subscription()], "count": {"type": "Total", "value": 1}}
        )

    async def get_subscription(request: Request) -> Response:
        return answer(workspaces.subscription())

    async def list_workspaces(request: Request) -> Response:
        return answer({"value": [workspaces.workspace()]})

    async def get_workspace(request: Request) -> Response:
        return answer(workspaces.workspace())

    async def list_tables(request: Request) -> Response:
        # In a thread: the first look at a store that was rebuilt may take a while.
        return answer({"value": await run_in_threadpool(workspaces.tables)})

    async def get_table(request: Request) -> Response:
        return answer(await run_in_threadpool(workspaces.table, request.path_params["name"]))

    async def list_states(request: Request) -> Response:
        return answer({"value": [workspaces.onboarding_state()]})

    async def get_state(request: Request) -> Response:
        return answer(workspaces.onboarding_state(request.path_params["name"]))

    async def list_permissions(request: Request) -> Response:
        return answer({"value": workspaces.permissions()})

    async def list_metadata(request: Request) -> Response:
        found, following = page(documents, OffsetQuery.of(request.query_params))
        body: Body = {"value": found}
        if following:
            body["nextLink"] = link(request, following)
        return answer(body)

    async def get_metadata(request: Request) -> Response:
        name = request.path_params["name"]
        found = documents.get("metadata", name)
        if found is None:
            raise not_found("Metadata", name)
        return answer(found)

    return {
        **shelves(documents, _KINDS),
        "Subscriptions_List": list_subscriptions,
        "Subscriptions_Get": get_subscription,
        "Workspaces_List": list_workspaces,
        "Workspaces_ListByResourceGroup": list_workspaces,
        "Workspaces_Get": get_workspace,
        "Tables_ListByWorkspace": list_tables,
        "Tables_Get": get_table,
        "SentinelOnboardingStates_List": list_states,
        "SentinelOnboardingStates_Get": get_state,
        "Permissions_ListForResource": list_permissions,
        "Metadata_List": list_metadata,
        # Log Analytics has another Metadata_Get; this one is of Microsoft Sentinel.
        "SentinelMetadata_Get": get_metadata,
    }
