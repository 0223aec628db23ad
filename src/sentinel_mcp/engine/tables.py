"""Shows a query the stored tables as Azure would: the catalog's columns, the request's range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, cast

import duckdb

from sentinel_mcp.engine.types import duckdb_type
from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.results import UNTIMED
from sentinel_mcp.kql.timespan import Timespan

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TIME = "TimeGenerated"
_XDR_TIME = "Timestamp"
"""What Defender XDR calls the time of an event in the tables that a workspace has, too."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A table of the database: its columns with their DuckDB types, and about how many rows."""

    columns: Mapping[str, str]
    never_null: frozenset[str]
    rows: int
    empty: frozenset[str] = frozenset()
    """Columns of text or JSON in which no row has anything: they need not be read."""


@dataclass(frozen=True, slots=True)
class Addition:
    """Rows beside those of a stored table: where they are, in SQL, and their columns."""

    place: str
    held: Stored


class Additions(Protocol):
    """Knows of rows that belong to stored tables and are not in the database."""

    def bring(
        self, connection: DuckDBPyConnection, tables: Iterable[str]
    ) -> Mapping[str, Addition]:
        """Return, by table, the rows beside its own, in reach of the connection."""
        ...


def quoted(name: str) -> str:
    """Quote an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def stored_tables(connection: DuckDBPyConnection) -> dict[str, Stored]:
    """Read which tables the database has."""
    listed = connection.execute(
        "SELECT c.table_name, c.column_name, c.data_type, c.is_nullable, t.estimated_size "
        "FROM duckdb_columns() c "
        "JOIN duckdb_tables() t USING (database_oid, schema_oid, table_oid) "
        "WHERE c.database_name = current_database() AND c.schema_name = 'main' "
        "ORDER BY c.table_name, c.column_index"
    ).fetchall()
    columns: dict[str, dict[str, str]] = {}
    full: dict[str, set[str]] = {}
    rows: dict[str, int] = {}
    for table, column, of, nullable, size in listed:
        columns.setdefault(table, {})[column] = of
        rows[table] = int(size or 0)
        if not nullable:
            full.setdefault(table, set()).add(column)
    return {
        table: Stored(
            held, frozenset(full.get(table, ())), rows[table], _empty(connection, table, held)
        )
        for table, held in columns.items()
    }


def _empty(
    connection: DuckDBPyConnection, table: str, columns: Mapping[str, str]
) -> frozenset[str]:
    """Return the columns of text or JSON that no row of a table fills, by DuckDB's own statistics.

    Three of four columns of SecurityEvent are such; a search over all columns would read them.
    The statistics err on the safe side only: they may hold a length that no row has any more.
    """
    texts = [name for name, of in columns.items() if of in ("VARCHAR", "JSON")]
    if not texts:
        return frozenset()
    asked = ", ".join(f"stats({quoted(name)})" for name in texts)
    row = connection.execute(
        f"SELECT {asked} FROM main.{quoted(table)} LIMIT 1"  # noqa: S608 names are quoted
    ).fetchone()
    # A struct for each column, with what DuckDB knows of its type; of text, the longest length.
    known = [cast("Mapping[str, object]", each) for each in row or () if isinstance(each, Mapping)]
    if len(known) != len(texts):
        return frozenset()
    return frozenset(
        name for name, each in zip(texts, known, strict=True) if each.get("max_string_length") == 0
    )


class Tables:
    """The views through which queries read."""

    def __init__(
        self,
        stored: Mapping[str, Stored],
        catalog: Catalog,
        database: str,
        additions: Additions | None = None,
    ) -> None:
        self._stored = stored
        self._additions = additions
        self._catalog = catalog
        self._database = database
        self._folded = {name.lower(): name for name in stored}

    def names(self) -> frozenset[str]:
        """Return every table that a query may read."""
        return frozenset(self._stored) | frozenset(self._catalog.tables)

    def columns(self, table: str) -> dict[str, str]:
        """Return a table's columns with their DuckDB types, the catalog's first."""
        schema = self._catalog.tables.get(table.removeprefix(UNTIMED))
        found: dict[str, str] = {}
        folded: set[str] = set()
        named = [(c.name, duckdb_type(c.type)) for c in schema.columns] if schema else []
        # Defender XDR has none of the columns that a workspace adds.
        held = self._held(table) if self._catalog.environment == "sentinel" else None
        for name, of in [*named, *(held.columns.items() if held else ())]:
            # DuckDB keeps one column of those that differ in case only.
            if name.lower() not in folded:
                folded.add(name.lower())
                found[name] = of
        return found

    def rows(self, tables: Iterable[str]) -> int:
        """Return about how many rows these tables hold."""
        return sum(held.rows for table in tables if (held := self._held(table)))

    def show(
        self,
        connection: DuckDBPyConnection,
        tables: Iterable[str],
        timespan: Timespan | None,
        now: datetime,
    ) -> None:
        """Make the views of these tables on a connection of its own."""
        read = tuple(tables)
        added: Mapping[str, Addition] = {}
        if self._additions:
            stored = {table.removeprefix(UNTIMED) for table in read}
            added = self._additions.bring(connection, stored)
        for table in read:
            within = None if table.startswith(UNTIMED) else timespan
            select = self._select(table, within, now)
            if found := added.get(table.removeprefix(UNTIMED)):
                select += f" UNION ALL {self._read(table, found.place, found.held, within, now)}"
            connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(table)} AS {select}")

    def hide(self, connection: DuckDBPyConnection, tables: Iterable[str]) -> None:
        """Drop the views again.

        An interrupt that comes late leaves some: `show` replaces each before it is read, and the
        failure of the query itself must not be hidden behind it.
        """
        with suppress(duckdb.InterruptException):
            for table in tables:
                connection.execute(f"DROP VIEW IF EXISTS temp.{quoted(table)}")

    def _held(self, table: str) -> Stored | None:
        return self._stored.get(self._folded.get(table.removeprefix(UNTIMED).lower(), ""))

    def _select(self, table: str, timespan: Timespan | None, now: datetime) -> str:
        held = self._held(table)
        if held is None:
            nothing = [
                f"CAST(NULL AS {of}) AS {quoted(c)}" for c, of in self.columns(table).items()
            ]
            return f"SELECT {', '.join(nothing)} WHERE false"
        stored = table.removeprefix(UNTIMED)
        source = f"{quoted(self._database)}.main.{quoted(self._folded[stored.lower()])}"
        return self._read(table, source, held, timespan, now)

    def _read(
        self, table: str, source: str, held: Stored, timespan: Timespan | None, now: datetime
    ) -> str:
        columns = {name.lower(): name for name in held.columns}
        if self._catalog.environment == "xdr" and _TIME.lower() in columns:
            columns.setdefault(_XDR_TIME.lower(), columns[_TIME.lower()])
        shown = [
            _shown(name, of, columns.get(name.lower()), held)
            for name, of in self.columns(table).items()
        ]
        select = f"SELECT {', '.join(shown)} FROM {source}"  # noqa: S608 names are quoted
        time = columns.get(_TIME.lower())
        if timespan is None or time is None or not held.columns[time].startswith("TIMESTAMP"):
            return select
        start, end = timespan.bounds(now)
        return f"{select} WHERE {quoted(time)} BETWEEN {_moment(start)} AND {_moment(end)}"


def _shown(name: str, of: str, column: str | None, held: Stored) -> str:
    if column is None:
        missing = "''" if of == "VARCHAR" else f"CAST(NULL AS {of})"
        return f"{missing} AS {quoted(name)}"
    if column in held.empty and of == held.columns[column]:
        nothing = "''" if of == "VARCHAR" else f"CAST(NULL AS {of})"
        return f"{nothing} AS {quoted(name)}"
    source, stored_as = quoted(column), held.columns[column]
    if stored_as != of and not (stored_as.startswith("DECIMAL") and of.startswith("DECIMAL")):
        source = f"CAST({source} AS {of})"
    # Kusto's strings are never null.
    if of == "VARCHAR" and column not in held.never_null:
        source = f"coalesce({source}, '')"
    return source if source == quoted(name) else f"{source} AS {quoted(name)}"


def _moment(moment: datetime) -> str:
    plain = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return f"TIMESTAMP '{plain.isoformat(sep=' ')}'"
