"""Automation rules in words, from a scripted Azure."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scripted import Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.content.models import AutomationRuleDetail, AutomationRuleListing

RULE_ID = "fab3d2d4-747f-46a7-8ef0-9c0be8112bf7"
SENTINEL = "/subscriptions/s/providers/Microsoft.SecurityInsights"


def where(name: str, operator: str, *values: str) -> dict[str, Any]:
    return {
        "conditionType": "Property",
        "conditionProperties": {
            "propertyName": name,
            "operator": operator,
            "propertyValues": list(values),
        },
    }


def rule(
    name: str = "a1",
    *,
    order: int = 1,
    conditions: list[Any] | None = None,
    actions: list[Any] | None = None,
    **logic: Any,
) -> dict[str, Any]:
    return {
        "name": name,
        "etag": '"3"',
        "properties": {
            "displayName": f"Rule {name}",
            "order": order,
            "triggeringLogic": {
                "isEnabled": True,
                "triggersOn": "Incidents",
                "triggersWhen": "Created",
                "conditions": conditions or [],
                **logic,
            },
            "actions": actions or [],
            "createdBy": {"name": "Ana", "userPrincipalName": "ana@x.example"},
            "createdTimeUtc": "2026-01-01T13:00:00Z",
            "newField": {"innerPart": 1},
        },
    }


async def got(document: dict[str, Any], **routes: Route) -> AutomationRuleDetail:
    azure = ScriptedAzure({"GET automationRules/a1": document, **routes})
    async with served(azure) as client:
        answer = await client.call_tool("get_automation_rule", {"automation_rule": "a1"})
    return AutomationRuleDetail.model_validate(answer.structured_content)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (where("IncidentSeverity", "Equals", "High"), "incident severity equals 'High'"),
        (
            where("IncidentTitle", "NotContains", "a", "b"),
            "incident title not contains any of 'a', 'b'",
        ),
        (
            {
                "conditionType": "PropertyChanged",
                "conditionProperties": {
                    "propertyName": "IncidentStatus",
                    "changeType": "ChangedFrom",
                    "operator": "Equals",
                    "propertyValues": ["Closed"],
                },
            },
            "incident status changed from 'Closed'",
        ),
        (
            {
                "conditionType": "PropertyChanged",
                "conditionProperties": {"propertyName": "IncidentOwner"},
            },
            "incident owner changed",
        ),
        (
            {
                "conditionType": "PropertyArrayChanged",
                "conditionProperties": {"arrayType": "Alerts", "changeType": "Added"},
            },
            "alerts added",
        ),
        (
            {
                "conditionType": "PropertyArray",
                "conditionProperties": {
                    "arrayType": "CustomDetails",
                    "arrayConditionType": "AnyItem",
                    "itemConditions": [where("IncidentCustomDetailsKey", "Equals", "vip")],
                },
            },
            "any item of custom details: (incident custom details key equals 'vip')",
        ),
        (
            {
                "conditionType": "Boolean",
                "conditionProperties": {
                    "operator": "Or",
                    "innerConditions": [
                        where("HostName", "StartsWith", "dc"),
                        where("IPAddress", "Equals", "192.0.2.1"),
                    ],
                },
            },
            "(host name starts with 'dc' or ipaddress equals '192.0.2.1')",
        ),
        (
            {"conditionType": "Telepathy", "conditionProperties": {"deepThought": 42}},
            "telepathy: deep_thought 42",
        ),
        ({}, "unknown: "),
    ],
)
async def test_a_condition_is_put_into_words(condition: dict[str, Any], told: str) -> None:
    detail = await got(rule(conditions=[condition]))

    assert detail.conditions == [told]


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (
            {
                "actionType": "ModifyProperties",
                "actionConfiguration": {
                    "severity": None,
                    "status": "Closed",
                    "classification": "BenignPositive",
                    "owner": {"email": "ana@x.example", "objectId": "o"},
                    "labels": [{"labelName": "vip"}, {"labelName": "mail"}],
                },
            },
            "set status Closed; classification BenignPositive; owner ana@x.example; "
            "labels vip, mail",
        ),
        (
            {
                "actionType": "RunPlaybook",
                "actionConfiguration": {
                    "logicAppResourceId": "/subscriptions/s/Microsoft.Logic/workflows/notify",
                    "tenantId": "t",
                },
            },
            "run playbook notify",
        ),
        (
            {"actionType": "AddIncidentTask", "actionConfiguration": {"title": "Look"}},
            "add task 'Look'",
        ),
        (
            {"actionType": "RingBell", "actionConfiguration": {"howOften": 2}},
            "ring bell: action_configuration_how_often 2",
        ),
        ({"actionType": "RunPlaybook"}, "run playbook (not named)"),
        ({}, "unknown"),
    ],
)
async def test_an_action_is_put_into_words(action: dict[str, Any], told: str) -> None:
    detail = await got(rule(actions=[{"order": 1, **action}]))

    assert detail.actions == [told]


async def test_actions_come_in_their_order_with_the_playbooks_named() -> None:
    playbook = {
        "order": 2,
        "actionType": "RunPlaybook",
        "actionConfiguration": {"logicAppResourceId": "/x/workflows/notify"},
    }
    task = {"order": 1, "actionType": "AddIncidentTask", "actionConfiguration": {"title": "Look"}}

    detail = await got(rule(actions=[playbook, task]))

    assert detail.actions == ["add task 'Look'", "run playbook notify"]
    assert (detail.playbooks, detail.playbook_ids) == (["notify"], ["/x/workflows/notify"])


async def test_a_rule_tells_when_it_runs_who_made_it_and_what_is_new() -> None:
    detail = await got(rule(order=4, expirationTimeUtc="2026-12-31T00:00:00Z"))

    assert (detail.order, detail.enabled, detail.triggers) == (4, True, "Incidents Created")
    assert detail.expires is not None
    assert detail.expires.isoformat() == "2026-12-31T00:00:00+00:00"
    assert (detail.created_by, detail.etag) == ("ana@x.example", '"3"')
    assert detail.other == {"new_field_inner_part": 1}


NAMING = rule(
    conditions=[
        where(
            "IncidentRelatedAnalyticRuleIds",
            "Contains",
            f"{SENTINEL}/alertRules/{RULE_ID}",
            f"{SENTINEL}/alertRules/gone",
        )
    ]
)


async def test_analytics_rules_are_called_by_their_titles() -> None:
    rules: Route = {"value": [{"name": RULE_ID.upper(), "properties": {"displayName": "Spray"}}]}

    detail = await got(NAMING, **{"GET alertRules": rules})

    assert detail.conditions == [
        "incident related analytic rule ids contains any of 'Spray', 'gone'"
    ]
    assert detail.warnings == []


async def test_without_their_titles_analytics_rules_are_called_by_their_ids() -> None:
    detail = await got(NAMING, **{"GET alertRules": refusal(403, "AuthorizationFailed")})

    assert RULE_ID in detail.conditions[0]
    assert "could not be read" in detail.warnings[0]


async def test_a_condition_nested_without_end_is_cut() -> None:
    condition: dict[str, Any] = where("HostName", "Equals", "x")
    for _ in range(60):
        condition = {
            "conditionType": "Boolean",
            "conditionProperties": {"operator": "And", "innerConditions": [condition]},
        }

    detail = await got(rule(conditions=[condition]))

    assert "[nested too deep]" in detail.conditions[0]


async def test_odd_documents_hide_no_others() -> None:
    odd: list[Any] = [
        {},
        {"name": "n", "properties": {"triggeringLogic": "x", "actions": [1], "order": "two"}},
        rule("z", order=1),
    ]

    async with served(ScriptedAzure({"GET automationRules": {"value": odd}})) as client:
        answer = await client.call_tool("list_automation_rules", {})

    page = AutomationRuleListing.model_validate(answer.structured_content)
    assert [each.id for each in page.rules] == ["z", "", "n"]


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ({}, ["first", "second"]),
        ({"enabled": False}, ["second"]),
        ({"playbook": "NOTIFY"}, ["second"]),
        ({"text": "rule first"}, ["first"]),
        ({"text": "nothing"}, []),
    ],
)
async def test_rules_come_in_the_order_in_which_they_run(
    arguments: dict[str, Any], kept: list[str]
) -> None:
    playbook = {
        "order": 1,
        "actionType": "RunPlaybook",
        "actionConfiguration": {"logicAppResourceId": "/x/workflows/notify"},
    }
    found = [rule("second", order=2, isEnabled=False, actions=[playbook]), rule("first", order=1)]

    async with served(ScriptedAzure({"GET automationRules": {"value": found}})) as client:
        answer = await client.call_tool("list_automation_rules", arguments)

    page = AutomationRuleListing.model_validate(answer.structured_content)
    assert [each.id for each in page.rules] == kept


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (refusal(403, "AuthorizationFailed"), "access_denied"),
        (refusal(404, "NotFound"), "not_found"),
    ],
)
async def test_a_rule_that_cannot_be_read_says_why(reply: Any, code: str) -> None:
    async with served(ScriptedAzure({"GET automationRules/a1": reply})) as client:
        answer = await client.call_tool(
            "get_automation_rule", {"automation_rule": "a1"}, raise_on_error=False
        )

    assert answer.meta
    assert answer.meta["error"]["code"] == code
