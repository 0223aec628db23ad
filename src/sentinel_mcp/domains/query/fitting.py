"""Makes a result fit an answer, and says what was cut."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from sentinel_mcp.azure.logs import LogsTable
from sentinel_mcp.domains.query.models import ColumnInfo, Format, QueryTable

_CELL_SHARE = 4
"""A single cell may take up to this fraction of an answer; more is cut."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is left of a result, and how it was cut."""

    tables: list[QueryTable]
    row_count: int
    dropped_rows: bool
    cut_cells: int


def fit(tables: Sequence[LogsTable], *, form: Format, max_rows: int, max_bytes: int) -> Fitted:
    """Keep the first rows of each table, in order, while they fit into `max_bytes` of JSON.

    `max_rows` holds for all tables together. A cell that is too large is cut and ends in a note.
    """
    left_rows, left_bytes, cut_cells = max_rows, max_bytes, 0
    fitted: list[QueryTable] = []
    dropped = False
    for table in tables:
        rows: list[list[object]] = []
        for row in table.rows:
            kept, cut = _cut_cells(row, max_bytes // _CELL_SHARE)
            size = len(orjson.dumps(kept)) + 1
            if left_rows == 0 or (size > left_bytes and (rows or fitted)):
                dropped = True
                break
            rows.append(kept)
            cut_cells += cut
            left_rows -= 1
            left_bytes = max(0, left_bytes - size)
        fitted.append(_shaped(table, rows, form))
    return Fitted(fitted, row_count=max_rows - left_rows, dropped_rows=dropped, cut_cells=cut_cells)


def _cut_cells(row: Sequence[object], max_chars: int) -> tuple[list[object], int]:
    cut = 0
    kept: list[object] = []
    for cell in row:
        if isinstance(cell, str) and len(cell) > max_chars:
            kept.append(f"{cell[:max_chars]} … [cut: {len(cell):,} characters in all]")
            cut += 1
        else:
            kept.append(cell)
    return kept, cut


def _shaped(table: LogsTable, rows: list[list[object]], form: Format) -> QueryTable:
    columns = [ColumnInfo(name=name, type=kind) for name, kind in table.columns]
    if form == "rows":
        return QueryTable(name=table.name, columns=columns, rows=rows)
    names = [name for name, _ in table.columns]
    text = _csv(names, rows) if form == "csv" else _markdown(names, rows)
    return QueryTable(name=table.name, columns=columns, rows=[], text=text)


def _csv(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_text(cell) for cell in row] for row in rows)
    return out.getvalue()


def _markdown(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [_markdown_row(names), _markdown_row(["---"] * len(names))]
    lines += [_markdown_row([_text(cell) for cell in row]) for row in rows]
    return "\n".join(lines)


def _markdown_row(cells: Sequence[str]) -> str:
    # A cell must neither end its column nor its row.
    safe = [
        cell.replace("\\", "\\\\").replace("|", "\\|").replace("\r", " ").replace("\n", " ")
        for cell in cells
    ]
    return f"| {' | '.join(safe)} |"


def _text(cell: object) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case str():
            return cell
        case int() | float():
            return str(cell)
        case _:
            return orjson.dumps(cell).decode()
