"""Runs rewritten KQL on DuckDB."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

import duckdb

from sentinel_mcp.engine import adapter, guard
from sentinel_mcp.engine.render import visualization
from sentinel_mcp.engine.tables import Additions, Stored, Tables, quoted, stored_tables
from sentinel_mcp.engine.translation import HINT, Translation, translator
from sentinel_mcp.engine.types import kusto_type
from sentinel_mcp.engine.wire import converter
from sentinel_mcp.errors import SentinelError, TimedOut, UnsupportedLocally
from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.results import Column, Normalised
from sentinel_mcp.kql.timespan import Timespan

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_log = logging.getLogger(__name__)

_FETCH_ROWS: Final = 2048
# Sums of whole numbers are wider in DuckDB; a whole number reads as a real, too.
_WIDER: Final = frozenset(
    {("long", "int"), ("int", "long"), ("long", "real"), ("int", "real"), ("decimal", "real")}
)
# For the whole database, and then locked: no file, no network, no Python variable is in reach.
_SETTINGS: Final = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL memory_limit = '1GB'",
    "SET GLOBAL threads = 2",
    "SET GLOBAL python_enable_replacements = false",
    "SET GLOBAL autoinstall_known_extensions = false",
    "SET GLOBAL autoload_known_extensions = false",
    "SET GLOBAL enable_external_access = false",
    "SET GLOBAL lock_configuration = true",
)


@dataclass(slots=True)
class EngineResult:
    """What a query yields, each cell as the Log Analytics API sends it.

    `rows` are read from the engine as they are taken, once; closing them, or taking the last, ends
    the query. `truncated`, right from then on, says that there were more rows than asked for;
    `scanned_rows` is about how many rows the tables read hold.
    """

    columns: tuple[Column, ...]
    rows: Iterable[list[object]]
    truncated: bool
    visualization: dict[str, Any] | None
    cpu_s: float
    scanned_rows: int | None


class Engine(Protocol):
    """Runs queries on stored tables."""

    def run(
        self, query: Normalised, *, timespan: Timespan | None, now: datetime, max_rows: int
    ) -> EngineResult:
        """Run a query; blocks, so call it from a thread."""
        ...

    def interrupt(self) -> None:
        """End all that runs."""
        ...


class DuckdbEngine:
    """Runs queries on the tables of a DuckDB database; for any number of threads.

    Tables that the catalog has and the database lacks are empty.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        catalog: Catalog,
        additions: Additions | None = None,
        *,
        stored: Mapping[str, Stored] | None = None,
    ) -> None:
        """Prepare; `additions` are rows that queries see beside those of the database.

        `stored` is what the database has, where that is known; reading it takes 0.3 s.
        """
        (database,) = connection.execute("SELECT current_database()").fetchall()[0]
        self._root = connection.cursor()
        # A cursor does not inherit the database that its parent uses.
        self._root.execute(f"USE {quoted(str(database))}")
        _lock(self._root)
        if stored is None:
            stored = stored_tables(self._root)
        self._stored, self._catalog, self._additions = stored, catalog, additions
        self._tables = Tables(stored, catalog, str(database), additions)
        places = adapter.places(str(database), known=adapter.LOCATIONS in stored)
        with _PREPARING:
            _define(connection, adapter.macros() + places)
        self._guard = threading.Lock()
        self._idle: list[DuckDBPyConnection] = []
        self._busy: set[DuckDBPyConnection] = set()

    def run(
        self, query: Normalised, *, timespan: Timespan | None, now: datetime, max_rows: int
    ) -> EngineResult:
        """Run a query over the rows within `timespan`, for at most `max_rows` of its rows.

        `timespan` applies to every stored table that has TimeGenerated; `now` is what the query's
        own clock says.

        Raises:
            KqlError: the query, unchecked before, does not parse.
            UnsupportedLocally: the engine cannot run it, or would run it wrongly.
            TimedOut: it was interrupted.

        """
        if not query.bound:
            guard.check(query.text)
        started = time.process_time()
        read = query.tables if query.bound else self._mentioned(query.text)
        schema = {table: tuple(self._tables.columns(table)) for table in read}
        translation = translator().translate(query.text, schema, bound=query.bound)
        with ExitStack() as stack:
            connection = stack.enter_context(self._connection())
            stack.callback(self._tables.hide, connection, read)
            try:
                self._tables.show(connection, read, timespan, now)
            except duckdb.Error as error:
                raise _failure(error) from error
            result = EngineResult(
                columns=_begin(connection, translation, query.columns, now, max_rows),
                rows=(),
                truncated=False,
                visualization=visualization(query.text),
                cpu_s=0,
                scanned_rows=self._tables.rows(read),
            )
            # The first rows are read here: most of what can go wrong goes wrong with them.
            rows = _Rows(connection, result, max_rows)
            result.cpu_s = time.process_time() - started
            rows.ending = stack.pop_all()
        result.rows = rows
        return result

    def another(self, connection: DuckDBPyConnection) -> DuckdbEngine:
        """Return one for the same tables, on a connection of its own to the same database."""
        return DuckdbEngine(connection, self._catalog, self._additions, stored=self._stored)

    def interrupt(self) -> None:
        """End every query that runs; their callers get TimedOut."""
        with self._guard:
            for connection in self._busy:
                connection.interrupt()

    def close(self) -> None:
        """Give back the connections; nothing may run any more."""
        with self._guard:
            for connection in [*self._idle, self._root]:
                connection.close()
            self._idle.clear()

    def _mentioned(self, text: str) -> tuple[str, ...]:
        """Return the tables whose name occurs among the query's tokens."""
        words = {word.strip("[]'\"") for word in adapter.tokens(text)}
        return tuple(sorted(words & self._tables.names()))

    @contextmanager
    def _connection(self) -> Generator[DuckDBPyConnection]:
        """Lend a connection; it is kept for the next query."""
        with self._guard:
            connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = self._root.cursor()
            self._busy.add(connection)
        try:
            yield connection
        finally:
            with self._guard:
                self._busy.discard(connection)
                self._idle.append(connection)


