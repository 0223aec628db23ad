"""How many published queries the embedded engine runs: on empty tables, of those that bind.

    python -m benchmarks.engine_corpus FOLDER [EVERY]

FOLDER holds `*.jsonl` with a `query` on each line; EVERY takes each n-th query only. A query that
needs `externaldata` counts as a failure: the engine reads no address.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from sentinel_mcp.engine.engine import DuckdbEngine
from sentinel_mcp.errors import InputError, SentinelError
from sentinel_mcp.kql.catalog import Catalog, bundled
from sentinel_mcp.kql.dotnet import remedy
from sentinel_mcp.kql.results import Environment, Normalised
from sentinel_mcp.kql.validator import Checker

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_ENVIRONMENTS: tuple[Environment, ...] = ("sentinel", "xdr")
_DEADLINE_S = 20
_NAMES = re.compile(r"__\w+|\"[^\"]*\"|'[^']*'|\d+")


def measure(folder: Path, every: int = 1) -> tuple[int, int, Counter[str]]:
    """Return how many queries bind, how many of them run, and what the others met with."""
    return asyncio.run(_measured(folder, every))


async def _measured(folder: Path, every: int) -> tuple[int, int, Counter[str]]:
    # As of a workspace that has every documented table, so that no other table or function binds.
    catalogs: dict[Environment, Catalog] = {
        name: bundled(name).with_tables(bundled(name).tables.values()) for name in _ENVIRONMENTS
    }
    engines = {name: DuckdbEngine(duckdb.connect(), each) for name, each in catalogs.items()}
    binding = running = 0
    met: Counter[str] = Counter()
    checker = Checker(timeout_s=_DEADLINE_S)
    try:
        if await checker.engine() == "grammar":
            sys.exit(f"Nothing is bound without .NET, so nothing is measured. {remedy()}")
        for query in list(_queries(folder))[::every]:
            where = await _bound_in(checker, query, catalogs)
            if where is None:
                continue
            binding += 1
            try:
                normalised = await checker.normalise(query, catalogs[where])
                _run(engines[where], normalised)
                running += 1
            except SentinelError as error:
                met[_NAMES.sub("…", error.message)[:100]] += 1
    finally:
        await checker.aclose()
    return binding, running, met


def _queries(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)["query"]


async def _bound_in(
    checker: Checker, query: str, catalogs: dict[Environment, Catalog]
) -> Environment | None:
    """Return the environment that knows the query's tables and columns, None for neither."""
    for name, catalog in catalogs.items():
        try:
            check = await checker.check(query, catalog)
        except InputError:
            return None
        if check.valid:
            return name
    return None


def _run(engine: DuckdbEngine, normalised: Normalised) -> None:
    deadline = threading.Timer(_DEADLINE_S, engine.interrupt)
    deadline.start()
    try:
        list(engine.run(normalised, timespan=None, now=_NOW, max_rows=1).rows)
    finally:
        deadline.cancel()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    bound, ran, failures = measure(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else 1)
    print(f"{bound} queries bind, {ran} of them run: {ran / max(bound, 1):.1%}")
    for construct, count in failures.most_common(60):
        print(f"{count:>6}  {construct}")
