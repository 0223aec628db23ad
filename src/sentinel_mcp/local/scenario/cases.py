"""Incidents in time: when each alert was raised, who took the case, what changed when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel_mcp.local.identity import INSIGHTS_ID
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.model import Alert, Comment, Episode, Status
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.scenario.people import Person, person
from sentinel_mcp.local.scenario.rules.all import rule
from sentinel_mcp.local.scenario.rules.model import LAG_S
from sentinel_mcp.local.scenario.story.queue import episodes

FIRST_NUMBER = 1171
NRT_DELAY_MIN = 3
"""From an event until a rule that runs all the time has raised its alert."""


@dataclass(frozen=True, slots=True)
class RaisedAlert:
    """An alert with its times."""

    alert: Alert
    start: datetime
    end: datetime
    raised: datetime

    @property
    def id(self) -> str:
        """Its SystemAlertId."""
        return guid("alert", self.alert.key)

    @property
    def window(self) -> tuple[datetime, datetime]:
        """What the run that raised it looked at."""
        by = rule(self.alert.rule or "")
        end = self.raised - timedelta(seconds=LAG_S[by.kind])
        return end - timedelta(minutes=by.window_min), end

    @property
    def rule_id(self) -> str:
        """The id of the rule that raised it; empty for other products."""
        return rule(self.alert.rule).id if self.alert.rule else ""


@dataclass(frozen=True, slots=True)
class Version:
    """A case as it was from a moment on."""

    at: datetime
    status: Status
    owner: Person | None
    alerts: Sequence[RaisedAlert]
    comments: int
    changed_by: str


@dataclass(frozen=True, slots=True)
class Case:
    """An incident."""

    episode: Episode
    number: int
    alerts: Sequence[RaisedAlert]
    versions: Sequence[Version]

    @property
    def id(self) -> str:
        """Its name in Azure."""
        return guid("incident", self.episode.key)

    @property
    def resource_id(self) -> str:
        """Its id in Azure."""
        return f"{INSIGHTS_ID}/incidents/{self.id}"

    @property
    def url(self) -> str:
        """Where the portal shows it."""
        return (
            "https://portal.azure.com/#asset/Microsoft_Azure_Security_Insights/Incident"
            f"{self.resource_id}"
        )

    @property
    def created(self) -> datetime:
        """When it was made."""
        return self.versions[0].at

    @property
    def closed(self) -> datetime | None:
        """When it was closed."""
        last = self.versions[-1]
        return last.at if last.status == "Closed" else None

    def comment_time(self, comment: Comment) -> datetime:
        """Return when a comment was written."""
        return self.created + timedelta(minutes=comment.after_min)


def cases(clock: Clock) -> list[Case]:
    """Return the incidents, oldest first."""
    timed = [(episode, _raised(episode, clock)) for episode in episodes()]
    timed.sort(key=lambda each: each[1][0].raised)
    return [
        Case(episode, FIRST_NUMBER + place, alerts, _versions(episode, alerts, clock))
        for place, (episode, alerts) in enumerate(timed)
    ]


def raised(alert: Alert, clock: Clock) -> RaisedAlert:
    """Return an alert with its times: that of a rule is there with the run that sees it."""
    end = clock.time(alert.last)
    of_nrt = alert.rule is not None and rule(alert.rule).kind == "NRT"
    delay = timedelta(minutes=NRT_DELAY_MIN if of_nrt else alert.delay_min)
    return RaisedAlert(alert, clock.time(alert.first), end, end + delay)


def _raised(episode: Episode, clock: Clock) -> list[RaisedAlert]:
    found = [raised(each, clock) for each in episode.alerts]
    return sorted(found, key=lambda each: each.raised)


def _versions(episode: Episode, alerts: Sequence[RaisedAlert], clock: Clock) -> list[Version]:
    """Return what happened to a case, in order; what would be later than now has not happened."""
    owner = person(episode.owner) if episode.owner else None
    created = alerts[0].raised + timedelta(seconds=50)
    moments: list[tuple[datetime, str]] = [(created, "created")]
    moments += [(each.raised + timedelta(seconds=50), "alert") for each in alerts[1:]]
    moments += [
        (created + timedelta(minutes=each.after_min), f"comment {each.author}")
        for each in episode.comments
    ]
    if owner:
        moments.append((created + timedelta(minutes=episode.taken_after_min), "taken"))
    if episode.status == "Closed":
        moments.append((created + timedelta(minutes=episode.closed_after_min), "closed"))
    found: list[Version] = []
    status: Status = "New"
    holder: Person | None = None
    comments = 0
    for at, what in sorted(moments):
        if at > clock.now:
            break
        changed_by = "Microsoft Sentinel"
        if what.startswith("comment"):
            comments += 1
            changed_by = person(what.split(" ", 1)[1]).upn
        elif what in ("taken", "closed") and owner:
            holder, changed_by = owner, owner.upn
            status = "Active" if what == "taken" else "Closed"
        there = [each for each in alerts if each.raised <= at]
        found.append(Version(at, status, holder, there, comments, changed_by))
    return found
