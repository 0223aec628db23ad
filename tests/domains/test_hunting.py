"""Hunting queries, by the real service over the real SDK clients, from a scripted Azure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.hunting.models import (
    HuntingQueryDetail,
    HuntingQueryListing,
    HuntingResult,
)
from sentinel_mcp.domains.hunting.runs import parameters
from sentinel_mcp.settings import Settings


def search(name: str, title: str, query: str = "Usage", **more: Any) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/s/workspaces/w/savedSearches/{name}",
        "name": name,
        "etag": f'W/"{name}"',
        "properties": {
            "category": "Hunting Queries",
            "displayName": title,
            "query": query,
            "version": 2,
            **more,
        },
    }


def tagged(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


LSASS = search(
    "lsass",
    "Memory of LSASS",
    "DeviceProcessEvents | where FileName == 'procdump.exe'",
    tags=tagged(
        description="Dumpers.",
        tactics="CredentialAccess, Execution",
        techniques="T1003.001",
        createdBy="ana@northwind.example",
    ),
)
RULES = search("rules", "Inbox rules", tags=tagged(tactics="Collection", techniques="T1114"))
OTHER = search("other", "Not for hunting") | {
    "properties": {"category": "General", "displayName": "Other", "query": "Usage"}
}
FUNCTION = search(
    "function",
    "Sign-ins of one",
    "SigninLogs | where UserPrincipalName == upn",
    functionAlias="SignInsOf",
    functionParameters="upn:string, T:(a:string, b:long), back:timespan=7d",
)
TEMPLATE: dict[str, Any] = {
    "name": "hq-1",
    "etag": '"t"',
    "properties": {
        "contentKind": "HuntingQuery",
        "displayName": "Rare processes",
        "packageName": "Endpoint Essentials",
        "threatAnalysisTactics": ["Execution"],
        "threatAnalysisTechniques": ["T1204"],
        "version": "1.0.1",
        "mainTemplate": {
            "resources": [
                {"type": "Microsoft.SecurityInsights/metadata", "properties": {"kind": "x"}},
                {
                    "type": "Microsoft.OperationalInsights/savedSearches",
                    "properties": {
                        "displayName": "Rare processes",
                        "query": "DeviceProcessEvents | take 5",
                        "tags": tagged(description="From the hub."),
                    },
                },
            ]
        },
    },
}
ANSWER: dict[str, Any] = {
    "tables": [
        {
            "name": "PrimaryResult",
            "columns": [{"name": "Computer", "type": "string"}, {"name": "n", "type": "long"}],
            "rows": [["dc-1", 3], ["dc-2", 1]],
        }
    ]
}
ROUTES: dict[str, Route] = {
    "GET savedSearches": {"value": [RULES, OTHER, LSASS]},
    "GET contentTemplates": {"value": [TEMPLATE]},
    "GET savedSearches/lsass": LSASS,
    "GET savedSearches/function": FUNCTION,
    "GET contentTemplates/hq-1": TEMPLATE,
    "POST query": ANSWER,
}


async def listed(client: Client[FastMCPTransport], **arguments: Any) -> HuntingQueryListing:
    answer = await client.call_tool("list_hunting_queries", arguments)
    return HuntingQueryListing.model_validate(answer.structured_content)


async def ran(client: Client[FastMCPTransport], **arguments: Any) -> HuntingResult:
    answer = await client.call_tool("run_hunting_query", {"hunting_query": "lsass", **arguments})
    return HuntingResult.model_validate(answer.structured_content)


async def error_of(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


def sent_query(azure: ScriptedAzure) -> dict[str, Any]:
    (request,) = (each for each in azure.requests if each.method == "POST")
    content = request.content
    assert isinstance(content, str | bytes)
    return json.loads(content)


async def test_queries_of_the_workspace_and_of_the_hub_come_in_one_list() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = await listed(client)

    assert [(each.id, each.source, each.solution) for each in page.queries] == [
        ("rules", "workspace", None),
        ("lsass", "workspace", None),
        ("hq-1", "content_hub", "Endpoint Essentials"),
    ]
    assert (page.workspace, page.total_count, page.next_cursor) == ("soc", 3, None)
    assert len(azure.requests) == 2
    asked = [azure.asked(index).get("$filter") for index in range(2)]
    assert "properties/contentKind eq 'HuntingQuery'" in asked


async def test_tags_tell_tactics_techniques_and_description() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        page = await listed(client, text="dumpers")

    (query,) = page.queries
    assert query.tactics == ["CredentialAccess", "Execution"]
    assert query.techniques == ["T1003.001"]
    assert query.description == "Dumpers."


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ({"tactic": "execution"}, ["lsass", "hq-1"]),
        ({"tactic": "Credential Access"}, ["lsass"]),
        ({"technique": "T1003"}, ["lsass"]),
        ({"technique": "T1003.001"}, ["lsass"]),
        ({"technique": "T1003.002"}, []),
        ({"technique": "T1204"}, ["hq-1"]),
        ({"text": "essentials"}, ["hq-1"]),
        ({"text": "nothing like it"}, []),
    ],
)
async def test_a_filter_keeps_what_fits(arguments: dict[str, str], kept: list[str]) -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        page = await listed(client, **arguments)

    assert [each.id for each in page.queries] == kept
    assert page.total_count == len(kept)


@pytest.mark.parametrize("source", ["workspace", "content_hub"])
async def test_one_source_is_one_request(source: str) -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = await listed(client, source=source)

    assert {each.source for each in page.queries} == {source}
    assert len(azure.requests) == 1


async def test_a_tactic_that_does_not_exist_is_refused_with_those_that_do() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        error = await error_of(client, "list_hunting_queries", tactic="Cooking")

    assert error["code"] == "invalid_input"
    assert "LateralMovement" in error["message"]
    assert azure.requests == []


async def test_pages_follow_each_other_without_a_gap() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        first = await listed(client, limit=2)
        second = await listed(client, limit=2, cursor=first.next_cursor)
        foreign = await error_of(
            client, "list_hunting_queries", limit=2, text="x", cursor=first.next_cursor
        )

    assert [each.id for each in (*first.queries, *second.queries)] == ["rules", "lsass", "hq-1"]
    assert second.next_cursor is None
    assert foreign["code"] == "invalid_input"


async def test_an_empty_workspace_has_an_empty_list() -> None:
    routes: dict[str, Route] = {"GET savedSearches": {}, "GET contentTemplates": {"value": []}}

    async with served(ScriptedAzure(routes)) as client:
        page = await listed(client)

    assert (page.queries, page.total_count, page.missing) == ([], 0, [])


async def test_when_the_hub_refuses_the_workspace_s_queries_still_come() -> None:
    routes = ROUTES | {"GET contentTemplates": refusal(403, "AuthorizationFailed")}

    async with served(ScriptedAzure(routes)) as client:
        page = await listed(client)

    assert [each.id for each in page.queries] == ["rules", "lsass"]
    assert [(each.part, each.error.code) for each in page.missing] == [
        ("content_hub", "access_denied")
    ]


async def test_when_both_sources_refuse_the_role_is_named() -> None:
    denied = refusal(403, "AuthorizationFailed")

    async with served(
        ScriptedAzure({"GET savedSearches": denied, "GET contentTemplates": denied})
    ) as client:
        error = await error_of(client, "list_hunting_queries")

    assert error["code"] == "access_denied"
    assert "Microsoft Sentinel Reader" in error["hint"]


async def test_odd_documents_hide_no_others() -> None:
    odd: list[Any] = [
        {},
        {"name": "n", "properties": None},
        {"id": "/x/savedSearches/tail", "properties": {"Category": " hunting queries "}},
        search("tags", "Tags", tags=["x", {"name": 1}, {"name": "tactics", "value": None}]),
    ]

    async with served(
        ScriptedAzure({**ROUTES, "GET savedSearches": {"value": [*odd, LSASS]}})
    ) as client:
        page = await listed(client, source="workspace")

    assert [each.id for each in page.queries] == ["lsass", "tags", "tail"]


async def test_a_query_comes_with_its_text_and_tags() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        answer = await client.call_tool("get_hunting_query", {"hunting_query": "lsass"})

    detail = HuntingQueryDetail.model_validate(answer.structured_content)
    assert detail.query == "DeviceProcessEvents | where FileName == 'procdump.exe'"
    assert (detail.source, detail.created_by) == ("workspace", "ana@northwind.example")
    assert detail.etag == 'W/"lsass"'


@pytest.mark.parametrize("tool", ["get_hunting_query", "get_saved_search"])
async def test_a_long_query_is_cut_to_what_an_answer_may_weigh(tool: str) -> None:
    long = search("lsass", "L", "x" * 60_000, tags=tagged(**{f"t{n}": "y" * 300 for n in range(9)}))
    argument = "hunting_query" if tool == "get_hunting_query" else "saved_search"

    async with served(
        ScriptedAzure({**ROUTES, "GET savedSearches/lsass": long}),
        settings=Settings(max_answer_bytes=4_096),
    ) as client:
        answer = await client.call_tool(tool, {argument: "lsass"})

    assert answer.structured_content
    assert "[cut: 60,000 characters in all]" not in answer.structured_content["title"]
    assert "[cut: " in answer.structured_content["query"]
    assert len(json.dumps(answer.structured_content, separators=(",", ":"))) <= 4_096


async def test_a_query_of_the_hub_is_read_out_of_its_template() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        answer = await client.call_tool("get_hunting_query", {"hunting_query": "hq-1"})

    detail = HuntingQueryDetail.model_validate(answer.structured_content)
    assert (detail.source, detail.query) == ("content_hub", "DeviceProcessEvents | take 5")
    assert (detail.description, detail.tactics) == ("From the hub.", ["Execution"])


async def test_a_query_that_is_nowhere_is_not_found() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        error = await error_of(client, "get_hunting_query", hunting_query="nowhere")

    assert error["code"] == "not_found"
    assert "list_hunting_queries" in error["hint"]


@pytest.mark.parametrize("tool", ["get_hunting_query", "run_hunting_query"])
async def test_a_template_of_another_kind_is_no_hunting_query(tool: str) -> None:
    rule: dict[str, Any] = {
        "name": "ar-1",
        "properties": {"contentKind": "AnalyticsRule", "mainTemplate": {}},
    }
    azure = ScriptedAzure({"GET contentTemplates/ar-1": rule})

    async with served(azure) as client:
        error = await error_of(client, tool, hunting_query="ar-1")

    assert error["code"] == "not_found"
    assert "'AnalyticsRule'" in error["message"]
    assert [each.method for each in azure.requests] == ["GET", "GET"]


async def test_a_text_is_found_beyond_what_the_list_shows() -> None:
    template = {"name": "hq", "properties": {"description": "x " * 400 + "needle"}}
    azure = ScriptedAzure(
        {"GET savedSearches": {"value": []}, "GET contentTemplates": {"value": [template]}}
    )

    async with served(azure) as client:
        (query,) = (await listed(client, text="needle")).queries

    assert query.description
    assert "needle" not in query.description


@pytest.mark.parametrize("name", ["a/b", "..", "a?b=c", "a%2fb"])
@pytest.mark.parametrize("tool", ["get_hunting_query", "run_hunting_query"])
async def test_an_id_that_would_lead_elsewhere_is_refused(tool: str, name: str) -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        error = await error_of(client, tool, hunting_query=name)

    assert error["code"] == "invalid_input"
    assert azure.requests == []


async def test_a_run_sends_the_stored_text_and_returns_rows_with_types() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        result = await ran(client, timespan="7d")

    assert sent_query(azure)["query"] == LSASS["properties"]["query"]
    assert [(each.name, each.type) for each in result.columns] == [
        ("Computer", "string"),
        ("n", "long"),
    ]
    assert result.rows == [["dc-1", 3], ["dc-2", 1]]
    assert (result.row_count, result.truncated, result.partial) == (2, False, False)
    assert (result.workspace, result.id, result.title) == ("soc", "lsass", "Memory of LSASS")


@pytest.mark.parametrize(
    ("text", "given", "applied", "source"),
    [
        ("Usage | take 1", None, "P1D", "default"),
        ("Usage | take 1", "7d", "P7D", "argument"),
        ("Usage | where TimeGenerated > ago(3d)", None, None, "query"),
        ("Usage | where TimeGenerated between (ago(3d) .. now())", None, None, "query"),
        ("Usage | where ago(3d) < TimeGenerated", None, None, "query"),
        ("Usage | project TimeGenerated, DataType", None, "P1D", "default"),
        ("Usage | summarize max(TimeGenerated) by DataType", None, "P1D", "default"),
        ("Usage | where TimeGenerated > ago(3d)", "PT1H", "PT1H", "argument"),
    ],
)
async def test_the_answer_says_which_time_it_covers(
    text: str, given: str | None, applied: str | None, source: str
) -> None:
    azure = ScriptedAzure({**ROUTES, "GET savedSearches/lsass": search("lsass", "L", text)})

    async with served(azure) as client:
        result = await ran(client, timespan=given)

    assert (result.timespan.requested, result.timespan.applied) == (given, applied)
    assert result.timespan.source == source
    assert sent_query(azure).get("timespan") == applied


async def test_more_rows_than_asked_for_are_cut_and_it_is_said() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        result = await ran(client, max_rows=1)

    assert (result.rows, result.row_count, result.truncated) == ([["dc-1", 3]], 1, True)
    assert "Cut" in result.warnings[0]


async def test_as_many_rows_as_asked_for_are_not_called_cut() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        result = await ran(client, max_rows=2)

    assert (result.row_count, result.truncated, result.warnings) == (2, False, [])


async def test_a_result_never_outgrows_an_answer() -> None:
    wide: Any = {"tables": [{**ANSWER["tables"][0], "rows": [["x" * 3_000, 1]] * 50}]}

    async with served(
        ScriptedAzure({**ROUTES, "POST query": wide}), settings=Settings(max_answer_bytes=8_192)
    ) as client:
        result = await ran(client)

    assert len(result.model_dump_json()) < 9_000
    assert result.truncated
    assert result.rows[0][0].endswith("[cut: 3,000 characters in all]")
    assert len(result.warnings) == 2


async def test_beside_the_longest_text_there_is_room_for_a_row() -> None:
    text = "Usage\n" + "| where Quantity > 1 // why\n" * 400
    azure = ScriptedAzure({**ROUTES, "GET savedSearches/lsass": search("lsass", "L", text)})

    async with served(azure, settings=Settings(max_answer_bytes=4_096)) as client:
        result = await ran(client)

    assert result.rows == [["dc-1", 3], ["dc-2", 1]]
    assert "[cut: " in result.query
    assert sent_query(azure)["query"] == text


async def test_a_partial_result_keeps_its_rows_and_says_why() -> None:
    fault = {"code": "PartialError", "details": [{"code": "EngineError", "message": "Too large."}]}

    async with served(
        ScriptedAzure({**ROUTES, "POST query": {**ANSWER, "error": fault}})
    ) as client:
        result = await ran(client)

    assert (result.row_count, result.partial) == (2, True)
    assert result.error
    assert "Too large." in result.error.message


async def test_a_result_without_rows_still_has_its_columns() -> None:
    no_rows: list[object] = []
    empty: Any = {"tables": [{**ANSWER["tables"][0], "rows": no_rows}]}

    async with served(ScriptedAzure({**ROUTES, "POST query": empty})) as client:
        result = await ran(client)

    assert (result.rows, len(result.columns), result.truncated) == ([], 2, False)


async def test_a_function_with_parameters_is_refused_by_their_names() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        error = await error_of(client, "run_hunting_query", hunting_query="function")

    assert error["code"] == "invalid_input"
    assert "upn, T, back" in error["message"]
    assert "SignInsOf(upn, T), with values" in error["hint"]
    assert [each.method for each in azure.requests] == ["GET"]


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ("", {}),
        ("a:int=1", {"a": False}),
        ("a:string, b:timespan = 7d", {"a": True, "b": False}),
        ("T:(x:string, y:long), n:int", {"T": True, "n": True}),
        ('a:dynamic = dynamic(["x","y"]), b:bool', {"a": False, "b": True}),
        (" , ", {}),
    ],
)
def test_parameters_are_read_whatever_their_types_and_whether_they_have_a_value(
    declared: str, found: dict[str, bool]
) -> None:
    assert parameters(declared) == found


@pytest.mark.parametrize(
    "text",
    [
        "externaldata(a:string)['https://x.example/a.csv']",
        "workspace('elsewhere').SigninLogs",
        ".show tables",
    ],
)
async def test_a_stored_text_that_reaches_outside_is_not_sent(text: str) -> None:
    azure = ScriptedAzure({**ROUTES, "GET savedSearches/lsass": search("lsass", "L", text)})

    async with served(azure) as client:
        error = await error_of(client, "run_hunting_query", hunting_query="lsass")

    assert error["code"] == "query_refused"
    assert [each.method for each in azure.requests] == ["GET"]


async def test_what_a_setting_allows_may_reach_outside() -> None:
    text = "workspace('elsewhere').SigninLogs"
    azure = ScriptedAzure({**ROUTES, "GET savedSearches/lsass": search("lsass", "L", text)})

    async with served(azure, settings=Settings(allowed_remote_workspaces=("elsewhere",))) as client:
        result = await ran(client)

    assert result.row_count == 2


async def test_a_stored_search_without_a_text_cannot_run() -> None:
    azure = ScriptedAzure({**ROUTES, "GET savedSearches/lsass": search("lsass", "L", "")})

    async with served(azure) as client:
        error = await error_of(client, "run_hunting_query", hunting_query="lsass")

    assert error["code"] == "invalid_input"


async def test_a_refused_run_names_the_role_that_is_missing() -> None:
    denied = Reply({"error": {"code": "InsufficientAccessError", "message": "No."}}, 403)

    async with served(ScriptedAzure({**ROUTES, "POST query": denied})) as client:
        error = await error_of(client, "run_hunting_query", hunting_query="lsass")

    assert error["code"] == "access_denied"
    assert "Log Analytics Reader" in error["hint"]


async def test_azure_s_complaint_about_the_text_is_told() -> None:
    def complain(_: HttpRequest) -> Reply:
        inner = {"code": "SEM0100", "message": "Failed to resolve table 'Nope'"}
        error = {"code": "BadArgumentError", "message": "bad", "innererror": inner}
        return Reply({"error": error}, 400)

    async with served(ScriptedAzure({**ROUTES, "POST query": complain})) as client:
        error = await error_of(client, "run_hunting_query", hunting_query="lsass")

    assert error["code"] == "invalid_query"
    assert "Nope" in error["message"]


async def test_a_time_range_that_is_none_is_refused_before_anything_is_sent() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        error = await error_of(client, "run_hunting_query", hunting_query="lsass", timespan="soon")

    assert error["code"] == "invalid_input"
    assert azure.requests == []
