"""Watchlists of the configured workspaces, and their items."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sentinel_mcp.azure.paging import decode_cursor, encode_cursor
from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.changes import ChangeReport, Manner
from sentinel_mcp.domains.documents import Document, whole
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.domains.shared.identification import Identification
from sentinel_mcp.domains.shared.schemas import Schemas
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.domains.watchlists import uploads, writing
from sentinel_mcp.domains.watchlists.documents import (
    detail_fields,
    item_values,
    read_item,
    read_item_detail,
    read_watchlist,
    watchlist_fields,
)
from sentinel_mcp.domains.watchlists.finding import Finder
from sentinel_mcp.domains.watchlists.models import (
    Source,
    WatchlistDetail,
    WatchlistFindings,
    WatchlistItem,
    WatchlistItemDetail,
    WatchlistItemPage,
    WatchlistListing,
)
from sentinel_mcp.domains.watchlists.reading import Place, Shelf
from sentinel_mcp.domains.watchlists.uploads import Row
from sentinel_mcp.domains.watchlists.writing import Told
from sentinel_mcp.errors import InputError, NotFound, SentinelError, Unavailable
from sentinel_mcp.kql import literals
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.workspaces import Workspaces

SEARCHED_PAGES = 20
"""Of 100 items each, read for one page of a search, which Azure itself does not offer."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is known of a watchlist's items."""

    columns: list[str] = field(default_factory=list[str])
    looked_at: int = 0
    count: int | None = None
    counted_in: Source | None = None
    missing: list[Failure] = field(default_factory=list[Failure])


