"""Analytics rules as Azure's documents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.rules.all import rules
from sentinel_mcp.local.scenario.rules.model import Rule

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

FUSION_TEMPLATE = "f71aba3d-28fb-450b-b192-4e76a83015c8"
"""The one template of Fusion rules, the same in every workspace."""


def documents(clock: Clock) -> Iterable[Document]:
    """Yield the rules."""
    for number, rule in enumerate(rules()):
        modified = wire(clock.now - timedelta(days=120 - 3 * number, hours=number))
        body = {
            "id": f"{INSIGHTS_ID}/alertRules/{rule.id}",
            "name": rule.id,
            "type": "Microsoft.SecurityInsights/alertRules",
            "kind": rule.kind,
            "etag": "",
            "properties": {**_properties(rule), "lastModifiedUtc": modified},
        }
        yield Document("alertRules", rule.id, body)


def _properties(rule: Rule) -> Body:
    if rule.kind == "Fusion":
        return {
            **_common(rule),
            "alertRuleTemplateName": FUSION_TEMPLATE,
            "tactics": list(rule.tactics),
            "techniques": list(rule.techniques),
            "severity": rule.severity,
        }
    if rule.kind == "MicrosoftSecurityIncidentCreation":
        return {
            **_common(rule),
            "productFilter": rule.product,
            "severitiesFilter": None,
            "displayNamesFilter": None,
        }
    properties: Body = {
        **_common(rule),
        "severity": rule.severity,
        "tactics": list(rule.tactics),
        "techniques": list(rule.techniques),
        "query": rule.query,
        "suppressionDuration": "PT5H",
        "suppressionEnabled": False,
        "eventGroupingSettings": {"aggregationKind": "SingleAlert"},
        "customDetails": dict(rule.details) or None,
        "entityMappings": [
            {
                "entityType": kind,
                "fieldMappings": [
                    {"identifier": identifier, "columnName": column}
                    for identifier, column in fields.items()
                ],
            }
            for kind, fields in rule.entities
        ],
        "alertDetailsOverride": None,
        "incidentConfiguration": {
            "createIncident": rule.creates_incident,
            "groupingConfiguration": {
                "enabled": bool(rule.group_by),
                "reopenClosedIncident": False,
                "lookbackDuration": "PT5H",
                "matchingMethod": "Selected" if rule.group_by else "AllEntities",
                "groupByEntities": list(rule.group_by),
                "groupByAlertDetails": [],
                "groupByCustomDetails": [],
            },
        },
    }
    if rule.kind == "Scheduled":
        properties |= {
            "queryFrequency": rule.frequency,
            "queryPeriod": rule.period,
            "triggerOperator": "GreaterThan",
            "triggerThreshold": 0,
        }
    return properties


def _common(rule: Rule) -> Body:
    return {
        "alertRuleTemplateName": None,
        "displayName": rule.name,
        "description": rule.description,
        "enabled": rule.enabled,
    }
