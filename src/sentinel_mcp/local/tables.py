"""Tables in DuckDB with the Kusto types that DuckDB's own types do not tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel_mcp.engine.types import duckdb_type
from sentinel_mcp.kql.catalog import TableSchema
from sentinel_mcp.kql.results import Column

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

RECORD = "sentinel_mcp"
"""The DuckDB schema that holds what the store knows of itself, out of the reach of KQL."""

TIME_COLUMN = "TimeGenerated"

_NUMBERS = ("int", "long", "real")
"""Each holds the values of those before it, but for whole numbers too large for a real."""


@dataclass(frozen=True, slots=True)
class Build:
    """Which scenario a file holds; `generation` changes with the code that writes it."""

    seed: int
    anchor: str
    generation: str

    @property
    def id(self) -> str:
        """A name for the build, the same in the logs and in the documents."""
        return f"{self.generation}/{self.seed}/{self.anchor}"


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def create_record(connection: DuckDBPyConnection, build: Build) -> None:
    """Create the store's own tables in a new file."""
    connection.execute(f"CREATE SCHEMA {RECORD}")
    connection.execute(
        f"CREATE TABLE {RECORD}.build (seed BIGINT, anchor VARCHAR, generation VARCHAR)"
    )
    connection.execute(
        f"INSERT INTO {RECORD}.build VALUES (?, ?, ?)",  # noqa: S608 - constant text
        [build.seed, build.anchor, build.generation],
    )
    connection.execute(
        f"CREATE TABLE {RECORD}.tables (name VARCHAR, description VARCHAR, scenario_rows BIGINT)"
    )
    connection.execute(
        f"CREATE TABLE {RECORD}.columns "
        "(table_name VARCHAR, position INTEGER, name VARCHAR, type VARCHAR, description VARCHAR)"
    )


def read_build(connection: DuckDBPyConnection) -> Build:
    """Return which scenario the file holds."""
    seed, anchor, generation = connection.execute(
        f"SELECT seed, anchor, generation FROM {RECORD}.build"  # noqa: S608 - constant text
    ).fetchall()[0]
    return Build(seed, anchor, generation)


def create_table(connection: DuckDBPyConnection, schema: TableSchema) -> None:
    """Create an empty table and write its Kusto types down."""
    columns = ", ".join(_definition(column) for column in schema.columns)
    connection.execute(f"CREATE TABLE {quoted(schema.name)} ({columns})")
    connection.execute(
        f"INSERT INTO {RECORD}.tables VALUES (?, ?, 0)",  # noqa: S608 - constant text
        [schema.name, schema.description],
    )
    _comment(connection, schema.name, 0)
    _record_columns(connection, schema.name, schema.columns, first=0)


def create_beside(connection: DuckDBPyConnection, place: str, schema: TableSchema) -> None:
    """Create an empty table like another, at a place in SQL, unless it is there."""
    columns = ", ".join(_definition(column) for column in schema.columns)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {place} ({columns})")


def add_columns(
    connection: DuckDBPyConnection, schema: TableSchema, columns: Iterable[Column]
) -> None:
    """Add columns to a table that has rows; the rows there are hold nothing in them."""
    new = tuple(columns)
    for column in new:
        connection.execute(f"ALTER TABLE {quoted(schema.name)} ADD COLUMN {_definition(column)}")
    _record_columns(connection, schema.name, new, first=len(schema.columns))


def widen(connection: DuckDBPyConnection, table: str, column: Column, coming: str) -> str:
    """Let a column hold what comes too, where its type does not; return the type that it has."""
    wider = _common_type(column.type, coming)
    if wider == column.type:
        return wider
    name = quoted(column.name)
    if wider == "real" and _count(connection, table, f"NOT ({exact_as_real(name)})"):
        wider = "string"
    kind = duckdb_type(wider)
    value = f"coalesce({name}::VARCHAR, '')" if wider == "string" else f"{name}::{kind}"
    connection.execute(f"ALTER TABLE {quoted(table)} ALTER {name} TYPE {kind} USING {value}")
    if wider == "string":
        connection.execute(f"ALTER TABLE {quoted(table)} ALTER {name} SET DEFAULT ''")
    connection.execute(
        f"UPDATE {RECORD}.columns SET type = ? WHERE table_name = ? AND name = ?",  # noqa: S608 - constant text
        [wider, table, column.name],
    )
    return wider


