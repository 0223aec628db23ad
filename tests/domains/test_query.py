"""Queries through a real client and the real SDK, against a scripted Azure."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import WORKSPACE, Reply, ScriptedAzure, Tokens, refusal

from sentinel_mcp.azure.workspaces import Workspaces
from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.shared.schemas import FRESH_S, RETRY_S, SETTLED_S, Schemas
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.server import create_server
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import Lane, TaskManager

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]


def table(*columns: str, rows: list[list[object]], **more: object) -> dict[str, object]:
    named = [dict(zip(("name", "type"), each.split(":"), strict=True)) for each in columns]
    return {"tables": [{"name": "PrimaryResult", "columns": named, "rows": rows}], **more}


def metadata(*tables: str, functions: dict[str, str] | None = None) -> dict[str, object]:
    columns = [{"name": "TimeGenerated", "type": "datetime"}, {"name": "Who", "type": "string"}]
    return {
        "tables": [{"id": name, "name": name, "columns": columns} for name in tables],
        "functions": [{"name": name, "body": body} for name, body in (functions or {}).items()],
    }


@asynccontextmanager
async def asked(
    checker: Checker, answer: object, schema: object | None = None, **settings: Any
) -> AsyncGenerator[tuple[Connected, ScriptedAzure]]:
    azure = ScriptedAzure(
        {
            "GET /metadata": Reply(schema or metadata("SigninLogs", "Mine_CL")),
            "POST /query": answer if isinstance(answer, Reply) else Reply(answer),
        }
    )
    server = create_server(
        Settings(**settings),
        workspaces=[WORKSPACE],
        make_transport=lambda: azure,
        make_credential=Tokens,
        checker=checker,
    )
    async with Client(server) as client:
        yield client, azure


def sent(azure: ScriptedAzure) -> dict[str, Any]:
    queries = [each for each in azure.requests if each.url.endswith("/query")]
    assert len(queries) == 1
    body: dict[str, Any] = orjson.loads(queries[0].content)
    return body


ONE = table("Count:long", rows=[[1]])


@pytest.mark.parametrize(
    ("query", "timespan", "applied", "source"),
    [
        ("SigninLogs | count", None, "P1D", "default"),
        ("SigninLogs | count", "2h", "PT2H", "argument"),
        ("SigninLogs | where TimeGenerated > ago(30d) | count", None, None, "query"),
        ("SigninLogs | where TimeGenerated > ago(30d) | count", "P7D", "P7D", "argument"),
        ("let w = 90d; SigninLogs | where TimeGenerated > ago(w) | count", None, None, "query"),
        # Neither a comment nor a text is a time range.
        ("SigninLogs // ago(365d)\n| where Who == 'ago(300d)' | count", None, "P1D", "default"),
        ("print 1", None, None, "none"),
    ],
)
async def test_the_range_is_the_caller_s_or_the_query_s_or_a_day_and_the_answer_says_which(
    checker: Checker, query: str, timespan: str | None, applied: str | None, source: str
) -> None:
    async with asked(checker, ONE) as (client, azure):
        answer = await client.call_tool("run_query", {"query": query, "timespan": timespan})

    assert answer.structured_content
    told = answer.structured_content["timespan"]
    assert (told["applied"], told["source"]) == (applied, source)
    assert sent(azure).get("timespan") == applied


async def test_a_partial_result_keeps_its_rows_and_says_what_failed(checker: Checker) -> None:
    error: dict[str, object] = {"code": "PartialError", "message": "Some shards failed."}
    async with asked(checker, table("Count:long", rows=[[7]], error=error)) as (client, _):
        answer = await client.call_tool("run_query", {"query": "SigninLogs | count"})

    found = answer.structured_content
    assert found
    assert found["tables"][0]["rows"] == [[7]]
    assert found["partial"] is True
    assert found["error"]["message"] == "Some shards failed."


async def test_statistics_and_visualization_come_with_the_answer_when_asked_for(
    checker: Checker,
) -> None:
    more = {"statistics": {"query": {"executionTime": 0.1}}, "render": {"visualization": "pie"}}
    async with asked(checker, table("Count:long", rows=[[7]], **more)) as (client, azure):
        answer = await client.call_tool(
            "run_query",
            {"query": "SigninLogs | count | render piechart"}
            | {"include_statistics": True, "include_visualization": True},
        )

    found = answer.structured_content
    assert found
    assert found["statistics"] == more["statistics"]
    assert found["visualization"] == more["render"]
    prefer = azure.requests[-1].headers["Prefer"]
    assert "include-statistics=true" in prefer
    assert "include-render=true" in prefer


async def test_every_table_of_an_answer_is_given(checker: Checker) -> None:
    first = {"name": "A", "columns": [{"name": "N", "type": "long"}], "rows": [[1]]}
    second = {"name": "B", "columns": [{"name": "Who", "type": "string"}], "rows": [["me"]]}
    two = {"tables": [first, second]}
    async with asked(checker, two) as (client, _):
        answer = await client.call_tool("run_query", {"query": "SigninLogs | count"})

    assert answer.structured_content
    assert [each["rows"] for each in answer.structured_content["tables"]] == [[[1]], [["me"]]]


async def test_more_rows_than_asked_for_are_cut_and_the_answer_says_so(checker: Checker) -> None:
    rows: list[list[object]] = [[number] for number in range(5)]
    async with asked(checker, table("N:long", rows=rows)) as (client, _):
        cut = await client.call_tool("run_query", {"query": "print 1", "max_rows": 4})
        whole = await client.call_tool("run_query", {"query": "print 1", "max_rows": 5})

    assert cut.structured_content
    assert whole.structured_content
    assert (cut.structured_content["row_count"], cut.structured_content["truncated"]) == (4, True)
    assert (whole.structured_content["row_count"], whole.structured_content["truncated"]) == (
        5,
        False,
    )


async def test_text_forms_keep_each_value_in_its_cell(checker: Checker) -> None:
    nasty = 'a|b, "c"\nd'
    async with asked(checker, table("A:string", "B:bool", rows=[[nasty, True]])) as (client, _):
        forms = {
            form: await client.call_tool("run_query", {"query": "print 1", "format": form})
            for form in ("csv", "markdown")
        }

    texts = {
        form: answer.structured_content["tables"][0]["text"]
        for form, answer in forms.items()
        if answer.structured_content
    }
    assert texts["csv"] == 'A,B\n"a|b, ""c""\nd",true\n'
    assert texts["markdown"].splitlines()[2] == '| a\\|b, "c" d | true |'


async def test_a_refusal_by_azure_names_the_role_to_grant(checker: Checker) -> None:
    no = refusal(403, "InsufficientAccessError")
    async with asked(checker, no) as (client, _):
        answer = await client.call_tool(
            "run_query", {"query": "SigninLogs | count"}, raise_on_error=False
        )

    assert answer.is_error
    assert answer.meta
    assert answer.meta["error"]["code"] == "access_denied"
    assert "Reader" in answer.meta["error"]["hint"]


async def test_a_workspace_s_own_tables_and_functions_are_known(checker: Checker) -> None:
    schema = metadata("Mine_CL", functions={"Recent": "Mine_CL | where TimeGenerated > ago(1h)"})
    async with asked(checker, ONE, schema) as (client, _):
        answer = await client.call_tool(
            "validate_query", {"query": "Recent | summarize count() by Who"}
        )

    assert answer.structured_content
    assert answer.structured_content["valid"], answer.structured_content["diagnostics"]


async def test_a_schema_that_cannot_be_read_leaves_the_bundled_one_and_says_so(
    checker: Checker,
) -> None:
    no = refusal(403, "InsufficientAccessError")
    azure = ScriptedAzure({"GET /metadata": no, "POST /query": Reply(ONE)})
    server = create_server(
        Settings(),
        workspaces=[WORKSPACE],
        make_transport=lambda: azure,
        make_credential=Tokens,
        checker=checker,
    )
    async with Client(server) as client:
        answer = await client.call_tool("run_query", {"query": "SigninLogs | count"})

    assert answer.structured_content
    assert "schema could not be read" in " ".join(answer.structured_content["warnings"])


class Growing(ScriptedAzure):
    """Has one more table each time that its schema is read."""

    def __init__(self) -> None:
        super().__init__({"GET /metadata": self._grow})
        self.read = 0

    def _grow(self, _: HttpRequest) -> Reply:
        self.read += 1
        return Reply(metadata(*(f"Table{number}_CL" for number in range(self.read))))


async def test_the_plans_of_tables_are_read_apart_each_hour_and_their_refusal_costs_no_schema(
    checker: Checker,
) -> None:
    plans: dict[str, Any] = {"value": [{"name": "A_CL", "properties": {"plan": "Basic"}}]}
    answers = [
        refusal(403, "AuthorizationFailed"),
        Reply(plans),
        refusal(403, "AuthorizationFailed"),
    ]
    azure = ScriptedAzure(
        {"GET /metadata": Reply(metadata("A_CL")), "GET /tables": lambda _: answers.pop(0)}
    )
    now = 1000.0
    workspaces = Workspaces(
        Settings(), [WORKSPACE], make_transport=lambda: azure, make_credential=Tokens
    )
    tasks = TaskManager(dict.fromkeys(Lane, 1))
    schemas = Schemas(AzureCalls(workspaces, tasks, Settings()), checker, clock=lambda: now)

    refused = await schemas.plans(None)
    assert await schemas.plans(None) is refused, "it was refused only just now"
    assert refused.problem
    assert refused.by_table == {}
    assert set((await schemas.of("sentinel", None)).present) == {"A_CL"}

    now += RETRY_S + 1
    known = await schemas.plans(None)
    assert (known.problem, known.by_table) == (None, {"A_CL": "Basic"})

    now += FRESH_S + 1
    older = await schemas.plans(None)
    assert older.problem, "an old answer is better than none"
    assert older.by_table == {"A_CL": "Basic"}
    assert answers == []
    await tasks.aclose()
    await workspaces.aclose()


async def test_the_schema_is_read_each_hour_and_when_it_lacks_a_name_and_not_more(
    checker: Checker,
) -> None:
    azure, now = Growing(), 1000.0
    workspaces = Workspaces(
        Settings(), [WORKSPACE], make_transport=lambda: azure, make_credential=Tokens
    )
    tasks = TaskManager(dict.fromkeys(Lane, 1))
    schemas = Schemas(AzureCalls(workspaces, tasks, Settings()), checker, clock=lambda: now)

    first = await schemas.of("sentinel", None)
    assert await schemas.of("sentinel", None) is first
    assert await schemas.newer(first, "sentinel", None) is None, "it was read only just now"
    assert azure.read == 1

    now += SETTLED_S
    second = await schemas.newer(first, "sentinel", None)
    assert second
    assert second.catalog.tables["Table1_CL"].present

    now += FRESH_S - 1
    assert await schemas.of("sentinel", None) is second
    now += 2
    assert (await schemas.of("sentinel", None)).catalog.tables["Table2_CL"].present
    assert azure.read == 3
    await tasks.aclose()
    await workspaces.aclose()
