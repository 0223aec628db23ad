"""Reports which tables still get data as they usually do, and which rules have gone blind.

at once: usage by hour · tables and their plans · connections · rules
then:    the last event of each table, a hundred tables a query · machines that stopped, by table
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from sentinel_mcp.domains.calls import AzureCalls, Failure, Rows
from sentinel_mcp.domains.connectors.accounts import (
    USAGE,
    LastEvent,
    Volume,
    since,
    volumes_of,
)
from sentinel_mcp.domains.connectors.documents import read_connection
from sentinel_mcp.domains.connectors.machines import REPORTERS, find_silent
from sentinel_mcp.domains.connectors.mentions import tables_named
from sentinel_mcp.domains.connectors.models import (
    FreshnessReport,
    MachineReport,
    MissingSource,
    TableFreshness,
)
from sentinel_mcp.domains.connectors.silence import (
    JUDGED,
    LOOKBACK_DAYS,
    Rhythm,
    State,
    state_of,
)
from sentinel_mcp.domains.connectors.table_connectors import documented_connector
from sentinel_mcp.domains.documents import Document, flag, inner, name, number, text, time
from sentinel_mcp.domains.last_events import NEVER_DAYS, TABLES_A_QUERY, last_events_query
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

MAX_TABLES = 300
MAX_RULES = 1_000
MAX_NAMES = 20
"""Connectors, and rules, told of one table."""
MAX_ROWS = 2_000
PAGE_SIZE = 50

_WORST_FIRST = {state: place for place, state in enumerate(get_args(State))}


@dataclass(frozen=True, slots=True)
class FreshnessFilter:
    """What a caller asks for; nothing set keeps every table."""

    table: str | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read at once; a part is empty where it could not be."""

    volumes: Mapping[str, Volume]
    plans: Mapping[str, str | None]
    feeders: Mapping[str, Sequence[str]]
    readers: Mapping[str, Sequence[str]]
    missing: Sequence[MissingSource]
    warnings: Sequence[str]

    def called(self, table: str) -> str:
        """Return a table's name as the workspace writes it; unknown ones as they are given."""
        known = {*self.plans, *self.names}
        if table in known:
            return table
        return next((each for each in known if each.casefold() == table.casefold()), table)

    @property
    def names(self) -> list[str]:
        """Every table that has data, is fed, or is read by a rule."""
        return sorted({*self.volumes, *self.feeders, *self.readers})

    def has_table(self, table: str) -> bool:
        """Whether the workspace has it; where its tables could not be listed, the usage tells."""
        return table in self.plans if self.plans else table in self.volumes

    def is_queryable(self, table: str) -> bool:
        """Whether its last event can be asked for, among others."""
        return self.has_table(table) and self.plans.get(table) in ("Analytics", None)


