"""Defender XDR's incidents, alerts and hunting, by the real service over the real clients."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from pydantic import BaseModel
from tests.scripted import Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.defender.models import (
    DefenderAlertListing,
    DefenderIncidentDetail,
    DefenderIncidentListing,
    HuntingAnswer,
)
from sentinel_mcp.settings import Settings

HUNT = "POST security/runHuntingQuery"
GRAPH = "https://graph.microsoft.com/v1.0"


def incident(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.security.incident",
        "id": str(number),
        "displayName": f"Incident {number}",
        "severity": "high",
        "status": "active",
        "classification": "unknown",
        "determination": "unknown",
        "assignedTo": None,
        "createdDateTime": "2026-11-20T08:43:35.5533333Z",
        "lastUpdateDateTime": "2026-11-20T09:35:45.1133333Z",
        "customTags": ["Demo"],
        "systemTags": ["Defender Experts"],
        "incidentWebUrl": f"https://security.microsoft.com/incidents/{number}",
        **more,
    }


def alert(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.security.alert",
        "id": f"da{number}",
        "incidentId": "1",
        "title": "Suspicious file",
        "status": "new",
        "severity": "low",
        "serviceSource": "microsoftDefenderForEndpoint",
        "mitreTechniques": ["T1564.001"],
        "createdDateTime": "2026-11-20T12:19:27Z",
        "evidence": [
            {
                "@odata.type": "#microsoft.graph.security.deviceEvidence",
                "deviceDnsName": "pc1.contoso.com",
                "verdict": "suspicious",
                "roles": ["compromised"],
                "vmMetadata": {"cloudProvider": "azure"},
            },
            {
                "@odata.type": "#microsoft.graph.security.quantumEvidence",
                "spin": {"direction": "up"},
            },
            {
                "@odata.type": "#microsoft.graph.security.userEvidence",
                "userAccount": {"userPrincipalName": "ann@contoso.com"},
            },
        ],
        **more,
    }


def denied(_: HttpRequest) -> Reply:
    return refusal(403, "Forbidden", "Missing application roles.")


async def asked(
    client: Client[FastMCPTransport], tool: str, model: type[BaseModel], **arguments: Any
) -> Any:
    answer = await client.call_tool(tool, arguments)
    return model.model_validate(answer.structured_content)


async def failed(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


def body_of(request: HttpRequest) -> dict[str, Any]:
    content = request.content
    assert isinstance(content, bytes)
    return json.loads(content)


def results(rows: list[dict[str, Any]], **columns: str) -> dict[str, Any]:
    return {
        "schema": [{"name": name, "type": kind} for name, kind in columns.items()],
        "results": rows,
    }


async def test_incidents_are_filtered_by_graph_with_enums_quoted_and_times_bare() -> None:
    azure = ScriptedAzure({"GET security/incidents": {"value": [incident()], "@odata.count": 1}})
    async with served(azure) as client:
        page: DefenderIncidentListing = await asked(
            client,
            "list_defender_incidents",
            DefenderIncidentListing,
            severities=["high", "medium"],
            statuses=["active"],
            assigned_to="o'neil@contoso.com",
            classification="truePositive",
            created_after="2026-11-01T00:00:00+01:00",
            updated_before="2026-11-21T00:00:00Z",
        )

    assert azure.asked()["$filter"] == (
        "((severity eq 'high' or severity eq 'medium') and status eq 'active' "
        "and assignedTo eq 'o''neil@contoso.com' and classification eq 'truePositive' "
        "and createdDateTime ge 2026-10-31T23:00:00Z "
        "and lastUpdateDateTime lt 2026-11-21T00:00:00Z)"
    )
    (found,) = page.incidents
    assert (found.title, found.severity, found.tags) == (
        "Incident 1",
        "high",
        ["Demo", "Defender Experts"],
    )
    assert page.total_count == 1


@pytest.mark.parametrize("tool", ["list_defender_incidents", "list_defender_alerts"])
@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1700000000", "soon"]
)
async def test_a_moment_that_is_none_is_refused_unsent(tool: str, moment: str) -> None:
    azure = ScriptedAzure({})

    async with served(azure) as client:
        error = await failed(client, tool, created_after=moment)

    assert error["code"] == "invalid_input"
    assert "ISO 8601" in error["message"]
    assert not azure.requests


async def test_a_moment_without_a_zone_is_in_utc() -> None:
    azure = ScriptedAzure({"GET security/alerts_v2": {"value": []}})

    async with served(azure) as client:
        await client.call_tool("list_defender_alerts", {"created_after": "2026-11-20"})

    assert azure.asked()["$filter"] == "createdDateTime ge 2026-11-20T00:00:00Z"


async def test_pages_of_incidents_continue_by_number_and_by_token() -> None:
    links = [f"{GRAPH}/security/incidents?$skip=25", f"{GRAPH}/x?$skiptoken=abc"]

    def listed(request: HttpRequest) -> Reply:
        place = 2 if "skiptoken" in request.url else int("$skip=25" in request.url)
        more = {"@odata.nextLink": links[place]} if place < len(links) else {}
        return Reply({"value": [incident(place)], **more})

    azure = ScriptedAzure({"GET security/incidents": listed})
    cursor, seen = None, list[str]()
    async with served(azure) as client:
        for _ in range(3):
            page: DefenderIncidentListing = await asked(
                client, "list_defender_incidents", DefenderIncidentListing, cursor=cursor
            )
            cursor = page.next_cursor
            seen += [each.id for each in page.incidents]

    assert (seen, cursor) == (["0", "1", "2"], None)


async def test_a_list_without_incidents_is_empty() -> None:
    async with served(ScriptedAzure({"GET security/incidents": {"value": []}})) as client:
        page: DefenderIncidentListing = await asked(
            client, "list_defender_incidents", DefenderIncidentListing
        )

    assert (page.incidents, page.total_count, page.next_cursor) == ([], None, None)


@pytest.mark.parametrize(
    ("tool", "arguments", "permission"),
    [
        ("list_defender_incidents", {}, "SecurityIncident.Read.All"),
        ("get_defender_incident", {"incident": "1"}, "SecurityIncident.Read.All"),
        ("list_defender_alerts", {}, "SecurityAlert.Read.All"),
        ("run_advanced_hunting", {"query": "DeviceEvents"}, "ThreatHunting.Read.All"),
    ],
)
async def test_a_refusal_names_the_permission_to_grant(
    tool: str, arguments: dict[str, Any], permission: str
) -> None:
    routes: dict[str, Route] = {
        "GET security/incidents": denied,
        "GET security/incidents/1": denied,
        "GET security/alerts_v2": denied,
        HUNT: denied,
    }
    async with served(ScriptedAzure(routes)) as client:
        error = await failed(client, tool, **arguments)

    assert error["code"] == "access_denied"
    assert f"Grant the application permission `{permission}`" in error["hint"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [("list_defender_alerts", {}), ("run_advanced_hunting", {"query": "DeviceEvents"})],
)
async def test_a_cloud_without_defender_is_not_asked(tool: str, arguments: dict[str, Any]) -> None:
    azure = ScriptedAzure({})
    async with served(azure, settings=Settings(cloud="china")) as client:
        error = await failed(client, tool, **arguments)

    assert error["code"] == "config"
    assert "no Defender XDR" in error["message"]
    assert azure.requests == []


async def test_an_incident_comes_with_alerts_evidence_and_comments() -> None:
    document = incident(
        alerts=[alert()],
        comments=[
            {"comment": "old", "createdBy": "d@contoso.com", "createdTime": "2026-11-20T12:07:37Z"},
            {"comment": "new", "createdByDisplayName": "Eve"},
        ],
        newField={"deepValue": 3},
    )
    azure = ScriptedAzure({"GET security/incidents/1": document})
    async with served(azure) as client:
        found: DefenderIncidentDetail = await asked(
            client, "get_defender_incident", DefenderIncidentDetail, incident="1"
        )

    assert azure.asked() == {"$expand": "alerts"}
    assert [(each.text, each.author) for each in found.comments] == [
        ("new", "Eve"),
        ("old", "d@contoso.com"),
    ]
    evidence = found.alerts[0].evidence
    assert [(each.kind, each.name) for each in evidence] == [
        ("device", "pc1.contoso.com"),
        ("quantum", None),
        ("user", "ann@contoso.com"),
    ]
    assert evidence[0].properties["vm_metadata_cloud_provider"] == "azure"
    assert evidence[1].properties == {"spin_direction": "up"}
    assert found.properties["new_field_deep_value"] == 3
    assert (found.alerts_count, found.notices) == (1, [])


async def test_what_is_left_out_of_a_large_incident_is_told() -> None:
    crowd = [
        {"@odata.type": "#microsoft.graph.security.ipEvidence", "ipAddress": f"192.0.2.{number}"}
        for number in range(30)
    ]
    document = incident(
        alerts=[alert(number, description="x" * 2_000, evidence=crowd) for number in range(60)],
        comments=[{"comment": f"c{number}"} for number in range(40)],
    )
    azure = ScriptedAzure({"GET security/incidents/1": document})
    async with served(azure) as client:
        found: DefenderIncidentDetail = await asked(
            client, "get_defender_incident", DefenderIncidentDetail, incident="1"
        )

    assert len(found.model_dump_json()) <= Settings().max_answer_bytes
    assert found.alerts_count == 60
    assert 0 < len(found.alerts) < 60
    assert found.alerts[0].evidence_count == 30
    assert len(found.notices) == 3


async def test_an_incident_id_stays_one_segment_of_the_path() -> None:
    azure = ScriptedAzure({})
    async with served(azure) as client:
        error = await failed(client, "get_defender_incident", incident="../alerts_v2")

    assert error["code"] == "invalid_input"
    assert azure.requests == []


async def test_an_incident_that_is_odd_in_every_field_is_read_all_the_same() -> None:
    odd: dict[str, Any] = {
        "id": 7,
        "alerts": [{"evidence": [None, {}]}, "x"],
        "comments": {},
        "customTags": [1],
    }
    async with served(ScriptedAzure({"GET security/incidents/7": odd})) as client:
        found: DefenderIncidentDetail = await asked(
            client, "get_defender_incident", DefenderIncidentDetail, incident="7"
        )

    assert (found.id, found.alerts_count, found.comments_count) == ("7", 1, 0)


async def test_alerts_tell_what_they_are_about() -> None:
    azure = ScriptedAzure({"GET security/alerts_v2": {"value": [alert()], "@odata.count": 9}})
    async with served(azure) as client:
        page: DefenderAlertListing = await asked(
            client,
            "list_defender_alerts",
            DefenderAlertListing,
            source="endpoint",
            statuses=["new"],
            limit=1,
        )

    (found,) = page.alerts
    assert found.evidence_names == ["device pc1.contoso.com", "user ann@contoso.com"]
    assert (found.evidence_count, found.incident_id, page.total_count) == (3, "1", 9)
    assert azure.asked()["$filter"] == (
        "(status eq 'new' and serviceSource eq 'microsoftDefenderForEndpoint')"
    )
    assert azure.asked()["$top"] == "1"


async def test_hunting_answers_with_rows_under_kusto_types() -> None:
    rows = [
        {"Timestamp": "2026-11-20T08:00:00Z", "n": 3, "More": '{"a":1}'},
        {"Timestamp": None, "n": None},
    ]
    answer = results(rows, Timestamp="DateTime", n="Int64", More="Object", Ok="SByte")
    azure = ScriptedAzure({HUNT: answer})
    async with served(azure) as client:
        found: HuntingAnswer = await asked(
            client,
            "run_advanced_hunting",
            HuntingAnswer,
            query="DeviceEvents | take 2",
            timespan="7d",
        )

    assert [(each.name, each.type) for each in found.columns] == [
        ("Timestamp", "datetime"),
        ("n", "long"),
        ("More", "dynamic"),
        ("Ok", "bool"),
    ]
    assert found.rows == [
        ["2026-11-20T08:00:00Z", 3, '{"a":1}', None],
        [None, None, None, None],
    ]
    assert (found.truncated, found.timespan) == (False, "P7D")
    assert body_of(azure.requests[0]) == {"Query": "DeviceEvents | take 2", "Timespan": "P7D"}


async def test_hunting_without_a_range_covers_the_services_thirty_days() -> None:
    azure = ScriptedAzure({HUNT: results([])})
    async with served(azure) as client:
        found: HuntingAnswer = await asked(
            client, "run_advanced_hunting", HuntingAnswer, query="DeviceEvents"
        )

    assert body_of(azure.requests[0]) == {"Query": "DeviceEvents"}
    assert (found.timespan, found.rows, found.columns) == ("P30D", [], [])


async def test_rows_beyond_what_was_asked_for_are_cut_and_it_is_said() -> None:
    rows = [{"n": number, "x": "y" * 90_000} for number in range(9)]
    azure = ScriptedAzure({HUNT: results(rows, n="Int64", x="String")})
    async with served(azure) as client:
        by_rows: HuntingAnswer = await asked(
            client, "run_advanced_hunting", HuntingAnswer, query="DeviceEvents", max_rows=2
        )
        by_bytes: HuntingAnswer = await asked(
            client, "run_advanced_hunting", HuntingAnswer, query="DeviceEvents"
        )

    assert (by_rows.row_count, by_rows.truncated) == (2, True)
    assert by_bytes.truncated
    assert 0 < by_bytes.row_count < 9
    assert any("long values are cut" in each for each in by_bytes.warnings)


async def test_the_guard_refuses_and_nothing_is_sent() -> None:
    azure = ScriptedAzure({HUNT: results([])})
    async with served(azure) as client:
        for query in (
            'externaldata(a: string) ["https://evil.example/x"]',
            'cluster("x").database("y").DeviceEvents',
            ".show tables",
            "DeviceEvents | evaluate http_request('https://evil.example')",
        ):
            error = await failed(client, "run_advanced_hunting", query=query)
            assert error["code"] == "query_refused", query

    assert azure.requests == []


async def test_what_the_service_says_of_a_wrong_query_is_told() -> None:
    wrong = refusal(400, "BadRequest", "Failed to resolve column 'Foo'.")
    async with served(ScriptedAzure({HUNT: wrong})) as client:
        error = await failed(client, "run_advanced_hunting", query="DeviceEvents | where Foo == 1")

    assert error["code"] == "invalid_query"
    assert "Failed to resolve column 'Foo'." in error["message"]


async def test_an_answer_that_is_no_result_is_unavailable() -> None:
    azure = ScriptedAzure({HUNT: {"schema": "?", "results": []}})
    async with served(azure) as client:
        error = await failed(client, "run_advanced_hunting", query="DeviceEvents")

    assert error["code"] == "unavailable"


@pytest.mark.asyncio(loop_scope="session")
async def test_the_scenarios_incidents_are_those_of_the_workspace_with_a_defender_alert(
    client: Client[FastMCPTransport],
) -> None:
    page: DefenderIncidentListing = await asked(
        client, "list_defender_incidents", DefenderIncidentListing, severities=["high"]
    )
    (story,) = page.incidents
    found: DefenderIncidentDetail = await asked(
        client, "get_defender_incident", DefenderIncidentDetail, incident=story.id
    )
    sentinel = await client.call_tool("list_incidents", {"severities": ["High"]})

    assert sentinel.structured_content
    titles = [each["title"] for each in sentinel.structured_content["incidents"]]
    assert story.title in titles
    assert {each.service_source for each in found.alerts} <= {
        "microsoftDefenderForEndpoint",
        "microsoftDefenderForOffice365",
        "microsoftDefenderForCloudApps",
        "azureAdIdentityProtection",
    }
    assert any("nw-ws-112" in name for each in found.alerts for name in each.evidence_names)
    assert len(found.comments) == found.comments_count > 0


@pytest.mark.asyncio(loop_scope="session")
async def test_the_scenarios_alerts_are_filtered_and_belong_to_their_incidents(
    client: Client[FastMCPTransport],
) -> None:
    everything: DefenderAlertListing = await asked(
        client, "list_defender_alerts", DefenderAlertListing, limit=100
    )
    created = [each.created for each in everything.alerts if each.created]
    middle = sorted(created)[len(created) // 2]
    later: DefenderAlertListing = await asked(
        client,
        "list_defender_alerts",
        DefenderAlertListing,
        created_after=middle.isoformat(),
        limit=100,
    )

    assert everything.total_count == len(everything.alerts) > 5
    assert created == sorted(created, reverse=True)
    assert {each.id for each in later.alerts} == {
        each.id for each in everything.alerts if each.created and each.created >= middle
    }


@pytest.mark.asyncio(loop_scope="session")
async def test_hunting_in_the_scenario_finds_what_the_workspaces_table_has(
    client: Client[FastMCPTransport],
) -> None:
    hunted: HuntingAnswer = await asked(
        client,
        "run_advanced_hunting",
        HuntingAnswer,
        query=(
            "DeviceProcessEvents | where FileName =~ 'PsExec64.exe' or FileName =~ 'psexec.exe' "
            "| summarize n = count(), latest = max(Timestamp) by DeviceName "
            "| order by DeviceName asc"
        ),
    )
    queried = await client.call_tool(
        "run_query",
        {
            "query": "DeviceProcessEvents | where FileName =~ 'PsExec64.exe' "
            "or FileName =~ 'psexec.exe' | summarize n = count(), latest = max(TimeGenerated) "
            "by DeviceName | order by DeviceName asc",
            "timespan": "30d",
        },
    )

    assert queried.structured_content
    assert hunted.rows == queried.structured_content["tables"][0]["rows"]
    assert hunted.row_count > 0


@pytest.mark.asyncio(loop_scope="session")
async def test_the_range_of_a_hunt_counts_in_the_scenario(
    client: Client[FastMCPTransport],
) -> None:
    found: HuntingAnswer = await asked(
        client,
        "run_advanced_hunting",
        HuntingAnswer,
        query="DeviceNetworkEvents | summarize earliest = min(Timestamp)",
        timespan="2d",
    )

    first = datetime.fromisoformat(found.rows[0][0])
    assert datetime.now(UTC) - first < timedelta(days=2, minutes=5)


@pytest.mark.asyncio(loop_scope="session")
async def test_a_table_that_only_defender_has_is_refused_by_name(
    client: Client[FastMCPTransport],
) -> None:
    absent = await failed(client, "run_advanced_hunting", query="AlertInfo | take 1")
    other = await failed(client, "run_advanced_hunting", query="IdentityInfo | take 1")

    assert absent["code"] == other["code"] == "unsupported_locally"
    assert "AlertInfo" in absent["message"]
    assert "DeviceProcessEvents" in absent["hint"]
