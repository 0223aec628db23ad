"""Reads the rows of the investigation's queries into our models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sentinel_mcp.domains.documents import (
    Document,
    as_document,
    cut,
    flattened,
    person,
    strings,
    text,
    time,
    whole,
)
from sentinel_mcp.domains.entities.models import (
    Activity,
    AlertAbout,
    Behaviour,
    IncidentAbout,
    RelatedEntity,
    TableSighting,
    TimelineEvent,
    WatchlistHit,
)
from sentinel_mcp.domains.shared.entity import Kind, Subject
from sentinel_mcp.domains.shared.value_search import RECORDS
from sentinel_mcp.domains.shared.watchlist_items import ItemMatch

NAME_CHARS = 300
MAX_RELATED = 20
"""Of each kind."""
MAX_ACTIONS = 8
"""Of each table."""

_RELATED: Mapping[str, Kind] = {"Accounts": "account", "Hosts": "host", "Ips": "ip"}
_LATEST = ("Account", "Host", "Ip", "Action", "Result", "Detail")


def decoded(value: object) -> object:
    """Return what a dynamic cell holds: Azure sends it as JSON text."""
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except (json.JSONDecodeError, RecursionError):
        return value


def read_sighting(row: Document) -> TableSighting:
    """Return a table in which the subject is seen."""
    return TableSighting(
        table=text(row, "Seen") or "",
        records=text(row, "Seen") in RECORDS,
        events=whole(row, "Events") or 0,
        first=time(row, "First"),
        last=time(row, "TimeGenerated"),
        columns=_set(row, "Columns"),
        actions=_first(_set(row, "Actions")),
        latest={name.lower(): found for name in _LATEST if (found := text(row, name, NAME_CHARS))},
    )


def related(rows: Sequence[Document], subject: Subject) -> tuple[list[RelatedEntity], list[str]]:
    """Return what was seen with the subject, what most tables have first, and what is cut."""
    own = {name.casefold() for names in subject.names.values() for name in names}
    found: dict[Kind, dict[str, RelatedEntity]] = {kind: {} for kind in _RELATED.values()}
    ranks: dict[tuple[Kind, str], set[str]] = {}
    for row in rows:
        table = text(row, "Seen") or ""
        for column, kind in _RELATED.items():
            for value in _set(row, column):
                if _is_own(value, kind, subject, own):
                    continue
                before = found[kind].get(value.casefold())
                tables = [*before.tables, table] if before else [table]
                shown = before.value if before else value
                found[kind][value.casefold()] = RelatedEntity(
                    kind=kind, value=shown, tables=list(dict.fromkeys(tables))
                )
                ranks.setdefault((kind, _bare(value)), set()).add(table)
    kept: list[RelatedEntity] = []
    cuts: list[str] = []
    for kind, each in found.items():
        ordered = sorted(each.values(), key=lambda one: -len(ranks[one.kind, _bare(one.value)]))
        kept += ordered[:MAX_RELATED]
        if len(ordered) > MAX_RELATED:
            cuts.append(
                f"{MAX_RELATED} of {len(ordered)} related entities of kind {kind} are here."
            )
    return kept, cuts


def read_alert(row: Document) -> AlertAbout:
    """Return an alert."""
    return AlertAbout(
        alert_id=text(row, "SystemAlertId") or "",
        time=time(row, "TimeGenerated"),
        name=text(row, "AlertName", NAME_CHARS) or "",
        severity=text(row, "AlertSeverity"),
        product=text(row, "ProductName"),
        status=text(row, "Status"),
        tactics=text(row, "Tactics", NAME_CHARS),
        start=time(row, "StartTime"),
        end=time(row, "EndTime"),
        compromised_entity=text(row, "CompromisedEntity", NAME_CHARS),
    )


def read_incident(row: Document) -> IncidentAbout:
    """Return an incident."""
    return IncidentAbout(
        number=whole(row, "IncidentNumber"),
        id=text(row, "IncidentName") or "",
        title=text(row, "Title", NAME_CHARS),
        severity=text(row, "Severity"),
        status=text(row, "Status"),
        owner=person(as_document(decoded(row.get("Owner"))) or {}),
        classification=text(row, "Classification"),
        created=time(row, "CreatedTime"),
        last_activity=time(row, "LastActivityTime"),
        alerts=whole(row, "Alerts") or 0,
        url=text(row, "IncidentUrl", 1_000),
    )


def read_behaviour(rows: Sequence[Document], peers: Sequence[Document]) -> Behaviour | None:
    """Return what UEBA says; None where it says nothing."""
    names = [name for each in peers if (name := text(each, "Peer", NAME_CHARS))]
    if not rows and not names:
        return None
    activities = [_activity(each) for each in rows]
    priorities = [each.highest_priority or 0 for each in activities]
    return Behaviour(
        events=sum(each.events for each in activities),
        first=min(_times(rows, "First"), default=None),
        last=max(_times(rows, "Last"), default=None),
        highest_priority=max(priorities, default=None),
        activities=activities,
        peers=names,
    )


def read_watchlist_hit(row: Document, values: Document, match: ItemMatch) -> WatchlistHit:
    """Return a watchlist item."""
    return WatchlistHit(
        watchlist=text(row, "WatchlistAlias") or "",
        title=text(row, "WatchlistName", NAME_CHARS),
        search_key=text(row, "SearchKey", NAME_CHARS),
        match=match.match,
        columns=match.columns,
        network=match.network,
        item=flattened(values),
    )


def read_event(row: Document) -> TimelineEvent:
    """Return an event of the logs."""
    return TimelineEvent(
        time=time(row, "TimeGenerated"),
        source=text(row, "Seen") or "",
        action=text(row, "Action", NAME_CHARS),
        result=text(row, "Result", NAME_CHARS),
        account=text(row, "Account", NAME_CHARS),
        host=text(row, "Host", NAME_CHARS),
        ip=text(row, "Ip", NAME_CHARS),
        detail=text(row, "Detail", NAME_CHARS),
        matched=text(row, "Column"),
    )


def _activity(row: Document) -> Activity:
    insights = as_document(decoded(row.get("ActivityInsights"))) or {}
    return Activity(
        activity=text(row, "ActivityType"),
        action=text(row, "ActionType"),
        events=whole(row, "Events") or 0,
        highest_priority=whole(row, "Priority"),
        time=time(row, "TimeGenerated"),
        account=text(row, "UserPrincipalName", NAME_CHARS),
        ip=text(row, "SourceIPAddress"),
        host=text(row, "SourceDevice", NAME_CHARS),
        location=text(row, "SourceIPLocation"),
        unusual=[key for key, value in insights.items() if str(value).casefold() == "true"][:25],
    )


def _bare(value: str) -> str:
    """Return an account's name without its domain, before or after: by it, tables are counted."""
    return value.casefold().rpartition("\\")[2].partition("@")[0]


def _times(rows: Sequence[Document], key: str) -> list[datetime]:
    return [found for each in rows if (found := time(each, key))]


def _set(row: Document, key: str) -> list[str]:
    """Return the texts of a `make_set`, long ones cut."""
    # Any: the JSON of a dynamic cell; `strings` takes the texts in it.
    holder: dict[str, Any] = {key: decoded(row.get(key))}
    return [cut(each, NAME_CHARS) for each in strings(holder, key) if each]


def _first(found: list[str]) -> list[str]:
    if len(found) <= MAX_ACTIONS:
        return found
    return [*found[:MAX_ACTIONS], f"… [cut: {len(found)} in all]"]


def _is_own(value: str, kind: Kind, subject: Subject, own: set[str]) -> bool:
    stated = value.casefold()
    if stated in own:
        return True
    if kind == "host" and subject.kind == "host":
        return stated.partition(".")[0] in own
    if kind == "account" and subject.kind in ("account", "mailbox"):
        return stated.rpartition("\\")[2] in own
    return False
