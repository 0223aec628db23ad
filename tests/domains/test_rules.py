"""Analytics rules and templates, by the real service over the real SDK, from a scripted Azure."""

from __future__ import annotations

from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from mcp.types import TextContent
from tests.scripted import WORKSPACE, Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains import attack
from sentinel_mcp.domains.rules import durations
from sentinel_mcp.domains.rules.documents import newer
from sentinel_mcp.domains.rules.models import (
    RuleDetail,
    RuleListing,
    TemplateDetail,
    TemplateListing,
)
from sentinel_mcp.errors import InputError
from sentinel_mcp.settings import Settings

SPRAY: dict[str, Any] = {
    "name": "spray",
    "kind": "Scheduled",
    "etag": '"1"',
    "properties": {
        "displayName": "Password spray",
        "description": "Many accounts, one address.",
        "enabled": True,
        "severity": "High",
        "tactics": ["CredentialAccess"],
        "techniques": ["T1110"],
        "subTechniques": ["T1110.003"],
        "query": "SigninLogs | where ResultType == '50126'",
        "queryFrequency": "PT1H",
        "queryPeriod": "PT2H",
        "triggerOperator": "GreaterThan",
        "triggerThreshold": 3,
        "suppressionDuration": "PT5H",
        "suppressionEnabled": False,
        "alertRuleTemplateName": "t-spray",
        "templateVersion": "1.9.0",
        "lastModifiedUtc": "2026-11-01T08:00:00Z",
        "eventGroupingSettings": {"aggregationKind": "AlertPerResult"},
        "customDetails": {"Failures": "FailureCount"},
        "alertDetailsOverride": {"alertDisplayNameFormat": "Spray from {{IPAddress}}"},
        "entityMappings": [
            {
                "entityType": "IP",
                "fieldMappings": [{"identifier": "Address", "columnName": "IPAddress"}],
            }
        ],
        "incidentConfiguration": {
            "createIncident": True,
            "groupingConfiguration": {
                "enabled": True,
                "reopenClosedIncident": False,
                "lookbackDuration": "PT5H",
                "matchingMethod": "Selected",
                "groupByEntities": ["IP"],
            },
        },
        "someNewFlag": True,
    },
}
FUSION: dict[str, Any] = {
    "name": "BuiltInFusion",
    "kind": "Fusion",
    "properties": {
        "displayName": "Multistage attacks",
        "enabled": True,
        "severity": "High",
        "tactics": ["LateralMovement", "Exfiltration"],
        "alertRuleTemplateName": "f71a",
        "sourceSettings": [
            {"sourceName": "Anomalies", "enabled": True},
            {"sourceName": "Alert providers", "enabled": False},
        ],
    },
}
FROM_CLOUD_APPS: dict[str, Any] = {
    "name": "mcas",
    "kind": "MicrosoftSecurityIncidentCreation",
    "properties": {
        "displayName": "Incidents of Cloud Apps",
        "enabled": True,
        "productFilter": "Microsoft Cloud App Security",
        "severitiesFilter": None,
    },
}
TIRED: dict[str, Any] = {
    "name": "tired",
    "kind": "NRT",
    "properties": {
        "displayName": "AUTO DISABLED Log cleared",
        "enabled": False,
        "severity": "Low",
        "tactics": ["DefenseEvasion"],
        "techniques": ["T1070.001"],
        "query": "SecurityEvent | where EventID == 1102",
    },
}
MODEL: dict[str, Any] = {
    "name": "rdp",
    "kind": "MLBehaviorAnalytics",
    "properties": {"displayName": "Odd RDP", "enabled": True, "severity": "Medium"},
}
UNHEARD_OF: dict[str, Any] = {
    "name": "quantum",
    "kind": "QuantumDetection",
    "properties": {"displayName": "Quantum", "spin": {"axis": "up"}, "apiKey": "hunter2"},
}
SHAPELESS: dict[str, Any] = {"id": "/x/alertRules/bare", "kind": None, "properties": [1]}
T_SPRAY: dict[str, Any] = {
    "name": "t-spray",
    "kind": "Scheduled",
    "properties": {
        "displayName": "Password spray",
        "severity": "High",
        "tactics": ["CredentialAccess"],
        "techniques": ["T1110"],
        "query": "SigninLogs",
        "queryFrequency": "PT1H",
        "queryPeriod": "PT1H",
        "version": "1.10.0",
        "status": "Available",
        "lastUpdatedDateUTC": "2026-11-10T00:00:00Z",
        "createdDateUTC": "2024-01-01T00:00:00Z",
        "alertRulesCreatedByTemplateCount": 1,
        "requiredDataConnectors": [
            {"connectorId": "AzureActiveDirectory", "dataTypes": ["SigninLogs"]}
        ],
    },
}
ACTION: dict[str, Any] = {
    "name": "a1",
    "properties": {
        "workflowId": "w1",
        "triggerUri": "https://logic.example/?sig=hunter2",
        "logicAppResourceId": "/subscriptions/s1/resourceGroups/rg-soar/providers/Microsoft.Logic"
        "/workflows/Block-Address",
    },
}
ALL = [SPRAY, FUSION, FROM_CLOUD_APPS, TIRED, MODEL, UNHEARD_OF, SHAPELESS]
ROUTES: dict[str, Route] = {
    "GET alertRules": {"value": ALL},
    "GET alertRules/spray": SPRAY,
    "GET alertRules/spray/actions": {"value": [ACTION]},
    "GET alertRules/BuiltInFusion": FUSION,
    "GET alertRules/mcas": FROM_CLOUD_APPS,
    "GET alertRules/tired": TIRED,
    "GET alertRules/quantum": UNHEARD_OF,
    "GET alertRules/bare": SHAPELESS,
    "GET alertRuleTemplates/t-spray": T_SPRAY,
    "GET alertRuleTemplates": {"value": [T_SPRAY]},
}


