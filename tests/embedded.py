"""The whole server over an embedded workspace that the test holds in its hands."""

from __future__ import annotations

from typing import Any

from azure.core.pipeline.transport import AsyncHttpTransport
from fastmcp import FastMCP
from starlette.types import ASGIApp

from sentinel_mcp.cli.embedded import WORKSPACE
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.transport import AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace
from sentinel_mcp.server import create_server
from sentinel_mcp.settings import Settings


def server_over(
    workspace: LocalWorkspace, checker: Checker, settings: Settings, *, app: ASGIApp | None = None
) -> FastMCP:
    """Return a server with every tool, whose Azure is `workspace`, or `app` in its place."""

    def make_transport() -> AsyncHttpTransport[Any, Any]:  # takes whatever the SDKs send
        return AsgiTransport(app) if app else workspace.make_transport()

    return create_server(
        settings,
        workspaces=[WORKSPACE],
        make_transport=make_transport,
        make_credential=workspace.make_credential,
        checker=checker,
        clock=workspace.clock,
    )
