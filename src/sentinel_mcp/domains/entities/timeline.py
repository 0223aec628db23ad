"""What happened around an entity, event by event: from the logs, or as Sentinel tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sentinel_mcp.azure.paging import decode_cursor, encode_cursor
from sentinel_mcp.domains.calls import AzureCalls, Rows
from sentinel_mcp.domains.entities import sentinel_timeline
from sentinel_mcp.domains.entities.findings import (
    common_name_notes,
    day_range,
    entity_of,
    missing_parts,
)
from sentinel_mcp.domains.entities.kql import sightings
from sentinel_mcp.domains.entities.models import (
    EntityTimeline,
    TimelineEvent,
)
from sentinel_mcp.domains.entities.requests import TimelineRequest
from sentinel_mcp.domains.entities.rows import read_event
from sentinel_mcp.domains.entities.sentinel_timeline import moment_of
from sentinel_mcp.domains.shared.entity import read_value
from sentinel_mcp.domains.shared.identification import Identification
from sentinel_mcp.domains.shared.value_search import (
    RECORDS,
    LogTable,
    NotSearched,
    RowFilter,
    SearchRun,
    SearchScope,
    ValueSearch,
)
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import InputError, SentinelError
from sentinel_mcp.kql.timespan import Timespan, parse_timespan

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

IDENTIFYING_S = 20.0
QUERY_S = 60

_MAX_TIED = 5_000
"""Events of one microsecond that a cursor can lead past."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: the range of the first page, a moment, and how many of it were shown."""

    start: datetime
    end: datetime
    after: datetime | None = None
    shown: int = 0

    def token(self) -> str:
        after = self.after.isoformat() if self.after else ""
        return f"{self.start.isoformat()} {self.end.isoformat()} {after} {self.shown}"

    @classmethod
    def of(cls, token: str) -> _Place:
        try:
            start, end, after, shown = token.split(" ")
            moments = [datetime.fromisoformat(each) for each in (start, end, after)]
            place = cls(moments[0], moments[1], moments[2], int(shown))
        except ValueError as error:
            raise _unreadable() from error
        has_zones = all(each.tzinfo is not None for each in moments)
        if not has_zones or not 0 <= place.shown <= _MAX_TIED:
            raise _unreadable()
        return place


class Timelines:
    """Reads timelines."""

    def __init__(
        self, azure: AzureCalls, identification: Identification, search: ValueSearch
    ) -> None:
        self._azure = azure
        self._identification = identification
        self._search = search

    async def page(self, request: TimelineRequest, *, workspace: str | None) -> EntityTimeline:
        """Return one page of events.

        Raises:
            InputError: neither a value nor an entity id is given, or both.
            NotFound: Sentinel has no such entity.

        """
        if (request.value is None) == (request.entity_id is None):
            raise InputError(
                "Either `value` or `entity_id` is needed.",
                hint="`value` searches the logs; `entity_id` asks for Sentinel's own timeline.",
            )
        context = await self._azure.open(workspace)
        if request.entity_id is not None:
            return await sentinel_timeline.page(
                self._azure, context, request, request.entity_id, self._azure.now()
            )
        return await self._of_logs(context, request, request.value or "")

    async def _of_logs(
        self, context: AzureServicesContext, request: TimelineRequest, value: str
    ) -> EntityTimeline:
        call = request.call(context.config.name)
        if request.cursor is None:
            place = _Place(*parse_timespan(request.timespan).bounds(self._azure.now()))
        else:
            place = _Place.of(decode_cursor(call, request.cursor))
        timespan = Timespan(place.start, place.end, None).iso
        read_value(value, request.kind)  # what cannot be looked for is refused at once
        scope, subject = await asyncio.gather(
            self._search.scope(context, timespan=timespan, seconds=IDENTIFYING_S),
            self._identification.one(context, value, request.kind, IDENTIFYING_S),
        )
        rows = RowFilter.of(subject)
        run = SearchRun(not_searched=[*scope.not_searched, *_records(scope)])
        parts = [
            held
            for part in scope.shared_out()
            if (held := tuple(each for each in part if _has_events(each, rows)))
        ]
        newest = request.order == "newest"
        count = place.shown + request.limit + 1
        answers = await asyncio.gather(
            *(
                self._azure.attempt(
                    self._search.ask(
                        context,
                        part,
                        lambda tables: sightings.events(
                            rows, tables, after=place.after, newest=newest, limit=count
                        ),
                        run,
                        operation="read the timeline of an entity",
                        timespan=timespan,
                        seconds=QUERY_S,
                        max_rows=count * len(part),
                    )
                )
                for part in parts
            )
        )
        outcomes = {f"logs {number}": each for number, each in enumerate(answers, start=1)}
        _raise_if_nothing(answers)
        found = _merged(answers, newest=newest)
        shown = _fitting(found[place.shown : place.shown + request.limit], self._azure)
        following = _following(place, found, place.shown + len(shown))
        return EntityTimeline(
            workspace=context.config.name,
            made_by="logs",
            entity=entity_of(subject),
            timespan=day_range(place.start, place.end),
            order=request.order,
            events=shown,
            next_cursor=encode_cursor(call, following.token()) if following else None,
            searched=sorted(run.searched),
            not_searched=run.not_searched,
            missing=missing_parts(outcomes),
            warnings=[*scope.notes, *subject.notes, *common_name_notes(subject)],
        )


def _has_events(table: LogTable, rows: RowFilter) -> bool:
    is_record = table.name in RECORDS and table.name != "SecurityAlert"
    return not is_record and rows.where(table) is not None


def _records(scope: SearchScope) -> list[NotSearched]:
    """Return the tables that hold no events; alerts have a time and are told with them."""
    return [
        NotSearched(
            table=each.name,
            reason="records",
            message="It holds no events; `investigate_entity` looks into it.",
        )
        for each in scope.tables
        if each.name in RECORDS and each.name != "SecurityAlert"
    ]


def _merged(answers: Sequence[Rows | SentinelError], *, newest: bool) -> list[TimelineEvent]:
    """Return all events in order; those of one moment stay in the order in which they came."""
    found = [read_event(row) for each in answers if isinstance(each, Rows) for row in each.rows]
    return sorted(found, key=moment_of, reverse=newest)


def _following(place: _Place, found: Sequence[TimelineEvent], shown: int) -> _Place | None:
    """Return where the next page begins, if there is one."""
    if shown >= len(found) or shown == 0:
        return None
    last = moment_of(found[shown - 1])
    tied = sum(moment_of(each) == last for each in found[:shown])
    return _Place(place.start, place.end, last, tied)


def _fitting(events: list[TimelineEvent], azure: AzureCalls) -> list[TimelineEvent]:
    size = 0
    for count, each in enumerate(events):
        size += size_bytes(each)
        if count and size > azure.max_answer_bytes - 4_096:
            return events[:count]
    return events


def _unreadable() -> InputError:
    return InputError(
        "The cursor cannot be read.", hint="Take `next_cursor` of the previous page as it is."
    )


def _raise_if_nothing(answers: Sequence[Rows | SentinelError]) -> None:
    errors = [each for each in answers if isinstance(each, SentinelError)]
    if errors and len(errors) == len(answers):
        raise errors[0]
