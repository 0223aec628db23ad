"""Each construct that the translator alone gets wrong, against rows worked out by hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rewriting import answer, catalog, database, read, rewrite, same_rows

from sentinel_mcp.engine.engine import DuckdbEngine
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql.results import Normalised

TRAPS = read(Path(__file__).with_name("traps.json"))
SHAPES = {name: table["columns"] for name, table in TRAPS["tables"].items()}
ROWS = {name: table["rows"] for name, table in TRAPS["tables"].items()}


@cache
def rewritten() -> dict[str, Normalised | SentinelError]:
    return rewrite((case["query"] for case in TRAPS["cases"]), catalog(SHAPES))


@pytest.fixture(scope="module")
def engine() -> DuckdbEngine:
    return DuckdbEngine(database(SHAPES, ROWS), catalog(SHAPES))


@pytest.mark.parametrize("case", TRAPS["cases"], ids=lambda case: case["name"].replace(" ", "_"))
def test_kusto_answers_so(case: dict[str, Any], engine: DuckdbEngine) -> None:
    result = answer(engine, rewritten()[case["query"]])

    ordered = "sort by" in case["query"]
    found = list(result.rows)
    assert same_rows(found, case["rows"], ordered=ordered), found
