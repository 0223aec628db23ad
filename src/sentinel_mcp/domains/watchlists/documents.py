"""Reads Azure's documents of watchlists and items into our models."""

from __future__ import annotations

import json
from typing import Any

from sentinel_mcp.domains.documents import (
    MAX_VALUES,
    Document,
    Scalar,
    cut,
    flattened,
    inner,
    name,
    person,
    text,
    texts,
    time,
)
from sentinel_mcp.domains.watchlists.models import (
    Watchlist,
    WatchlistItem,
    WatchlistItemDetail,
)

_VALUE_CHARS = 1_000
_SHOWN_ELSEWHERE = frozenset(
    [
        "watchlistId",
        "displayName",
        "itemsSearchKey",
        "description",
        "provider",
        "updated",
        "uploadStatus",
        "created",
        "createdBy",
        "updatedBy",
        "labels",
        "watchlistAlias",
        "watchlistType",
        "rawContent",
        "tenantId",
        "sasUri",
    ]
)


def read_watchlist(document: Document) -> Watchlist:
    """Return a watchlist as a list shows it."""
    return Watchlist(**watchlist_fields(document))


def watchlist_fields(document: Document) -> dict[str, Any]:
    """Return the fields of `Watchlist` by name. Any: pydantic checks them where they are used."""
    properties = inner(document, "properties")
    alias = text(properties, "watchlistAlias") or name(document)
    return {
        "alias": alias,
        "name": text(properties, "displayName") or alias,
        "search_key": text(properties, "itemsSearchKey"),
        "description": text(properties, "description"),
        "provider": text(properties, "provider"),
        "updated": time(properties, "updated"),
        "upload_status": text(properties, "uploadStatus"),
    }


def detail_fields(document: Document) -> dict[str, Any]:
    """Return what a detail says besides, by name. Any: as above."""
    properties = inner(document, "properties")
    return {
        "watchlist_id": text(properties, "watchlistId"),
        "created": time(properties, "created"),
        "created_by": person(inner(properties, "createdBy")),
        "updated_by": person(inner(properties, "updatedBy")),
        "labels": texts(properties, "labels", 200),
        "properties": flattened(properties, without=_SHOWN_ELSEWHERE),
        "etag": text(document, "etag"),
    }


def read_item(document: Document) -> WatchlistItem:
    """Return an item as a list shows it."""
    return WatchlistItem(**_item_fields(document))


def read_item_detail(document: Document, *, watchlist: str, workspace: str) -> WatchlistItemDetail:
    """Return an item with all that is known of it."""
    properties = inner(document, "properties")
    return WatchlistItemDetail(
        **_item_fields(document),
        workspace=workspace,
        watchlist=watchlist,
        created=time(properties, "created"),
        created_by=person(inner(properties, "createdBy")),
    )


def item_values(document: Document) -> Document:
    """Return the values of an item by column, as they came."""
    return inner(inner(document, "properties"), "itemsKeyValue")


def item_id(document: Document) -> str:
    """Return the id of an item; one of the official samples says it in the properties alone."""
    return name(document) or text(inner(document, "properties"), "watchlistItemId") or ""


def shown(values: Document) -> dict[str, Scalar]:
    """Return values as an answer shows them, under the watchlist's own column names."""
    kept: dict[str, Scalar] = {}
    for column, value in list(values.items())[:MAX_VALUES]:
        if value is not None and not isinstance(value, str | bool | int | float):
            value = json.dumps(value, ensure_ascii=False)
        kept[cut(column, 200)] = cut(value, _VALUE_CHARS) if isinstance(value, str) else value
    if len(values) > MAX_VALUES:
        kept["…"] = f"{len(values)} columns in all"
    return kept


def _item_fields(document: Document) -> dict[str, Any]:
    properties = inner(document, "properties")
    return {
        "id": item_id(document),
        "values": shown(item_values(document)),
        "updated": time(properties, "updated"),
        "updated_by": person(inner(properties, "updatedBy")),
        "etag": text(document, "etag"),
    }
