"""Watchlists and their items, as tools take and give them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.documents import Scalar
from sentinel_mcp.domains.shared.entity import Kind
from sentinel_mcp.domains.shared.watchlist_items import Match
from sentinel_mcp.domains.untrusted import UNTRUSTED, Untrusted

Source = Literal["logs", "api"]
"""The Watchlist table, which lags behind by minutes, or the items as Sentinel has them now."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Watchlist(_Frozen):
    """A watchlist as a list shows it."""

    alias: Annotated[str, Field(description="What `_GetWatchlist('alias')` and the tools take.")]
    name: str
    search_key: Annotated[str | None, Field(description="The column to join on.")]
    description: str | None = None
    provider: str | None = None
    updated: datetime | None = None
    upload_status: Annotated[
        str | None, Field(description="`Complete` once all items are in, where Azure says it.")
    ] = None


class WatchlistListing(_Frozen):
    """One page of watchlists, in order of alias."""

    untrusted: str = UNTRUSTED
    workspace: str
    watchlists: list[Watchlist]
    total_count: int
    next_cursor: str | None


class WatchlistDetail(Watchlist, Untrusted):
    """A watchlist with what its items have."""

    workspace: str
    watchlist_id: str | None = None
    columns: Annotated[list[str], Field(description="Seen in the items that were looked at.")]
    items_looked_at: int
    items_count: int | None
    items_counted_in: Annotated[
        Source | None, Field(description="`logs`: as of some minutes ago.")
    ] = None
    created: datetime | None = None
    created_by: str | None = None
    updated_by: str | None = None
    labels: list[str] = []
    properties: Annotated[dict[str, Scalar], Field(description="What else Azure says.")] = {}
    etag: str | None = None
    missing: Annotated[list[Failure], Field(description="Why a part could not be read.")] = []


class WatchlistItem(_Frozen):
    """One item; its values go by the names of the watchlist's own columns."""

    id: str
    values: dict[str, Scalar]
    updated: datetime | None = None
    updated_by: str | None = None
    etag: str | None = None


class WatchlistItemDetail(WatchlistItem, Untrusted):
    """One item with the watchlist that it is of."""

    workspace: str
    watchlist: str
    created: datetime | None = None
    created_by: str | None = None


class WatchlistItemPage(_Frozen):
    """One page of items, in Azure's order."""

    untrusted: str = UNTRUSTED
    workspace: str
    watchlist: str
    items: list[WatchlistItem]
    looked_at: Annotated[int, Field(description="Items read for this page.")]
    total_count: Annotated[
        int | None,
        Field(description="On the first page: items there are; of a search where it ends there."),
    ]
    next_cursor: str | None
    warnings: list[str] = []


class FoundItem(_Frozen):
    """An item that holds the value."""

    watchlist: str
    item_id: str
    match: Annotated[
        Match,
        Field(
            description="`exact`: a whole value, without case. `part`: within one. `network`: the "
            "item has a network that the address is in."
        ),
    ]
    columns: Annotated[list[str], Field(description="The columns that hold it.")]
    network: str | None = None
    values: dict[str, Scalar]
    updated: datetime | None = None
    source: Source


class WatchlistFindings(_Frozen):
    """Where a value is in watchlists, exact matches first."""

    untrusted: str = UNTRUSTED
    workspace: str
    value: str
    kind: Kind
    names: Annotated[list[str], Field(description="What was looked for.")]
    items: list[FoundItem]
    exact_count: int
    network_count: int
    part_count: int
    truncated: Annotated[bool, Field(description="There are more than are counted or shown.")]
    read_by_api: Annotated[
        list[str], Field(description="Watchlists read item by item; the others by their table.")
    ]
    missing: Annotated[list[Failure], Field(description="Why a source could not be read.")] = []
    warnings: list[str] = []
