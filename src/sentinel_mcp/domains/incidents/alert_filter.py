"""Which alerts a list keeps, as the KQL that keeps them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from sentinel_mcp.domains.incidents.alert_models import AlertStatus
from sentinel_mcp.domains.incidents.models import Severity
from sentinel_mcp.domains.incidents.moments import earlier
from sentinel_mcp.domains.shared.alert_entities import alert_ids
from sentinel_mcp.domains.shared.entity import Subject
from sentinel_mcp.errors import InputError
from sentinel_mcp.kql import literals

DAYS = 30
DAYS_OF_INCIDENT = 90
"""How far back is read without `created_after`; an incident may have alerts from long before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """What a caller asks for; nothing set keeps every alert of the last days."""

    severities: tuple[Severity, ...] = ()
    statuses: tuple[AlertStatus, ...] = ()
    product: str | None = None
    provider: str | None = None
    title_contains: str | None = None
    entity: str | None = None
    technique: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    incident: int | None = None

    def __post_init__(self) -> None:
        after, before = self.created_after, self.created_before
        if after and before and after > before:
            raise InputError(
                f"`created_after` ({after.isoformat()}) is later than "
                f"`created_before` ({before.isoformat()}).",
                hint="Exchange the two.",
            )

    def start(self, now: datetime) -> datetime:
        """Return from when on the log is read."""
        if self.created_after:
            return self.created_after
        days = timedelta(days=DAYS if self.incident is None else DAYS_OF_INCIDENT)
        end = min(now, self.created_before or now).astimezone(UTC)
        return earlier(end, days)

    def as_call(self) -> dict[str, object]:
        """Return what a cursor is bound to."""
        return {name: str(value) for name, value in asdict(self).items()}

    def query(
        self,
        start: datetime,
        *,
        until: datetime | None,
        max_rows: int,
        about: Subject | None = None,
    ) -> str:
        """Return the KQL for alerts first generated between the two, newest first.

        `about` is the entity that they are to be about.

        The log has a row for every version of an alert. The time is cut to milliseconds, which a
        cursor can carry whole; alerts of one millisecond are in the order of their ids.
        """
        lines = [
            *self._kept(start, until, about),
            "project SystemAlertId, Generated, TimeGenerated, DisplayName, AlertName,"
            " AlertSeverity, Status, ProductName, ProviderName, Tactics, Techniques,"
            " CompromisedEntity",
            "sort by Generated desc, SystemAlertId asc",
            f"take {max_rows}",
        ]
        return "\n| ".join(lines)

    def count_query(self, start: datetime, about: Subject | None = None) -> str:
        """Return the KQL that counts the alerts of all pages."""
        return "\n| ".join([*self._kept(start, None, about), "count"])

    def _kept(self, start: datetime, until: datetime | None, about: Subject | None) -> list[str]:
        since = f"where TimeGenerated >= {literals.datetime_(start)}"
        upper = (
            min(each for each in (until, self.created_before) if each)
            if (until or self.created_before)
            else None
        )
        number = None if self.incident is None else self._of_incident(self.incident, since)
        ids = about and alert_ids(about, prelude=f"| {since}\n")
        return [
            f"{ids or ''}SecurityAlert",
            since,
            *(["where SystemAlertId in (AlertsAbout)"] if ids else []),
            *([f"where SystemAlertId in ({number})"] if number else []),
            "summarize arg_max(TimeGenerated, *), Generated = bin(min(TimeGenerated), 1ms)"
            " by SystemAlertId",
            *([f"where Generated <= {literals.datetime_(upper)}"] if upper else []),
            *(f"where {each}" for each in self._conditions()),
        ]

    def _of_incident(self, incident: int, since: str) -> str:
        return (
            f"SecurityIncident | {since} | where IncidentNumber == {literals.long_(incident)}"
            " | summarize arg_max(TimeGenerated, AlertIds) by IncidentName"
            " | mv-expand AlertId = AlertIds to typeof(string) | project AlertId"
        )

    def _conditions(self) -> list[str]:
        found: list[str] = []
        if self.severities:
            found.append(f"AlertSeverity in~ {literals.list_(dict.fromkeys(self.severities))}")
        if self.statuses:
            found.append(f"Status in~ {literals.list_(dict.fromkeys(self.statuses))}")
        if self.product:
            found.append(f"ProductName =~ {literals.string(self.product)}")
        if self.provider:
            found.append(f"ProviderName =~ {literals.string(self.provider)}")
        if self.title_contains:
            title = literals.string(self.title_contains)
            found.append(f"DisplayName contains {title} or AlertName contains {title}")
        if self.technique:
            technique = literals.string(self.technique)
            found.append(f"Techniques has {technique} or SubTechniques has {technique}")
        return found
