"""Rule templates as Azure's documents: of the gallery, and those that rules were made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.scenario.rules import identity_templates, machine_templates
from sentinel_mcp.local.scenario.rules.all import rule
from sentinel_mcp.local.scenario.rules.model import Rule
from sentinel_mcp.local.scenario.rules.template import Connector, Entities, Template

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

KIND = "alertRuleTemplates"

FUSION = "f71aba3d-28fb-450b-b192-4e76a83015c8"
"""The one template of Fusion rules, the same in every workspace."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The template of a rule: the version it was made from, and the one there is by now."""

    template: str
    used: str
    version: str
    connector: Connector
    tables: Sequence[str]


def _origin(
    key: str, used: str, connector: Connector, *tables: str, now: str | None = None
) -> tuple[str, Origin]:
    return key, Origin(guid("template", key), used, now or used, connector, tables)


ORIGINS: Mapping[str, Origin] = dict(
    (
        _origin("password-spray", "1.1.0", "AzureActiveDirectory", "SigninLogs", now="1.2.0"),
        _origin("failed-signins", "1.0.3", "AzureActiveDirectory", "SigninLogs"),
        _origin(
            "mfa-after-risk", "1.0.0", "AzureActiveDirectory", "SigninLogs", "AuditLogs",
            now="2.0.1",
        ),
        _origin("rogue-consent", "1.1.2", "AzureActiveDirectory", "AuditLogs"),
        _origin("inbox-rule", "2.0.0", "Office365", "OfficeActivity", now="2.0.2"),
        _origin("mail-forwarding", "2.0.1", "Office365", "OfficeActivity"),
        _origin("role-assigned", "1.0.4", "AzureActivity", "AzureActivity"),
        _origin("psexec-service", "1.0.2", "SecurityEvents", "SecurityEvent"),
        _origin("log-cleared", "1.0.0", "SecurityEvents", "SecurityEvent"),
        _origin("privileged-group", "1.2.1", "SecurityEvents", "SecurityEvent"),
        _origin(
            "ti-match", "1.3.0", "ThreatIntelligence", "ThreatIntelIndicators",
            "DeviceNetworkEvents", now="1.4.0",
        ),
        _origin("encoded-powershell", "1.1.0", "MicrosoftThreatProtection", "DeviceProcessEvents"),
    )
)  # fmt: skip
"""By the key of the rule. The other rules were written here."""

_PRODUCTS = {
    "from-office": "Office 365 Advanced Threat Protection",
    "from-endpoint": "Microsoft Defender Advanced Threat Protection",
}


def documents(clock: Clock) -> Iterable[Document]:
    """Yield the templates; how many rules were made from each is counted when they are read."""
    found = [
        *(_of_rule(rule(key), origin) for key, origin in ORIGINS.items()),
        *map(_of_template, (*identity_templates.TEMPLATES, *machine_templates.TEMPLATES)),
        *_of_services(),
    ]
    for number, (name, kind, properties) in enumerate(found):
        created = clock.now - timedelta(days=900 - 9 * number, hours=number)
        updated = clock.now - timedelta(days=200 - 3 * number, hours=number)
        body = {
            "id": f"{INSIGHTS_ID}/AlertRuleTemplates/{name}",
            "name": name,
            "type": "Microsoft.SecurityInsights/AlertRuleTemplates",
            "kind": kind,
            "properties": {
                **properties,
                "createdDateUTC": wire(created),
                "lastUpdatedDateUTC": wire(updated),
                "status": "Available",
            },
        }
        yield Document(KIND, name, body)


def template_of(key: str) -> tuple[str | None, str | None]:
    """Return the template that a rule was made from, and the version it had then."""
    if key in _PRODUCTS:
        return guid("template", key), None
    if key == "fusion":
        return FUSION, None
    origin = ORIGINS.get(key)
    return (origin.template, origin.used) if origin else (None, None)


def _of_rule(each: Rule, origin: Origin) -> tuple[str, str, Body]:
    properties: Body = {
        "displayName": each.name,
        "description": each.description,
        "severity": each.severity,
        "tactics": list(each.tactics),
        "techniques": list(each.techniques),
        "query": each.query,
        "entityMappings": mappings(each.entities),
        "eventGroupingSettings": {"aggregationKind": "SingleAlert"},
        "requiredDataConnectors": _needs(origin.connector, origin.tables),
        "version": origin.version,
    }
    if each.kind == "Scheduled":
        properties |= _schedule(each.frequency, each.period)
    return origin.template, each.kind, properties


def _of_template(each: Template) -> tuple[str, str, Body]:
    parents = [technique for technique in each.techniques if "." not in technique]
    parts = [technique for technique in each.techniques if "." in technique]
    properties: Body = {
        "displayName": each.name,
        "description": f"{each.name}. Review who did it and from where before you act.",
        "severity": each.severity,
        "tactics": list(each.tactics),
        # Templates of NRT rules have no list of their own for sub-techniques.
        "techniques": parents if each.kind == "Scheduled" else list(each.techniques),
        "query": each.query,
        "entityMappings": mappings(each.entities),
        "eventGroupingSettings": {"aggregationKind": "AlertPerResult"},
        "requiredDataConnectors": _needs(each.connector, each.tables),
        "version": each.version,
    }
    if each.kind == "Scheduled":
        properties |= {"subTechniques": parts, **_schedule(each.frequency, each.period)}
    return each.id, each.kind, properties


def _of_services() -> Iterable[tuple[str, str, Body]]:
    """Yield the templates without a query: what other products and models find."""
    fusion = rule("fusion")
    yield (
        FUSION,
        "Fusion",
        {
            "displayName": fusion.name,
            "description": fusion.description,
            "severity": fusion.severity,
            "tactics": list(fusion.tactics),
        },
    )
    for key, product in _PRODUCTS.items():
        yield (
            guid("template", key),
            "MicrosoftSecurityIncidentCreation",
            {
                "displayName": rule(key).name,
                "description": rule(key).description,
                "productFilter": product,
            },
        )
    yield (
        guid("template", "rdp-anomaly"),
        "MLBehaviorAnalytics",
        {
            "displayName": "Unusual remote desktop login",
            "description": "A model of usual logins finds those that do not fit.",
            "severity": "Medium",
            "tactics": ["LateralMovement"],
            "techniques": ["T1021"],
            "requiredDataConnectors": _needs("SecurityEvents", ("SecurityEvent",)),
        },
    )
    yield (
        guid("template", "ti-analytics"),
        "ThreatIntelligence",
        {
            "displayName": "Microsoft threat intelligence analytics",
            "description": "Matches logs with the indicators that Microsoft keeps.",
            "severity": "Medium",
            "tactics": ["CommandAndControl"],
            "requiredDataConnectors": _needs("CefAma", ("CommonSecurityLog",)),
        },
    )


def mappings(entities: Entities) -> list[Body]:
    """Return entity mappings as Azure writes them."""
    return [
        {
            "entityType": kind,
            "fieldMappings": [
                {"identifier": identifier, "columnName": column}
                for identifier, column in fields.items()
            ],
        }
        for kind, fields in entities
    ]


def _schedule(frequency: str, period: str) -> Body:
    return {
        "queryFrequency": frequency,
        "queryPeriod": period,
        "triggerOperator": "GreaterThan",
        "triggerThreshold": 0,
    }


def _needs(connector: Connector, tables: Sequence[str]) -> list[Body]:
    return [{"connectorId": connector, "dataTypes": list(tables)}]
