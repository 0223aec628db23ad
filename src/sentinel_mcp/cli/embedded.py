"""The embedded workspace for a server: opened when it is first asked, not at the start."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinel_mcp.clock import Clock
from sentinel_mcp.local import identity
from sentinel_mcp.settings import LOCAL, Settings, Workspace

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline.transport import AsyncHttpTransport

    from sentinel_mcp.kql.validator import Checker
    from sentinel_mcp.local.workspace import LocalWorkspace

log = logging.getLogger(__name__)

WORKSPACE = Workspace(
    name=LOCAL,
    subscription_id=identity.SUBSCRIPTION_ID,
    resource_group=identity.RESOURCE_GROUP,
    workspace_name=identity.WORKSPACE_NAME,
    workspace_id=identity.WORKSPACE_ID,
    tenant_id=identity.TENANT_ID,
    location=identity.LOCATION,
)
"""The embedded workspace as the server sees it: one workspace like any other."""


def directory_of(settings: Settings) -> Path:
    """Return the folder in which the embedded workspace is kept."""
    if settings.cache_dir is not None:
        return settings.cache_dir / LOCAL
    from platformdirs import user_cache_path

    return user_cache_path("sentinel-mcp", appauthor=False) / LOCAL


class Embedded:
    """Opens the workspace once, for whoever asks first; the others wait for the same opening.

    Starting a server must not wait for it: the first build takes seconds, and a client that only
    lists the tools needs none of it.
    """

    def __init__(
        self,
        directory: Path,
        checker: Checker,
        clock: Clock,
        *,
        on_progress: Callable[[str, float], None] | None = None,
    ) -> None:
        self._directory = directory
        self._checker = checker
        self._clock = clock
        self._on_progress = on_progress or _log_progress
        self._opening: asyncio.Task[LocalWorkspace] | None = None

    def make_transport(self) -> AsyncHttpTransport[Any, Any]:
        """Return a transport that opens the workspace with its first request."""
        # It derives from an Azure class, which a server that has not been asked yet can do without.
        from sentinel_mcp.cli.embedded_transport import OpeningTransport

        return OpeningTransport(self.opened)

    def make_credential(self) -> AsyncTokenCredential:
        """Return the credential of the workspace."""
        from sentinel_mcp.local.credential import LocalCredential

        return LocalCredential()

    async def opened(self) -> LocalWorkspace:
        """Return the workspace, once it is open; a failed opening is tried anew by the next."""
        if self._opening is None or _failed(self._opening):
            self._opening = asyncio.create_task(self._open(), name="open the embedded workspace")
        # One caller that gives up must not end the opening for the others.
        return await asyncio.shield(self._opening)

    async def _open(self) -> LocalWorkspace:
        from sentinel_mcp.local.workspace import open_local

        workspace = await open_local(
            self._directory, self._checker, clock=self._clock, on_progress=self._on_progress
        )
        self._on_progress("ready", 1.0)
        for notice in workspace.notices:
            log.warning("%s", notice)
        return workspace

    async def aclose(self) -> None:
        """Close the workspace, if it was opened at all."""
        opening, self._opening = self._opening, None
        if opening is None or _failed(opening):
            return
        if not opening.done():
            opening.cancel()
            await asyncio.wait({opening})
            return
        await opening.result().aclose()


def _failed(opening: asyncio.Task[LocalWorkspace]) -> bool:
    return opening.done() and (opening.cancelled() or opening.exception() is not None)


def _log_progress(step: str, fraction: float) -> None:
    log.info("embedded workspace: %s (%.0f %%)", step, fraction * 100)
