"""KQL for where an entity is seen: the events of many tables in the columns of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sentinel_mcp.domains.shared.event_columns import event_columns
from sentinel_mcp.domains.shared.value_search import LogTable, RowFilter, rows_of, union_of
from sentinel_mcp.kql.literals import datetime_, long_, string

_NAMES_KEPT = 200
"""Accounts, hosts and addresses that are kept of one table."""

_CELLS = ("account", "host", "ip", "action", "result", "detail")
_DETAIL_CHARS = 300


def sightings(rows: RowFilter, tables: Sequence[LogTable]) -> str:
    """Summarise the events of the tables, each event counted once."""
    sets = "\n    ".join(
        f"{name}s = make_set_if({name}, isnotempty({name}), {_NAMES_KEPT}),"
        for name in ("Account", "Host", "Ip", "Action", "Column")
    )
    return (
        f"{rows.declared}{_union(rows, tables)}\n"
        f"| summarize Events = count(), First = min(TimeGenerated),\n    {sets}\n"
        "    arg_max(TimeGenerated, Account, Host, Ip, Action, Result, Detail)\n"
        "    by Seen"
    )


def events(
    rows: RowFilter, tables: Sequence[LogTable], *, after: datetime | None, newest: bool, limit: int
) -> str:
    """List events in order of time, from those of the moment `after` on, to the microsecond."""
    bound = ""
    if after is not None and newest:
        # Azure counts tenths of a microsecond.
        bound = f"| where TimeGenerated < {datetime_(after + timedelta(microseconds=1))}\n"
    elif after is not None:
        bound = f"| where TimeGenerated >= {datetime_(after)}\n"
    order = "desc" if newest else "asc"
    return (
        f"{rows.declared}{_union(rows, tables)}\n{bound}"
        f"| sort by TimeGenerated {order}, Seen asc, Account asc, Host asc, Ip asc, Action asc,"
        " Result asc, Detail asc\n"
        f"| take {long_(limit)}"
    )


def _union(rows: RowFilter, tables: Sequence[LogTable]) -> str:
    return union_of([leg for each in tables if (leg := _leg(rows, each))])


def _leg(rows: RowFilter, table: LogTable) -> str | None:
    where = rows.where(table)
    if where is None:
        return None
    told = event_columns(table.name, table.columns)
    cells = ", ".join(
        f"{name.title()} = {_cell(table, getattr(told, name), name)}" for name in _CELLS
    )
    return (
        f"({rows_of(table)}\n{where}\n"
        f"| project TimeGenerated, Seen = {string(table.name)}, Column = {rows.column(table)},"
        f" {cells})"
    )


def _cell(table: LogTable, reference: str, name: str) -> str:
    if not reference:
        return '""'
    column, _, path = reference.partition(".")
    text = f"tostring(todynamic({column}).{path})" if path else table.text(column)
    return f"substring({text}, 0, {_DETAIL_CHARS})" if name == "detail" else text
