"""How Sentinel is set up: repositories, origins of content, anomaly rules, features."""

from __future__ import annotations

from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.workspace.setup.models import (
    AnomalySettingDetail,
    AnomalySettingListing,
    MetadataDetail,
    MetadataListing,
    SentinelSettings,
    SourceControlDetail,
    SourceControlListing,
)
from sentinel_mcp.local.scenario.rules.all import rules
from sentinel_mcp.settings import Settings

NO = refusal(403, "AuthorizationFailed")
EMPTY: dict[str, object] = {"value": []}
REPOSITORY: dict[str, Any] = {
    "name": "r1",
    "etag": '"1"',
    "properties": {
        "displayName": "Detections",
        "repoType": "Gitlab",
        "contentTypes": ["AnalyticsRule", "Novelty"],
        "repository": {"url": "https://git.example/x", "branch": "main"},
        "repositoryAccess": {"kind": "PAT", "token": "hunter2"},
        "servicePrincipal": {"appId": "a", "clientSecret": "hunter2"},
        "repositoryResourceInfo": {
            "webhook": {
                "webhookUrl": "https://hooks.example/x?code=hunter2",
                "webhookSecretUpdateTime": "2026-01-01T00:00:00Z",
            }
        },
        "lastDeploymentInfo": {
            "deployment": {"deploymentState": "Completed", "deploymentResult": "Failed"},
            "message": "No access.",
        },
        "futureThing": {"deepValue": 7},
    },
    "systemData": {"createdBy": "ana", "createdAt": "2026-01-01T00:00:00Z"},
}
ANOMALY: dict[str, Any] = {
    "name": "a1",
    "kind": "Anomaly",
    "properties": {
        "displayName": "Odd sign-ins",
        "enabled": False,
        "settingsStatus": "Flighting",
        "customizableObservations": {
            "thresholdObservations": [{"name": "Failures", "value": "25", "maximum": "100"}],
            "inventedObservations": [{"name": "New", "value": ["x", "y"]}],
            "singleSelectObservations": None,
        },
        "requiredDataConnectors": [{"connectorId": "AAD", "dataTypes": ["SigninLogs"]}],
    },
}


def metadata(number: int, kind: str = "Workbook") -> dict[str, Any]:
    return {"name": f"m{number:03}", "properties": {"kind": kind, "parentId": f"/x/{number}"}}


async def called(client: Client[FastMCPTransport], name: str, **arguments: Any) -> Any:
    return (await client.call_tool(name, arguments)).structured_content


async def test_a_repository_is_listed_with_its_last_deployment() -> None:
    never = {"name": "r0", "properties": {"displayName": "Workbooks"}}
    azure = ScriptedAzure({"GET sourcecontrols": {"value": [never, REPOSITORY]}})

    async with served(azure) as client:
        page = SourceControlListing.model_validate(await called(client, "list_source_controls"))

    assert [(each.title, each.kind) for each in page.source_controls] == [
        ("Detections", "Gitlab"),
        ("Workbooks", None),
    ]
    first, second = page.source_controls
    assert first.last_deployment
    assert (first.last_deployment.result, first.last_deployment.message) == ("Failed", "No access.")
    assert (second.last_deployment, page.total_count) == (None, 2)
    assert "hunter2" not in page.model_dump_json()


async def test_a_repository_tells_its_settings_and_no_secret() -> None:
    async with served(ScriptedAzure({"GET sourcecontrols/r1": REPOSITORY})) as client:
        answer = await called(client, "get_source_control", source_control="r1")

    found = SourceControlDetail.model_validate(answer)
    assert found.content_types == ["AnalyticsRule", "Novelty"]
    assert found.properties["future_thing_deep_value"] == 7
    assert found.properties["service_principal_client_secret"] == "[not shown]"
    assert found.properties["repository_resource_info_webhook_webhook_url"] == (
        "https://hooks.example/x"
    )
    assert found.created_by == "ana"
    assert "hunter2" not in found.model_dump_json()


