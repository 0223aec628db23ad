"""Appended rows, brought from the documents to where the engine reads them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sentinel_mcp.engine.tables import Addition, Stored, quoted
from sentinel_mcp.engine.types import duckdb_type
from sentinel_mcp.kql.catalog import TableSchema, bundled
from sentinel_mcp.local.store import APPENDED
from sentinel_mcp.local.tables import create_beside

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from sentinel_mcp.local.documents import Documents

_RECORD = f"{APPENDED}.record.brought"


class AppendedTables:
    """Keeps a copy of the appended rows in memory, in the DuckDB instance that has the logs.

    What was brought already is written down in the instance itself: another takes its place when
    the file of the logs is replaced.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._lock = threading.Lock()

    def bring(
        self, connection: DuckDBPyConnection, tables: Iterable[str]
    ) -> Mapping[str, Addition]:
        """Return those tables that have appended rows, with all of them in reach."""
        last = self._documents.last_appended(tables)
        return {table: self._brought(connection, table, last[table]) for table in last}

    def _brought(self, connection: DuckDBPyConnection, table: str, last: int) -> Addition:
        schema = bundled("sentinel").tables[table]
        with self._lock:
            done = _done(connection, table)
            if done < last:
                rows = self._documents.appended_rows(table, after=done)
                connection.begin()
                try:
                    _insert(connection, schema, [cells for _, cells in rows])
                    connection.execute(
                        f"INSERT OR REPLACE INTO {_RECORD} VALUES (?, ?)",  # noqa: S608 - constant text
                        [table, rows[-1][0]],
                    )
                except BaseException:
                    connection.rollback()
                    raise
                connection.commit()
        columns = {each.name: duckdb_type(each.type) for each in schema.columns}
        # They are few: the estimate of what a query reads leaves them out.
        return Addition(_place(table), Stored(columns, never_null=frozenset(), rows=0))


def _done(connection: DuckDBPyConnection, table: str) -> int:
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {APPENDED}.record")
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {_RECORD} (name VARCHAR PRIMARY KEY, position BIGINT)"
    )
    found = connection.execute(
        f"SELECT position FROM {_RECORD} WHERE name = ?",  # noqa: S608 - constant text
        [table],
    ).fetchall()
    return found[0][0] if found else 0


def _insert(connection: DuckDBPyConnection, schema: TableSchema, rows: list[str]) -> None:
    create_beside(connection, _place(schema.name), schema)
    shape = json.dumps([{each.name: duckdb_type(each.type) for each in schema.columns}])
    connection.execute(
        f"INSERT INTO {_place(schema.name)} BY NAME "
        "SELECT unnest(from_json(?::JSON, ?), recursive := true)",
        [f"[{','.join(rows)}]", shape],
    )


def _place(table: str) -> str:
    return f"{APPENDED}.main.{quoted(table)}"
