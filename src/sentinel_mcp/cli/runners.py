"""Two ways to run a query: through our own server, or on tables held in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from sentinel_mcp.kql.timespan import parse_timespan

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from sentinel_mcp.cli.session import Session
    from sentinel_mcp.engine.engine import EngineResult
    from sentinel_mcp.kql.catalog import Catalog
    from sentinel_mcp.kql.results import Normalised
    from sentinel_mcp.kql.timespan import Timespan
    from sentinel_mcp.kql.validator import Checker

MAX_ROWS = 10_000
"""Rows of one answer: more than a person reads, and little enough to hold in memory."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The first table of a result, what `render` asked for, and what there is to say about it."""

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[object]]
    visualization: str | None = None
    notes: Sequence[str] = field(default_factory=tuple)


class Runner(Protocol):
    """Runs one query.

    Raises:
        SentinelError: it did not run.

    """

    async def run(self, query: str, timespan: str | None) -> Answer:
        """Run it within `timespan`, or within what the query says."""
        ...


class ServerRunner:
    """Runs queries by the tool that assistants use."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def run(self, query: str, timespan: str | None) -> Answer:
        """Run a query with `run_query`."""
        arguments = {"query": query, "max_rows": MAX_ROWS, "include_visualization": True}
        if timespan is not None:
            arguments["timespan"] = timespan
        answer = await self._session.call("run_query", **arguments)
        tables: list[dict[str, Any]] = answer["tables"]
        visualization: dict[str, Any] = answer.get("visualization") or {}
        return Answer(
            columns=[(each["name"], each["type"]) for each in tables[0]["columns"]]
            if tables
            else [],
            rows=tables[0]["rows"] if tables else [],
            visualization=visualization.get("visualization"),
            notes=tuple(_notes(answer)),
        )


def _notes(answer: dict[str, Any]) -> list[str]:
    span = answer["timespan"]
    covered = {
        "argument": f"{span['applied']}, as asked",
        "query": f"{span.get('in_query') or span['applied'] or 'as the query says'}",
        "default": f"{span['applied']}, as neither the query nor --timespan says",
        "none": "everything",
    }[span["source"]]
    notes = [f"{answer['row_count']:,} rows from {answer['workspace']}; time covered: {covered}"]
    if answer["partial"]:
        fault: dict[str, str] = answer.get("error") or {}
        notes.append(f"incomplete: {fault.get('message') or 'the service gave no reason'}")
    return [*notes, *answer["warnings"]]


class FixtureRunner:
    """Runs queries on tables in memory, with the engine of the embedded workspace."""

    def __init__(
        self,
        connection: DuckDBPyConnection,
        catalog: Catalog,
        checker: Checker,
        clock: Callable[[], datetime],
    ) -> None:
        from sentinel_mcp.engine.engine import DuckdbEngine

        self._engine = DuckdbEngine(connection, catalog)
        self._catalog = catalog
        self._checker = checker
        self._clock = clock

    async def run(self, query: str, timespan: str | None) -> Answer:
        """Run a query as the embedded workspace does."""
        normalised = await self._checker.normalise(query, self._catalog)
        result, rows = await asyncio.to_thread(
            self._read, normalised, parse_timespan(timespan) if timespan else None
        )
        visualization = result.visualization or {}
        kind = visualization.get("visualization")
        notes = (f"cut: the first {MAX_ROWS:,} rows are here",) if result.truncated else ()
        return Answer(
            columns=[(each.name, each.type) for each in result.columns],
            rows=rows,
            visualization=str(kind) if kind else None,
            notes=(f"{len(rows):,} rows from the fixtures", *notes),
        )

    def _read(
        self, query: Normalised, timespan: Timespan | None
    ) -> tuple[EngineResult, list[list[object]]]:
        result = self._engine.run(query, timespan=timespan, now=self._clock(), max_rows=MAX_ROWS)
        return result, list(result.rows)
