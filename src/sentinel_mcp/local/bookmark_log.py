"""How a bookmark is told in the table HuntingBookmark: one row for each change of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

TABLE = "HuntingBookmark"


def row_of(bookmark: Mapping[str, Any], *, at: str, deleted: bool = False) -> dict[str, Any]:
    """Return the row for a bookmark's document, as it is from `at` on. Any: JSON."""
    told: Mapping[str, Any] = bookmark["properties"]
    row = {
        "TimeGenerated": at,
        "BookmarkId": bookmark["name"],
        "BookmarkName": told["displayName"],
        "CreatedBy": _json(told.get("createdBy")),
        "CreatedTime": told.get("created"),
        "Entities": _json(told.get("entityMappings")),
        "EventTime": told.get("eventTime"),
        "LastUpdatedTime": told.get("updated"),
        "Notes": told.get("notes"),
        "QueryEndTime": told.get("queryEndTime"),
        "QueryResultRow": told.get("queryResult"),
        "QueryStartTime": told.get("queryStartTime"),
        "QueryText": told.get("query"),
        "SoftDeleted": deleted,
        "Tags": _json(told.get("labels")),
        "UpdatedBy": _json(told.get("updatedBy")),
    }
    return {name: value for name, value in row.items() if value is not None}


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value)
