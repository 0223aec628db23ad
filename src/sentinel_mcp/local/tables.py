"""Tables in DuckDB with the Kusto types that DuckDB's own types do not tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sentinel_mcp.engine.types import duckdb_type
from sentinel_mcp.kql.catalog import TableSchema
from sentinel_mcp.kql.results import Column

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

RECORD = "sentinel_mcp"
"""The DuckDB schema that holds what the store knows of itself, out of the reach of KQL."""

TIME_COLUMN = "TimeGenerated"


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


def change_type(
    connection: DuckDBPyConnection, table: str, column: str, kusto_type: Literal["string", "real"]
) -> None:
    """Let a column hold more, where new rows have what its type does not."""
    name = quoted(column)
    value = f"coalesce({name}::VARCHAR, '')" if kusto_type == "string" else f"{name}::DOUBLE"
    connection.execute(
        f"ALTER TABLE {quoted(table)} ALTER {name} TYPE {duckdb_type(kusto_type)} USING {value}"
    )
    if kusto_type == "string":
        connection.execute(f"ALTER TABLE {quoted(table)} ALTER {name} SET DEFAULT ''")
    connection.execute(
        f"UPDATE {RECORD}.columns SET type = ? WHERE table_name = ? AND name = ?",  # noqa: S608 - constant text
        [kusto_type, table, column],
    )


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
    return counts


def carry_over(connection: DuckDBPyConnection, old: str) -> dict[str, int]:
    """Copy the ingested rows of the attached store `old` behind the scenario's; return counts.

    A table only ever grows at its end, so its ingested rows are those from row number
    `scenario_rows` on.
    """
    carried: dict[str, int] = {}
    source = f"{quoted(old)}.{RECORD}"
    schemas = read_schemas(connection)
    for name, description, scenario_rows in connection.execute(
        f"SELECT name, description, scenario_rows FROM {source}.tables"  # noqa: S608 - constant text
    ).fetchall():
        ingested = row_count(connection, name, of=old) - scenario_rows
        if ingested <= 0:
            continue
        columns = tuple(
            Column(column, kusto_type, text)
            for column, kusto_type, text in connection.execute(
                f"SELECT name, type, description FROM {source}.columns "  # noqa: S608 - constant text
                "WHERE table_name = ? ORDER BY position",
                [name],
            ).fetchall()
        )
        _make_room(connection, schemas, TableSchema(name, columns, description))
        connection.execute(
            f"INSERT INTO {quoted(name)} BY NAME "  # noqa: S608 - names are quoted
            f"SELECT * FROM {quoted(old)}.{quoted(name)} WHERE rowid >= {int(scenario_rows)}"
        )
        carried[name] = ingested
    return carried


def row_count(connection: DuckDBPyConnection, table: str, *, of: str | None = None) -> int:
    """Return how many rows a table has, in this store or in the attached store `of`."""
    place = f"{quoted(of)}." if of else ""
    return connection.execute(
        f"SELECT count(*) FROM {place}{quoted(table)}"  # noqa: S608 - names are quoted
    ).fetchall()[0][0]


def _make_room(
    connection: DuckDBPyConnection, schemas: Mapping[str, TableSchema], wanted: TableSchema
) -> None:
    present = schemas.get(wanted.name)
    if present is None:
        create_table(connection, wanted)
        return
    known = {column.name.lower(): column for column in present.columns}
    add_columns(
        connection, present, (each for each in wanted.columns if each.name.lower() not in known)
    )
    for column in wanted.columns:
        there = known.get(column.name.lower())
        if there and there.type != column.type and "string" in (column.type, there.type):
            change_type(connection, wanted.name, there.name, "string")


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
