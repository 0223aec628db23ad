"""Enrichment and Sentinel's own timeline, by the real service, from a scripted Azure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import WORKSPACE, Reply, ScriptedAzure, refusal, served

from sentinel_mcp.domains.entities.models import DomainWhois, EntityTimeline, IpLocation

GEODATA = "POST enrichment/main/listGeodataByIp"
WHOIS = "POST enrichment/main/listWhoisByDomain"
TIMELINE = "POST entities/e-1/getTimeline"

TOOLS: list[tuple[str, str, dict[str, Any]]] = [
    ("get_ip_location", GEODATA, {"ip": "192.0.2.1"}),
    ("get_domain_whois", WHOIS, {"domain": "contoso.example"}),
    ("get_entity_timeline", TIMELINE, {"entity_id": "e-1"}),
]
NOTHING: dict[str, Any] = {"metaData": {"totalCount": 0, "aggregations": []}, "value": []}


def activity(number: int) -> dict[str, Any]:
    return {
        "kind": "Activity",
        "queryId": "q",
        "title": f"Activity {number}",
        "content": "It happened.",
        "firstActivityTimeUTC": f"2026-11-20T10:{number:02}:00Z",
        "lastActivityTimeUTC": f"2026-11-20T10:{number:02}:30Z",
    }


async def located(client: Client[FastMCPTransport], ip: str) -> IpLocation:
    answer = await client.call_tool("get_ip_location", {"ip": ip})
    return IpLocation.model_validate(answer.structured_content)


async def timeline(client: Client[FastMCPTransport], **arguments: Any) -> EntityTimeline:
    answer = await client.call_tool("get_entity_timeline", {"entity_id": "e-1", **arguments})
    return EntityTimeline.model_validate(answer.structured_content)


async def refused(azure: ScriptedAzure, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    async with served(azure) as client:
        answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


@pytest.mark.parametrize(("tool", "route", "arguments"), TOOLS)
async def test_a_refusal_names_the_role_that_is_missing(
    tool: str, route: str, arguments: dict[str, Any]
) -> None:
    azure = ScriptedAzure({route: refusal(403, "AuthorizationFailed")})

    error = await refused(azure, tool, arguments)

    # Each is an action, and Reader has reads only.
    assert error["code"] == "access_denied"
    assert "`Microsoft Sentinel Contributor`" in error["hint"]


@pytest.mark.parametrize(("tool", "route", "arguments"), TOOLS)
async def test_what_azure_does_not_know_is_not_found(
    tool: str, route: str, arguments: dict[str, Any]
) -> None:
    error = await refused(ScriptedAzure({}), tool, arguments)

    assert error["code"] == "not_found"
    assert error["hint"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_ip_location", {"ip": "10.0.0.300"}),
        ("get_ip_location", {"ip": "10.0.0.1/../x"}),
        ("get_domain_whois", {"domain": "no domain"}),
        ("get_domain_whois", {"domain": "localhost"}),
        ("get_entity_timeline", {"entity_id": "../incidents"}),
        ("get_entity_timeline", {}),
        ("get_entity_timeline", {"entity_id": "e-1", "value": "192.0.2.1"}),
        (
            "get_entity_timeline",
            {
                "entity_id": "/subscriptions/1/resourceGroups/g/providers/p/workspaces/other"
                "/providers/Microsoft.SecurityInsights/entities/e-1"
            },
        ),
    ],
)
async def test_what_cannot_be_right_is_refused_before_azure_is_asked(
    tool: str, arguments: dict[str, Any]
) -> None:
    azure = ScriptedAzure({})

    error = await refused(azure, tool, arguments)

    assert error["code"] == "invalid_input"
    assert azure.requests == []


async def test_an_address_is_asked_for_as_it_is_usually_written() -> None:
    azure = ScriptedAzure({GEODATA: {"ipAddr": "2001:db8::1", "country": "x"}})

    async with served(azure) as client:
        found = await located(client, " 2001:DB8:0::1 ")

    assert json.loads(str(azure.requests[0].content)) == {"ipAddress": "2001:db8::1"}
    assert (found.ip, found.country, found.workspace) == ("2001:db8::1", "x", "soc")


async def test_a_location_with_nothing_in_it_is_an_answer() -> None:
    async with served(ScriptedAzure({GEODATA: {}})) as client:
        found = await located(client, "192.0.2.1")

    assert found == IpLocation(workspace="soc", ip="192.0.2.1")


async def test_odd_values_of_a_location_are_left_out() -> None:
    odd = {"latitude": "north", "longitude": 400, "cityCf": "many", "city": 5, "stateCf": 0}

    async with served(ScriptedAzure({GEODATA: odd})) as client:
        found = await located(client, "192.0.2.1")

    assert (found.latitude, found.longitude, found.confidence) == (None, None, {"state": 0})


@pytest.mark.parametrize(
    ("stated", "asked"),
    [
        ("Contoso.Example.", "contoso.example"),
        ("https://user@login.contoso.example:8443/x?y", "login.contoso.example"),
        ("someone@contoso.example", "contoso.example"),
        ("hxxps://contoso[.]example/x", "contoso.example"),
    ],
)
async def test_a_domain_is_taken_out_of_what_it_stands_in(stated: str, asked: str) -> None:
    azure = ScriptedAzure({WHOIS: {"domain": asked, "parsedWhois": {"contacts": {"admin": 5}}}})

    async with served(azure) as client:
        answer = await client.call_tool("get_domain_whois", {"domain": stated})

    assert json.loads(str(azure.requests[0].content)) == {"domain": asked}
    found = DomainWhois.model_validate(answer.structured_content)
    assert found == DomainWhois(workspace="soc", domain=asked)


async def test_reading_needs_no_right_to_write() -> None:
    # The guard of the read-only mode, which is the default, lets these three POSTs through.
    azure = ScriptedAzure({GEODATA: {}, WHOIS: {}, TIMELINE: NOTHING})

    async with served(azure) as client:
        for tool, _, arguments in TOOLS:
            await client.call_tool(tool, arguments)

    assert [each.method for each in azure.requests] == ["POST"] * 3


async def test_a_timeline_without_items_is_empty() -> None:
    azure = ScriptedAzure({TIMELINE: NOTHING})

    async with served(azure) as client:
        found = await timeline(client, timespan="2026-11-20/2026-11-21")

    assert (found.events, found.total_count, found.next_cursor) == ([], 0, None)
    assert json.loads(str(azure.requests[0].content)) == {
        "startTime": "2026-11-20T00:00:00Z",
        "endTime": "2026-11-21T00:00:00Z",
    }
    assert found.timespan == "2026-11-20T00:00:00Z/2026-11-21T00:00:00Z"


async def test_an_entity_is_found_by_its_whole_id_in_any_case() -> None:
    azure = ScriptedAzure({TIMELINE: NOTHING})
    whole = (
        f"/subscriptions/{WORKSPACE.subscription_id}/resourcegroups/SECURITY/providers/"
        "Microsoft.OperationalIinsights/workspaces/SOC-logs/providers/Microsoft.SecurityInsights"
        "/Entities/e-1"
    )

    async with served(azure) as client:
        found = await timeline(client, entity_id=whole)

    assert (found.entity_id, found.made_by) == ("e-1", "sentinel")


async def test_a_timeline_is_paged_and_ordered() -> None:
    items = [activity(number) for number in (3, 1, 2, 0)]
    azure = ScriptedAzure({TIMELINE: {"metaData": {"totalCount": 4}, "value": items}})

    async with served(azure) as client:
        first = await timeline(client, limit=3)
        rest = await timeline(client, limit=3, cursor=first.next_cursor)
        oldest = await timeline(client, limit=1, order="oldest")

    shown = [each.action for each in [*first.events, *rest.events]]
    assert shown == ["Activity 3", "Activity 2", "Activity 1", "Activity 0"]
    assert (first.total_count, rest.next_cursor) == (4, None)
    assert [each.action for each in oldest.events] == ["Activity 0"]


async def test_an_unknown_kind_of_item_is_shown_flat_and_a_failed_query_is_told() -> None:
    item = {"kind": "Horoscope", "starSign": "Leo", "deep": {"er": 1}}
    failed = {"kind": "Activity", "queryId": "q-1", "errorMessage": "syntax error"}
    azure = ScriptedAzure({TIMELINE: {"metaData": {"errors": [failed]}, "value": [item, 5]}})

    async with served(azure) as client:
        found = await timeline(client)

    (event,) = found.events
    assert (event.source, event.time) == ("Horoscope", None)
    assert event.properties == {"star_sign": "Leo", "deep_er": 1}
    assert [(each.part, each.error.message) for each in found.missing] == [
        ("Activity q-1", "syntax error")
    ]


async def test_a_failing_service_says_that_trying_again_may_help() -> None:
    azure = ScriptedAzure({GEODATA: Reply({"error": {"code": "Busy", "message": "x"}}, 503)})

    error = await refused(azure, "get_ip_location", {"ip": "192.0.2.1"})

    assert (error["code"], error["retryable"]) == ("unavailable", True)
