"""Rows on their way into the store: written to a file of their own, then put behind a table."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import orjson

from sentinel_mcp.engine.types import duckdb_type
from sentinel_mcp.errors import InputError, Unavailable
from sentinel_mcp.kql.catalog import TableSchema
from sentinel_mcp.kql.results import Column
from sentinel_mcp.local.damage import Damaged, damage_of
from sentinel_mcp.local.files import StoreFiles
from sentinel_mcp.local.identity import WORKSPACE_ID
from sentinel_mcp.local.intake.mapping import TYPE, Refusal, TableMapping
from sentinel_mcp.local.tables import (
    add_columns,
    create_table,
    exact_as_real,
    quoted,
    read_schemas,
    widen,
)

CHUNK_BYTES = 16 * 1024 * 1024
STAGING_MEMORY = "200MB"
APPEND_MEMORY = "240MB"
"""Of DuckDB; Python's 100 MB come on top. A table of 260 columns does not get by with 128 MB, as
DuckDB keeps a block for every column of the row group being written."""

_STAGED = {"datetime": "TIMESTAMP", "dynamic": "JSON", "string": "VARCHAR"}
_AS_THEY_ARE = frozenset({"long", "int", "real", "bool"})


@dataclass(slots=True)
class _Chunk:
    """The rows of one table since the last flush, as lines of JSON."""

    path: Path
    lines: list[bytes] = field(default_factory=list[bytes])
    size_bytes: int = 0
    columns: dict[str, None] = field(default_factory=dict[str, None])


class Staging:
    """The rows of one ingest, outside the store until all of them are there."""

    def __init__(self, folder: Path) -> None:
        """Prepare in a scratch folder of the store, which stays its owner's."""
        self._folder = folder
        self._database = folder / "rows.duckdb"
        with _told():
            self._connection = _limited(self._database, folder, STAGING_MEMORY)
        self._mappings: dict[str, TableMapping] = {}
        self._chunks: dict[str, _Chunk] = {}
        self._staged: dict[str, set[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def add(self, mapping: TableMapping, cells: Mapping[str, object]) -> None:
        """Take one row.

        Raises:
            Refusal: it holds what is no text in any encoding, or is nested too deep.

        """
        try:
            line = orjson.dumps(cells, option=orjson.OPT_APPEND_NEWLINE)
        except (TypeError, RecursionError) as error:
            reason = "text that is no UTF-8" if "surrogate" in str(error) else str(error)
            raise Refusal(f"it holds {reason}") from error
        chunk = self._chunk(mapping)
        chunk.lines.append(line)
        chunk.size_bytes += len(line)
        chunk.columns.update(dict.fromkeys(cells))
        if chunk.size_bytes >= CHUNK_BYTES:
            with _told():
                self._flush(mapping.name)

    def finish(self) -> None:
        """Take no more rows.

        Raises:
            InputError: there are too many columns.
            Unavailable: there is no room on the disk, or the like.

        """
        with _told():
            for name in list(self._chunks):
                self._flush(name)
            self._connection.execute("CHECKPOINT")
            self._connection.close()

    def commit(self, store: StoreFiles) -> dict[str, int]:
        """Put all rows behind those of the store, all or none; return how many by table.

        Must be called under the store's lock, after `finish`.

        Raises:
            Damaged: the store's own file is damaged; it is as it was.
            InputError: there are too many columns.
            Unavailable: there is no room on the disk, or the like.

        """
        stamp = store.stamp()
        sound = stamp is not None and store.is_sound(stamp)
        scratch = store.scratch("logs")
        store.sweep()
        try:
            with _told():
                taken = self._written(store, scratch)
        finally:
            store.remove(scratch)
        if sound and (stamp := store.stamp()):
            # A block that nobody has read is copied as it is, so doubts are copied too.
            store.mark_sound(stamp)
        return taken

    def _written(self, store: StoreFiles, scratch: Path) -> dict[str, int]:
        store.copy(store.logs, scratch)
        try:
            with closing(_limited(scratch, self._folder, APPEND_MEMORY)) as target:
                target.execute(f"ATTACH {_text(self._database)} AS rows (READ_ONLY)")
                taken = {
                    name: _append(target, mapping, self._staged[name])
                    for name, mapping in self._mappings.items()
                    if name in self._staged
                }
                target.execute("DETACH rows")
                target.execute("CHECKPOINT")
        except duckdb.Error as error:
            if reason := damage_of(error):
                raise Damaged(reason) from error
            raise
        store.replace(store.logs, scratch)
        return taken

    def _chunk(self, mapping: TableMapping) -> _Chunk:
        chunk = self._chunks.get(mapping.name)
        if chunk is None:
            self._mappings[mapping.name] = mapping
            chunk = self._chunks[mapping.name] = _Chunk(
                self._folder / f"{len(self._mappings)}.json"
            )
        return chunk

    def _flush(self, name: str) -> None:
        chunk = self._chunks[name]
        if not chunk.lines:
            return
        mapping = self._mappings[name]
        types = {column: _staged_type(mapping.known_column(column)) for column in chunk.columns}
        self._make_room(name, types)
        with chunk.path.open("wb") as file:
            file.writelines(chunk.lines)
        columns = ", ".join(f"{_text(column)}: {_text(kind)}" for column, kind in types.items())
        self._connection.execute(
            f"INSERT INTO {quoted(name)} BY NAME SELECT * FROM read_json("  # noqa: S608 - quoted
            f"{_text(chunk.path)}, format = 'newline_delimited', columns = {{{columns}}}, "
            f"maximum_object_size = {CHUNK_BYTES * 2})"
        )
        self._chunks[name] = _Chunk(chunk.path)

    def _make_room(self, name: str, types: Mapping[str, str]) -> None:
        if name not in self._staged:
            listed = ", ".join(f"{quoted(column)} {kind}" for column, kind in types.items())
            self._connection.execute(f"CREATE TABLE {quoted(name)} ({listed})")
            self._staged[name] = set(types)
            return
        for column, kind in types.items():
            if column not in self._staged[name]:
                self._connection.execute(
                    f"ALTER TABLE {quoted(name)} ADD COLUMN {quoted(column)} {kind}"
                )
                self._staged[name].add(column)


def _append(target: duckdb.DuckDBPyConnection, mapping: TableMapping, staged: set[str]) -> int:
    new = {each.name: each.type for each in mapping.new_columns()}
    _prepare(target, mapping)
    columns = {each.name.lower(): each for each in read_schemas(target)[mapping.name].columns}
    selected = {columns[TYPE.lower()].name: _text(mapping.name)}
    if "tenantid" in columns and "TenantId" not in staged:
        selected[columns["tenantid"].name] = _text(WORKSPACE_ID)
    for name in sorted(staged):
        column = columns[name.lower()]
        if name not in new:
            selected[column.name] = _cast_known(quoted(name), column.type)
            continue
        coming = new[name]
        if (column.type, coming) == ("real", "long") and not _exact(target, mapping.name, name):
            coming = "string"
        kind = widen(target, mapping.name, column, coming)
        selected[column.name] = _cast_as_it_came(quoted(name), kind)
    listed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in selected.items())
    table = quoted(mapping.name)
    return target.execute(
        f"INSERT INTO {table} BY NAME SELECT {listed} FROM rows.{table}"  # noqa: S608 - quoted
    ).fetchall()[0][0]


def _prepare(target: duckdb.DuckDBPyConnection, mapping: TableMapping) -> None:
    """Make sure that the table is there and has every column."""
    # Read now, under the lock: another ingest may have come since the mapping was made.
    present = read_schemas(target).get(mapping.name)
    known = present.columns if present else mapping.known_columns()
    names = {each.name.lower() for each in known}
    new = [each for each in mapping.new_columns() if each.name.lower() not in names]
    if present:
        add_columns(target, present, new)
    else:
        create_table(target, TableSchema(mapping.name, (*known, *new)))


def _exact(target: duckdb.DuckDBPyConnection, table: str, column: str) -> bool:
    """Whether a real holds all whole numbers that wait for a column."""
    number = f"try_cast(({quoted(column)} ->> '$') AS HUGEINT)"
    return not target.execute(
        f"SELECT count(*) FROM rows.{quoted(table)} "  # noqa: S608 - quoted
        f"WHERE NOT ({exact_as_real(number)})"
    ).fetchall()[0][0]


def _staged_type(known: Column | None) -> str:
    """Return how a value waits: as it will be, as text to be cast, or as it came."""
    if known is None:
        return "JSON"
    if known.type in _AS_THEY_ARE:
        return duckdb_type(known.type)
    return _STAGED.get(known.type, "VARCHAR")


def _cast_known(staged: str, kusto_type: str) -> str:
    if kusto_type == "string":
        return f"coalesce({staged}, '')"
    return f"{staged}::{duckdb_type(kusto_type)}"


def _cast_as_it_came(staged: str, kusto_type: str) -> str:
    text = f"({staged} ->> '$')"
    match kusto_type:
        case "string":
            return f"coalesce({text}, '')"
        case "dynamic":
            return staged
        case "datetime":
            # Only texts with a zone were found to be datetimes.
            return f"try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
        case _:
            return f"try_cast({text} AS {duckdb_type(kusto_type)})"


@contextmanager
def _told() -> Generator[None]:
    """Say what it means when rows cannot be written."""
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.TransactionException) as error:
        raise InputError(
            "The rows have too many columns to be taken in the memory an ingest may have.",
            hint="Ingest fewer fields, or smaller files.",
        ) from error
    except (duckdb.IOException, OSError) as error:
        raise Unavailable(
            f"The rows cannot be written: {error}.",
            hint="Is there room on the disk? Nothing was changed.",
        ) from error


def _limited(path: Path, folder: Path, memory: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(path, config={"memory_limit": memory, "threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET temp_directory = {_text(folder / 'spill')}")
    return connection


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
