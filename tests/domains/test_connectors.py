"""Data connectors, by the real service over the real SDK clients, from a scripted Azure."""

from __future__ import annotations

from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import Route, ScriptedAzure, refusal, sample, served

from sentinel_mcp.domains.connectors.kinds import KINDS
from sentinel_mcp.domains.connectors.models import ConnectorDetail, ConnectorListing
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.settings import Settings

OFFICE: dict[str, Any] = {
    "name": "office",
    "kind": "Office365",
    "properties": {
        "tenantId": "t",
        "dataTypes": {"exchange": {"state": "Enabled"}, "teams": {"state": "Disabled"}},
    },
}
DEFENDER: dict[str, Any] = {
    "name": "defender",
    "kind": "AzureSecurityCenter",
    "properties": {"dataTypes": {"alerts": {"state": "Disabled"}}},
}
UNHEARD_OF: dict[str, Any] = {
    "name": "quantum",
    "kind": "QuantumFeed",
    "properties": {"dataTypes": {"qubits": {"state": "Enabled"}}, "spin": "up"},
}
MERAKI: dict[str, Any] = {
    "name": "meraki-1",
    "kind": "RestApiPoller",
    "properties": {
        "connectorDefinitionName": "MerakiDefinition",
        "isActive": True,
        "auth": {"type": "APIKey", "apiKey": "hunter2", "apiKeyName": "X-Key", "value": "hunter2"},
        "dcrConfig": {"streamName": "Custom-Meraki_CL"},
        "request": {
            "apiEndpoint": "https://api.meraki.com/",
            "headers": {"X-Secret-Header": "hunter2"},
            "queryParameters": {"key": "hunter2"},
            "rateLimitQPS": 10,
        },
        "password": "hunter2",
    },
}
DEFINITION: dict[str, Any] = {
    "name": "MerakiDefinition",
    "kind": "Customizable",
    "etag": '"1"',
    "properties": {
        "connectorUiConfig": {
            "title": "Cisco Meraki",
            "publisher": "Cisco",
            "descriptionMarkdown": "Brings events.",
            "dataTypes": [{"name": "Meraki_CL"}, {"name": "CommonSecurityLog (Meraki)"}],
            "connectivityCriteria": [{"type": "IsConnectedQuery", "value": ["Meraki_CL | take 1"]}],
            "permissions": {
                "resourceProvider": [
                    {"providerDisplayName": "Workspace", "permissionsDisplayText": "write"}
                ],
                "customs": [{"name": "API key", "description": "of Meraki"}],
            },
            "instructionSteps": [{"title": "Connect", "description": "Press the button."}],
        }
    },
}
IDLE: dict[str, Any] = {
    "name": "IdleDefinition",
    "kind": "Customizable",
    "properties": {"connectorUiConfig": {"title": "Zscaler"}},
}
ROUTES: dict[str, Route] = {
    "GET dataConnectors": {"value": [OFFICE, DEFENDER, UNHEARD_OF, MERAKI]},
    "GET dataConnectorDefinitions": {"value": [DEFINITION, IDLE]},
    "GET dataConnectors/meraki-1": MERAKI,
    "GET dataConnectorDefinitions/MerakiDefinition": DEFINITION,
}


async def listed(client: Client[FastMCPTransport], **arguments: Any) -> ConnectorListing:
    answer = await client.call_tool("list_connectors", arguments)
    return ConnectorListing.model_validate(answer.structured_content)


async def got(client: Client[FastMCPTransport], connector: str) -> ConnectorDetail:
    answer = await client.call_tool("get_connector", {"connector": connector})
    return ConnectorDetail.model_validate(answer.structured_content)


async def test_connections_and_definitions_come_in_one_list_with_their_state() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = await listed(client)

    assert [(each.title, each.source, each.connected) for each in page.connectors] == [
        ("Cisco Meraki", "connection", "yes"),
        ("Cisco Meraki", "definition", "yes"),
        ("Microsoft 365", "connection", "yes"),
        ("Microsoft Defender for Cloud", "connection", "no"),
        ("Quantum Feed", "connection", "yes"),
        ("Zscaler", "definition", "unknown"),
    ]
    assert (page.workspace, page.total_count, page.next_cursor) == ("soc", 6, None)
    assert sorted(azure.sent) == ["GET dataConnectorDefinitions", "GET dataConnectors"]


