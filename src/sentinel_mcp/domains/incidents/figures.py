"""Figures about incidents, counted from the log of their changes."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sentinel_mcp.domains.calls import AzureCalls, Rows
from sentinel_mcp.domains.documents import Document, text, time
from sentinel_mcp.domains.incidents.figure_models import (
    Day,
    Duration,
    IncidentStatistics,
    OwnerCount,
)
from sentinel_mcp.domains.incidents.moments import earlier
from sentinel_mcp.errors import InputError
from sentinel_mcp.kql import literals

DEFAULT_DAYS = 30
MAX_DAYS = 366
MAX_INCIDENTS = 20_000
MAX_OWNERS = 25

SEVERITIES = ("High", "Medium", "Low", "Informational")
_AGES = (
    ("under_1_day", timedelta(days=1)),
    ("1_to_3_days", timedelta(days=3)),
    ("3_to_7_days", timedelta(days=7)),
    ("7_to_30_days", timedelta(days=30)),
    ("over_30_days", timedelta.max),
)


@dataclass(frozen=True, slots=True)
class _State:
    """The last state of an incident, and when it came to it."""

    severity: str
    status: str
    classification: str | None
    owner: str | None
    created: datetime | None
    acknowledged: datetime | None
    closed: datetime | None

    @property
    def is_open(self) -> bool:
        return self.status != "Closed"


class Figures:
    """Counts incidents."""

    def __init__(self, calls: AzureCalls) -> None:
        self._calls = calls

    async def report(
        self,
        *,
        created_after: datetime | None,
        created_before: datetime | None,
        workspace: str | None,
    ) -> IncidentStatistics:
        """Return the figures of the incidents created in a range, by one query.

        Raises:
            InputError: the range is empty or longer than a year.

        """
        now = self._calls.now()
        before = created_before or now
        after = created_after or earlier(before, timedelta(days=DEFAULT_DAYS))
        _check(after, before)
        context = await self._calls.open(workspace)
        found = await self._calls.query(
            context,
            "count incidents",
            figures_query(after, before),
            max_rows=MAX_INCIDENTS,
        )
        states = [_state(each) for each in found.rows]
        begins = time(found.rows[0], "LogBegins") if found.rows else None
        waiting = [each for each in states if each.is_open]
        owners = Counter(each.owner for each in waiting).most_common()
        return IncidentStatistics(
            workspace=context.config.name,
            created_after=after,
            created_before=before,
            all_count=len(states),
            open_count=len(waiting),
            closed_count=len(states) - len(waiting),
            all_by_severity=_counted((each.severity for each in states), SEVERITIES),
            all_by_status=_counted((each.status for each in states), ("New", "Active", "Closed")),
            open_by_severity=_counted((each.severity for each in waiting), SEVERITIES),
            open_by_owner=[OwnerCount(owner=who, open=count) for who, count in owners[:MAX_OWNERS]],
            open_by_age=_counted(
                (_age(each, now) for each in waiting), [name for name, _ in _AGES]
            ),
            closed_by_classification=_counted(
                (each.classification or "Unknown" for each in states if not each.is_open), ()
            ),
            time_to_acknowledge=_duration(states, lambda each: each.acknowledged),
            time_to_close=_duration(states, lambda each: None if each.is_open else each.closed),
            log_begins=begins,
            by_day=_days(states, _Covered(after, before, now, begins)),
            warnings=_warnings(found, left_owners=len(owners) - MAX_OWNERS),
        )


def figures_query(after: datetime, before: datetime) -> str:
    """Return the KQL for the last state of the incidents created between the two."""
    # Every row of such an incident was written after it was created. A day covers clocks that
    # differ; the columns are named so that `*` brings none of the same name.
    since = earlier(after, timedelta(days=1))
    return "\n| ".join(
        (
            "SecurityIncident",
            f"where TimeGenerated >= {literals.datetime_(since)}",
            f"where CreatedTime between ({literals.datetime_(after)} .. "
            f"{literals.datetime_(before)})",
            "extend OwnerId = tostring(Owner.objectId), OwnerName = "
            "tostring(Owner.userPrincipalName), OwnerMail = tostring(Owner.email), "
            "OwnerShown = tostring(Owner.assignedTo)",
            'extend OwnerText = case(OwnerName != "", OwnerName, OwnerMail != "", OwnerMail, '
            'OwnerShown != "", OwnerShown, OwnerId)',
            "summarize arg_max(TimeGenerated, Severity, Status, Classification, OwnerText, "
            "CreatedTime, ClosedTime), Acknowledged = minif(LastModifiedTime, "
            'Status != "New" or OwnerText != "") by IncidentName',
            "extend LogBegins = toscalar(SecurityIncident | summarize min(TimeGenerated))",
            "project Severity, Status, Classification, OwnerText, CreatedTime, ClosedTime, "
            "Acknowledged, LogBegins",
            f"take {MAX_INCIDENTS}",
        )
    )


def _check(after: datetime, before: datetime) -> None:
    if after >= before:
        raise InputError(
            f"The range from {after.isoformat()} to {before.isoformat()} is empty.",
            hint="`created_after` is the earlier of the two.",
        )
    if before - after > timedelta(days=MAX_DAYS):
        raise InputError(
            f"The range is longer than {MAX_DAYS} days.", hint="Ask for a year at a time."
        )


def _state(row: Document) -> _State:
    return _State(
        severity=text(row, "Severity") or "Unknown",
        status=text(row, "Status") or "Unknown",
        classification=text(row, "Classification"),
        owner=text(row, "OwnerText", 200),
        created=time(row, "CreatedTime"),
        acknowledged=time(row, "Acknowledged"),
        closed=time(row, "ClosedTime"),
    )


def _counted(found: Iterable[str], order: Sequence[str]) -> dict[str, int]:
    """Return how often each is there: the known ones in their order, 0 included, then the rest."""
    counts = Counter(found)
    rest = sorted(counts.keys() - set(order))
    return {name: counts[name] for name in (*order, *rest)}


def _age(state: _State, now: datetime) -> str:
    if state.created is None:
        return "unknown"
    age = now - state.created
    return next(name for name, limit in _AGES if age <= limit)


def _duration(states: Sequence[_State], end: Callable[[_State], datetime | None]) -> Duration:
    hours = [
        (ended - each.created).total_seconds() / 3600
        for each in states
        if each.created and (ended := end(each))
    ]
    return Duration(
        count=len(hours),
        mean_hours=round(statistics.fmean(hours), 2) if hours else None,
        median_hours=round(statistics.median(hours), 2) if hours else None,
    )


@dataclass(frozen=True, slots=True)
class _Covered:
    """The range that was asked for, and what of it can be known: not before the log begins."""

    after: datetime
    before: datetime
    now: datetime
    begins: datetime | None

    @property
    def first(self) -> datetime:
        """The first moment that is covered."""
        return max(self.after, self.begins) if self.begins else self.after

    def holds(self, day: date) -> bool:
        """Return whether the whole of a day is covered, and over."""
        start = datetime.combine(day, datetime.min.time(), UTC)
        return self.first <= start and start + timedelta(days=1) <= min(self.before, self.now)


def _days(states: Sequence[_State], covered: _Covered) -> list[Day]:
    """Return every day that is covered, and the others on which any of these was closed."""
    created = Counter(_day(each.created) for each in states)
    closed = Counter(_day(each.closed) for each in states if not each.is_open)
    first, last = covered.first.astimezone(UTC).date(), covered.before.astimezone(UTC).date()
    within = [first + timedelta(days=each) for each in range((last - first).days + 1)]
    outside = {each for each in (*created, *closed) if each} - set(within)
    return [
        Day(
            day=each,
            created=created[each],
            closed=closed[each],
            is_whole=covered.holds(each) and each not in outside,
        )
        for each in sorted({*within, *outside})
    ]


def _day(moment: datetime | None) -> date | None:
    return moment.astimezone(UTC).date() if moment else None


def _warnings(rows: Rows, *, left_owners: int) -> list[str]:
    told: list[str] = []
    if rows.truncated or len(rows.rows) >= MAX_INCIDENTS:
        told.append(
            f"Only {len(rows.rows)} incidents were counted, and there are more: "
            "ask for a shorter range."
        )
    if rows.fault:
        told.append(f"Azure answered only in part: {rows.fault.message}")
    if left_owners > 0:
        told.append(f"{left_owners} more owners have open incidents.")
    return told
