"""Puts the answer of an investigation together, and makes it fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from sentinel_mcp.domains.calls import Failure, Rows
from sentinel_mcp.domains.documents import Document
from sentinel_mcp.domains.entities.kql.alerts import MAX_ALERTS, MAX_INCIDENTS
from sentinel_mcp.domains.entities.models import (
    Entity,
    EntityInvestigation,
    MissingPart,
    TableSighting,
    WatchlistHit,
)
from sentinel_mcp.domains.entities.rows import (
    read_alert,
    read_behaviour,
    read_incident,
    read_sighting,
    read_watchlist_hit,
    related,
)
from sentinel_mcp.domains.shared.entity import Subject
from sentinel_mcp.domains.shared.indicators import HoldingIndicator, IndicatorMatches
from sentinel_mcp.domains.shared.text_patterns import common_names
from sentinel_mcp.domains.shared.value_search import SearchRun
from sentinel_mcp.domains.shared.watchlist_items import (
    MAX_ITEMS,
    ItemSearch,
    Match,
    item_of,
    ordered,
)
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import SentinelError

SHOWN = 25
"""Alerts, incidents, watchlist items and indicators of one answer."""

_LIMITS = {
    "alerts": MAX_ALERTS,
    "incidents": MAX_INCIDENTS,
}
_SHRINKING = (
    "searched", "related", "watchlists", "indicators", "alerts", "incidents", "seen",
)  # fmt: skip
"""Lists that give way when the answer is too large, the least useful first."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the parts of an investigation came to."""

    workspace: str
    subject: Subject
    given: str
    timespan: str
    searching: Sequence[str]
    """The parts that searched the logs."""
    outcomes: Mapping[str, Rows | IndicatorMatches | SentinelError | None]
    run: SearchRun
    warnings: Sequence[str]

    def rows(self, part: str) -> Sequence[Document]:
        """Return what a part found; nothing where it did not come."""
        found = self.outcomes.get(part)
        return found.rows if isinstance(found, Rows) else []

    @property
    def indicators(self) -> Sequence[HoldingIndicator]:
        """The indicators that hold the entity."""
        found = self.outcomes.get("indicators")
        if not isinstance(found, IndicatorMatches):
            return []
        return found.by_value.get(self.subject.value, [])

    @property
    def watchlists(self) -> list[WatchlistHit]:
        """The watchlist items that hold it, each once: whole cells first."""
        search = ItemSearch(self.subject, self.given)
        hits: list[tuple[Match, WatchlistHit]] = [
            (match.match, read_watchlist_hit(row, values, match))
            for row in self.rows("watchlists")[:MAX_ITEMS]
            if (match := search.match(values := item_of(row.get("Item"))))
        ]
        return [hits[index][1] for index in ordered([kind for kind, _ in hits])]


def assembled(findings: Findings, max_bytes: int) -> EntityInvestigation:
    """Return the answer, of at most `max_bytes` or with its lists shortened and said so."""
    rows = [row for part in findings.searching for row in findings.rows(part)]
    seen = sorted((read_sighting(each) for each in rows), key=_recency, reverse=True)
    counts = {part: min(len(findings.rows(part)), limit) for part, limit in _LIMITS.items()}
    subject = findings.subject
    with_it, cuts = related(rows, subject)
    watchlists, indicators = findings.watchlists, findings.indicators
    answer = EntityInvestigation(
        workspace=findings.workspace,
        entity=entity_of(subject),
        summary="",
        timespan=findings.timespan,
        seen=seen,
        searched=sorted(findings.run.searched),
        not_searched=findings.run.not_searched,
        related=with_it,
        alerts=[read_alert(each) for each in findings.rows("alerts")[:SHOWN]],
        alerts_count=counts["alerts"],
        incidents=[read_incident(each) for each in findings.rows("incidents")[:SHOWN]],
        incidents_count=counts["incidents"],
        behaviour=read_behaviour(findings.rows("behaviour"), findings.rows("peers")),
        watchlists=watchlists[:SHOWN],
        watchlists_count=len(watchlists),
        indicators=list(indicators[:SHOWN]),
        indicators_count=len(indicators),
        not_finished=[name for name, each in findings.outcomes.items() if each is None],
        missing=missing_parts(findings.outcomes),
        warnings=[
            *findings.warnings,
            *subject.notes,
            *common_name_notes(subject),
            *_cuts(findings, len(watchlists), len(indicators)),
            *cuts,
        ],
    )
    return _fitting(answer.model_copy(update={"summary": _summary(answer)}), max_bytes)


