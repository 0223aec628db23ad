"""Which columns the items of each watchlist have: `_GetWatchlist` answers with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sentinel_mcp.local.documents import Documents

KIND = "watchlistColumns"


def record_columns(documents: Documents, alias: str, items: Iterable[Mapping[str, Any]]) -> None:
    """Note the columns of items that are added; one of values of several types is dynamic."""
    before = columns_of(documents, alias)
    columns = dict(before)
    for item in items:
        for name, value in item.items():
            kind = _kind(value)
            if columns.setdefault(name, kind) != kind:
                columns[name] = "dynamic"
    if columns != before:
        documents.put(KIND, alias, {"columns": columns})


def forget_columns(documents: Documents, alias: str) -> None:
    """Drop what was noted of a watchlist that is deleted."""
    if documents.get(KIND, alias):
        documents.delete(KIND, alias)


def columns_of(documents: Documents, alias: str) -> dict[str, str]:
    """Return the columns of a watchlist with their Kusto types."""
    found = documents.get(KIND, alias)
    return dict(found["columns"]) if found else {}


def _kind(value: Any) -> str:  # Any: what a client sent
    match value:
        case str():
            return "string"
        case bool():
            return "bool"
        case int():
            return "long"
        case float():
            return "real"
        case _:
            return "dynamic"