async def test_a_data_type_names_its_state_and_its_table() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        page = await listed(client)

    types = {
        (each.name, data.name): (data.state, data.table)
        for each in page.connectors
        for data in each.data_types
    }
    assert types == {
        ("office", "exchange"): ("Enabled", "OfficeActivity"),
        ("office", "teams"): ("Disabled", "OfficeActivity"),
        ("defender", "alerts"): ("Disabled", "SecurityAlert"),
        ("quantum", "qubits"): ("Enabled", None),
        ("meraki-1", "Custom-Meraki_CL"): (None, "Meraki_CL"),
        ("MerakiDefinition", "Meraki_CL"): (None, "Meraki_CL"),
        ("MerakiDefinition", "CommonSecurityLog (Meraki)"): (None, "CommonSecurityLog"),
    }


def test_every_table_that_a_kind_is_said_to_feed_exists() -> None:
    named = {table for kind in KINDS.values() for table in (kind.tables or {}).values()}

    assert named <= set(bundled("sentinel").tables)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"text": "officeactivity"}, ["office"]),
        ({"text": "CISCO"}, ["meraki-1", "MerakiDefinition"]),
        ({"source": "definition"}, ["MerakiDefinition", "IdleDefinition"]),
        ({"connected": "no"}, ["defender"]),
        ({"text": "nothing like it"}, []),
    ],
)
async def test_filters_keep_only_what_they_say(arguments: dict[str, Any], names: list[str]) -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        page = await listed(client, **arguments)

    assert [each.name for each in page.connectors] == names
    assert page.total_count == len(names)


async def test_pages_follow_each_other_and_a_cursor_is_good_for_its_own_list_only() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        first = await listed(client, limit=4)
        rest = await listed(client, limit=4, cursor=first.next_cursor)
        foreign = await client.call_tool(
            "list_connectors",
            {"cursor": first.next_cursor, "text": "x"},
            raise_on_error=False,
        )

    assert [len(first.connectors), len(rest.connectors)] == [4, 2]
    assert rest.next_cursor is None
    assert foreign.is_error


async def test_a_list_too_large_for_an_answer_goes_on_in_the_next() -> None:
    wordy = [
        {"name": f"c{each}", "kind": "X", "properties": {"friendlyName": f"{each:03}" + "x" * 300}}
        for each in range(60)
    ]
    azure = ScriptedAzure(
        {"GET dataConnectors": {"value": wordy}, "GET dataConnectorDefinitions": {"value": []}}
    )

    async with served(azure, settings=Settings(max_answer_bytes=4096)) as client:
        names: list[str] = []
        cursor: str | None = None
        for _ in range(60):
            page = await listed(client, cursor=cursor)
            assert len(page.model_dump_json()) < 6_000
            names += [each.name for each in page.connectors]
            cursor = page.next_cursor
            if cursor is None:
                break

    assert names == [f"c{each}" for each in range(60)]


async def test_pages_of_azure_are_all_read() -> None:
    link = "https://management.azure.com/more/dataConnectors-2?$skipToken=2"
    azure = ScriptedAzure(
        {
            **ROUTES,
            "GET dataConnectors": {"value": [OFFICE], "nextLink": link},
            "GET dataConnectors-2": {"value": [DEFENDER]},
        }
    )

    async with served(azure) as client:
        page = await listed(client, source="connection")

    assert [each.name for each in page.connectors] == ["office", "defender"]


async def test_one_list_that_fails_is_told_and_the_other_comes() -> None:
    azure = ScriptedAzure(
        {**ROUTES, "GET dataConnectorDefinitions": refusal(403, "AuthorizationFailed")}
    )

    async with served(azure) as client:
        page = await listed(client)

    assert len(page.connectors) == 4
    assert [(each.source, each.error.code) for each in page.missing] == [
        ("definition", "access_denied")
    ]


async def test_nothing_readable_is_an_error_that_names_the_role() -> None:
    no = refusal(403, "AuthorizationFailed")
    azure = ScriptedAzure({"GET dataConnectors": no, "GET dataConnectorDefinitions": no})

    async with served(azure) as client:
        answer = await client.call_tool("list_connectors", raise_on_error=False)

    assert answer.is_error
    assert "`Microsoft Sentinel Reader`" in str(answer.content)


async def test_a_connection_tells_its_settings_and_no_secret() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        found = await got(client, "meraki-1")

    assert found.definition == "MerakiDefinition"
    assert found.properties["auth_type"] == "APIKey"
    assert found.properties["request_api_endpoint"] == "https://api.meraki.com/"
    assert found.properties["request_headers"] == "X-Secret-Header"
    assert found.properties["password"] == "[not shown]"
    assert "hunter2" not in found.model_dump_json()


async def test_a_definition_tells_how_it_is_connected_and_what_is() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        found = await got(client, "MerakiDefinition")

    assert found.connections == ["meraki-1"]
    assert found.connected == "yes"
    assert found.description == "Brings events."
    assert found.connected_when == ["Meraki_CL | take 1"]
    assert found.permissions == ["Workspace: write", "API key: of Meraki"]
    assert found.steps == ["Connect: Press the button."]


