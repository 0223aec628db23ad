"""Rows of the Watchlist table, made of the documents that they tell of.

Microsoft Sentinel adds rows for each change: of the watchlist, and of each item of it. The newest
row of an item, by `_DTTimestamp`, tells how it is; a deletion is a row, too.
"""

from __future__ import annotations

from typing import Any, Literal

from sentinel_mcp.local.identity import TENANT_ID
from sentinel_mcp.local.scenario.names import guid

TABLE = "Watchlist"

Body = dict[str, Any]
"""A document, or the cells of a row. Any: they are of many kinds."""

Status = Literal["Create", "Update", "Delete"]


def watchlist_row(watchlist: Body, status: Status, *, at: str, written: str | None = None) -> Body:
    """Return the row of a watchlist; `written` is when, if that is not when it was changed."""
    properties = watchlist["properties"]
    return {
        **_common(watchlist, watchlist, status, at, written or at),
        "_DTItemId": properties["watchlistId"],
        "_DTItemType": "watchlist",
        "SearchKey": properties["itemsSearchKey"],
    }


def item_row(
    watchlist: Body, item: Body, status: Status, *, at: str, written: str | None = None
) -> Body:
    """Return the row of an item."""
    values = item["properties"]["itemsKeyValue"]
    key = values.get(watchlist["properties"]["itemsSearchKey"], "")
    return {
        **_common(watchlist, item, status, at, written or at),
        "_DTItemId": item["name"],
        "_DTItemType": "watchlist-item",
        "WatchlistItemId": item["name"],
        "WatchlistItem": values,
        "SearchKey": key if isinstance(key, str) else str(key),
    }


def _common(watchlist: Body, changed: Body, status: Status, at: str, written: str) -> Body:
    whole, own = watchlist["properties"], changed["properties"]
    return {
        "TimeGenerated": written,
        "AzureTenantId": TENANT_ID,
        "CorrelationId": guid("watchlist-change", changed["name"], written),
        "CreatedBy": own["createdBy"],
        "UpdatedBy": own["updatedBy"],
        "CreatedTimeUTC": own["created"],
        "LastUpdatedTimeUTC": own["updated"],
        "DefaultDuration": whole.get("defaultDuration", ""),
        "EntityMapping": {},
        "Provider": whole["provider"],
        "Source": whole.get("source", ""),
        "WatchlistAlias": whole["watchlistAlias"],
        "WatchlistId": whole["watchlistId"],
        "WatchlistName": whole["displayName"],
        "_DTItemStatus": status,
        "_DTTimestamp": at,
    }
