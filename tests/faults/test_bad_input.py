"""Bad input through a real client: a clear answer, nothing lost, the server alive."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]


async def refused(client: Connected, tool: str, **arguments: Any) -> dict[str, Any]:
    """Return the error that a call is answered with, and see that the server is alive after it."""
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error, answer.structured_content
    assert answer.meta
    error: dict[str, Any] = answer.meta["error"]
    assert error["message"] in "".join(getattr(each, "text", "") for each in answer.content)
    alive = await client.call_tool("run_query", {"query": "print Alive = 1"})
    assert alive.structured_content
    assert alive.structured_content["tables"][0]["rows"] == [[1]]
    return error


async def test_a_query_that_does_not_parse_is_refused_with_the_place(client: Connected) -> None:
    error = await refused(client, "run_query", query="SigninLogs\n| where (ResultType == ")

    assert error["code"] == "invalid_query"
    assert "line 2, column" in error["message"]


async def test_an_unknown_table_is_refused_with_the_nearest_name(client: Connected) -> None:
    error = await refused(client, "run_query", query="SigninLog | take 1")

    assert error["code"] == "invalid_query"
    assert "SigninLogs" in error["message"]


async def test_an_unknown_column_is_refused_with_the_nearest_name(client: Connected) -> None:
    error = await refused(client, "run_query", query="SigninLogs | where UserPrincipalNam == 'x'")

    assert "Did you mean 'UserPrincipalName'" in error["message"]


@pytest.mark.parametrize(
    "timespan",
    [
        "banana",
        "7 days ago",
        "P1Q",
        "2026-02-30/2026-03-01",
        "2026-03-01/2026-02-01",
        "",
        "-7d",
        "٣d",
        "P99999999Y",
        "7d\x00",
    ],
)
async def test_a_timespan_that_is_none_is_refused_with_what_is_one(
    client: Connected, timespan: str
) -> None:
    error = await refused(client, "run_query", query="SigninLogs | count", timespan=timespan)

    assert error["code"] == "invalid_input"
    assert error["hint"]


@pytest.mark.parametrize("query", ["print '\x00'", "print '\ud800'", "print 1" + " " * 1_000_000])
async def test_text_that_no_query_can_be_is_refused(client: Connected, query: str) -> None:
    for tool in ("run_query", "validate_query"):
        error = await refused(client, tool, query=query)
        assert error["code"] in ("invalid_input", "invalid_query")


async def test_ten_million_rows_are_cut_and_the_answer_says_so(client: Connected) -> None:
    answer = await client.call_tool(
        "run_query", {"query": "range Number from 1 to 10000000 step 1", "max_rows": 50}
    )

    found = answer.structured_content
    assert found
    assert found["row_count"] == 50
    assert found["truncated"] is True
    assert "there are more" in " ".join(found["warnings"])


async def test_an_answer_stays_within_its_size_and_says_what_it_left_out(
    client: Connected,
) -> None:
    answer = await client.call_tool(
        "run_query",
        {"query": "range N from 1 to 5000 step 1 | extend T = strcat(N, ' ', 'abc')"}
        | {"max_rows": 5000},
    )
    wide = await client.call_tool(
        "run_query", {"query": "print Long = strrep(strrep('0123456789', 100), 200)"}
    )

    found, cut = answer.structured_content, wide.structured_content
    assert found
    assert found["truncated"]
    assert len(str(found["tables"])) < 80 * 1024
    assert cut
    assert "200,000 characters in all" in cut["tables"][0]["rows"][0][0]
    assert "1 long values are cut" in " ".join(cut["warnings"])


@pytest.mark.parametrize("incident", ["999999", "00000000-0000-0000-0000-000000000000", "' or 1"])
async def test_an_incident_that_does_not_exist_is_told(client: Connected, incident: str) -> None:
    error = await refused(client, "get_incident", incident=incident)

    assert error["code"] in ("not_found", "invalid_input")
    assert "list_incidents" in (error["hint"] or "")


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("run_query", {"query": 7}, "'query'"),
        ("run_query", {"query": "print 1", "max_rows": 0}, "'max_rows'"),
        ("run_query", {"query": "print 1", "max_row": 5}, "Did you mean 'max_rows'"),
        ("run_query", {}, "'query' is missing"),
        ("list_incidents", {"severities": ["Huge"]}, "'severities"),
        ("list_incidents", {"limit": "many"}, "'limit'"),
        ("get_table", {"name": "SigninLogs", "sample_rows": -1}, "'sample_rows'"),
    ],
)
async def test_a_wrong_argument_is_named(
    client: Connected, tool: str, arguments: dict[str, Any], told: str
) -> None:
    error = await refused(client, tool, **arguments)

    assert error["code"] == "invalid_input"
    assert told in f"{error['message']} {error['hint']}"
    assert "pydantic" not in str(error)


INJECTIONS = ["High' or 1==1 //", "High') or (1 eq 1", "' or true or '", "x' eq 'x"]


@pytest.mark.parametrize("text", INJECTIONS)
async def test_a_severity_with_a_filter_in_it_changes_nothing_but_the_error(
    client: Connected, text: str
) -> None:
    error = await refused(client, "list_incidents", severities=[text])

    assert error["code"] == "invalid_input"


@pytest.mark.parametrize("argument", ["title_contains", "owner"])
@pytest.mark.parametrize("text", INJECTIONS)
async def test_a_text_with_a_filter_in_it_matches_as_text_only(
    client: Connected, argument: str, text: str
) -> None:
    answer = await client.call_tool("list_incidents", {argument: text})

    assert answer.structured_content
    assert answer.structured_content["incidents"] == []


@pytest.mark.parametrize(
    "query",
    [
        ".show tables",
        "externaldata(x:string)['https://example.invalid/x.csv']",
        "cluster('other').database('d').T",
        "workspace('other').SigninLogs",
        "evaluate http_request('https://example.invalid')",
    ],
)
async def test_a_query_that_reaches_out_is_refused_even_unchecked(
    client: Connected, query: str
) -> None:
    for check in (True, False):
        error = await refused(client, "run_query", query=query, check=check)
        assert error["code"] in ("query_refused", "invalid_query")
    error = await refused(client, "run_query", query=query, check=False)
    assert error["code"] == "query_refused"


async def test_an_unknown_workspace_lists_those_there_are(client: Connected) -> None:
    error = await refused(client, "run_query", query="print 1", workspace="mars")

    assert error["code"] == "not_found"
    assert "local" in str(error)


async def test_a_task_that_does_not_exist_is_told(client: Connected) -> None:
    for tool in ("get_task", "cancel_task"):
        error = await refused(client, tool, task_id="none")
        assert error["code"] == "not_found"


async def test_an_unknown_table_name_is_told_with_the_nearest(client: Connected) -> None:
    error = await refused(client, "get_table", name="SecurityEvents")

    assert "SecurityEvent" in error["hint"]


async def test_what_the_engine_cannot_run_is_said_and_never_an_empty_result(
    client: Connected,
) -> None:
    error = await refused(
        client, "run_query", query="SigninLogs | evaluate autocluster()", timespan="1d"
    )

    assert error["code"] == "unsupported_locally"
    assert "evaluate" in error["message"]


def checkers() -> list[int]:
    """Return the ids of the checker processes that this process has started."""
    children = [
        pid
        for listed in Path("/proc/self/task").glob("*/children")
        for pid in listed.read_text(encoding="utf-8").split()
    ]
    return [
        int(pid)
        for pid in children
        if b"sentinel_mcp.kql.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


@pytest.mark.needs_dotnet
async def test_a_checker_killed_in_the_middle_of_calls_costs_no_answer(client: Connected) -> None:
    await client.call_tool("validate_query", {"query": "print Started = 1"})
    killed = checkers()
    calls = [
        asyncio.create_task(client.call_tool("validate_query", {"query": f"print N = {number}"}))
        for number in range(20)
    ]
    await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    answers = [(await call).structured_content for call in calls]

    assert killed
    assert all(answer and answer["valid"] for answer in answers)
    assert {answer["engine"] for answer in answers if answer} == {"kusto_language"}
    assert not set(checkers()) & set(killed)
