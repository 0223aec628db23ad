"""Opens the configured workspaces, each when it is first asked for, and closes them all.

Importing this module imports no Azure package; the first `get` does, in a thread.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import TYPE_CHECKING

from sentinel_mcp.azure.context import AzureServicesContext, ServiceNotices
from sentinel_mcp.clock import Clock
from sentinel_mcp.errors import NotFound, Unavailable
from sentinel_mcp.settings import Settings, Workspace

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline.transport import AsyncHttpTransport
    from azure.core.rest import AsyncHttpResponse, HttpRequest

    from sentinel_mcp.azure.clients import Wiring

_SHOWN_CHARS = 80
"""Of a name that does not exist."""


class Workspaces:
    """The configured workspaces by name; all of them share one transport and one credential.

    `clock` tells what the time is in them.
    """

    def __init__(
        self,
        settings: Settings,
        configured: Sequence[Workspace],
        *,
        make_transport: Callable[[], AsyncHttpTransport[HttpRequest, AsyncHttpResponse]]
        | None = None,
        make_credential: Callable[[], AsyncTokenCredential] | None = None,
        read_only: bool = True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], datetime] | None = None,
        notices: ServiceNotices | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self._settings = settings
        self._configured = {each.name: each for each in configured}
        self._make_transport = make_transport
        self._make_credential = make_credential
        self._read_only = read_only
        self._sleep = sleep
        self._notices = notices or ServiceNotices()
        self._lock = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._wiring: Wiring | None = None
        self._open: dict[str, AzureServicesContext] = {}
        self._closed = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the configured workspaces, the default one first."""
        return tuple(self._configured)

    async def get(self, name: str | None = None) -> AzureServicesContext:
        """Return a workspace by name, or the default one; open it if it is not open yet.

        Raises:
            NotFound: no workspace of that name is configured.
            ConfigError: the credential or the workspace's location cannot be used.

        """
        workspace = self._find(name)
        async with self._lock:
            if self._closed:
                raise Unavailable(
                    "The server is shutting down.", hint="Try again once it has started anew."
                )
            if workspace.name not in self._open:
                self._open[workspace.name] = await self._opened(workspace)
            return self._open[workspace.name]

    async def aclose(self) -> None:
        """Close clients, transport and credential, in this order, even when closing one fails."""
        async with self._lock:
            self._closed = True
            self._open.clear()
            await self._stack.aclose()

    def _find(self, name: str | None) -> Workspace:
        wanted = name if name is not None else next(iter(self._configured), None)
        if wanted is None or wanted not in self._configured:
            raise NotFound(
                f"No workspace {wanted[:_SHOWN_CHARS]!r} is configured."
                if wanted
                else "No workspace is configured.",
                hint=f"Configured: {', '.join(self.names)}." if self.names else None,
            )
        return self._configured[wanted]

    async def _opened(self, workspace: Workspace) -> AzureServicesContext:
        await asyncio.to_thread(importlib.import_module, "sentinel_mcp.azure.clients")
        from sentinel_mcp.azure import clients  # loaded by now, so this takes no time

        # What fails half-way closes what it has opened, so that the next call starts clean.
        async with AsyncExitStack() as attempt:
            wiring = self._wiring or await clients.open_wiring(
                attempt,
                self._settings,
                tuple(self._configured.values()),
                make_transport=self._make_transport,
                make_credential=self._make_credential,
                read_only=self._read_only,
                sleep=self._sleep,
                notices=self._notices,
            )
            context = clients.open_clients(attempt, wiring, workspace)
            self._wiring = wiring
            self._stack.push_async_exit(attempt.pop_all())
        return context