async def listed(client: Client[FastMCPTransport], **arguments: Any) -> RuleListing:
    answer = await client.call_tool("list_rules", arguments)
    return RuleListing.model_validate(answer.structured_content)


async def got(client: Client[FastMCPTransport], rule: str) -> RuleDetail:
    answer = await client.call_tool("get_rule", {"rule": rule})
    return RuleDetail.model_validate(answer.structured_content)


async def error_of(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


async def test_rules_of_every_kind_are_listed_by_title_in_one_request() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = await listed(client)

    assert [(each.title, each.kind) for each in page.rules] == [
        ("AUTO DISABLED Log cleared", "NRT"),
        ("bare", "Unknown"),
        ("Incidents of Cloud Apps", "MicrosoftSecurityIncidentCreation"),
        ("Multistage attacks", "Fusion"),
        ("Odd RDP", "MLBehaviorAnalytics"),
        ("Password spray", "Scheduled"),
        ("Quantum", "QuantumDetection"),
    ]
    assert (page.workspace, page.total_count, page.next_cursor) == ("soc", 7, None)
    assert azure.sent == ["GET alertRules"]
    assert [each.name for each in page.rules if each.auto_disabled] == ["tired"]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"kind": "nrt"}, ["tired"]),
        ({"enabled": False}, ["tired"]),
        ({"severity": "High"}, ["BuiltInFusion", "spray"]),
        ({"tactic": "defense evasion"}, ["tired"]),
        ({"technique": "T1110"}, ["spray"]),
        ({"technique": "t1110.003"}, ["spray"]),
        ({"technique": "T1070"}, ["tired"]),
        ({"technique": "T1070.002"}, []),
        ({"text": "SPRAY"}, ["spray"]),
        ({"text": "builtin"}, ["BuiltInFusion"]),
        ({"text": "nothing like it"}, []),
        ({"severity": "High", "tactic": "Exfiltration"}, ["BuiltInFusion"]),
    ],
)
async def test_filters_keep_only_what_they_say(arguments: dict[str, Any], names: list[str]) -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        page = await listed(client, **arguments)

    assert [each.name for each in page.rules] == names
    assert page.total_count == len(names)


