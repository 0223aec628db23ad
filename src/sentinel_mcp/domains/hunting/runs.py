"""Runs a stored hunting query, within the limits that any query has."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import cut, text
from sentinel_mcp.domains.hunting.documents import SHORT_CHARS
from sentinel_mcp.domains.hunting.models import AppliedTimespan, HuntingResult, ResultColumn
from sentinel_mcp.domains.hunting.queries import HuntingQueries, StoredQuery
from sentinel_mcp.domains.rows import Room
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.domains.timespans import applied_range
from sentinel_mcp.domains.verdicts import require_allowed
from sentinel_mcp.errors import InputError
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.literals import require_encodable
from sentinel_mcp.kql.timespan import parse_timespan
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import Settings

SHOWN_CHARS = 4_000
"""Of the text, beside its result; `get_hunting_query` shows all of it."""

MIN_ROW_BYTES = 2_048
"""For rows there is always room, however long the text."""

_TEXT_CHARS = 256 * 1024
"""No longer text is taken for a query anywhere in this server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Which stored query to run, over which time, for how many rows."""

    query: str
    timespan: str | None = None
    max_rows: int | None = None


class HuntingRuns:
    """Runs hunting queries. Their text comes from the workspace, so the guard has a look at it.

    Without a `checker` of the server, the grammar alone is asked: the guard holds all the same.
    """

    def __init__(
        self,
        azure: AzureCalls,
        queries: HuntingQueries,
        settings: Settings,
        checker: Checker | None,
    ) -> None:
        self._azure = azure
        self._queries = queries
        self._settings = settings
        self._checker = checker or Checker(
            timeout_s=settings.validation_timeout_s,
            allow=settings.allow_kql,
            allowed_workspaces=settings.allowed_remote_workspaces,
            prefer_grammar=True,
        )

    async def run(self, request: RunRequest, *, workspace: str | None) -> HuntingResult:
        """Run a stored query and return what it found.

        Raises:
            InputError: it is a function with parameters, or has no text.
            QueryRefused: the guard does not let it run; nothing was sent.

        """
        if request.timespan is not None:
            parse_timespan(request.timespan)  # refused before anything is asked
        context = await self._azure.open(workspace)
        stored = await self._queries.stored(context, request.query)
        query = _runnable(stored)
        # Whether its names bind is not asked: the service knows tables that are not bundled.
        catalog = await asyncio.to_thread(bundled, "sentinel")
        check = await self._checker.check(query, catalog)
        require_allowed(check)
        span = applied_range(query, request.timespan, check, self._azure.now())
        max_rows = request.max_rows or self._settings.max_rows
        found = await self._azure.query(
            context,
            "run a hunting query",
            query,
            timespan=span.applied,
            max_rows=max_rows,
        )
        empty = HuntingResult(
            workspace=context.config.name,
            id=request.query,
            title=stored.detail(context.config.name).title,
            query=cut(query, SHOWN_CHARS),
            columns=[ResultColumn(name=name, type=kind) for name, kind in found.columns],
            rows=[],
            row_count=0,
            truncated=found.truncated,
            timespan=AppliedTimespan(
                requested=span.requested, applied=span.applied, source=span.source
            ),
            partial=found.fault is not None,
            error=found.fault,
        )
        room = Room.of(
            max_rows=max_rows,
            max_bytes=max(MIN_ROW_BYTES, self._azure.max_answer_bytes - size_bytes(empty)),
        )
        rows = room.take(list(each.values()) for each in found.rows)
        truncated = found.truncated or room.full
        told = {"rows": rows, "row_count": len(rows), "truncated": truncated}
        warnings = [*span.warnings, *room.warnings(truncated=truncated)]
        return empty.model_copy(update={**told, "warnings": warnings})


def parameters(declared: str) -> dict[str, bool]:
    """Return the names in `a:string, b:timespan=7d, T:(c:string, d:long)`, here a, b and T.

    With each, whether a call has to give it a value: not b, which has one.
    """
    found: dict[str, bool] = {}
    depth, start = 0, 0
    for index, character in enumerate(f"{declared},"):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth <= 0:
            name, _, rest = declared[start:index].partition(":")
            if name.strip():
                found[name.strip()[:100]] = "=" not in rest
            start = index + 1
    return found


def _runnable(stored: StoredQuery) -> str:
    query = text(stored.properties, "query", _TEXT_CHARS)
    if query is None:
        raise InputError(
            "The stored query has no text.", hint="Look at it with `get_hunting_query`."
        )
    if declared := parameters(text(stored.properties, "functionParameters") or ""):
        alias = text(stored.properties, "functionAlias", SHORT_CHARS)
        needed = [name for name, is_needed in declared.items() if is_needed]
        raise InputError(
            f"The stored query is a function with the parameters: {', '.join([*declared][:20])}.",
            hint=f"Call it in `run_query`: {alias}({', '.join(needed[:20])})"
            + (", with values in place of the names." if needed else ", all have values.")
            if alias
            else "Read it with `get_hunting_query`, and run it with values in their places.",
        )
    require_encodable(query, what="The stored query")
    return query
