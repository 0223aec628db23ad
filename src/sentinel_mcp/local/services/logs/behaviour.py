"""Queries on the embedded engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from sentinel_mcp.errors import InputError, KqlError, UnsupportedLocally
from sentinel_mcp.kql.results import Diagnostic, Normalised
from sentinel_mcp.local.damage import damage_of
from sentinel_mcp.local.services.faults import UNSUPPORTED, Body, Fault, bad_argument, of_error
from sentinel_mcp.local.services.logs.call import QueryCall
from sentinel_mcp.local.services.logs.engines import Engines, Lent
from sentinel_mcp.local.services.logs.environments import require_kept
from sentinel_mcp.local.services.logs.functions import WorkspaceFunctions
from sentinel_mcp.local.services.logs.rows import MAX_ROWS, RowWriter
from sentinel_mcp.local.services.logs.threads import QueryThreads
from sentinel_mcp.local.services.writing import Clock

if TYPE_CHECKING:
    from sentinel_mcp.engine.engine import EngineResult
    from sentinel_mcp.kql.catalog import Catalog
    from sentinel_mcp.kql.validator import Checker


class Running:
    """A query whose first rows are there; the others are read as the answer is sent."""

    def __init__(
        self,
        result: EngineResult,
        writer: RowWriter,
        first_rows: bytes,
        execution_s: float,
        threads: QueryThreads,
    ) -> None:
        self.result = result
        self.writer = writer
        self.execution_s = execution_s
        self._first_rows = first_rows
        self._threads = threads

    async def rows(self) -> AsyncIterator[bytes]:
        """Yield the rows, as the inside of a JSON array."""
        yield self._first_rows
        while not self.writer.done:
            yield await self._threads.run(self.writer.take)

    def close(self) -> None:
        """Read no more and let go of the rows: what awaits this may live on in a cycle."""
        self.writer.close()
        self.result.rows = []

    @property
    def cut(self) -> str | None:
        """The limit that cut the rows, once they were read."""
        if self.writer.cut is None and self.result.truncated:
            return f"record count limit {MAX_ROWS}"
        return self.writer.cut


class Queries:
    """Runs queries, each on an engine that no other query uses meanwhile."""

    def __init__(
        self, engines: Engines, checker: Checker, clock: Clock, functions: WorkspaceFunctions
    ) -> None:
        self._engines = engines
        self._functions = functions
        self._checker = checker
        self._clock = clock
        self._threads = QueryThreads()

    @asynccontextmanager
    async def running(self, call: QueryCall) -> AsyncGenerator[Running]:
        """Run a query; its rows can be read within the context.

        What keeps it from running is a Fault; one that takes longer than it may is a 504.
        """
        # Not waited for by who is cancelled: the first look at a store may build it anew.
        borrow = partial(self._engines.borrow, call.environment)
        lent = await self._threads.run(borrow, discard=self._engines.give_back)
        try:
            running = await self._within(call, lent)
            try:
                yield running
            finally:
                running.close()
        except UnsupportedLocally as error:
            # DuckDB finds a damaged block when it reads it, be it after the first rows.
            if damage := damage_of(error.__cause__):
                raise await self._threads.run(partial(self._engines.doubt, damage)) from error
            raise of_error(error, UNSUPPORTED) from error
        finally:
            self._engines.give_back(lent)

    async def problem(self, query: str) -> str | None:
        """Return what keeps a query from running in the workspace, without running it."""
        lent = await self._threads.run(self._engines.borrow, discard=self._engines.give_back)
        try:
            check = await self._checker.check(query, self._functions.completed(lent.catalog))
        finally:
            self._engines.give_back(lent)
        return check.errors[0].message if check.errors else None

    def functions(self) -> list[Body]:
        """Return the functions that are saved in the workspace, as its metadata tells of them."""
        return self._functions.described()

    def close(self) -> None:
        """End what is running; take nothing more."""
        self._engines.interrupt()
        self._threads.close()
        self._engines.close()

    async def _within(self, call: QueryCall, lent: Lent) -> Running:
        deadline = asyncio.timeout(call.wait_s)
        try:
            async with deadline:
                return await self._begin(call, lent)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise Fault(
                504, "GatewayTimeout", f"The query did not finish within {call.wait_s} seconds."
            ) from error

    async def _begin(self, call: QueryCall, lent: Lent) -> Running:
        began = time.perf_counter()
        catalog = lent.catalog
        if call.environment == "sentinel":
            catalog = self._functions.completed(catalog)

        def execute(normalised: Normalised) -> tuple[EngineResult, RowWriter, bytes]:
            result = lent.engine.run(
                normalised, timespan=call.timespan, now=self._clock(), max_rows=MAX_ROWS
            )
            writer = RowWriter(result.rows, len(result.columns))
            return result, writer, writer.take()

        try:
            normalised = await self._checker.normalise(call.query, catalog)
            if call.environment == "xdr":
                require_kept(normalised.tables, catalog)
            result, writer, first = await self._threads.run(
                partial(execute, normalised), interrupt=lent.interrupt
            )
        except KqlError as error:
            raise await self._explained(error, call.query, catalog) from error
        except InputError as error:
            raise of_error(error, "InvalidQuery") from error
        return Running(result, writer, first, time.perf_counter() - began, self._threads)

    async def _explained(self, error: KqlError, query: str, catalog: Catalog) -> Fault:
        """Say what is wrong with a query, and where, in the shape of Log Analytics."""
        check = await self._checker.check(query, catalog)
        # Log Analytics parses before it binds: what does not parse is a syntax error, whatever
        # else is wrong.
        for finding in check.errors:
            if check.engine == "grammar" or _is_syntax(finding.code):
                return _syntax_error(finding, query)
        for finding in check.errors:
            # The service gives no position here; ours costs nothing and helps.
            return _semantic_error(finding.message, line=finding.line, pos=finding.column - 1)
        return _semantic_error(error.message)


def _syntax_error(finding: Diagnostic, query: str) -> Fault:
    """Position and token are those of Log Analytics: `line` counts from 1, `pos` from 0."""
    lines = query.split("\n")
    line = lines[min(finding.line, len(lines)) - 1]
    start = finding.column - 1
    inner = {
        "code": "SYN0002",
        "message": finding.message,
        "line": finding.line,
        "pos": start,
        "token": line[start : start + max(1, finding.length)],
    }
    told = "A recognition error occurred in the query."
    return bad_argument("SyntaxError", told, innererror=inner)


def _semantic_error(message: str, **where: int) -> Fault:
    inner = {"code": "SEM0100", "message": message, **where}
    return bad_argument("SemanticError", "A semantic error occurred.", innererror=inner)


def _is_syntax(code: str) -> bool:
    """Whether a diagnostic of Kusto.Language is of the parser: nearly all of those are below 100.

    The others are an operator that is expected, an incomplete fragment and an unknown directive.
    """
    digits = code.removeprefix("KS")
    return digits.isdigit() and (int(digits) < 100 or int(digits) in {176, 198, 250})
