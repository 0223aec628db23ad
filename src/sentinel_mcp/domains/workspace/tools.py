"""Workspace tools: what there is, who may do what, what it costs, how it fares."""

from typing import Annotated

from fastmcp.dependencies import Depends
from pydantic import Field

from sentinel_mcp.domains.arguments import Cursor, WorkspaceName
from sentinel_mcp.domains.workspace.diagnosis import ConnectionChecks
from sentinel_mcp.domains.workspace.metrics import (
    NAMESPACE,
    Aggregation,
    Grain,
    MetricsAnswer,
    MetricsRequest,
)
from sentinel_mcp.domains.workspace.models import (
    ConnectionReport,
    WorkspaceDetail,
    WorkspaceListing,
)
from sentinel_mcp.domains.workspace.provider import workspace
from sentinel_mcp.domains.workspace.rights.models import PermissionReport
from sentinel_mcp.domains.workspace.service import WorkspaceDirectory
from sentinel_mcp.domains.workspace.setup import tools as setup_tools
from sentinel_mcp.domains.workspace.usage.models import UsageReport
from sentinel_mcp.domains.workspace.usage.service import Price
from sentinel_mcp.effects import READS_AZURE
from sentinel_mcp.wiring import service

__all__ = ["setup_tools", "workspace"]


@workspace.tool("Get a workspace", READS_AZURE, {"workspace", "core"}, timeout=90)
async def get_workspace(
    workspace: WorkspaceName = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> WorkspaceDetail:
    """Read how a workspace is set up: ids, location, retention, plan, daily cap, Sentinel.

    Use it to learn how far back logs go; then `search_tables`.
    """
    return await directory.get(workspace)


@workspace.tool("List workspaces", READS_AZURE, {"workspace", "core"}, timeout=150)
async def list_workspaces(
    limit: Annotated[int, Field(ge=1, le=200, description="Per page.")] = 50,
    cursor: Cursor = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> WorkspaceListing:
    """List the configured workspaces, and all others in sight, Lighthouse included.

    Tools take configured names.
    """
    return await directory.page(limit=limit, cursor=cursor)


@workspace.tool("Check the connection", READS_AZURE, {"workspace", "core"}, timeout=60)
async def check_connection(
    workspace: WorkspaceName = None,
    checks: ConnectionChecks = Depends(service(ConnectionChecks)),
) -> ConnectionReport:
    """Check sign-in, Resource Manager, Log Analytics and Sentinel at once, and tell as whom.

    Use it first when other tools fail; each failed check says what to do.
    """
    return await checks.report(workspace)


@workspace.tool("Check permissions", READS_AZURE, {"workspace", "core"}, timeout=120)
async def check_permissions(
    workspace: WorkspaceName = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> PermissionReport:
    """Tell what this identity may read and write, per toolset, and the least role to grant.

    Use it after an `access_denied`.
    """
    return await directory.permissions.report(workspace)


@workspace.tool("Get the usage report", READS_AZURE, {"workspace"}, timeout=300)
async def get_usage_report(
    days: Annotated[int, Field(ge=1, le=90, description="Whole days before today, UTC.")] = 28,
    price_per_gb: Annotated[
        float | None,
        Field(ge=0, le=1_000, description="Default: a list price, named."),
    ] = None,
    currency: Annotated[
        str | None, Field(pattern="^[A-Z]{3}$", description="Of your price, such as EUR.")
    ] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Tables per page.")] = 20,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> UsageReport:
    """Report the GB per table and day: billable, trend, odd days, estimated cost.

    Use it to find what drives cost; then `check_data_freshness`.
    """
    price = Price(price_per_gb, currency)
    return await directory.usage.report(
        price, days=days, limit=limit, cursor=cursor, workspace=workspace
    )


@workspace.tool("Query metrics", READS_AZURE, {"workspace"}, timeout=90)
async def query_metrics(
    metrics: Annotated[
        list[Annotated[str, Field(max_length=200)]] | None,
        Field(max_length=20, description="Names. None: list them."),
    ] = None,
    timespan: Annotated[str, Field(max_length=100, description="`7d` or `start/end`.")] = "P1D",
    granularity: Annotated[Grain, Field(description="Interval.")] = "PT1H",
    aggregations: Annotated[
        list[Aggregation] | None,
        Field(min_length=1, max_length=5, description="Default: the metric's own."),
    ] = None,
    namespace: Annotated[str, Field(max_length=200, description="Of the metrics.")] = NAMESPACE,
    workspace: WorkspaceName = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> MetricsAnswer:
    """Read Azure Monitor metrics of the workspace, such as its ingestion volume.

    Call it without `metrics` first.
    """
    request = MetricsRequest(metrics or [], timespan, granularity, aggregations or [], namespace)
    return await directory.metrics.query(request, workspace=workspace)
