"""Reads rows of SecurityAlert into our models: JSON within texts, entities that name others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, cast

from sentinel_mcp.domains.documents import (
    Document,
    as_document,
    cut,
    flattened,
    inners,
    shortened,
    text,
    texts,
    time,
    whole,
)
from sentinel_mcp.domains.incidents.alert_models import (
    AlertDetail,
    AlertEntity,
    AlertIncident,
    AlertRecord,
    AlertSummary,
)

MAX_ENTITIES = 60
_MAX_DEPTH = 6
_NOT_PROPERTIES = frozenset({"$id", "Type", "type"})
_VALUE_CHARS = 1_000
_STEP_CHARS = 500
_NAME_CHARS = 200
_TAG_CHARS = 60
_WHOLE = 2_000_000
"""More than a cell of Log Analytics holds: JSON that was cut would be none."""
_NAMES = (
    "HostName",
    "NetBiosName",
    "Address",
    "Url",
    "MailboxPrimaryAddress",
    "DisplayName",
    "Name",
    "Subject",
    "Value",
    "DomainName",
    "ResourceId",
    "CommandLine",
    "ProcessId",
    "AppName",
)
"""What an entity is called, whichever it has first."""


def read_summary(row: Document) -> AlertSummary:
    """Return the alert as a list shows it."""
    return AlertSummary(**_summary_fields(row))


def read_alert_detail(row: Document, workspace: str) -> AlertDetail:
    """Return the alert with all that its row says; its incidents are read elsewhere."""
    entities = list(_entities(text(row, "Entities", _WHOLE)))
    return AlertDetail(
        workspace=workspace,
        alert=AlertRecord(
            **_summary_fields(row),
            description=text(row, "Description"),
            type=text(row, "AlertType"),
            vendor=text(row, "VendorName"),
            component=text(row, "ProductComponentName"),
            started=time(row, "StartTime"),
            ended=time(row, "EndTime"),
            confidence=text(row, "ConfidenceLevel"),
            remediation_steps=_listed(row, "RemediationSteps", _STEP_CHARS),
            resource_id=text(row, "ResourceId"),
            link=text(row, "AlertLink"),
            extended_links=_links(row),
            versions=whole(row, "Versions"),
        ),
        entities=entities[:MAX_ENTITIES],
        extended_properties=flattened(
            as_document(_parsed(text(row, "ExtendedProperties", _WHOLE))) or {},
            max_chars=_VALUE_CHARS,
        ),
        notices=[f"Of {len(entities)} entities, the first {MAX_ENTITIES} are here."]
        if len(entities) > MAX_ENTITIES
        else [],
    )


def read_incident_link(row: Document) -> AlertIncident:
    """Return an incident that has the alert."""
    return AlertIncident(
        number=whole(row, "IncidentNumber"),
        id=text(row, "IncidentName") or "",
        title=text(row, "Title", 300),
        severity=text(row, "Severity"),
        status=text(row, "Status"),
    )


def _summary_fields(row: Document) -> dict[str, Any]:
    # The fields of `AlertSummary` by name; pydantic checks them where they are used.
    tactics = [each.strip() for each in (text(row, "Tactics") or "").split(",")]
    return {
        "id": text(row, "SystemAlertId") or "",
        "name": text(row, "DisplayName", 300) or text(row, "AlertName", 300),
        "severity": text(row, "AlertSeverity"),
        "status": text(row, "Status"),
        "product": text(row, "ProductName", _NAME_CHARS),
        "provider": text(row, "ProviderName", _NAME_CHARS),
        "tactics": shortened([cut(each, _TAG_CHARS) for each in tactics if each]),
        "techniques": _listed(row, "Techniques", _TAG_CHARS),
        "compromised_entity": text(row, "CompromisedEntity", 300),
        "generated": time(row, "Generated"),
        "updated": time(row, "TimeGenerated"),
    }


def _entities(written: str | None) -> Iterator[AlertEntity]:
    """Yield the entities; those within another, or only referred to there, are named by it."""
    found = inners({"entities": _parsed(written)}, "entities")
    by_id = dict(_numbered(found, 0))
    for each in found:
        if "$ref" in each:
            continue
        kind = text(each, "Type") or text(each, "type") or "unknown"
        named = {key: _resolved(value, by_id) for key, value in each.items()}
        yield AlertEntity(
            kind=kind,
            name=_name(each),
            properties=flattened(named, without=_NOT_PROPERTIES),
        )


def _numbered(entities: Sequence[Document], depth: int) -> Iterator[tuple[str, Document]]:
    """Yield every entity that has a number, those within others too."""
    for each in entities:
        if number := text(each, "$id"):
            yield number, each
        if depth < _MAX_DEPTH:
            inside = [found for value in each.values() if (found := as_document(value))]
            listed = [found for key in each for found in inners(each, key)]
            yield from _numbered([*inside, *listed], depth + 1)


def _resolved(value: object, by_id: dict[str, Document]) -> object:
    """Return the name of the entity that is meant where another one is; else the value."""
    entity = as_document(value)
    if entity is None:
        return value
    if reference := text(entity, "$ref"):
        return _name(by_id.get(reference, {})) or reference
    if "$id" in entity:
        return _name(entity) or dict(flattened(entity, without=_NOT_PROPERTIES))
    return entity


def _name(entity: Document) -> str | None:
    for key in _NAMES:
        if found := text(entity, key, 300):
            suffix = text(entity, "UPNSuffix", 200) if key == "Name" else None
            return f"{found}@{suffix}" if suffix else found
    return None


def _listed(row: Document, column: str, max_chars: int) -> list[str]:
    """Return the texts of a JSON list within a text; of any other text, the text."""
    written = text(row, column, 20_000)
    parsed = _parsed(written)
    if isinstance(parsed, list):
        return texts({"found": parsed}, "found", max_chars)
    return [cut(written, max_chars)] if written else []


def _links(row: Document) -> list[str]:
    found = inners({"found": _parsed(text(row, "ExtendedLinks", 20_000))}, "found")
    named = [text(each, "Href") or text(each, "href") for each in found]
    return shortened([each for each in named if each])


def _parsed(written: str | None) -> object:
    """Return the JSON that a text holds, None where it holds none."""
    if not written:
        return None
    try:
        # What it is, is looked at where it is used.
        return cast("object", json.loads(written))
    except (ValueError, RecursionError):  # deeper than anybody reads
        return None
