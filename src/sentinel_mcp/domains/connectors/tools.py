"""Data connector tools."""

from typing import Annotated

from fastmcp.dependencies import Depends
from pydantic import Field

from sentinel_mcp.area import Area
from sentinel_mcp.domains.arguments import Cursor, WorkspaceName
from sentinel_mcp.domains.connectors.freshness import FreshnessFilter
from sentinel_mcp.domains.connectors.models import (
    Connected,
    ConnectorDetail,
    ConnectorListing,
    FreshnessReport,
    Source,
)
from sentinel_mcp.domains.connectors.service import ConnectorFilter, Connectors
from sentinel_mcp.domains.connectors.silence import State
from sentinel_mcp.effects import READS_AZURE
from sentinel_mcp.wiring import service

connectors = Area()


@connectors.tool("List data connectors", READS_AZURE, {"connectors", "core"}, timeout=90)
async def list_connectors(
    text: Annotated[str | None, Field(max_length=200, description="Title, kind, table.")] = None,
    source: Annotated[Source | None, Field(description="Only these.")] = None,
    connected: Annotated[Connected | None, Field(description="Only these.")] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Per page.")] = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Connectors = Depends(service(Connectors)),
) -> ConnectorListing:
    """List data connectors and definitions to connect.

    With tables, state.
    """
    wanted = ConnectorFilter(text=text or None, source=source, connected=connected)
    return await store.page(wanted, limit=limit, cursor=cursor, workspace=workspace)


@connectors.tool("Check data freshness", READS_AZURE, {"connectors", "core"}, timeout=300)
async def check_data_freshness(
    table: Annotated[str | None, Field(max_length=200, description="Only this.")] = None,
    state: Annotated[State | None, Field(description="Only these.")] = None,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Connectors = Depends(service(Connectors)),
) -> FreshnessReport:
    """Tell per table if data comes, and which rules are blind.

    Worst first.
    """
    wanted = FreshnessFilter(table or None, state)
    return await store.freshness.report(wanted, cursor=cursor, workspace=workspace)


@connectors.tool("Get a data connector", READS_AZURE, {"connectors"}, timeout=150)
async def get_connector(
    connector: Annotated[
        str,
        Field(min_length=1, max_length=260, description="`name` from `list_connectors`."),
    ],
    workspace: WorkspaceName = None,
    store: Connectors = Depends(service(Connectors)),
) -> ConnectorDetail:
    """Read one data connector or definition: settings, permissions and how it is connected.

    Use it when a table that a rule or query needs is silent. Secrets are never shown.
    """
    return await store.get(connector, workspace=workspace)
