"""When tables had their last event: one query for a hundred of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sentinel_mcp.kql.literals import identifier, string, timespan_

TABLES_A_QUERY = 100
NEVER_DAYS = 90
"""A table without an event in these days counts as one that has none."""

SLACK = timedelta(hours=3)
"""The workspace accounts for events by the hour, and it takes a while."""


def last_events_query(since: Mapping[str, str]) -> str:
    """Return the query for the last event of each table within the time that is given for it."""
    legs = ",\n".join(
        f"({identifier(table)} | where TimeGenerated > ago({back}) "
        f"| summarize LastEvent = max(TimeGenerated) | extend TableName = {string(table)})"
        for table, back in since.items()
    )
    # One that is deleted meanwhile must not cost the others.
    return (
        f"union isfuzzy=true\n{legs}\n"
        "| project TableName, LastEvent, SilenceHours = (now() - LastEvent) / 1h"
    )


def looked_back(newest: timedelta | None) -> str:
    """Return how far back to look, as KQL: no further than where the usage told of data.

    `newest` is how long ago the last hour with data was, None where the usage has none.
    """
    if newest is None:
        return f"{NEVER_DAYS:d}d"
    return timespan_(max(timedelta(), newest) + SLACK)
