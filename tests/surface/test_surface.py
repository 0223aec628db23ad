"""The tools as a client sees them: an interface whose changes are read in review."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import FastMCPTransport
from mcp.types import Tool

from sentinel_mcp import __version__
from sentinel_mcp.errors import ConfigError
from sentinel_mcp.server import create_server
from sentinel_mcp.settings import Settings, Workspace
from sentinel_mcp.surface import Choice

Connected = Client[FastMCPTransport]

SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATE = "UPDATE_SNAPSHOTS"

NOWHERE = Workspace(
    name="nowhere", subscription_id="s", resource_group="g", workspace_name="w", workspace_id="i"
)

MAX_CORE_BYTES = 32 * 1024
MAX_DISCOVERY_BYTES = 5 * 1024

CORE = frozenset(
    [
        "run_query",
        "validate_query",
        "search_tables",
        "get_table",
        "list_incidents",
        "get_incident",
        "list_rules",
        "get_rule",
        "get_mitre_coverage",
        "list_hunting_queries",
        "run_hunting_query",
        "list_connectors",
        "check_data_freshness",
        "list_watchlists",
        "find_in_watchlists",
        "search_indicators",
        "investigate_entity",
        "get_workspace",
        "list_workspaces",
        "check_connection",
        "check_permissions",
        "start_query",
        "list_tasks",
        "get_task",
        "cancel_task",
    ]
)
"""What a server shows unless told otherwise."""

CORE_WRITES = frozenset({"update_incident", "add_incident_comment"})

WRITING_TOOLS = frozenset(
    [
        "update_incident",
        "create_incident",
        "add_incident_comment",
        "add_incident_task",
        "update_incident_task",
        "relate_to_incident",
        "run_playbook",
        "create_rule",
        "update_rule",
        "set_rule_enabled",
        "delete_rule",
        "create_bookmark",
        "save_query",
        "delete_saved_query",
        "create_watchlist",
        "upsert_watchlist_item",
        "delete_watchlist_item",
        "delete_watchlist",
        "create_indicator",
        "delete_indicator",
        "tag_indicator",
    ]
)
"""Every tool that changes the workspace, by name; reviewed by hand."""

HEAVY = (
    "aiohttp",
    "antlr4",
    "azure",
    "clr",
    "duckdb",
    "duckdb_kql",
    "kustology",
    "sentinel_mcp.local",
    "sigma",
)


def make_server(choice: Choice | None = None) -> FastMCP:
    return create_server(Settings(), workspaces=[NOWHERE], choice=choice)


async def chosen(choice: Choice) -> list[Tool]:
    async with Client(make_server(choice)) as connected:
        return await connected.list_tools()


@pytest.fixture
async def client() -> AsyncGenerator[Connected]:
    async with Client(make_server()) as connected:
        yield connected


@pytest.fixture
async def tools(client: Connected) -> list[Tool]:
    return await client.list_tools()


async def test_every_tool_looks_as_it_did_when_it_was_last_reviewed(tools: list[Tool]) -> None:
    looks = {tool.name: tool.model_dump(mode="json", exclude_none=True) for tool in tools}
    if os.environ.get(UPDATE):
        for old in SNAPSHOTS.glob("*.json"):
            old.unlink()
        SNAPSHOTS.mkdir(exist_ok=True)
        for name, look in looks.items():
            text = json.dumps(look, indent=2, ensure_ascii=False) + "\n"
            (SNAPSHOTS / f"{name}.json").write_text(text, encoding="utf-8")
    reviewed = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in SNAPSHOTS.glob("*.json")
    }

    assert looks == reviewed, f"set {UPDATE}=1 to take the new look, then read its diff"


async def test_every_tool_says_what_it_does_to_the_world(tools: list[Tool]) -> None:
    for tool in tools:
        assert tool.annotations, tool.name
        stated = tool.annotations.model_dump(exclude_none=True)
        assert {"read_only_hint", "destructive_hint", "idempotent_hint", "open_world_hint"} <= set(
            stated
        ), tool.name
        assert tool.title, tool.name


async def test_the_tools_that_change_the_workspace_are_those_on_the_list(tools: list[Tool]) -> None:
    changing = {
        tool.name
        for tool in tools
        if tool.annotations
        and not tool.annotations.read_only_hint
        and tool.annotations.open_world_hint
    }

    assert changing == WRITING_TOOLS


async def test_every_argument_is_described_and_typed(tools: list[Tool]) -> None:
    for tool in tools:
        for name, schema in tool.input_schema.get("properties", {}).items():
            assert schema.get("description"), f"{tool.name}.{name}"
            assert {"type", "anyOf", "enum"} & set(schema), f"{tool.name}.{name}"
        assert tool.input_schema["additionalProperties"] is False, tool.name
        assert tool.output_schema, tool.name


async def test_every_tool_has_a_deadline() -> None:
    for tool in await make_server().list_tools():
        assert getattr(tool, "timeout", None), tool.name


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        (Choice(), CORE),
        (Choice(writes=True), CORE | CORE_WRITES),
        (Choice(toolsets=("lake",)), {"query_lake"}),
        (Choice(tools=("get_user",)), {"get_user"}),
        (Choice(discover=True), {"search_tools", "describe_tool", "call_tool"}),
    ],
)
async def test_a_choice_shows_its_tools(choice: Choice, names: set[str]) -> None:
    assert {tool.name for tool in await chosen(choice)} == names


async def test_no_tool_that_writes_is_shown_unless_writes_are_allowed() -> None:
    everything = {tool.name for tool in await chosen(Choice(toolsets=("all",)))}
    by_name = {tool.name for tool in await chosen(Choice(tools=tuple(WRITING_TOOLS)))}

    assert not everything & WRITING_TOOLS
    assert not by_name


@pytest.mark.parametrize(
    ("choice", "max_bytes"),
    [(Choice(writes=True), MAX_CORE_BYTES), (Choice(discover=True), MAX_DISCOVERY_BYTES)],
)
async def test_the_listing_fits_into_a_model_s_context(choice: Choice, max_bytes: int) -> None:
    seen = [
        tool.model_dump(mode="json", by_alias=True, exclude_none=True)
        for tool in await chosen(choice)
    ]

    assert len(json.dumps(seen, separators=(",", ":"))) <= max_bytes


async def test_every_prompt_and_resource_is_described(client: Connected) -> None:
    listed = [
        *await client.list_prompts(),
        *await client.list_resources(),
        *await client.list_resource_templates(),
    ]

    assert listed
    for each in listed:
        assert each.description, each.name


async def test_the_server_gives_its_own_version() -> None:
    async with Client(make_server(), mode="legacy") as client:
        assert client.initialize_result
        assert client.initialize_result.server_info.version == __version__


async def test_only_the_chosen_tools_are_shown() -> None:
    choice = Choice(toolsets=("tasks",), tools=("run_query",), exclude_tools=("cancel_task",))

    names = {tool.name for tool in await chosen(choice)}

    assert "run_query" in names
    assert "list_tasks" in names
    assert "cancel_task" not in names
    assert "list_incidents" not in names


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (
            Choice(toolsets=("incident",)),
            "There is no toolset 'incident'. Did you mean 'incidents'",
        ),
        (Choice(tools=("run_kql",)), "There is no tool 'run_kql'. Did you mean 'run_query'"),
        (Choice(exclude_tools=("x",)), "There is no tool 'x'. There are: "),
        (Choice(toolsets=("contents",)), "There is no toolset 'contents'. Did you mean 'content'"),
        (Choice(tools=("list_user",)), "There is no tool 'list_user'. Did you mean 'list_users'"),
    ],
)
def test_an_unknown_name_is_refused_with_those_there_are(choice: Choice, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_server(choice)

    assert str(caught.value).startswith(told)


def test_loading_the_server_loads_no_sdk_and_no_engine() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, sentinel_mcp.server; print('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert "sentinel_mcp.server" in loaded
    assert [name for name in HEAVY if name in loaded] == []
