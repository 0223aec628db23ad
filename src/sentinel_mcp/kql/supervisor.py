"""Keeps one worker at hand: started on demand, asked in turn, replaced when it fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sentinel_mcp.errors import Busy, TimedOut, Unavailable
from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.dotnet import worker_command, worker_environment
from sentinel_mcp.kql.process import WorkerDied, WorkerHung, WorkerProcess
from sentinel_mcp.kql.protocol import Message, schema_message
from sentinel_mcp.kql.results import CheckEngine

_logger = logging.getLogger(__name__)

_START_TIMEOUT_S = 30
"""For the process and for a schema; measured: 0.6 and 0.4 s."""

_TURNS_WAITED = 4
"""How many deadlines a caller waits for its turn before it is told that there is none."""


class Supervisor:
    """Starts the worker with the first request, and anew when it has died or hangs.

    Where it cannot be started at all, there is none for good, and the log says so once.
    """

    def __init__(self, *, timeout_s: float, runtimes: Callable[[], Sequence[Path]]) -> None:
        self._timeout_s = timeout_s
        self._runtimes = runtimes
        self._worker: WorkerProcess | None = None
        self._roots: list[Path] | None = None
        self._has_run = False
        self._turn = asyncio.Lock()
        self._asked: set[asyncio.Task[Message | None]] = set()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The id of the worker process, while there is one."""
        return self._worker.pid if self._worker else None

    @property
    def versions(self) -> Mapping[str, str]:
        """What the running worker has loaded."""
        return self._worker.versions if self._worker else {}

    async def engine(self) -> CheckEngine:
        """Tell whether there is a worker, by starting it."""
        await self._in_turn(None, None)
        return "kusto_language" if self._has_run else "grammar"

    async def ask(self, request: Message, catalog: Catalog) -> Message | None:
        """Return the answer to a request about a catalog; None where no worker is to be had.

        Raises:
            TimedOut: no answer in time; the worker is replaced.
            Unavailable: two workers in a row died over the request, or none starts any more.
            Busy: too many requests wait.

        """
        return await self._in_turn(request, catalog)

    async def aclose(self) -> None:
        """End the worker, within a second; whoever waits for an answer is cancelled."""
        self._closed = True
        asked = list(self._asked)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        if self._worker is not None:
            worker, self._worker = self._worker, None
            await worker.end()

    async def _in_turn(self, request: Message | None, catalog: Catalog | None) -> Message | None:
        if self._closed:
            raise Unavailable("The query checker is closed.", hint="Start the server again.")
        # A task of its own, that outlives a caller that is cancelled: the next one would read the
        # answer to this one's question otherwise.
        task = asyncio.create_task(self._wait_and_ask(request, catalog))
        self._asked.add(task)
        task.add_done_callback(self._settle)
        return await asyncio.shield(task)

    def _settle(self, task: asyncio.Task[Message | None]) -> None:
        self._asked.discard(task)
        if not task.cancelled():
            task.exception()  # seen, although the caller may be gone

    async def _wait_and_ask(
        self, request: Message | None, catalog: Catalog | None
    ) -> Message | None:
        try:
            async with asyncio.timeout(_START_TIMEOUT_S + _TURNS_WAITED * self._timeout_s):
                await self._turn.acquire()
        except TimeoutError as error:
            raise Busy("Too many queries wait to be checked.", hint="Try again shortly.") from error
        try:
            return await self._ask_twice(request, catalog)
        finally:
            self._turn.release()

    async def _ask_twice(self, request: Message | None, catalog: Catalog | None) -> Message | None:
        for _ in range(2):
            worker = await self._at_hand()
            if worker is None or request is None or catalog is None:
                return None
            try:
                return await self._answer(worker, request, catalog)
            except WorkerHung as error:
                self._worker = None
                raise TimedOut(
                    f"The query was not checked within {self._timeout_s:g} s.",
                    hint="Simplify the query; deep nesting takes longest.",
                ) from error
            except WorkerDied as error:
                self._worker = None
                _logger.warning("The KQL worker died (killed: %s) and is replaced.", error.killed)
            except asyncio.CancelledError:
                self._worker = None
                raise
        raise Unavailable(
            "The process that checks queries died twice over this query.",
            hint="Simplify the query, or run it with check=false.",
        )

    async def _answer(self, worker: WorkerProcess, request: Message, catalog: Catalog) -> Message:
        key = f"{catalog.environment}-{catalog.version}"
        keyed: Message = {**request, "key": key}
        answer = await worker.ask(keyed, timeout_s=self._timeout_s)
        if answer.get("fault", {}).get("kind") != "unknown_schema":
            return answer
        pushed = await worker.ask(schema_message(catalog, key), timeout_s=_START_TIMEOUT_S)
        return pushed if "fault" in pushed else await worker.ask(keyed, timeout_s=self._timeout_s)

    async def _at_hand(self) -> WorkerProcess | None:
        """Return the worker, started if need be; None where it never could be."""
        if self._worker is not None:
            return self._worker
        if self._roots is None:
            self._roots = list(self._runtimes())
            if not self._roots:
                _logger.warning("No .NET runtime was found: queries get a syntax check only.")
        while self._roots:
            self._worker = await self._start(self._roots[0])
            if self._worker is not None:
                # The root that works is the one to start from again.
                self._has_run = True
                return self._worker
            if self._has_run:
                raise Unavailable(
                    "The process that checks queries does not start any more.",
                    hint="Look into the server's log; memory may have run out.",
                )
            self._roots.pop(0)
        return None

    async def _start(self, root: Path) -> WorkerProcess | None:
        for attempt in range(2):
            try:
                return await WorkerProcess.start(
                    worker_command(), worker_environment(root), timeout_s=_START_TIMEOUT_S
                )
            except WorkerDied as error:
                if error.killed and attempt == 0:
                    continue  # by somebody, which says nothing of the runtime
                _logger.warning("The KQL worker does not start with .NET of %s: %s", root, error)
            except WorkerHung as error:
                _logger.warning("The KQL worker hangs with .NET of %s: %s", root, error)
            return None
        return None
