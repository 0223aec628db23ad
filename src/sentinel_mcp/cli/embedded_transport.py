"""The transport of a workspace that is opened by the first request through it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from azure.core.pipeline.transport import AsyncHttpTransport

if TYPE_CHECKING:
    from sentinel_mcp.local.workspace import LocalWorkspace


class OpeningTransport(AsyncHttpTransport[Any, Any]):
    """Passes requests on to the workspace's own transport.

    The two type arguments are `Any` as in the SDK's own transports: it sends requests of two
    generations through the same one.
    """

    def __init__(self, opened: Callable[[], Awaitable[LocalWorkspace]]) -> None:
        self._opened = opened
        self._inner: AsyncHttpTransport[Any, Any] | None = None

    async def send(self, request: Any, **kwargs: Any) -> Any:
        """Send one request, opening the workspace if this is the first."""
        inner = self._inner
        if inner is None:
            workspace = await self._opened()
            # Another request may have come here too while this one was waiting.
            inner = self._inner = self._inner or workspace.make_transport()
        return await inner.send(request, **kwargs)

    async def open(self) -> None:
        """Do nothing: the first request opens."""

    async def close(self) -> None:
        """Close what the first request opened."""
        if self._inner is not None:
            await self._inner.close()

    async def __aenter__(self) -> OpeningTransport:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()
