"""Looks an entity up everywhere at once, within a budget of time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sentinel_mcp.domains.calls import AzureCalls, Rows
from sentinel_mcp.domains.entities.findings import Findings, assembled, day_range
from sentinel_mcp.domains.entities.kql import alerts, knowledge, sightings
from sentinel_mcp.domains.entities.models import EntityInvestigation
from sentinel_mcp.domains.entities.requests import Wanted
from sentinel_mcp.domains.shared import indicators
from sentinel_mcp.domains.shared.entity import Subject, read_value
from sentinel_mcp.domains.shared.identification import DIRECTORY_TIMESPAN, Identification
from sentinel_mcp.domains.shared.indicators import IndicatorMatches
from sentinel_mcp.domains.shared.value_search import (
    LogTable,
    RowFilter,
    SearchRun,
    SearchScope,
    ValueSearch,
)
from sentinel_mcp.domains.shared.watchlist_items import ItemSearch
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql.timespan import Timespan, parse_timespan
from sentinel_mcp.tasks.manager import TaskInfo, Watcher, utc_now

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

Answer = Rows | IndicatorMatches
Outcome = Answer | SentinelError | None
"""None: not finished in time."""

IDENTIFYING_SHARE = 0.4
"""Of the budget, at most, for finding out what the value names."""


@dataclass(slots=True)
class _Plan:
    """The parts of an investigation: how each is asked for, and the tables of those that search."""

    asked: dict[str, Callable[[], Awaitable[Answer]]] = field(
        default_factory=dict[str, Callable[[], Awaitable[Answer]]]
    )
    tables: dict[str, tuple[LogTable, ...]] = field(default_factory=dict[str, tuple[LogTable, ...]])


class Investigations:
    """Runs investigations; every query waits for its turn in the queries' lane."""

    def __init__(
        self, azure: AzureCalls, identification: Identification, search: ValueSearch
    ) -> None:
        self._azure = azure
        self._identification = identification
        self._search = search

    async def run(
        self, wanted: Wanted, *, workspace: str | None, watcher: Watcher
    ) -> EntityInvestigation:
        """Return what is found within the budget; what did not finish is listed.

        Raises:
            InputError: the value cannot be of its kind, or the time range cannot be read.
            SentinelError: no part could be read; the error of the first.

        """
        started = time.monotonic()

        def left() -> float:
            return wanted.budget_s - (time.monotonic() - started)

        start, end = parse_timespan(wanted.timespan).bounds(self._azure.now())
        timespan = Timespan(start, end, None).iso
        read_value(wanted.value, wanted.kind)  # what cannot be looked for is refused at once
        context = await self._azure.open(workspace)
        share = wanted.budget_s * IDENTIFYING_SHARE
        scope, subject = await asyncio.gather(
            self._search.scope(context, timespan=timespan, seconds=share),
            self._identification.one(context, wanted.value, wanted.kind, share),
        )
        run = SearchRun(not_searched=list(scope.not_searched))
        plan = self._plan(context, subject, scope, run, (start, end), wanted, left)
        outcomes = await gathered(plan.asked, left(), watcher)
        for name, tables in plan.tables.items():
            if outcomes[name] is None:
                run.give_up(tables)
        _raise_if_nothing(outcomes)
        return assembled(
            Findings(
                context.config.name,
                subject,
                wanted.value,
                day_range(start, end),
                tuple(plan.tables),
                outcomes,
                run,
                scope.notes,
            ),
            self._azure.max_answer_bytes,
        )

    def _plan(
        self,
        context: AzureServicesContext,
        subject: Subject,
        scope: SearchScope,
        run: SearchRun,
        bounds: tuple[datetime, datetime],
        wanted: Wanted,
        left: Callable[[], float],
    ) -> _Plan:
        """Return the parts of an investigation; those that cannot find anything are out."""
        start, end = bounds
        asked_range = Timespan(start, end, None).iso
        until_now = Timespan(start, max(self._azure.now(), end), None).iso
        rows = RowFilter.of(subject)
        plan = _Plan()

        def searching(tables: tuple[LogTable, ...]) -> Callable[[], Awaitable[Answer]]:
            return lambda: self._search.ask(
                context,
                tables,
                lambda part: sightings.sightings(rows, part),
                run,
                operation="look for an entity in the logs",
                timespan=asked_range,
                seconds=left(),
            )

        def asking(name: str, query: str, timespan: str) -> Callable[[], Awaitable[Answer]]:
            return lambda: self._azure.query(
                context,
                f"investigate an entity: {name}",
                query,
                timespan=timespan,
                server_timeout_s=max(1, int(left())),
            )

        present = {each.name: each for each in scope.tables}
        behaviour = present.get("BehaviorAnalytics")
        items = ItemSearch(subject, wanted.value.strip())
        # The table that each of them cannot do without.
        known: tuple[tuple[str, str, str | None, str], ...] = (
            ("alerts", "SecurityAlert", alerts.alerts(subject, end), asked_range),
            ("incidents", "SecurityIncident", alerts.incidents(subject, end), until_now),
            (
                "behaviour",
                "BehaviorAnalytics",
                knowledge.behaviour(rows, behaviour) if behaviour else None,
                asked_range,
            ),
            ("peers", "UserPeerAnalytics", knowledge.peers(subject), DIRECTORY_TIMESPAN),
            ("watchlists", "Watchlist", items.query, DIRECTORY_TIMESPAN),
        )
        for name, table, query, timespan in known:
            if query is not None and table in present:
                plan.asked[name] = asking(name, query, timespan)
        if {indicators.NEW, indicators.LEGACY} & present.keys():
            plan.asked["indicators"] = lambda: indicators.find_indicators(
                self._azure, context, [subject], seconds=left()
            )
        # Last: they are as many as run side by side, and slow ones would keep all else waiting.
        for number, tables in enumerate(scope.shared_out(), start=1):
            held = tuple(each for each in tables if rows.where(each) is not None)
            if held:
                plan.asked[f"logs {number}"] = searching(held)
                plan.tables[f"logs {number}"] = held
        return plan


async def gathered(
    asked: Mapping[str, Callable[[], Awaitable[Answer]]], seconds: float, watcher: Watcher
) -> dict[str, Outcome]:
    """Ask for all at once; what has not ended after `seconds` is ended, and None.

    `watcher` is told of each part that is done.
    """
    began = utc_now()

    async def attempt(ask: Callable[[], Awaitable[Answer]]) -> Outcome:
        try:
            return await ask()
        except SentinelError as error:
            return error

    running = {asyncio.create_task(attempt(each)): name for name, each in asked.items()}
    outcomes: dict[str, Outcome] = dict.fromkeys(asked)
    pending = set(running)
    ends = time.monotonic() + max(seconds, 0)
    try:
        while pending:
            done, pending = await asyncio.wait(
                pending,
                timeout=max(ends - time.monotonic(), 0),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not done:
                break
            for each in done:
                outcomes[running[each]] = each.result()
            count = len(running) - len(pending)
            await watcher(_state(began, count, len(running), running[next(iter(done))]))
    finally:
        for each in pending:
            each.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
    return outcomes


def _state(began: datetime, done: int, total: int, part: str) -> TaskInfo:
    return TaskInfo(
        id="",
        name="investigate_entity",
        status="running",
        start_time=began,
        is_complete=False,
        progress=done,
        total=total,
        message=f"{part} done",
    )


def _raise_if_nothing(outcomes: Mapping[str, Outcome]) -> None:
    errors = [each for each in outcomes.values() if isinstance(each, SentinelError)]
    if errors and len(errors) == len(outcomes):
        raise errors[0]
