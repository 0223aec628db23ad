"""Resources that are read from the workspace, on the embedded one."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from mcp.shared.exceptions import MCPError
from mcp.types import PromptReference, ResourceTemplateReference, TextResourceContents

from sentinel_mcp.local.scenario import names

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUERY = re.compile(r"^```kql\n(.*?)^```", re.DOTALL | re.MULTILINE)

Connected = Client[FastMCPTransport]


async def read(client: Connected, uri: str) -> dict[str, Any]:
    [content] = await client.read_resource(uri)
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    return json.loads(content.text)


async def test_the_workspace_says_that_it_is_the_embedded_one(client: Connected) -> None:
    found = await read(client, "sentinel://workspace")

    assert found["workspace"] == "local"
    assert found["tables_count"] > 0


async def test_the_tables_are_those_that_hold_something(client: Connected) -> None:
    found = await read(client, "sentinel://tables")

    names = [table["name"] for table in found["tables"]]
    assert {"SigninLogs", "SecurityEvent"} <= set(names)
    assert len(names) <= 200


async def test_a_table_is_described_with_its_columns(client: Connected) -> None:
    found = await read(client, "sentinel://tables/SigninLogs")

    assert {"name": "IPAddress", "type": "string"} in [
        {"name": each["name"], "type": each["type"]} for each in found["columns"]
    ]


async def test_an_unknown_table_is_refused_with_the_nearest(client: Connected) -> None:
    with pytest.raises(MCPError, match="SigninLogs"):
        await client.read_resource("sentinel://tables/SignInLog")


async def test_tables_of_the_workspace_are_completed_before_those_it_could_have(
    client: Connected,
) -> None:
    answer = await client.complete(
        ResourceTemplateReference(uri="sentinel://tables/{name}"), {"name": "name", "value": "a"}
    )
    tables = await read(client, "sentinel://tables")

    present = {table["name"] for table in tables["tables"] if table["in_workspace"]}
    begin = [name for name in answer.values if name.lower().startswith("a")]
    places = [name in present for name in begin]
    assert any(places)
    assert places == sorted(places, reverse=True)


async def test_the_number_of_an_open_incident_is_completed(client: Connected) -> None:
    answer = await client.complete(
        PromptReference(name="investigate_incident"), {"name": "incident", "value": ""}
    )
    listed = await client.call_tool("list_incidents", {"statuses": ["New", "Active"], "limit": 50})

    assert listed.structured_content
    numbers = [str(each["number"]) for each in listed.structured_content["incidents"]]
    assert answer.values == numbers
    assert numbers


@pytest.mark.parametrize(
    ("scenario", "intruder"),
    [
        ("password-spray", names.SPRAY_IP),
        ("token-theft", names.PROXY_IP),
        ("phishing", names.PHISH_SENDER_IP),
        ("impossible-travel", names.PROXY_IP),
        ("lateral-movement-service", "PSEXESVC"),
        ("credential-dumping", "lsass.exe"),
        ("exfiltration", names.C2_IP),
        ("inbox-rule", names.PROXY_IP),
        ("privilege-grant", names.ROGUE_APP),
        ("rare-process", names.IMPLANT),
        ("indicator-match", names.C2_IP),
        ("silent-source", "nw-app-04"),
    ],
)
async def test_a_hunt_finds_the_intruder_in_the_embedded_workspace(
    client: Connected, scenario: str, intruder: str
) -> None:
    [content] = await client.read_resource(f"sentinel://kql/examples/{scenario}")
    assert isinstance(content, TextResourceContents)

    rows: list[str] = []
    for query in QUERY.findall(content.text):
        answer = await client.call_tool("run_query", {"query": query, "max_rows": 1000})
        assert answer.structured_content
        rows += map(str, answer.structured_content["tables"][0]["rows"])

    assert any(intruder in row for row in rows)
