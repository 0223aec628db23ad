"""Makes a result fit an answer, and says what was cut."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from sentinel_mcp.azure.logs import LogsTable
from sentinel_mcp.domains.query.models import ColumnInfo, Format, QueryTable
from sentinel_mcp.domains.rows import Room


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is left of a result, and the room that it was given."""

    tables: list[QueryTable]
    room: Room


def fit(tables: Sequence[LogsTable], *, form: Format, max_rows: int, max_bytes: int) -> Fitted:
    """Keep the first rows of each table, in order, while they fit into `max_bytes` of JSON.

    `max_rows` holds for all tables together.
    """
    room = Room.of(max_rows=max_rows, max_bytes=max_bytes)
    return Fitted([_shaped(table, room.take(table.rows), form) for table in tables], room)


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
