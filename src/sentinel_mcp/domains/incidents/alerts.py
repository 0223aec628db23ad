"""Alerts of the workspace, from the table SecurityAlert: its newest version of each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel_mcp.azure.paging import decode_cursor, encode_cursor
from sentinel_mcp.domains.calls import AzureCalls, Failure, Rows
from sentinel_mcp.domains.incidents.alert_documents import (
    read_alert_detail,
    read_incident_link,
    read_summary,
)
from sentinel_mcp.domains.incidents.alert_filter import AlertFilter
from sentinel_mcp.domains.incidents.alert_models import AlertDetail, AlertListing, AlertSummary
from sentinel_mcp.domains.incidents.counting import read_count
from sentinel_mcp.domains.incidents.fitting import fitted
from sentinel_mcp.domains.shared.identification import Identification
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import InputError, NotFound, SentinelError
from sentinel_mcp.kql import literals

MAX_TIES = 2_000
"""Alerts of one millisecond that a cursor can step over."""
MAX_INCIDENTS = 20
IDENTIFYING_S = 20.0
NOTICE_BYTES = 400
"""Kept for what is said of a cut."""


@dataclass(frozen=True, slots=True)
class _Place:
    """After `skip` of the alerts of the moment `at`; the log is read from `start` on."""

    start: datetime
    at: datetime | None = None
    skip: int = 0


class Alerts:
    """Reads alerts by KQL; every query waits for its place in the queries' lane."""

    def __init__(self, calls: AzureCalls, identification: Identification) -> None:
        self._calls = calls
        self._identification = identification

    async def page(
        self, wanted: AlertFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> AlertListing:
        """Return one page of alerts, newest first; a second query counts where there are more."""
        context = await self._calls.open(workspace)
        call = {"tool": "list_alerts", "workspace": context.config.name, **wanted.as_call()}
        place = (
            _Place(wanted.start(self._calls.now()))
            if cursor is None
            else _read_place(decode_cursor(call, cursor))
        )
        about = (
            await self._identification.one(context, wanted.entity, None, IDENTIFYING_S)
            if wanted.entity is not None
            else None
        )
        max_rows = place.skip + limit + 1
        found = await self._calls.query(
            context,
            "list alerts",
            wanted.query(place.start, until=place.at, max_rows=max_rows, about=about),
            max_rows=max_rows,
        )
        rows = [read_summary(each) for each in found.rows]
        following = [
            each
            for index, each in enumerate(rows)
            if index >= place.skip or each.generated != place.at
        ]
        shown = _fitting(following[:limit], self._calls.max_answer_bytes)
        more = len(shown) < len(following)
        total: int | SentinelError | None = None
        if cursor is None:
            whole = not (more or found.truncated or found.fault)
            query = wanted.count_query(place.start, about)
            total = (
                len(shown)
                if whole
                else await read_count(self._calls, context, "count alerts", query)
            )
        return AlertListing(
            workspace=context.config.name,
            created_after=place.start,
            created_before=wanted.created_before,
            alerts=shown,
            total_count=total if isinstance(total, int) else None,
            next_cursor=encode_cursor(call, _after(place, shown)) if more and shown else None,
            warnings=[
                *(about.notes if about else ()),
                *_partly(found),
                *([f"Not counted: {total}"] if isinstance(total, SentinelError) else []),
            ],
        )

    async def get(self, alert: str, *, days: int, workspace: str | None) -> AlertDetail:
        """Return the newest version of an alert, with the incidents it is in.

        Raises:
            NotFound: the log of the last `days` has no such alert.

        """
        context = await self._calls.open(workspace)
        since = self._calls.now() - timedelta(days=days)
        found, incidents = await asyncio.gather(
            self._calls.query(context, "read an alert", alert_query(alert, since), max_rows=1),
            self._calls.attempt(
                self._calls.query(
                    context,
                    "find the incidents of an alert",
                    incidents_query(alert, since),
                    max_rows=MAX_INCIDENTS,
                )
            ),
        )
        if not found.rows:
            raise NotFound(
                f"There is no alert {alert!r} in the last {days} days of workspace "
                f"{context.config.name!r}.",
                hint="`list_alerts` shows the ids there are; `days` looks further back.",
            )
        detail = read_alert_detail(found.rows[0], context.config.name)
        notices = [*detail.notices, *_partly(found)]
        if isinstance(incidents, SentinelError):
            update = {"incidents_error": Failure.of(incidents), "notices": notices}
        else:
            links = [read_incident_link(each) for each in incidents.rows]
            update = {"incidents": links, "notices": [*notices, *_partly(incidents)]}
        return self._within(detail.model_copy(update=update))

    def _within(self, detail: AlertDetail) -> AlertDetail:
        """Leave parts out, the least useful first, until the answer is not too large."""
        room = self._calls.max_answer_bytes - NOTICE_BYTES
        if size_bytes(detail) > room:
            told = [*detail.notices, "`extended_properties` would make the answer too large."]
            detail = detail.model_copy(update={"extended_properties": {}, "notices": told})
        entities, kept = detail.entities, len(detail.entities)
        while kept and size_bytes(detail) > room:
            kept //= 2
            detail = detail.model_copy(update={"entities": entities[:kept]})
        if kept < len(entities):
            told = f"{kept} of {len(entities)} entities are here: all would be too large."
            detail = detail.model_copy(update={"notices": [*detail.notices, told]})
        return fitted(detail, self._calls.max_answer_bytes)


def alert_query(alert: str, since: datetime) -> str:
    """Return the KQL that reads the newest version of one alert."""
    return "\n| ".join(
        (
            "SecurityAlert",
            f"where TimeGenerated >= {literals.datetime_(since)}",
            f"where SystemAlertId =~ {literals.string(alert)}",
            "summarize arg_max(TimeGenerated, *), Generated = min(TimeGenerated),"
            " Versions = count() by SystemAlertId",
            "take 1",
        )
    )


def incidents_query(alert: str, since: datetime) -> str:
    """Return the KQL that finds the incidents whose last state has the alert."""
    return "\n| ".join(
        (
            "SecurityIncident",
            f"where TimeGenerated >= {literals.datetime_(since)}",
            "summarize arg_max(TimeGenerated, *) by IncidentName",
            f"where AlertIds has {literals.string(alert)}",
            "project IncidentNumber, IncidentName, Title, Severity, Status",
            "sort by IncidentNumber desc",
            f"take {MAX_INCIDENTS}",
        )
    )


def _after(place: _Place, shown: Sequence[AlertSummary]) -> str:
    last = shown[-1].generated
    ties = sum(each.generated == last for each in shown)
    skip = ties + (place.skip if last == place.at else 0)
    return json.dumps([place.start.isoformat(), last.isoformat() if last else None, skip])


def _read_place(written: str) -> _Place:
    # A cursor is the caller's: only what this module can have written is taken.
    try:
        start, at, skip = json.loads(written)
        place = _Place(datetime.fromisoformat(start), at and datetime.fromisoformat(at), skip)
        aware = place.start.tzinfo and (place.at is None or place.at.tzinfo)
        if not (aware and isinstance(skip, int) and 0 <= skip <= MAX_TIES):
            raise ValueError(written)
    except (ValueError, TypeError) as error:
        raise InputError(
            "The cursor cannot be read.", hint="Take `next_cursor` of the previous page as it is."
        ) from error
    return place


def _fitting(found: Sequence[AlertSummary], max_bytes: int) -> list[AlertSummary]:
    kept: list[AlertSummary] = []
    size = 0
    for each in found:
        size += size_bytes(each)
        if kept and size > max_bytes:
            break
        kept.append(each)
    return kept


def _partly(rows: Rows) -> list[str]:
    return [f"Azure answered only in part: {rows.fault.message}"] if rows.fault else []
