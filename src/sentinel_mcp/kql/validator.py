"""Checks queries: text in, verdict out, whichever engine there is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sentinel_mcp.clock import Clock
from sentinel_mcp.errors import (
    InputError,
    KqlError,
    TimedOut,
    Unavailable,
    UnsupportedLocally,
)
from sentinel_mcp.kql import dotnet
from sentinel_mcp.kql.cache import AgingCache
from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.guard import refusals
from sentinel_mcp.kql.lint import lint
from sentinel_mcp.kql.literals import require_encodable
from sentinel_mcp.kql.protocol import Findings, Message, findings_of
from sentinel_mcp.kql.results import Check, CheckEngine, Column, Diagnostic, Normalised
from sentinel_mcp.kql.supervisor import Supervisor

_logger = logging.getLogger(__name__)

MAX_QUERY_BYTES = 256 * 1024
"""Longer text is refused unread; the longest of 3,283 published queries has 17 thousand."""

NO_DOTNET = "A query was left to the grammar: there is no .NET."
"""What the log says, at its lowest level, of each query that was not bound."""

CACHE_TTL_S = 300
_CACHE_ENTRIES = 512
_CACHE_BYTES = 8 * 1024 * 1024

_ERRORS_TOLD = 3


class Checker:
    """Checks and rewrites queries with Kusto.Language in a process of its own.

    The process starts with the first query. Where .NET is not to be had, a grammar in this
    process stands in, and every answer says so.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 5,
        allow: Collection[str] = (),
        allowed_workspaces: Collection[str] = (),
        prefer_grammar: bool = False,
        runtimes: Callable[[], Sequence[Path]] = dotnet.runtimes,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        """Prepare; `runtimes` finds the .NET roots to try, `clock` ages the cache.

        `now` is the time that queries call now.
        """
        self._now = now or Clock()
        self._timeout_s = timeout_s
        self._allow = frozenset(allow)
        self._allowed_workspaces = tuple(allowed_workspaces)
        self._supervisor = (
            None if prefer_grammar else Supervisor(timeout_s=timeout_s, runtimes=runtimes)
        )
        self._checks = AgingCache[Check](
            ttl_s=CACHE_TTL_S, max_entries=_CACHE_ENTRIES, max_bytes=_CACHE_BYTES, clock=clock
        )
        self._rewritten = AgingCache[Normalised](
            ttl_s=CACHE_TTL_S, max_entries=_CACHE_ENTRIES, max_bytes=_CACHE_BYTES, clock=clock
        )

    @property
    def worker_pid(self) -> int | None:
        """The id of the worker process, while there is one."""
        return self._supervisor.pid if self._supervisor else None

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of .NET and Kusto.Language; empty before the start and without them."""
        return self._supervisor.versions if self._supervisor else {}

    async def engine(self) -> CheckEngine:
        """Return what checks queries here; starts it to find out."""
        return await self._supervisor.engine() if self._supervisor else "grammar"

    async def check(self, query: str, catalog: Catalog) -> Check:
        """Return the verdict on a query; that it is invalid is a verdict, too.

        Raises:
            InputError: the text can be no query: too long, a NUL, an unpaired surrogate.
            Unavailable: the worker died over it twice, or did not answer in time.

        """
        _require_text(query)
        key = (query, catalog.environment, catalog.version)
        if (kept := self._checks.get(key)) is not None:
            self._log_lack(bound=kept.engine == "kusto_language")
            return kept
        done = await self._ask("check", query, catalog, now=self._now().isoformat())
        self._log_lack(bound=done is not None)
        if done is None:
            check = self._verdict(await self._by_grammar(query, catalog), "grammar")
        else:
            check = self._verdict(findings_of(done), "kusto_language")
        self._checks.put(key, check, _size_bytes(query, check))
        return check

    async def normalise(self, query: str, catalog: Catalog) -> Normalised:
        """Return the query as the embedded engine runs it rightly.

        Raises:
            KqlError: the query does not parse or bind.
            UnsupportedLocally: no right rewriting is known.
            InputError, Unavailable: as for `check`.

        """
        _require_text(query)
        key = (query, catalog.environment, catalog.version)
        if (kept := self._rewritten.get(key)) is not None:
            self._log_lack(bound=kept.bound)
            return kept
        done = await self._ask("normalise", query, catalog)
        self._log_lack(bound=done is not None)
        if done is None:
            findings = await self._by_grammar(query, catalog)
            _require_valid(findings.diagnostics)
            normalised = Normalised(query, findings.tables, None, bound=False)
        else:
            normalised = _normalised(done)
        self._rewritten.put(key, normalised, 2 * (len(query) + len(normalised.text)))
        return normalised

    def forget(self) -> None:
        """Empty the cache: what was checked is checked anew."""
        self._checks.clear()
        self._rewritten.clear()

    async def aclose(self) -> None:
        """End the worker, within a second; whoever waits for an answer is cancelled."""
        if self._supervisor:
            await self._supervisor.aclose()

    async def _ask(
        self, operation: str, query: str, catalog: Catalog, **more: str
    ) -> Message | None:
        if self._supervisor is None:
            return None
        answer = await self._supervisor.ask({"op": operation, "query": query, **more}, catalog)
        return None if answer is None else _done(answer)

    def _log_lack(self, *, bound: bool) -> None:
        if not bound and self._supervisor is not None:
            _logger.debug(NO_DOTNET)

    async def _by_grammar(self, query: str, catalog: Catalog) -> Findings:
        # ANTLR and its tables take 0.3 s to import, and most servers never need them.
        from sentinel_mcp.kql import grammar

        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.to_thread(grammar.check, query, catalog.tables.keys())
        except TimeoutError as error:
            raise TimedOut(
                f"The query was not checked within {self._timeout_s:g} s.",
                hint="Simplify the query.",
            ) from error

    def _verdict(self, findings: Findings, engine: CheckEngine) -> Check:
        return Check(
            engine=engine,
            diagnostics=findings.diagnostics,
            tables=findings.tables,
            functions=findings.functions,
            columns=findings.columns,
            formatted=findings.formatted,
            lint=lint(findings.habits, findings.advice),
            refusals=refusals(
                findings.constructs,
                allow=self._allow,
                allowed_workspaces=self._allowed_workspaces,
            ),
            time_range=findings.time_range,
            other_times=findings.other_times,
        )


def _require_text(query: str) -> None:
    if len(query) > MAX_QUERY_BYTES or len(query.encode("utf-8", "replace")) > MAX_QUERY_BYTES:
        raise InputError(
            f"The query has {len(query):,} characters; it may take {MAX_QUERY_BYTES:,} bytes.",
            hint="Keep long lists in a watchlist and read it with `_GetWatchlist()`.",
        )
    require_encodable(query, what="The query")


def _done(answer: Message) -> Message:
    """Return what an answer holds, or raise what it reports."""
    if (fault := answer.get("fault")) is None:
        return answer["done"]
    match fault["kind"]:
        case "invalid":
            _require_valid([Diagnostic(**each) for each in fault["diagnostics"]])
        case "refused":
            raise UnsupportedLocally(
                f"The embedded workspace cannot run {fault['construct']}: {fault['reason']}.",
                hint="Write it in another way, or run the query on Azure.",
            )
        case kind:
            _logger.error("The KQL worker: %s\n%s", kind, fault.get("trace", ""))
    raise Unavailable(
        f"The query could not be checked ({fault.get('error', fault['kind'])}).",
        hint="This is a defect; the server's log has its place.",
    )


def _require_valid(diagnostics: Sequence[Diagnostic]) -> None:
    errors = [each for each in diagnostics if each.severity == "error"]
    if not errors:
        return
    told = [_sentence(each) for each in errors[:_ERRORS_TOLD]]
    if len(errors) > _ERRORS_TOLD:
        told.append(f"{len(errors) - _ERRORS_TOLD} more.")
    raise KqlError(" ".join(told), hint="Correct the query; `validate_query` shows every finding.")


def _sentence(each: Diagnostic) -> str:
    suggestion = f" {each.suggestion}" if each.suggestion else ""
    return f"Line {each.line}, column {each.column}: {each.message}{suggestion}"


def _normalised(done: Message) -> Normalised:
    columns = done["columns"]
    return Normalised(
        text=done["text"],
        tables=tuple(done["tables"]),
        columns=None if columns is None else tuple(Column(**each) for each in columns),
        bound=True,
    )


def _size_bytes(query: str, check: Check) -> int:
    """Return about how much a verdict takes to keep."""
    parts = len(check.diagnostics) + len(check.lint) + len(check.columns or ())
    return 2 * len(query) + len(check.formatted or "") + 300 * parts + 50 * len(check.tables)
