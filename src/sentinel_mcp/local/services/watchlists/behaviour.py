"""Watchlists and their items: each change is written to the Watchlist table, too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, cast
from uuid import uuid4

from sentinel_mcp.local import identity
from sentinel_mcp.local.appended import AppendedRows
from sentinel_mcp.local.documents import Document, Documents
from sentinel_mcp.local.scenario.watchlist_rows import TABLE, Status, item_row, watchlist_row
from sentinel_mcp.local.services.caller import caller
from sentinel_mcp.local.services.faults import Body, bad_request, not_found
from sentinel_mcp.local.services.watchlists.columns import forget_columns, record_columns
from sentinel_mcp.local.services.watchlists.content import items_of
from sentinel_mcp.local.services.writing import Clock, properties_of, stamp, text_of

WATCHLISTS = "watchlists"
ITEMS = "watchlistItems"

# learn.microsoft.com/azure/sentinel/watchlists, limitations.
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{1,62}[A-Za-z0-9]")

_REQUIRED = ("displayName", "provider", "itemsSearchKey")
_TEXTS = (*_REQUIRED, "watchlistId", "source", "sourceType", "description", "defaultDuration")
_WRITABLE = (*_TEXTS, "labels")


class Watchlists:
    """The watchlists of the workspace."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._rows = AppendedRows(documents)

    def all(self) -> list[Body]:
        """Return every watchlist."""
        return self._documents.list(WATCHLISTS)

    def get(self, alias: str) -> Body:
        """Return one watchlist."""
        found = self._documents.get(WATCHLISTS, alias)
        if found is None:
            raise not_found("Watchlist", alias)
        return found

    def put(self, alias: str, body: Body, etag: str | None) -> tuple[Body, bool]:
        """Create or change a watchlist and add the items that come with it; also say if it is new.

        Items that are there already, value by value, are not added again.
        """
        given = properties_of(body)
        before = self._documents.get(WATCHLISTS, alias)
        now = stamp(self._clock)
        document = self._watchlist(alias, given, before, now)
        key = document["properties"]["itemsSearchKey"]
        values = items_of(given, key)
        written = self._documents.put(WATCHLISTS, document["name"], document, etag=etag)
        self._rows.append(TABLE, [watchlist_row(written, _status(before), at=now)])
        if values:
            self._add(written, values, now)
        return written, before is None

    def delete(self, alias: str) -> None:
        """Delete a watchlist with its items; one that is not there is no error."""
        watchlist = self._documents.get(WATCHLISTS, alias)
        if watchlist is None:
            return
        now = stamp(self._clock)
        items = self._documents.list(ITEMS, watchlist["name"])
        for each in items:
            self._documents.delete(ITEMS, each["name"], parent=watchlist["name"])
        self._documents.delete(WATCHLISTS, watchlist["name"])
        forget_columns(self._documents, watchlist["name"])
        rows = [item_row(watchlist, _changed(each, now), "Delete", at=now) for each in items]
        rows.append(watchlist_row(_changed(watchlist, now), "Delete", at=now))
        self._rows.append(TABLE, rows)

    def items(self, alias: str, *, after: int, limit: int) -> list[tuple[int, Body]]:
        """Return items beyond a position, each with its own."""
        parent = self.get(alias)["name"]
        return self._documents.list_from(ITEMS, parent, after=after, limit=limit)

    def item(self, alias: str, name: str) -> Body:
        """Return one item."""
        found = self._documents.get(ITEMS, name, parent=self.get(alias)["name"])
        if found is None:
            raise not_found("Watchlist item", name)
        return found

    def put_item(self, alias: str, name: str, body: Body, etag: str | None) -> tuple[Body, bool]:
        """Create or replace an item; also say whether it is new."""
        watchlist = self.get(alias)
        values = properties_of(body).get("itemsKeyValue")
        if not isinstance(values, dict) or not values:
            raise bad_request("The property 'itemsKeyValue' is required and must be an object.")
        key = watchlist["properties"]["itemsSearchKey"]
        if not cast("Body", values).get(key):
            raise bad_request(f"The item has no value for the search key {key!r}.")
        before = self._documents.get(ITEMS, name, parent=watchlist["name"])
        now = stamp(self._clock)
        document = _item(watchlist, name, cast("Body", values), before, now)
        written = self._documents.put(ITEMS, name, document, parent=watchlist["name"], etag=etag)
        record_columns(self._documents, watchlist["name"], [cast("Body", values)])
        self._rows.append(TABLE, [item_row(watchlist, written, _status(before), at=now)])
        return written, before is None

    def delete_item(self, alias: str, name: str, etag: str | None) -> None:
        """Delete an item."""
        watchlist, item = self.get(alias), self.item(alias, name)
        now = stamp(self._clock)
        self._documents.delete(ITEMS, item["name"], parent=watchlist["name"], etag=etag)
        self._rows.append(TABLE, [item_row(watchlist, _changed(item, now), "Delete", at=now)])

    def _add(self, watchlist: Body, values: Iterable[dict[str, str]], now: str) -> None:
        alias = watchlist["name"]
        there = {_content(each["properties"]["itemsKeyValue"])
                 for each in self._documents.list(ITEMS, alias)}  # fmt: skip
        added: list[Body] = []
        for each in values:
            if (content := _content(each)) not in there:
                there.add(content)
                added.append(_item(watchlist, str(uuid4()), each, None, now))
        self._documents.put_all(Document(ITEMS, each["name"], each, parent=alias) for each in added)
        record_columns(self._documents, alias, values)
        self._rows.append(TABLE, [item_row(watchlist, each, "Create", at=now) for each in added])

    def _watchlist(self, alias: str, given: Body, before: Body | None, now: str) -> Body:
        if before is None and not _ALIAS.fullmatch(alias):
            raise bad_request(
                f"The watchlist alias {alias!r} must have 3 to 64 letters, digits, blanks, hyphens "
                "and underscores, the first and the last a letter or digit."
            )
        for name in _TEXTS:
            text_of(given, name, required=name in _REQUIRED)
        _require_labels(given.get("labels"))
        if before is None:
            document: Body = {
                "id": f"{identity.INSIGHTS_ID}/watchlists/{alias}",
                "name": alias,
                "type": "Microsoft.SecurityInsights/Watchlists",
                "properties": _first(alias, now),
            }
        else:
            document = before
        written = {name: given[name] for name in _WRITABLE if given.get(name) is not None}
        return _changed({**document, "properties": {**document["properties"], **written}}, now)


