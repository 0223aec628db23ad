"""Finds a value in all watchlists: by one query of their table, and item by item where it lags."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentinel_mcp.domains.calls import AzureCalls, Failure, Rows
from sentinel_mcp.domains.documents import Document, inner, name, text, time
from sentinel_mcp.domains.shared.identification import Identification
from sentinel_mcp.domains.shared.watchlist_items import (
    MAX_ITEMS,
    ItemMatch,
    ItemSearch,
    item_of,
    ordered,
)
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.domains.watchlists.documents import item_id, item_values, shown
from sentinel_mcp.domains.watchlists.models import FoundItem, Source, WatchlistFindings
from sentinel_mcp.domains.watchlists.reading import Shelf
from sentinel_mcp.errors import SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

IDENTIFYING_S = 20.0

# Of watchlists changed so lately the table may lack something. Microsoft's own aim is that half of
# the changes are in the table within 15 minutes.
_LAGGING = timedelta(hours=1)
_MAX_READ = 10
_MAX_PAGES = 10


@dataclass(frozen=True, slots=True)
class _Read:
    """A watchlist read item by item; `complete` unless there are more items than were read."""

    alias: str
    found: list[FoundItem]
    complete: bool


class Finder:
    """Looks a value up in the watchlists of one workspace."""

    def __init__(self, azure: AzureCalls, identification: Identification, max_bytes: int) -> None:
        self._azure = azure
        self._identification = identification
        self._max_bytes = max_bytes

    async def find(
        self, context: AzureServicesContext, value: str, *, limit: int
    ) -> WatchlistFindings:
        """Return the items that hold the value, a name of it, or a network that it is in.

        Raises:
            SentinelError: neither the table nor the watchlists could be read.

        """
        client = context.security_insights_client
        path = context.resource_group, context.workspace_name
        subject = await self._identification.one(context, value, None, IDENTIFYING_S)
        search = ItemSearch(subject, value.strip())
        rows, watchlists = await asyncio.gather(
            self._azure.attempt(
                self._azure.query(
                    context,
                    "look a value up in the watchlists",
                    search.query,
                    max_rows=MAX_ITEMS + 1,
                )
            ),
            self._azure.attempt(
                self._azure.read_all("list the watchlists", lambda: client.watchlists.list(*path))
            ),
        )
        if isinstance(rows, SentinelError) and isinstance(watchlists, SentinelError):
            raise watchlists
        by_table = None if isinstance(rows, SentinelError) or rows.fault else rows
        listed = [] if isinstance(watchlists, SentinelError) else watchlists
        lagging = [each for each in listed if by_table is None or self._changed_lately(each)]
        read = await asyncio.gather(
            *(
                self._azure.attempt(self._read(Shelf(self._azure, context, name(each)), search))
                for each in lagging[:_MAX_READ]
            )
        )
        failures = [each for each in (rows, watchlists, *read) if isinstance(each, SentinelError)]
        missing = [Failure.of(each) for each in failures]
        if isinstance(rows, Rows) and rows.fault:
            missing.append(rows.fault)
        return self._answer(
            context.config.name,
            search,
            limit,
            rows if isinstance(rows, Rows) else None,
            [each for each in read if isinstance(each, _Read)],
            missing=missing,
            unread=len(lagging) - _MAX_READ,
        )

    def _changed_lately(self, watchlist: Document) -> bool:
        properties = inner(watchlist, "properties")
        changed = time(properties, "updated") or time(properties, "created")
        return changed is not None and self._azure.now() - changed < _LAGGING

    async def _read(self, shelf: Shelf, search: ItemSearch) -> _Read:
        documents, complete = await shelf.read_through(_MAX_PAGES)
        found: list[FoundItem] = []
        for each in documents:
            values = item_values(each)
            if hit := search.match(values):
                updated = time(inner(each, "properties"), "updated")
                found.append(_found(shelf.alias, item_id(each), hit, values, updated, "api"))
        return _Read(shelf.alias, found, complete)

    def _answer(
        self,
        workspace: str,
        search: ItemSearch,
        limit: int,
        rows: Rows | None,
        read: Sequence[_Read],
        *,
        missing: list[Failure],
        unread: int,
    ) -> WatchlistFindings:
        found = _merged(_of_table(search, rows.rows[:MAX_ITEMS] if rows else []), read)
        kept: list[FoundItem] = []
        size = 0
        for each in found[:limit]:
            size += size_bytes(each)
            if kept and size > self._max_bytes:
                break
            kept.append(each)
        more = rows is not None and (rows.truncated or len(rows.rows) > MAX_ITEMS)
        counts = Counter(each.match for each in found)
        return WatchlistFindings(
            workspace=workspace,
            value=search.given,
            kind=search.subject.kind,
            names=sorted({name for names in search.subject.names.values() for name in names}),
            items=kept,
            exact_count=counts["exact"],
            network_count=counts["network"],
            part_count=counts["part"],
            truncated=more or len(kept) < len(found),
            read_by_api=[each.alias for each in read],
            missing=missing,
            warnings=[
                *search.subject.notes,
                *_warnings(rows, read, more=more, unread=unread),
            ],
        )


def _of_table(search: ItemSearch, rows: Iterable[dict[str, Any]]) -> list[FoundItem]:
    found: list[FoundItem] = []
    for row in rows:
        values = item_of(row.get("Item"))
        if hit := search.match(values):
            alias, item = text(row, "WatchlistAlias") or "", text(row, "ItemId") or ""
            found.append(_found(alias, item, hit, values, time(row, "Updated"), "logs"))
    return found


def _found(
    alias: str,
    item: str,
    hit: ItemMatch,
    values: Document,
    updated: datetime | None,
    source: Source,
) -> FoundItem:
    return FoundItem(
        watchlist=alias,
        item_id=item,
        match=hit.match,
        columns=hit.columns,
        network=hit.network,
        values=shown(values),
        updated=updated,
        source=source,
    )


def _merged(of_table: Iterable[FoundItem], read: Iterable[_Read]) -> list[FoundItem]:
    """Return all that was found, exact first; of a watchlist read whole, the table has no say."""
    whole = {each.alias.lower() for each in read if each.complete}
    newer = [item for each in read for item in each.found]
    known = {(each.watchlist.lower(), each.item_id) for each in newer}
    older = [
        each
        for each in of_table
        if each.watchlist.lower() not in whole
        and (each.watchlist.lower(), each.item_id) not in known
    ]
    items = sorted([*older, *newer], key=lambda each: each.watchlist.lower())
    return [items[index] for index in ordered([each.match for each in items])]


def _warnings(rows: Rows | None, read: Iterable[_Read], *, more: bool, unread: int) -> list[str]:
    told: list[str] = []
    if rows is not None and not rows.fault:
        told.append("The table of watchlists lacks what was changed in the last minutes.")
    if more:
        told.append(
            f"The first {MAX_ITEMS} items that may hold it were looked at; give a longer value."
        )
    if cut := [each.alias for each in read if not each.complete]:
        told.append(f"Read in part, {100 * _MAX_PAGES} items each: {', '.join(cut)}.")
    if unread > 0:
        told.append(f"Watchlists that were not read item by item: {unread} more.")
    return told