class Freshness:
    """Judges each table by its own past."""

    def __init__(self, calls: AzureCalls) -> None:
        self._calls = calls

    async def report(
        self, wanted: FreshnessFilter, *, cursor: str | None, workspace: str | None
    ) -> FreshnessReport:
        """Return one page of tables, the worst first; a source that fails is told.

        Raises:
            SentinelError: neither the usage nor any last event can be read.

        """
        context = await self._calls.open(workspace)
        sources = await self._sources(context)
        names = sources.names if wanted.table is None else [sources.called(wanted.table)]
        asked = [each for each in names if sources.is_queryable(each)][:MAX_TABLES]
        answers, machines = await asyncio.gather(
            self._last_events(context, asked, sources),
            self._machines(context, asked, sources, wanted, cursor),
        )
        refusals = [each for each in answers if isinstance(each, SentinelError)]
        if refusals and len(refusals) == len(answers) and not sources.volumes:
            raise refusals[0]
        events = _events_of(answers)
        judged = [_judged(each, sources, events.get(each)) for each in names]
        kept = sorted(
            (each for each in judged if wanted.state in (None, each.state)),
            key=lambda each: (_WORST_FIRST[each.state], -each.rules_count, each.table),
        )
        call = {
            "tool": "check_data_freshness",
            "workspace": context.config.name,
            "table": wanted.table,
            "state": wanted.state,
        }
        room = self._calls.max_answer_bytes - (size_bytes(machines) if machines else 0)
        page = page_of(kept, PageRequest(call, PAGE_SIZE, cursor, room))
        counts = Counter(each.state for each in judged)
        return FreshnessReport(
            workspace=context.config.name,
            counts={state: counts[state] for state in get_args(State)},
            blind_rules_count=len({rule for each in judged for rule in _blind(each, sources)}),
            tables=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
            machines=machines,
            judged=JUDGED,
            missing=[*sources.missing, *_unread(answers)],
            warnings=[*sources.warnings, *_cut(names, asked, sources)],
        )

    async def _sources(self, context: AzureServicesContext) -> Sources:
        place = context.resource_group, context.workspace_name
        sentinel, logs = context.security_insights_client, context.loganalytics_client
        usage, tables, connections, rules = await asyncio.gather(
            self._calls.attempt(
                self._calls.query(
                    context,
                    "read the usage",
                    USAGE,
                    timespan=f"P{LOOKBACK_DAYS}D",
                    max_rows=MAX_ROWS,
                )
            ),
            self._calls.attempt(
                self._calls.read_all(
                    "list the tables", lambda: logs.tables.list_by_workspace(*place)
                )
            ),
            self._calls.attempt(
                self._calls.read_all(
                    "list the data connectors", lambda: sentinel.data_connectors.list(*place)
                )
            ),
            self._calls.attempt(
                self._calls.read_all(
                    "list the analytics rules",
                    lambda: sentinel.alert_rules.list(*place),
                    max_documents=MAX_RULES,
                )
            ),
        )
        plans = {name(each): text(inner(each, "properties"), "plan") for each in _documents(tables)}
        volumes = {} if isinstance(usage, SentinelError) else volumes_of(usage)
        feeders = _feeders(_documents(connections))
        parts = {"usage": usage, "tables": tables, "connections": connections, "rules": rules}
        unread = 0
        readers: dict[str, list[str]] = {}
        for rule in _enabled(_documents(rules)):
            query = text(inner(rule, "properties"), "query", 1_000_000)
            if query is None:
                continue
            found = tables_named(query, {*plans, *volumes, *feeders})
            unread += not found
            title = text(inner(rule, "properties"), "displayName", 200) or name(rule)
            for table in found:
                readers.setdefault(table, []).append(title)
        return Sources(
            volumes=volumes,
            plans=plans,
            feeders=feeders,
            readers=readers,
            missing=[
                MissingSource.model_validate({"part": part, "error": Failure.of(each)})
                for part, each in parts.items()
                if isinstance(each, SentinelError)
            ],
            warnings=_warnings(usage, rules, unread),
        )

    async def _machines(
        self,
        context: AzureServicesContext,
        tables: Sequence[str],
        sources: Sources,
        wanted: FreshnessFilter,
        cursor: str | None,
    ) -> MachineReport | None:
        """Return the machines that stopped, with the first page of all states."""
        if cursor is not None or wanted.state is not None:
            return None
        volumes = sources.volumes
        return await find_silent(
            self._calls,
            context,
            {
                each: volumes[each].megabytes / 1000
                for each in tables
                if each in REPORTERS and each in volumes
            },
        )

    async def _last_events(
        self, context: AzureServicesContext, tables: Sequence[str], sources: Sources
    ) -> list[Rows | SentinelError]:
        """Ask for no further back than the usage tells; then again where that held nothing."""
        near = {each: since(sources.volumes.get(each)) for each in tables}
        answers = await self._ask_last_events(context, near)
        events = _events_of(answers)
        # What came late is dated before the hour that the usage counts it in.
        late = {
            table: since(None)
            for table in tables
            if table in sources.volumes and table in events and events[table].at is None
        }
        return [*answers, *(await self._ask_last_events(context, late))]

    async def _ask_last_events(
        self, context: AzureServicesContext, back: Mapping[str, str]
    ) -> list[Rows | SentinelError]:
        tables = list(back)
        batches = [
            {each: back[each] for each in tables[start : start + TABLES_A_QUERY]}
            for start in range(0, len(tables), TABLES_A_QUERY)
        ]
        return await asyncio.gather(
            *(
                self._calls.attempt(
                    self._calls.query(
                        context,
                        "read the last events",
                        last_events_query(batch),
                        timespan=f"P{NEVER_DAYS}D",
                    )
                )
                for batch in batches
            )
        )


def _events_of(answers: Iterable[Rows | SentinelError]) -> dict[str, LastEvent]:
    return {
        table: LastEvent(time(row, "LastEvent"), number(row, "SilenceHours"))
        for answer in answers
        if isinstance(answer, Rows)
        for row in answer.rows
        if (table := text(row, "TableName", 300))
    }


