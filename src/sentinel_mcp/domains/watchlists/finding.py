"""Finds a value in all watchlists: by one query of their table, and item by item where it lags."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentinel_mcp.domains.calls import AzureCalls, Failure, Rows
from sentinel_mcp.domains.documents import Document, as_document, inner, name, text, time
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.domains.watchlists.documents import item_id, item_values, shown
from sentinel_mcp.domains.watchlists.models import FoundItem, Match, Source, WatchlistFindings
from sentinel_mcp.domains.watchlists.reading import Shelf
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql import literals

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

MAX_CANDIDATES = 500
"""Rows of the table that are looked at; a value that is the name of a column fits all of them."""

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

    def __init__(self, azure: AzureCalls, max_bytes: int) -> None:
        self._azure = azure
        self._max_bytes = max_bytes

    async def find(
        self, context: AzureServicesContext, value: str, *, limit: int
    ) -> WatchlistFindings:
        """Return the items that hold the value in a column, as a whole or in part.

        Raises:
            SentinelError: neither the table nor the watchlists could be read.

        """
        client = context.security_insights_client
        path = context.resource_group, context.workspace_name
        rows, watchlists = await asyncio.gather(
            self._azure.attempt(
                self._azure.query(
                    context,
                    "look a value up in the watchlists",
                    candidates_query(value),
                    max_rows=MAX_CANDIDATES + 1,
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
                self._azure.attempt(self._read(Shelf(self._azure, context, name(each)), value))
                for each in lagging[:_MAX_READ]
            )
        )
        failures = [each for each in (rows, watchlists, *read) if isinstance(each, SentinelError)]
        missing = [Failure.of(each) for each in failures]
        if isinstance(rows, Rows) and rows.fault:
            missing.append(rows.fault)
        return self._answer(
            context.config.name,
            value,
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

    async def _read(self, shelf: Shelf, value: str) -> _Read:
        documents, complete = await shelf.read_through(_MAX_PAGES)
        found: list[FoundItem] = []
        for each in documents:
            values = item_values(each)
            if hit := _hit(value, values):
                updated = time(inner(each, "properties"), "updated")
                found.append(_found(shelf.alias, item_id(each), hit, values, updated, "api"))
        return _Read(shelf.alias, found, complete)

    def _answer(
        self,
        workspace: str,
        value: str,
        limit: int,
        rows: Rows | None,
        read: Sequence[_Read],
        *,
        missing: list[Failure],
        unread: int,
    ) -> WatchlistFindings:
        found = _merged(_of_table(value, rows.rows[:MAX_CANDIDATES] if rows else []), read)
        kept: list[FoundItem] = []
        size = 0
        for each in found[:limit]:
            size += size_bytes(each)
            if kept and size > self._max_bytes:
                break
            kept.append(each)
        more = rows is not None and (rows.truncated or len(rows.rows) > MAX_CANDIDATES)
        exact = sum(each.match == "exact" for each in found)
        return WatchlistFindings(
            workspace=workspace,
            value=value,
            items=kept,
            exact_count=exact,
            part_count=len(found) - exact,
            truncated=more or len(kept) < len(found),
            read_by_api=[each.alias for each in read],
            missing=missing,
            warnings=_warnings(rows, read, more=more, unread=unread),
        )


def candidates_query(value: str) -> str:
    """Return KQL for the items, as they are now, whose values or column names hold the value."""
    # Within the text of a JSON object, quotes and backslashes are escaped.
    escaped = json.dumps(value, ensure_ascii=False)
    whole, part = literals.string(escaped), literals.string(escaped[1:-1])
    return (
        'Watchlist | where _DTItemType == "watchlist-item" '
        "| summarize arg_max(_DTTimestamp, WatchlistAlias, WatchlistItem, _DTItemStatus, "
        "LastUpdatedTimeUTC) by _DTItemId "
        '| where _DTItemStatus != "Delete" '
        f"| extend Values = tostring(WatchlistItem) | where Values contains {part} "
        f"| extend Whole = iff(Values contains {whole}, 1, 0) "
        f"| top {MAX_CANDIDATES + 1} by Whole desc "
        "| project WatchlistAlias, ItemId = _DTItemId, Item = WatchlistItem, "
        "Updated = LastUpdatedTimeUTC"
    )


def _of_table(value: str, rows: Iterable[dict[str, Any]]) -> list[FoundItem]:
    found: list[FoundItem] = []
    for row in rows:
        values = _object(row.get("Item"))
        if hit := _hit(value, values):
            alias, item = text(row, "WatchlistAlias") or "", text(row, "ItemId") or ""
            found.append(_found(alias, item, hit, values, time(row, "Updated"), "logs"))
    return found


def _object(cell: object) -> Document:
    """Return a dynamic cell, which comes as JSON text or as an object."""
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return {}
    return as_document(cell) or {}


def _hit(value: str, values: Document) -> tuple[Match, list[str]] | None:
    """Return how the value is held, and by which columns."""
    sought = value.casefold()
    held = {column: str(each).casefold() for column, each in values.items() if each is not None}
    if exact := [column for column, each in held.items() if each == sought]:
        return "exact", exact
    part = [column for column, each in held.items() if sought in each]
    return ("part", part) if part else None


def _found(
    alias: str,
    item: str,
    hit: tuple[Match, list[str]],
    values: Document,
    updated: datetime | None,
    source: Source,
) -> FoundItem:
    match, columns = hit
    return FoundItem(
        watchlist=alias,
        item_id=item,
        match=match,
        columns=columns,
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
    return sorted([*older, *newer], key=lambda each: (each.match, each.watchlist.lower()))


def _warnings(rows: Rows | None, read: Iterable[_Read], *, more: bool, unread: int) -> list[str]:
    told: list[str] = []
    if rows is not None and not rows.fault:
        told.append("The table of watchlists lacks what was changed in the last minutes.")
    if more:
        told.append(
            f"The first {MAX_CANDIDATES} items that may hold it were looked at; "
            "give a longer value."
        )
    if cut := [each.alias for each in read if not each.complete]:
        told.append(f"Read in part, {100 * _MAX_PAGES} items each: {', '.join(cut)}.")
    if unread > 0:
        told.append(f"Watchlists that were not read item by item: {unread} more.")
    return told
