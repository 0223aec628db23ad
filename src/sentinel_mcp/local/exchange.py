"""One request to an ASGI application under way in this process, and its answer as it comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from azure.core.exceptions import (
    IncompleteReadError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from starlette.types import ASGIApp, Message, Scope

CHUNKS_AHEAD = 2
"""How many chunks the application may be ahead of its reader."""

Headers = tuple[tuple[str, str], ...]

_log = logging.getLogger(__name__)


class Exchange:
    """The application's task, and what it sends as it sends it."""

    def __init__(
        self, app: ASGIApp, scope: Scope, body: bytes, *, read_timeout_s: float | None
    ) -> None:
        self._app = app
        self._scope = scope
        self._body = body
        self._read_timeout_s = read_timeout_s
        self._asked = False
        self._complete = False
        self._left = asyncio.Event()
        self._room = asyncio.Semaphore(CHUNKS_AHEAD)
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._head: asyncio.Future[tuple[int, Headers]]
        self._head = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._ended)

    async def head(self) -> tuple[int, Headers]:
        """Wait for the status and the headers."""
        async with _patience(self._read_timeout_s):
            return await self._head

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it is sent; end when the application has ended.

        An application that ends before its answer does is an IncompleteReadError.
        """
        while True:
            async with _patience(self._read_timeout_s):
                chunk = await self._chunks.get()
            if chunk is None:
                break
            self._room.release()
            yield chunk
        if not self._complete:
            raise IncompleteReadError("The embedded workspace broke off its answer.")

    async def close(self) -> None:
        """End the application, unless it has ended, and wait until it has."""
        self._left.set()
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        await self._app(self._scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message.get("headers", ())
            )
            self._head.set_result((int(message["status"]), headers))
        elif message["type"] == "http.response.body":
            if body := message.get("body", b""):
                await self._room.acquire()
                self._chunks.put_nowait(bytes(body))
            self._complete = not message.get("more_body", False)

    def _ended(self, task: asyncio.Task[None]) -> None:
        failure = None if task.cancelled() else task.exception()
        if failure:
            _log.error("The embedded workspace failed.", exc_info=failure)
        if not self._head.done():
            self._head.set_exception(
                ServiceResponseError("The embedded workspace gave no answer.", error=failure)
            )
            self._head.exception()  # marks it as seen: the one who waited may be gone
        self._chunks.put_nowait(None)


@asynccontextmanager
async def _patience(timeout_s: float | None) -> AsyncGenerator[None]:
    """Limit a wait, and tell of its end in the SDK's own words."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise ServiceResponseTimeoutError(
            "The embedded workspace did not answer in time.", error=error
        ) from error