def _unread(answers: Iterable[Rows | SentinelError]) -> list[MissingSource]:
    """Return what the first answer lacks that is not whole; those of all lack it alike."""
    for each in answers:
        fault = Failure.of(each) if isinstance(each, SentinelError) else each.fault
        if fault is not None:
            return [MissingSource(part="last_events", error=fault)]
    return []


def _feeders(connections: Iterable[Document]) -> dict[str, list[str]]:
    """Return by table the connections that are to feed it: what is switched off is not."""
    found: dict[str, list[str]] = {}
    for each in connections:
        # Its definition is not read for a better title.
        definition = text(inner(each, "properties"), "connectorDefinitionName")
        connection = read_connection(each, {definition: definition} if definition else {})
        if connection.connected == "no":
            continue
        for data_type in connection.data_types:
            off = (data_type.state or "").casefold() == "disabled"
            titles = found.setdefault(data_type.table, []) if data_type.table and not off else None
            if titles is not None and connection.title not in titles:
                titles.append(connection.title)
    return found


def _judged(table: str, sources: Sources, event: LastEvent | None) -> TableFreshness:
    volume = sources.volumes.get(table)
    rhythm = volume.rhythm if volume else Rhythm.of(())
    readers = sources.readers.get(table, ())
    state: State
    note: str | None = None
    if event is not None:
        silence_h = None if event.silence_h is None else max(0.0, event.silence_h)
        state = state_of(rhythm, silence_h)
    elif not sources.has_table(table):
        silence_h, state, note = None, "never", "The workspace has no such table."
    elif rhythm.newest_h is not None:
        # By the usage alone, which is an hour or two behind.
        silence_h = float(rhythm.newest_h)
        state, note = state_of(rhythm, silence_h), "Judged by the hourly usage alone."
    else:
        silence_h, state, note = None, "unknown", "Its last event was not read."
    return TableFreshness(
        table=table,
        state=state,
        last_event=event.at if event else None,
        silence_h=None if silence_h is None else round(silence_h, 1),
        usual_gap_h=rhythm.usual_gap_h,
        longest_gap_h=rhythm.longest_gap_h,
        gb_per_day=round(volume.megabytes / 1000 / rhythm.observed_days, 6) if volume else None,
        connectors=_told(sources.feeders.get(table, ())),
        usual_connector=documented_connector(table),
        rules_count=len(readers),
        blind_rules=_told(readers) if state in ("silent", "never") else [],
        note=note,
    )


def _blind(each: TableFreshness, sources: Sources) -> Sequence[str]:
    return sources.readers.get(each.table, ()) if each.state in ("silent", "never") else ()


def _told(names: Sequence[str]) -> list[str]:
    more = len(names) - MAX_NAMES
    return [*names[:MAX_NAMES], *([f"… and {more} more"] if more > 0 else [])]


def _enabled(rules: Iterable[Document]) -> Iterable[Document]:
    return (each for each in rules if flag(inner(each, "properties"), "enabled"))


def _documents(found: list[Document] | SentinelError) -> list[Document]:
    return [] if isinstance(found, SentinelError) else found


def _warnings(
    usage: Rows | SentinelError, rules: list[Document] | SentinelError, unread: int
) -> list[str]:
    told: list[str] = []
    if not isinstance(usage, SentinelError) and usage.fault:
        told.append(f"Azure told only a part of the usage: {usage.fault.message}")
    if not isinstance(usage, SentinelError) and usage.truncated:
        told.append(f"Only {MAX_ROWS} tables of the usage were read.")
    if unread:
        told.append(
            f"{unread} enabled rules name no known table where a pipeline begins (they may read a "
            "function); whether they are blind is not known."
        )
    if len(_documents(rules)) == MAX_RULES:
        told.append(f"Only the first {MAX_RULES} rules were read.")
    return told


def _cut(names: Sequence[str], asked: Collection[str], sources: Sources) -> list[str]:
    left = sum(1 for each in names if sources.is_queryable(each)) - len(asked)
    other = [each for each in names if sources.has_table(each) and not sources.is_queryable(each)]
    return [
        *([f"The last event of {left} more tables was not read; name them."] if left else []),
        *(
            [f"{len(other)} tables are not of the Analytics plan and were judged by usage alone."]
            if other
            else []
        ),
    ]
