"""When incidents were closed, which the table of their versions says and their own document not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sentinel_mcp.domains.calls import AzureCalls, Rows
from sentinel_mcp.domains.documents import text, time
from sentinel_mcp.domains.incidents.models import Incident
from sentinel_mcp.domains.incidents.moments import earlier
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql import literals

TIME_BYTES = 30
"""What the time of one incident adds to an answer."""

AnyIncident = TypeVar("AnyIncident", bound=Incident)


async def with_closing_times(
    calls: AzureCalls, incidents: Sequence[AnyIncident]
) -> tuple[list[AnyIncident], list[str]]:
    """Return the incidents, the closed ones with the time, and what to say of times not known.

    One query for each workspace that has closed ones, whatever their number.
    """
    closed: dict[str, list[AnyIncident]] = {}
    for each in incidents:
        if each.status == "Closed":
            closed.setdefault(each.workspace, []).append(each)
    read = await asyncio.gather(*(calls.attempt(_times(calls, each)) for each in closed.values()))
    found = dict(zip(closed, read, strict=True))
    times = {
        (workspace, name): moment
        for workspace, known in found.items()
        if not isinstance(known, SentinelError)
        for name, moment in known.items()
    }
    updated = [
        each.model_copy(update={"closed": times[each.workspace, each.id]})
        if each.status == "Closed" and (each.workspace, each.id) in times
        else each
        for each in incidents
    ]
    return updated, [
        f"When incidents of {workspace} were closed is not known: {error}"
        for workspace, error in found.items()
        if isinstance(error, SentinelError)
    ]


async def _times(calls: AzureCalls, incidents: Sequence[Incident]) -> Mapping[str, datetime]:
    context = await calls.open(incidents[0].workspace)
    answer = await calls.query(
        context,
        "read when incidents were closed",
        closing_query(incidents),
        max_rows=len(incidents),
    )
    return _read(answer)


def _read(answer: Rows) -> Mapping[str, datetime]:
    moments = ((text(each, "IncidentName"), time(each, "ClosedTime")) for each in answer.rows)
    return {name: moment for name, moment in moments if name and moment}


def closing_query(incidents: Sequence[Incident]) -> str:
    """Return the KQL for the closing time in the last version of each incident."""
    created = [each.created for each in incidents if each.created]
    # Every version was written after the creation; a day covers clocks that differ.
    since = (
        f"| where TimeGenerated >= {literals.datetime_(earlier(min(created), timedelta(days=1)))} "
        if len(created) == len(incidents)
        else ""
    )
    names = literals.list_(each.id for each in incidents)
    return (
        f"SecurityIncident {since}| where IncidentName in {names} "
        "| summarize arg_max(TimeGenerated, Status, ClosedTime) by IncidentName "
        '| where Status == "Closed" | project IncidentName, ClosedTime'
    )
