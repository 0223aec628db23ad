"""Functions that are saved in the embedded workspace, called in KQL through the front door."""

from __future__ import annotations

from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]


async def rows(client: Connected, query: str) -> list[list[Any]]:
    answer = await client.call_tool("run_query", {"query": query, "timespan": "P7D"})
    assert answer.structured_content
    return answer.structured_content["tables"][0]["rows"]


@pytest.mark.parametrize(
    ("call", "written_out"),
    [
        ("NwFailedSignIns", 'SigninLogs | where ResultType != "0"'),
        ("NwFailedSignIns()", 'SigninLogs | where ResultType != "0"'),
        (
            "NwUserSignIns('aiko.tanaka@northwind.example', 3d)",
            "SigninLogs | where UserPrincipalName =~ 'aiko.tanaka@northwind.example' "
            "and TimeGenerated > ago(3d)",
        ),
        (
            "NwUserSignIns('aiko.tanaka@northwind.example')",
            "SigninLogs | where UserPrincipalName =~ 'aiko.tanaka@northwind.example'",
        ),
    ],
)
async def test_a_saved_function_yields_what_its_query_does(
    client: Connected, call: str, written_out: str
) -> None:
    (counted,) = await rows(client, f"{call} | count")

    assert counted == (await rows(client, f"{written_out} | count"))[0]
    assert counted[0] > 0


async def test_a_function_whose_parameters_have_defaults_needs_no_parentheses(
    client: Connected,
) -> None:
    named = await rows(client, "vimNetworkSessionNorthwindPanOS | count")

    assert named == await rows(client, "vimNetworkSessionNorthwindPanOS(false) | count")
    assert named[0][0] > 0


async def test_a_column_that_the_function_does_not_yield_is_refused_before_it_runs(
    client: Connected,
) -> None:
    answer = await client.call_tool(
        "run_query", {"query": "NwFailedSignIns | project Nope"}, raise_on_error=False
    )

    assert answer.meta
    assert answer.meta["error"]["code"] == "invalid_query"
