"""Takes log files into the embedded workspace: all that can be read of them, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sentinel_mcp.errors import InputError, StoreCorrupt
from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.local.damage import Damaged
from sentinel_mcp.local.files import StoreFiles
from sentinel_mcp.local.intake import windows
from sentinel_mcp.local.intake.mapping import MappedField, Refusal, TableMapping
from sentinel_mcp.local.intake.records import Unreadable, read
from sentinel_mcp.local.intake.routes import Route, by_channel, to_one_table
from sentinel_mcp.local.intake.sources import Source, find
from sentinel_mcp.local.intake.staging import Staging
from sentinel_mcp.local.store import Store

OnProgress = Callable[[str, float], None]
"""Told what is being done and which part of the whole is done, from 0 to 1."""

MAX_REFUSALS = 20
"""Refused rows that a report shows; the others are counted."""
LOCK_PATIENCE_S = 120.0
COMMIT_ATTEMPTS = 3


class OpenStore(Protocol):
    """Opens the store of a directory, as `Store.open` does."""

    def __call__(
        self, directory: Path, *, now: datetime | None, on_progress: OnProgress | None
    ) -> Store:
        """Open it; build it where need be."""
        ...


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken; `line` is where it begins, in Parquet the number of the row."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class TableReport:
    """What went into one table, and which field went to which column."""

    name: str
    rows: int
    fields: tuple[MappedField, ...]


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the rows. `skipped` met no condition, or belonged to no table."""

    tables: tuple[TableReport, ...]
    taken: int
    refused: int
    skipped: int
    refusals: tuple[RefusedRow, ...]
    notices: tuple[str, ...]


def ingest(
    directory: Path,
    table: str | None,
    files: Sequence[Path],
    *,
    catalog: Catalog,
    where: Sequence[str] = (),
    windows_events: bool = False,
    time_field: str | None = None,
    now: datetime | None = None,
    on_progress: OnProgress | None = None,
    open_store: OpenStore = Store.open,
) -> IngestReport:
    """Append the rows of files to a table of the store in `directory`.

    Columns of the table that `catalog` knows keep its names and types, and a row with a value that
    does not fit is refused; other fields become columns typed by what they hold. `where` takes
    conditions `Field=Value`. `windows_events` sends each event to the table of its channel
    instead: SecurityEvent, Sysmon or Event. `time_field` names the field with the time, where it
    is none of the usual ones. `now` is the moment to which the scenario is anchored; `open_store`
    is for tests.

    Raises:
        InputError: the arguments contradict each other, a file cannot be read to its end, or none
            of its rows could be taken. The store is as it was.
        Busy: another process is writing the store.

    """
    route = _route(table, where, windows_events=windows_events)
    if not files:
        raise InputError("There is no file to ingest.", hint="Name at least one.")
    found = find(files)
    tell = on_progress or _unheard
    opened = open_store(directory, now=now, on_progress=lambda what, part: tell(what, part * 0.1))
    with opened as store:
        notices = [*store.notices, *found.notices]
        names = {each.lower(): each for each in (*store.tables(), *catalog.tables)}
    place = StoreFiles(directory)
    with place.scratch_folder("ingest", LOCK_PATIENCE_S) as folder, Staging(folder) as staging:
        reader = _Reader(route, staging, catalog, names, time_field)
        done = 0

        def advanced(size_bytes: int) -> None:
            nonlocal done
            done += size_bytes
            tell("Reading", 0.1 + 0.8 * min(1.0, done / max(1, found.size_bytes)))

        for source in found.sources:
            reader.take(source, advanced)
        reader.check_any(files)
        tell("Writing", 0.9)
        staging.finish()
        rows = _commit(staging, place, open_store, now)
    tell("Done", 1.0)
    return reader.report(rows, notices)


