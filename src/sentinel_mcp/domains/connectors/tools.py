"""Data connector tools."""

from typing import Annotated

from fastmcp.dependencies import Depends
from fastmcp.server.providers import LocalProvider
from pydantic import Field

from sentinel_mcp.domains.connectors.models import (
    Connected,
    ConnectorDetail,
    ConnectorListing,
    Source,
)
from sentinel_mcp.domains.connectors.service import ConnectorFilter, Connectors
from sentinel_mcp.domains.outlines import outline
from sentinel_mcp.effects import READS_AZURE
from sentinel_mcp.wiring import service

connectors = LocalProvider()

WorkspaceName = Annotated[str | None, Field(description="A configured name. Default: the first.")]


@connectors.tool(
    title="List data connectors",
    annotations=READS_AZURE,
    tags={"connectors", "core"},
    timeout=90,
    output_schema=outline(ConnectorListing),
)
async def list_connectors(
    text: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=200,
            description="Part of a title, kind, publisher or table.",
        ),
    ] = None,
    source: Annotated[
        Source | None,
        Field(description="`connection`: brings data in. `definition`: could be connected."),
    ] = None,
    connected: Annotated[
        Connected | None, Field(description="Keep only these. Default: all.")
    ] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Connectors per page.")] = 50,
    cursor: Annotated[
        str | None,
        Field(max_length=1_000, description="`next_cursor` of the previous page, same filters."),
    ] = None,
    workspace: WorkspaceName = None,
    store: Connectors = Depends(service(Connectors)),
) -> ConnectorListing:
    """List data connectors and content-hub definitions with their tables and whether they are on.

    Use it to learn which tables can have data; `get_connector` tells the settings of one.
    """
    wanted = ConnectorFilter(text=text, source=source, connected=connected)
    return await store.page(wanted, limit=limit, cursor=cursor, workspace=workspace)


@connectors.tool(
    title="Get a data connector",
    annotations=READS_AZURE,
    tags={"connectors"},
    timeout=150,
    output_schema=outline(ConnectorDetail),
)
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
