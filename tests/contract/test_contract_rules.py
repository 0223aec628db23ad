"""The service's own samples of rules and templates, read by the tools; and what they send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from azure_models import REFERENCE
from tests.scripted import SAMPLES, Reply, Route, ScriptedAzure, sample, served

from sentinel_mcp.domains.rules.coverage_models import MitreCoverage
from sentinel_mcp.domains.rules.models import (
    RuleDetail,
    RuleListing,
    TemplateDetail,
    TemplateListing,
)
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="Azure's samples are not beside the project"
)

SCHEDULED = "73e01a99-5cd7-4139-a149-9f2736ff2ab5"


async def call(azure: ScriptedAzure, tool: str, **arguments: Any) -> Any:
    async with served(azure, settings=Settings(allow_writes=True)) as client:
        answer = await client.call_tool(tool, arguments)
    return answer.structured_content


def asked_of(name: str, parameter: str) -> dict[str, Any]:
    """Return the body of an official sample's request."""
    found = json.loads((SAMPLES / name).read_text(encoding="utf-8"))
    return found["parameters"][parameter]


async def test_the_samples_rules_are_listed() -> None:
    azure = ScriptedAzure({"GET alertRules": sample("alertRules/GetAllAlertRules.json")})

    listing = RuleListing.model_validate(await call(azure, "list_rules"))

    assert {each.kind for each in listing.rules} == {
        "Scheduled",
        "Fusion",
        "MicrosoftSecurityIncidentCreation",
    }
    assert all(each.title and each.enabled is not None for each in listing.rules)
    assert azure.asked()["api-version"] == "2025-09-01"


async def test_the_samples_scheduled_rule_is_read_with_its_playbook() -> None:
    routes: dict[str, Route] = {
        f"GET alertRules/{SCHEDULED}": sample("alertRules/GetScheduledAlertRule.json"),
        f"GET alertRules/{SCHEDULED}/actions": sample("actions/GetAllActionsByAlertRule.json"),
    }
    found = await call(ScriptedAzure(routes), "get_rule", rule=SCHEDULED)
    rule = RuleDetail.model_validate(found)
    properties = sample("alertRules/GetScheduledAlertRule.json")["properties"]

    assert (rule.title, rule.query) == (properties["displayName"], properties["query"])
    assert (rule.frequency, rule.period) == (
        properties["queryFrequency"],
        properties["queryPeriod"],
    )
    assert [each.entity_type for each in rule.entity_mappings] == [
        each["entityType"] for each in properties["entityMappings"]
    ]
    assert rule.incidents
    assert rule.incidents.by_alert_details == ["DisplayName"]
    assert rule.suppression
    assert rule.suppression.duration == properties["suppressionDuration"]
    assert [each.logic_app for each in rule.playbooks] == ["MyAlerts"]
    assert (rule.missing, rule.from_template) == ([], None)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("GetFusionAlertRule", "Fusion"),
        ("GetNrtAlertRule", "NRT"),
        ("GetMicrosoftSecurityIncidentCreationAlertRule", "MicrosoftSecurityIncidentCreation"),
    ],
)
async def test_the_samples_rule_of_each_kind_is_read(name: str, kind: str) -> None:
    document = sample(f"alertRules/{name}.json")
    azure = ScriptedAzure({f"GET alertRules/{document['name']}": document})

    rule = RuleDetail.model_validate(await call(azure, "get_rule", rule=document["name"]))

    assert (rule.kind, rule.title) == (kind, document["properties"]["displayName"])
    assert rule.tactics == document["properties"].get("tactics", [])
    assert rule.etag == document["etag"]


async def test_the_samples_templates_are_listed_and_read() -> None:
    name = "65360bb0-8986-4ade-a89d-af3cf44d28aa"
    azure = ScriptedAzure(
        {
            "GET alertRuleTemplates": sample("alertRuleTemplates/GetAlertRuleTemplates.json"),
            f"GET alertRuleTemplates/{name}": sample(
                "alertRuleTemplates/GetAlertRuleTemplateById.json"
            ),
        }
    )

    listing = TemplateListing.model_validate(await call(azure, "list_rule_templates", source="aws"))
    found = TemplateDetail.model_validate(await call(azure, "get_rule_template", template=name))

    assert [(each.name, each.version) for each in listing.templates] == [(name, "1.0.1")]
    assert (found.version, found.sources[0].data_types) == ("1.0.2", ["AWSCloudTrail"])
    assert found.query
    assert found.query.startswith("let timeframe = 1d;")
    assert [each.fields for each in found.entity_mappings] == [
        {"FullName": "AccountCustomEntity"},
        {"Address": "IPCustomEntity"},
    ]