def _require_labels(given: object) -> None:
    labels = cast("list[object]", given) if isinstance(given, list) else None
    if given is not None and (labels is None or not all(isinstance(each, str) for each in labels)):
        raise bad_request("The property 'labels' must be a list of strings.")


def _first(alias: str, now: str) -> Body:
    return {
        "watchlistId": str(uuid4()),
        "source": "",
        "sourceType": "Local",
        "created": now,
        "createdBy": _author(),
        "description": "",
        "watchlistType": "watchlist",
        "watchlistAlias": alias,
        "isDeleted": False,
        "labels": [],
        "tenantId": identity.TENANT_ID,
        "numberOfLinesToSkip": 0,
        "uploadStatus": "Complete",
        "provisioningState": "Succeeded",
    }


def _item(watchlist: Body, name: str, values: Body, before: Body | None, now: str) -> Body:
    kept = before["properties"] if before else {"created": now, "createdBy": _author()}
    alias = watchlist["name"]
    document: Body = {
        "id": f"{identity.INSIGHTS_ID}/Watchlists/{alias}/WatchlistItems/{name}",
        "name": name,
        "type": "Microsoft.SecurityInsights/Watchlists/WatchlistItems",
        "properties": {
            **kept,
            "watchlistItemType": "watchlist-item",
            "watchlistItemId": name,
            "tenantId": identity.TENANT_ID,
            "isDeleted": False,
            "itemsKeyValue": values,
            "entityMapping": {},
        },
    }
    return _changed(document, now)


def _changed(document: Body, now: str) -> Body:
    return {
        **document,
        "properties": {**document["properties"], "updated": now, "updatedBy": _author()},
    }


def _author() -> Body:
    return {name: value for name, value in caller().items() if name != "userPrincipalName"}


def _status(before: Body | None) -> Status:
    return "Create" if before is None else "Update"


def _content(values: dict[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((name, str(value)) for name, value in values.items())
