"""Where each piece of content of the workspace comes from, and who looks after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID, RESOURCE_GROUP, RESOURCE_ID, SUBSCRIPTION_ID
from sentinel_mcp.local.scenario.connectors import ERP_DEFINITION, GIT_DEFINITION
from sentinel_mcp.local.scenario.names import COMPANY, DOMAIN, guid
from sentinel_mcp.local.scenario.rules.all import rules
from sentinel_mcp.local.scenario.rules.model import Rule

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

_GROUP = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}/providers"
_REPOSITORY: Body = {
    "kind": "SourceRepository",
    "name": "Northwind detections",
    "sourceId": guid("source control", "detections"),
}
_RESPONSE: Body = {
    "kind": "SourceRepository",
    "name": "Northwind response",
    "sourceId": guid("source control", "response"),
}
_LOCAL: Body = {"kind": "LocalWorkspace", "name": COMPANY, "sourceId": RESOURCE_ID}
_BASICS: Body = {
    "kind": "Solution",
    "name": "Workspace basics",
    "sourceId": "northwind.workspace-basics",
}

# Of the tables that a rule reads, the connectors that bring them.
_FED_BY = {
    "AuditLogs": "AzureActiveDirectory",
    "AzureActivity": "AzureActivity",
    "CommonSecurityLog": "PaloAltoNetworks",
    "DeviceProcessEvents": "MicrosoftThreatProtection",
    "DnsEvents": "DNS",
    "OfficeActivity": "Office365",
    "SecurityEvent": "SecurityEvents",
    "SigninLogs": "AzureActiveDirectory",
    "Syslog": "Syslog",
    "ThreatIntelIndicators": "ThreatIntelligence",
}


@dataclass(frozen=True, slots=True)
class _Piece:
    """Content of another kind than rules: its kind, name, parent and source."""

    kind: str
    name: str
    parent: str
    source: Body
    domains: Sequence[str] = ()


_PIECES = (
    _Piece(
        "Solution",
        "workspace-basics",
        f"{INSIGHTS_ID}/contentPackages/northwind.workspace-basics",
        _BASICS,
        ("Security - Others",),
    ),
    _Piece(
        "DataConnector",
        "git-audit",
        f"{INSIGHTS_ID}/dataConnectorDefinitions/{GIT_DEFINITION}",
        _LOCAL,
        ("DevOps",),
    ),
    _Piece(
        "DataConnector",
        "erp-audit",
        f"{INSIGHTS_ID}/dataConnectorDefinitions/{ERP_DEFINITION}",
        _LOCAL,
        ("Application",),
    ),
    *(
        _Piece("Workbook", name, f"{_GROUP}/Microsoft.Insights/workbooks/{guid('workbook', name)}",
               _LOCAL)
        for name in ("weekly-report", "sign-ins", "data-volume", "threat-feeds")
    ),
    *(
        _Piece("Playbook", name, f"{_GROUP}/Microsoft.Logic/workflows/{name}", _RESPONSE)
        for name in ("block-address", "isolate-machine", "revoke-sessions")
    ),
    *(
        _Piece("AutomationRule", name, f"{INSIGHTS_ID}/automationRules/{guid('automation', name)}",
               _RESPONSE)
        for name in ("close-scanner-noise", "tag-executives")
    ),
    *(
        _Piece("Parser", name, f"{RESOURCE_ID}/savedSearches/{guid('parser', name)}", _REPOSITORY)
        for name in ("NorthwindLogons", "NorthwindFirewall", "NorthwindMail")
    ),
    *(
        _Piece("Watchlist", name, f"{INSIGHTS_ID}/watchlists/{name}", _LOCAL)
        for name in ("vips", "sites")
    ),
)  # fmt: skip


def documents() -> Iterable[Document]:
    """Yield the metadata of the rules, then that of the other content."""
    for rule in rules():
        name = f"analyticsrule-{rule.id}"
        yield Document("metadata", name, _body(name, _of_rule(rule)))
    for piece in _PIECES:
        name = f"{piece.kind.lower()}-{piece.name}"
        yield Document("metadata", name, _body(name, _of_piece(piece)))


def _body(name: str, properties: Body) -> Body:
    return {
        "id": f"{INSIGHTS_ID}/metadata/{name}",
        "name": name,
        "type": "Microsoft.SecurityInsights/metadata",
        "etag": "",
        "properties": properties,
    }


def _of_rule(rule: Rule) -> Body:
    kept_in_git = rule.kind in ("Scheduled", "NRT") and rule.enabled
    is_written = bool(rule.query)
    source = _REPOSITORY if kept_in_git else _LOCAL if is_written else _BASICS
    properties: Body = {
        "contentId": rule.id,
        "version": "1.0.0",
        "kind": "AnalyticsRule",
        "parentId": f"{INSIGHTS_ID}/alertRules/{rule.id}",
        "source": source,
        **_people(),
        "threatAnalysisTactics": list(rule.tactics),
        "threatAnalysisTechniques": list(rule.techniques),
    }
    needed = sorted({_FED_BY[table] for table in _FED_BY if table in rule.query})
    if needed:
        criteria = [{"contentId": each, "kind": "DataConnector"} for each in needed]
        properties["dependencies"] = {"operator": "AND", "criteria": criteria}
    return properties


def _of_piece(piece: _Piece) -> Body:
    properties: Body = {
        "contentId": piece.name,
        "version": "1.0.0",
        "kind": piece.kind,
        "parentId": piece.parent,
        "source": piece.source,
        **_people(),
    }
    if piece.domains:
        properties["categories"] = {"domains": list(piece.domains), "verticals": []}
    return properties


def _people() -> Body:
    return {
        "author": {"name": COMPANY, "email": f"detections@{DOMAIN}"},
        "support": {"name": COMPANY, "email": f"detections@{DOMAIN}", "tier": "Partner"},
    }
