"""Carries ingested rows from one version of the logs to the next, as far as they can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel_mcp.engine.types import duckdb_type, kusto_type
from sentinel_mcp.kql.catalog import TableSchema
from sentinel_mcp.kql.results import Column
from sentinel_mcp.local.damage import Damaged, opening
from sentinel_mcp.local.tables import (
    RECORD,
    add_columns,
    create_table,
    quoted,
    read_schemas,
    row_count,
    widen,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_VECTOR_ROWS = 2048
"""What DuckDB reads at once: of fewer rows, no part can be read where the whole cannot."""
_OLD = "before"


@dataclass(slots=True)
class CarriedOver:
    """What became of ingested rows, by table; `damage` is what DuckDB says of the old file."""

    rows: dict[str, int] = field(default_factory=dict[str, int])
    lost: dict[str, int] = field(default_factory=dict[str, int])
    unknown: list[str] = field(default_factory=list[str])
    """Tables of which nobody can tell any more whether they had ingested rows."""
    damage: str | None = None

    def note(self, damaged: Damaged) -> None:
        """Remember the first damage that was met."""
        self.damage = self.damage or str(damaged)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A table of the old file; its ingested rows are those from `scenario_rows` on."""

    schema: TableSchema
    scenario_rows: int | None


def carry_over(connection: DuckDBPyConnection, path: Path, carried: CarriedOver) -> None:
    """Copy the ingested rows of the logs at `path` behind the rows that are there.

    What is damaged is left out and counted; the rest is copied all the same. What became of it is
    written down in `carried`.

    Raises:
        SentinelError: it cannot be read for another reason than damage.

    """
    try:
        with opening(path):
            connection.execute(f"ATTACH {_text(path)} AS {_OLD} (READ_ONLY, TYPE duckdb)")
    except Damaged as damaged:
        carried.note(damaged)
        return
    present = {name.lower(): each for name, each in read_schemas(connection).items()}
    for old in _recorded(connection, path, carried):
        name = old.schema.name
        there = present.get(name.lower())
        if old.scenario_rows is None and there is not None:
            carried.unknown.append(name)
            continue
        first = old.scenario_rows or 0
        with opening(path):
            end = row_count(connection, name, of=_OLD)
        if end <= first:
            continue
        target = _prepared(connection, there, old.schema)
        copied = _copy(connection, path, _statement(target, old.schema), first, end, carried)
        if copied:
            carried.rows[name] = copied
        if copied < end - first:
            carried.lost[name] = end - first - copied
    connection.execute(f"DETACH {_OLD}")


def _copy(
    connection: DuckDBPyConnection,
    path: Path,
    statement: str,
    first: int,
    end: int,
    carried: CarriedOver,
) -> int:
    """Copy the rows from `first` to before `end`; return how many of them could be read."""
    try:
        with opening(path):
            return connection.execute(statement, [first, end]).fetchall()[0][0]
    except Damaged as damaged:
        carried.note(damaged)
    middle = (first + end) // 2 // _VECTOR_ROWS * _VECTOR_ROWS
    if middle <= first:
        middle = (first // _VECTOR_ROWS + 1) * _VECTOR_ROWS
    if middle >= end:
        return 0
    return sum(
        _copy(connection, path, statement, *part, carried)
        for part in ((first, middle), (middle, end))
    )


def _statement(target: TableSchema, old: TableSchema) -> str:
    """Return the SQL that copies rows between two row numbers."""
    types = {each.name.lower(): each for each in target.columns}
    cells = ", ".join(
        f"{_cast(quoted(each.name), each.type, to.type)} AS {quoted(to.name)}"
        for each in old.columns
        for to in (types[each.name.lower()],)
    )
    return (
        f"INSERT INTO {quoted(target.name)} BY NAME "  # noqa: S608 - names are quoted
        f"SELECT {cells} FROM {_OLD}.{quoted(old.name)} WHERE rowid >= ? AND rowid < ?"
    )


def _cast(cell: str, there: str, wanted: str) -> str:
    if there == wanted:
        return cell
    if wanted == "string":
        return f"coalesce({cell}::VARCHAR, '')"
    if wanted == "dynamic":
        return f"to_json({cell})"
    return f"{cell}::{duckdb_type(wanted)}"


def _prepared(
    connection: DuckDBPyConnection, there: TableSchema | None, coming: TableSchema
) -> TableSchema:
    """Make sure that a table is there and can hold the rows that come; return it."""
    if there is None:
        create_table(connection, coming)
        return coming
    known = {each.name.lower(): each for each in there.columns}
    new = tuple(each for each in coming.columns if each.name.lower() not in known)
    add_columns(connection, there, new)
    for column in coming.columns:
        own = known.get(column.name.lower())
        if own:
            wider = widen(connection, there.name, own, column.type)
            known[own.name.lower()] = Column(own.name, wider, own.description)
    return TableSchema(there.name, (*known.values(), *new), there.description)


def _recorded(connection: DuckDBPyConnection, path: Path, carried: CarriedOver) -> list[_Recorded]:
    """Return the tables of the old file: as it wrote them down, or else as DuckDB has them."""
    columns = _columns(connection, path, carried)
    try:
        with opening(path):
            tables: list[tuple[str, str, int | None]] = connection.execute(
                f"SELECT name, description, scenario_rows FROM {_OLD}.{RECORD}.tables ORDER BY name"  # noqa: S608 - constant text
            ).fetchall()
    except Damaged as damaged:
        carried.note(damaged)
        with opening(path):
            tables = connection.execute(
                "SELECT table_name, '', try_cast(comment AS BIGINT) FROM duckdb_tables() "
                "WHERE database_name = ? AND schema_name = 'main' ORDER BY table_name",
                [_OLD],
            ).fetchall()
    return [
        _Recorded(TableSchema(name, tuple(columns.get(name, ())), description), scenario_rows)
        for name, description, scenario_rows in tables
    ]


def _columns(
    connection: DuckDBPyConnection, path: Path, carried: CarriedOver
) -> Mapping[str, list[Column]]:
    columns: dict[str, list[Column]] = {}
    try:
        with opening(path):
            for table, name, kind, description in connection.execute(
                f"SELECT table_name, name, type, description FROM {_OLD}.{RECORD}.columns "  # noqa: S608 - constant text
                "ORDER BY table_name, position"
            ).fetchall():
                columns.setdefault(table, []).append(Column(name, kind, description))
    except Damaged as damaged:
        carried.note(damaged)
        columns.clear()
        for table, name, kind in connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = ? AND schema_name = 'main' ORDER BY table_name, column_index",
            [_OLD],
        ).fetchall():
            columns.setdefault(table, []).append(Column(name, kusto_type(kind)))
    return columns


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
