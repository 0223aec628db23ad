"""Tables of the tests' own, and queries rewritten by the real worker."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from sentinel_mcp.engine.engine import DuckdbEngine, EngineResult
from sentinel_mcp.engine.types import duckdb_type
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql.catalog import Catalog, TableSchema
from sentinel_mcp.kql.results import Column, Normalised
from sentinel_mcp.kql.validator import Checker

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

Shape = Mapping[str, str]


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def catalog(tables: Mapping[str, Shape]) -> Catalog:
    return Catalog(
        "sentinel",
        {
            name: TableSchema(name, tuple(Column(c, of) for c, of in shape.items()))
            for name, shape in tables.items()
        },
    )


def database(
    tables: Mapping[str, Shape], rows: Mapping[str, Iterable[Iterable[object]]]
) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for name, shape in tables.items():
        columns = ", ".join(f'"{column}" {duckdb_type(of)}' for column, of in shape.items())
        connection.execute(f'CREATE TABLE "{name}" ({columns})')
        for row in rows.get(name, ()):
            cells = list(row)
            marks = ", ".join("?" * len(cells))
            connection.execute(f'INSERT INTO "{name}" VALUES ({marks})', cells)
    return connection


def rewrite(queries: Iterable[str], known: Catalog) -> dict[str, Normalised | SentinelError]:
    """Rewrite all queries by one worker; a refusal stands in for what was refused."""

    async def all_of_them() -> dict[str, Normalised | SentinelError]:
        checker = Checker(timeout_s=30)
        done: dict[str, Normalised | SentinelError] = {}
        try:
            for query in queries:
                try:
                    done[query] = await checker.normalise(query, known)
                except SentinelError as error:
                    done[query] = error
        finally:
            await checker.aclose()
        return done

    return asyncio.run(all_of_them())


def answer(engine: DuckdbEngine, rewritten: Normalised | SentinelError) -> EngineResult:
    if isinstance(rewritten, SentinelError):
        raise rewritten
    return engine.run(rewritten, timespan=None, now=NOW, max_rows=1000)


def same(got: object, wanted: object) -> bool:
    """Tell whether two cells are equal, reals within rounding."""
    if isinstance(got, bool) or isinstance(wanted, bool):
        return got is wanted
    if isinstance(got, int | float) and isinstance(wanted, int | float):
        return math.isclose(got, wanted, rel_tol=1e-9)
    return got == wanted


def same_rows(got: list[list[object]], wanted: list[list[object]], *, ordered: bool) -> bool:
    if len(got) != len(wanted):
        return False
    rest = list(got)
    for row in wanted:
        candidates = rest[:1] if ordered else rest
        found = next((each for each in candidates if _same_row(each, row)), None)
        if found is None:
            return False
        rest.remove(found)
    return True


def _same_row(got: list[object], wanted: list[object]) -> bool:
    return len(got) == len(wanted) and all(map(same, got, wanted))
