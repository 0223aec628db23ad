"""How an incident changed: the rows that each change left in the table SecurityIncident."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sentinel_mcp.domains.documents import Document, as_document, person, text, time
from sentinel_mcp.domains.incidents.models import TimelineEvent
from sentinel_mcp.domains.incidents.moments import EARLIEST
from sentinel_mcp.kql import literals

_AT_ONCE = timedelta(hours=1)
"""A version this long after the incident was made is not its first; that is not in the log."""

_TOLD = (
    ("Status", "status"),
    ("Severity", "severity"),
    ("Owner", "owner"),
    ("Title", "title"),
)


def history_query(incident: str, since: datetime, max_rows: int) -> str:
    """Return the KQL that reads the latest versions of an incident."""
    return "\n| ".join(
        (
            "SecurityIncident",
            f"where TimeGenerated >= {literals.datetime_(since)}",
            f"where IncidentName =~ {literals.string(incident)}",
            "project TimeGenerated, CreatedTime, LastModifiedTime, Status, Severity, Title, Owner,"
            " Classification, ClassificationReason, ClassificationComment, ModifiedBy",
            "sort by LastModifiedTime desc, TimeGenerated desc",
            f"take {max_rows}",
        )
    )


def history_events(rows: Sequence[Document]) -> Iterator[TimelineEvent]:
    """Yield what changed from one version of an incident to the next.

    The first is its making, where the log goes back so far.
    """
    before: dict[str, str | None] | None = None
    for row in sorted(rows, key=_when):
        after = {name: _told(row, column) for column, name in _TOLD}
        if before is None:
            kind, was = ("created", "created as") if _is_first(row) else ("state", "by then")
            kinds, texts = [kind], [f"{was} {after['status']}, severity {after['severity']}"]
        else:
            kinds = [name for name, value in after.items() if value != before[name]]
            texts = [_change(name, before[name], after[name], row) for name in kinds]
        at = time(row, "LastModifiedTime") or time(row, "TimeGenerated")
        by = text(row, "ModifiedBy", 200)
        for kind, told in zip(kinds, texts, strict=True):
            yield TimelineEvent(time=at, kind=kind, text=told, by=by)
        before = after


def owner_of(row: Document) -> str | None:
    """Return the one text that tells who the incident of a row was assigned to."""
    owner = row.get("Owner")
    # Log Analytics sends dynamic cells as JSON text.
    if isinstance(owner, str):
        try:
            owner = json.loads(owner)
        except (ValueError, RecursionError):
            return text(row, "Owner", 200)
    return person(as_document(owner) or {})


def _when(row: Document) -> tuple[datetime, datetime]:
    written = time(row, "TimeGenerated") or EARLIEST
    return time(row, "LastModifiedTime") or written, written


def _is_first(row: Document) -> bool:
    created = time(row, "CreatedTime")
    return created is None or _when(row)[0] - created < _AT_ONCE


def _told(row: Document, column: str) -> str | None:
    return owner_of(row) if column == "Owner" else text(row, column, 200)


def _change(name: str, before: str | None, after: str | None, row: Document) -> str:
    told = f"{name}: {before or 'nobody'} -> {after or 'nobody'}"
    if name != "status" or after != "Closed":
        return told
    parts = (text(row, "Classification"), text(row, "ClassificationReason"))
    verdict = " / ".join(each for each in parts if each)
    comment = text(row, "ClassificationComment", 500)
    return "; ".join(each for each in (told, verdict, comment) if each)
