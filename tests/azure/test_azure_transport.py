"""The pooled transport against a real server on loopback."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from azure.core.exceptions import IncompleteReadError, ServiceRequestError
from azure.core.rest import HttpRequest

from sentinel_mcp.azure.transport import SharedTransport, pooled

BODY = b'{"rows":[' + b'["x"],' * 50_000 + b'["x"]]}'


class Server:
    """Serves one body on loopback and notes who connected and who left early."""

    def __init__(self) -> None:
        self.peers: set[object] = set()
        self.left = asyncio.Event()
        self.asked = asyncio.Event()
        self.url = ""

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/packed", self._packed)
        app.router.add_get("/slow", self._slow)
        app.router.add_get("/short", self._short)
        runner = web.AppRunner(app, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _packed(self, request: web.Request) -> web.Response:
        self.peers.add(request.transport and request.transport.get_extra_info("peername"))
        return web.Response(body=gzip.compress(BODY), headers={"Content-Encoding": "gzip"})

    async def _slow(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begun")
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()
        return response

    async def _short(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"begun")
        assert request.transport
        request.transport.close()
        return response


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    serving = Server()
    runner = await serving.start()
    yield serving
    await runner.cleanup()


@pytest.fixture
async def transport() -> AsyncIterator[SharedTransport]:
    inner = pooled(connections=2)
    yield SharedTransport(inner)
    await inner.close()


async def test_a_compressed_body_streams_decompressed_and_connections_are_kept(
    server: Server, transport: SharedTransport
) -> None:
    for _ in range(3):
        request = HttpRequest("GET", f"{server.url}/packed")
        response = await transport.send(request, stream=True)
        pieces = [piece async for piece in response.iter_bytes()]
        assert b"".join(pieces) == BODY

    assert len(server.peers) == 1


async def test_closing_a_response_early_ends_the_request_at_the_server(
    server: Server, transport: SharedTransport
) -> None:
    response = await transport.send(HttpRequest("GET", f"{server.url}/slow"), stream=True)
    assert await anext(aiter(response.iter_bytes())) == b"begun"

    await response.close()

    await server.left.wait()


async def test_cancelling_a_request_ends_it_at_the_server(
    server: Server, transport: SharedTransport
) -> None:
    call = asyncio.create_task(transport.send(HttpRequest("GET", f"{server.url}/slow")))
    await server.asked.wait()

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    await server.left.wait()


async def test_a_body_cut_off_by_the_server_is_an_incomplete_read(
    server: Server, transport: SharedTransport
) -> None:
    with pytest.raises(IncompleteReadError):
        await transport.send(HttpRequest("GET", f"{server.url}/short"))


async def test_a_port_nobody_listens_at_is_a_failed_request(transport: SharedTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(ServiceRequestError):
        await transport.send(HttpRequest("GET", f"http://127.0.0.1:{port}/"))
