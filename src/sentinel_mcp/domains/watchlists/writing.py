"""Makes, changes and deletes watchlists and their items."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sentinel_mcp.domains.calls import CONTRIBUTOR
from sentinel_mcp.domains.changes import ChangeReport, Manner, Target, create, delete, update
from sentinel_mcp.domains.documents import Document, cut, inner, text
from sentinel_mcp.domains.watchlists.documents import item_id, item_values
from sentinel_mcp.domains.watchlists.keys import KeyLookup
from sentinel_mcp.domains.watchlists.reading import Shelf
from sentinel_mcp.domains.watchlists.uploads import Row, Upload, as_text, check_name
from sentinel_mcp.errors import Conflict, InputError
from sentinel_mcp.kql.literals import require_encodable

if TYPE_CHECKING:
    from azure.core.polling import AsyncLROPoller

Told = Callable[[int, int], Awaitable[None]]
"""Hears how many seconds of how many an operation of Azure's has taken."""

POLLING_S = 2
TELLING_S = 5
MAX_VALUE_CHARS = 10_000

_WRITABLE = frozenset({"itemsKeyValue", "entityMapping"})
"""The properties of an item that a client writes; Azure fills in the others."""

_WRITTEN_BY_PEOPLE = frozenset(
    {"displayName", "description", "itemsSearchKey", "labels", "itemsKeyValue"}
)

_NAMES = UUID("1d2a8f54-6c0b-4e63-9a57-3f0e8c2b7d41")
"""The namespace of ids made here: the same content or key has the same id."""


async def make_watchlist(
    shelf: Shelf,
    upload: Upload,
    *,
    title: str,
    search_key: str,
    description: str | None,
    manner: Manner,
    told: Told,
) -> ChangeReport:
    """Create a watchlist with its items.

    Raises:
        Conflict: there is another watchlist of that alias.

    """
    check_name("alias", shelf.alias)
    check_name("name", title)
    client, path = shelf.context.security_insights_client, shelf.path
    properties = {
        # From the content, so that a repeated call finds what the first one made.
        "watchlistId": _id_of(shelf, upload.content, title, search_key, description or ""),
        "displayName": title,
        "provider": "Custom",
        "source": f"{shelf.alias}.csv",
        "sourceType": "Local",
        "description": description or "",
        "itemsSearchKey": search_key,
    }
    content = {
        "numberOfLinesToSkip": 0,
        "rawContent": upload.content,
        "contentType": "text/csv",
    }

    async def write(document: dict[str, Any]) -> Document:
        # Any: the SDK's own types of a body are a model and a typed dict.
        body: Any = {**document, "properties": {**document["properties"], **content}}

        async def begun() -> Document:
            poller = await client.watchlists.begin_create_or_update(
                *path, body, polling_interval=POLLING_S
            )
            return (await _settled(poller, told)).as_dict()

        return await shelf.azure.call("create a watchlist", begun, role=CONTRIBUTOR)

    target = _target(shelf, "watchlist", shelf.alias, shelf.document_if_there)
    report = await create(target, {"properties": properties}, write, manner, fresh=False)
    return report.model_copy(update={"notices": [*report.notices, *_told_of(upload)]})


async def delete_watchlist(shelf: Shelf, manner: Manner, told: Told) -> ChangeReport:
    """Delete a watchlist with all its items."""
    client, path = shelf.context.security_insights_client, shelf.path
    document = await shelf.document()
    named = text(inner(document, "properties"), "displayName")

    async def remove() -> None:
        async def begun() -> None:
            poller = await client.watchlists.begin_delete(*path, polling_interval=POLLING_S)
            await _settled(poller, told)

        await shelf.azure.call("delete a watchlist", begun, role=CONTRIBUTOR)

    title = f"{named} ({shelf.alias}) with all its items"
    read = _first(_told_when_deleted(document), shelf.document_if_there)
    return await delete(_target(shelf, "watchlist", shelf.alias, read, title), remove, manner)


async def upsert_item(
    shelf: Shelf, values: Row, *, item: str | None, manner: Manner
) -> ChangeReport:
    """Change the item of that id, or the one of the same search key, or else add one.

    Raises:
        InputError: a column is none of the watchlist's, or several items have the search key.
        NotFound: there is no such watchlist, or no item of the id that was given.

    """
    given = {column: _checked(column, value) for column, value in values.items()}
    if item is not None:
        found = await shelf.item_if_there(item)
        return await _change_item(shelf, item, found, given, manner)
    watchlist = await shelf.document()
    key_column = text(inner(watchlist, "properties"), "itemsSearchKey") or ""
    key = given.get(key_column)
    if not key:
        raise InputError(
            f"The item has no value for the search key {key_column!r}.",
            hint=f"Give {key_column!r} in `values`, or the id of the item to change.",
        )
    own = _id_of(shelf, key)
    lookup = await KeyLookup(shelf, key_column, key).find(own)
    if len(lookup.found) > 1:
        ids = ", ".join(item_id(each) for each in lookup.found[:5])
        raise InputError(
            f"{len(lookup.found)} items have the search key {key!r}: {ids}.",
            hint="Give the id of one of them as `item`.",
        )
    if lookup.found:
        (there,) = lookup.found
        return await _change_item(shelf, item_id(there) or own, there, given, manner)
    if manner.etag is not None:
        raise Conflict(
            f"No item of {shelf.alias!r} has the search key {key!r}: there is none with that etag.",
            hint="It was deleted, or never there. Leave `etag` out to add it.",
        )
    _check_columns(given, lookup.columns)
    full = dict.fromkeys(lookup.columns, "") | given
    report = await create(
        _item_target(shelf, own, lambda: shelf.item_if_there(own), key),
        {"properties": {"itemsKeyValue": full}},
        _writer(shelf, own),
        manner,
        fresh=True,
    )
    return report.model_copy(update={"notices": [*report.notices, *lookup.notices]})


