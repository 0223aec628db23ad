"""Columns that no row fills are not read: the answers are the same, whatever comes later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
import pytest
from rewriting import answer, catalog, database, rewrite

from sentinel_mcp.engine.engine import DuckdbEngine
from sentinel_mcp.engine.tables import Addition, Stored, stored_tables
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql.results import Normalised

SHAPES = {
    "Door": {
        "TimeGenerated": "datetime",
        "k": "long",
        "Badge": "string",
        "Never": "string",
        "Blank": "string",
        "NoBag": "dynamic",
        "Bag": "dynamic",
    },
    "Bare": {"k": "long", "Never": "string"},
}
ROWS = {
    "Door": [
        ["2026-03-10 11:00:00", 1, "ann", None, "", None, '{"a":1}'],
        ["2026-03-10 11:30:00", 2, None, None, None, None, None],
    ]
}
QUERIES = [
    "Door | project k, Badge, Never, Blank, NoBag, Bag | sort by k asc",
    "Door | where isempty(Never) and isempty(Blank) and isnull(NoBag) | count",
    "Door | where Never == '' | count",
    "Door | where Never has 'x' or Blank contains 'x' or tostring(NoBag) has 'x' | count",
    "Door | where * has 'late' | project k",
    "Door | where * matches regex '^late$' | project k",
    "Door | extend Never = strcat(Never, 'x') | summarize count() by Never",
    "Door | summarize make_list(Never), dcount(Blank), take_any(NoBag)",
    "Door | where NoBag.deep == 'late' | project k",
    "Door | mv-expand NoBag | count",
    "Bare | project Never",
    "union Door, Bare | summarize countif(Never == '')",
]


@pytest.fixture(scope="module")
def rewritten() -> dict[str, Normalised | SentinelError]:
    return rewrite(QUERIES, catalog(SHAPES))


Answers = dict[str, list[list[object]]]


def answers(engine: DuckdbEngine, rewritten: Mapping[str, Normalised | SentinelError]) -> Answers:
    return {query: list(answer(engine, rewritten[query]).rows) for query in QUERIES}


def empty(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    return stored_tables(connection)["Door"].empty


def filled_somewhere() -> duckdb.DuckDBPyConnection:
    """Return the same rows in tables in whose every column something stood once."""
    connection = database(SHAPES, ROWS)
    filler = "'2026-03-10 11:00:00', 9, 'x', 'x', 'x', '\"x\"', '\"x\"'"
    connection.execute(f'INSERT INTO "Door" VALUES ({filler})')
    connection.execute('DELETE FROM "Door" WHERE k = 9')
    return connection


def test_columns_that_no_row_fills_are_known_and_those_with_anything_are_not() -> None:
    assert empty(database(SHAPES, ROWS)) == {"Never", "Blank", "NoBag"}
    assert empty(filled_somewhere()) == frozenset()
    assert stored_tables(database(SHAPES, ROWS))["Bare"].empty == frozenset()


def test_the_answers_are_those_of_a_table_that_is_read_whole(
    rewritten: Mapping[str, Normalised | SentinelError],
) -> None:
    spared = answers(DuckdbEngine(database(SHAPES, ROWS), catalog(SHAPES)), rewritten)
    whole = answers(DuckdbEngine(filled_somewhere(), catalog(SHAPES)), rewritten)

    assert spared == whole
    assert spared[QUERIES[0]] == [[1, "ann", "", "", None, '{"a":1}'], [2, "", "", "", None, None]]


@pytest.mark.parametrize("kept_in_a_file", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO Door VALUES ('2026-03-10', 3, '', 'late', '', '{\"deep\":\"late\"}', NULL)",
        'UPDATE "Door" SET Never = \'late\', NoBag = \'{"deep":"late"}\' WHERE k = 2',
    ],
)
def test_a_column_that_is_filled_later_is_read_by_the_next_engine(
    rewritten: Mapping[str, Normalised | SentinelError],
    tmp_path: Path,
    change: str,
    kept_in_a_file: bool,
) -> None:
    connection = database(SHAPES, ROWS)
    if kept_in_a_file:
        connection.execute(f"ATTACH '{tmp_path / 'held.duckdb'}' AS held")
        connection.execute("COPY FROM DATABASE memory TO held")
        connection.execute("USE held")
        connection.execute("CHECKPOINT held")
    assert empty(connection) == {"Never", "Blank", "NoBag"}

    connection.execute(change)
    found = answers(DuckdbEngine(connection, catalog(SHAPES)), rewritten)

    ((k,),) = found["Door | where * matches regex '^late$' | project k"]
    assert found["Door | where * has 'late' | project k"] == [[k]]
    assert found["Door | where NoBag.deep == 'late' | project k"] == [[k]]
    assert k in (2, 3)


def test_a_file_that_is_opened_anew_tells_the_same_columns(tmp_path: Path) -> None:
    path = tmp_path / "held.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE Door (k BIGINT, Never VARCHAR, NoBag JSON, Late VARCHAR)")
        connection.execute("INSERT INTO Door SELECT i, '', NULL, '' FROM range(200000) r(i)")
        connection.execute("INSERT INTO Door VALUES (-1, NULL, NULL, 'late')")

    with duckdb.connect(path, read_only=True) as connection:
        assert empty(connection) == {"Never", "NoBag"}


class Beside:
    """Rows that belong to a stored table and are kept in another place."""

    def __init__(self, rows: str) -> None:
        self._rows = rows

    def bring(
        self, connection: duckdb.DuckDBPyConnection, tables: Iterable[str]
    ) -> Mapping[str, Addition]:
        columns = "(TimeGenerated TIMESTAMP, k BIGINT, Never VARCHAR, NoBag JSON)"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE beside {columns}")
        connection.execute(f"INSERT INTO beside VALUES {self._rows}")
        shape = {"TimeGenerated": "TIMESTAMP", "k": "BIGINT", "Never": "VARCHAR", "NoBag": "JSON"}
        held = Stored(shape, frozenset(), 1)
        return {"Door": Addition("temp.beside", held)} if "Door" in tables else {}


def test_a_row_beside_the_table_is_read_in_the_columns_that_the_table_leaves_empty(
    rewritten: Mapping[str, Normalised | SentinelError],
) -> None:
    beside = Beside("('2026-03-10 11:45:00', 7, 'late', '{\"deep\":\"late\"}')")
    engine = DuckdbEngine(database(SHAPES, ROWS), catalog(SHAPES), beside)

    found = answers(engine, rewritten)

    assert found["Door | where * has 'late' | project k"] == [[7]]
    assert found["Door | where NoBag.deep == 'late' | project k"] == [[7]]
    assert found["Door | where Never == '' | count"] == [[2]]