class Watchlists:
    """Reads and changes them, through the calls that all areas share."""

    def __init__(
        self,
        workspaces: Workspaces,
        tasks: TaskManager,
        settings: Settings,
        *,
        schemas: Schemas | None = None,
    ) -> None:
        """`schemas` are shared with the other areas; without them, they are read for this one."""
        self._azure = AzureCalls(workspaces, tasks, settings)
        identification = Identification(self._azure, schemas or Schemas(self._azure))
        self._finder = Finder(self._azure, identification, self._azure.max_answer_bytes)

    async def page(
        self, *, limit: int, cursor: str | None, workspace: str | None
    ) -> WatchlistListing:
        """Return one page of the watchlists, by alias."""
        context = await self._azure.open(workspace)
        client = context.security_insights_client
        path = context.resource_group, context.workspace_name
        documents = await self._azure.read_all(
            "list the watchlists", lambda: client.watchlists.list(*path)
        )
        read = sorted((read_watchlist(each) for each in documents), key=lambda w: w.alias.lower())
        call = {"tool": "list_watchlists", "workspace": context.config.name}
        page = page_of(read, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return WatchlistListing(
            workspace=context.config.name,
            watchlists=page.items,
            total_count=len(read),
            next_cursor=page.next_cursor,
        )

    async def get(self, watchlist: str, *, workspace: str | None) -> WatchlistDetail:
        """Return one watchlist; items are counted by their table where they fill several pages.

        Raises:
            NotFound: there is no such watchlist.

        """
        shelf = await self._shelf(watchlist, workspace)
        document, first = await asyncio.gather(shelf.document(), self._azure.attempt(shelf.page()))
        if isinstance(first, SentinelError):
            known = Contents(missing=[Failure.of(first)])
        else:
            known = await self._contents(shelf, *first)
        return WatchlistDetail(
            **watchlist_fields(document),
            **detail_fields(document),
            workspace=shelf.context.config.name,
            columns=known.columns,
            items_looked_at=known.looked_at,
            items_count=known.count,
            items_counted_in=known.counted_in,
            missing=known.missing,
        )

    async def items(
        self,
        watchlist: str,
        *,
        search: str | None,
        limit: int,
        cursor: str | None,
        workspace: str | None,
    ) -> WatchlistItemPage:
        """Return one page of items, those that hold `search` in a value where it is given.

        By REST and not by `_GetWatchlist`: the table lags, and has neither etags nor an order.
        """
        shelf = await self._shelf(watchlist, workspace)
        call = {
            "tool": "list_watchlist_items",
            "workspace": shelf.context.config.name,
            "watchlist": watchlist,
            "search": search or "",
        }
        place = Place.read(decode_cursor(call, cursor)) if cursor else Place()
        kept, looked_at, following = await self._collect(shelf, place, search, limit)
        warnings: list[str] = []
        total: int | SentinelError | None = None
        if cursor is None:
            total = len(kept)
            if following:
                total = None if search else await self._azure.attempt(self._count(shelf))
        if isinstance(total, SentinelError):
            warnings.append(f"Not counted: {total}")
        elif total is not None and following:
            warnings.append("`total_count` is of the table of watchlists, which lags by minutes.")
        if search and following:
            warnings.append(
                f"Searched here, not by Azure: {looked_at} items were looked at for this page, "
                "and there are more. Go on with `next_cursor`."
            )
        return WatchlistItemPage(
            workspace=shelf.context.config.name,
            watchlist=watchlist,
            items=kept,
            looked_at=looked_at,
            total_count=total if isinstance(total, int) else None,
            next_cursor=encode_cursor(call, following.written()) if following else None,
            warnings=warnings,
        )

    async def item(
        self, watchlist: str, item: str, *, workspace: str | None
    ) -> WatchlistItemDetail:
        """Return one item.

        Raises:
            NotFound: there is no such item, or no such watchlist.

        """
        shelf = await self._shelf(watchlist, workspace)
        found = await shelf.item_if_there(item)
        name = shelf.context.config.name
        if found is None:
            raise NotFound(
                f"There is no item {item!r} in watchlist {watchlist!r} of workspace {name!r}.",
                hint="Take `id` of an item from `list_watchlist_items`.",
            )
        return read_item_detail(found, watchlist=watchlist, workspace=name)

    async def find(self, value: str, *, limit: int, workspace: str | None) -> WatchlistFindings:
        """Return the items of all watchlists that hold a value."""
        context = await self._azure.open(workspace)
        # What is copied out of a report has blanks around it.
        return await self._finder.find(context, value.strip() or value, limit=limit)

    async def create(
        self,
        watchlist: str,
        *,
        title: str,
        search_key: str,
        description: str | None,
        rows: Sequence[Row] | None,
        csv: str | None,
        manner: Manner,
        told: Told,
        workspace: str | None,
    ) -> ChangeReport:
        """Create a watchlist of rows or of CSV text."""
        if (rows is None) == (csv is None):
            raise InputError("Give either `rows` or `csv`.", hint="One of them, not both.")
        made = uploads.of_text(csv, search_key) if csv is not None else None
        upload = made or uploads.of_rows(rows or [], search_key)
        return await writing.make_watchlist(
            await self._shelf(watchlist, workspace),
            upload,
            title=title,
            search_key=search_key,
            description=description,
            manner=manner,
            told=told,
        )

    async def upsert_item(
        self,
        watchlist: str,
        values: Row,
        *,
        item: str | None,
        manner: Manner,
        workspace: str | None,
    ) -> ChangeReport:
        """Change an item, found by its id or its search key, or add one."""
        shelf = await self._shelf(watchlist, workspace)
        return await writing.upsert_item(shelf, values, item=item, manner=manner)

    async def delete_item(
        self, watchlist: str, item: str, *, manner: Manner, workspace: str | None
    ) -> ChangeReport:
        """Delete an item."""
        return await writing.delete_item(await self._shelf(watchlist, workspace), item, manner)

    async def delete(
        self, watchlist: str, *, manner: Manner, told: Told, workspace: str | None
    ) -> ChangeReport:
        """Delete a watchlist with its items."""
        shelf = await self._shelf(watchlist, workspace)
        return await writing.delete_watchlist(shelf, manner, told)

    async def _shelf(self, watchlist: str, workspace: str | None) -> Shelf:
        return Shelf(self._azure, await self._azure.open(workspace), watchlist)

    async def _contents(
        self, shelf: Shelf, items: Sequence[Document], following: str | None
    ) -> Contents:
        """Return what the first page of items tells; where there are more, count by the table."""
        columns = list(dict.fromkeys(column for each in items for column in item_values(each)))
        seen = Contents(columns, len(items))
        if following is None:
            return replace(seen, count=len(items), counted_in="api")
        counted = await self._azure.attempt(self._count(shelf))
        if isinstance(counted, SentinelError):
            return replace(seen, missing=[Failure.of(counted)])
        return replace(seen, count=counted, counted_in="logs")

    async def _count(self, shelf: Shelf) -> int | None:
        """Count the items by their table.

        Raises:
            Unavailable: Azure answered only in part.

        """
        counted = await self._azure.query(
            shelf.context,
            "count the items of a watchlist",
            f"_GetWatchlist({literals.string(shelf.alias)}) | count",
            max_rows=1,
        )
        if counted.fault or not counted.rows:
            raise Unavailable(counted.fault.message if counted.fault else "Azure sent no count.")
        return whole(counted.rows[0], "Count")

    async def _collect(
        self, shelf: Shelf, place: Place, search: str | None, limit: int
    ) -> tuple[list[WatchlistItem], int, Place | None]:
        """Return the items after a place, how many were looked at, and where it goes on."""
        kept: list[WatchlistItem] = []
        size = looked_at = 0
        for _ in range(SEARCHED_PAGES):
            documents, token = await shelf.page(place.token)
            for index in range(place.skip, len(documents)):
                if search and not _holds(item_values(documents[index]), search.casefold()):
                    looked_at += 1
                    continue
                item = read_item(documents[index])
                size += size_bytes(item)
                if len(kept) == limit or (kept and size > self._azure.max_answer_bytes):
                    return kept, looked_at, Place(place.token, index)
                looked_at += 1
                kept.append(item)
            if token is None:
                return kept, looked_at, None
            place = Place(token)
            if len(kept) == limit:
                break
        return kept, looked_at, place


def _holds(values: Mapping[str, object], sought: str) -> bool:
    return any(sought in str(each).casefold() for each in values.values() if each is not None)
