"""The real command over HTTP, spoken to by real clients."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from fastmcp import Client

from moment import NOW

PATIENCE_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def served(transport: str, folder: Path) -> AsyncGenerator[str]:
    port = free_port()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "sentinel_mcp.cli", "serve", "--local"),
        *("--transport", transport, "--port", str(port)),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**kept, **NOW, "SENTINEL_CACHE_DIR": str(folder)},
    )
    try:
        # The command tells on stderr when it listens; until then there is nothing to connect to.
        while process.stderr and (line := await process.stderr.readline()):
            if f":{port}".encode() in line:
                break
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        async with asyncio.timeout(PATIENCE_S):
            await process.communicate()


@pytest.mark.parametrize(("transport", "path"), [("http", "/mcp"), ("sse", "/sse")])
async def test_a_client_calls_a_tool_over_the_network(
    cache_dir: Path, transport: str, path: str
) -> None:
    async with served(transport, cache_dir) as base, Client(base + path) as client:
        answer = await client.call_tool("validate_query", {"query": "SigninLogs | count"})

    assert answer.structured_content
    assert answer.structured_content["valid"] is True


async def test_a_page_of_another_origin_is_turned_away(cache_dir: Path) -> None:
    async with served("http", cache_dir) as base, httpx2.AsyncClient() as browser:
        answer = await browser.post(
            f"{base}/mcp",
            json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
            headers={
                "Origin": "https://evil.example",
                "Host": "evil.example",
                "Accept": "application/json, text/event-stream",
            },
        )

    assert answer.status_code in (403, 421)
