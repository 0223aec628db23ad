"""Columns and sample rows of a table, as much of them as an answer takes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import orjson

from sentinel_mcp.azure.logs import LogsTable
from sentinel_mcp.domains.documents import cut
from sentinel_mcp.domains.query.models import TableColumn
from sentinel_mcp.kql.catalog import TableSchema

CELL_CHARS = 500
"""Of a cell in a sample: enough to see its form; `run_query` reads the rest."""

_FURTHER = "`columns_containing` shows those of a text."
_EMPTY = frozenset({"", "[]", "{}", "null"})


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are shown, and what was left out of them."""

    columns: list[TableColumn]
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows as objects of their cells that are not empty."""

    rows: list[dict[str, Any]]  # Any: a cell is of its column's type
    warning: str | None = None


def columns_of(table: TableSchema, containing: str | None, max_bytes: int) -> Columns:
    """Return the columns whose name or description has the text, whatever its case.

    Where they weigh more than half of `max_bytes`, descriptions are left out; where that is not
    enough, the last columns are.
    """
    wanted = (containing or "").casefold()
    kept = [
        TableColumn(name=each.name, type=each.type, description=each.description or None)
        for each in table.columns
        if wanted in each.name.casefold() or wanted in (each.description or "").casefold()
    ]
    if not kept:
        return Columns([], f"No column of {table.name} has {containing!r} in name or description.")
    if _size(kept) <= max_bytes // 2:
        return Columns(kept)
    bare = [TableColumn(name=each.name, type=each.type) for each in kept]
    fitting = bare
    while _size(fitting) > max_bytes:
        fitting = fitting[: len(fitting) // 2]
    if len(fitting) < len(bare):
        left_out = f"{len(bare) - len(fitting)} of {len(bare)} columns are left out"
        return Columns(fitting, f"{left_out}, and all descriptions; {_FURTHER}")
    return Columns(bare, f"The columns' descriptions are left out; {_FURTHER}")


def sample_of(table: LogsTable | None, only: Collection[str] | None, max_bytes: int) -> Sample:
    """Return the first rows while they fit into `max_bytes`, of `only` those columns.

    `TimeGenerated` is always there: without it nobody sees which row is which.
    """
    rows: list[dict[str, Any]] = []
    size = 0
    for row in table.rows if table else []:
        cells = {
            name: cut(value, CELL_CHARS) if isinstance(value, str) else value
            for (name, _), value in zip(table.columns if table else [], row, strict=True)
            if not _is_empty(value) and (only is None or name in only or name == "TimeGenerated")
        }
        size += len(orjson.dumps(cells)) + 1
        if rows and size > max_bytes:
            count = len(table.rows) if table else 0
            return Sample(rows, f"Only {len(rows)} of {count} sample rows fit; {_FURTHER}")
        rows.append(cells)
    return Sample(rows)


def _is_empty(value: object) -> bool:
    return (
        value is None or (isinstance(value, str) and value.strip() in _EMPTY) or value in ([], {})
    )


def _size(columns: list[TableColumn]) -> int:
    return len(orjson.dumps([each.model_dump() for each in columns]))
