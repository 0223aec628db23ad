"""Reads Azure's documents of rules, templates and actions into our models; camel case ends here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sentinel_mcp.domains.attack import parent_of
from sentinel_mcp.domains.documents import (
    Document,
    Scalar,
    cut,
    flag,
    flattened,
    inner,
    inners,
    last_segment,
    name,
    strings,
    text,
    texts,
    time,
    whole,
)
from sentinel_mcp.domains.rules.models import (
    EntityMapping,
    IncidentSettings,
    Newer,
    Playbook,
    RuleDetail,
    RuleSummary,
    Source,
    Suppression,
    TemplateDetail,
    TemplateState,
    TemplateSummary,
)

NOT_SHOWN = "[not shown]"
QUERY_CHARS = 20_000
"""Twice what Azure takes as the query of a rule."""

MAX_MAPPINGS = 25
MAX_DETAILS = 40

_AUTO_DISABLED = re.compile(r"\W*AUTO[ _-]?DISABLED\b", re.IGNORECASE)
_SECRET = re.compile(
    r"password|secret|token|api_?key|credential|authorization|signature|trigger_uri"
)
_LOGIC_APP = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/.+", re.IGNORECASE
)
_VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,5}")

# Told in fields of their own, or of no use to a reader.
_SHOWN_ELSEWHERE = frozenset(
    {
        "alertRuleTemplateName",
        "alertRulesCreatedByTemplateCount",
        "createdDateUTC",
        "customDetails",
        "description",
        "displayName",
        "enabled",
        "entityMappings",
        "eventGroupingSettings",
        "incidentConfiguration",
        "lastModifiedUtc",
        "lastUpdatedDateUTC",
        "query",
        "queryFrequency",
        "queryPeriod",
        "requiredDataConnectors",
        "severity",
        "sourceSettings",
        "status",
        "subTechniques",
        "suppressionDuration",
        "suppressionEnabled",
        "tactics",
        "techniques",
        "templateVersion",
        "triggerOperator",
        "triggerThreshold",
        "version",
    }
)


def read_rule(document: Document) -> RuleSummary:
    """Return a rule as a list shows it."""
    return RuleSummary(**_rule_fields(document))


def read_rule_detail(document: Document, workspace: str) -> RuleDetail:
    """Return a rule with all that its own document says."""
    properties = inner(document, "properties")
    return RuleDetail(
        **_rule_fields(document),
        **_detection_fields(properties),
        workspace=workspace,
        suppression=_suppression(properties),
        incidents=_incidents(inner(properties, "incidentConfiguration")),
        etag=text(document, "etag"),
    )


def read_template(document: Document) -> TemplateSummary:
    """Return a template as a list shows it."""
    return TemplateSummary(**_template_fields(document))


def read_template_detail(document: Document, workspace: str) -> TemplateDetail:
    """Return a template with its query and its defaults."""
    properties = inner(document, "properties")
    return TemplateDetail(
        **_template_fields(document),
        **_detection_fields(properties),
        workspace=workspace,
        frequency=text(properties, "queryFrequency", 50),
        created=time(properties, "createdDateUTC"),
        updated=time(properties, "lastUpdatedDateUTC"),
    )


def read_playbook(document: Document) -> Playbook:
    """Return the playbook of an action; its trigger URL is a secret and stays where it is."""
    app = text(inner(document, "properties"), "logicAppResourceId") or ""
    found = _LOGIC_APP.fullmatch(app)
    return Playbook(
        name=name(document),
        logic_app=last_segment(app) or None,
        resource_group=found["group"] if found else None,
        subscription_id=found["subscription"] if found else None,
    )


def read_template_state(rule: Document, template: Document | None) -> TemplateState | None:
    """Return the template of a rule, and whether it has become newer; None where it has none."""
    properties = inner(rule, "properties")
    stated = text(properties, "alertRuleTemplateName", 200)
    if stated is None:
        return None
    current = inner(template or {}, "properties")
    used, version = text(properties, "templateVersion", 50), text(current, "version", 50)
    return TemplateState(
        name=stated,
        title=text(current, "displayName"),
        used_version=used,
        version=version,
        updated=time(current, "lastUpdatedDateUTC"),
        newer=newer(used, version),
    )


def newer(used: str | None, version: str | None) -> Newer:
    """Return whether `version` is after `used`, as far as both are numbers with dots."""
    if not (used and version and _VERSION.fullmatch(used) and _VERSION.fullmatch(version)):
        return "no" if used and used == version else "unknown"
    left, right = ([int(part) for part in each.split(".")] for each in (used, version))
    longest = max(len(left), len(right))
    left, right = ([*each, *[0] * (longest - len(each))] for each in (left, right))
    return "yes" if right > left else "no"


def is_auto_disabled(title: str, *, enabled: bool | None) -> bool:
    """Return whether Azure switched a rule off: it then writes so before the rule's name."""
    return enabled is False and _AUTO_DISABLED.match(title) is not None


