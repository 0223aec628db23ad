"""The data lake, by the real service over the real clients."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import WORKSPACE, Reply, ScriptedAzure, Tokens, refusal, served

from sentinel_mcp.domains.lake.models import LakeAnswer
from sentinel_mcp.settings import Settings

QUERY = "POST lake/kql/v2/rest/query"
HEADER = {"FrameType": "DataSetHeader", "IsProgressive": False, "Version": "v2.0"}
DONE = {"FrameType": "DataSetCompletion", "HasErrors": False, "Cancelled": False}
LIMIT = {
    "error": {
        "code": "LimitsExceeded",
        "message": "Request is invalid and cannot be executed.",
        "@message": "Query execution has exceeded the allowed limits.",
    }
}


def table(rows: list[Any], kind: str = "PrimaryResult", **columns: str) -> dict[str, Any]:
    return {
        "FrameType": "DataTable",
        "TableId": 1,
        "TableKind": kind,
        "TableName": kind,
        "Columns": [{"ColumnName": name, "ColumnType": of} for name, of in columns.items()],
        "Rows": rows,
    }


def frames(*tables: dict[str, Any], end: dict[str, Any] = DONE) -> list[dict[str, Any]]:
    properties = table([["Visualization", "{}"]], "QueryProperties", Key="string", Value="dynamic")
    return [HEADER, properties, *tables, table([], "QueryCompletionInformation", a="string"), end]


async def asked(client: Client[FastMCPTransport], **arguments: Any) -> LakeAnswer:
    answer = await client.call_tool("query_lake", {"query": "SigninLogs", **arguments})
    return LakeAnswer.model_validate(answer.structured_content)


async def failed(client: Client[FastMCPTransport], **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(
        "query_lake", {"query": "SigninLogs", **arguments}, raise_on_error=False
    )
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


def lake(answer: object) -> ScriptedAzure:
    return ScriptedAzure({QUERY: answer if isinstance(answer, Reply) else Reply(answer)})


def body_of(request: HttpRequest) -> dict[str, Any]:
    content = request.content
    assert isinstance(content, bytes)
    return json.loads(content)


async def test_the_result_is_read_from_among_the_frames() -> None:
    azure = lake(
        frames(table([["a", 1, {"b": [2]}], ["c", None, None]], n="string", m="long", d="dynamic"))
    )
    tokens = Tokens()
    async with served(azure, tokens=tokens) as client:
        found = await asked(client, server_timeout_s=90)

    assert found.rows == [["a", 1, {"b": [2]}], ["c", None, None]]
    assert [(each.name, each.type) for each in found.columns] == [
        ("n", "string"),
        ("m", "long"),
        ("d", "dynamic"),
    ]
    assert (found.workspace, found.truncated, found.partial) == ("soc", False, False)
    (request,) = azure.requests
    assert request.url == "https://api.securityplatform.microsoft.com/lake/kql/v2/rest/query"
    assert tokens.scopes == ["4500ebfb-89b6-4b14-a480-7f749797bfcd/.default"]
    assert body_of(request) == {
        "csl": "SigninLogs",
        "db": f"{WORKSPACE.workspace_name}-{WORKSPACE.workspace_id}",
        "properties": {"Options": {"servertimeout": "00:01:30", "request_readonly": True}},
    }


async def test_progressive_frames_are_put_together() -> None:
    columns = [{"ColumnName": "n", "ColumnType": "long"}]
    head = {"FrameType": "TableHeader", "TableId": 1, "TableKind": "PrimaryResult"}
    part = {"FrameType": "TableFragment", "TableId": 1, "TableFragmentType": "DataAppend"}
    answer = [
        HEADER,
        {**head, "TableName": "PrimaryResult", "Columns": columns},
        {**part, "TableFragmentType": "DataReplace", "Rows": [[0]]},
        {**part, "TableFragmentType": "DataReplace", "Rows": [[1], [2]]},
        {"FrameType": "TableProgress", "TableId": 1, "TableProgress": 50.0},
        {**part, "Rows": [[3]]},
        {"FrameType": "TableCompletion", "TableId": 1, "RowCount": 3},
        DONE,
    ]
    async with served(lake(answer)) as client:
        found = await asked(client)

    assert found.rows == [[1], [2], [3]]


async def test_an_empty_result_keeps_its_columns() -> None:
    async with served(lake(frames(table([], n="long")))) as client:
        found = await asked(client)

    assert (found.rows, found.row_count, [each.name for each in found.columns]) == ([], 0, ["n"])


@pytest.mark.parametrize(
    "answer",
    [
        frames(table([[1], {"OneApiErrors": [LIMIT]}], n="long")),
        frames(table([[1]], n="long"), end={**DONE, "HasErrors": True, "OneApiErrors": [LIMIT]}),
    ],
)
async def test_an_error_among_the_rows_or_at_the_end_makes_the_result_partial(answer: Any) -> None:
    async with served(lake(answer)) as client:
        found = await asked(client)

    assert found.rows == [[1]]
    assert found.partial
    assert found.error
    assert (found.error.code, found.error.message) == (
        "LimitsExceeded",
        "Query execution has exceeded the allowed limits.",
    )


@pytest.mark.parametrize("end", [{"HasErrors": True}, {"Cancelled": True}])
async def test_an_end_that_does_not_say_what_went_wrong_makes_the_result_partial(
    end: dict[str, Any],
) -> None:
    async with served(lake(frames(table([[1]], n="long"), end={**DONE, **end}))) as client:
        found = await asked(client)

    assert (found.rows, found.partial) == ([[1]], True)
    assert found.error


async def test_rows_are_cut_where_asked_and_where_the_answer_ends() -> None:
    many = frames(table([[number, "x" * 500] for number in range(5_000)], n="long", x="string"))
    async with served(lake(many)) as client:
        by_rows = await asked(client, max_rows=3)
        by_bytes = await asked(client, max_rows=5_000)

    assert (by_rows.row_count, by_rows.truncated) == (3, True)
    assert by_bytes.truncated
    assert len(by_bytes.model_dump_json()) < 80 * 1024
    assert [row[0] for row in by_bytes.rows] == list(range(by_bytes.row_count))


async def test_a_body_over_the_limit_keeps_the_rows_that_came_whole() -> None:
    many = frames(table([[number, "x" * 500] for number in range(2_000)], n="long", x="string"))
    settings = Settings(max_response_bytes=64 * 1024)
    async with served(lake(many), settings=settings) as client:
        found = await asked(client, max_rows=2_000)

    assert found.truncated
    assert 50 < found.row_count < 130


async def test_a_refusal_names_the_role_and_where_it_is_granted() -> None:
    async with served(lake(refusal(403, "Forbidden"))) as client:
        error = await failed(client)

    assert error["code"] == "access_denied"
    assert "`Log Analytics Reader` on the workspace" in error["hint"]


@pytest.mark.parametrize(
    "answer",
    [
        refusal(404, "NotFound"),
        refusal(
            400, "BadRequest_EntityNotFound", "Entity ID 'x' of kind 'Database' was not found."
        ),
    ],
)
async def test_a_workspace_that_is_not_in_the_lake_is_told_how_to_get_there(answer: Any) -> None:
    async with served(lake(answer)) as client:
        error = await failed(client)

    assert error["code"] == "not_found"
    assert "Onboard the tenant" in error["hint"]


async def test_a_cloud_without_a_lake_is_not_asked() -> None:
    azure = lake(frames())
    async with served(azure, settings=Settings(cloud="usgov")) as client:
        error = await failed(client)

    assert error["code"] == "config"
    assert "run_query" in error["hint"]
    assert azure.requests == []


async def test_what_kusto_says_of_a_wrong_query_is_told() -> None:
    said = {
        "code": "General_BadRequest",
        "message": "Request is invalid and cannot be executed.",
        "@message": "Semantic error: SEM0100: 'Foo' does not exist.",
    }
    async with served(lake(Reply({"error": said}, 400))) as client:
        error = await failed(client)

    assert error["code"] == "invalid_query"
    assert "'Foo' does not exist" in error["message"]


async def test_the_guard_refuses_and_nothing_is_sent() -> None:
    azure = lake(frames())
    async with served(azure) as client:
        for query in (
            'externaldata(a: string) ["https://evil.example/x"]',
            'workspace("other").SigninLogs',
            ".set T <| SigninLogs",
        ):
            assert (await failed(client, query=query))["code"] == "query_refused"

    assert azure.requests == []


async def test_a_body_that_is_no_answer_is_unavailable() -> None:
    async with served(lake({"hello": "there"})) as client:
        error = await failed(client)

    assert error["code"] == "unavailable"


@pytest.mark.asyncio(loop_scope="session")
async def test_the_scenarios_lake_has_the_rows_of_the_workspace(
    client: Client[FastMCPTransport],
) -> None:
    text = (
        "SigninLogs | where TimeGenerated > ago(20d) | where ResultType == '50126' "
        "| summarize n = count() by UserPrincipalName | order by UserPrincipalName asc | take 50"
    )
    found = await asked(client, query=text)
    queried = await client.call_tool("run_query", {"query": text})

    assert queried.structured_content
    assert found.rows == queried.structured_content["tables"][0]["rows"]
    assert found.row_count > 10


@pytest.mark.asyncio(loop_scope="session")
async def test_a_wrong_query_of_the_scenario_is_told_with_its_place(
    client: Client[FastMCPTransport],
) -> None:
    wrong = await failed(client, query="SigninLogs\n| wher x")
    unsupported = await failed(client, query="SigninLogs | evaluate autocluster()")

    assert wrong["code"] == "invalid_query"
    assert "line 2, column 3" in wrong["message"]
    assert unsupported["code"] == "unsupported_locally"
