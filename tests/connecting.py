"""Connects a client to the tools of an area, with stand-ins in the place of its services."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from fastmcp import Client, FastMCP
from fastmcp.client.transports import FastMCPTransport

from sentinel_mcp.answers import Failures, quieten_framework
from sentinel_mcp.area import Area
from sentinel_mcp.wiring import SERVICES


def connect(services: Mapping[type, object]) -> Client[FastMCPTransport]:
    """Return a client of a server whose tools find `services`, by type.

    The areas are those that the types are of: a service of `domains.incidents` brings its tools.
    """
    quieten_framework()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastMCP) -> AsyncGenerator[dict[str, Any]]:
        yield {SERVICES: dict(services)}

    areas = {kind.__module__.rpartition(".")[0] for kind in services}
    providers = [
        found.provider()
        for area in sorted(areas)
        for found in vars(importlib.import_module(f"{area}.tools")).values()
        if isinstance(found, Area)
    ]
    server = FastMCP(
        "test",
        lifespan=lifespan,
        middleware=[Failures()],
        providers=providers,
        mask_error_details=True,
    )
    return Client(server)
