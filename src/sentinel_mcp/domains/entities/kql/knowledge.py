"""KQL for what the workspace knows of an entity: UEBA, watchlists, indicators."""

from __future__ import annotations

from sentinel_mcp.domains.shared.entity import Subject
from sentinel_mcp.domains.shared.value_search import LogTable, RowFilter
from sentinel_mcp.kql.literals import list_

MAX_FOUND = 100
"""Indicators and kinds of behaviour."""


def behaviour(rows: RowFilter, table: LogTable) -> str | None:
    """Summarise what UEBA saw, by what was done, with the most unusual of each."""
    where = rows.where(table)
    if where is None:
        return None
    return (
        f"{rows.declared}BehaviorAnalytics\n{where}\n"
        "| extend Priority = coalesce(toint(InvestigationPriority), 0)\n"
        "| summarize Events = count(), First = min(TimeGenerated), Last = max(TimeGenerated),"
        " arg_max(Priority, TimeGenerated, UserPrincipalName, SourceIPAddress, SourceDevice,"
        " SourceIPLocation, ActivityInsights) by ActivityType, ActionType\n"
        "| sort by Priority desc, Events desc\n"
        f"| take {MAX_FOUND}"
    )


def peers(subject: Subject) -> str | None:
    """List the accounts that UEBA takes for peers of this one."""
    conditions = [
        f"{column} in~ {list_(names)}"
        for column, names in (
            ("UserPrincipalName", subject.of("upn")),
            ("UserId", subject.of("object_id")),
        )
        if names
    ]
    if not conditions:
        return None
    return (
        f"UserPeerAnalytics\n| where {' or '.join(conditions)}\n"
        "| summarize Rank = min(Rank) by Peer = PeerUserPrincipalName\n"
        "| sort by Rank asc\n| take 5"
    )