async def test_what_is_no_tactic_is_refused_with_those_there_are_before_anything_is_asked() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        error = await error_of(client, "list_rules", tactic="Sorcery")

    assert error["code"] == "invalid_input"
    assert "InhibitResponseFunction" in error["hint"]


async def test_a_workspace_without_rules_lists_none() -> None:
    async with served(ScriptedAzure({"GET alertRules": {"value": []}})) as client:
        page = await listed(client)

    assert (page.rules, page.total_count, page.next_cursor) == ([], 0, None)


async def test_pages_of_rules_join_to_the_whole_list_and_a_cursor_is_bound_to_its_call() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        whole = await listed(client)
        first = await listed(client, limit=3)
        second = await listed(client, limit=3, cursor=first.next_cursor)
        third = await listed(client, limit=3, cursor=second.next_cursor)
        error = await error_of(
            client, "list_rules", limit=3, cursor=first.next_cursor, severity="High"
        )

    assert [*first.rules, *second.rules, *third.rules] == whole.rules
    assert third.next_cursor is None
    assert error["code"] == "invalid_input"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("list_rules", {}),
        ("get_rule", {"rule": "spray"}),
        ("list_rule_templates", {}),
        ("get_rule_template", {"template": "t-spray"}),
        ("get_mitre_coverage", {}),
        ("get_rule_health", {}),
    ],
)
async def test_a_refusal_names_the_role_that_is_missing(
    tool: str, arguments: dict[str, Any]
) -> None:
    denied = refusal(403, "AuthorizationFailed")
    routes: dict[str, Route] = {
        "GET alertRules": denied,
        "GET alertRules/spray": denied,
        "GET alertRuleTemplates": denied,
        "GET alertRuleTemplates/t-spray": denied,
    }

    async with served(ScriptedAzure(routes)) as client:
        error = await error_of(client, tool, **arguments)

    assert error["code"] == "access_denied"
    assert "Microsoft Sentinel Reader" in error["hint"]


async def test_a_rule_comes_with_its_playbooks_and_the_state_of_its_template() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        rule = await got(client, "spray")

    assert rule.query == SPRAY["properties"]["query"]
    assert (rule.frequency, rule.period, rule.trigger) == ("PT1H", "PT2H", "GreaterThan 3")
    assert rule.techniques == ["T1110", "T1110.003"]
    assert [(each.entity_type, each.fields) for each in rule.entity_mappings] == [
        ("IP", {"Address": "IPAddress"})
    ]
    assert rule.custom_details == {"Failures": "FailureCount"}
    assert rule.incidents
    assert (rule.incidents.creates_incidents, rule.incidents.by_entities) == (True, ["IP"])
    assert rule.suppression
    assert (rule.suppression.enabled, rule.suppression.duration) == (False, "PT5H")
    (playbook,) = rule.playbooks
    assert (playbook.logic_app, playbook.resource_group) == ("Block-Address", "rg-soar")
    assert rule.from_template
    assert (rule.from_template.used_version, rule.from_template.version) == ("1.9.0", "1.10.0")
    assert rule.from_template.newer == "yes"
    assert rule.settings == {
        "alert_details_override_alert_display_name_format": "Spray from {{IPAddress}}",
        "some_new_flag": True,
    }
    assert (rule.etag, rule.missing) == ('"1"', [])
    assert sorted(azure.sent) == [
        "GET alertRuleTemplates/t-spray",
        "GET alertRules/spray",
        "GET alertRules/spray/actions",
    ]


async def test_no_secret_of_a_rule_is_shown() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        answers = [
            await client.call_tool("get_rule", {"rule": name}) for name in ("spray", "quantum")
        ]

    assert "hunter2" not in str([each.structured_content for each in answers])


