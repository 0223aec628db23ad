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
from sentinel_mcp.domains.entities.findings import day_range, entity_of, missing_parts
from sentinel_mcp.domains.entities.identification import Identification
from sentinel_mcp.domains.entities.kql import alerts, sightings
from sentinel_mcp.domains.entities.kql.sightings import Presence
from sentinel_mcp.domains.entities.models import (
    EntityTimeline,
    TimelineEvent,
)
from sentinel_mcp.domains.entities.requests import TimelineRequest
from sentinel_mcp.domains.entities.rows import read_event
from sentinel_mcp.domains.entities.sentinel_timeline import moment_of
from sentinel_mcp.domains.entities.sources.all import SOURCES
from sentinel_mcp.domains.entities.sources.model import GROUPS
from sentinel_mcp.domains.entities.subjects import Subject
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

    def __init__(self, azure: AzureCalls, identification: Identification) -> None:
        self._azure = azure
        self._identification = identification

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
        presence, problems = await self._identification.presence(context, IDENTIFYING_S)
        subject = await self._identification.subject(
            context, value, request.kind, presence, IDENTIFYING_S
        )
        newest = request.order == "newest"
        count = place.shown + request.limit + 1
        parts = {
            name: sightings.events(legs, after=place.after, newest=newest, limit=count)
            for name, legs in _parts(subject, presence).items()
        }
        timespan = Timespan(place.start, place.end, None).iso
        answers = await asyncio.gather(
            *(
                self._azure.attempt(
                    self._azure.query(
                        context,
                        f"read the timeline of an entity: {name}",
                        query,
                        timespan=timespan,
                        max_rows=count,
                        server_timeout_s=QUERY_S,
                    )
                )
                for name, query in parts.items()
            )
        )
        outcomes = dict(zip(parts, answers, strict=True))
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
            missing=missing_parts(outcomes),
            warnings=[*problems, *subject.notes],
        )


def _parts(subject: Subject, presence: Presence | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for group in GROUPS:
        legs = sightings.legs([each for each in SOURCES if each.group == group], subject, presence)
        if legs:
            found[f"{group} tables"] = list(legs.values())
    about = alerts.alerts_as_events(subject)
    if about is not None and (presence is None or "SecurityAlert" in presence):
        found["alerts"] = [about]
    return found


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
