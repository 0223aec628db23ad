"""Incidents like a given one: with the same entities, the same rule, title or tactics.

Three requests whatever the workspace holds: the incident's entities, then at once the alerts that
name any of them and the incidents of the last months.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel_mcp.domains.calls import Failure, Rows
from sentinel_mcp.domains.documents import Document, inner, name, strings, text, time, whole
from sentinel_mcp.domains.incidents.documents import rule_names, tactic_names
from sentinel_mcp.domains.incidents.models import SimilarIncident, SimilarSection
from sentinel_mcp.domains.incidents.parts import Parts
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql import literals

DAYS = 90
MAX_SIMILAR = 10
MAX_ENTITIES = 20
MAX_ALERTS = 2_000
MAX_INCIDENTS = 2_000
_MIN_CHARS = 4
"""Shorter values are in too many alerts to say anything."""

# Of 100 points: two entities or more, the rule, the title, and the part of the tactics in common.
_ENTITY_POINTS, _ENTITIES_COUNTED = 30, 2
_RULE_POINTS = 20
_TITLE_POINTS = 10
_TACTIC_POINTS = 10
_MIN_POINTS = 6
"""Over half of the tactics in common is the least that is told."""

# By which properties an entity is known in other alerts; the first group that it has counts. Of
# files and processes only their hashes tell: every machine has a powershell.exe.
_KEYS: Mapping[str, Sequence[Sequence[str]]] = {
    "account": (("aadUserId", "sid"), ("accountName",)),
    "host": (("hostName",),),
    "ip": (("address",),),
    "url": (("url",),),
    "filehash": (("hashValue",),),
    "mailbox": (("mailboxPrimaryAddress",),),
    "mailmessage": (("networkMessageId",),),
    "dnsresolution": (("domainName",),),
    "azureresource": (("resourceId",),),
    "cloudapplication": (("appName",),),
}


@dataclass(frozen=True, slots=True)
class Trait:
    """An entity as other alerts would name it."""

    label: str
    values: tuple[str, ...]


async def similar(parts: Parts, max_bytes: int) -> SimilarSection:
    """Return the incidents most like this one, the most alike first, each with the reasons."""
    entities = await parts.fetch("entities")
    notes: list[str] = []
    traits: list[Trait] = []
    if isinstance(entities, SentinelError):
        notes.append(f"Without entities: {entities.message}")
    else:
        traits = list(traits_of(entities.documents))
        if len(traits) > MAX_ENTITIES:
            notes.append(f"{MAX_ENTITIES} of {len(traits)} entities were compared.")
            traits = traits[:MAX_ENTITIES]
    since = parts.calls.now() - timedelta(days=DAYS)
    alerts, incidents = await asyncio.gather(
        parts.calls.attempt(_alerts(parts, traits, since)),
        parts.calls.attempt(_incidents(parts, since)),
    )
    if isinstance(incidents, SentinelError):
        return SimilarSection(error=Failure.of(incidents))
    shared: dict[str, list[str]] = {}
    if isinstance(alerts, SentinelError):
        notes.append(f"Without entities: {alerts.message}")
    else:
        shared = _shared(alerts, traits)
        notes += _partly("alerts", alerts)
    notes += _partly("incidents", incidents)
    found = _ranked(parts.document, incidents, shared)
    return SimilarSection(
        items=_fitting(found[:MAX_SIMILAR], max_bytes),
        total=len(found),
        notice=" ".join([f"Looked at the last {DAYS} days.", *notes]),
    )


def traits_of(entities: Sequence[Document]) -> Iterator[Trait]:
    """Yield what the entities are known by, each once."""
    seen: set[tuple[str, ...]] = set()
    for entity in entities:
        properties = inner(entity, "properties")
        kind = (text(entity, "kind") or "").casefold()
        for group in _KEYS.get(kind, ()):
            given = [text(properties, key, 500) for key in group]
            values = tuple(each for each in given if each and len(each) >= _MIN_CHARS)
            if values:
                if values not in seen:
                    seen.add(values)
                    called = text(properties, "friendlyName", 100) or values[0]
                    yield Trait(f"{kind} {called}", values)
                break


def alerts_query(traits: Sequence[Trait], since: datetime) -> str:
    """Return the KQL that finds the alerts that name any of the entities, and which of them."""
    # Entities are JSON in a column of text, so values are looked for as JSON writes them.
    written = [
        literals.list_([json.dumps(value, ensure_ascii=False)[1:-1] for value in each.values])
        for each in traits
    ]
    any_of = " or ".join(f"Entities has_any {each}" for each in written)
    columns = ", ".join(f"e{index} = Entities has_any {each}" for index, each in enumerate(written))
    return "\n| ".join(
        (
            "SecurityAlert",
            f"where TimeGenerated >= {literals.datetime_(since)}",
            f"where {any_of}",
            "summarize arg_max(TimeGenerated, Entities) by SystemAlertId",
            f"project SystemAlertId, {columns}",
            f"take {MAX_ALERTS}",
        )
    )


def incidents_query(incident: str, since: datetime) -> str:
    """Return the KQL that reads the last state of the incidents but one, newest first."""
    return "\n| ".join(
        (
            "SecurityIncident",
            f"where TimeGenerated >= {literals.datetime_(since)}",
            f"where IncidentName !~ {literals.string(incident)}",
            "summarize arg_max(TimeGenerated, *) by IncidentName",
            "project IncidentName, IncidentNumber, Title, Severity, Status, Classification,"
            " CreatedTime, AlertIds, RelatedAnalyticRuleIds, Tactics = AdditionalData.tactics",
            "sort by CreatedTime desc",
            f"take {MAX_INCIDENTS}",
        )
    )


async def _alerts(parts: Parts, traits: Sequence[Trait], since: datetime) -> Rows:
    if not traits:
        return Rows([], truncated=False, fault=None)
    return await parts.calls.query(
        parts.context,
        "find alerts with the same entities",
        alerts_query(traits, since),
        max_rows=MAX_ALERTS,
    )


async def _incidents(parts: Parts, since: datetime) -> Rows:
    return await parts.calls.query(
        parts.context,
        "read the incidents to compare with",
        incidents_query(name(parts.document), since),
        max_rows=MAX_INCIDENTS,
    )


def _shared(alerts: Rows, traits: Sequence[Trait]) -> dict[str, list[str]]:
    """Return by alert the entities that it shares."""
    return {
        str(row.get("SystemAlertId")).casefold(): [
            trait.label for index, trait in enumerate(traits) if row.get(f"e{index}") in (True, 1)
        ]
        for row in alerts.rows
    }


def _partly(what: str, rows: Rows) -> list[str]:
    told: list[str] = []
    if rows.truncated or len(rows.rows) >= (MAX_ALERTS if what == "alerts" else MAX_INCIDENTS):
        told.append(f"Only {len(rows.rows)} {what} were compared.")
    if rows.fault:
        told.append(f"The {what} came only in part: {rows.fault.message}")
    return told


def _ranked(
    document: Document, incidents: Rows, shared: Mapping[str, Sequence[str]]
) -> list[SimilarIncident]:
    properties = inner(document, "properties")
    rules = {each.casefold() for each in rule_names(document)}
    title = (text(properties, "title") or "").casefold()
    tactics = set(tactic_names(document))
    found: list[SimilarIncident] = []
    for row in incidents.rows:
        entities = list(
            dict.fromkeys(
                label
                for alert in _listed(row, "AlertIds")
                for label in shared.get(alert.casefold(), ())
            )
        )
        points, reasons = 0.0, list[str]()
        if entities:
            points += _ENTITY_POINTS * min(len(entities), _ENTITIES_COUNTED)
            more = f" and {len(entities) - 5} more" if len(entities) > 5 else ""
            reasons.append(f"same entities: {', '.join(entities[:5])}{more}")
        if rules & {_last(each) for each in _listed(row, "RelatedAnalyticRuleIds")}:
            points += _RULE_POINTS
            reasons.append("same rule")
        if title and title == (text(row, "Title") or "").casefold():
            points += _TITLE_POINTS
            reasons.append("same title")
        theirs = set(_listed(row, "Tactics"))
        if common := tactics & theirs:
            points += _TACTIC_POINTS * len(common) / len(tactics | theirs)
            reasons.append(f"same tactics: {', '.join(sorted(common))}")
        if points >= _MIN_POINTS:
            found.append(_similar(row, round(points), reasons))
    found.sort(key=lambda each: (-each.score, -(each.number or 0)))
    return found


def _similar(row: Document, score: int, reasons: list[str]) -> SimilarIncident:
    return SimilarIncident(
        number=whole(row, "IncidentNumber"),
        id=text(row, "IncidentName") or "",
        title=text(row, "Title", 300) or "",
        severity=text(row, "Severity") or "Unknown",
        status=text(row, "Status") or "Unknown",
        classification=text(row, "Classification"),
        created=time(row, "CreatedTime"),
        score=score,
        reasons=reasons,
    )


def _fitting(found: Sequence[SimilarIncident], max_bytes: int) -> list[SimilarIncident]:
    kept: list[SimilarIncident] = []
    size = 0
    for each in found:
        size += size_bytes(each)
        if kept and size > max_bytes:
            break
        kept.append(each)
    return kept


def _listed(row: Document, column: str) -> list[str]:
    """Return the texts of a dynamic cell, which Log Analytics sends as JSON text."""
    cell = row.get(column)
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return []
    return strings({"cell": cell}, "cell")


def _last(resource_id: str) -> str:
    return resource_id.rpartition("/")[2].casefold()
