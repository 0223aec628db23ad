"""Values matched against indicators and logs, by the real service over a scripted Azure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import Reply, ScriptedAzure, refusal, served

from sentinel_mcp.domains.threat_intel import holders
from sentinel_mcp.domains.threat_intel.models import MatchReport
from sentinel_mcp.domains.threat_intel.observables import recognised
from sentinel_mcp.domains.threat_intel.sightings import sought
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import Settings

HOLDER = {
    "Id": "RmVlZA==---indicator--1",
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
    "Value": "192.0.2.1",
    "Events": 3,
    "First": "2026-01-01T00:00:00Z",
    "Last": "2026-01-02T00:00:00Z",
    "Place": "SigninLogs",
    "Field": "IPAddress",
}
EACH_KIND = [
    "192.0.2.1",
    "2001:db8::1",
    "evil.example",
    "https://evil.example/a",
    "a@evil.example",
    "d41d8cd98f00b204e9800998ecf8427e",
]

Rows = Sequence[Mapping[str, Any]]


class Logs:
    """Answers queries by the first key that is in them; with no rows where there is none."""

    def __init__(self, answers: Mapping[str, Rows | Reply]) -> None:
        self._answers = answers
        self.queries: list[str] = []

    def __call__(self, request: HttpRequest) -> Reply:
        query: str = json.loads(request.content)["query"]
        self.queries.append(query)
        for key, answer in self._answers.items():
            if key in query:
                return answer if isinstance(answer, Reply) else table(answer)
        return table([])


def table(rows: Rows) -> Reply:
    names = list(rows[0]) if rows else ["Value"]
    return Reply(
        {
            "tables": [
                {
                    "name": "PrimaryResult",
                    "columns": [{"name": each, "type": "string"} for each in names],
                    "rows": [list(each.values()) for each in rows],
                }
            ]
        }
    )


def unknown_table(name: str) -> Reply:
    inner = {"code": "SEM0100", "message": f"Failed to resolve table or column named '{name}'"}
    return Reply({"error": {"code": "BadArgumentError", "message": "x", "innererror": inner}}, 400)


async def matched(client: Client[FastMCPTransport], *values: str, **more: Any) -> MatchReport:
    answer = await client.call_tool("match_indicators", {"values": list(values), **more})
    return MatchReport.model_validate(answer.structured_content)


async def test_a_value_comes_with_its_indicators_and_its_places() -> None:
    logs = Logs({"ThreatIntelIndicators": [HOLDER], "SigninLogs": [SEEN]})

    async with served(ScriptedAzure({"POST query": logs})) as client:
        report = await matched(client, "192[.]0[.]2[.]1")

    (match,) = report.matches
    assert (match.given, match.value, match.type) == ("192[.]0[.]2[.]1", "192.0.2.1", "ipv4-addr")
    (holder,) = match.indicators
    assert (holder.stix_id, holder.relation, holder.confidence) == ("indicator--1", "same", 80)
    (sighting,) = match.sightings
    assert (sighting.table, sighting.column, sighting.events) == ("SigninLogs", "IPAddress", 3)
    assert (report.indicator_table, report.clean, report.notices) == (
        "ThreatIntelIndicators",
        [],
        [],
    )


async def test_values_of_each_kind_cost_four_queries_whose_number_does_not_grow() -> None:
    logs = Logs({})
    many = [*EACH_KIND, *(f"198.51.100.{each}" for each in range(94))]

    async with served(ScriptedAzure({"POST query": logs})) as client:
        report = await matched(client, *many)

    assert len(logs.queries) == 4
    assert report.clean == many


async def test_without_logs_indicators_alone_are_asked() -> None:
    logs = Logs({})

    async with served(ScriptedAzure({"POST query": logs})) as client:
        await matched(client, *EACH_KIND, search_logs=False)

    assert len(logs.queries) == 1


async def test_a_value_that_is_none_is_told_and_the_others_go_on() -> None:
    logs = Logs({"SigninLogs": [SEEN]})

    async with served(ScriptedAzure({"POST query": logs})) as client:
        report = await matched(client, "10.0.0.0/8", "192.0.2.1", "what?", "192.0.2[.]1")

    assert [each.given for each in report.unusable] == ["10.0.0.0/8", "what?"]
    assert "is a network" in report.unusable[0].reason
    assert [each.given for each in report.matches] == ["192.0.2.1"]
    assert report.notices == ["Told once, under another spelling of the same: 192.0.2[.]1."]


async def test_nothing_usable_asks_nothing() -> None:
    azure = ScriptedAzure({})

    async with served(azure) as client:
        report = await matched(client, "what?")

    assert azure.requests == []
    assert (report.matches, report.clean, report.indicator_table) == ([], [], None)


async def test_an_indicator_of_the_host_or_of_a_domain_above_is_told_as_such() -> None:
    rows = [
        {**HOLDER, "Id": "x---indicator--2", "ObservableValue": "evil.example", "Pattern": ""},
        {**HOLDER, "Id": "x---indicator--3", "ObservableValue": "", "Pattern": "[url:value = 'https://a.evil.example/p']"},
        {**HOLDER, "Id": "x---indicator--4", "ObservableValue": "other.example", "Pattern": "??"},
    ]  # fmt: skip
    logs = Logs({"ThreatIntelIndicators": rows})

    async with served(ScriptedAzure({"POST query": logs})) as client:
        report = await matched(client, "https://a.evil.example/p", "b.evil.example", "evil.example")

    relations = {
        match.given: [(each.stix_id, each.relation) for each in match.indicators]
        for match in report.matches
    }
    assert relations == {
        "https://a.evil.example/p": [("indicator--3", "same"), ("indicator--2", "parent_domain")],
        "b.evil.example": [("indicator--2", "parent_domain")],
        "evil.example": [("indicator--2", "same")],
    }


async def test_what_is_seen_under_a_domain_counts_as_the_domains() -> None:
    rows = [
        {**SEEN, "Value": "evil.example", "Place": "DnsEvents", "Field": "Name"},
        {**SEEN, "Value": "a.evil.example", "Place": "DnsEvents", "Field": "Name", "Events": 4,
         "Last": "2026-01-09T00:00:00Z"},
        {**SEEN, "Value": "a.evil.example", "Place": "EmailUrlInfo", "Field": "UrlDomain"},
    ]  # fmt: skip
    logs = Logs({"DnsEvents": rows})

    async with served(ScriptedAzure({"POST query": logs})) as client:
        report = await matched(client, "evil.example", "a.evil.example", "il.example")

    counts = {match.given: [each.events for each in match.sightings] for match in report.matches}
    assert counts == {"evil.example": [7, 3], "a.evil.example": [4, 3]}
    assert report.clean == ["il.example"]


async def test_an_address_or_a_url_under_a_domain_is_not_a_sighting_of_the_domain() -> None:
    rows = [
        {**SEEN, "Value": "a@b.evil.example"},
        {**SEEN, "Value": "b.evil.example/x"},
        {**SEEN, "Value": "https://b.evil.example/x"},
    ]
    logs = Logs({"DnsEvents": rows})

    async with served(ScriptedAzure({"POST query": logs})) as client:
        report = await matched(client, "evil.example", "evil.example/x")

    assert report.clean == ["evil.example", "evil.example/x"]


async def test_the_old_table_is_asked_only_where_the_new_one_is_missing() -> None:
    logs = Logs(
        {
            "ThreatIntelIndicators": unknown_table("ThreatIntelIndicators"),
            "ThreatIntelligenceIndicator": [HOLDER],
        }
    )

    async with served(ScriptedAzure({"POST query": logs})) as client:
        report = await matched(client, "192.0.2.1", search_logs=False)

    assert report.indicator_table == "ThreatIntelligenceIndicator"
    assert "has no table ThreatIntelIndicators" in report.notices[0]
    assert report.matches[0].indicators_count == 1
    assert len(logs.queries) == 2


async def test_a_part_that_fails_is_told_and_the_others_come() -> None:
    logs = Logs({"ThreatIntelIndicators": refusal(403, "Forbidden"), "SigninLogs": [SEEN]})

    async with served(ScriptedAzure({"POST query": logs})) as client:
        report = await matched(client, "192.0.2.1")

    assert [(each.part, each.error.code) for each in report.missing] == [
        ("indicators", "access_denied")
    ]
    assert report.indicator_table is None
    assert report.matches[0].events == 3


async def test_nothing_readable_is_an_error_that_names_the_role() -> None:
    azure = ScriptedAzure({"POST query": refusal(403, "InsufficientAccessError")})

    async with served(azure) as client:
        answer = await client.call_tool(
            "match_indicators", {"values": ["192.0.2.1"]}, raise_on_error=False
        )

    assert answer.meta
    assert answer.meta["error"]["code"] == "access_denied"
    assert "`Microsoft Sentinel Reader`" in answer.meta["error"]["hint"]


async def test_an_answer_too_large_says_less_of_each_value_and_says_so() -> None:
    rows = [
        {**HOLDER, "Id": f"x---indicator--{each}", "Title": "t" * 190, "Tags": "g" * 190}
        for each in range(30)
    ]
    logs = Logs({"ThreatIntelIndicators": rows})

    async with served(
        ScriptedAzure({"POST query": logs}), settings=Settings(max_answer_bytes=4096)
    ) as client:
        report = await matched(client, "192.0.2.1")

    (match,) = report.matches
    assert (match.indicators_count, len(match.indicators)) == (30, 3)
    assert len(report.model_dump_json()) <= 4096
    assert "room for 3" in report.notices[-1]


async def test_text_of_a_caller_stays_a_value_in_the_query() -> None:
    logs = Logs({})
    hostile = 'https://evil.example/"|union-SecurityAlert//'

    async with served(ScriptedAzure({"POST query": logs})) as client:
        await matched(client, hostile, 'evil.example/")|take-1')

    assert all('evil.example/\\"' in each for each in logs.queries)
    assert not any('evil.example/"' in each for each in logs.queries)


async def test_every_query_is_valid_kql_over_tables_and_columns_that_exist() -> None:
    values = [recognised(each) for each in EACH_KIND]
    queries = [
        *sought(values).queries(timedelta(days=14)).values(),
        holders.query(holders.NEW, values),
        holders.query(holders.LEGACY, values),
    ]
    checker = Checker(timeout_s=60)
    try:
        checks = [await checker.check(each, bundled("sentinel")) for each in queries]
    finally:
        await checker.aclose()

    assert len(queries) == 5
    assert [each.engine for each in checks] == ["kusto_language"] * 5
    assert [diagnostic for each in checks for diagnostic in each.diagnostics] == []


@pytest.mark.parametrize("values", [[], ["x"] * 101, ["x" * 2_049]])
async def test_too_few_or_too_many_values_are_refused(values: list[str]) -> None:
    async with served(ScriptedAzure({})) as client:
        answer = await client.call_tool(
            "match_indicators", {"values": values}, raise_on_error=False
        )

    assert answer.is_error
