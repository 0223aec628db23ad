"""Analytics rules as Azure's documents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID, RESOURCE_GROUP, SUBSCRIPTION_ID
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.scenario.rule_runs import changed
from sentinel_mcp.local.scenario.rule_templates import mappings, template_of
from sentinel_mcp.local.scenario.rules.all import rules
from sentinel_mcp.local.scenario.rules.model import Rule

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""


_PLAYBOOKS = {
    "password-spray": ("Notify-SOC-Channel", "Block-Address-At-Firewall"),
    "lsass-dump": ("Isolate-Device",),
}
"""The logic apps that a rule's alerts start, by the key of the rule."""


def documents(clock: Clock) -> Iterable[Document]:
    """Yield the rules."""
    for number, rule in enumerate(rules()):
        long_ago = timedelta(days=120 - 3 * number, hours=number)
        modified = wire(clock.now - (changed(rule.key) or long_ago))
        body = {
            "id": f"{INSIGHTS_ID}/alertRules/{rule.id}",
            "name": rule.id,
            "type": "Microsoft.SecurityInsights/alertRules",
            "kind": rule.kind,
            "etag": "",
            "properties": {**_properties(rule), "lastModifiedUtc": modified},
        }
        yield Document("alertRules", rule.id, body)
        for playbook in _PLAYBOOKS.get(rule.key, ()):
            yield _action(rule, playbook)


def _properties(rule: Rule) -> Body:
    if rule.kind == "Fusion":
        return {
            **_common(rule),
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
        "suppressionEnabled": rule.rests,
        "eventGroupingSettings": {"aggregationKind": "SingleAlert"},
        "customDetails": dict(rule.details) or None,
        "entityMappings": mappings(rule.entities),
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
    if version := template_of(rule.key)[1]:
        properties["templateVersion"] = version
    if rule.kind == "Scheduled":
        properties |= {
            "queryFrequency": rule.frequency,
            "queryPeriod": rule.period,
            "triggerOperator": "GreaterThan",
            "triggerThreshold": 0,
        }
    return properties


def _action(rule: Rule, playbook: str) -> Document:
    name = guid("action", rule.key, playbook)
    body = {
        "id": f"{INSIGHTS_ID}/alertRules/{rule.id}/actions/{name}",
        "name": name,
        "type": "Microsoft.SecurityInsights/alertRules/actions",
        "etag": "",
        "properties": {
            "workflowId": guid("workflow", playbook).replace("-", ""),
            "logicAppResourceId": f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/"
            f"{RESOURCE_GROUP}/providers/Microsoft.Logic/workflows/{playbook}",
        },
    }
    return Document("actions", name, body, parent=rule.id)


def _common(rule: Rule) -> Body:
    return {
        "alertRuleTemplateName": template_of(rule.key)[0],
        "displayName": rule.name,
        "description": rule.description,
        "enabled": rule.enabled,
    }