async def test_a_definition_too_large_for_an_answer_comes_without_its_steps() -> None:
    config = DEFINITION["properties"]["connectorUiConfig"]
    steps = [{"title": f"{each}", "description": "x" * 500} for each in range(40)]
    long = {
        **DEFINITION,
        "properties": {"connectorUiConfig": {**config, "instructionSteps": steps}},
    }
    azure = ScriptedAzure({**ROUTES, "GET dataConnectorDefinitions/MerakiDefinition": long})

    async with served(azure, settings=Settings(max_answer_bytes=4096)) as client:
        found = await got(client, "MerakiDefinition")

    assert found.steps == []
    assert found.warnings == ["`steps` is left out: the answer would be too large."]
    assert found.connected_when


async def test_a_definition_comes_without_its_connections_when_those_cannot_be_read() -> None:
    azure = ScriptedAzure({**ROUTES, "GET dataConnectors": refusal(403, "AuthorizationFailed")})

    async with served(azure) as client:
        found = await got(client, "MerakiDefinition")

    assert found.connected == "unknown"
    assert "could not be read" in found.warnings[0]


@pytest.mark.parametrize(
    ("failing", "connector"),
    [
        ("GET dataConnectorDefinitions/meraki-1", "meraki-1"),
        ("GET dataConnectors/MerakiDefinition", "MerakiDefinition"),
    ],
)
async def test_a_connector_that_is_there_is_shown_whatever_else_of_its_name_fails(
    failing: str, connector: str
) -> None:
    azure = ScriptedAzure({**ROUTES, failing: refusal(403, "AuthorizationFailed")})

    async with served(azure) as client:
        found = await got(client, connector)

    assert found.name == connector


@pytest.mark.parametrize("failing", ["dataConnectors", "dataConnectorDefinitions"])
async def test_a_connector_that_may_only_be_unreadable_is_not_told_to_be_none(failing: str) -> None:
    azure = ScriptedAzure({**ROUTES, f"GET {failing}/nope": refusal(403, "AuthorizationFailed")})

    async with served(azure) as client:
        answer = await client.call_tool(
            "get_connector", {"connector": "nope"}, raise_on_error=False
        )

    assert answer.meta
    assert answer.meta["error"]["code"] == "access_denied"
    assert "`Microsoft Sentinel Reader`" in answer.meta["error"]["hint"]


async def test_a_connector_that_does_not_exist_is_told_with_the_way_to_those_that_do() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        answer = await client.call_tool(
            "get_connector", {"connector": "nope"}, raise_on_error=False
        )

    assert answer.is_error
    assert answer.meta
    assert answer.meta["error"]["code"] == "not_found"
    assert "list_connectors" in answer.meta["error"]["hint"]


@pytest.mark.parametrize("name", ["../incidents", "..", "a/b", "a\x00"])
async def test_a_name_that_would_leave_its_folder_is_refused_unsent(name: str) -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        answer = await client.call_tool("get_connector", {"connector": name}, raise_on_error=False)

    assert answer.is_error
    assert azure.requests == []


async def test_the_official_samples_of_the_lists_are_read() -> None:
    azure = ScriptedAzure(
        {
            "GET dataConnectors": sample("dataConnectors/GetDataConnectors.json"),
            "GET dataConnectorDefinitions": sample(
                "dataConnectorDefinitions/GetDataConnectorDefinitions.json"
            ),
        }
    )

    async with served(azure) as client:
        page = await listed(client)

    titles = {each.kind: each.title for each in page.connectors}
    assert titles["Customizable"] == "GitHub Enterprise Audit Log"
    assert titles["Office365"] == "Microsoft 365"
    assert {each.connected for each in page.connectors if each.source == "connection"} == {"yes"}
    assert page.total_count == 9


@pytest.mark.parametrize(
    "file",
    [
        "GetRestApiPollerById",
        "GetMicrosoftThreatProtectionById",
        "GetAmazonWebServicesS3ById",
        "GetOfficeDataConnetorById",
        "GetAzureSecurityCenterById",
    ],
)
async def test_the_official_sample_of_a_connector_keeps_its_kind_and_settings(file: str) -> None:
    document = sample(f"dataConnectors/{file}.json")
    azure = ScriptedAzure({f"GET dataConnectors/{document['name']}": document})

    async with served(azure) as client:
        found = await got(client, document["name"])

    assert found.kind == document["kind"]
    assert found.data_types
    assert found.properties