@pytest.mark.parametrize(
    ("tool", "argument", "lister"),
    [
        ("get_source_control", "source_control", "list_source_controls"),
        ("get_metadata", "metadata", "list_metadata"),
        ("get_anomaly_setting", "anomaly_setting", "list_anomaly_settings"),
    ],
)
async def test_what_does_not_exist_is_told_with_the_way_to_what_does(
    tool: str, argument: str, lister: str
) -> None:
    azure = ScriptedAzure({})

    async with served(azure) as client:
        answer = await client.call_tool(tool, {argument: "nope"}, raise_on_error=False)
        foreign = await client.call_tool(tool, {argument: "../x"}, raise_on_error=False)

    assert answer.meta
    assert foreign.is_error
    assert answer.meta["error"]["code"] == "not_found"
    assert lister in answer.meta["error"]["hint"]
    assert len(azure.requests) == 1


@pytest.mark.parametrize(
    ("tool", "arguments", "route"),
    [
        ("list_source_controls", {}, "GET sourcecontrols"),
        ("get_source_control", {"source_control": "x"}, "GET sourcecontrols/x"),
        ("list_metadata", {}, "GET metadata"),
        ("get_metadata", {"metadata": "x"}, "GET metadata/x"),
        ("list_anomaly_settings", {}, "GET securityMLAnalyticsSettings"),
        ("get_anomaly_setting", {"anomaly_setting": "x"}, "GET securityMLAnalyticsSettings/x"),
    ],
)
async def test_a_refusal_names_the_role(tool: str, arguments: dict[str, str], route: str) -> None:
    async with served(ScriptedAzure({route: NO})) as client:
        answer = await client.call_tool(tool, arguments, raise_on_error=False)

    assert answer.is_error
    assert answer.meta
    assert answer.meta["error"]["code"] == "access_denied"
    assert "`Microsoft Sentinel Reader`" in str(answer.content)


@pytest.mark.parametrize(
    ("tool", "route", "key"),
    [
        ("list_source_controls", "GET sourcecontrols", "source_controls"),
        ("list_metadata", "GET metadata", "metadata"),
        ("list_anomaly_settings", "GET securityMLAnalyticsSettings", "anomaly_settings"),
    ],
)
async def test_an_empty_list_is_an_answer(tool: str, route: str, key: str) -> None:
    async with served(ScriptedAzure({route: EMPTY})) as client:
        answer = await called(client, tool)

    assert (answer[key], answer["next_cursor"]) == ([], None)


async def test_metadata_is_filtered_and_paged_by_azure() -> None:
    kept = [metadata(each) for each in range(5)]

    def page(request: Any) -> Reply:
        asked = azure.asked()
        start, count = int(asked.get("$skip", 0)), int(asked["$top"])
        more = {"nextLink": "https://management.azure.com/x?$skip=9"}
        found: dict[str, object] = {"value": kept[start : start + count]}
        return Reply({**found, **(more if start + count < len(kept) else {})})

    azure = ScriptedAzure({"GET metadata": page})
    names: list[str] = []
    async with served(azure) as client:
        cursor: str | None = None
        while True:
            answer = await called(client, "list_metadata", kind="Workbook", limit=2, cursor=cursor)
            found = MetadataListing.model_validate(answer)
            names += [each.name for each in found.metadata]
            cursor = found.next_cursor
            if cursor is None:
                break
        foreign = await client.call_tool(
            "list_metadata", {"cursor": "AAAA", "kind": "Parser"}, raise_on_error=False
        )

    assert names == ["m000", "m001", "m002", "m003", "m004"]
    assert len(azure.requests) == 3
    assert azure.asked()["$filter"] == "properties/kind eq 'Workbook'"
    assert foreign.is_error


async def test_what_is_no_metadata_in_a_list_keeps_its_place() -> None:
    azure = ScriptedAzure({"GET metadata": {"value": [metadata(1), None, "x", metadata(2)]}})

    async with served(azure) as client:
        answer = await called(client, "list_metadata")

    assert [each["name"] for each in answer["metadata"]] == ["m001", "", "", "m002"]


