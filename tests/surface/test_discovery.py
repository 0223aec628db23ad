"""The three tools that find, describe and call the others."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal

import pytest
from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import FastMCPTransport

from moment import MOMENT
from sentinel_mcp.cli.session import opened_server
from sentinel_mcp.server import create_server
from sentinel_mcp.settings import Settings, Workspace
from sentinel_mcp.surface import Choice

Connected = Client[FastMCPTransport]

NOWHERE = Workspace(
    name="nowhere", subscription_id="s", resource_group="g", workspace_name="w", workspace_id="i"
)


class Hesitant:
    """A user who is asked, and says no."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, message: str, *_: object) -> ElicitResult[dict[str, bool]]:
        self.asked.append(message)
        return ElicitResult[dict[str, bool]](action="decline")


@pytest.fixture
async def client() -> AsyncGenerator[Connected]:
    choice = Choice(exclude_tools=("get_workspace",), discover=True)
    server = create_server(Settings(), workspaces=[NOWHERE], choice=choice)
    async with Client(server) as connected:
        yield connected


async def refused(client: Connected, tool: str, **arguments: object) -> str:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return f"{answer.meta['error']['code']}: {answer.content[0].text}"  # type: ignore[union-attr] # text is all we send


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("close an incident with a classification", "get_incident"),
        ("which tables hold sign-ins", "search_tables"),
        ("run KQL over the logs", "run_query"),
        ("end a background task", "cancel_task"),
    ],
)
async def test_a_search_finds_the_tool_for_a_purpose(
    client: Connected, query: str, name: str
) -> None:
    found = await client.call_tool("search_tools", {"query": query})

    assert name in [each["name"] for each in (found.structured_content or {})["tools"]]


async def test_the_search_names_every_toolset(client: Connected) -> None:
    [search] = [each for each in await client.list_tools() if each.name == "search_tools"]
    server = create_server(Settings(), workspaces=[NOWHERE])
    tags = {tag for tool in await server.list_tools() for tag in tool.tags}

    for toolset in tags - {"core", "writes"}:
        assert toolset in (search.description or "")


async def test_a_tool_is_described_with_its_arguments(client: Connected) -> None:
    found = await client.call_tool("describe_tool", {"name": "get_task"})

    manual = found.structured_content or {}
    assert set(manual["input_schema"]["properties"]) == {"task_id", "wait_s"}
    assert "status" in manual["output_schema"]["properties"]


async def test_a_tool_that_is_not_listed_answers_when_it_is_called(client: Connected) -> None:
    answer = await client.call_tool("call_tool", {"name": "list_tasks"})

    assert answer.structured_content == {"tasks": [], "total_count": 0}


async def test_an_error_of_the_called_tool_keeps_its_code(client: Connected) -> None:
    told = await refused(client, "call_tool", name="get_task", arguments={"task_id": "gone"})

    assert told.startswith("not_found: There is no task 'gone'.")


async def test_a_wrong_argument_of_the_called_tool_is_named(client: Connected) -> None:
    told = await refused(
        client, "call_tool", name="get_task", arguments={"task_id": "x", "wait": 3}
    )

    assert told.startswith("invalid_input: There is no argument 'wait'. Did you mean 'wait_s'?")


@pytest.mark.parametrize("tool", ["describe_tool", "call_tool"])
async def test_an_unknown_tool_is_refused_with_the_nearest_name(
    client: Connected, tool: str
) -> None:
    told = await refused(client, tool, name="list_taks")

    assert told.startswith("not_found: There is no tool 'list_taks'. Did you mean 'list_tasks'?")


@pytest.mark.parametrize("name", ["get_workspace", "update_incident", "call_tool"])
async def test_a_hidden_tool_cannot_be_reached(client: Connected, name: str) -> None:
    assert (await refused(client, "call_tool", name=name)).startswith("not_found")


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_change_called_through_the_three_asks_the_user(
    cache_dir: Path, mode: Literal["legacy", "auto"]
) -> None:
    settings = Settings(cache_dir=cache_dir, now=MOMENT, allow_writes=True)
    user = Hesitant()
    call = {"name": "delete_watchlist", "arguments": {"watchlist": "VIPUsers", "confirm": True}}
    opened = opened_server(settings, Choice(discover=True, writes=True))
    async with opened as server, Client(server, mode=mode, elicitation_handler=user) as client:
        told = await refused(client, "call_tool", **call)

    assert told.startswith("declined: The user did not agree: Delete watchlist")
    assert len(user.asked) == 1
