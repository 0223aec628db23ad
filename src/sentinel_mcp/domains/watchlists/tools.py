"""Watchlist tools."""

from typing import Annotated, Any

from fastmcp.dependencies import CurrentContext, Depends
from fastmcp.server.context import Context
from pydantic import Field

from sentinel_mcp.area import Area
from sentinel_mcp.domains.arguments import Confirm, Cursor, DryRun, Etag, WorkspaceName
from sentinel_mcp.domains.changes import ChangeReport, Manner
from sentinel_mcp.domains.watchlists.models import (
    WatchlistDetail,
    WatchlistFindings,
    WatchlistItemDetail,
    WatchlistItemPage,
    WatchlistListing,
)
from sentinel_mcp.domains.watchlists.service import Watchlists
from sentinel_mcp.effects import ADDS, CHANGES, READS_AZURE, WRITES
from sentinel_mcp.wiring import approval, service, steps_to

watchlists = Area()

Alias = Annotated[str, Field(min_length=1, max_length=64, description="Alias of the watchlist.")]
ItemId = Annotated[
    str, Field(min_length=1, max_length=200, description="`id` from `list_watchlist_items`.")
]
Values = dict[str, Any]  # Any: a schema of all scalars costs 100 bytes; `uploads` checks them
UPLOADING = "seconds that Azure may take"


@watchlists.tool("List watchlists", READS_AZURE, {"watchlists", "core"}, timeout=90)
async def list_watchlists(
    limit: Annotated[int, Field(ge=1, le=200, description="Per page.")] = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Watchlists = Depends(service(Watchlists)),
) -> WatchlistListing:
    """List watchlists with alias, search key and upload status.

    KQL reads one with `_GetWatchlist('alias')`.
    """
    return await store.page(limit=limit, cursor=cursor, workspace=workspace)


@watchlists.tool("Get a watchlist", READS_AZURE, {"watchlists"}, timeout=150)
async def get_watchlist(
    watchlist: Alias,
    workspace: WorkspaceName = None,
    store: Watchlists = Depends(service(Watchlists)),
) -> WatchlistDetail:
    """Read one watchlist: its columns, search key, number of items and upload status.

    Do so before you write KQL over it or add items.
    """
    return await store.get(watchlist, workspace=workspace)


@watchlists.tool("List watchlist items", READS_AZURE, {"watchlists"}, timeout=240)
async def list_watchlist_items(
    watchlist: Alias,
    search: Annotated[
        str | None,
        Field(min_length=1, max_length=500, description="Text in any value, without case."),
    ] = None,
    limit: Annotated[int, Field(ge=1, le=500, description="Items per page.")] = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Watchlists = Depends(service(Watchlists)),
) -> WatchlistItemPage:
    """List the items of a watchlist as they are now, or those that hold a text.

    A search reads 2,000 items per call at most and says so; go on with `next_cursor`.
    """
    return await store.items(
        watchlist, search=search, limit=limit, cursor=cursor, workspace=workspace
    )


@watchlists.tool("Get a watchlist item", READS_AZURE, {"watchlists"}, timeout=90)
async def get_watchlist_item(
    watchlist: Alias,
    item: ItemId,
    workspace: WorkspaceName = None,
    store: Watchlists = Depends(service(Watchlists)),
) -> WatchlistItemDetail:
    """Read one item of a watchlist: its values, who changed it and when, its etag.

    Use `find_in_watchlists` where only a value is known.
    """
    return await store.item(watchlist, item, workspace=workspace)


@watchlists.tool("Find in watchlists", READS_AZURE, {"watchlists", "core"}, timeout=300)
async def find_in_watchlists(
    value: Annotated[str, Field(max_length=2_000, description="Account, host, IP, CIDR, hash …")],
    limit: Annotated[int, Field(ge=1, le=200, description="Items shown.")] = 50,
    workspace: WorkspaceName = None,
    store: Watchlists = Depends(service(Watchlists)),
) -> WatchlistFindings:
    """Find the items of all watchlists that hold a value, or a network that it is in.

    It tells whether an entity is a VIP, a key asset or known as harmless.
    """
    return await store.find(value, limit=limit, workspace=workspace)


