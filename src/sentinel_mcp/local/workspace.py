"""Opens the embedded workspace: a store, the application over it, and ways to reach it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sentinel_mcp.clock import Clock
from sentinel_mcp.errors import Unavailable
from sentinel_mcp.local.app import create_app
from sentinel_mcp.local.files import StoreFiles
from sentinel_mcp.local.requests import RequestLog
from sentinel_mcp.local.services.logs.behaviour import Queries
from sentinel_mcp.local.services.logs.engines import Engines, MakeEngine
from sentinel_mcp.local.services.logs.functions import WorkspaceFunctions
from sentinel_mcp.local.store import OnProgress, Store

if TYPE_CHECKING:
    from sentinel_mcp.kql.validator import Checker
    from sentinel_mcp.local.credential import LocalCredential
    from sentinel_mcp.local.transport import AsgiTransport


class LocalWorkspace:
    """The embedded workspace while it is open."""

    def __init__(
        self,
        directory: Path,
        store: Store,
        checker: Checker,
        *,
        clock: Callable[[], datetime],
        make_engine: MakeEngine | None = None,
    ) -> None:
        self.clock = clock
        self.directory = directory
        self.store = store
        self.request_log = RequestLog()
        engines = Engines(store, make_engine or _duckdb_engine(store), StoreFiles(directory).stamp)
        functions = WorkspaceFunctions(store.documents)
        self._queries = Queries(engines, checker, clock, functions)
        self.app = self.request_log.watching(create_app(store, self._queries, clock))

    @property
    def notices(self) -> Sequence[str]:
        """What the store repaired or carried over when it was opened, for people to read."""
        return self.store.notices

    def make_transport(self) -> AsgiTransport:
        """Return a transport that carries the Azure SDK's requests here."""
        from sentinel_mcp.local.transport import AsgiTransport

        return AsgiTransport(self.app)

    def make_credential(self) -> LocalCredential:
        """Return a credential whose token is taken here and opens nothing else."""
        from sentinel_mcp.local.credential import LocalCredential

        return LocalCredential()

    async def aclose(self) -> None:
        """Wait for the queries that run and close the store; the checker stays its owner's."""
        await asyncio.to_thread(self._queries.close)
        await asyncio.to_thread(self.store.close)

    async def __aenter__(self) -> LocalWorkspace:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


async def open_local(
    directory: Path, checker: Checker, *, clock: Clock, on_progress: OnProgress | None = None
) -> LocalWorkspace:
    """Open the embedded workspace that is kept in `directory`; build it where it is missing.

    Its time is that of `clock`, and the scenario ends where the clock began.

    The first build takes some seconds; `on_progress` is called from another thread meanwhile. A
    caller that is cancelled ends the build, and nothing of it is left.
    """
    abandoned = threading.Event()

    def told(step: str, part: float) -> None:
        if abandoned.is_set():
            raise Unavailable("Opening the embedded workspace was given up.")
        if on_progress:
            on_progress(step, part)

    def opened() -> Store:
        store = Store.open(directory, now=clock.start, on_progress=told)
        if abandoned.is_set():
            store.close()
        return store

    try:
        store = await asyncio.to_thread(opened)
    except asyncio.CancelledError:
        abandoned.set()
        raise
    return LocalWorkspace(directory, store, checker, clock=clock)


def _duckdb_engine(store: Store) -> MakeEngine:
    from sentinel_mcp.engine.engine import DuckdbEngine
    from sentinel_mcp.local.services.logs.additions import AppendedTables

    return partial(DuckdbEngine, additions=AppendedTables(store.documents))
