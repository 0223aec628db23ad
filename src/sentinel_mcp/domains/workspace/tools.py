"""Workspace tools."""

from typing import Annotated

from fastmcp.dependencies import Depends
from fastmcp.server.providers import LocalProvider
from pydantic import Field

from sentinel_mcp.domains.outlines import outline
from sentinel_mcp.domains.workspace.diagnosis import ConnectionChecks
from sentinel_mcp.domains.workspace.models import (
    ConnectionReport,
    WorkspaceDetail,
    WorkspaceListing,
)
from sentinel_mcp.domains.workspace.service import WorkspaceDirectory
from sentinel_mcp.effects import READS_AZURE
from sentinel_mcp.wiring import service

workspace = LocalProvider()

WorkspaceName = Annotated[str | None, Field(description="A configured name. Default: the first.")]


@workspace.tool(
    title="Get a workspace",
    annotations=READS_AZURE,
    tags={"workspace", "core"},
    timeout=90,
    output_schema=outline(WorkspaceDetail),
)
async def get_workspace(
    workspace: WorkspaceName = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> WorkspaceDetail:
    """Read how a workspace is set up: ids, location, retention, plan, daily cap, Sentinel, tables.

    Use it to learn where answers come from and how far back logs go; then `search_tables`.
    """
    return await directory.get(workspace)


@workspace.tool(
    title="List workspaces",
    annotations=READS_AZURE,
    tags={"workspace", "core"},
    timeout=150,
    output_schema=outline(WorkspaceListing),
)
async def list_workspaces(
    limit: Annotated[int, Field(ge=1, le=200, description="Visible workspaces per page.")] = 50,
    cursor: Annotated[
        str | None, Field(max_length=1_000, description="`next_cursor` of the previous page.")
    ] = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> WorkspaceListing:
    """List the configured workspaces, and all that this identity can see, Lighthouse included.

    Use it when a question names a workspace; other tools take the names of the configured ones.
    """
    return await directory.page(limit=limit, cursor=cursor)


@workspace.tool(
    title="Check the connection",
    annotations=READS_AZURE,
    tags={"workspace", "core"},
    timeout=60,
    output_schema=outline(ConnectionReport),
)
async def check_connection(
    workspace: WorkspaceName = None,
    checks: ConnectionChecks = Depends(service(ConnectionChecks)),
) -> ConnectionReport:
    """Check sign-in, Resource Manager, Log Analytics and Sentinel at once, and tell as whom.

    Use it first when other tools fail; each failed check says what to do.
    """
    return await checks.report(workspace)
