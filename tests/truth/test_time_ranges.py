"""A query without `timespan` answers what it does over all time, or says what it left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.truth.reading import Connected, Store, ask

from sentinel_mcp.domains.timespans import SLACK
from sentinel_mcp.kql.written_times import written_after

pytestmark = pytest.mark.asyncio(loop_scope="package")

EVERYTHING = "P3650D"

OTHER_TIMES = {
    "SecurityIncident": ("CreatedTime", "LastModifiedTime", "FirstActivityTime"),
    "SecurityAlert": ("StartTime", "EndTime", "ProcessingEndTime"),
    "SigninLogs": ("CreatedDateTime",),
    "DeviceProcessEvents": ("ProcessCreationTime",),
    "AuditLogs": ("ActivityDateTime",),
}


async def count(client: Connected, query: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
    answer = await ask(client, "run_query", query=f"{query} | count", **arguments)
    return answer["tables"][0]["rows"][0][0], answer


async def agrees(client: Connected, query: str) -> dict[str, Any]:
    """Check that the default range takes nothing away; between the three, `now` goes on."""
    before, _ = await count(client, query, timespan=EVERYTHING)
    found, answer = await count(client, query)
    after, _ = await count(client, query, timespan=EVERYTHING)
    assert min(before, after) <= found <= max(before, after), answer["timespan"]
    return answer


def moments(back: int) -> list[str]:
    """Return expressions of about the same moment, so many days ago."""
    return [
        f"ago({back}d)",
        f"now() - {back}d",
        f"now(-{back}d)",
        f"startofday(ago({back}d))",
        f"bin(ago({back}d), 1d)",
        f"datetime_add('day', -{back}, now())",
        f"ago({back * 24}h)",
        f"ago(toscalar(print {back}d))",
    ]


@st.composite
def filtered(draw: st.DrawFn) -> str:
    """Draw a query that keeps a table to a range of time, in one of the ways people write."""
    table = draw(st.sampled_from(sorted(OTHER_TIMES)))
    column = draw(st.sampled_from(("TimeGenerated", *OTHER_TIMES[table])))
    moment = draw(st.sampled_from(moments(draw(st.integers(2, 12)))))
    condition = draw(
        st.sampled_from(
            (
                f"{column} > {moment}",
                f"{moment} <= {column}",
                f"{column} between ({moment} .. now())",
                f"({column} >= {moment}) and isnotempty(Type)",
                f"{column} > {moment} and {column} < ago(1h)",
            )
        )
    )
    shape = draw(
        st.sampled_from(
            (
                "{table} | where {condition}",
                "let T = {table} | where {condition}; T",
                "let since = {moment}; {table} | where {column} > since",
                "let f = (w:datetime) {{ {table} | where {column} >= w }}; f({moment})",
                "union {table}, (AuditLogs | where TimeGenerated > ago(1d)) | where {condition}"
                if column == "TimeGenerated"
                else "{table} | where {condition} | extend a = 1",
                "{table} | where {condition} | join kind=leftouter "
                "(AuditLogs | where TimeGenerated > ago(3d) | take 1) on Type",
                "{table} | project-away TenantId | where {condition}",
            )
        )
    )
    return shape.format(table=table, column=column, moment=moment, condition=condition)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=filtered())
async def test_the_default_range_takes_nothing_from_a_query_that_says_its_own(
    client: Connected, query: str
) -> None:
    await agrees(client, query)


@pytest.mark.parametrize(
    "query",
    [
        "SecurityIncident | where CreatedTime > ago(10d)",
        "SecurityIncident | summarize arg_max(TimeGenerated, *) by IncidentName "
        "| where CreatedTime > ago(10d)",
        "SigninLogs | where TimeGenerated > ago(6d) or ResultType == '50126'",
        "SigninLogs | where now() - TimeGenerated < 6d",
        "SigninLogs | where not(TimeGenerated < ago(6d))",
        "SigninLogs | where datetime_diff('day', now(), TimeGenerated) < 6",
        "SecurityEvent | where TimeGenerated < ago(5d)",
        "SigninLogs | where TimeGenerated > ago(6d) | join kind=inner AuditLogs on TenantId "
        "| distinct UserPrincipalName",
        "ThreatIntelIndicators | where ValidUntil > ago(30d)",
    ],
)
async def test_forms_that_were_cut_to_a_day_are_whole(client: Connected, query: str) -> None:
    await agrees(client, query)


async def test_the_incidents_of_ten_days_are_those_of_the_table(
    client: Connected, store: Store
) -> None:
    asked = "SecurityIncident | where CreatedTime > datetime({}) | distinct IncidentName"
    since = store.rows("SELECT max(CreatedTime) - INTERVAL 9 DAY FROM SecurityIncident")[0][0]
    sql = "SELECT count(DISTINCT IncidentName) FROM SecurityIncident WHERE CreatedTime > ?"

    found, answer = await count(client, asked.format(since.isoformat()))

    assert found == store.number(sql, since) > 10
    assert "filters CreatedTime, not TimeGenerated" in answer["warnings"][0]


@pytest.mark.parametrize(
    ("query", "column"),
    [
        (
            "SigninLogs | summarize began = min(TimeGenerated) by UserPrincipalName "
            "| where began > ago(1d)",
            "began",
        ),
        (
            "Heartbeat | summarize ended = max(TimeGenerated) by Computer | where ended < ago(1h)",
            "ended",
        ),
        ("SecurityEvent | extend t = todatetime(Activity) | where t > ago(5d)", "t"),
        ("ThreatIntelIndicators | where ValidUntil > ago(3d)", "ValidUntil"),
    ],
)
async def test_a_default_beside_a_filter_that_cannot_be_placed_is_said(
    client: Connected, query: str, column: str
) -> None:
    _, answer = await count(client, query)

    assert answer["timespan"]["source"] == "default"
    assert f"filters {column}, which does not tell how far back" in answer["warnings"][0]
    assert "`timespan`" in answer["warnings"][0]


@pytest.mark.parametrize(
    ("query", "timespan", "cut"),
    [
        ("SigninLogs | where TimeGenerated > ago(7d)", "P1D", True),
        ("SigninLogs | where TimeGenerated > ago(7d)", "P7D", False),
        ("SigninLogs | where TimeGenerated > ago(7d)", "P30D", False),
        ("SigninLogs | where TimeGenerated > startofday(ago(3d))", "P3D", None),
        ("SigninLogs | where TimeGenerated between (ago(9d) .. ago(2d))", "P8D", True),
        ("SigninLogs | where TimeGenerated between (ago(9d) .. ago(2d))", "P10D", False),
        ("SecurityIncident | where CreatedTime > ago(10d)", "P1D", True),
        ("SigninLogs | where TimeGenerated > ago(9d)", "P3D/{anchor}", True),
        ("SigninLogs | where ResultType == '0'", "PT1H", False),
    ],
)
async def test_a_timespan_that_cuts_what_the_query_asks_for_is_said(
    client: Connected, store: Store, query: str, timespan: str, cut: bool | None
) -> None:
    stated = timespan.format(anchor=store.anchor.isoformat())

    _, answer = await count(client, query, timespan=stated)

    said = any("is narrower than what the query asks for" in each for each in answer["warnings"])
    # Three days from the start of a day are over three days, but for the stroke of midnight.
    assert cut is None or said is cut, answer["warnings"]
    assert answer["timespan"]["source"] == "argument"


async def test_several_queries_tasks_and_hunting_queries_say_the_same(client: Connected) -> None:
    query = "SecurityIncident | where CreatedTime > ago(10d) | distinct IncidentName | count"
    whole = (await ask(client, "run_query", query=query, timespan=EVERYTHING))["tables"][0]["rows"]

    (batch,) = (await ask(client, "run_queries", queries=[query]))["results"]
    task = await ask(client, "start_query", query=query)
    done = (await ask(client, "get_task", task_id=task["id"], wait_s=30))["result"]

    for answer in (batch["answer"], done):
        assert answer["tables"][0]["rows"] == whole
        assert answer["timespan"]["applied"] == "P11D"
        assert "filters CreatedTime" in answer["warnings"][0]


async def test_the_lake_has_no_default_and_says_which_tables_are_read_whole(
    client: Connected, store: Store
) -> None:
    whole = await ask(client, "query_lake", query="SigninLogs | count")
    kept = await ask(
        client, "query_lake", query="SigninLogs | where TimeGenerated > ago(1d) | count"
    )

    assert whole["rows"] == [[store.number("SELECT count(*) FROM SigninLogs")]]
    assert any("as far back as it is kept: SigninLogs" in each for each in whole["warnings"])
    assert kept["warnings"] == []


async def test_advanced_hunting_says_that_it_covers_less_than_the_query_asks_for(
    client: Connected,
) -> None:
    query = "DeviceProcessEvents | where Timestamp > ago({}d) | count"

    beyond = await ask(client, "run_advanced_hunting", query=query.format(60))
    narrow = await ask(client, "run_advanced_hunting", query=query.format(9), timespan="P2D")
    within = await ask(client, "run_advanced_hunting", query=query.format(9))

    assert "`timespan` P30D is narrower" in beyond["warnings"][0]
    assert "`timespan` P2D is narrower" in narrow["warnings"][0]
    assert within["warnings"] == []


async def test_no_row_is_dated_before_a_time_that_it_was_written_after(store: Store) -> None:
    looked_at = 0
    for table in store.table_names:
        columns = {name for name, *_ in store.rows(f'DESCRIBE "{table}"')}
        for column in written_after(table) & columns:
            ahead = store.number(
                f'SELECT max(epoch("{column}") - epoch(TimeGenerated)) FROM "{table}"'
            )
            looked_at += ahead is not None
            assert ahead is None or ahead <= SLACK.total_seconds(), (table, column)
    assert looked_at > 10
