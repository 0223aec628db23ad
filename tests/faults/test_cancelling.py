"""What the caller gives up ends at Azure too; what takes long is told while it lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import WORKSPACE, Reply, ScriptedAzure, Tokens

from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.server import create_server
from sentinel_mcp.settings import Settings

PATIENCE_S = 30

Connected = Client[FastMCPTransport]


class SlowAzure(ScriptedAzure):
    """Has the schema at hand, and takes forever over a query; knows which were given up."""

    def __init__(self) -> None:
        super().__init__(
            {"GET /metadata": {"tables": [], "functions": []}, "POST /query": self.take_forever}
        )
        self.begun = asyncio.Event()
        self.given_up = asyncio.Event()

    async def take_forever(self, _: HttpRequest) -> Reply:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        raise AssertionError("nothing ends this wait")


@asynccontextmanager
async def connected(azure: SlowAzure) -> AsyncGenerator[Connected]:
    checker = Checker(prefer_grammar=True, timeout_s=60)
    server = create_server(
        Settings(),
        workspaces=[WORKSPACE],
        make_transport=lambda: azure,
        make_credential=Tokens,
        checker=checker,
    )
    async with Client(server) as client:
        yield client
    await checker.aclose()


async def arrives(event: asyncio.Event) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await event.wait()


async def test_cancelling_a_task_ends_its_request() -> None:
    azure = SlowAzure()
    async with connected(azure) as client:
        started = await client.call_tool("start_query", {"query": "print 1"})
        assert started.structured_content
        await arrives(azure.begun)
        ended = await client.call_tool("cancel_task", {"task_id": started.structured_content["id"]})

    assert azure.given_up.is_set()
    assert ended.structured_content
    assert ended.structured_content["status"] == "cancelled"
    assert ended.structured_content["is_complete"] is True


async def test_cancelling_a_call_ends_its_request() -> None:
    azure = SlowAzure()
    async with connected(azure) as client:
        call = asyncio.create_task(client.call_tool("run_query", {"query": "print 1"}))
        await arrives(azure.begun)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await arrives(azure.given_up)

        alive = await client.call_tool("list_tasks")
        assert alive.structured_content == {"tasks": [], "total_count": 0}


async def test_a_client_that_leaves_ends_what_it_started() -> None:
    azure = SlowAzure()
    async with connected(azure) as client:
        await client.call_tool("start_query", {"query": "print 1"})
        await arrives(azure.begun)

    assert azure.given_up.is_set()


async def test_a_long_call_tells_its_progress() -> None:
    azure = SlowAzure()
    told: list[str | None] = []
    heard = asyncio.Event()

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)
        heard.set()

    async with connected(azure) as client:
        call = asyncio.create_task(
            client.call_tool("run_query", {"query": "print 1"}, progress_handler=hear)
        )
        await arrives(heard)
        call.cancel()
        await asyncio.wait({call})

    assert told[0]
    assert told[0].startswith("query: waiting for the service, ")