async def test_the_samples_are_counted_by_tactic() -> None:
    azure = ScriptedAzure(
        {
            "GET alertRules": sample("alertRules/GetAllAlertRules.json"),
            "GET alertRuleTemplates": sample("alertRuleTemplates/GetAlertRuleTemplates.json"),
            "GET savedSearches": sample(
                "logAnalytics-savedSearches/SavedSearchesListByWorkspace.json"
            ),
        }
    )

    coverage = MitreCoverage.model_validate(await call(azure, "get_mitre_coverage"))

    lateral = next(each for each in coverage.tactics if each.tactic == "LateralMovement")
    # Its Fusion rule is off.
    assert (lateral.enabled_rules, lateral.disabled_rules, lateral.templates) == (1, 1, 2)
    # The sample's saved search is of another category.
    assert (coverage.totals.hunting_queries, coverage.missing) == (0, [])


async def test_a_created_rule_is_sent_as_the_sample_sends_its_own() -> None:
    expected = asked_of("alertRules/CreateScheduledAlertRule.json", "alertRule")
    sent: list[dict[str, Any]] = []

    def take(request: HttpRequest) -> Reply:
        sent.append(json.loads(request.content))
        return Reply(sample("alertRules/CreateScheduledAlertRule.json"), 201)

    azure = ScriptedAzure({f"PUT alertRules/{SCHEDULED}": take})
    grouping = expected["properties"]["incidentConfiguration"]["groupingConfiguration"]
    await call(
        azure,
        "create_rule",
        rule=SCHEDULED,
        title=expected["properties"]["displayName"],
        description=expected["properties"]["description"],
        severity="High",
        query="Heartbeat",
        frequency="PT1H",
        period="P2DT1H30M",
        tactics=["Persistence", "LateralMovement"],
        details=expected["properties"]["customDetails"],
        entities=[
            {
                "entity": each["entityType"],
                "columns": {
                    field["identifier"]: field["columnName"] for field in each["fieldMappings"]
                },
            }
            for each in expected["properties"]["entityMappings"]
        ],
        alerts="per_result",
        suppress_for="PT1H",
        group_by=grouping["groupByEntities"],
        confirm=True,
    )

    (body,) = sent
    assert body["kind"] == expected["kind"]
    mine, theirs = body["properties"], expected["properties"]
    # What the tool does not offer.
    unsaid = {"alertDetailsOverride"}
    assert mine.keys() == theirs.keys() - unsaid
    same = mine.keys() - {"suppressionEnabled", "incidentConfiguration"}
    assert {key: mine[key] for key in same} == {key: theirs[key] for key in same}
    configuration = mine["incidentConfiguration"]
    assert configuration.keys() == theirs["incidentConfiguration"].keys()
    sent_grouping = configuration["groupingConfiguration"]
    assert sent_grouping.keys() <= grouping.keys()
    assert {type(value) for value in sent_grouping.values()} == {bool, str, list}
    assert azure.requests[-1].method == "PUT"


async def test_a_changed_rule_keeps_all_that_the_sample_has() -> None:
    before = sample("alertRules/GetScheduledAlertRule.json")
    sent: list[dict[str, Any]] = []

    def take(request: HttpRequest) -> Reply:
        sent.append(json.loads(request.content))
        return Reply(before)

    azure = ScriptedAzure(
        {f"GET alertRules/{SCHEDULED}": before, f"PUT alertRules/{SCHEDULED}": take}
    )
    await call(azure, "set_rule_enabled", rule=SCHEDULED, enabled=False, confirm=True)

    expected = {**before["properties"], "enabled": False}
    del expected["lastModifiedUtc"]
    assert sent == [
        {
            "kind": "Scheduled",
            "etag": before["etag"],
            "properties": {key: each for key, each in expected.items() if each is not None},
        }
    ]
