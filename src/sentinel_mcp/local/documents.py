"""The ARM resources of the embedded workspace, as JSON documents with etags in SQLite."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sentinel_mcp.errors import (
    Busy,
    ConfigError,
    Conflict,
    NotFound,
    SentinelError,
    StoreCorrupt,
    Unavailable,
)
from sentinel_mcp.local.document_recovery import Recovered

Body = dict[str, Any]
"""A whole document as on the wire. Any: ARM resources have a shape for every kind."""

Bodies = list[Body]
Rows = list[tuple[int, str]]
Placed = list[tuple[int, Body]]
Texts = list[str]

BUSY_TIMEOUT_S = 10.0
BUSY_POLL_S = 0.05

WITHOUT_ETAG = frozenset({"alerts", "entities"})
"""Kinds whose documents carry no etag on the wire."""

Origin = Literal["scenario", "user", "deleted"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    position INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    parent TEXT NOT NULL COLLATE NOCASE,
    name TEXT NOT NULL COLLATE NOCASE,
    etag TEXT NOT NULL,
    origin TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, parent, name)
);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS appended_row (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    table_name TEXT NOT NULL,
    cells TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS appended_row_of_table ON appended_row (table_name, position);
CREATE TABLE IF NOT EXISTS notice (position INTEGER PRIMARY KEY, text TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the scenario, before it is in the store."""

    kind: str
    name: str
    body: Body
    parent: str = ""


