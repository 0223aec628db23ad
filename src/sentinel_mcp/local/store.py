"""The embedded workspace's store: tables in DuckDB, documents in SQLite, built when needed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sentinel_mcp.errors import Busy, StoreCorrupt
from sentinel_mcp.kql.catalog import TableSchema
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.files import Stamp, StoreFiles, flush_to_disk
from sentinel_mcp.local.tables import (
    Build,
    carry_over,
    create_record,
    read_build,
    read_schemas,
    seal_scenario,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

log = logging.getLogger(__name__)

OnProgress = Callable[[str, float], None]
"""Told what is being done and which part of the whole is done, from 0 to 1."""

MAX_AGE = timedelta(hours=24)
BUILD_PATIENCE_S = 120.0
STALE_PATIENCE_S = 15.0
MEMORY_LIMIT = "1GB"
"""For the queries of one process; beyond it DuckDB puts intermediate rows on disk."""
DEFAULT_SEED = 7
APPENDED = "appended"
"""The database in memory for rows that changes of resources add; empty when it is attached."""


class _State(Enum):
    MISSING = auto()
    DAMAGED = auto()
    STALE = auto()
    FRESH = auto()


class Store:
    """One open store. Several processes may have the same directory open."""

    def __init__(
        self, directory: Path, *, seed: int, now: datetime | None, on_progress: OnProgress | None
    ) -> None:
        self.notices: list[str] = []
        self._files = StoreFiles(directory)
        self._seed = seed
        self._now = now
        self._on_progress = on_progress or _unheard
        self._lock = threading.RLock()
        self._instance: DuckDBPyConnection | None = None
        self._stamp: Stamp | None = None
        self._schemas: dict[str, TableSchema] = {}
        self._build: Build | None = None
        self._damage = ""
        self._files.create()
        self.documents = self._open_documents()
        try:
            self._ready()
        except BaseException:
            # Nobody else could close what is half open.
            self.close()
            raise

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        seed: int = DEFAULT_SEED,
        now: datetime | None = None,
        on_progress: OnProgress | None = None,
    ) -> Store:
        """Open the store of a directory; build it when it is missing, damaged or out of date.

        `now` is the moment to which the scenario is anchored, in place of the present. What was
        repaired or carried over is told in `notices`.

        Raises:
            Busy: another process has been building for too long.
            ConfigError: the directory cannot be written.

        """
        return cls(directory, seed=seed, now=now, on_progress=on_progress)

    @property
    def anchor(self) -> datetime:
        """The moment that the scenario takes for now."""
        with self._lock:
            return datetime.fromisoformat(self._current().anchor)

    def connect(self) -> DuckDBPyConnection:
        """Return a connection of its own to the newest tables, read-only, for one thread.

        Close it when done. Tables are found by their plain names.
        """
        with self._lock:
            if self._instance is None or self._files.stamp() != self._stamp:
                self._ready()
            if self._instance is None:
                raise StoreCorrupt("The tables cannot be opened.")
            connection = self._instance.cursor()
            # A cursor does not inherit the database that its parent uses.
            connection.execute("USE logs")
            return connection

    def tables(self) -> dict[str, TableSchema]:
        """Return the schema of every stored table, by name."""
        with self._lock:
            if self._instance is None or self._files.stamp() != self._stamp:
                self._ready()
            return dict(self._schemas)

    def condemn(self, reason: str) -> StoreCorrupt:
        """Set the tables aside as damaged and return the error that says so.

        The next `connect` builds them anew. DuckDB finds out about a damaged block only when it
        reads it, so this is for whoever runs the queries.
        """
        with self._lock, self._files.locked(BUILD_PATIENCE_S):
            # Another process may have found out first, and built them anew already.
            if self._stamp is not None and self._files.stamp() == self._stamp:
                self._set_aside_logs(reason)
            self._release()
        return StoreCorrupt(
            f"The tables of the embedded workspace are damaged: {reason}.",
            hint="They are built anew with the next query; ingest your own logs again.",
        )

    def close(self) -> None:
        """Close the store and every connection that it gave out."""
        with self._lock:
            self._release()
            self.documents.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _current(self) -> Build:
        if self._build is None:
            raise StoreCorrupt("The tables cannot be opened.")
        return self._build

    def _ready(self) -> None:
        """Bring tables and documents to one and the same fresh build, and open the tables."""
        state = self._attach()
        if state is not _State.FRESH:
            self._renew(state)
        build = self._current()
        if self.documents.build != build.id:
            self._fill_documents(build)

    def _renew(self, state: _State) -> None:
        patience_s = STALE_PATIENCE_S if state is _State.STALE else BUILD_PATIENCE_S
        try:
            with self._files.locked(patience_s):
                # Another process may have built it while this one waited for the lock.
                state = self._attach()
                if state is _State.DAMAGED:
                    self._set_aside_logs(self._damage)
                if state is not _State.FRESH:
                    self._files.sweep()
                    self._write_build()
        except Busy:
            if state is not _State.STALE:
                raise
            self.notices.append(
                "The scenario is older than a day; another process is writing the store, "
                "so it stays as it is for now."
            )
            return
        self._attach()

    def _attach(self) -> _State:
        """Open the logs there are, and say what they are."""
        import duckdb

        stamp = self._files.stamp()
        if stamp is None:
            self._release()
            return _State.MISSING
        try:
            opened = _attached(self._files)
            with closing(opened.cursor()) as reader:
                reader.execute("USE logs")
                build, schemas = read_build(reader), read_schemas(reader)
        except (duckdb.Error, IndexError) as error:
            if "Could not set lock" in str(error):
                raise Busy(
                    "Another program has the logs of the embedded workspace open for writing.",
                    hint="Close it, and try again.",
                ) from error
            self._damage = _first_line(error)
            return _State.DAMAGED
        # Whoever still reads the version before keeps it alive through its own connection.
        self._instance, self._stamp, self._schemas, self._build = opened, stamp, schemas, build
        return _State.FRESH if self._is_fresh(build) else _State.STALE

    def _is_fresh(self, build: Build) -> bool:
        from sentinel_mcp.local.scenario.generation import generation

        age = abs(self._time() - datetime.fromisoformat(build.anchor))
        return build.seed == self._seed and build.generation == generation() and age < MAX_AGE

    def _time(self) -> datetime:
        return self._now or datetime.now(UTC)

    def _write_build(self) -> None:
        import duckdb

        from sentinel_mcp.kql.catalog import bundled
        from sentinel_mcp.local.scenario.generation import generation
        from sentinel_mcp.local.scenario.tables import write_tables

        anchor = self._time().astimezone(UTC).replace(microsecond=0)
        build = Build(self._seed, anchor.isoformat(), generation())
        scratch = self._files.scratch("build")
        self._on_progress("Preparing the scenario", 0.0)
        try:
            with closing(duckdb.connect(scratch)) as connection:
                create_record(connection, build)
                write_tables(connection, bundled("sentinel"), self._seed, anchor, self._on_progress)
                seal_scenario(connection)
                readable = self._carry_over(connection)
                connection.execute("CHECKPOINT")
            if not readable:
                # Part of it may have been copied already: once more, with nothing to copy.
                self._write_build()
                return
            flush_to_disk(scratch)
            self._files.replace_logs(scratch)
        finally:
            for left in (scratch, scratch.with_name(f"{scratch.name}.wal")):
                left.unlink(missing_ok=True)
        self._on_progress("The scenario is ready", 1.0)
        log.info("built the embedded workspace in %s", self._files.directory)

    def _carry_over(self, connection: DuckDBPyConnection) -> bool:
        """Copy what was ingested from the store before; say whether that could be read."""
        import duckdb

        if self._files.stamp() is None:
            return True
        try:
            connection.execute(f"ATTACH {_text(self._files.logs)} AS before (READ_ONLY)")
            carried = carry_over(connection, "before")
            connection.execute("DETACH before")
        except duckdb.Error as error:
            self._set_aside_logs(_first_line(error))
            return False
        if carried:
            told = ", ".join(f"{name} ({rows:,} rows)" for name, rows in carried.items())
            self.notices.append(f"The scenario was brought up to date; ingested logs stay: {told}.")
        return True

    def _fill_documents(self, build: Build) -> None:
        from sentinel_mcp.local.scenario.resources import write_documents

        documents = write_documents(datetime.fromisoformat(build.anchor))
        if kept := self.documents.fill(documents, build=build.id):
            self.notices.append(
                f"Incidents and other resources were brought up to date; {kept} that were "
                "changed by hand stay as they are."
            )

    def _open_documents(self) -> Documents:
        try:
            return Documents(self._files.resources)
        except StoreCorrupt:
            with self._files.locked(BUILD_PATIENCE_S):
                return self._reopen_documents()

    def _reopen_documents(self) -> Documents:
        try:
            return Documents(self._files.resources)
        except StoreCorrupt as error:
            aside = self._files.set_aside(self._files.resources)
            self.notices.append(
                f"{error.message} It was set aside as {aside.name} and built anew; "
                "changes made to incidents are gone."
            )
            return Documents(self._files.resources)

    def _set_aside_logs(self, reason: str) -> None:
        self._release()
        aside = self._files.set_aside(self._files.logs)
        self.notices.append(
            f"The tables were damaged ({reason}). They were set aside as {aside.name} and built "
            "anew; logs that had been ingested have to be ingested again."
        )

    def _release(self) -> None:
        if self._instance is not None:
            self._instance.close()
        self._instance = self._stamp = self._build = None
        self._schemas = {}


def _attached(files: StoreFiles) -> DuckDBPyConnection:
    """Open the logs read-only in a DuckDB instance that can reach nothing else.

    Attached to an instance in memory: DuckDB shares one instance for each path in a process, so
    connecting to the path again would show the replaced file (seen with 2.0.0).
    """
    import duckdb

    opened = duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT})
    try:
        opened.execute("SET GLOBAL TimeZone = 'UTC'")
        opened.execute(f"SET temp_directory = {_text(files.spill)}")
        opened.execute(f"ATTACH {_text(files.logs)} AS logs (READ_ONLY)")
        opened.execute(f"ATTACH ':memory:' AS {APPENDED}")
        # From here on no SQL, however it came about, opens a file or loads an extension.
        opened.execute("SET enable_external_access = false")
        _check_length(opened, files.logs)
    except duckdb.Error:
        opened.close()
        raise
    return opened


def _check_length(connection: DuckDBPyConnection, path: Path) -> None:
    """Find a file that was cut at its end, which DuckDB notices only when it reads there.

    Raises:
        duckdb.IOException: the file is shorter than its blocks.

    """
    import duckdb

    block_size, blocks = connection.execute(
        "SELECT block_size, total_blocks FROM pragma_database_size() WHERE database_name = 'logs'"
    ).fetchall()[0]
    # Three headers of 4 KiB come before the first block.
    if path.stat().st_size < block_size * blocks + 3 * 4096:
        raise duckdb.IOException(f"{path.name} is shorter than it should be")


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _unheard(message: str, part: float) -> None:
    pass
