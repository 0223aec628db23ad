"""One query in every workspace, and many queries in one, against a scripted Azure."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import WORKSPACE, Reply, Route, ScriptedAzure, Tokens, another, refusal

from sentinel_mcp.domains.query.models import QueryBatch, QueryResponse
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.server import create_server
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]
OTHER = another("branch")
METADATA = {
    "tables": [
        {
            "id": "SigninLogs",
            "name": "SigninLogs",
            "columns": [{"name": "TimeGenerated", "type": "datetime"}],
        }
    ]
}
FORBIDDEN = refusal(403, "InsufficientAccessError")


def rows(*values: object) -> dict[str, object]:
    columns = [{"name": "n", "type": "long"}]
    return {
        "tables": [{"name": "PrimaryResult", "columns": columns, "rows": [[v] for v in values]}]
    }


@asynccontextmanager
async def asked(
    checker: Checker, answers: Mapping[str, Route], **settings: Any
) -> AsyncGenerator[tuple[Connected, ScriptedAzure]]:
    azure = ScriptedAzure({"GET /metadata": METADATA, **answers})
    server = create_server(
        Settings(**settings),
        workspaces=[WORKSPACE, OTHER],
        make_transport=lambda: azure,
        make_credential=Tokens,
        checker=checker,
    )
    async with Client(server) as client:
        yield client, azure


def of(workspace: str) -> str:
    return f"POST workspaces/{workspace}/query"


async def everywhere(client: Connected, query: str = "SigninLogs | count") -> QueryResponse:
    answer = await client.call_tool("run_query", {"query": query, "workspace": "*"})
    return QueryResponse.model_validate(answer.structured_content)


async def batch(client: Connected, *queries: str, **more: Any) -> QueryBatch:
    answer = await client.call_tool("run_queries", {"queries": list(queries), **more})
    return QueryBatch.model_validate(answer.structured_content)


async def test_a_query_of_all_workspaces_returns_the_rows_of_each_under_its_name(
    checker: Checker,
) -> None:
    answers = {of(WORKSPACE.workspace_id): rows(1, 2), of(OTHER.workspace_id): rows(3)}
    async with asked(checker, answers) as (client, _):
        answer = await everywhere(client)

    assert [(each.workspace, each.rows) for each in answer.tables] == [
        ("soc", [[1], [2]]),
        ("branch", [[3]]),
    ]
    assert (answer.workspace, answer.row_count, answer.partial) == ("*", 3, False)
    assert [(each.workspace, each.row_count, each.error) for each in answer.outcomes] == [
        ("soc", 2, None),
        ("branch", 1, None),
    ]


async def test_a_workspace_that_refuses_says_so_and_the_others_answer(checker: Checker) -> None:
    answers = {of(WORKSPACE.workspace_id): FORBIDDEN, of(OTHER.workspace_id): rows(3)}
    async with asked(checker, answers) as (client, _):
        answer = await everywhere(client)

    assert [each.workspace for each in answer.tables] == ["branch"]
    assert answer.partial
    error = answer.outcomes[0].error
    assert error
    assert error.code == "access_denied"
    assert answer.warnings[0] == "No answer from soc; `outcomes` says why."


async def test_when_every_workspace_refuses_the_call_fails(checker: Checker) -> None:
    async with asked(checker, {"POST query": FORBIDDEN}) as (client, _):
        answer = await client.call_tool(
            "run_query", {"query": "SigninLogs", "workspace": "*"}, raise_on_error=False
        )

    assert answer.is_error
    assert answer.meta
    assert answer.meta["error"]["code"] == "access_denied"


async def test_one_failing_query_does_not_end_the_others(checker: Checker) -> None:
    def answer(request: HttpRequest) -> Reply:
        query = orjson.loads(request.content)["query"]
        return refusal(504, "GatewayTimeout") if "take 2" in query else Reply(rows(7))

    async with asked(checker, {"POST query": answer}) as (client, _):
        found = await batch(
            client, "SigninLogs | take 1", "SigninLogs | take 2", "Nowhere | take 3"
        )

    assert [(each.answer is None, each.error and each.error.code) for each in found.results] == [
        (False, None),
        (True, "timeout"),
        (True, "invalid_query"),
    ]
    assert (found.succeeded, found.failed) == (1, 2)
    assert found.results[1].query == "SigninLogs | take 2"


async def test_the_answers_of_a_batch_share_the_size_of_one(checker: Checker) -> None:
    long = ["x" * 900] * 100
    async with asked(checker, {"POST query": rows(*long)}, max_answer_bytes=40_000) as (client, _):
        answer = await client.call_tool(
            "run_queries", {"queries": ["SigninLogs"] * 4, "max_rows": 100}
        )

    found = QueryBatch.model_validate(answer.structured_content)
    assert len(orjson.dumps(answer.structured_content)) < 48_000
    assert all(each.answer and each.answer.truncated for each in found.results)
    assert {each.answer.row_count for each in found.results if each.answer} == {11}


async def test_a_batch_tells_how_many_of_its_queries_are_done(checker: Checker) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async with asked(checker, {"POST query": rows(1)}) as (client, _):
        await client.call_tool(
            "run_queries", {"queries": ["SigninLogs"] * 2}, progress_handler=hear
        )

    assert told == [(1, 2, "1 of 2 queries"), (2, 2, "2 of 2 queries")]


@pytest.mark.parametrize("queries", [[], ["SigninLogs"] * 21, [""]])
async def test_a_batch_takes_one_to_twenty_queries(checker: Checker, queries: list[str]) -> None:
    async with asked(checker, {}) as (client, azure):
        answer = await client.call_tool("run_queries", {"queries": queries}, raise_on_error=False)

    assert answer.is_error
    assert answer.meta
    assert answer.meta["error"]["code"] == "invalid_input"
    assert not azure.requests
