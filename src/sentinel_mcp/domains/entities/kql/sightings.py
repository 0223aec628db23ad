"""KQL for where an entity is seen: the events of many tables in the columns of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sentinel_mcp.domains.entities.kql.matching import any_of, condition, text_of
from sentinel_mcp.domains.entities.sources.model import Source, column_of
from sentinel_mcp.domains.entities.subjects import Subject
from sentinel_mcp.kql.literals import datetime_, long_, string

Presence = Mapping[str, frozenset[str]]
"""The columns of each table that a workspace has."""

_NAMES_KEPT = 200
"""Accounts, hosts and addresses that are kept of one table."""

_TOLD = ("account", "host", "ip", "action", "result", "detail")
_DETAIL_CHARS = 300


def legs(sources: Sequence[Source], subject: Subject, presence: Presence | None) -> dict[str, str]:
    """Return, of each table that can name the subject, its events in the columns of all."""
    found = {each.table: _leg(each, subject, presence) for each in sources}
    return {table: leg for table, leg in found.items() if leg}


def sightings(parts: Sequence[str]) -> str:
    """Summarise events by table."""
    sets = "\n    ".join(
        f"{name}s = make_set_if({name}, isnotempty({name}), {_NAMES_KEPT}),"
        for name in ("Account", "Host", "Ip", "Action", "Column")
    )
    return (
        f"{fuzzy_union(parts)}\n"
        f"| summarize Events = count(), First = min(TimeGenerated),\n    {sets}\n"
        "    arg_max(TimeGenerated, Account, Host, Ip, Action, Result, Detail)\n"
        "    by Seen"
    )


def events(parts: Sequence[str], *, after: datetime | None, newest: bool, limit: int) -> str:
    """List events in order of time, from those of the moment `after` on, to the microsecond."""
    bound = ""
    if after is not None and newest:
        # Azure counts tenths of a microsecond.
        bound = f"| where TimeGenerated < {datetime_(after + timedelta(microseconds=1))}\n"
    elif after is not None:
        bound = f"| where TimeGenerated >= {datetime_(after)}\n"
    order = "desc" if newest else "asc"
    return (
        f"{fuzzy_union(parts)}\n{bound}"
        f"| sort by TimeGenerated {order}, Seen asc, Account asc, Host asc, Ip asc, Action asc,"
        " Result asc, Detail asc\n"
        f"| take {long_(limit)}"
    )


def _leg(source: Source, subject: Subject, presence: Presence | None) -> str | None:
    found = _conditions(source, subject, presence)
    holds = any_of(list(found.values()))
    if holds is None:
        return None
    known = None if presence is None else presence[source.table]
    cells = ", ".join(f"{name.title()} = {_cell(source, name, known)}" for name in _TOLD)
    return (
        f"({source.table}\n| where {holds}\n"
        f"| project TimeGenerated, Seen = {string(source.table)}, Column = {_matched(found)},"
        f" {cells})"
    )


def _matched(found: Mapping[str, str]) -> str:
    """Return the KQL that says which column it was, the first of them."""
    if len(found) == 1:
        return string(next(iter(found)))
    pairs = ", ".join(f"{holds}, {string(column)}" for column, holds in found.items())
    return f'case({pairs}, "")'


def _cell(source: Source, name: str, known: frozenset[str] | None) -> str:
    reference: str = getattr(source, name)
    if not reference or (known is not None and column_of(reference) not in known):
        return '""'
    text = text_of(reference)
    return f"substring({text}, 0, {_DETAIL_CHARS})" if name == "detail" else text


def _conditions(source: Source, subject: Subject, presence: Presence | None) -> dict[str, str]:
    """Return, by column, what holds where it names the subject; of those that are there."""
    known = None if presence is None else presence.get(source.table, frozenset[str]())
    found: dict[str, list[str | None]] = {}
    for holding, references in source.holds.items():
        for reference in references.split():
            if known is None or column_of(reference) in known:
                found.setdefault(reference, []).append(condition(holding, reference, subject))
    joined = {reference: any_of(each) for reference, each in found.items()}
    return {reference: each for reference, each in joined.items() if each}


def condition_of(source: Source, subject: Subject, presence: Presence | None) -> str | None:
    """Return what holds where a table's event names the subject; None where it cannot."""
    return any_of(list(_conditions(source, subject, presence).values()))


def fuzzy_union(parts: Sequence[str]) -> str:
    """Put tables together; one that the workspace has no longer must not cost the others."""
    return "union isfuzzy=true\n" + ",\n".join(parts)
