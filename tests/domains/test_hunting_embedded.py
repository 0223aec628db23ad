"""Hunting and content through the front door, on the embedded workspace."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

from moment import MOMENT
from sentinel_mcp.cli.session import opened_server
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]

WITHOUT_FINDINGS = {"Service tickets with RC4"}
"""What nobody in the scenario does."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def writer(own_cache_dir: Path) -> AsyncGenerator[Connected]:
    """Connect to a server that may write, on an embedded workspace of its own."""
    settings = Settings(
        cache_dir=own_cache_dir, now=MOMENT, allow_writes=True, validation_timeout_s=60
    )
    async with opened_server(settings) as server, Client(server) as connected:
        yield connected


async def called(client: Connected, tool: str, **arguments: Any) -> Any:
    return (await client.call_tool(tool, arguments)).structured_content


async def failed(client: Connected, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


async def test_every_hunting_query_of_the_scenario_runs_and_all_but_one_find_something(
    client: Connected,
) -> None:
    listed = await called(client, "list_hunting_queries", limit=200)
    nothing: set[str] = set()
    for each in listed["queries"]:
        result = await called(
            client, "run_hunting_query", hunting_query=each["id"], timespan="14d", max_rows=5
        )
        assert result["columns"], each["title"]
        if not result["rows"]:
            nothing.add(each["title"])

    assert listed["total_count"] == 26
    assert {each["source"] for each in listed["queries"]} == {"workspace", "content_hub"}
    assert nothing == WITHOUT_FINDINGS


async def test_every_hunting_query_has_tactics_and_techniques(client: Connected) -> None:
    listed = await called(client, "list_hunting_queries", limit=200)

    assert [each["title"] for each in listed["queries"] if not each["tactics"]] == []
    assert [each["title"] for each in listed["queries"] if not each["techniques"]] == []


async def test_every_stored_text_is_valid_and_binds(client: Connected) -> None:
    hunting = await called(client, "list_hunting_queries", limit=200)
    functions = await called(client, "list_saved_searches", functions_only=True)
    texts: list[str] = []
    for each in hunting["queries"]:
        detail = await called(client, "get_hunting_query", hunting_query=each["id"])
        texts.append(detail["query"])
    for each in functions["searches"]:
        detail = await called(client, "get_saved_search", saved_search=each["id"])
        declared = detail["parameters"] or ""
        texts.append(f"let f = ({declared}) {{ {detail['query']} }};\nprint 1")
    summaries = await called(client, "list_summary_rules")
    texts += [each["query"] for each in summaries["rules"]]
    refused: dict[str, Any] = {}
    for text in texts:
        verdict = await called(client, "validate_query", query=text)
        if not verdict["valid"]:
            refused[text] = verdict["diagnostics"]

    assert refused == {}
    assert len(texts) == 26 + 5 + 3


async def test_a_function_of_the_scenario_with_parameters_is_not_run(client: Connected) -> None:
    found = await called(client, "list_saved_searches", text="NwUserSignIns")

    error = await failed(client, "run_hunting_query", hunting_query=found["searches"][0]["id"])

    assert "upn, lookback" in error["message"]


async def test_the_story_is_in_the_bookmarks_and_hunts(client: Connected) -> None:
    bookmarks = await called(client, "list_bookmarks", label="hunting")
    hunts = await called(client, "list_hunts", include=["relations", "comments"])
    related = next(each for each in bookmarks["bookmarks"] if each["incident"])
    by_incident = await called(client, "list_bookmarks", incident=related["incident"]["id"])

    assert bookmarks["total_count"] == 3
    assert [each["id"] for each in by_incident["bookmarks"]] == [related["id"]]
    assert {each["hypothesis_status"] for each in hunts["hunts"]} == {"Unknown", "Validated"}
    assert sum(each["relations_count"] for each in hunts["hunts"]) == 9
    assert sum(each["comments_count"] for each in hunts["hunts"]) == 3


async def test_bookmarks_of_an_incident_are_found_by_its_number(client: Connected) -> None:
    bookmarks = await called(client, "list_bookmarks")
    related = next(each for each in bookmarks["bookmarks"] if each["incident"])
    incident = await called(client, "get_incident", incident=related["incident"]["id"])

    found = await called(client, "list_bookmarks", incident=incident["incident"]["number"])

    assert [each["id"] for each in found["bookmarks"]] == [related["id"]]


async def test_the_content_of_the_scenario_is_listed(client: Connected) -> None:
    rules = await called(client, "list_automation_rules")
    packages = await called(client, "list_content_packages")
    newer = await called(client, "list_product_packages", state="update_available")
    workbooks = await called(client, "list_workbooks")
    todo = await called(client, "list_recommendations", state="Active")
    parsers = await called(client, "list_parsers")

    assert [each["order"] for each in rules["rules"]] == [1, 2, 3, 4, 5, 6]
    assert (packages["total_count"], newer["total_count"]) == (12, 3)
    assert (workbooks["total_count"], todo["total_count"]) == (5, 2)
    assert {each["source"] for each in parsers["parsers"]} == {"workspace", "content_hub"}


async def test_an_automation_rule_names_the_analytics_rules_it_is_for(client: Connected) -> None:
    rules = await called(client, "list_automation_rules", text="identity")

    detail = await called(client, "get_automation_rule", automation_rule=rules["rules"][0]["id"])

    assert "Password spray from one address" in detail["conditions"][0]
    assert len(detail["actions"]) == 3


async def test_templates_are_paged_to_their_end(client: Connected) -> None:
    found: list[str] = []
    cursor = None
    for _ in range(5):
        page = await called(client, "list_content_templates", limit=15, cursor=cursor)
        found += [each["id"] for each in page["templates"]]
        if (cursor := page["next_cursor"]) is None:
            break

    assert len(found) == len(set(found)) == 42


async def test_a_query_is_saved_run_changed_and_deleted(writer: Connected) -> None:
    text = "SigninLogs | where ResultType == '50126' | summarize n = count() by IPAddress"
    made = await called(
        writer, "save_query", name="Failures by address", query=text, tactics=["CredentialAccess"]
    )
    ran = await called(writer, "run_hunting_query", hunting_query=made["name"], timespan="14d")
    changed = await called(
        writer,
        "save_query",
        name="Failures by address",
        query=f"{text} | top 3 by n",
        etag=made["etag"],
    )
    stale = await failed(
        writer, "save_query", name="Failures by address", query=text, etag=made["etag"]
    )
    top = await called(writer, "run_hunting_query", hunting_query=made["name"], timespan="14d")
    listed = await called(
        writer, "list_hunting_queries", text="failures by", tactic="CredentialAccess"
    )
    gone = await called(writer, "delete_saved_query", saved_search=made["name"], confirm=True)

    assert (made["action"], changed["action"]) == ("create", "update")
    assert ran["row_count"] > top["row_count"] == 3
    assert stale["code"] == "conflict"
    assert [each["id"] for each in listed["queries"]] == [made["name"]]
    assert gone["outcome"] == "done"
    assert (await failed(writer, "get_saved_search", saved_search=made["name"]))[
        "code"
    ] == "not_found"


async def test_a_row_of_a_hunt_becomes_a_bookmark(writer: Connected) -> None:
    queries = await called(writer, "list_hunting_queries", text="LSASS", source="workspace")
    result = await called(
        writer, "run_hunting_query", hunting_query=queries["queries"][0]["id"], timespan="14d"
    )
    names = [each["name"] for each in result["columns"]]
    row = dict(zip(names, result["rows"][0], strict=True))

    made = await called(
        writer,
        "create_bookmark",
        title="LSASS was read",
        query=result["query"],
        row=row,
        tactics=["CredentialAccess"],
        entities=[{"type": "Host", "identifier": "FullName", "value": row["DeviceName"]}],
    )
    kept = await called(writer, "get_bookmark", bookmark=made["name"])
    newest = await called(writer, "list_bookmarks", limit=1)

    told = await called(
        writer,
        "run_query",
        query=f"HuntingBookmark | where BookmarkId == '{made['name']}' | project BookmarkName",
    )

    assert told["tables"][0]["rows"] == [["LSASS was read"]]
    assert kept["result"]["ProcessCommandLine"] == row["ProcessCommandLine"]
    assert kept["entities"][0]["value"] == row["DeviceName"]
    assert kept["created_by"] == "analyst@northwind.example"
    assert [each["id"] for each in newest["bookmarks"]] == [made["name"]]
