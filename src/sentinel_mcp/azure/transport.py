"""The one HTTP connection pool that all clients share."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from azure.core.pipeline.transport import AioHttpTransport, AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest

Transport = AsyncHttpTransport[HttpRequest, AsyncHttpResponse]

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60
KEEPALIVE_S = 45
# Compressed bytes per read. Log rows shrink about 16-fold, so a read yields about 256 KB; what
# a hostile 1000-fold body can make of it in one go is 16 MB.
BLOCK_BYTES = 16 * 1024


def pooled(*, connections: int) -> Transport:
    """Return a transport over a pool of `connections`; needs a running event loop."""
    session = ClientSession(
        connector=TCPConnector(limit=connections, keepalive_timeout=KEEPALIVE_S),
        cookie_jar=DummyCookieJar(),
        trust_env=True,
        # The SDK decompresses streamed bodies itself, and fails on those that already are.
        auto_decompress=False,
    )
    return AioHttpTransport(
        session=session,
        session_owner=True,
        connection_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        connection_data_block_size=BLOCK_BYTES,
    )


class SharedTransport(AsyncHttpTransport[HttpRequest, AsyncHttpResponse]):
    """What clients get to see of a transport: they send through it, and cannot close it.

    Closing an SDK client closes its transport, whoever else uses it.
    """

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    # Any: the SDK hands transport options over as keyword arguments of many types.
    async def send(self, request: HttpRequest, **kwargs: Any) -> AsyncHttpResponse:
        """Send through the shared transport."""
        return await self._inner.send(request, **kwargs)

    async def open(self) -> None:
        """Open the shared transport, if it is not open yet."""
        await self._inner.open()

    async def close(self) -> None:
        """Leave the shared transport open; its owner closes it."""

    async def __aenter__(self) -> SharedTransport:
        await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()
