"""Every recorded answer of Kusto: matched or refused, never contradicted."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rewriting import NOW, answer, catalog, database, read, rewrite, same_rows

from sentinel_mcp.engine.engine import DuckdbEngine, EngineResult
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql.results import Normalised

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "kql" / "cases.dev.json"

pytestmark = pytest.mark.skipif(
    not RECORDED.exists(), reason="the recorded answers of Kusto are not beside the repository"
)
_SPAN = re.compile(r"(-?)(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)")


@cache
def recorded() -> dict[str, Any]:
    return read(RECORDED)


def shapes() -> dict[str, dict[str, str]]:
    return {
        name: {column["name"]: column["type"] for column in table["columns"]}
        for name, table in recorded()["tables"].items()
    }


def engine() -> DuckdbEngine:
    rows = {
        name: [[plain(cell) for cell in row] for row in table["rows"]]
        for name, table in recorded()["tables"].items()
    }
    return DuckdbEngine(database(shapes(), rows), catalog(shapes()))


def plain(cell: object) -> object:
    return next(iter(cell.values())) if isinstance(cell, dict) else cell  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # JSON


def comparable(result: EngineResult) -> list[list[object]]:
    return [
        [
            _recorded_form(cell, column.type)
            for cell, column in zip(row, result.columns, strict=True)
        ]
        for row in result.rows
    ]


def _recorded_form(cell: object, of: str) -> object:
    if not isinstance(cell, str):
        return cell
    if of == "dynamic":
        return json.loads(cell)
    if of == "datetime":
        return {"$datetime": cell.removesuffix("Z")}
    if of == "timespan" and (match := _SPAN.fullmatch(cell)):
        sign, days, hours, minutes, seconds = match.groups()
        total = int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        return {"$timespan_s": -total if sign else total}
    return cell


def contradicted(results: dict[str, Normalised | SentinelError]) -> tuple[list[str], int]:
    """Return the cases that were answered otherwise than by Kusto, and how many were right."""
    wrong: list[str] = []
    right = 0
    running = engine()
    for case in recorded()["cases"]:
        try:
            result = answer(running, results[case["query"]])
        except SentinelError:
            continue
        if same_rows(comparable(result), case["rows"], ordered=case["ordered"]):
            right += 1
        else:
            wrong.append(f"{case['id']}: {comparable(result)} is not {case['rows']}")
    return wrong, right


def test_no_recorded_answer_is_contradicted_after_rewriting() -> None:
    queries = [case["query"] for case in recorded()["cases"]]

    wrong, right = contradicted(rewrite(queries, catalog(shapes())))

    assert wrong == []
    assert right >= 125


def test_no_recorded_answer_is_contradicted_without_the_bound_tree() -> None:
    as_written = {
        case["query"]: Normalised(case["query"], (), None, bound=False)
        for case in recorded()["cases"]
    }

    wrong, right = contradicted({**as_written})

    assert wrong == []
    assert right >= 90


def test_the_clock_of_the_tests_stands_still() -> None:
    result = answer(engine(), Normalised("print now()", (), None, bound=False))

    assert list(result.rows) == [[NOW.isoformat().replace("+00:00", "Z")]]
