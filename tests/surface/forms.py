"""Every form in which a tool can be called: each of its arguments given once, closed sets whole."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast, get_args

from fastmcp.tools import Tool
from test_every_tool import CHANGES, QUERY, READS

from sentinel_mcp.domains.incidents.models import SectionName

Arguments = dict[str, Any]
Call = tuple[str, Arguments]

SAME_REQUESTS: Mapping[str, str] = {
    "workspace": "sends the same to another workspace",
    "cursor": "sends the same for another page",
    "limit": "sends the same for a shorter page",
    "confirm": "is given wherever a tool asks for it",
    "dry_run": "sends less",
    "etag": "sends the same, or stops before it writes",
}
"""Arguments that make no tool send another kind of request, and why."""

VALUES: Mapping[str, object] = {
    "add_labels": ["phishing"],
    "alert": "alert",
    "assigned_to": "x",
    "bookmark": "bookmarks",
    "bookmark_id": "5c3f1f4e-3a55-4b0a-9c5f-2f6d1d1f0a11",
    "budget_s": 30,
    "category": "Other",
    "classification_comment": "Seen.",
    "classification_reason": "SuspiciousActivity",
    "columns_containing": "user",
    "comment": "Seen.",
    "comment_id": "5c3f1f4e-3a55-4b0a-9c5f-2f6d1d1f0a12",
    "confidence": 50,
    "created_after": "2024-01-01T00:00:00Z",
    "created_before": "2034-01-01T00:00:00Z",
    "csv": "Address\n192.0.2.7\n",
    "currency": "EUR",
    "days": 30,
    "department": "x",
    "description": "Seen.",
    "details": {"Who": "UserPrincipalName"},
    "entities": [{"entity": "Account", "columns": {"FullName": "UserPrincipalName"}}],
    "entity": "192.0.2.1",
    "entity_id": "entity",
    "event_time": "2026-01-01T00:00:00Z",
    "frequency": "2h",
    "group_by": ["Account"],
    "incident": "main",
    "incident_id": "5c3f1f4e-3a55-4b0a-9c5f-2f6d1d1f0a13",
    "item": "watchlistItems",
    "keyword": "cobalt",
    "kind": "Scheduled",
    "label": "x",
    "labels": ["x"],
    "max_confidence": 90,
    "max_rows": 5,
    "metrics": ["AvailabilityRate_Query"],
    "min_confidence": 10,
    "modified_after": "2024-01-01T00:00:00Z",
    "namespace": "Microsoft.OperationalInsights/workspaces",
    "notes": "Seen.",
    "owner": "ana@northwind.example",
    "package_id": "x",
    "pattern": "[ipv4-addr:value = '192.0.2.9']",
    "period": "1d",
    "playbook": "x",
    "price_per_gb": 3,
    "principal": "graphUsers",
    "product": "x",
    "provider": "x",
    "query": QUERY,
    "query_end": "2026-01-02T00:00:00Z",
    "query_start": "2026-01-01T00:00:00Z",
    "remove_labels": ["x"],
    "row": {"Account": "x"},
    "rows": [{"Address": "192.0.2.8"}],
    "rule": "alertRules",
    "sample_rows": 2,
    "saved_search": "savedSearches",
    "search": "x",
    "server_timeout_s": 60,
    "source": "x",
    "suppress_for": "1h",
    "table": "SigninLogs",
    "tactic": "InitialAccess",
    "tactics": ["InitialAccess"],
    "tags": ["x"],
    "task_id": "5c3f1f4e-3a55-4b0a-9c5f-2f6d1d1f0a14",
    "technique": "T1566",
    "techniques": ["T1566"],
    "template": "alertRuleTemplates",
    "tenant_id": "6d1f2c40-8a35-4b7e-9c02-51e0a7d3b964",
    "text": "sign",
    "threat_type": "x",
    "threat_types": ["malicious-activity"],
    "threshold": 3,
    "timespan": "P1D",
    "title": "Multi-stage, seen",
    "title_contains": "x",
    "updated_after": "2024-01-01T00:00:00Z",
    "updated_before": "2034-01-01T00:00:00Z",
    "valid_at": "2026-01-01T00:00:00Z",
    "valid_from": "2026-01-01T00:00:00Z",
    "valid_until": "2034-01-01T00:00:00Z",
    "value": "192.0.2.1",
    "wait_s": 0,
}
"""A value for each argument that is no closed set, by its name."""

_CLOSED = {"status": "Closed", "classification": "Undetermined"}
_ACCOUNT = [{"entity": "Account", "columns": {"FullName": "UserPrincipalName"}}]

TOGETHER: Mapping[tuple[str, str], Sequence[Arguments]] = {
    ("create_bookmark", "entities"): [
        {"entities": [{"type": "Account", "identifier": "FullName", "value": "x"}]}
    ],
    ("create_indicator", "pattern"): [
        {"pattern": "[ipv4-addr:value = '192.0.2.9']", "value": None}
    ],
    ("create_indicator", "value_type"): [
        {"value_type": "url", "value": "https://seen.example/"},
    ],
    ("create_rule", "techniques"): [{"techniques": ["T1566"], "tactics": ["InitialAccess"]}],
    ("create_rule", "group_by"): [{"group_by": ["Account"], "entities": _ACCOUNT}],
    ("create_rule", "rule"): [{"rule": "5c3f1f4e-3a55-4b0a-9c5f-2f6d1d1f0a15"}],
    ("create_watchlist", "csv"): [{"csv": "Address\n192.0.2.7\n", "rows": None}],
    ("get_entity_timeline", "entity_id"): [{"entity_id": "entity", "value": None}],
    ("get_entity_timeline", "kind"): [{"kind": "ip"}],
    ("get_incident_statistics", "created_after"): [
        {"created_after": "2025-01-01T00:00:00Z", "created_before": "2025-12-01T00:00:00Z"}
    ],
    ("get_incident_statistics", "created_before"): [{"created_before": "2025-12-01T00:00:00Z"}],
    ("investigate_entity", "kind"): [{"kind": "ip"}],
    ("query_metrics", "metrics"): [{"metrics": ["Ingestion Volume"]}],
    ("relate_to_incident", "alert"): [{"alert": "alert", "bookmark": None}],
    ("update_incident", "classification"): [_CLOSED],
    ("update_incident", "classification_comment"): [{**_CLOSED, "classification_comment": "Seen."}],
    ("update_incident", "classification_reason"): [
        {**_CLOSED, "classification": "FalsePositive", "classification_reason": "InaccurateData"}
    ],
    ("update_incident", "status"): [{"status": "Active"}, _CLOSED],
    ("update_rule", "entities"): [{"entities": _ACCOUNT, "group_by": []}],
    ("update_rule", "group_by"): [{"entities": _ACCOUNT, "group_by": ["Account"]}],
    ("upsert_watchlist_item", "item"): [
        {"watchlist": "watchlists", "item": "watchlistItems", "values": {"Job Title": "Seen"}}
    ],
}
"""Where an argument wants others beside it, or the values of a closed set differ in nothing."""


_NEW: Mapping[str, tuple[str, str]] = {
    "create_indicator": ("value", "192.0.2.{}"),
    "create_watchlist": ("watchlist", "New{}"),
}
"""What must differ from one creation to the next."""


ALSO: Sequence[Call] = (
    ("get_incident", {"incident": "incidents"}),
    ("get_hunting_query", {"hunting_query": "hubQuery"}),
    ("run_hunting_query", {"hunting_query": "hubQuery"}),
    ("get_incident", {"incident": "main", "include": list(get_args(SectionName))}),
    ("get_role_assignments", {"principal": "daniel.reyes@northwind.example"}),
)
"""What another value of an argument sends."""


def forms(tools: Mapping[str, Tool]) -> Iterator[Call]:
    """Yield every call: each tool as it is, then with each further argument it has."""
    yield from ALSO
    number = itertools.count(1)
    for tool, base in {**READS, **CHANGES}.items():
        known = tools[tool].parameters["properties"]
        agreed = {"confirm": True} if "confirm" in known else {}
        yield tool, {**base, **agreed}
        for argument, schema in known.items():
            if argument in base or argument in SAME_REQUESTS:
                continue
            for more in _values(tool, argument, schema):
                whole = {**base, **agreed, **_new(tool, next(number)), **more}
                yield tool, {name: each for name, each in whole.items() if each is not None}


def _new(tool: str, number: int) -> Arguments:
    if tool not in _NEW:
        return {}
    argument, pattern = _NEW[tool]
    return {argument: pattern.format(number % 200 + 10)}


def _values(tool: str, argument: str, schema: Mapping[str, Any]) -> Sequence[Arguments]:
    if (tool, argument) in TOGETHER:
        return TOGETHER[tool, argument]
    closed = _closed_set(schema)
    return [{argument: each} for each in ([VALUES[argument]] if closed is None else closed)]


def _closed_set(schema: Mapping[str, Any]) -> Sequence[object] | None:
    choices = cast("list[Mapping[str, Any]]", schema.get("anyOf", [schema]))
    given, *others = [each for each in choices if each.get("type") != "null"]
    if others:
        return None
    if "enum" in given:
        return given["enum"]
    if given.get("type") == "boolean":
        return [not schema.get("default", False)]
    if "enum" in given.get("items", {}):
        return [[each] for each in given["items"]["enum"]]
    return None
