"""Values matched against indicators and logs, by the real service over a scripted Azure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.domains.value_azure import (
    SCHEMA,
    Logs,
    Rows,
    bad_query,
    partly,
    searched_tables,
    workspace,
)
from tests.scripted import Reply, ScriptedAzure, refusal, served

from sentinel_mcp.domains.shared import indicators
from sentinel_mcp.domains.shared.entity import read_value
from sentinel_mcp.domains.threat_intel.models import MatchReport
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import Settings

INDICATOR = {
    "Id": "RmVlZA==---indicator--1",
    "ObservableKey": "ipv4-addr:value",
    "ObservableValue": "192.0.2.1",
    "Pattern": "[ipv4-addr:value = '192.0.2.1']",
    "Confidence": 80.0,
    "Source": "Feed",
    "Tags": "kit",
    "ValidUntil": "2999-01-01T00:00:00Z",
    "Active": True,
    "Title": "Server",
}
SEEN = {
    "Seen": "SigninLogs",
    "Owner": 0,
    "Events": 3,
    "First": "2026-01-01T00:00:00Z",
    "Last": "2026-01-02T00:00:00Z",
    "Columns": '["IPAddress"]',
}
EACH_KIND = [
    "192.0.2.1",
    "2001:db8::1",
    "198.51.100.0/24",
    "2001:db8:7::/48",
    "evil.example",
    "https://evil.example/a",
    "a@evil.example",
    "NW\\ann",
    "Ann Lee",
    "ws-01.nw.example",
    "S-1-5-21-1-2-3-1001",
    "dropper.exe",
    "d41d8cd98f00b204e9800998ecf8427e",
]
HOSTILE = [
    'https://evil.example/"|union-SecurityAlert//',
    "https://evil.example/'a'\\n(.*)$",
    "C:\\a\\b'c.exe",
    'evil.example/")|take-1',
    "o'brien@evil.example",
]


def asking_for_indicators(rows: Rows) -> Mapping[str, Rows]:
    return {"ObservableValue in~": rows}


def indicator(number: int, value: str, pattern: str = "", **more: Any) -> dict[str, Any]:
    key = "ipv6-addr:value" if value.count(":") > 1 else "ipv4-addr:value"
    about = {"ObservableKey": key, "ObservableValue": value, "Pattern": pattern}
    return {**INDICATOR, "Id": f"x---indicator--{number}", **about, **more}


async def matched(client: Client[FastMCPTransport], *values: str, **more: Any) -> MatchReport:
    answer = await client.call_tool("match_indicators", {"values": list(values), **more})
    return MatchReport.model_validate(answer.structured_content)


def relations(report: MatchReport) -> dict[str, list[tuple[str, str]]]:
    return {
        match.given: [(each.stix_id, each.relation) for each in match.indicators]
        for match in report.matches
    }


def unsearched(report: MatchReport) -> list[tuple[str, str]]:
    return [(each.table, each.reason) for each in report.not_searched]


async def test_a_value_comes_with_its_indicators_and_the_tables_that_have_it() -> None:
    records = {**SEEN, "Seen": "Watchlist", "Events": 2, "Columns": '["(other)"]'}
    logs = Logs(asking_for_indicators([INDICATOR]), seen=[SEEN, records])

    async with served(workspace(logs)) as client:
        report = await matched(client, "192[.]0[.]2[.]1:443")

    (match,) = report.matches
    assert (match.given, match.kind, match.names) == ("192[.]0[.]2[.]1:443", "ip", ["192.0.2.1"])
    (holder,) = match.indicators
    assert (holder.stix_id, holder.relation, holder.confidence) == ("indicator--1", "same", 80)
    assert [(each.table, each.columns, each.events, each.records) for each in match.sightings] == [
        ("SigninLogs", ["IPAddress"], 3, False),
        ("Watchlist", ["(other)"], 2, True),
    ]
    assert (match.events, match.records) == (3, 2)
    assert report.indicator_table == "ThreatIntelIndicators"
    assert (report.nothing_found, report.undecided, report.missing) == ([], [], [])


async def test_nothing_is_found_only_after_every_table_was_searched() -> None:
    logs = Logs()

    async with served(workspace(logs)) as client:
        report = await matched(client, *EACH_KIND)

    assert report.nothing_found == EACH_KIND
    assert (report.undecided, report.not_searched) == ([], [])
    assert report.searched == sorted(SCHEMA)
    assert {name for each in logs.queries for name in searched_tables(each)} == set(SCHEMA)


@pytest.mark.parametrize(("count", "most"), [(1, 1 + 5), (25, 1 + 5), (100, 1 + 4 * 5)])
async def test_the_queries_are_bounded_however_many_the_values(count: int, most: int) -> None:
    logs = Logs()

    async with served(workspace(logs)) as client:
        await matched(client, *(f"198.51.100.{each}" for each in range(count)))

    assert len(logs.queries) <= most


async def test_values_that_are_everywhere_are_counted_by_a_bounded_number_of_queries() -> None:
    found = [{**SEEN, "Seen": name, "Owner": each} for name in SCHEMA for each in range(100)]
    logs = Logs(seen=found)

    async with served(workspace(logs)) as client:
        report = await matched(client, *(f"198.51.100.{each}" for each in range(100)))

    # 500 counts, 40 in each query, after one of indicators, 20 of where any is, and 4 of which.
    assert len(logs.queries) <= 1 + 20 + 4 + 13
    assert [each.sightings_count for each in report.matches] == [len(SCHEMA)] * 100


async def test_without_logs_indicators_alone_are_asked_and_nothing_is_called_absent() -> None:
    logs = Logs()

    async with served(workspace(logs)) as client:
        report = await matched(client, "192.0.2.1", search_logs=False)

    assert len(logs.queries) == 1
    assert unsearched(report) == [("(all)", "not_asked")]
    assert (report.nothing_found, report.undecided) == ([], ["192.0.2.1"])


async def test_a_value_that_is_none_is_told_and_the_others_go_on() -> None:
    logs = Logs(seen=[SEEN])

    async with served(workspace(logs)) as client:
        report = await matched(
            client, "http://", "192.0.2.1", "?!", "192.0.2[.]1", "[::ffff:c000:201]:80"
        )

    assert [each.given for each in report.unusable] == ["http://", "?!"]
    assert "cannot be a URL" in report.unusable[0].reason
    assert [each.given for each in report.matches] == ["192.0.2.1"]
    assert report.notices == [
        "Told once, under another spelling of the same: 192.0.2[.]1, [::ffff:c000:201]:80."
    ]


async def test_nothing_usable_asks_nothing() -> None:
    azure = ScriptedAzure({})

    async with served(azure) as client:
        report = await matched(client, "?!")

    assert azure.requests == []
    assert (report.matches, report.nothing_found, report.indicator_table) == ([], [], None)


async def test_an_indicator_of_the_host_or_of_a_domain_above_is_told_as_such() -> None:
    rows = [
        indicator(2, "evil.example", ObservableKey="domain-name:value"),
        indicator(3, "", "[url:value = 'https://a.evil.example/p']"),
        indicator(4, "other.example", "??", ObservableKey="domain-name:value"),
    ]
    logs = Logs(asking_for_indicators(rows))

    async with served(workspace(logs)) as client:
        report = await matched(client, "https://a.evil.example/p", "b.evil.example", "evil.example")

    assert relations(report) == {
        "https://a.evil.example/p": [("indicator--3", "same"), ("indicator--2", "parent_domain")],
        "b.evil.example": [("indicator--2", "parent_domain")],
        "evil.example": [("indicator--2", "same")],
    }


async def test_addresses_and_networks_meet_in_indicators_of_both_versions() -> None:
    rows = [
        indicator(1, "192.0.2.0/24"),
        indicator(2, "192.0.2.77"),
        indicator(3, "2001:DB8:7::/48"),
        indicator(4, "2001:db8:7:0:0:0:0:9"),
        indicator(5, "", "[ipv4-addr:value = '10.0.0.1' OR ipv4-addr:value = '192.0.2.64/26']"),
        indicator(6, "192.0.2.0/33"),
        indicator(7, "", "[ipv4-addr:value = '10.0.0.1' AND ipv4-addr:value != '192.0.2.0/25']"),
    ]
    logs = Logs(asking_for_indicators(rows))

    async with served(workspace(logs)) as client:
        report = await matched(
            client,
            "192.0.2.77",
            "::ffff:192.0.2.200",
            "192.0.2.0/25",
            "192.0.2.0/24",
            "2001:0db8:0007::0009",
            "2001:db8:7:8::/64",
            "192.0.3.77",
            "2001:db8:8::/48",
        )

    found = {
        value: [f"{stix_id[-1]} {relation}" for stix_id, relation in each]
        for value, each in relations(report).items()
    }
    assert found == {
        "192.0.2.77": ["2 same", "1 network", "5 network"],
        "::ffff:192.0.2.200": ["1 network"],
        "192.0.2.0/25": ["1 within", "2 within", "5 within"],
        "192.0.2.0/24": ["1 same", "2 within", "5 within"],
        "2001:0db8:0007::0009": ["4 same", "3 network"],
        "2001:db8:7:8::/64": ["3 within"],
    }
    assert report.nothing_found == ["192.0.3.77", "2001:db8:8::/48"]


async def test_the_old_table_is_asked_only_where_the_new_one_is_missing() -> None:
    missing = bad_query("Failed to resolve table or column named 'ThreatIntelIndicators'")
    logs = Logs({"\nThreatIntelIndicators\n": missing, "ThreatIntelligenceIndicator": [INDICATOR]})

    async with served(workspace(logs)) as client:
        report = await matched(client, "192.0.2.1", search_logs=False)

    assert report.indicator_table == "ThreatIntelligenceIndicator"
    assert "has no table ThreatIntelIndicators" in report.notices[0]
    assert report.matches[0].indicators_count == 1
    assert len(logs.queries) == 2


async def test_a_part_that_fails_is_told_and_the_others_come() -> None:
    logs = Logs({"ObservableValue in~": refusal(403, "Forbidden")}, seen=[SEEN])

    async with served(workspace(logs)) as client:
        report = await matched(client, "192.0.2.1", "192.0.2.2")

    assert [(each.part, each.error.code) for each in report.missing] == [
        ("indicators", "access_denied")
    ]
    assert report.indicator_table is None
    assert report.matches[0].events == 3
    assert (report.nothing_found, report.undecided) == ([], ["192.0.2.2"])


async def test_nothing_readable_is_an_error_that_names_the_role() -> None:
    no = refusal(403, "InsufficientAccessError")

    async with served(ScriptedAzure({"*": no})) as client:
        answer = await client.call_tool(
            "match_indicators", {"values": ["192.0.2.1"]}, raise_on_error=False
        )

    assert answer.meta
    assert answer.meta["error"]["code"] == "access_denied"
    assert "`Microsoft Sentinel Reader`" in answer.meta["error"]["hint"]


@pytest.mark.parametrize(
    "answer",
    [
        bad_query("Query is not allowed on this table"),
        refusal(403, "InsufficientAccessError"),
        partly([]),
    ],
    ids=["refused", "denied", "in part"],
)
async def test_a_table_that_fails_costs_itself_alone_and_no_value_is_called_absent(
    answer: Reply,
) -> None:
    # Shared out over six queries: two of these eight tables are asked together with another.
    schema = {**SCHEMA, "Syslog": ["HostIP"], "W3CIISLog": ["cIP"], "VMConnection": ["RemoteIp"]}
    logs = Logs(failing={"Syslog": answer}, seen=[SEEN])

    async with served(workspace(logs, schema=schema)) as client:
        report = await matched(client, "192.0.2.1", "192.0.2.2")

    assert unsearched(report) == [("Syslog", "failed")]
    assert report.searched == sorted(schema.keys() - {"Syslog"})
    assert [each.given for each in report.matches] == ["192.0.2.1"]
    assert (report.nothing_found, report.undecided) == ([], ["192.0.2.2"])


async def test_a_table_that_fails_while_it_is_counted_was_not_searched() -> None:
    class Late(Logs):
        def __call__(self, request: Any) -> Reply:
            found = super().__call__(request)
            query = self.queries[-1]
            is_count = "summarize Events" in query and "SigninLogs" in searched_tables(query)
            return bad_query("Too slow") if is_count else found

    dns = {**SEEN, "Seen": "DnsEvents"}

    async with served(workspace(Late(seen=[SEEN, dns]))) as client:
        report = await matched(client, "192.0.2.1")

    assert unsearched(report) == [("SigninLogs", "failed")]
    assert [each.table for each in report.matches[0].sightings] == ["DnsEvents"]


async def test_a_table_on_another_plan_is_named_unasked_and_costs_the_others_nothing() -> None:
    logs = Logs(seen=[SEEN])
    plans = {"Mine_CL": "Basic", "DnsEvents": "Auxiliary", "SigninLogs": "Analytics"}

    async with served(workspace(logs, plans=plans)) as client:
        report = await matched(client, "192.0.2.1", "192.0.2.2")

    assert unsearched(report) == [("DnsEvents", "plan"), ("Mine_CL", "plan")]
    assert "its plan is Basic" in report.not_searched[1].message.replace("Its", "its")
    assert not any("Mine_CL" in each or "DnsEvents" in each for each in logs.queries)
    assert report.searched == ["SigninLogs", "ThreatIntelIndicators", "Watchlist"]
    assert (report.matches[0].events, report.undecided) == (3, ["192.0.2.2"])


async def test_where_the_plans_cannot_be_read_the_answer_says_so_and_all_are_searched() -> None:
    logs = Logs()

    async with served(workspace(logs, plans=refusal(403, "AuthorizationFailed"))) as client:
        report = await matched(client, "192.0.2.1")

    assert report.searched == sorted(SCHEMA)
    assert any("plans of the tables could not be read" in each for each in report.notices)


async def test_without_a_schema_the_usual_tables_are_searched_and_nothing_is_called_absent() -> (
    None
):
    logs = Logs()

    async with served(workspace(logs, schema=refusal(403, "InsufficientAccessError"))) as client:
        report = await matched(client, "192.0.2.1")

    assert unsearched(report) == [("(all others)", "schema_unknown")]
    assert {"SigninLogs", "DnsEvents", "SecurityEvent"} <= set(report.searched)
    assert (report.nothing_found, report.undecided) == ([], ["192.0.2.1"])


async def test_indicators_that_came_in_part_leave_a_value_undecided() -> None:
    async with served(workspace(Logs({"ObservableValue in~": partly([])}))) as client:
        report = await matched(client, "192.0.2.1")

    assert unsearched(report) == [("ThreatIntelIndicators", "failed")]
    assert "Some shards failed." in report.not_searched[0].message
    assert (report.nothing_found, report.undecided) == ([], ["192.0.2.1"])


async def test_more_indicators_than_are_read_leave_a_value_undecided() -> None:
    rows = [indicator(each, "10.0.0.0/24", Tags="") for each in range(indicators.MAX_ROWS + 1)]

    async with served(workspace(Logs(asking_for_indicators(rows)))) as client:
        report = await matched(client, "192.0.2.1")

    assert unsearched(report) == [("ThreatIntelIndicators", "failed")]
    assert "the first 5,000 rows" in report.not_searched[0].message
    assert (report.nothing_found, report.undecided) == ([], ["192.0.2.1"])


async def test_an_answer_too_large_says_less_of_each_value_and_says_so() -> None:
    rows = [indicator(each, "192.0.2.1", Title="t" * 190, Tags="g" * 190) for each in range(30)]

    async with served(
        workspace(Logs(asking_for_indicators(rows))), settings=Settings(max_answer_bytes=4096)
    ) as client:
        report = await matched(client, "192.0.2.1")

    (match,) = report.matches
    assert (match.indicators_count, len(match.indicators)) == (30, 3)
    assert len(report.model_dump_json()) <= 4096
    assert "room for 3" in report.notices[-1]


@pytest.mark.asyncio(loop_scope="session")
async def test_every_query_is_valid_kql_whatever_the_text_of_the_caller(checker: Checker) -> None:
    documented = bundled("sentinel")
    schema = Reply(
        {
            "tables": [
                {
                    "name": name,
                    "columns": [
                        {"name": each.name, "type": each.type}
                        for each in documented.tables[name].columns
                    ],
                }
                for name in (
                    "SigninLogs",
                    "DnsEvents",
                    "LAQueryLogs",
                    "SecurityAlert",
                    "IdentityInfo",
                )
            ]
        }
    )
    logs = Logs(seen=[{**SEEN, "Owner": each} for each in range(18)])

    async with served(workspace(logs, schema=schema)) as client:
        report = await matched(client, *EACH_KIND, *HOSTILE)
    subjects = [read_value(each) for each in (*EACH_KIND, *HOSTILE)]
    queries = [*logs.queries, indicators.query(indicators.LEGACY, subjects)]
    checks = [await checker.check(each, documented) for each in queries]

    assert report.unusable == []
    assert sum("summarize Events" in each for each in queries) >= 1
    assert [each.engine for each in checks] == ["kusto_language"] * len(queries)
    assert [diagnostic.message for each in checks for diagnostic in each.errors] == []
    # A table that a caller's text could bring in would be among those that are read.
    own = {"SigninLogs", "DnsEvents", "LAQueryLogs", "SecurityAlert", "IdentityInfo"}
    own |= {"ThreatIntelIndicators", "ThreatIntelligenceIndicator"}
    assert {name for each in checks for name in each.tables} == own
    assert all("take-1" not in each or '\\")|take-1' in each for each in queries)


async def test_the_columns_with_the_text_of_queries_are_not_searched() -> None:
    logs = Logs()
    schema = {"LAQueryLogs": ["QueryText", "AADEmail"]}

    async with served(workspace(logs, schema=schema)) as client:
        await matched(client, "192.0.2.1")

    (searching,) = (each for each in logs.queries if searched_tables(each))
    assert "LAQueryLogs\n| project-away QueryText\n" in searching


@pytest.mark.parametrize("values", [[], ["x"] * 101, ["x" * 2_049]])
async def test_too_few_or_too_many_values_are_refused(values: list[str]) -> None:
    async with served(ScriptedAzure({})) as client:
        answer = await client.call_tool(
            "match_indicators", {"values": values}, raise_on_error=False
        )

    assert answer.is_error