async def test_an_answer_with_null_for_a_list_of_metadata_is_unavailable() -> None:
    async with served(ScriptedAzure({"GET metadata": {"value": None}})) as client:
        answer = await client.call_tool("list_metadata", raise_on_error=False)

    assert answer.meta
    assert answer.meta["error"]["code"] == "unavailable"


async def test_metadata_too_large_for_an_answer_goes_on_in_the_next_without_a_gap() -> None:
    wordy = [{"name": f"m{each:03}", "properties": {"parentId": "x" * 900}} for each in range(10)]

    def page(request: Any) -> Reply:
        start = int(azure.asked().get("$skip", 0))
        return Reply({"value": wordy[start : start + int(azure.asked()["$top"])]})

    azure = ScriptedAzure({"GET metadata": page})
    names: list[str] = []
    async with served(azure, settings=Settings(max_answer_bytes=4096)) as client:
        cursor: str | None = None
        for _ in range(9):
            answer = await called(client, "list_metadata", limit=200, cursor=cursor)
            names += [each["name"] for each in answer["metadata"]]
            cursor = answer["next_cursor"]
            if cursor is None:
                break

    assert names == [f"m{each:03}" for each in range(10)]


async def test_dependencies_are_told_with_their_groups() -> None:
    document = {
        "name": "m1",
        "properties": {
            "kind": "AnalyticsRule",
            "dependencies": {
                "operator": "AND",
                "criteria": [
                    {
                        "operator": "OR",
                        "criteria": [
                            {"kind": "DataConnector", "contentId": "a"},
                            {"kind": "DataConnector", "contentId": "b", "version": "2.0"},
                        ],
                    },
                    {"kind": "Parser", "contentId": "p"},
                ],
            },
        },
    }
    async with served(ScriptedAzure({"GET metadata/m1": document})) as client:
        found = MetadataDetail.model_validate(await called(client, "get_metadata", metadata="m1"))

    assert found.dependencies == ["(DataConnector a OR DataConnector b v2.0)", "Parser p"]


async def test_anomaly_rules_are_listed_and_kept_by_whether_they_are_on() -> None:
    on = {"name": "a2", "kind": "New", "properties": {"displayName": "B", "enabled": True}}
    azure = ScriptedAzure({"GET securityMLAnalyticsSettings": {"value": [on, ANOMALY]}})

    async with served(azure) as client:
        every = await called(client, "list_anomaly_settings")
        off = await called(client, "list_anomaly_settings", enabled=False)

    page = AnomalySettingListing.model_validate(every)
    assert [(each.title, each.kind) for each in page.anomaly_settings] == [
        ("B", "New"),
        ("Odd sign-ins", "Anomaly"),
    ]
    assert [each["name"] for each in off["anomaly_settings"]] == ["a1"]
    assert off["anomaly_settings"][0]["tables"] == ["SigninLogs"]


async def test_what_is_set_in_an_anomaly_rule_is_told_of_unknown_kinds_too() -> None:
    azure = ScriptedAzure({"GET securityMLAnalyticsSettings/a1": ANOMALY})

    async with served(azure) as client:
        answer = await called(client, "get_anomaly_setting", anomaly_setting="a1")

    found = AnomalySettingDetail.model_validate(answer)
    assert [(each.kind, each.name, each.value) for each in found.observations] == [
        ("threshold", "Failures", "25"),
        ("invented", "New", "x, y"),
    ]
    assert found.connectors == ["AAD"]


SETTINGS: dict[str, Route] = {
    "GET onboardingStates/default": {"properties": {"customerManagedKey": True}},
    "GET settings": {
        "value": [
            {"name": "Ueba", "kind": "Ueba", "properties": {"dataSources": ["SigninLogs"]}},
            {"name": "EyesOn", "kind": "EyesOn", "properties": {"isEnabled": False}},
            {"name": "Next", "kind": "Next", "properties": {"mode": "fast"}},
        ]
    },
}


async def settings_of(routes: dict[str, Route]) -> SentinelSettings:
    async with served(ScriptedAzure(routes)) as client:
        return SentinelSettings.model_validate(await called(client, "get_sentinel_settings"))


