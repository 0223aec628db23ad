"""Resources as a client reads them."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import FastMCPTransport
from mcp.shared.exceptions import MCPError
from mcp.types import PromptReference, ResourceTemplateReference, TextResourceContents

from sentinel_mcp.resources.completion import complete
from sentinel_mcp.resources.knowledge import knowledge

Connected = Client[FastMCPTransport]

LINK = re.compile(r"\((sentinel://[^)]+)\)")


@pytest.fixture
async def client() -> AsyncGenerator[Connected]:
    server = FastMCP("resources", providers=[knowledge], mask_error_details=True)
    server.completion(complete)
    async with Client(server) as connected:
        yield connected


async def text_of(client: Connected, uri: str) -> str:
    [content] = await client.read_resource(uri)
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "text/markdown"
    return content.text


async def test_the_reference_shows_queries(client: Connected) -> None:
    assert "```kql" in await text_of(client, "sentinel://kql/reference")


@pytest.mark.parametrize("index", ["sentinel://kql/examples", "sentinel://kql/operators"])
async def test_whatever_an_index_lists_can_be_read(client: Connected, index: str) -> None:
    links = LINK.findall(await text_of(client, index))

    assert len(links) >= 8
    for link in links:
        assert "```kql" in await text_of(client, link), link


async def test_an_operator_is_explained_apart_from_the_others(client: Connected) -> None:
    text = await text_of(client, "sentinel://kql/operators/summarize")

    assert text.startswith("# summarize\n")
    assert "## " not in text


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("sentinel://kql/operators/sumarize", "Did you mean 'summarize'?"),
        ("sentinel://kql/examples/password-spry", "Did you mean 'password-spray'?"),
        ("sentinel://kql/examples/%2e%2e%2freference", "Resource not found"),
    ],
)
async def test_an_unknown_name_is_refused_with_those_there_are(
    client: Connected, uri: str, told: str
) -> None:
    with pytest.raises(MCPError, match=re.escape(told)):
        await client.read_resource(uri)


@pytest.mark.parametrize(
    ("uri", "argument", "typed", "expected"),
    [
        ("sentinel://kql/operators/{name}", "name", "mv", ["mv-apply", "mv-expand"]),
        ("sentinel://kql/examples/{scenario}", "scenario", "SPRAY", ["password-spray"]),
        ("sentinel://kql/operators/{name}", "nothing", "mv", []),
        ("sentinel://nothing/{name}", "name", "", []),
    ],
)
async def test_an_argument_is_completed_from_what_there_is(
    client: Connected, uri: str, argument: str, typed: str, expected: list[str]
) -> None:
    answer = await client.complete(
        ResourceTemplateReference(uri=uri), {"name": argument, "value": typed}
    )

    assert answer.values == expected


async def test_tables_that_begin_as_typed_come_before_those_that_contain_it(
    client: Connected,
) -> None:
    answer = await client.complete(
        ResourceTemplateReference(uri="sentinel://tables/{name}"),
        {"name": "name", "value": "signinlogs"},
    )

    assert answer.values[0] == "SigninLogs"
    assert "AADManagedIdentitySignInLogs" in answer.values


async def test_a_completion_keeps_within_the_protocol_s_limit(client: Connected) -> None:
    answer = await client.complete(
        ResourceTemplateReference(uri="sentinel://tables/{name}"), {"name": "name", "value": ""}
    )

    assert len(answer.values) == 100
    assert answer.has_more


async def test_the_arguments_of_prompts_are_completed_too(client: Connected) -> None:
    answer = await client.complete(
        PromptReference(name="visualize_workspace"), {"name": "days", "value": "9"}
    )

    assert answer.values == ["90"]