async def delete_item(shelf: Shelf, item: str, manner: Manner) -> ChangeReport:
    """Delete one item."""
    client, path = shelf.context.security_insights_client, shelf.path
    document = await shelf.item_if_there(item)

    async def remove() -> None:
        await shelf.azure.call(
            "delete a watchlist item",
            lambda: client.watchlist_items.delete(*path, item),
            role=CONTRIBUTOR,
        )

    read = _first(
        None if document is None else _told_when_deleted(document),
        lambda: shelf.item_if_there(item),
    )
    held = ", ".join(str(each) for each in item_values(document or {}).values() if each)
    title = f"{item} ({cut(held, 200)}) of {shelf.alias}" if held else f"{item} of {shelf.alias}"
    return await delete(_item_target(shelf, item, read, title), remove, manner)


async def _change_item(
    shelf: Shelf,
    name: str,
    document: Document | None,
    given: Mapping[str, str],
    manner: Manner,
) -> ChangeReport:
    def revise(before: Document) -> Mapping[str, Any]:
        held = item_values(before)
        _check_columns(given, tuple(held))
        return {"itemsKeyValue": {**held, **given}}

    read = _first(document, lambda: shelf.item_if_there(name))
    target = _item_target(shelf, name, read, f"{name} of {shelf.alias}")
    return await update(target, revise, _writer(shelf, name), manner)


def _writer(shelf: Shelf, name: str) -> Callable[[dict[str, Any]], Awaitable[Document]]:
    client, path = shelf.context.security_insights_client, shelf.path

    async def write(document: dict[str, Any]) -> Document:
        properties = {
            key: value for key, value in document["properties"].items() if key in _WRITABLE
        }
        body: Any = {"properties": properties}  # Any: as in `make_watchlist`
        if etag := document.get("etag"):
            body["etag"] = etag
        return await shelf.azure.read(
            "write a watchlist item",
            lambda: client.watchlist_items.create_or_update(*path, name, body),
            role=CONTRIBUTOR,
        )

    return write


async def _settled(poller: AsyncLROPoller[Any], told: Told) -> Any:
    """Await Azure's operation; meanwhile tell the caller that it goes on."""
    waiting = asyncio.ensure_future(poller.result())
    waited_s = 0
    try:
        while not (await asyncio.wait({waiting}, timeout=TELLING_S))[0]:
            waited_s += TELLING_S
            await told(waited_s, max(60, waited_s))
        return waiting.result()
    finally:
        waiting.cancel()


def _target(
    shelf: Shelf,
    kind: str,
    name: str,
    read: Callable[[], Awaitable[Document | None]],
    title: str | None = None,
) -> Target:
    workspace = shelf.context.config.name
    return Target(workspace=workspace, kind=kind, name=name, read=read, title=title)


def _item_target(
    shelf: Shelf, name: str, read: Callable[[], Awaitable[Document | None]], title: str
) -> Target:
    return _target(shelf, "watchlist item", name, read, title)


def _first(
    document: Document | None, again: Callable[[], Awaitable[Document | None]]
) -> Callable[[], Awaitable[Document | None]]:
    """Return a reader that gives what was read already, and reads anew from then on."""
    read_before = [document]

    async def read() -> Document | None:
        return read_before.pop() if read_before else await again()

    return read


def _told_when_deleted(document: Document) -> Document:
    """Return what a deletion takes away, as far as people wrote it."""
    properties = inner(document, "properties")
    kept = {name: value for name, value in properties.items() if name in _WRITTEN_BY_PEOPLE}
    return {**document, "properties": kept}


def _id_of(shelf: Shelf, *parts: str) -> str:
    context = shelf.context
    whole = [context.subscription_id, *shelf.path[:2], shelf.alias.lower(), *parts]
    return str(uuid5(_NAMES, "\n".join(whole)))


def _checked(column: str, value: object) -> str:
    written = as_text(value)
    require_encodable(column, what="A column")
    require_encodable(written, what=f"The value of {column!r}")
    if len(written) > MAX_VALUE_CHARS:
        raise InputError(
            f"The value of {column!r} has {len(written):,} characters.",
            hint=f"Give {MAX_VALUE_CHARS:,} at most.",
        )
    return written


def _check_columns(given: Mapping[str, str], columns: tuple[str, ...]) -> None:
    unknown = [each for each in given if each not in columns]
    if columns and unknown:
        raise InputError(
            f"The watchlist has no column {', '.join(map(repr, unknown))}.",
            hint=f"Its columns are {', '.join(columns)[:300]}.",
        )


def _told_of(upload: Upload) -> list[str]:
    told = [f"Items: {upload.count:,}. Columns: {cut(', '.join(upload.columns), 300)}."]
    if upload.repeated:
        told.append(f"Items with the search key of another: {upload.repeated:,}.")
    return told
