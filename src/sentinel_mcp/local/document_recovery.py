"""Reads what can still be read of a damaged file of documents."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]
"""Any: a row as SQLite has it, of whatever table."""

_CHUNK_ROWS = 500
_SMALLEST_ROW_BYTES = 32


@dataclass(frozen=True, slots=True)
class Readable:
    """The rows of a table that could be read, by position, and how many could not.

    `lost` is None where nobody can tell how many there were.
    """

    rows: list[Row]
    lost: int | None


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: str
    index: str
    """Holds every row's position a second time."""
    json_column: int
    """Must be JSON: SQLite has no checksums, so what it reads may still be damaged."""


_DOCUMENTS = _Table(
    "document",
    "position, kind, parent, name, etag, origin, body",
    "sqlite_autoindex_document_1",
    json_column=6,
)
_APPENDED = _Table(
    "appended_row", "position, table_name, cells", "appended_row_of_table", json_column=2
)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was read of a damaged file; the scenario's own documents are not among it."""

    documents: list[Row]
    lost_documents: int | None
    appended: list[Row]
    lost_appended: int | None
    notices: list[Row]


def recover(copy: Path) -> Recovered:
    """Read a copy of a damaged file and of what was beside it; SQLite may change the copy."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        except sqlite3.DatabaseError:
            return Recovered([], None, [], None, [])
        documents = _readable(connection, copy, _DOCUMENTS)
        appended = _readable(connection, copy, _APPENDED)
        try:
            notices = connection.execute("SELECT text FROM notice ORDER BY position").fetchall()
        except sqlite3.DatabaseError:
            notices = []
        return Recovered(
            documents=[row for row in documents.rows if row[5] != "scenario"],
            lost_documents=documents.lost,
            appended=appended.rows,
            lost_appended=appended.lost,
            notices=notices,
        )


def _readable(connection: sqlite3.Connection, path: Path, table: _Table) -> Readable:
    """Read a table from both ends, and by single positions where a page in between is damaged."""
    forward, whole = _scan(connection, table, ascending=True)
    if whole:
        return _sound(forward, table, forward)
    backward, _ = _scan(connection, table, ascending=False)
    rows = {row[0]: row for row in (*forward, *backward)}
    listed = _listed(connection, table)
    if listed is None:
        low = forward[-1][0] if forward else 0
        high = backward[-1][0] if backward else low + path.stat().st_size // _SMALLEST_ROW_BYTES
        wanted: Iterable[int] = range(low + 1, high)
    else:
        wanted = listed
    for position in wanted:
        if position not in rows and (row := _one(connection, table, position)):
            rows[position] = row
    return _sound([rows[position] for position in sorted(rows)], table, listed)


def _sound(rows: list[Row], table: _Table, all_rows: Iterable[Any] | None) -> Readable:
    kept = [row for row in rows if _is_sound(row, table)]
    lost = None if all_rows is None else len(list(all_rows)) - len(kept)
    return Readable(kept, lost)


def _is_sound(row: Row, table: _Table) -> bool:
    try:
        json.loads(row[table.json_column])
    except (ValueError, TypeError):
        return False
    return all(isinstance(cell, str) for cell in row[1:])


def _scan(
    connection: sqlite3.Connection, table: _Table, *, ascending: bool
) -> tuple[list[Row], bool]:
    """Read from one end until the first damage; return the rows, and whether these are all."""
    beyond, order = (">", "ASC") if ascending else ("<", "DESC")
    rows: list[Row] = []
    step = _CHUNK_ROWS
    while True:
        last = rows[-1][0] if rows else (-1 if ascending else 2**63 - 1)
        try:
            chunk = connection.execute(
                f"SELECT {table.columns} FROM {table.name} WHERE position {beyond} ? "  # noqa: S608 - constant text
                f"ORDER BY position {order} LIMIT ?",
                (last, step),
            ).fetchall()
        except sqlite3.DatabaseError:
            if step == 1:
                return rows, False
            # The damage may lie behind rows that can be read.
            step = 1
            continue
        rows += chunk
        if len(chunk) < step:
            return rows, True


def _one(connection: sqlite3.Connection, table: _Table, position: int) -> Row | None:
    try:
        return connection.execute(
            f"SELECT {table.columns} FROM {table.name} WHERE position = ?",  # noqa: S608 - constant text
            (position,),
        ).fetchone()
    except sqlite3.DatabaseError:
        return None


def _listed(connection: sqlite3.Connection, table: _Table) -> list[int] | None:
    """Return every row's position by the index, or None where that is damaged too."""
    try:
        return [
            position
            for (position,) in connection.execute(
                f"SELECT position FROM {table.name} INDEXED BY {table.index}"  # noqa: S608 - constant text
            )
        ]
    except sqlite3.DatabaseError:
        return None