_PREPARING = threading.Lock()
"""Several engines may be made at once over one database, which is prepared once."""


def _define(connection: DuckDBPyConnection, macros: str) -> None:
    """Make the macros where every connection to the instance finds them; it takes 0.2 s."""
    # A cursor is in the database with which the instance began, which is in memory.
    with closing(connection.cursor()) as plain:
        try:
            plain.execute(adapter.LAST_MACRO_IS_THERE)
        except duckdb.CatalogException:
            plain.execute(macros)


def _lock(connection: DuckDBPyConnection) -> None:
    with _PREPARING:
        (locked,) = connection.execute("SELECT current_setting('lock_configuration')").fetchall()[0]
        if locked:
            return
        (reachable,) = connection.execute(
            "SELECT current_setting('enable_external_access')"
        ).fetchall()[0]
        if reachable:
            # Who closed the files already has also said where large results may be spilled.
            connection.execute("SET GLOBAL temp_directory = ''")
        for statement in _SETTINGS:
            connection.execute(statement)


class _Rows(Iterator[list[object]]):
    """The rows of a query that runs; at their end, its connection is given back."""

    def __init__(self, connection: DuckDBPyConnection, result: EngineResult, max_rows: int) -> None:
        self.ending = ExitStack()
        self._connection = connection
        self._result = result
        self._left = max_rows
        self._ended = False
        self._converters = [
            (position, convert)
            for position, column in enumerate(result.columns)
            if (convert := converter(column.type)) is not None
        ]
        self._batch = iter(self._fetch())

    def __next__(self) -> list[object]:
        if self._ended:
            raise StopIteration
        found = next(self._batch, None)
        if found is None:
            self._batch = iter(self._fetch())
            found = next(self._batch, None)
        if found is None or self._left == 0:
            self._result.truncated = found is not None
            self.close()
            raise StopIteration
        self._left -= 1
        row = list(found)
        for position, convert in self._converters:
            row[position] = convert(row[position])
        return row

    def close(self) -> None:
        """End the query, if it has not ended; there are no more rows."""
        self._ended = True
        self.ending.close()

    def _fetch(self) -> list[tuple[object, ...]]:
        try:
            return self._connection.fetchmany(_FETCH_ROWS)
        except duckdb.Error as error:
            raise _failure(error) from error


def _begin(
    connection: DuckDBPyConnection,
    translation: Translation,
    bound: tuple[Column, ...] | None,
    now: datetime,
    max_rows: int,
) -> tuple[Column, ...]:
    """Run for at most one row more than `max_rows`; return the columns."""
    statement = f"SELECT * FROM ({translation.sql}) LIMIT {max_rows + 1}"  # noqa: S608 the translator's own SQL
    try:
        connection.execute(statement, translation.parameters(now))
        described = [(str(each[0]), str(each[1])) for each in connection.description or []]
    except duckdb.Error as error:
        raise _failure(error) from error
    return _columns(described, bound)


def _columns(
    described: list[tuple[str, str]], bound: tuple[Column, ...] | None
) -> tuple[Column, ...]:
    """Return the result's columns: as Kusto binds them, or as DuckDB has them.

    Raises:
        UnsupportedLocally: DuckDB has others than Kusto binds, so that a row would be misread.

    """
    if bound is None:
        return tuple(Column(name, kusto_type(of)) for name, of in described)
    if len(described) != len(bound):
        raise UnsupportedLocally(
            f"The embedded engine yields {len(described)} columns where Kusto has {len(bound)}.",
            hint=HINT,
        )
    for (_, of), column in zip(described, bound, strict=True):
        if not _holds(of, column.type):
            raise UnsupportedLocally(
                f"Column {column.name!r} is {column.type} in Kusto, "
                f"and {kusto_type(of)} in the embedded engine.",
                hint=HINT,
            )
    return bound


def _holds(duckdb_type: str, kusto: str) -> bool:
    """Tell whether values of the DuckDB type read rightly as the Kusto type."""
    of = kusto_type(duckdb_type)
    if of == kusto or kusto == "unknown" or duckdb_type.strip('"') == "NULL":
        return True
    return (of, kusto) in _WIDER


def _failure(error: duckdb.Error) -> SentinelError:
    if isinstance(error, duckdb.InterruptException):
        return TimedOut("The query was stopped before it ended.", hint="Narrow it, or wait longer.")
    if isinstance(error, duckdb.OutOfMemoryException):
        return UnsupportedLocally(
            "The query needs more memory than the embedded engine has.",
            hint="Narrow its time range, or filter before `summarize` and `join`.",
        )
    _log.debug("DuckDB refused a translated query: %s", type(error).__name__)
    first = str(error).partition("\n")[0]
    return UnsupportedLocally(f"The embedded engine cannot run this query: {first}", hint=HINT)
