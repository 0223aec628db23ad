"""The embedded workspace's store: tables in DuckDB, documents in SQLite, built when needed."""

from __future__ import annotations

import logging
import sqlite3
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sentinel_mcp.errors import Busy, StoreCorrupt, Unavailable
from sentinel_mcp.kql.catalog import TableSchema
from sentinel_mcp.local.carry_over import CarriedOver, carry_over
from sentinel_mcp.local.damage import Damaged, damage_of, opening
from sentinel_mcp.local.document_recovery import recover
from sentinel_mcp.local.documents import Document, Documents
from sentinel_mcp.local.files import Stamp, StoreFiles
from sentinel_mcp.local.loss import documents_notice, logs_notice
from sentinel_mcp.local.tables import (
    Build,
    create_record,
    quoted,
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


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a new store holds before anything is ingested."""

    generation: Callable[[], str]
    write_tables: Callable[[DuckDBPyConnection, int, datetime, OnProgress], None]
    """Creates and fills the tables, given the seed and the moment to take for now."""
    documents: Callable[[datetime], Iterable[Document]]


def bundled_scenario() -> Scenario:
    """Return the scenario that the embedded workspace comes with."""
    from sentinel_mcp.local.scenario.generation import generation

    # What writes it is loaded when it is written: most starts find it there.
    def write_tables(
        connection: DuckDBPyConnection, seed: int, anchor: datetime, on_progress: OnProgress
    ) -> None:
        from sentinel_mcp.kql.catalog import bundled
        from sentinel_mcp.local.scenario import tables

        tables.write_tables(connection, bundled("sentinel"), seed, anchor, on_progress)

    def documents(anchor: datetime) -> Iterable[Document]:
        from sentinel_mcp.local.scenario.resources import write_documents

        return write_documents(anchor)

    return Scenario(generation, write_tables, documents)


class _State(Enum):
    MISSING = auto()
    DAMAGED = auto()
    STALE = auto()
    FRESH = auto()


class Store:
    """One open store. Several processes may have the same directory open."""

    def __init__(
        self,
        directory: Path,
        *,
        seed: int,
        now: datetime | None,
        on_progress: OnProgress | None,
        scenario: Scenario | None,
    ) -> None:
        self._news: list[str] = []
        self._files = StoreFiles(directory)
        self._seed = seed
        self._now = now
        self._scenario = scenario or bundled_scenario()
        self._on_progress = on_progress or _unheard
        self._lock = threading.RLock()
        self._instance: DuckDBPyConnection | None = None
        self._stamp: Stamp | None = None
        self._schemas: dict[str, TableSchema] = {}
        self._build: Build | None = None
        self._damage: str | None = None
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
        scenario: Scenario | None = None,
    ) -> Store:
        """Open the store of a directory; build it when it is missing, damaged or out of date.

        `now` is the moment to which the scenario is anchored, in place of the present; `scenario`
        is for tests. What was repaired or carried over is told in `notices`.

        Raises:
            Busy: another process has been building for too long.
            ConfigError: the directory cannot be written, or holds files of another version.
            Unavailable: there is not enough memory, or the like; the files stay as they are.

        """
        return cls(directory, seed=seed, now=now, on_progress=on_progress, scenario=scenario)

    @property
    def notices(self) -> Sequence[str]:
        """What was repaired or carried over, and what was lost and the user has not seen yet."""
        return [*self._news, *self.documents.notices()]

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

    @contextmanager
    def reading(self) -> Generator[DuckDBPyConnection]:
        """Lend a connection as `connect` does.

        Raises:
            StoreCorrupt: what was read is damaged; the next use builds it anew.

        """
        import duckdb

        with closing(self.connect()) as connection:
            try:
                yield connection
            except duckdb.Error as error:
                if reason := damage_of(error):
                    raise self.doubt(reason) from error
                raise

    def tables(self) -> dict[str, TableSchema]:
        """Return the schema of every stored table, by name."""
        with self._lock:
            if self._instance is None or self._files.stamp() != self._stamp:
                self._ready()
            return dict(self._schemas)

    def doubt(self, reason: str) -> StoreCorrupt:
        """Have the tables read through before they are used again; return the error that says so.

        DuckDB finds out about a damaged block only when it reads it, so this is for whoever runs
        the queries. The next `connect` builds the tables anew if they are damaged indeed.
        """
        with self._lock, self._files.locked(BUILD_PATIENCE_S):
            # Another process may have found out first, and built them anew already.
            if self._stamp is not None and self._files.stamp() == self._stamp:
                self._files.mark_doubtful()
            self._release()
        return StoreCorrupt(
            f"The tables of the embedded workspace are damaged: {reason}.",
            hint="With the next query they are built anew, and what can be read of your ingested "
            "logs is carried over.",
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
                if state is not _State.FRESH:
                    self._files.sweep()
                    self._write_build(self._damage if state is _State.DAMAGED else None)
        except Busy:
            if state is not _State.STALE:
                raise
            self._news.append(
                "The scenario is older than a day; another process is writing the store, "
                "so it stays as it is for now."
            )
            return
        if self._attach() in (_State.MISSING, _State.DAMAGED):
            raise Unavailable(
                "The tables of the embedded workspace are gone or damaged as soon as they are "
                "built.",
                hint="Is the disk failing, or another program at work in "
                f"{str(self._files.directory)!r}?",
            )

    def _attach(self) -> _State:
        """Open the logs there are, and say what they are."""
        stamp = self._files.stamp()
        if stamp is None:
            self._release()
            return _State.MISSING
        try:
            with opening(self._files.logs):
                opened = _attached(self._files)
                try:
                    with closing(opened.cursor()) as reader:
                        reader.execute("USE logs")
                        build, schemas = read_build(reader), read_schemas(reader)
                        if not self._files.is_sound(stamp):
                            _read_through(reader, schemas)
                            self._files.mark_sound(stamp)
                except BaseException:
                    opened.close()
                    raise
        except Damaged as damaged:
            self._release()
            self._damage = str(damaged)
            return _State.DAMAGED
        except Unavailable:
            if self._files.stamp() is None:
                # It was removed in between, as `local reset` does.
                self._release()
                return _State.MISSING
            raise
        # Whoever still reads the version before keeps it alive through its own connection.
        self._instance, self._stamp, self._schemas, self._build = opened, stamp, schemas, build
        return _State.FRESH if self._is_fresh(build) else _State.STALE

    def _is_fresh(self, build: Build) -> bool:
        age = abs(self._time() - datetime.fromisoformat(build.anchor))
        generation = self._scenario.generation()
        return build.seed == self._seed and build.generation == generation and age < MAX_AGE

    def _time(self) -> datetime:
        return self._now or datetime.now(UTC)

    def _write_build(self, damage: str | None) -> None:
        """Build new logs, carry over what was ingested, and put them in the place of the old.

        `damage` is what DuckDB says of the old ones; more may be found when they are read.
        """
        import duckdb

        anchor = self._time().astimezone(UTC).replace(microsecond=0)
        build = Build(self._seed, anchor.isoformat(), self._scenario.generation())
        scratch = self._files.scratch("build")
        self._on_progress("Preparing the scenario", 0.0)
        try:
            with closing(duckdb.connect(scratch)) as connection:
                create_record(connection, build)
                self._scenario.write_tables(connection, self._seed, anchor, self._on_progress)
                seal_scenario(connection)
                carried = CarriedOver(damage=damage)
                if self._files.stamp() is not None:
                    carry_over(connection, self._files.logs, carried)
                connection.execute("CHECKPOINT")
            if carried.damage:
                self._keep_damaged_logs(carried)
            self._files.replace(self._files.logs, scratch)
        finally:
            for left in (scratch, scratch.with_name(f"{scratch.name}.wal")):
                left.unlink(missing_ok=True)
        if stamp := self._files.stamp():
            self._files.mark_sound(stamp)
        if carried.rows and not carried.damage:
            listed = ", ".join(f"{name} ({rows:,} rows)" for name, rows in carried.rows.items())
            self._news.append(f"The scenario was brought up to date; ingested logs stay: {listed}.")
        self._on_progress("The scenario is ready", 1.0)
        log.info("built the embedded workspace in %s", self._files.directory)

    def _keep_damaged_logs(self, carried: CarriedOver) -> None:
        aside = self._files.name_aside(self._files.logs)
        # Said before it is done: killed in between, it is said once too often and not too little.
        self.documents.add_notice(logs_notice(carried, aside.name))
        self._files.keep(self._files.logs, aside)

    def _fill_documents(self, build: Build) -> None:
        documents = self._scenario.documents(datetime.fromisoformat(build.anchor))
        if kept := self.documents.fill(documents, build=build.id):
            self._news.append(
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
            self._replace_documents(error)
            return Documents(self._files.resources)

    def _replace_documents(self, error: StoreCorrupt) -> None:
        """Put what can be read of damaged documents in their place, and keep them aside."""
        damaged, scratch = self._files.resources, self._files.scratch("documents")
        copy = self._files.scratch("damaged")
        aside = self._files.name_aside(damaged)
        try:
            with _writing_stopped(damaged):
                # A copy: SQLite changes a file when it opens it, and the log beside it.
                self._files.keep(damaged, aside)
                with suppress(FileNotFoundError):
                    self._files.copy(aside, copy)
                recovered = recover(copy)
                with closing(Documents(scratch)) as documents:
                    documents.restore(recovered, documents_notice(error, recovered, aside.name))
                self._files.replace(damaged, scratch)
        finally:
            self._files.remove(scratch)
            self._files.remove(copy)

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
        # With the type: for a file that looks like SQLite's, DuckDB would fetch an extension.
        opened.execute(f"ATTACH {_text(files.logs)} AS logs (READ_ONLY, TYPE duckdb)")
        opened.execute(f"ATTACH ':memory:' AS {APPENDED}")
        # From here on no SQL, however it came about, opens a file or loads an extension.
        opened.execute("SET enable_external_access = false")
    except duckdb.Error:
        opened.close()
        raise
    return opened


def _read_through(connection: DuckDBPyConnection, tables: Iterable[str]) -> None:
    """Read every block of every table once, which has DuckDB compare all checksums.

    A scenario of 38 MB takes 0.9 s; it is done for a file that was changed by somebody else.
    """
    for name in tables:
        connection.execute(f"SELECT max(hash(t)) FROM {quoted(name)} t").fetchall()  # noqa: S608 - quoted


@contextmanager
def _writing_stopped(path: Path) -> Generator[None]:
    """Keep other processes from writing to damaged documents, where SQLite can still do that."""
    # An empty file has nothing to lock, and SQLite would delete its log. On Windows no file that
    # is open can be replaced, so there is nobody to stop.
    if sys.platform == "win32" or not path.exists() or path.stat().st_size == 0:
        yield
        return
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with suppress(sqlite3.DatabaseError):
            connection.execute("BEGIN IMMEDIATE")
        yield


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _unheard(message: str, part: float) -> None:
    pass