@pytest.mark.parametrize("name", ["BuiltInFusion", "mcas", "tired", "quantum", "bare"])
async def test_a_rule_of_any_kind_is_read_even_where_its_parts_are_missing(name: str) -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        rule = await got(client, name)

    assert rule.name == name
    expected: dict[str, dict[str, Any]] = {
        "BuiltInFusion": {"sources": "Anomalies on, Alert providers off"},
        "mcas": {"product_filter": "Microsoft Cloud App Security"},
        "quantum": {"spin_axis": "up", "api_key": "[not shown]"},
    }
    assert rule.settings == expected.get(name, {})
    # Neither actions nor Fusion's template are scripted: the rule comes all the same.
    missing = {each.part: each.error.code for each in rule.missing}
    fusion = {"from_template": "not_found"} if name == "BuiltInFusion" else {}
    assert missing == {"playbooks": "not_found", **fusion}


async def test_the_id_that_incidents_carry_finds_the_rule_and_another_workspaces_does_not() -> None:
    azure = ScriptedAzure(ROUTES)
    resource_id = (
        f"/subscriptions/{WORKSPACE.subscription_id}/resourcegroups/SECURITY"
        "/providers/Microsoft.OperationalInsights/workspaces/soc-logs"
        "/providers/Microsoft.SecurityInsights/alertRules/spray"
    )

    async with served(azure) as client:
        rule = await got(client, resource_id)
        error = await error_of(
            client, "get_rule", rule=resource_id.replace("soc-logs", "other-logs")
        )

    assert rule.name == "spray"
    assert error["code"] == "invalid_input"
    assert "other-logs" in error["message"]


@pytest.mark.parametrize("rule", ["../watchlists", "a/b", "a?b=c", ".."])
async def test_a_name_that_could_lead_elsewhere_is_refused_unsent(rule: str) -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        error = await error_of(client, "get_rule", rule=rule)

    assert error["code"] == "invalid_input"
    assert azure.sent == []


async def test_a_rule_that_is_not_there_says_how_to_find_one() -> None:
    async with served(ScriptedAzure({})) as client:
        error = await error_of(client, "get_rule", rule="gone")

    assert error["code"] == "not_found"
    assert "list_rules" in error["hint"]


async def test_an_answer_that_is_too_large_leaves_parts_out_and_says_which() -> None:
    large = {
        **SPRAY,
        "properties": {
            **SPRAY["properties"],
            "query": "X" * 9_000,
            **{f"setting{n}": "y" * 300 for n in range(30)},
        },
    }
    azure = ScriptedAzure({**ROUTES, "GET alertRules/spray": large})

    async with served(azure, settings=Settings(max_answer_bytes=12_000)) as client:
        rule = await got(client, "spray")

    assert rule.query == "X" * 9_000
    assert rule.settings == {}
    assert "`settings` is left out" in rule.notices[0]


@pytest.mark.parametrize(
    ("used", "version", "told"),
    [
        ("1.9.0", "1.10.0", "yes"),
        ("1.2", "1.2.0", "no"),
        ("2.0.0", "1.9.9", "no"),
        ("v1", "v1", "no"),
        ("v1", "v2", "unknown"),
        (None, "1.0.0", "unknown"),
        ("1.0.0", None, "unknown"),
    ],
)
def test_versions_are_compared_number_by_number(
    used: str | None, version: str | None, told: str
) -> None:
    assert newer(used, version) == told


def template(number: int, **properties: Any) -> dict[str, Any]:
    return {
        "name": f"t{number:03}",
        "kind": "Scheduled",
        "properties": {
            "displayName": f"Template {number:03}",
            "severity": "Medium",
            "tactics": ["Execution"],
            "techniques": ["T1059"],
            "query": "SecurityEvent " * 50,
            **properties,
        },
    }


async def templates(client: Client[FastMCPTransport], **arguments: Any) -> TemplateListing:
    answer = await client.call_tool("list_rule_templates", arguments)
    return TemplateListing.model_validate(answer.structured_content)


