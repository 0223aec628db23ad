"""Resources that are read from the default workspace: what it is and which tables it has."""

import logging

from fastmcp.dependencies import Depends
from fastmcp.exceptions import ResourceError
from fastmcp.server.providers import LocalProvider

from sentinel_mcp.domains.query.tables import Tables
from sentinel_mcp.domains.workspace.service import WorkspaceDirectory
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.wiring import service

live = LocalProvider()

JSON = "application/json"
MAX_TABLES = 200
"""Tables in the list, the largest first; `search_tables` reaches the others."""


@live.resource("sentinel://workspace", name="workspace", title="The workspace", mime_type=JSON)
async def read_workspace(
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> str:
    """Describe the default workspace: where it is, retention, cap, number of tables."""
    try:
        found = await directory.get(None)
    except SentinelError as error:
        raise _refusal(error) from error
    return found.model_dump_json(exclude_none=True)


@live.resource("sentinel://tables", name="tables", title="Tables", mime_type=JSON)
async def list_tables(store: Tables = Depends(service(Tables))) -> str:
    """List the tables of the default workspace, the largest first, with volume and last event."""
    try:
        listing = await store.search("", MAX_TABLES)
    except SentinelError as error:
        raise _refusal(error) from error
    return listing.model_dump_json(exclude_none=True)


@live.resource("sentinel://tables/{name}", name="table", title="One table", mime_type=JSON)
async def read_table(name: str, store: Tables = Depends(service(Tables))) -> str:
    """Describe one table of the default workspace: columns, plan, retention, volume, last event."""
    try:
        table = await store.get(name)
    except SentinelError as error:
        raise _refusal(error) from error
    return table.model_dump_json(exclude_none=True)


def _refusal(error: SentinelError) -> ResourceError:
    # The framework masks what it does not know; its own error carries the sentence through.
    return ResourceError(str(error), log_level=logging.DEBUG)