def _commit(
    staging: Staging, place: StoreFiles, open_store: OpenStore, now: datetime | None
) -> dict[str, int]:
    """Put the rows into the store; where it was reset or damaged meanwhile, build it first."""
    for _ in range(COMMIT_ATTEMPTS):
        with place.locked(LOCK_PATIENCE_S):
            if place.stamp() is not None:
                try:
                    return staging.commit(place)
                except Damaged:
                    place.mark_doubtful()
        open_store(place.directory, now=now, on_progress=None).close()
    raise StoreCorrupt(
        "The tables of the embedded workspace cannot be added to: they are damaged or removed "
        "again and again.",
        hint="Is the disk failing, or another program at work in their directory? Nothing was "
        "taken.",
    )


def _route(table: str | None, where: Sequence[str], *, windows_events: bool) -> Route:
    if windows_events:
        if table is not None or where:
            raise InputError(
                "--windows chooses the table of each event, so neither --table nor --where goes "
                "with it.",
                hint="Give one or the other.",
            )
        return by_channel
    if table is None:
        raise InputError("No table was named.", hint="Use --table NAME, or --windows.")
    return to_one_table(table, where)


class _Reader:
    """Reads sources into the staging area and keeps count."""

    def __init__(
        self,
        route: Route,
        staging: Staging,
        catalog: Catalog,
        names: Mapping[str, str],
        time_field: str | None,
    ) -> None:
        """`names` are the tables there are, by their names in lower case."""
        self._names = names
        self._route = route
        self._staging = staging
        self._catalog = catalog
        self._time_field = time_field
        self._mappings: dict[str, TableMapping] = {}
        self._taken = 0
        self._refused = 0
        self._skipped = 0
        self._refusals: list[RefusedRow] = []

    def take(self, source: Source, on_bytes: Callable[[int], None]) -> None:
        """Read one source to its end."""
        from_text = source.format == "csv"
        for record in read(source, on_bytes):
            if isinstance(record, Unreadable):
                self._refuse(source, record.line, record.reason)
                continue
            routed = self._route(record.fields)
            if routed is None:
                self._skipped += 1
                continue
            # DuckDB does not tell names apart by case, so there is one spelling of each.
            table = self._names.get(routed.lower(), routed)
            mapping = self._mapping(table)
            mapping.from_text = from_text
            try:
                cells = mapping.cells(record.fields, windows.derived(table, record.fields))
                self._staging.add(mapping, cells)
            except Refusal as refusal:
                self._refuse(source, record.line, str(refusal))
            else:
                self._taken += 1

    def check_any(self, files: Sequence[Path]) -> None:
        """Raise InputError when no row was taken at all."""
        if self._taken:
            return
        names = ", ".join(repr(path.name) for path in files[:3])
        if self._refusals:
            first = self._refusals[0]
            raise InputError(
                f"None of the {self._refused:,} rows of {names} can be taken; the first, line "
                f"{first.line} of {first.file}: {first.reason}.",
                hint="Nothing was changed. Name the field with the time, if it is that.",
            )
        if self._skipped:
            raise InputError(
                f"None of the {self._skipped:,} rows of {names} meets the condition.",
                hint="Nothing was changed. Check field and value of --where.",
            )
        raise InputError(f"There is no row in {names}.", hint="Nothing was changed.")

    def report(self, rows: dict[str, int], notices: Sequence[str]) -> IngestReport:
        """Return what became of everything."""
        return IngestReport(
            tables=tuple(
                TableReport(name, rows[name], mapping.fields())
                for name, mapping in self._mappings.items()
                if name in rows
            ),
            taken=self._taken,
            refused=self._refused,
            skipped=self._skipped,
            refusals=tuple(self._refusals),
            notices=tuple(notices),
        )

    def _mapping(self, table: str) -> TableMapping:
        found = self._mappings.get(table)
        if found is None:
            found = self._mappings[table] = TableMapping(
                self._catalog.tables.get(table), table, time_field=self._time_field
            )
        return found

    def _refuse(self, source: Source, line: int, reason: str) -> None:
        self._refused += 1
        if len(self._refusals) < MAX_REFUSALS:
            self._refusals.append(RefusedRow(source.name, line, reason))


def _unheard(message: str, part: float) -> None:
    pass
