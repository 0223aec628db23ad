"""get_usage_report: volume, cost and what stands out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import WORKSPACE, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.workspace.usage.models import UsageReport
from sentinel_mcp.domains.workspace.usage.service import usage_query
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import Settings

QUERY = f"POST v1/workspaces/{WORKSPACE.workspace_id}/query"
DAYS = [f"2026-11-{day:02}T00:00:00Z" for day in range(2, 16)]  # two weeks from a Monday


TODAY = "2026-11-16T00:00:00Z"
BEFORE = "2026-11-01T00:00:00Z"


def answered(rows: Sequence[Sequence[object]]) -> dict[str, Route]:
    columns = [
        {"name": name, "type": kind}
        for name, kind in (
            ("DataType", "string"),
            ("Billable", "bool"),
            ("Day", "datetime"),
            ("Megabytes", "real"),
            ("Begin", "datetime"),
            ("Today", "datetime"),
        )
    ]
    rows = [[*each, *(each[2], TODAY)[len(each) - 4 :]] for each in rows]
    return {QUERY: {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]}}


def steady(name: str, megabytes: float, *, billable: bool = True) -> list[list[object]]:
    return [[name, billable, day, megabytes] for day in DAYS]


async def report(client: Client[FastMCPTransport], **arguments: Any) -> UsageReport:
    answer = await client.call_tool("get_usage_report", arguments)
    return UsageReport.model_validate(answer.structured_content)


async def of(rows: Sequence[Sequence[object]], **arguments: Any) -> UsageReport:
    azure = ScriptedAzure(answered(rows))
    async with served(azure) as client:
        found = await report(client, **arguments)
    assert len(azure.requests) == 1
    return found


async def test_volume_is_told_by_day_and_table_the_largest_first() -> None:
    found = await of([*steady("Syslog", 500), *steady("SigninLogs", 2_000)])

    assert (found.days, str(found.first_day), str(found.last_day)) == (
        14,
        "2026-11-02",
        "2026-11-15",
    )
    assert (found.total_gb, found.billable_gb, found.billable_gb_per_day) == (35, 35, 2.5)
    assert [(each.table, each.gb, each.share_percent) for each in found.tables] == [
        ("SigninLogs", 28, 80.0),
        ("Syslog", 7, 20.0),
    ]
    assert found.tables[0].gb_by_day == [2.0] * 14
    assert {(each.gb, each.billable_gb) for each in found.by_day} == {(2.5, 2.5)}
    assert (found.anomalies, found.trend_percent) == ([], 0.0)


async def test_what_is_free_is_counted_and_costs_nothing() -> None:
    rows = [*steady("OfficeActivity", 1_000, billable=False), *steady("Syslog", 1_000)]

    found = await of([*rows, ["Syslog", False, DAYS[0], 500.0]])

    assert found.free_tables == ["OfficeActivity"]
    assert (found.total_gb, found.billable_gb) == (28.5, 14.0)
    assert {each.table: each.cost for each in found.tables} == {
        "OfficeActivity": 0.0,
        "Syslog": 60.2,
    }


async def test_the_price_is_the_list_price_by_name_or_the_caller_s() -> None:
    rows = steady("Syslog", 1_000)

    listed = (await of(rows)).cost
    own = (await of(rows, price_per_gb=2.0, currency="EUR")).cost
    unnamed = (await of(rows, price_per_gb=2.0)).cost

    assert (listed.for_range, listed.per_30_days, listed.currency) == (60.2, 129.0, "USD")
    assert "list price" in listed.basis
    assert "no commitment tier" in listed.basis
    assert (own.for_range, own.currency) == (28.0, "EUR")
    assert unnamed.currency == "not said"


async def test_a_day_far_from_its_kind_stands_out_and_a_weekend_does_not() -> None:
    office = [
        ["OfficeActivity", True, day, 100.0 if place % 7 > 4 else 1_000.0]
        for place, day in enumerate(DAYS)
    ]
    spike = [*office[:3], ["OfficeActivity", True, DAYS[3], 9_000.0], *office[4:]]

    assert (await of(office)).anomalies == []
    (found,) = (await of(spike)).anomalies
    assert (str(found.day), found.gb, found.usual_gb) == ("2026-11-05", 9.0, 1.0)


async def test_a_difference_that_does_not_matter_is_not_told() -> None:
    tiny = [["Tiny_CL", True, day, 0.001] for day in DAYS[:-1]]

    found = await of([*steady("Syslog", 1_000), *tiny, ["Tiny_CL", True, DAYS[-1], 1.0]])

    assert found.anomalies == []


async def test_the_day_within_which_all_data_begins_is_no_day() -> None:
    begun = "2026-11-02T13:00:00Z"
    rows = [
        [name, True, day, 10.0 if place == 0 else 1_000.0, begun if place == 0 else day]
        for name in ("Syslog", "SigninLogs")
        for place, day in enumerate(DAYS)
    ]

    found = await of(rows, days=14)

    assert (found.days, str(found.first_day), str(found.last_day)) == (
        13,
        "2026-11-03",
        "2026-11-15",
    )
    assert (found.total_gb, found.anomalies, found.trend_percent) == (26, [], None)
    assert {each.usual_gb_per_day for each in found.tables} == {1.0}
    assert "2026-11-02 is left out: the data begins within it." in found.warnings


async def test_a_table_that_begins_in_the_range_is_compared_from_its_first_whole_day_on() -> None:
    old = [["Syslog", True, BEFORE, 500.0, BEFORE], *steady("Syslog", 500)]
    new = [
        ["New_CL", True, day, 5.0 if place == 0 else 1_000.0, "2026-11-05T08:00:00Z"]
        for place, day in enumerate(DAYS[3:])
    ]

    found = await of([*old, *new], days=14)

    table = {each.table: each for each in found.tables}["New_CL"]
    assert (found.days, found.anomalies) == (14, [])
    assert (table.gb, table.usual_gb_per_day, table.trend_percent) == (10.005, 1.0, None)
    assert table.gb_by_day == [0.0, 0.0, 0.0, 0.005, *[1.0] * 10]


async def test_a_table_that_was_there_before_and_stopped_counts_its_empty_days() -> None:
    rows = [["Syslog", True, BEFORE, 500.0, BEFORE], *steady("Syslog", 500)[:7]]
    other = [["SigninLogs", True, BEFORE, 500.0, BEFORE], *steady("SigninLogs", 500)]

    found = await of([*rows, *other], days=14)

    table = {each.table: each for each in found.tables}["Syslog"]
    assert (table.trend_percent, found.days, str(found.last_day)) == (-100.0, 14, "2026-11-15")


async def test_a_growing_table_has_a_trend() -> None:
    rows = [["Syslog", True, day, 100.0 if place < 7 else 150.0] for place, day in enumerate(DAYS)]

    found = await of(rows)

    assert found.trend_percent == 50.0
    assert found.tables[0].trend_percent == 50.0
    assert (await of(rows[4:])).trend_percent is None


@pytest.mark.parametrize(("megabytes", "told"), [(60_000, False), (90_000, True)])
async def test_a_commitment_tier_is_hinted_at_where_it_pays(megabytes: int, told: bool) -> None:
    found = await of(steady("Syslog", megabytes))

    assert (found.commitment_hint is not None) is told


async def test_no_usage_is_an_answer_of_nothing_and_says_so() -> None:
    found = await of([])

    assert (found.tables, found.total_gb, found.first_day, found.cost.for_range) == ([], 0, None, 0)
    assert found.warnings == ["The workspace accounts for no data in this range."]


async def test_days_that_are_missing_are_told_and_count_as_nothing() -> None:
    found = await of([["Syslog", True, DAYS[0], 10.0], ["Syslog", True, DAYS[3], 10.0]])

    assert found.tables[0].gb_by_day == [0.01, 0.0, 0.0, 0.01, *[0.0] * 10]
    assert found.warnings == ["The data begins within the range: 14 of the 28 days are counted."]


async def test_pages_of_tables_follow_each_other_within_the_byte_limit() -> None:
    rows = [row for each in range(150) for row in steady(f"T{each:03}_CL", 150 - each)]
    azure = ScriptedAzure(answered(rows))
    names: list[str] = []

    async with served(azure, settings=Settings(max_answer_bytes=16_384)) as client:
        cursor: str | None = None
        for _ in range(40):
            page = await report(client, limit=100, cursor=cursor)
            assert len(page.model_dump_json()) < 16_384
            names += [each.table for each in page.tables]
            cursor = page.next_cursor
            if cursor is None:
                break

    assert names == [f"T{each:03}_CL" for each in range(150)]


async def test_a_refusal_names_the_role() -> None:
    async with served(ScriptedAzure({QUERY: refusal(403, "InsufficientAccessError")})) as client:
        answer = await client.call_tool("get_usage_report", raise_on_error=False)

    assert answer.is_error
    assert answer.meta
    assert answer.meta["error"]["code"] == "access_denied"
    assert "`Log Analytics Reader`" in str(answer.content)


async def test_odd_rows_are_left_out() -> None:
    found = await of(
        [[None, True, DAYS[0], 1.0], ["A", True, "soon", 1.0], ["B", None, DAYS[0], None]]
    )

    assert [(each.table, each.gb) for each in found.tables] == [("B", 0.0)]


async def test_a_day_of_another_age_does_not_stretch_the_report() -> None:
    found = await of([["Syslog", True, "0001-01-01T00:00:00Z", 9.0], *steady("Syslog", 500)])

    assert (found.days, str(found.first_day), found.total_gb) == (14, "2026-11-02", 7)


@pytest.mark.asyncio(loop_scope="session")
async def test_our_own_query_is_valid(checker: Checker) -> None:
    check = await checker.check(usage_query(28), bundled("sentinel"))

    assert [each for each in check.diagnostics if each.severity == "error"] == []


@pytest.mark.asyncio(loop_scope="session")
async def test_the_report_on_the_scenario_equals_a_direct_query_over_usage(
    client: Client[FastMCPTransport],
) -> None:
    direct = await client.call_tool(
        "run_query",
        {
            "query": "Usage | where StartTime >= startofday(ago(7d))"
            " | where EndTime <= startofday(now()) | summarize GB = sum(Quantity) / 1000,"
            " Billed = sumif(Quantity, IsBillable == true) / 1000 by DataType",
            "timespan": "P9D",
        },
    )
    found = await report(client, days=7, limit=200)

    rows = (direct.structured_content or {})["tables"][0]["rows"]
    assert len(rows) > 20
    assert {each.table: (each.gb, each.billable_gb) for each in found.tables} == {
        name: (pytest.approx(gb, abs=2e-6), pytest.approx(billed, abs=2e-6))
        for name, gb, billed in rows
    }
    assert found.total_gb == pytest.approx(sum(gb for _, gb, _ in rows), abs=1e-4)
    assert sum(each.gb for each in found.by_day) == pytest.approx(found.total_gb, abs=1e-4)
    assert found.days == 7
