"""Finds the item that has a search key, so that writing it twice makes no second one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sentinel_mcp.domains.calls import Rows
from sentinel_mcp.domains.documents import Document, text
from sentinel_mcp.domains.watchlists.documents import item_id, item_values
from sentinel_mcp.domains.watchlists.reading import Shelf
from sentinel_mcp.kql import literals

MAX_PAGES = 50
_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class Lookup:
    """The items of a key, and the columns of the watchlist as far as they were seen."""

    found: list[Document]
    columns: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyLookup:
    """Looks for one key in one watchlist."""

    shelf: Shelf
    column: str
    key: str

    async def find(self, own: str) -> Lookup:
        """Return the items of the key; `own` is the id that an item made here has.

        The table knows an item by one query, but lags; so where it knows none, the items
        themselves are read, up to 5,000.
        """
        made_here, named = await asyncio.gather(
            self.shelf.item_if_there(own), self._named_by_table()
        )
        others = await asyncio.gather(
            *(self.shelf.item_if_there(each) for each in named if each != own)
        )
        found = [each for each in (made_here, *others) if each is not None and self._is_it(each)]
        return Lookup(found) if found else await self._read_through()

    async def _named_by_table(self) -> list[str]:
        azure = self.shelf.azure
        rows = await azure.attempt(
            azure.query(
                self.shelf.context,
                "look an item up by its search key",
                key_query(self.shelf.alias, self.key),
                max_rows=_MAX_NAMED,
            )
        )
        # A table that cannot be read costs time only: then the items are read.
        known = rows.rows if isinstance(rows, Rows) else []
        return [found for each in known if (found := text(each, "ItemId"))]

    async def _read_through(self) -> Lookup:
        items, last = await self.shelf.read_through(MAX_PAGES)
        found = [each for each in items if self._is_it(each)]
        columns = dict.fromkeys(column for each in items for column in item_values(each))
        told = () if last else (
            f"The watchlist has more than {100 * MAX_PAGES:,} items; one with this search key that "
            "was added in the last minutes would not have been seen.",
        )  # fmt: skip
        return Lookup(found, tuple(columns), told)

    def _is_it(self, item: Document) -> bool:
        return bool(item_id(item)) and str(item_values(item).get(self.column)) == self.key


def key_query(alias: str, key: str) -> str:
    """Return KQL for the ids of the items that have a search key, as the table knows them."""
    return (
        'Watchlist | where _DTItemType == "watchlist-item" '
        f"and WatchlistAlias =~ {literals.string(alias)} "
        "| summarize arg_max(_DTTimestamp, SearchKey, _DTItemStatus) by _DTItemId "
        f'| where _DTItemStatus != "Delete" and SearchKey == {literals.string(key)} '
        "| project ItemId = _DTItemId"
    )
