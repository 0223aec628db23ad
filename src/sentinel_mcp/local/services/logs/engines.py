"""Engines over the newest tables, kept from query to query.

An engine is made for one query at a time, because interrupting it ends all that runs on it. It is
kept, because making one costs 0.1 s. When the store's file was replaced, new engines are made
on the new one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.results import Environment
from sentinel_mcp.local.damage import damage_of
from sentinel_mcp.local.services.logs.environments import catalog_of

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from sentinel_mcp.engine.engine import EngineResult
    from sentinel_mcp.errors import StoreCorrupt
    from sentinel_mcp.kql.results import Normalised
    from sentinel_mcp.kql.timespan import Timespan
    from sentinel_mcp.local.store import Store

_log = logging.getLogger(__name__)


class LocalEngine(Protocol):
    """What is asked of an engine."""

    def run(
        self, query: Normalised, *, timespan: Timespan | None, now: datetime, max_rows: int
    ) -> EngineResult:
        """Run a query; blocks."""
        ...

    def another(self, connection: DuckDBPyConnection) -> LocalEngine:
        """Return one for the same tables, on a connection of its own."""
        ...

    def interrupt(self) -> None:
        """End what runs, from another thread."""
        ...

    def close(self) -> None:
        """Give back its connections."""
        ...


MakeEngine = Callable[["DuckDBPyConnection", Catalog], LocalEngine]


@dataclass(slots=True)
class Lent:
    """An engine, the connection under it and the tables that it knows."""

    engine: LocalEngine
    connection: DuckDBPyConnection
    catalog: Catalog
    version: Hashable
    environment: Environment = "sentinel"
    interrupted: bool = False

    def interrupt(self) -> None:
        """End what runs on it; it is not lent again."""
        self.interrupted = True
        self.engine.interrupt()

    def close(self) -> None:
        """Give back the connection and those of the engine."""
        self.engine.close()
        self.connection.close()


@dataclass(slots=True)
class _Tables:
    version: Hashable
    catalog: Catalog
    first: LocalEngine | None = None
    """Knows the tables already, so that others need not read them again."""
    idle: list[Lent] = field(default_factory=list[Lent])


class Engines:
    """Lends engines; for any number of threads."""

    def __init__(
        self, store: Store, make_engine: MakeEngine, version: Callable[[], Hashable]
    ) -> None:
        """Prepare; `version` tells when the store's tables are others than before."""
        self._store = store
        self._make_engine = make_engine
        self._version = version
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._tables: dict[Environment, _Tables] = {}
        self._lent: dict[int, Lent] = {}

    def borrow(self, environment: Environment = "sentinel") -> Lent:
        """Return an engine over the newest tables; blocks while they are built."""
        tables = self._newest(environment)
        with self._lock:
            lent = tables.idle.pop() if tables.idle else None
        if lent is None:
            lent = self._made(tables, environment)
        with self._lock:
            self._lent[id(lent)] = lent
        return lent

    def give_back(self, lent: Lent) -> None:
        """Keep an engine for the next query, where its tables are still the newest."""
        with self._lock:
            self._lent.pop(id(lent), None)
            tables = self._tables.get(lent.environment)
            if tables and tables.version == lent.version and not lent.interrupted:
                tables.idle.append(lent)
                return
        lent.close()

    def interrupt(self) -> None:
        """End what runs on any engine."""
        with self._lock:
            for lent in self._lent.values():
                lent.interrupt()

    def doubt(self, reason: str) -> StoreCorrupt:
        """Have the store's tables read through, and return the error that says why."""
        with self._lock:
            self._forget()
            return self._store.doubt(reason)

    def close(self) -> None:
        """Close the engines that are not lent; one that is given back is closed then."""
        with self._lock:
            self._forget()

    def _made(self, tables: _Tables, environment: Environment) -> Lent:
        import duckdb

        connection = self._store.connect()
        try:
            if tables.first is None:
                tables.first = engine = self._make_engine(connection, tables.catalog)
            else:
                engine = tables.first.another(connection)
        except duckdb.Error as error:
            connection.close()
            if reason := damage_of(error):
                raise self.doubt(reason) from error
            raise
        return Lent(engine, connection, tables.catalog, tables.version, environment)

    def _newest(self, environment: Environment) -> _Tables:
        # Two locks: a store may take 20 s to be built, and giving back must not wait for that.
        with self._renewing:
            version = self._version()
            tables = self._tables.get(environment)
            if tables is not None and tables.version == version:
                return tables
            # Reads the file that is there now, which may be newer than `version`: then the next
            # query finds the version changed, and new engines are made once more.
            catalog = catalog_of(environment, self._store.tables())
            with self._lock:
                if any(each.version != version for each in self._tables.values()):
                    self._forget()
                self._tables[environment] = tables = _Tables(version, catalog)
        _log.debug("new engines for the tables of version %s", version)
        return tables

    def _forget(self) -> None:
        for tables in self._tables.values():
            while tables.idle:
                tables.idle.pop().close()
        self._tables.clear()