async def test_features_are_told_those_without_a_setting_as_off() -> None:
    found = await settings_of(SETTINGS)

    assert found.onboarding
    assert (found.onboarding.onboarded, found.onboarding.customer_managed_key) == (True, True)
    assert {each.kind: (each.enabled, each.sources) for each in found.features} == {
        "Anomalies": (False, []),
        "EntityAnalytics": (False, []),
        "EyesOn": (False, []),
        "Next": (None, []),
        "Ueba": (True, ["SigninLogs"]),
    }
    assert found.missing == []


async def test_a_workspace_without_sentinel_has_nothing_on() -> None:
    found = await settings_of({"GET settings": EMPTY})

    assert found.onboarding
    assert found.onboarding.onboarded is False
    assert {each.enabled for each in found.features} == {False}


@pytest.mark.parametrize(
    ("broken", "part"),
    [("GET settings", "features"), ("GET onboardingStates/default", "onboarding")],
)
async def test_a_part_that_cannot_be_read_is_told_and_the_other_comes(
    broken: str, part: str
) -> None:
    found = await settings_of({**SETTINGS, broken: NO})

    assert [(each.part, each.error.code) for each in found.missing] == [(part, "access_denied")]
    assert (found.onboarding is None) is (part == "onboarding")
    assert bool(found.features) is (part == "onboarding")


async def test_settings_of_which_nothing_can_be_read_are_an_error_with_the_role() -> None:
    azure = ScriptedAzure({"GET settings": NO, "GET onboardingStates/default": NO})

    async with served(azure) as client:
        answer = await client.call_tool("get_sentinel_settings", raise_on_error=False)

    assert answer.is_error
    assert "`Microsoft Sentinel Reader`" in str(answer.content)


async def test_odd_documents_are_shown_as_far_as_they_go() -> None:
    odd: dict[str, object] = {
        "value": [{"name": "x", "properties": None}, {"id": "/a/y", "properties": []}]
    }
    routes: dict[str, Route] = {
        "GET sourcecontrols": odd,
        "GET securityMLAnalyticsSettings": odd,
        "GET metadata": odd,
        "GET settings": odd,
    }

    async with served(ScriptedAzure(routes)) as client:
        for tool in ("list_source_controls", "list_metadata", "list_anomaly_settings"):
            answer = await called(client, tool)
            key = next(each for each in answer if isinstance(answer[each], list))
            assert [each["name"] for each in answer[key]] == ["x", "y"]
        features = (await called(client, "get_sentinel_settings"))["features"]

    assert {"x", "y"} <= {each["kind"] for each in features}


@pytest.mark.asyncio(loop_scope="session")
async def test_on_the_scenario_everything_that_is_listed_can_be_read(
    client: Client[FastMCPTransport],
) -> None:
    for lister, getter, argument, key, count in (
        ("list_source_controls", "get_source_control", "source_control", "source_controls", 3),
        ("list_anomaly_settings", "get_anomaly_setting", "anomaly_setting", "anomaly_settings", 10),
        ("list_metadata", "get_metadata", "metadata", "metadata", 42),
    ):
        listed = (await called(client, lister, limit=200))[key]
        assert len(listed) == count
        for each in listed:
            found = await called(client, getter, **{argument: each["name"]})
            assert found["name"] == each["name"]


@pytest.mark.asyncio(loop_scope="session")
async def test_on_the_scenario_every_rule_has_metadata_that_leads_to_it(
    client: Client[FastMCPTransport],
) -> None:
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = await called(client, "list_metadata", kind="AnalyticsRule", limit=10, cursor=cursor)
        names += [each["parent"].rsplit("/", 1)[1] for each in page["metadata"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert sorted(names) == sorted(each.id for each in rules())


@pytest.mark.asyncio(loop_scope="session")
async def test_on_the_scenario_the_features_are_on(client: Client[FastMCPTransport]) -> None:
    found = SentinelSettings.model_validate(await called(client, "get_sentinel_settings"))

    assert {each.kind for each in found.features if each.enabled} == {
        "Anomalies",
        "EntityAnalytics",
        "EyesOn",
        "Ueba",
    }