async def test_seven_hundred_templates_come_in_pages_that_fit_and_join_without_a_gap() -> None:
    azure = ScriptedAzure({"GET alertRuleTemplates": {"value": [template(n) for n in range(700)]}})
    found: list[str] = []

    async with served(azure) as client:
        cursor = None
        for _ in range(4):
            page = await templates(client, limit=200, cursor=cursor)
            found += [each.name for each in page.templates]
            assert page.total_count == 700
            assert len(page.model_dump_json()) < 64 * 1024
            cursor = page.next_cursor

    assert cursor is None
    assert found == [f"t{number:03}" for number in range(700)]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"source": "signinlogs"}, ["t-spray"]),
        ({"source": "azureactive"}, ["t-spray"]),
        ({"unused": True}, ["t001"]),
        ({"technique": "T1110"}, ["t-spray"]),
        ({"tactic": "execution"}, ["t001"]),
        ({"severity": "Medium"}, ["t001"]),
        ({"text": "spray"}, ["t-spray"]),
        ({"text": "spray", "unused": True}, []),
    ],
)
async def test_template_filters_keep_only_what_they_say(
    arguments: dict[str, Any], names: list[str]
) -> None:
    azure = ScriptedAzure({"GET alertRuleTemplates": {"value": [T_SPRAY, template(1)]}})

    async with served(azure) as client:
        page = await templates(client, **arguments)

    assert [each.name for each in page.templates] == names


async def test_a_template_comes_with_its_query_and_what_it_needs() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        answer = await client.call_tool("get_rule_template", {"template": "t-spray"})
    found = TemplateDetail.model_validate(answer.structured_content)

    assert (found.query, found.version, found.rules_made) == ("SigninLogs", "1.10.0", 1)
    assert [(each.connector, each.data_types) for each in found.sources] == [
        ("AzureActiveDirectory", ["SigninLogs"])
    ]


async def test_a_template_that_is_not_there_says_where_others_are() -> None:
    async with served(ScriptedAzure({})) as client:
        error = await error_of(client, "get_rule_template", template="t9")

    assert error["code"] == "not_found"
    assert "content hub" in error["hint"]


async def test_a_failure_of_azure_is_told_as_text_too() -> None:
    azure = ScriptedAzure({"GET alertRules": Reply("<html>", 502)})

    async with served(azure) as client:
        answer = await client.call_tool("list_rules", {}, raise_on_error=False)

    assert answer.is_error
    (content,) = answer.content
    assert isinstance(content, TextContent)
    assert "list the analytics rules" in content.text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("5m", "PT5M"),
        ("PT90M", "PT1H30M"),
        ("14d", "P14D"),
        ("P2DT1H30M", "P2DT1H30M"),
        ("pt0s", "PT0S"),
        ("1 h", "PT1H"),
        ("PT1.5H", None),
        ("P", None),
        ("PT", None),
        ("P1W", None),
        ("soon", None),
        ("-PT5M", None),
    ],
)
def test_a_duration_is_read_in_both_ways_of_writing_it(text: str, written: str | None) -> None:
    found = durations.parse(text)

    assert (found and durations.iso(found)) == written or (written == "PT0S" and not found)


def test_attack_has_every_tactic_of_sentinel_and_a_name_for_each_technique() -> None:
    known = attack.techniques()

    assert {each for found in known.values() for each in found.tactics} == set(attack.TACTICS)
    assert all(found.name and attack.is_technique(found.id) for found in known.values())
    assert all(attack.parent_of(each) in known for each in known)
    assert attack.technique_name("T1110.003") == "Password Spraying"
    assert attack.technique_name("T9999") is None


@pytest.mark.parametrize(
    ("text", "tactic"),
    [
        ("InitialAccess", "InitialAccess"),
        ("initial-access", "InitialAccess"),
        ("Command and Control", "CommandAndControl"),
        ("impair_process_control", "ImpairProcessControl"),
    ],
)
def test_a_tactic_is_known_in_every_spelling(text: str, tactic: str) -> None:
    assert attack.tactic(text) == tactic


@pytest.mark.parametrize("text", ["1110", "T11", "TA0001", "T1110.3", "T1110'"])
def test_what_is_no_technique_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        attack.technique(text)


async def test_a_kind_that_no_rule_has_is_told_with_those_there_are() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        unknown = await listed(client, kind="Schedule")
        known = await listed(client, kind="scheduled", text="nothing like it")

    assert (unknown.rules, known.notices) == ([], [])
    assert "Scheduled" in unknown.notices[0]