def exact_as_real(number: str) -> str:
    """Return the SQL condition that a real holds a whole number to its last digit."""
    return f"abs({number}::HUGEINT) <= {2**53}"


def _common_type(there: str, coming: str) -> str:
    if there in (coming, "string", "dynamic"):
        return there
    if there in _NUMBERS and coming in _NUMBERS:
        return max(there, coming, key=_NUMBERS.index)
    return "string"


def read_schemas(connection: DuckDBPyConnection) -> dict[str, TableSchema]:
    """Return the schema of every stored table, by name."""
    columns: dict[str, list[Column]] = {}
    for table, name, kusto_type, description in connection.execute(
        f"SELECT table_name, name, type, description FROM {RECORD}.columns "  # noqa: S608 - constant text
        "ORDER BY table_name, position"
    ).fetchall():
        columns.setdefault(table, []).append(Column(name, kusto_type, description))
    return {
        name: TableSchema(name, tuple(columns[name]), description)
        for name, description in connection.execute(
            f"SELECT name, description FROM {RECORD}.tables ORDER BY name"  # noqa: S608 - constant text
        ).fetchall()
    }


def seal_scenario(connection: DuckDBPyConnection) -> dict[str, int]:
    """Write down how many rows of each table are the scenario's; what follows is ingested."""
    counts: dict[str, int] = {}
    for (name,) in connection.execute(f"SELECT name FROM {RECORD}.tables").fetchall():  # noqa: S608 - constant text
        counts[name] = row_count(connection, name)
        connection.execute(
            f"UPDATE {RECORD}.tables SET scenario_rows = ? WHERE name = ?",  # noqa: S608 - constant text
            [counts[name], name],
        )
        _comment(connection, name, counts[name])
    return counts


def ingested_rows(connection: DuckDBPyConnection) -> dict[str, int]:
    """Return how many rows of each table were ingested, of the tables that have any."""
    counts = {
        name: row_count(connection, name) - scenario_rows
        for name, scenario_rows in connection.execute(
            f"SELECT name, scenario_rows FROM {RECORD}.tables ORDER BY name"  # noqa: S608 - constant text
        ).fetchall()
    }
    return {name: rows for name, rows in counts.items() if rows}


def row_count(connection: DuckDBPyConnection, table: str, *, of: str | None = None) -> int:
    """Return how many rows a table has, in this store or in the attached store `of`."""
    place = f"{quoted(of)}." if of else ""
    return connection.execute(
        f"SELECT count(*) FROM {place}{quoted(table)}"  # noqa: S608 - names are quoted
    ).fetchall()[0][0]


def _comment(connection: DuckDBPyConnection, table: str, scenario_rows: int) -> None:
    """Write the number of the scenario's rows a second time, into DuckDB's own catalog.

    There it can be read wherever the file can be opened, even if the record is damaged.
    """
    connection.execute(f"COMMENT ON TABLE {quoted(table)} IS '{scenario_rows}'")


def _count(connection: DuckDBPyConnection, table: str, condition: str) -> int:
    return connection.execute(
        f"SELECT count(*) FROM {quoted(table)} WHERE {condition}"  # noqa: S608 - our own SQL
    ).fetchall()[0][0]


def _record_columns(
    connection: DuckDBPyConnection, table: str, columns: tuple[Column, ...], *, first: int
) -> None:
    if columns:
        connection.execute(
            f"INSERT INTO {RECORD}.columns "
            "SELECT ?, ? + unnest(?), unnest(?), unnest(?), unnest(?)",
            [
                table,
                first,
                list(range(len(columns))),
                [column.name for column in columns],
                [column.type for column in columns],
                [column.description for column in columns],
            ],
        )


def _definition(column: Column) -> str:
    # A Kusto string is never null: `x != "a"` must keep the rows that have no x.
    default = " DEFAULT ''" if duckdb_type(column.type) == "VARCHAR" else ""
    return f"{quoted(column.name)} {duckdb_type(column.type)}{default}"
