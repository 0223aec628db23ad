"""Data freshness, by the real service over the real SDK clients, and on the scenario."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import WORKSPACE, Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.connectors.accounts import USAGE
from sentinel_mcp.domains.connectors.machines import REPORTERS, machines_query
from sentinel_mcp.domains.connectors.mentions import tables_named
from sentinel_mcp.domains.connectors.models import FreshnessReport
from sentinel_mcp.domains.connectors.silence import Rhythm, state_of
from sentinel_mcp.domains.last_events import last_events_query
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.scenario.rules.all import rules

QUERY = f"POST v1/workspaces/{WORKSPACE.workspace_id}/query"
NO = refusal(403, "AuthorizationFailed")
PARTIAL: dict[str, Any] = {
    "code": "PartialError",
    "message": "There were some errors.",
    "details": [],
}


def table(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[object]]) -> dict[str, Any]:
    named = [{"name": name, "type": kind} for name, kind in columns]
    return {"tables": [{"name": "PrimaryResult", "columns": named, "rows": rows}]}


def usage(*rows: Sequence[object]) -> dict[str, Any]:
    return table([("DataType", "string"), ("Megabytes", "real"), ("Hours", "dynamic")], rows)


def events(*rows: Sequence[object]) -> dict[str, Any]:
    columns = [("TableName", "string"), ("LastEvent", "datetime"), ("SilenceHours", "real")]
    return table(columns, rows)


def silent(*rows: Sequence[object]) -> dict[str, Any]:
    columns = [
        ("Machine", "string"),
        ("LastEvent", "datetime"),
        ("SilenceHours", "real"),
        ("Hours", "dynamic"),
    ]
    return table(columns, rows)


def answering(account: Any, last: Any, machines: Any = None) -> Any:
    """Answer the queries for the usage, for last events and for machines, each with its own."""

    def answer(request: Any) -> Reply:
        found = account if b"Usage\\n" in request.content else last
        if b"by Machine" in request.content:
            found = machines or silent()
        return found if isinstance(found, Reply) else Reply(found)

    return answer


def rule(name: str, query: str, *, enabled: bool = True) -> dict[str, Any]:
    properties = {"displayName": name, "enabled": enabled, "query": query}
    return {"name": name, "kind": "Scheduled", "properties": properties}


HOURLY = str(list(range(1, 336)))
HOURS_30_AGO = str(list(range(30, 336)))
ACCOUNT = usage(
    ["SigninLogs", 14_000.0, HOURLY],
    ["Syslog", 1_400.0, HOURS_30_AGO],
    ["Rare_CL", 0.1, "[200, 300]"],
)
LAST = events(
    ["SigninLogs", "2026-11-22T11:30:00Z", 0.5],
    ["Syslog", "2026-11-21T06:00:00Z", 30.2],
    ["Rare_CL", "2026-11-14T00:00:00Z", 200.4],
    ["OfficeActivity", None, None],
)
ROUTES: dict[str, Route] = {
    QUERY: answering(ACCOUNT, LAST),
    "GET tables": {
        "value": [
            {"name": each, "properties": {"plan": plan}}
            for each, plan in (
                ("SigninLogs", "Analytics"),
                ("Syslog", "Analytics"),
                ("Rare_CL", "Analytics"),
                ("OfficeActivity", "Analytics"),
                ("Operation", "Analytics"),
            )
        ]
    },
    "GET dataConnectors": {
        "value": [
            {
                "name": "office",
                "kind": "Office365",
                "properties": {"dataTypes": {"exchange": {"state": "Enabled"}}},
            },
            {
                "name": "aws",
                "kind": "AmazonWebServicesCloudTrail",
                "properties": {"dataTypes": {"logs": {"state": "Disabled"}}},
            },
        ]
    },
    "GET alertRules": {
        "value": [
            rule("Hidden rule", "OfficeActivity | where Operation == 'New-InboxRule'"),
            rule("SSH", "Syslog | join kind=inner (SigninLogs | take 1) on X"),
            rule("Off", "Syslog | take 1", enabled=False),
            rule("Parser", "_Im_Authentication | take 1"),
        ]
    },
}


async def report(client: Client[FastMCPTransport], **arguments: Any) -> FreshnessReport:
    answer = await client.call_tool("check_data_freshness", arguments)
    return FreshnessReport.model_validate(answer.structured_content)


async def test_each_table_is_judged_by_its_own_past_and_the_worst_comes_first() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        found = await report(client)

    assert [(each.table, each.state) for each in found.tables] == [
        ("OfficeActivity", "never"),
        ("Syslog", "silent"),
        ("Rare_CL", "unknown"),
        ("SigninLogs", "ok"),
    ]
    assert found.counts == {"never": 1, "silent": 1, "late": 0, "unknown": 1, "ok": 1}
    assert (found.total_count, found.next_cursor, found.missing) == (4, None, [])


async def test_it_takes_three_lists_two_queries_and_one_for_each_table_of_machines() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        await report(client)

    paths = sorted(each.url.partition("?")[0].rsplit("/", 1)[1] for each in azure.requests)
    assert paths == ["alertRules", "dataConnectors", "query", "query", "query", "tables"]


async def test_the_connector_that_feeds_a_table_and_the_rules_that_go_blind_are_named() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        found = {each.table: each for each in (await report(client)).tables}

    assert found["OfficeActivity"].connectors == ["Microsoft 365"]
    assert found["OfficeActivity"].blind_rules == ["Hidden rule"]
    assert (found["Syslog"].blind_rules, found["Syslog"].rules_count) == (["SSH"], 1)
    assert (found["SigninLogs"].blind_rules, found["SigninLogs"].rules_count) == ([], 1)
    assert "Operation" not in found


async def test_the_volume_is_that_of_a_day_and_a_rule_that_names_no_table_is_told() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        found = await report(client)

    volumes = {each.table: each.gb_per_day for each in found.tables}
    assert volumes["SigninLogs"] == pytest.approx(14 / (335 / 24), abs=1e-5)
    assert found.blind_rules_count == 2
    assert found.warnings[0].startswith("1 enabled rules name no known table")


async def test_one_table_or_one_state_can_be_asked_for() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        one = await report(client, table="Syslog")
        silent = await report(client, state="silent")
        unheard = await report(client, table="Nonsense")

    assert [each.table for each in one.tables] == ["Syslog"]
    assert [each.table for each in silent.tables] == ["Syslog"]
    assert unheard.tables[0].note == "The workspace has no such table."


async def test_a_table_that_takes_no_union_is_judged_by_the_usage_alone() -> None:
    plans = {"value": [{"name": "Syslog", "properties": {"plan": "Basic"}}]}
    azure = ScriptedAzure({**ROUTES, "GET tables": plans})

    async with served(azure) as client:
        found = await report(client, table="Syslog")

    assert (found.tables[0].state, found.tables[0].silence_h) == ("silent", 30.0)
    assert found.tables[0].note == "Judged by the hourly usage alone."
    assert not any("isfuzzy" in str(each.content) for each in azure.requests)
    assert found.machines
    assert found.machines.tables == []


async def test_a_machine_that_is_silent_beyond_its_own_rhythm_is_named() -> None:
    rows = silent(
        ["srv-1", "2026-11-21T06:00:00Z", 30.2, HOURS_30_AGO],
        ["laptop", "2026-11-21T06:00:00Z", 30.2, str([30, 90, 100, 160, 170, 240, 300])],
        ["new", "2026-11-21T06:00:00Z", 30.2, "[30, 31]"],
        [None, None, None, None],
    )
    azure = ScriptedAzure({**ROUTES, QUERY: answering(ACCOUNT, LAST, rows)})

    async with served(azure) as client:
        found = await report(client)
        other = await report(client, state="silent")

    assert found.machines
    assert (found.machines.tables, found.machines.silent_count) == (["Syslog"], 1)
    (machine,) = found.machines.silent
    assert (machine.machine, machine.table, machine.silence_h) == ("srv-1", "Syslog", 30.2)
    assert (machine.usual_gap_h, machine.longest_gap_h) == (1, 1)
    assert other.machines is None


async def test_machines_that_could_not_be_looked_at_are_said_with_the_reason() -> None:
    account = usage(["Syslog", 1_400.0, HOURLY], ["SecurityEvent", 400_000.0, HOURLY])
    tables = {
        "value": [
            {"name": each, "properties": {"plan": "Analytics"}}
            for each in ("Syslog", "SecurityEvent")
        ]
    }
    azure = ScriptedAzure({**ROUTES, "GET tables": tables, QUERY: answering(account, LAST, NO)})

    async with served(azure) as client:
        found = await report(client)

    assert found.machines
    assert found.machines.tables == []
    reasons = {each.table: each for each in found.machines.not_looked_at}
    assert reasons["Syslog"].error
    assert "over 100 GB" in reasons["SecurityEvent"].reason
    assert reasons.keys() == {"Syslog", "SecurityEvent"}


async def test_an_empty_workspace_has_no_tables_to_judge() -> None:
    empty: dict[str, object] = {"value": []}
    azure = ScriptedAzure(
        {
            QUERY: usage(),
            "GET tables": empty,
            "GET dataConnectors": empty,
            "GET alertRules": empty,
        }
    )

    async with served(azure) as client:
        found = await report(client)

    assert (found.tables, found.total_count) == ([], 0)


async def test_what_cannot_be_read_is_told_and_the_rest_comes() -> None:
    azure = ScriptedAzure(
        {**ROUTES, "GET alertRules": NO, "GET dataConnectors": NO, "GET tables": NO}
    )

    async with served(azure) as client:
        found = await report(client)

    assert [each.part for each in found.missing] == ["tables", "connections", "rules"]
    assert {each.table for each in found.tables} == {"SigninLogs", "Syslog", "Rare_CL"}


async def test_last_events_that_cannot_be_read_leave_the_usage_to_judge_by() -> None:
    azure = ScriptedAzure({**ROUTES, QUERY: answering(ACCOUNT, NO)})

    async with served(azure) as client:
        found = await report(client)

    states = {each.table: each.state for each in found.tables}
    assert (states["SigninLogs"], states["Syslog"]) == ("ok", "silent")
    assert [each.part for each in found.missing] == ["last_events"]


async def test_last_events_that_azure_told_in_part_are_said_to_lack_some() -> None:
    part = {**events(["SigninLogs", "2026-11-22T11:30:00Z", 0.5]), "error": PARTIAL}
    azure = ScriptedAzure({**ROUTES, QUERY: answering(ACCOUNT, part)})

    async with served(azure) as client:
        found = await report(client)

    states = {each.table: (each.state, each.last_event is None) for each in found.tables}
    assert (states["SigninLogs"], states["Syslog"]) == (("ok", False), ("silent", True))
    assert [(each.part, each.error.code) for each in found.missing] == [
        ("last_events", "PartialError")
    ]


async def test_of_many_tables_those_of_the_queries_that_succeed_are_known() -> None:
    many = [f"T{each:03}_CL" for each in range(120)]

    def last(request: Any) -> Reply:
        if b"Usage\\n" in request.content:
            return Reply(usage(*([each, 1.0, HOURLY] for each in many)))
        if b"T000_CL" in request.content:
            return NO
        return Reply(events(["T119_CL", "2026-11-22T11:30:00Z", 0.5]))

    async with served(ScriptedAzure({**ROUTES, QUERY: last, "GET tables": NO})) as client:
        found = await report(client, table=None, state=None)
        second = await report(client, cursor=found.next_cursor)
        third = await report(client, cursor=second.next_cursor)

    told = {each.table: each for page in (found, second, third) for each in page.tables}
    assert told["T119_CL"].last_event
    assert told["T000_CL"].note == "Judged by the hourly usage alone."
    assert "last_events" in {each.part for each in found.missing}


async def test_a_table_is_found_however_its_name_is_written() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        found = await report(client, table="signinlogs")

    assert [(each.table, each.state) for each in found.tables] == [("SigninLogs", "ok")]


async def test_a_refusal_of_every_query_is_an_error_that_names_the_role() -> None:
    azure = ScriptedAzure({**ROUTES, QUERY: NO})

    async with served(azure) as client:
        answer = await client.call_tool("check_data_freshness", raise_on_error=False)

    assert answer.is_error
    assert answer.meta
    assert answer.meta["error"]["code"] == "access_denied"
    assert "`Log Analytics Reader`" in str(answer.content)


async def test_pages_follow_each_other_and_every_table_is_on_one() -> None:
    many = [[f"T{each:03}_CL", 1.0, HOURLY] for each in range(120)]
    azure = ScriptedAzure({**ROUTES, QUERY: answering(usage(*many), events()), "GET tables": NO})

    async with served(azure) as client:
        pages = [await report(client)]
        while pages[-1].next_cursor:
            pages.append(await report(client, cursor=pages[-1].next_cursor))

    names = [each.table for page in pages for each in page.tables]
    assert len(names) == len(set(names)) == pages[0].total_count == 121
    assert len(pages) == 3


@pytest.mark.parametrize(
    ("hours", "silence_h", "state"),
    [
        (range(336), 2.5, "ok"),
        (range(336), 4.5, "late"),
        (range(336), 5.5, "silent"),
        (range(0, 336, 24), 25.0, "ok"),
        (range(0, 336, 24), 80.0, "silent"),
        ([*range(24), *range(60, 336)], 30.0, "late"),
        ([*range(24), *range(60, 336)], 40.0, "silent"),
        ([3, 9], 9.0, "unknown"),
        ([], 400.0, "silent"),
        ([], 20.0, "unknown"),
        ([], None, "never"),
    ],
)
def test_silence_is_judged_against_the_gaps_there_were(
    hours: Sequence[int], silence_h: float | None, state: str
) -> None:
    assert state_of(Rhythm.of(list(hours)), silence_h) == state


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("Event | take 1", {"Event"}),
        ("OfficeActivity | where Event == 1 | project Event, X", {"OfficeActivity"}),
        ("let a = Event; let b = 3; a | join (Syslog) on X", {"Event", "Syslog"}),
        ("union isfuzzy=true withsource=T Event, Syslog | take 1", {"Event", "Syslog"}),
        ("union (Event | take 1), (Syslog | where X in (Perf))", {"Event", "Syslog", "Perf"}),
        ("Syslog | summarize dcount(Event), make_set(Perf)", {"Syslog"}),
        ("// Event\nSyslog | where X has 'Event | take 1'", {"Syslog"}),
        ("['Event'] | take 1", {"Event"}),
        ("let f = (T:string) { Perf | where Event > 1 }; f('x')", {"Perf"}),
        ("Syslog | extend Y = toscalar(Perf | count)", {"Syslog", "Perf"}),
        ("((((", set[str]()),
        ("", set[str]()),
    ],
)
def test_only_what_a_pipeline_begins_with_is_a_table(query: str, named: set[str]) -> None:
    assert tables_named(query, {"Event", "OfficeActivity", "Perf", "Syslog"}) == named


@pytest.mark.asyncio(loop_scope="session")
async def test_the_tables_found_in_the_scenario_s_rules_are_those_that_the_checker_binds(
    checker: Checker,
) -> None:
    catalog = bundled("sentinel")
    written = [each for each in rules() if each.query]
    for each in written:
        bound = set((await checker.check(each.query, catalog)).tables)
        assert tables_named(each.query, catalog.tables) == bound, each.name
    assert len(written) > 15


@pytest.mark.asyncio(loop_scope="session")
async def test_our_own_queries_are_valid(checker: Checker) -> None:
    for query in (
        USAGE,
        last_events_query({"SigninLogs": "5h", "Syslog": "90d"}),
        *map(machines_query, REPORTERS),
    ):
        check = await checker.check(query, bundled("sentinel"))
        assert [each for each in check.diagnostics if each.severity == "error"] == []


@pytest.mark.asyncio(loop_scope="session")
async def test_on_the_scenario_the_tables_are_fresh_and_the_git_log_never_came(
    client: Client[FastMCPTransport],
) -> None:
    found = await report(client)

    never = [each.table for each in found.tables if each.state == "never"]
    assert "NorthwindGitAudit_CL" in never
    fresh = {each.table: each for each in found.tables}
    assert fresh["SigninLogs"].rules_count == sum(
        "SigninLogs" in each.query and each.enabled for each in rules()
    )
    assert fresh["OfficeActivity"].connectors == ["Microsoft 365"]
    assert fresh["SecurityEvent"].last_event
    assert found.counts["ok"] > 20


@pytest.mark.asyncio(loop_scope="session")
async def test_on_the_scenario_the_volume_is_that_of_the_usage_table(
    client: Client[FastMCPTransport], cache_dir: Path
) -> None:
    query = "Usage | where TimeGenerated > ago(14d) | where DataType == 'SigninLogs'"
    direct = await client.call_tool(
        "run_query", {"query": f"{query} | summarize GB = sum(Quantity) / 1000"}
    )
    found = await report(client, table="SigninLogs")

    ((gigabytes,),) = (direct.structured_content or {})["tables"][0]["rows"]
    assert found.tables[0].gb_per_day == pytest.approx(gigabytes / 14, rel=0.02)
