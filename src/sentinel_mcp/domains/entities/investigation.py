"""Looks an entity up everywhere at once, within a budget of time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel_mcp.domains.calls import AzureCalls, Rows
from sentinel_mcp.domains.entities.findings import Findings, assembled, day_range
from sentinel_mcp.domains.entities.identification import DIRECTORY_TIMESPAN, Identification
from sentinel_mcp.domains.entities.kql import alerts, knowledge, sightings
from sentinel_mcp.domains.entities.kql.sightings import Presence
from sentinel_mcp.domains.entities.models import EntityInvestigation
from sentinel_mcp.domains.entities.requests import Wanted
from sentinel_mcp.domains.entities.sources.all import SOURCES
from sentinel_mcp.domains.entities.sources.model import GROUPS
from sentinel_mcp.domains.entities.subjects import Subject
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql.timespan import Timespan, parse_timespan
from sentinel_mcp.tasks.manager import TaskInfo, Watcher, utc_now

Outcome = Rows | SentinelError | None
"""None: not finished in time."""

INDICATOR_TIMESPAN = timedelta(days=30)
"""Sentinel writes indicators anew within this time."""

IDENTIFYING_SHARE = 0.4
"""Of the budget, at most, for finding out what the value names."""


@dataclass(frozen=True, slots=True)
class Part:
    """A query of the investigation, and the range that it covers."""

    query: str
    timespan: str
    tables: tuple[str, ...] = ()
    """Those that a part of the sightings searches."""


class Investigations:
    """Runs investigations; every query waits for its turn in the queries' lane."""

    def __init__(self, azure: AzureCalls, identification: Identification) -> None:
        self._azure = azure
        self._identification = identification

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
        context = await self._azure.open(workspace)
        share = wanted.budget_s * IDENTIFYING_SHARE
        presence, problems = await self._identification.presence(context, share)
        subject = await self._identification.subject(
            context, wanted.value, wanted.kind, presence, share
        )
        parts = plan(subject, presence, start, end, self._azure.now())
        server_s = max(1, int(left()))

        def asking(name: str, part: Part) -> Callable[[], Awaitable[Rows]]:
            return lambda: self._azure.query(
                context,
                f"investigate an entity: {name}",
                part.query,
                timespan=part.timespan,
                server_timeout_s=server_s,
            )

        asked = {name: asking(name, part) for name, part in parts.items()}
        outcomes = await gathered(self._azure, asked, left(), watcher)
        _raise_if_nothing(outcomes)
        return assembled(
            Findings(
                context.config.name,
                subject,
                day_range(start, end),
                {name: part.tables for name, part in parts.items()},
                outcomes,
                problems,
            ),
            self._azure.max_answer_bytes,
        )


def plan(
    subject: Subject, presence: Presence | None, start: datetime, end: datetime, now: datetime
) -> dict[str, Part]:
    """Return the queries of an investigation, by part; those that cannot find anything are out."""
    asked_range = Timespan(start, end, None).iso
    until_now = Timespan(start, max(now, end), None).iso
    indicators = Timespan(now - INDICATOR_TIMESPAN, now, None).iso
    parts: dict[str, Part] = {}
    for group in GROUPS:
        found = sightings.legs([each for each in SOURCES if each.group == group], subject, presence)
        if found:
            query = sightings.sightings(list(found.values()))
            parts[f"{group} tables"] = Part(query, asked_range, tuple(found))
    # The table that each of them cannot do without.
    known: Sequence[tuple[str, str, str | None, str]] = (
        ("alerts", "SecurityAlert", alerts.alerts(subject, end), asked_range),
        ("incidents", "SecurityIncident", alerts.incidents(subject, end), until_now),
        ("behaviour", "BehaviorAnalytics", knowledge.behaviour(subject, presence), asked_range),
        ("peers", "UserPeerAnalytics", knowledge.peers(subject, presence), DIRECTORY_TIMESPAN),
        ("watchlists", "Watchlist", knowledge.watchlists(subject), DIRECTORY_TIMESPAN),
        ("indicators", "ThreatIntelIndicators", knowledge.indicators(subject), indicators),
    )
    for name, table, query, timespan in known:
        if query is not None and (presence is None or table in presence):
            parts[name] = Part(query, timespan)
    return parts


async def gathered(
    azure: AzureCalls,
    asked: Mapping[str, Callable[[], Awaitable[Rows]]],
    seconds: float,
    watcher: Watcher,
) -> dict[str, Outcome]:
    """Ask for all at once; what has not ended after `seconds` is ended, and None.

    `watcher` is told of each part that is done.
    """
    began = utc_now()

    async def attempt(ask: Callable[[], Awaitable[Rows]]) -> Outcome:
        return await azure.attempt(ask())

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