def common_name_notes(subject: Subject) -> list[str]:
    """Return what is to be said of names that texts are full of."""
    names = common_names(subject)
    if not names:
        return []
    return [
        f"{', '.join(map(repr, names))} is in too many texts to tell anything: it was looked for "
        "only in columns that name accounts or hosts."
    ]


def entity_of(subject: Subject) -> Entity:
    """Return what was looked for, as an answer says it."""
    return Entity(
        value=subject.value,
        kind=subject.kind,
        kind_from=subject.source,
        names={form: list(names) for form, names in subject.names.items()},
        profile=dict(subject.profile),
        candidates=list(subject.candidates),
    )


def missing_parts(
    outcomes: Mapping[str, Rows | IndicatorMatches | SentinelError | None],
) -> list[MissingPart]:
    """Return the parts that failed, and those that Azure could answer only in part."""
    found: list[MissingPart] = []
    for name, each in outcomes.items():
        if isinstance(each, SentinelError):
            found.append(MissingPart(part=name, error=Failure.of(each)))
        elif each is not None and each.fault is not None:
            found.append(MissingPart(part=name, error=each.fault))
    return found


def day_range(start: datetime, end: datetime) -> str:
    """Return a range as an answer says it."""
    return f"{_second(start)}/{_second(end)}"


def _second(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _recency(sighting: TableSighting) -> str:
    return sighting.last.isoformat() if sighting.last else ""


def _cuts(findings: Findings, watchlists: int, indicators: int) -> list[str]:
    told: list[str] = [
        f"{SHOWN} of {count} {part} are here."
        for part, count in (("watchlists", watchlists), ("indicators", indicators))
        if count > SHOWN
    ]
    if len(findings.rows("watchlists")) > MAX_ITEMS:
        told.append(f"The first {MAX_ITEMS} watchlist items that may hold it were looked at.")
    for part, limit in _LIMITS.items():
        count = len(findings.rows(part))
        if count > limit:
            told.append(f"There are more than {limit} {part}; the first {SHOWN} are here.")
        elif count > SHOWN:
            told.append(f"{SHOWN} of {count} {part} are here.")
    return told


def _summary(answer: EntityInvestigation) -> str:
    tables = [each for each in answer.seen if not each.records]
    events = sum(each.events for each in tables)
    firsts = [each.first for each in tables if each.first]
    lasts = [each.last for each in tables if each.last]
    when = f", first {_second(min(firsts))}, last {_second(max(lasts))}" if firsts and lasts else ""
    numbers = ", ".join(f"#{each.number}" for each in answer.incidents[:5] if each.number)
    counts = [
        _counted(answer.alerts_count, "alert"),
        _counted(answer.incidents_count, "incident") + (f" ({numbers})" if numbers else ""),
        _counted(answer.watchlists_count, "watchlist item"),
        _counted(answer.indicators_count, "indicator"),
    ]
    if answer.behaviour and answer.behaviour.highest_priority is not None:
        counts.append(f"UEBA priority up to {answer.behaviour.highest_priority} of 10")
    said = (
        f"{answer.entity.kind} {answer.entity.value}: seen in {_counted(len(tables), 'table')}"
        f" ({_counted(events, 'event')}{when}); {', '.join(counts)}."
    )
    lacking = [*answer.not_finished, *(each.part for each in answer.missing)]
    if answer.not_searched:
        lacking.append(f"{_counted(len(answer.not_searched), 'table')} not searched")
    return f"{said} Without: {', '.join(lacking)}." if lacking else said


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _fitting(answer: EntityInvestigation, max_bytes: int) -> EntityInvestigation:
    for name in _SHRINKING:
        # Each of these fields is a list of models or texts.
        items: list[BaseModel | str] = getattr(answer, name)
        total = len(items)
        while items and size_bytes(answer) > max_bytes:
            items = items[: len(items) // 2]
            note = f"The answer would be too large: {len(items)} of {total} of `{name}` are here."
            told = [each for each in answer.warnings if f"`{name}`" not in each]
            answer = answer.model_copy(update={name: items, "warnings": [*told, note]})
    return answer
