"""Counts the incidents of a list in their log, since Azure's list tells no total."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Self

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import whole
from sentinel_mcp.domains.incidents.filters import OWNER_KEYS, UNASSIGNED, IncidentFilter
from sentinel_mcp.domains.incidents.moments import earlier
from sentinel_mcp.errors import SentinelError, Unavailable
from sentinel_mcp.kql import literals

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

COUNT_TIMEOUT_S = 30
"""What Azure may take to count; the page itself is there within a few seconds."""

COUNTED_IN_LOG = (
    "`total_count` is counted in the table SecurityIncident: it may lag by some minutes, keeps "
    "incidents that were deleted, and lacks those older than the table's retention."
)


@dataclass(frozen=True, slots=True)
class Total:
    """How many there are, where that is from, and what to know of it."""

    count: int | None
    source: Literal["list", "log"] | None
    note: str | None = None


ON_FIRST_PAGE = Total(None, None, "The first page, without a `cursor`, has the total.")


class IncidentCounts:
    """Counts in the log while the pages are fetched; what turns out not to be needed is ended.

    It is an asynchronous context: nothing that it began goes on behind its end.
    """

    def __init__(self, calls: AzureCalls, wanted: IncidentFilter, names: Iterable[str]) -> None:
        self._calls = calls
        self._wanted = wanted
        self._names = tuple(names)
        self._running: dict[str, asyncio.Task[int | SentinelError]] = {}

    async def __aenter__(self) -> Self:
        """Begin to count."""
        self._running = {name: asyncio.create_task(self._count(name)) for name in self._names}
        return self

    async def __aexit__(self, *_: object) -> None:
        """End what is still being counted."""
        for each in self._running.values():
            each.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def total(self, whole_lists: Mapping[str, int], shown: Mapping[str, int]) -> Total:
        """Return the total of all workspaces.

        `whole_lists` has the count of each workspace whose list was read to its end, `shown` how
        many of each are on the page.
        """
        total = 0
        for name in self._names:
            count = whole_lists.get(name)
            if count is None:
                count = await self._running[name]
            if isinstance(count, SentinelError):
                return Total(None, None, f"Not counted in workspace {name!r}: {count}")
            if count < shown.get(name, 0):
                return Total(
                    None,
                    None,
                    f"Not counted: the table SecurityIncident of workspace {name!r} has {count} of "
                    "these incidents, fewer than the list.",
                )
            total += count
        if whole_lists.keys() >= set(self._names):
            return Total(total, "list")
        return Total(total, "log", COUNTED_IN_LOG)

    async def _count(self, name: str) -> int | SentinelError:
        try:
            context = await self._calls.open(name)
            query = count_query(self._wanted)
            return await read_count(self._calls, context, "count incidents", query)
        except SentinelError as error:
            return error


async def read_count(
    calls: AzureCalls, context: AzureServicesContext, operation: str, query: str
) -> int | SentinelError:
    """Return the one number that a query ending in `count` gives, or why it is not known."""
    found = await calls.attempt(
        calls.query(context, operation, query, max_rows=1, server_timeout_s=COUNT_TIMEOUT_S)
    )
    if isinstance(found, SentinelError):
        return found
    count = whole(found.rows[0], "Count") if found.rows else None
    if found.fault or count is None:
        return Unavailable(found.fault.message if found.fault else "Azure sent no count.")
    return count


def count_query(wanted: IncidentFilter) -> str:
    """Return the KQL that counts by the last row of each incident, as the filter keeps them."""
    return "\n| ".join(
        (
            "SecurityIncident",
            *_since(wanted),
            "summarize arg_max(TimeGenerated, Severity, Status, Title, Owner, Labels, "
            "AdditionalData, CreatedTime, LastModifiedTime) by IncidentName",
            *(f"where {each}" for each in _conditions(wanted)),
            *_among("Labels", "Each.labelName", wanted.labels, "in"),
            *_among("AdditionalData.tactics", "Each", wanted.tactics, "in~"),
            *_among(
                "AdditionalData.alertProductNames",
                "Each",
                (wanted.product,) if wanted.product else (),
                "in~",
            ),
            "distinct IncidentName",
            "count",
        )
    )


def _since(wanted: IncidentFilter) -> Iterable[str]:
    # Every row of an incident was written after it was created, and the last one after it was
    # modified. A day covers clocks that differ.
    bounds = [each for each in (wanted.created_after, wanted.modified_after) if each]
    if bounds:
        since = earlier(max(bounds), timedelta(days=1))
        yield f"where TimeGenerated >= {literals.datetime_(since)}"


def _conditions(wanted: IncidentFilter) -> Iterable[str]:
    if wanted.severities:
        yield f"Severity in {literals.list_(wanted.severities)}"
    if wanted.statuses:
        yield f"Status in {literals.list_(wanted.statuses)}"
    if wanted.owner == UNASSIGNED:
        yield " and ".join(f"isempty(tostring(Owner.{each}))" for each in OWNER_KEYS)
    elif wanted.owner is not None:
        owner = literals.string(wanted.owner)
        yield " or ".join(f"tostring(Owner.{each}) == {owner}" for each in OWNER_KEYS)
    if wanted.title_contains is not None:
        yield f"Title contains_cs {literals.string(wanted.title_contains)}"
    if wanted.created_after:
        yield f"CreatedTime >= {literals.datetime_(wanted.created_after)}"
    if wanted.created_before:
        yield f"CreatedTime <= {literals.datetime_(wanted.created_before)}"
    if wanted.modified_after:
        yield f"LastModifiedTime >= {literals.datetime_(wanted.modified_after)}"


def _among(source: str, value: str, wanted: Iterable[str], operator: str) -> Iterable[str]:
    listed = tuple(dict.fromkeys(wanted))
    if listed:
        yield f"mv-expand Each = {source}"
        yield f"where tostring({value}) {operator} {literals.list_(listed)}"
