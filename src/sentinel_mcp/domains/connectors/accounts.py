"""What the workspace's logs tell of its tables: volume and rhythm by the hour, the last event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sentinel_mcp.domains.calls import Rows
from sentinel_mcp.domains.connectors.silence import LOOKBACK_DAYS, Rhythm
from sentinel_mcp.domains.documents import number, text
from sentinel_mcp.domains.last_events import looked_back

USAGE = f"""Usage
| where TimeGenerated > ago({LOOKBACK_DAYS}d)
| summarize Megabytes = sum(Quantity),
    Hours = make_set(datetime_diff("hour", now(), StartTime), 400) by DataType
| order by DataType asc"""


@dataclass(frozen=True, slots=True)
class Volume:
    """What a table took in, and how it came."""

    megabytes: float
    rhythm: Rhythm


@dataclass(frozen=True, slots=True)
class LastEvent:
    """A table's last event; both are None where there is none."""

    at: datetime | None
    silence_h: float | None


def since(volume: Volume | None) -> str:
    """Return how far back to look: where the usage has told of data, no further than there."""
    newest_h = volume.rhythm.newest_h if volume else None
    return looked_back(None if newest_h is None else timedelta(hours=newest_h))


def volumes_of(usage: Rows) -> dict[str, Volume]:
    """Return by table what the usage tells."""
    return {
        table: Volume(number(row, "Megabytes") or 0.0, Rhythm.of(hours_of(row.get("Hours"))))
        for row in usage.rows
        if (table := text(row, "DataType", 200))
    }


def hours_of(cell: object) -> list[int]:
    """Return the numbers of a dynamic cell, which comes as its JSON."""
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except ValueError:
            return []
    if not isinstance(cell, list):
        return []
    # A JSON list holds anything; only the numbers count.
    return [each for each in cast("list[Any]", cell) if type(each) is int]
