"""Analytics rules, templates and actions of the embedded workspace, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from app_stage import ARM, GA, Script, stage
from azure.core.rest import HttpRequest

from sentinel_mcp.kql.results import Diagnostic
from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace

SENTINEL = ARM + identity.INSIGHTS_ID
TEMPLATE = Document(
    "alertRuleTemplates",
    "t1",
    {"name": "t1", "kind": "Fusion", "properties": {"displayName": "Fusion", "severity": "High"}},
)
UNUSED = Document("alertRuleTemplates", "t2", {"name": "t2", "kind": "NRT", "properties": {}})
ACTION = Document(
    "actions", "a1", {"name": "a1", "properties": {"workflowId": "w"}}, parent="fusion"
)
FUSION = Document(
    "alertRules",
    "fusion",
    {
        "name": "fusion",
        "id": "of fusion",
        "kind": "Fusion",
        "properties": {"alertRuleTemplateName": "t1", "enabled": True},
    },
)
SCHEDULED: dict[str, Any] = {
    "displayName": "Odd logons",
    "enabled": True,
    "severity": "Low",
    "query": "Heartbeat",
    "queryFrequency": "PT1H",
    "queryPeriod": "P1D",
    "triggerOperator": "GreaterThan",
    "triggerThreshold": 0,
    "suppressionDuration": "PT5H",
    "suppressionEnabled": False,
}


class Api:
    """Asks the workspace as a client of the REST does."""

    def __init__(self, workspace: LocalWorkspace) -> None:
        self.workspace = workspace
        self._transport = AsgiTransport(workspace.app)

    async def ask(self, method: str, path: str, body: Any = None) -> AsgiResponse:
        request = HttpRequest(
            method, f"{SENTINEL}{path}?{GA}", json=body, headers={"Authorization": "Bearer any"}
        )
        response = await self._transport.send(request)
        assert isinstance(response, AsgiResponse)
        return response

    async def get(self, path: str) -> Any:
        response = await self.ask("GET", path)
        assert response.status_code == 200, response.text()
        return response.json()

    async def put(self, name: str, kind: str = "Scheduled", **properties: Any) -> AsgiResponse:
        body = {"kind": kind, "properties": {**SCHEDULED, **properties}}
        return await self.ask("PUT", f"/alertRules/{name}", body)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def api(tmp_path: Path, script: Script) -> AsyncGenerator[Api]:
    documents = [TEMPLATE, UNUSED, FUSION, ACTION]
    async with stage(tmp_path, script, documents=documents) as workspace:
        yield Api(workspace)


async def test_a_new_rule_is_201_and_is_in_the_list_with_what_the_service_adds(api: Api) -> None:
    created = await api.put("r1")

    assert created.status_code == 201
    rule = created.json()
    assert rule["id"] == f"{identity.INSIGHTS_ID}/alertRules/r1"
    assert rule["type"] == "Microsoft.SecurityInsights/alertRules"
    assert rule["properties"]["lastModifiedUtc"].endswith("Z")
    assert rule["properties"]["alertRuleTemplateName"] is None
    assert await api.get("/alertRules/R1") == rule
    assert [each["name"] for each in (await api.get("/alertRules"))["value"]] == ["fusion", "r1"]


async def test_an_old_etag_is_a_conflict_and_a_new_one_is_taken(api: Api) -> None:
    first = (await api.put("r1")).json()
    changed = {**first, "properties": {**first["properties"], "severity": "High"}}
    second = await api.ask("PUT", "/alertRules/r1", changed)
    third = await api.ask("PUT", "/alertRules/r1", changed)

    assert (second.status_code, third.status_code) == (200, 409)
    assert second.json()["etag"] != first["etag"]


async def test_the_kind_of_a_rule_stays_what_it_is(api: Api) -> None:
    await api.put("r1")
    body = {"kind": "NRT", "properties": SCHEDULED}
    response = await api.ask("PUT", "/alertRules/r1", body)

    assert response.status_code == 400
    assert "kind" in response.json()["error"]["message"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"displayName": None}, "displayName"),
    ({"displayName": "x" * 257}, "displayName"),
    ({"enabled": "yes"}, "enabled"),
    ({"severity": "Urgent"}, "severity"),
    ({"query": ""}, "query"),
    ({"query": "x" * 10_001}, "query"),
    ({"queryFrequency": "PT4M"}, "queryFrequency"),
    ({"queryFrequency": "1h"}, "queryFrequency"),
    ({"queryPeriod": "P15D"}, "queryPeriod"),
    ({"queryFrequency": "PT2H", "queryPeriod": "PT1H"}, "queryPeriod"),
    ({"queryFrequency": "PT30M", "queryPeriod": "P2D"}, "queryPeriod"),
    ({"triggerOperator": "Above"}, "triggerOperator"),
    ({"triggerThreshold": -1}, "triggerThreshold"),
    ({"suppressionDuration": "P2D"}, "suppressionDuration"),
    ({"suppressionEnabled": None}, "suppressionEnabled"),
    ({"tactics": ["Sorcery"]}, "Sorcery"),
    ({"tactics": "Execution"}, "tactics"),
    ({"tactics": ["Execution"], "techniques": ["1059"]}, "1059"),
    ({"techniques": ["T1059"]}, "tactics"),
    ({"entityMappings": [{"entityType": "Ghost"}]}, "entityType"),
    ({"entityMappings": [{"entityType": "Host", "fieldMappings": []}]}, "field mappings"),
    ({"entityMappings": [{"entityType": "Host"}] * 11}, "10 entity mappings"),
    ({"customDetails": {"a": 1}}, "customDetails"),
    ({"eventGroupingSettings": {"aggregationKind": "Some"}}, "aggregationKind"),
    ({"incidentConfiguration": {}, "eventGroupingSettings": []}, "eventGroupingSettings"),
    ({"incidentConfiguration": {"createIncident": 1}}, "createIncident"),
    (
        {
            "incidentConfiguration": {
                "createIncident": True,
                "groupingConfiguration": {
                    "enabled": True,
                    "reopenClosedIncident": False,
                    "lookbackDuration": "PT5H",
                    "matchingMethod": "Selected",
                },
            }
        },
        "Selected",
    ),
    (
        {
            "entityMappings": [],
            "incidentConfiguration": {
                "createIncident": True,
                "groupingConfiguration": {
                    "enabled": True,
                    "reopenClosedIncident": False,
                    "lookbackDuration": "PT5H",
                    "matchingMethod": "Selected",
                    "groupByEntities": ["Mailbox"],
                },
            },
        },
        "Mailbox",
    ),
]


@pytest.mark.parametrize(("properties", "named"), REFUSED)
async def test_what_azure_refuses_is_a_400_that_names_it(
    api: Api, properties: dict[str, Any], named: str
) -> None:
    response = await api.put("r1", **properties)

    assert response.status_code == 400
    assert named in response.json()["error"]["message"]
    assert (await api.ask("GET", "/alertRules/r1")).status_code == 404


async def test_a_query_that_does_not_bind_is_a_400_with_the_reason(
    api: Api, script: Script
) -> None:
    script.diagnostics = (
        Diagnostic("KS204", "error", "The name 'Nope' is unknown.", 1, 1, 4, None),
    )

    response = await api.put("r1")

    assert response.status_code == 400
    assert "The name 'Nope' is unknown." in response.json()["error"]["message"]


async def test_a_rule_of_microsofts_keeps_the_words_of_its_template(api: Api) -> None:
    body = {
        "kind": "Fusion",
        "properties": {
            "alertRuleTemplateName": "t1",
            "enabled": False,
            "displayName": "Mine now",
        },
    }
    properties = (await api.ask("PUT", "/alertRules/fusion", body)).json()["properties"]

    assert (properties["displayName"], properties["severity"]) == ("Fusion", "High")
    assert properties["enabled"] is False


async def test_a_rule_of_an_unknown_template_is_a_400(api: Api) -> None:
    body = {"kind": "Fusion", "properties": {"alertRuleTemplateName": "t9", "enabled": True}}

    assert (await api.ask("PUT", "/alertRules/f2", body)).status_code == 400


@pytest.mark.parametrize(
    ("kind", "properties", "status"),
    [
        ("MicrosoftSecurityIncidentCreation", {"productFilter": "Azure Security Center"}, 201),
        ("MicrosoftSecurityIncidentCreation", {}, 400),
        ("Telepathy", {}, 400),
        ("NRT", {"queryFrequency": None, "queryPeriod": None}, 201),
    ],
)
async def test_each_kind_has_its_own_required_properties(
    api: Api, kind: str, properties: dict[str, Any], status: int
) -> None:
    assert (await api.put("r1", kind, **properties)).status_code == status


async def test_a_deleted_rule_is_gone_with_its_actions_and_again_is_204(api: Api) -> None:
    first = await api.ask("DELETE", "/alertRules/fusion")
    again = await api.ask("DELETE", "/alertRules/fusion")

    assert (first.status_code, again.status_code) == (200, 204)
    assert (await api.ask("GET", "/alertRules/fusion")).status_code == 404
    assert (await api.ask("GET", "/alertRules/fusion/actions")).status_code == 404


async def test_actions_are_those_of_their_rule(api: Api) -> None:
    await api.put("r1")

    assert [each["name"] for each in (await api.get("/alertRules/fusion/actions"))["value"]] == [
        "a1"
    ]
    assert (await api.get("/alertRules/fusion/actions/a1"))["name"] == "a1"
    assert await api.get("/alertRules/r1/actions") == {"value": []}
    assert (await api.ask("GET", "/alertRules/r1/actions/a1")).status_code == 404


async def test_a_template_counts_the_rules_made_from_it_and_has_no_etag(api: Api) -> None:
    await api.put("r1", alertRuleTemplateName="t1")
    listed = (await api.get("/alertRuleTemplates"))["value"]

    counts = {
        each["name"]: each["properties"]["alertRulesCreatedByTemplateCount"] for each in listed
    }
    assert counts == {"t1": 2, "t2": 0}
    assert not any("etag" in each for each in listed)
    assert await api.get("/alertRuleTemplates/t1") == listed[0]
    assert (await api.ask("GET", "/alertRuleTemplates/t3")).status_code == 404


async def test_an_action_cannot_be_written_here_and_says_so(api: Api) -> None:
    response = await api.ask("PUT", "/alertRules/fusion/actions/a2", {})

    assert response.status_code == 501
    assert "Actions_CreateOrUpdate" in response.json()["error"]["message"]