def techniques_of(properties: Document) -> list[str]:
    """Return the techniques of a rule or template, each followed by its sub-techniques."""
    stated = [*strings(properties, "techniques"), *strings(properties, "subTechniques")]
    found = [each.strip().upper() for each in stated if each.strip()]
    return sorted(dict.fromkeys(found), key=lambda each: (parent_of(each), each))


def _rule_fields(document: Document) -> dict[str, Any]:
    # The fields of `RuleSummary` by name; pydantic checks them where they are used.
    properties = inner(document, "properties")
    title = text(properties, "displayName", 500) or name(document)
    enabled = flag(properties, "enabled")
    return {
        "name": name(document),
        "title": title,
        "kind": text(document, "kind", 100) or "Unknown",
        "enabled": enabled,
        "auto_disabled": is_auto_disabled(title, enabled=enabled),
        "severity": text(properties, "severity", 50),
        "tactics": texts(properties, "tactics", 60),
        "techniques": [cut(each, 60) for each in techniques_of(properties)][:MAX_DETAILS],
        "frequency": text(properties, "queryFrequency", 50),
        "template": text(properties, "alertRuleTemplateName", 200),
        "modified": time(properties, "lastModifiedUtc"),
    }


def _template_fields(document: Document) -> dict[str, Any]:
    properties = inner(document, "properties")
    return {
        "name": name(document),
        "title": text(properties, "displayName", 500) or name(document),
        "kind": text(document, "kind", 100) or "Unknown",
        "severity": text(properties, "severity", 50),
        "tactics": texts(properties, "tactics", 60),
        "techniques": [cut(each, 60) for each in techniques_of(properties)][:MAX_DETAILS],
        "sources": [
            Source(
                connector=text(each, "connectorId", 200), data_types=texts(each, "dataTypes", 200)
            )
            for each in inners(properties, "requiredDataConnectors")[:MAX_MAPPINGS]
        ],
        "version": text(properties, "version", 50),
        "status": text(properties, "status", 50),
        "rules_made": whole(properties, "alertRulesCreatedByTemplateCount") or 0,
    }


def _detection_fields(properties: Document) -> dict[str, Any]:
    operator = text(properties, "triggerOperator", 50)
    threshold = whole(properties, "triggerThreshold")
    return {
        "description": text(properties, "description"),
        "query": text(properties, "query", QUERY_CHARS),
        "period": text(properties, "queryPeriod", 50),
        "trigger": f"{operator} {threshold}" if operator and threshold is not None else None,
        "event_grouping": text(inner(properties, "eventGroupingSettings"), "aggregationKind", 50),
        "entity_mappings": list(_mappings(inners(properties, "entityMappings")[:MAX_MAPPINGS])),
        "custom_details": _named(inner(properties, "customDetails")),
        "settings": _settings(properties),
    }


def _mappings(documents: Iterable[Document]) -> Iterable[EntityMapping]:
    for each in documents:
        fields = {
            identifier: text(field, "columnName", 200) or ""
            for field in inners(each, "fieldMappings")
            if (identifier := text(field, "identifier", 200))
        }
        yield EntityMapping(entity_type=text(each, "entityType", 100) or "Unknown", fields=fields)


def _named(details: Document) -> dict[str, str]:
    told = {key: value for key in list(details)[:MAX_DETAILS] if (value := text(details, key, 200))}
    return {cut(key, 100): value for key, value in told.items()}


def _suppression(properties: Document) -> Suppression | None:
    enabled = flag(properties, "suppressionEnabled")
    duration = text(properties, "suppressionDuration", 50)
    if enabled is None and duration is None:
        return None
    return Suppression(enabled=enabled, duration=duration)


def _incidents(configuration: Document) -> IncidentSettings | None:
    if not configuration:
        return None
    grouping = inner(configuration, "groupingConfiguration")
    return IncidentSettings(
        creates_incidents=flag(configuration, "createIncident"),
        grouped=flag(grouping, "enabled"),
        lookback=text(grouping, "lookbackDuration", 50),
        matching=text(grouping, "matchingMethod", 50),
        reopens_closed=flag(grouping, "reopenClosedIncident"),
        by_entities=texts(grouping, "groupByEntities", 100),
        by_alert_details=texts(grouping, "groupByAlertDetails", 100),
        by_custom_details=texts(grouping, "groupByCustomDetails", 100),
    )


def _settings(properties: Document) -> dict[str, Scalar]:
    """Return what no other field tells, flat: of unknown kinds that is nearly everything."""
    shown = flattened(properties, without=_SHOWN_ELSEWHERE)
    # Fusion's sources are objects within a list, and worth their names.
    sources = [
        f"{text(each, 'sourceName', 100)} {'off' if flag(each, 'enabled') is False else 'on'}"
        for each in inners(properties, "sourceSettings")
    ]
    if sources:
        shown["sources"] = cut(", ".join(sources), 1_000)
    return {key: NOT_SHOWN if _SECRET.search(key) else value for key, value in shown.items()}
