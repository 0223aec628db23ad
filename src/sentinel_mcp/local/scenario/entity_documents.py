"""What Sentinel tells of entities: the items of their timelines, and the ways to go on from one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID
from sentinel_mcp.local.scenario import alerts
from sentinel_mcp.local.scenario.cases import Case
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.entities import documents as entity_documents
from sentinel_mcp.local.scenario.names import guid

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

TIMELINE = "entityTimelines"
"""The items of an entity's timeline; their parent is the entity."""

QUERIES = "entityQueries"

# Entity type, the field that names one, the part of an alert's entities that holds it.
_FIELDS = {
    "IP": ("address", "Address"),
    "Account": ("accountName", "Name"),
    "Host": ("hostName", "HostName"),
}
_NOUNS = {"IP": "addresses", "Account": "accounts", "Host": "hosts"}


def documents(cases: Sequence[Case], clock: Clock) -> Iterable[Document]:
    """Yield the items of all timelines, oldest first, and the entity queries."""
    for case in cases:
        items = {name: _item(body) for name, body in alerts.documents(case, clock)}
        for each in case.alerts:
            for entity in entity_documents(each.alert.entities, clock):
                yield Document(TIMELINE, each.id, items[each.id], entity.id)
    for source in _FIELDS:
        for target in _FIELDS:
            if source != target:
                yield _query(source, target)


def _item(alert: Body) -> Body:
    properties = alert["properties"]
    return {
        "kind": "SecurityAlert",
        "azureResourceId": alert["id"],
        "productName": properties["productName"],
        "description": properties["description"],
        "displayName": properties["alertDisplayName"],
        "severity": properties["severity"],
        "startTimeUtc": properties["startTimeUtc"],
        "endTimeUtc": properties["endTimeUtc"],
        "timeGenerated": properties["timeGenerated"],
        "alertType": properties["alertType"],
        "intent": properties["intent"],
    }


def _query(source: str, target: str) -> Document:
    field, named = _FIELDS[source]
    _, found = _FIELDS[target]
    name = guid("entity-query", source, target)
    body = {
        "id": f"{INSIGHTS_ID}/entityQueries/{name}",
        "name": name,
        "type": "Microsoft.SecurityInsights/entityQueries",
        "kind": "Expansion",
        "properties": {
            "dataSources": ["SecurityAlert"],
            "displayName": f"{_NOUNS[target].capitalize()} in the same incidents",
            "inputEntityType": source,
            "inputFields": [field],
            "outputEntityTypes": [target],
            "queryTemplate": (
                "SecurityAlert\n"
                f"| where Entities has '<{field}>'\n"
                "| mv-expand Entity = todynamic(Entities)\n"
                f"| where tostring(Entity.Type) =~ '{target}' and"
                f" tostring(Entity.{named}) != '<{field}>'\n"
                f"| summarize FirstSeen = min(StartTime) by Found = tostring(Entity.{found})"
            ),
        },
    }
    return Document(QUERIES, name, body)