@watchlists.tool("Create a watchlist", ADDS, {"watchlists", WRITES}, timeout=240)
async def create_watchlist(
    watchlist: Annotated[str, Field(min_length=3, max_length=64, description="Alias for KQL.")],
    name: Annotated[str, Field(min_length=3, max_length=64, description="Name for people.")],
    search_key: Annotated[
        str, Field(min_length=1, max_length=200, description="The column to join on.")
    ],
    description: Annotated[
        str | None, Field(max_length=2_000, description="What it holds.")
    ] = None,
    rows: Annotated[
        list[Values] | None,
        Field(max_length=50_000, description="Items, by column; or give `csv`."),
    ] = None,
    csv: Annotated[
        str | None,
        Field(max_length=4_000_000, description="Items as CSV with a header, 3.8 MB at most."),
    ] = None,
    dry_run: DryRun = False,
    workspace: WorkspaceName = None,
    context: Context = CurrentContext(),
    store: Watchlists = Depends(service(Watchlists)),
) -> ChangeReport:
    """Create a watchlist with its items, all values kept as text.

    The same call again changes nothing; `upsert_watchlist_item` changes single items later.
    """
    return await store.create(
        watchlist,
        title=name,
        search_key=search_key,
        description=description,
        rows=rows,
        csv=csv,
        manner=Manner(dry_run=dry_run),
        told=steps_to(context, UPLOADING),
        workspace=workspace,
    )


@watchlists.tool("Add or change a watchlist item", CHANGES, {"watchlists", WRITES}, timeout=300)
async def upsert_watchlist_item(
    watchlist: Alias,
    values: Annotated[
        Values,
        Field(min_length=1, max_length=100, description="By column; others stay as they are."),
    ],
    item: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=200,
            description="Id of the item to change. Default: the one with the same search key.",
        ),
    ] = None,
    dry_run: DryRun = False,
    etag: Etag = None,
    workspace: WorkspaceName = None,
    store: Watchlists = Depends(service(Watchlists)),
) -> ChangeReport:
    """Change the item that has the same search key, or add one where there is none.

    Writing the same key twice makes no second item. Columns must be the watchlist's own.
    """
    manner = Manner(dry_run=dry_run, etag=etag)
    return await store.upsert_item(watchlist, values, item=item, manner=manner, workspace=workspace)


@watchlists.tool("Delete a watchlist item", CHANGES, {"watchlists", WRITES}, timeout=300)
async def delete_watchlist_item(
    watchlist: Alias,
    item: ItemId,
    dry_run: DryRun = False,
    etag: Etag = None,
    confirm: Confirm = False,
    workspace: WorkspaceName = None,
    context: Context = CurrentContext(),
    store: Watchlists = Depends(service(Watchlists)),
) -> ChangeReport:
    """Delete one item of a watchlist; the user is asked first.

    Rules that read the watchlist no longer see it within minutes.
    """
    approve = approval(context, confirm=confirm)
    manner = Manner(dry_run=dry_run, etag=etag, approve=approve)
    return await store.delete_item(watchlist, item, manner=manner, workspace=workspace)


@watchlists.tool("Delete a watchlist", CHANGES, {"watchlists", WRITES}, timeout=300)
async def delete_watchlist(
    watchlist: Alias,
    dry_run: DryRun = False,
    etag: Etag = None,
    confirm: Confirm = False,
    workspace: WorkspaceName = None,
    context: Context = CurrentContext(),
    store: Watchlists = Depends(service(Watchlists)),
) -> ChangeReport:
    """Delete a watchlist with all its items; the user is asked first.

    Rules and queries that read it with `_GetWatchlist` go blind: look for them before.
    """
    manner = Manner(dry_run=dry_run, etag=etag, approve=approval(context, confirm=confirm))
    told = steps_to(context, UPLOADING)
    return await store.delete(watchlist, manner=manner, told=told, workspace=workspace)
