"""get_table on the embedded workspace: columns, a part of them, rows without empty cells."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]

LARGEST = ["SecurityEvent", "CommonSecurityLog", "OfficeActivity", "SigninLogs", "SecurityAlert"]
MAX_BYTES = 34 * 1024
EMPTY: list[Any] = [None, "", [], {}, "[]", "{}", "null"]


async def called(client: Connected, tool: str, **arguments: Any) -> dict[str, Any]:
    return (await client.call_tool(tool, arguments)).structured_content or {}


@pytest.mark.parametrize("table", LARGEST)
async def test_a_sample_row_has_each_cell_that_a_query_finds_filled_and_no_other(
    client: Connected, table: str
) -> None:
    # Of rows at the same instant any may come first: the query asks for those of the sample.
    found = await called(client, "get_table", name=table, sample_rows=3)
    times = ", ".join(f"datetime({each['TimeGenerated']})" for each in found["sample"])
    query = f"{table} | where TimeGenerated in ({times})"
    answer = await called(client, "run_query", query=query, timespan="P7D", check=False)

    [result] = answer["tables"]
    names = [each["name"] for each in result["columns"]]
    filled = [
        {name for name, cell in zip(names, row, strict=True) if cell not in EMPTY}
        for row in result["rows"]
    ]
    assert len(found["sample"]) == 3
    for row in found["sample"]:
        assert set(row) in filled, row


@pytest.mark.parametrize("table", LARGEST)
async def test_a_table_with_its_longest_sample_fits_into_an_answer(
    client: Connected, table: str
) -> None:
    found = await called(client, "get_table", name=table, sample_rows=20)

    assert len(json.dumps(found)) <= MAX_BYTES
    assert found["columns_count"] == len(found["columns"])
    assert len(found["sample"]) == 20 or "sample rows fit" in " ".join(found["warnings"])


async def test_columns_are_those_with_the_text_in_name_or_description(client: Connected) -> None:
    whole = await called(client, "get_table", name="SigninLogs")
    some = await called(
        client, "get_table", name="SigninLogs", columns_containing="RISK", sample_rows=2
    )

    expected = [each for each in whole["columns"] if "risk" in json.dumps(each).casefold()]
    assert some["columns"] == expected
    assert 0 < len(expected) < len(whole["columns"])
    assert some["columns_count"] == whole["columns_count"]
    names = {each["name"] for each in expected} | {"TimeGenerated"}
    assert all(set(row) <= names and "TimeGenerated" in row for row in some["sample"])


async def test_a_text_in_no_column_is_said_to_be_in_none(client: Connected) -> None:
    found = await called(client, "get_table", name="SigninLogs", columns_containing="zzz")

    assert (found["columns"], found["columns_count"]) == ([], 82)
    assert any("No column of SigninLogs has 'zzz'" in each for each in found["warnings"])


async def test_descriptions_that_would_fill_the_answer_come_when_fewer_columns_are_asked_for(
    client: Connected,
) -> None:
    whole = await called(client, "get_table", name="SecurityEvent")
    some = await called(client, "get_table", name="SecurityEvent", columns_containing="logon")

    assert not any("description" in each for each in whole["columns"])
    assert any("columns_containing" in each for each in whole["warnings"])
    assert any("description" in each for each in some["columns"])
    assert some["warnings"] == []
