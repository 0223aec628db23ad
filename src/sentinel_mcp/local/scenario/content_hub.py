"""The content hub: solutions that are installed, what they brought, and the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.scenario.people import person
from sentinel_mcp.local.scenario.solutions import cloud, machines, offered
from sentinel_mcp.local.scenario.solutions.model import Kind, Solution, Template

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

_INSTALLER = "aiko.tanaka"
_SHORT: dict[Kind, str] = {
    "DataConnector": "dc",
    "AnalyticsRule": "ar",
    "HuntingQuery": "hq",
    "Workbook": "wb",
    "Parser": "pr",
    "Playbook": "pl",
}
_RESOURCES: dict[Kind, str] = {
    "DataConnector": "Microsoft.OperationalInsights/workspaces/providers/dataConnectors",
    "AnalyticsRule": "Microsoft.SecurityInsights/AlertRuleTemplates",
    "HuntingQuery": "Microsoft.OperationalInsights/savedSearches",
    "Workbook": "Microsoft.Insights/workbooks",
    "Parser": "Microsoft.OperationalInsights/workspaces/savedSearches",
    "Playbook": "Microsoft.Logic/workflows",
}


SOLUTIONS = (*cloud.SOLUTIONS, *machines.SOLUTIONS, *offered.SOLUTIONS)


def documents(clock: Clock) -> Iterable[Document]:
    """Yield what is installed, its templates, and the catalogue."""
    installed = [each for each in SOLUTIONS if each.installed]
    for number, each in enumerate(installed):
        made = _system_data(clock, days=180 - 11 * number)
        yield _document("contentPackages", each.id, _package(each, each.installed or ""), made)
        for template in each.templates:
            yield _template(each, template, made)
    listed = _system_data(clock, days=30)
    for each in SOLUTIONS:
        properties = _package(each, each.version)
        if each.installed:
            properties["installedVersion"] = each.installed
        yield _document("contentProductPackages", each.id, properties, listed)
        for template in each.templates:
            yield _product_template(each, template, listed)


def _package(solution: Solution, version: str) -> Body:
    return {
        "contentId": solution.id,
        "contentProductId": solution.product_id,
        "contentKind": "Solution",
        "contentSchemaVersion": "3.0.0",
        "version": version,
        "displayName": solution.name,
        "description": solution.description,
        "publisherDisplayName": solution.publisher,
        "isPreview": "true" if solution.preview else "false",
        "source": {"kind": "Solution", "name": solution.name, "sourceId": solution.id},
        "author": {"name": solution.publisher},
        "support": {"tier": solution.tier, "name": solution.publisher},
        "dependencies": {
            "operator": "AND",
            "criteria": [
                {"kind": each.kind, "contentId": _content_id(solution, each), "version": "1.0.0"}
                for each in solution.templates
            ],
        },
        "providers": [solution.publisher],
        "categories": {"domains": list(solution.domains), "verticals": None},
        "firstPublishDate": "2024-03-01",
        "threatAnalysisTactics": sorted({t for each in solution.templates for t in each.tactics}),
    }


def _content_id(solution: Solution, template: Template) -> str:
    return guid("content", solution.slug, template.kind, template.title)


def _template_properties(solution: Solution, template: Template, version: str) -> Body:
    return {
        "contentId": _content_id(solution, template),
        "contentProductId": f"{solution.id[:40]}-{_SHORT[template.kind]}-"
        f"{guid('product', solution.slug, template.title)[:13].replace('-', '')}",
        "contentKind": template.kind,
        "version": "1.0.2",
        "packageVersion": version,
        "packageId": solution.id,
        "packageKind": "Solution",
        "packageName": solution.name,
        "displayName": template.title,
        "source": {"kind": "Solution", "name": solution.name, "sourceId": solution.id},
        "support": {"tier": solution.tier, "name": solution.publisher},
        "threatAnalysisTactics": list(template.tactics),
        "threatAnalysisTechniques": list(template.techniques),
    }


def _template(solution: Solution, template: Template, made: Body) -> Document:
    name = f"{_SHORT[template.kind]}-{guid('template', solution.slug, template.title)}"
    properties = _template_properties(solution, template, solution.installed or "")
    properties["mainTemplate"] = _main_template(solution, template)
    return _document("contentTemplates", name, properties, made)


def _product_template(solution: Solution, template: Template, made: Body) -> Document:
    name = f"{_SHORT[template.kind]}-{guid('product template', solution.slug, template.title)}"
    properties = _template_properties(solution, template, solution.version)
    return _document("contentProductTemplates", name, properties, made)


def _main_template(solution: Solution, template: Template) -> Body:
    """Return what would be deployed: one resource, as the solution describes it."""
    properties: Body = {"displayName": template.title}
    if template.query:
        tags = {
            "description": f"Part of the solution {solution.name}.",
            "tactics": ",".join(template.tactics),
            "techniques": ",".join(template.techniques),
        }
        properties |= {
            "category": "Hunting Queries" if template.kind == "HuntingQuery" else "Samples",
            "query": template.query,
            "version": 2,
            "tags": [{"name": name, "value": value} for name, value in tags.items() if value],
        }
    if template.alias:
        properties["functionAlias"] = template.alias
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.2",
        "parameters": {},
        "variables": {},
        "resources": [
            {
                "type": _RESOURCES[template.kind],
                "apiVersion": "2022-10-01",
                "name": guid("resource", solution.slug, template.title),
                "properties": properties,
            }
        ],
    }


def _system_data(clock: Clock, *, days: int) -> Body:
    at, who = wire(clock.now - timedelta(days=days)), person(_INSTALLER).upn
    return {
        "createdBy": who,
        "createdByType": "User",
        "createdAt": at,
        "lastModifiedBy": who,
        "lastModifiedByType": "User",
        "lastModifiedAt": at,
    }


def _document(kind: str, name: str, properties: Body, system_data: Body) -> Document:
    body: Body = {
        "id": f"{INSIGHTS_ID}/{kind}/{name}",
        "name": name,
        "type": f"Microsoft.SecurityInsights/{kind.lower()}",
        "etag": "",
        "properties": properties,
        "systemData": system_data,
    }
    return Document(kind, name, body)
