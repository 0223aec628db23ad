"""Counts, for many values at once, the rows of each table that hold them.

First each table is asked whether it has any of them, since most tables have none; then those that
do are asked which; then each value is counted where it is, by the same conditions that an
investigation of one value uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sentinel_mcp.domains.shared.value_search import LogTable, RowFilter, rows_of, union_of
from sentinel_mcp.kql.literals import string

LEGS_AT_ONCE = 40
"""Of one query: a longer one is refused by some gateways, and takes long to be parsed."""


@dataclass(frozen=True, slots=True)
class Count:
    """One value in one table: what a leg of a query counts."""

    number: int
    rows: RowFilter
    table: LogTable


def any_of_them(filters: Sequence[RowFilter], tables: Sequence[LogTable]) -> str:
    """Return KQL that lists the tables in which any of the values is."""
    together = RowFilter.any_of(filters)
    legs = [
        f"({rows_of(each)}\n{where}\n| take 1 | project Seen = {string(each.name)})"
        for each in tables
        if (where := together.where(each)) is not None
    ]
    return f"{together.declared}{union_of(legs)}"


TABLES_AT_ONCE = 15
"""Of one query that asks which values are in them."""

ROW_TEXT = "RowText"


def which_of_them(filters: Sequence[tuple[int, RowFilter]], tables: Sequence[LogTable]) -> str:
    """Return KQL that tells, by table, which values are in it: `Held` has their numbers."""
    together = RowFilter.any_of(each for _, each in filters)
    lets = dict.fromkeys((together.declared, *(each.declared for _, each in filters)))
    legs: list[str] = []
    for table in tables:
        where = together.where(table)
        tests = {number: each.holds(table, ROW_TEXT) for number, each in filters}
        known = {number: test for number, test in tests.items() if test is not None}
        if where is None or not known:
            continue
        sums = ", ".join(f"Held{number} = countif({test})" for number, test in known.items())
        told = ", ".join(f'iff(Held{number} > 0, "{number} ", "")' for number in known)
        legs.append(
            f"({rows_of(table)}\n{where}\n| extend {ROW_TEXT} = {table.row_text}\n"
            f"| summarize {sums}\n"
            f'| project Seen = {string(table.name)}, Held = strcat({told}, ""))'
        )
    return "".join(lets) + union_of(legs)


def in_parts(tables: Sequence[LogTable]) -> Iterator[Sequence[LogTable]]:
    """Share the tables that have some of the values out over queries."""
    for first in range(0, len(tables), TABLES_AT_ONCE):
        yield tables[first : first + TABLES_AT_ONCE]


def numbers_of(held: str) -> list[int]:
    """Return the numbers of a `Held` cell."""
    return [int(each) for each in held.split()]


def counts(wanted: Sequence[Count]) -> str:
    """Return KQL that counts each value in its table: `Owner` is the value's number."""
    lets = dict.fromkeys(each.rows.declared for each in wanted)
    legs = [
        f"({rows_of(each.table)}\n{where}\n"
        "| summarize Events = count(), First = min(TimeGenerated), Last = max(TimeGenerated),"
        f" Columns = make_set({each.rows.column(each.table)}, 20)\n"
        f"| where Events > 0\n"
        f"| project Seen = {string(each.table.name)}, Owner = {each.number}, Events, First, Last,"
        " Columns)"
        for each in wanted
        if (where := each.rows.where(each.table)) is not None
    ]
    return "".join(lets) + union_of(legs)


def in_batches(wanted: Iterable[Count]) -> Iterator[tuple[Count, ...]]:
    """Share the counts out over queries."""
    everything = tuple(wanted)
    for first in range(0, len(everything), LEGS_AT_ONCE):
        yield everything[first : first + LEGS_AT_ONCE]