class Documents:
    """The resources of one store; safe to share between threads and processes.

    What a user put or deleted outlives the scenario: `fill` replaces everything else.
    """

    def __init__(self, path: Path) -> None:
        """Open the documents, creating the file when it is missing.

        Raises:
            StoreCorrupt: the file is there and is no readable database.
            Busy: another process has been writing it for too long.
            ConfigError: it may not be written.

        """
        self._lock = threading.RLock()
        self._path = path
        self._reopened = 0
        self._connection = _connected(path)
        self._inode = path.stat().st_ino

    def put(
        self, kind: str, name: str, body: Body, /, *, parent: str = "", etag: str | None = None
    ) -> Body:
        """Create or replace a document and return it with its new etag.

        With `etag`, the document must be there and unchanged since it had that etag.

        Raises:
            Conflict: `etag` is not the document's etag, or there is no such document.

        """
        with self._transaction():
            found = self._row(kind, name, parent)
            if etag is not None and (found is None or _bare(etag) != _bare(found[1])):
                raise _stale(name)
            return self._write(kind, name, body, parent, f'"{uuid.uuid4()}"', "user")

    def put_all(self, documents: Iterable[Document]) -> None:
        """Create or replace documents, all of them or none."""
        with self._transaction():
            for each in documents:
                etag = f'"{uuid.uuid4()}"'
                self._write(each.kind, each.name, each.body, each.parent, etag, "user")

    def get(self, kind: str, name: str, /, *, parent: str | None = None) -> Body | None:
        """Return a document, or None; without `parent`, the first of that name under any."""
        with self._locked():
            found = self._row(kind, name, parent)
        return json.loads(found[0]) if found else None

    def list(self, kind: str, parent: str = "") -> Bodies:
        """Return the documents of a kind under a parent, in the order in which they came."""
        with self._locked():
            rows = self._connection.execute(
                "SELECT body FROM document WHERE kind = ? AND parent = ? AND origin != 'deleted'"
                " ORDER BY position",
                (kind, parent),
            ).fetchall()
        return [json.loads(body) for (body,) in rows]

    def list_from(self, kind: str, parent: str, *, after: int, limit: int) -> Placed:
        """Return up to `limit` documents beyond a position, each with its own: a part of a list."""
        with self._locked():
            rows = self._connection.execute(
                "SELECT position, body FROM document WHERE kind = ? AND parent = ?"
                " AND origin != 'deleted' AND position > ? ORDER BY position LIMIT ?",
                (kind, parent, after, limit),
            ).fetchall()
        return [(position, json.loads(body)) for position, body in rows]

    def delete(self, kind: str, name: str, /, *, parent: str = "", etag: str | None = None) -> None:
        """Remove a document; it does not come back with the next scenario.

        Raises:
            NotFound: there is no such document.
            Conflict: `etag` is not the document's etag.

        """
        with self._transaction():
            found = self._row(kind, name, parent)
            if found is None:
                raise NotFound(f"There is no {name!r} among the {kind}.")
            if etag is not None and _bare(etag) != _bare(found[1]):
                raise _stale(name)
            self._connection.execute(
                "UPDATE document SET origin = 'deleted' WHERE kind = ? AND parent = ? AND name = ?",
                (kind, parent, name),
            )

    def fill(self, documents: Iterable[Document], *, build: str) -> int:
        """Replace the scenario's documents, all or nothing; return how many of a user's stay."""
        with self._transaction():
            self._connection.execute("DELETE FROM document WHERE origin = 'scenario'")
            kept = {
                (kind, parent.lower(), name.lower())
                for kind, parent, name in self._connection.execute(
                    "SELECT kind, parent, name FROM document"
                )
            }
            for each in documents:
                if (each.kind, each.parent.lower(), each.name.lower()) not in kept:
                    etag = f'"{uuid.uuid5(uuid.NAMESPACE_URL, f"{build}/{each.kind}/{each.name}")}"'
                    self._write(each.kind, each.name, each.body, each.parent, etag, "scenario")
            self._connection.execute("INSERT OR REPLACE INTO fact VALUES ('build', ?)", (build,))
        return len(kept)

    def append_rows(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write down rows that a change adds to a log table; use `AppendedRows` instead."""
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO appended_row (table_name, cells) VALUES (?, ?)",
                [(table, json.dumps(row, separators=(",", ":"))) for row in rows],
            )

    def last_appended(self, tables: Iterable[str]) -> dict[str, int]:
        """Return the position of the newest row of each of these tables that has any."""
        with self._locked():
            found = {
                table: self._connection.execute(
                    "SELECT max(position) FROM appended_row WHERE table_name = ?", (table,)
                ).fetchone()[0]
                for table in tables
            }
        return {table: position for table, position in found.items() if position}

    def appended_rows(self, table: str, *, after: int) -> Rows:
        """Return position and JSON of a table's rows beyond a position, oldest first."""
        with self._locked():
            return self._connection.execute(
                "SELECT position, cells FROM appended_row WHERE table_name = ? AND position > ?"
                " ORDER BY position",
                (table, after),
            ).fetchall()

    def add_notice(self, text: str) -> None:
        """Keep a notice of something lost until the user has seen it."""
        with self._transaction():
            self._connection.execute("INSERT INTO notice (text) VALUES (?)", (text,))

    def notices(self) -> Texts:
        """Return the notices that the user has not seen, oldest first."""
        with self._locked():
            rows = self._connection.execute("SELECT text FROM notice ORDER BY position").fetchall()
        return [text for (text,) in rows]

    def dismiss_notices(self) -> None:
        """Forget the notices: the user has seen them."""
        with self._transaction():
            self._connection.execute("DELETE FROM notice")

    def restore(self, recovered: Recovered, notice: str) -> None:
        """Put what was recovered of a damaged file into this one, which must be new."""
        with self._transaction():
            for statement, rows in (
                ("INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?)", recovered.documents),
                ("INSERT INTO appended_row VALUES (?, ?, ?)", recovered.appended),
                ("INSERT INTO notice (text) VALUES (?)", [*recovered.notices, (notice,)]),
            ):
                self._connection.executemany(statement, rows)

    @property
    def version(self) -> tuple[int, int, int]:
        """What differs after every write, be it of this process or of another."""
        with self._locked():
            others = self._connection.execute("PRAGMA data_version").fetchone()
            return self._reopened, others[0], self._connection.total_changes

    @property
    def build(self) -> str | None:
        """The build of the scenario whose documents these are; None before the first."""
        with self._locked():
            found = self._connection.execute(
                "SELECT value FROM fact WHERE name = 'build'"
            ).fetchone()
        return found[0] if found else None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _row(self, kind: str, name: str, parent: str | None) -> tuple[str, str] | None:
        where = "kind = ? AND name = ? AND origin != 'deleted'"
        values: list[str] = [kind, name]
        if parent is not None:
            where += " AND parent = ?"
            values.append(parent)
        return self._connection.execute(
            f"SELECT body, etag FROM document WHERE {where} ORDER BY position LIMIT 1",  # noqa: S608 - constant text
            values,
        ).fetchone()

    def _write(
        self, kind: str, name: str, body: Mapping[str, Any], parent: str, etag: str, origin: Origin
    ) -> Body:
        written = dict(body)
        if kind not in WITHOUT_ETAG:
            written["etag"] = etag
        self._connection.execute(
            "INSERT INTO document (kind, parent, name, etag, origin, body)"
            " VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (kind, parent, name) DO UPDATE SET"
            " etag = excluded.etag, origin = excluded.origin, body = excluded.body",
            (kind, parent, name, etag, origin, json.dumps(written, separators=(",", ":"))),
        )
        return written

    @contextmanager
    def _locked(self) -> Generator[None]:
        with self._lock:
            if self._is_replaced():
                self._reopen()
            try:
                yield
            except sqlite3.DatabaseError as error:
                raise _problem(self._path, error) from error

    def _is_replaced(self) -> bool:
        try:
            return self._path.stat().st_ino != self._inode
        except FileNotFoundError:
            # It is being reset; the new one comes in a moment.
            return False

    def _reopen(self) -> None:
        """Go on with the file that has taken the place of the one that was open."""
        connection = _connected(self._path)
        self._connection.close()
        self._connection = connection
        self._inode = self._path.stat().st_ino
        self._reopened += 1

    @contextmanager
    def _transaction(self) -> Generator[None]:
        with self._locked():
            # IMMEDIATE: the etag is compared and the document written under one write lock.
            self._connection.execute("BEGIN IMMEDIATE")
            if self._is_replaced():
                # Under the lock, for whoever replaces a file holds it: nothing is written to the
                # old one any more.
                self._connection.execute("ROLLBACK")
                self._reopen()
                self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _bare(etag: str) -> str:
    """Return an etag without the quotes, with and without which clients send it back."""
    return etag.strip().removeprefix("W/").strip('"')


def _stale(name: str) -> Conflict:
    return Conflict(
        f"{name!r} was changed by somebody else since it was read.",
        hint="Read it again and apply the change to what it is now.",
    )


def _check_log(path: Path) -> None:
    """Find a log that SQLite would delete on opening, with the newest changes in it.

    Raises:
        StoreCorrupt: the file is missing or empty, and the log beside it is not.

    """
    log = path.with_name(f"{path.name}-wal")
    # In this order: who makes a new file writes to it before there is a log.
    if _size(log) and not _size(path):
        raise _damaged(path, f"it is missing or empty, and {log.name} is not")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _connected(path: Path) -> sqlite3.Connection:
    _check_log(path)
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            return _opened(path)
        except sqlite3.DatabaseError as error:
            problem = _problem(path, error)
            # Another process may be turning the new file to WAL, which SQLite does not wait for.
            if not isinstance(problem, Busy) or time.monotonic() > deadline:
                raise problem from error
            time.sleep(BUSY_POLL_S)


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        # WAL lets several processes read while one writes.
        connection.execute("PRAGMA journal_mode = WAL")
        # What was answered as written must be there after a power cut, too.
        connection.execute("PRAGMA synchronous = FULL")
        found = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != ("ok",):
            raise _damaged(path, str(found and found[0]))
        connection.executescript(_SCHEMA)
    except (sqlite3.DatabaseError, StoreCorrupt):
        connection.close()
        raise
    return connection


def _problem(path: Path, error: sqlite3.DatabaseError) -> SentinelError:
    """Return what SQLite's error means; the extended codes end in the plain one."""
    # Errors that Python's module raises itself, as of a file that was closed, have no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(path, str(error))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL):
        return Busy("Another process is writing the documents of the embedded workspace.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return ConfigError(
            f"{str(path)!r} cannot be written: {error}.",
            hint="Set SENTINEL_CACHE_DIR to a directory that can be written.",
        )
    if code == sqlite3.SQLITE_ERROR:
        return ConfigError(
            f"{path.name} is no file of this version of ms-sentinel-mcp: {error}.",
            hint="Put it back as it was, or build the workspace anew with "
            "`sentinel-mcp local reset`.",
        )
    return Unavailable(f"{str(path)!r} cannot be used just now: {error}.", hint="Try again.")


def _damaged(path: Path, reason: str) -> StoreCorrupt:
    return StoreCorrupt(
        f"{path.name} is damaged: {reason}.",
        hint="What can be read of it is carried over when the embedded workspace is opened again.",
    )
