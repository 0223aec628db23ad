"""Indicators as ARM resources, and how such a resource is written into the logs' table."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID, TENANT_ID, WORKSPACE_ID
from sentinel_mcp.local.scenario import intelligence, names
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.intelligence import Indicator

Body = dict[str, Any]
"""A JSON object, or the cells of a row. Any: they are of many kinds."""

KIND = "indicators"
"""The kind under which the documents are kept."""

_FIRST = re.compile(
    r"\[\s*(?P<key>(?P<type>[a-z0-9-]+):[^\s=]+)\s*=\s*'(?P<value>(?:[^'\\]|\\.)*)'"
)
_CREATORS = {intelligence.FEED: "identity--c7f3d0a1-6d52-4e0b-9f0f-51c2d4a7e301"}


def documents(clock: Clock) -> Iterable[Document]:
    """Yield the resources of the indicators that the table has, the oldest first."""
    for each in sorted(intelligence.indicators(clock), key=lambda one: one.came):
        name = names.guid("indicator resource", each.stix_id)
        yield Document(KIND, name, document(name, _properties(each)))


def rows(clock: Clock) -> Iterable[Body]:
    """Yield the rows of the logs' table."""
    for each in intelligence.indicators(clock):
        yield row_of(_properties(each), each.came, now=clock.now, method="IngestionRules")


def document(name: str, properties: Body) -> Body:
    """Return the resource, as the service's own samples have it."""
    return {
        "id": f"{INSIGHTS_ID}/ThreatIntelligence/{name}",
        "name": name,
        "type": "Microsoft.SecurityInsights/ThreatIntelligence",
        "kind": "indicator",
        "properties": properties,
    }


def observable_of(pattern: str) -> tuple[str, str, str] | None:
    """Return the first comparison of a pattern: object type, key and value."""
    found = _FIRST.search(pattern)
    if found is None:
        return None
    return found["type"], found["key"], re.sub(r"\\(.)", r"\1", found["value"])


def object_name(properties: Body) -> str:
    """Return the name of the STIX object: its source, encoded, and its id."""
    source = base64.b64encode(str(properties.get("source", "")).encode()).decode("ascii")
    return f"{source}---{properties.get('externalId', '')}"


def stix_of(properties: Body) -> Body:
    """Return the indicator as STIX writes it."""
    stated = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": properties.get("externalId"),
        "created": properties.get("created"),
        "modified": properties.get("lastUpdatedTimeUtc"),
        "name": properties.get("displayName"),
        "description": properties.get("description"),
        "indicator_types": properties.get("threatTypes"),
        "pattern": properties.get("pattern"),
        "pattern_type": "stix",
        "valid_from": properties.get("validFrom"),
        "valid_until": properties.get("validUntil"),
        "confidence": properties.get("confidence"),
        "revoked": properties.get("revoked") or None,
        "labels": properties.get("threatIntelligenceTags"),
        "kill_chain_phases": [
            {"kill_chain_name": each.get("killChainName"), "phase_name": each.get("phaseName")}
            for each in properties.get("killChainPhases") or ()
        ],
    }
    return {key: value for key, value in stated.items() if value not in (None, "", [])}


def row_of(
    properties: Body, at: datetime, *, now: datetime, method: str, deleted: bool = False
) -> Body:
    """Return the row that the service adds to the logs' table when an indicator changes."""
    observable = observable_of(str(properties.get("pattern", "")))
    until = _plain(properties.get("validUntil"))
    expired = until is not None and datetime.fromisoformat(until) <= now.replace(tzinfo=None)
    revoked = bool(properties.get("revoked"))
    return {
        "TimeGenerated": str(at.replace(tzinfo=None)),
        "Id": object_name(properties),
        "ObservableKey": observable[1] if observable else None,
        "ObservableValue": observable[2] if observable else None,
        "Pattern": properties.get("pattern"),
        "Confidence": properties.get("confidence"),
        "Created": _plain(properties.get("created")),
        "Modified": _plain(properties.get("lastUpdatedTimeUtc")),
        "ValidFrom": _plain(properties.get("validFrom")),
        "ValidUntil": until,
        "IsActive": not (deleted or revoked or expired),
        "IsDeleted": deleted,
        "Revoked": revoked,
        "LastUpdateMethod": method,
        "Source": properties.get("source"),
        "Tags": ", ".join(properties.get("threatIntelligenceTags") or ()),
        "WorkspaceId": WORKSPACE_ID,
        "AzureTenantId": TENANT_ID,
        "AdditionalFields": {"TLPLevel": "amber"},
        "Data": stix_of(properties),
    }


def parsed(pattern: str) -> list[Body]:
    """Return the pattern as the service takes it apart."""
    found = observable_of(pattern)
    if found is None:
        return []
    object_type, _, value = found
    return [
        {
            "patternTypeKey": object_type,
            "patternTypeValues": [{"valueType": object_type, "value": value}],
        }
    ]


def _properties(indicator: Indicator) -> Body:
    until = indicator.until
    phases = [
        {"killChainName": "lockheed-martin-cyber-kill-chain", "phaseName": phase}
        for phase in indicator.phases
    ]
    found: Body = {
        "confidence": indicator.confidence,
        "created": wire(indicator.came),
        "createdByRef": _CREATORS.get(indicator.source, "aiko.tanaka@northwind.example"),
        "externalId": indicator.stix_id,
        "externalReferences": _references(indicator),
        "granularMarkings": [],
        "lastUpdatedTimeUtc": wire(indicator.came),
        "revoked": indicator.revoked,
        "source": indicator.source,
        "threatIntelligenceTags": [indicator.what],
        "displayName": indicator.what,
        "description": f"{indicator.what}, seen by {indicator.source}.",
        "threatTypes": list(indicator.threat_types),
        "killChainPhases": phases,
        "pattern": indicator.pattern,
        "patternType": indicator.key.partition(":")[0],
        "parsedPattern": parsed(indicator.pattern),
        "validFrom": wire(indicator.came),
    }
    return found if until is None else {**found, "validUntil": wire(until)}


def _references(indicator: Indicator) -> list[Body]:
    if indicator.report is None:
        return []
    return [
        {
            "sourceName": indicator.source,
            "description": "Report of the campaign",
            "url": f"https://reports.sharing-group.example/{indicator.report.lower()}",
            "externalId": indicator.report,
        }
    ]


def _plain(moment: Any) -> str | None:  # Any: JSON, and clients write what they like
    """Return a time as the tables hold it; None for what is none."""
    if not isinstance(moment, str) or not moment:
        return None
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return None
    if found.tzinfo is not None:
        found = found.astimezone(UTC).replace(tzinfo=None)
    return str(found)
