"""Indicators searched, read and counted, by the real service over a scripted Azure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import Reply, ScriptedAzure, refusal, served

from sentinel_mcp.domains.threat_intel.models import (
    IndicatorDetail,
    IndicatorListing,
    IndicatorMetrics,
)
from sentinel_mcp.settings import Settings

QUERY = "POST threatIntelligence/main/queryIndicators"
METRICS = "GET threatIntelligence/main/metrics"
ALWAYS = "2999-01-01T00:00:00Z"


def indicator(number: int, **properties: Any) -> dict[str, Any]:
    return {
        "id": f"/x/ThreatIntelligence/i{number}",
        "name": f"i{number}",
        "etag": f'"{number}"',
        "kind": "indicator",
        "properties": {
            "displayName": f"Indicator {number}",
            "pattern": f"[ipv4-addr:value = '192.0.2.{number}']",
            "patternType": "ipv4-addr",
            "confidence": 50,
            "source": "Feed",
            "threatTypes": ["malicious-activity"],
            "threatIntelligenceTags": ["kit"],
            "revoked": False,
            "validFrom": "2020-01-01T00:00:00Z",
            "validUntil": ALWAYS,
            "lastUpdatedTimeUtc": "2026-01-01T00:00:00Z",
            **properties,
        },
    }


class Feed:
    """Answers queries with pages of a list, as the service does: the token says where to go on."""

    def __init__(self, documents: Sequence[dict[str, Any]]) -> None:
        self.documents = documents
        self.criteria: list[dict[str, Any]] = []

    def __call__(self, request: HttpRequest) -> Reply:
        asked: dict[str, Any] = json.loads(request.content)
        self.criteria.append(asked)
        start = int(asked.get("skipToken", "0"))
        end = start + asked["pageSize"]
        body: dict[str, Any] = {"value": self.documents[start:end]}
        if end < len(self.documents):
            body["nextLink"] = f"https://management.azure.com/x/queryIndicators?skipToken={end}"
        return Reply(body)


async def found(client: Client[FastMCPTransport], **arguments: Any) -> IndicatorListing:
    answer = await client.call_tool("search_indicators", arguments)
    return IndicatorListing.model_validate(answer.structured_content)


def names(listing: IndicatorListing) -> list[str]:
    return [each.name for each in listing.indicators]


async def test_an_indicator_in_a_list_says_what_it_is_and_whether_it_is_in_force() -> None:
    async with served(ScriptedAzure({QUERY: Feed([indicator(1)])})) as client:
        page = await found(client)

    (only,) = page.indicators
    assert (only.name, only.title, only.state) == ("i1", "Indicator 1", "active")
    assert (only.confidence, only.source, only.tags) == (50, "Feed", ["kit"])
    assert (page.workspace, page.total_count, page.next_cursor) == ("soc", 1, None)


async def test_azure_is_asked_for_what_it_can_filter_by() -> None:
    feed = Feed([])

    async with served(ScriptedAzure({QUERY: feed})) as client:
        page = await found(
            client,
            pattern_type="url",
            source="Feed",
            threat_type="botnet",
            keyword="kit",
            min_confidence=10,
            max_confidence=90,
            include_inactive=True,
            sort="expiry",
            limit=7,
        )

    assert feed.criteria == [
        {
            "minConfidence": 10,
            "maxConfidence": 90,
            "patternTypes": ["url"],
            "sources": ["Feed"],
            "threatTypes": ["botnet"],
            "keywords": ["kit"],
            "includeDisabled": True,
            "sortBy": [{"itemKey": "validUntil", "sortOrder": "ascending"}],
            "pageSize": 7,
        }
    ]
    assert page == IndicatorListing(
        workspace="soc", indicators=[], total_count=0, next_cursor=None, notices=[]
    )


async def test_a_value_is_sent_as_a_keyword_and_must_be_in_the_pattern() -> None:
    feed = Feed([indicator(1), indicator(2, description="Not 192.0.2.1")])

    async with served(ScriptedAzure({QUERY: feed})) as client:
        page = await found(client, value="192[.]0[.]2[.]1")

    assert feed.criteria[0]["keywords"] == ["192.0.2.1"]
    assert names(page) == ["i1"]
    assert "Looked through here, of what it sent: 2." in page.notices[0]


PATTERNS = {
    "address": "[ipv4-addr:value = '192.0.2.1']",
    "longer": "[ipv4-addr:value = '192.0.2.10']",
    "range": "[ipv4-addr:value = '192.0.2.0/24']",
    "v6": "[ipv6-addr:value = '2001:db8:0:0:0:0:0:1']",
    "domain": "[domain-name:value = 'login.evil.example']",
    "idn": "[domain-name:value = 'xn--mnchen-3ya.example']",
    "url": "[url:value = 'https://evil.example/a?b=\\'c']",
    "hash": "[file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E']",
    "file": "[file:name = 'dropper.exe']",
    "mail": "[email-addr:value = 'Ann@evil.example']",
    "sid": "[user-account:user_id = 'S-1-5-21-1-2-3-1001']",
}


@pytest.mark.parametrize(
    ("value", "keyword", "kept"),
    [
        ("192[.]0[.]2[.]1:443", "192.0.2.1", ["address"]),
        ("[::ffff:192.0.2.1]:80", "192.0.2.1", ["address"]),
        ("192.0.2.0/28", "192.0.2", ["address", "longer", "range"]),
        ("192.0.0.0/9", "192", ["address", "longer", "range"]),
        ("192.0.2.8/29", "192.0.2", ["longer"]),
        ("2001:db8::/32", "2001", ["v6"]),
        ("2001:0DB8::1", "2001:db8::1", ["v6"]),
        ("evil[.]example", "evil.example", ["domain", "mail", "url"]),
        ("münchen.example", "xn--mnchen-3ya.example", ["idn"]),
        ("hxxps://evil[.]example/a?b='c", "evil.example/a?b='c", ["url"]),
        ("d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e", ["hash"]),
        ("DROPPER.exe", "DROPPER.exe", ["file"]),
        ("ann@EVIL.example", "ann@EVIL.example", ["mail"]),
        ("S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1001", ["sid"]),
    ],
)
async def test_a_value_in_any_form_finds_the_patterns_that_have_it(
    value: str, keyword: str, kept: list[str]
) -> None:
    documents = [
        {**indicator(number, pattern=pattern), "name": name}
        for number, (name, pattern) in enumerate(PATTERNS.items())
    ]
    feed = Feed(documents)

    async with served(ScriptedAzure({QUERY: feed})) as client:
        page = await found(client, value=value)

    assert feed.criteria[0]["keywords"] == [keyword]
    assert sorted(names(page)) == kept


async def test_beside_a_value_a_keyword_is_looked_for_here() -> None:
    tagged = indicator(
        9, pattern="[ipv4-addr:value = '192.0.2.1']", threatIntelligenceTags=["Other"]
    )
    feed = Feed([indicator(1), indicator(11, threatIntelligenceTags=["Other"]), tagged])

    async with served(ScriptedAzure({QUERY: feed})) as client:
        page = await found(client, value="192.0.2.1", keyword="other")

    assert names(page) == ["i9"]


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ({}, ["always", "endless"]),
        ({"include_inactive": True}, ["always", "endless", "past", "revoked", "future"]),
        ({"valid_at": "2021-06-01T00:00:00Z"}, ["always", "endless", "past"]),
        (
            {"valid_at": "2021-06-01T00:00:00Z", "include_inactive": True},
            ["always", "endless", "past", "revoked"],
        ),
    ],
)
async def test_validity_is_as_asked_and_what_never_ends_is_not_lost(
    arguments: dict[str, Any], kept: list[str]
) -> None:
    states = {
        "always": indicator(1),
        "endless": indicator(2, validUntil=None),
        "past": indicator(3, validUntil="2022-01-01T00:00:00Z"),
        "revoked": indicator(4, revoked=True),
        "future": indicator(5, validFrom=ALWAYS),
    }
    by_name = {each["name"]: state for state, each in states.items()}
    feed = Feed(list(states.values()))

    async with served(ScriptedAzure({QUERY: feed})) as client:
        page = await found(client, **arguments)

    assert [by_name[each] for each in names(page)] == kept
    assert "minValidUntil" not in feed.criteria[0]


async def test_three_thousand_indicators_are_paged_through_with_one_request_a_page() -> None:
    feed = Feed([indicator(each) for each in range(3_000)])

    async with served(ScriptedAzure({QUERY: feed})) as client:
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = await found(client, limit=100, cursor=cursor)
            seen += names(page)
            cursor = page.next_cursor
            if cursor is None:
                break

    assert seen == [f"i{each}" for each in range(3_000)]
    assert len(feed.criteria) == 30


async def test_a_rare_find_is_looked_for_over_bounded_pages_and_can_be_gone_on_with() -> None:
    feed = Feed([indicator(each, validUntil="2022-01-01T00:00:00Z") for each in range(2_500)])
    feed.documents = [*feed.documents, indicator(9_999)]

    async with served(ScriptedAzure({QUERY: feed})) as client:
        first = await found(client, valid_at="2025-01-01T00:00:00Z")
        second = await found(client, valid_at="2025-01-01T00:00:00Z", cursor=first.next_cursor)
        third = await found(client, valid_at="2025-01-01T00:00:00Z", cursor=second.next_cursor)

    assert (names(first), names(second), names(third)) == ([], [], ["i9999"])
    assert "of what it sent: 1000." in first.notices[0]
    assert "go on with `next_cursor`" in first.notices[1]
    assert third.next_cursor is None
    assert len(feed.criteria) == 26


async def test_a_page_that_ends_within_one_of_azures_is_gone_on_with_where_it_ended() -> None:
    feed = Feed([indicator(each) for each in range(250)])

    async with served(ScriptedAzure({QUERY: feed})) as client:
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = await found(client, value="192.0.2.0/24", limit=60, cursor=cursor)
            seen += names(page)
            cursor = page.next_cursor
            if cursor is None:
                break

    assert seen == [f"i{each}" for each in range(250)]


async def test_a_list_too_large_for_an_answer_goes_on_in_the_next() -> None:
    feed = Feed([indicator(each, displayName=f"{each:03}" + "x" * 190) for each in range(40)])

    async with served(
        ScriptedAzure({QUERY: feed}), settings=Settings(max_answer_bytes=4096)
    ) as client:
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = await found(client, limit=40, cursor=cursor)
            assert len(page.model_dump_json()) < 6_000
            seen += names(page)
            cursor = page.next_cursor
            if cursor is None:
                break

    assert seen == [f"i{each}" for each in range(40)]


async def test_a_list_whose_link_leads_to_itself_ends() -> None:
    link = "https://management.azure.com/x/queryIndicators?$skipToken=again"
    azure = ScriptedAzure({QUERY: {"value": [indicator(1)], "nextLink": link}})

    async with served(azure) as client:
        page = await found(client, limit=25)

    assert page.next_cursor is None
    assert len(azure.requests) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        {"min_confidence": 80, "max_confidence": 20},
        {"valid_at": "1735689600"},
        {"valid_at": "0001-01-01T00:00:00+14:00"},
        {"cursor": "nonsense"},
        {"value": "?!?"},
        {"value": "http://"},
    ],
)
async def test_what_cannot_be_meant_is_refused_unsent(arguments: dict[str, Any]) -> None:
    azure = ScriptedAzure({QUERY: Feed([])})

    async with served(azure) as client:
        answer = await client.call_tool("search_indicators", arguments, raise_on_error=False)

    assert answer.is_error
    assert azure.requests == []


async def test_a_cursor_is_good_for_its_own_search_only() -> None:
    feed = Feed([indicator(each) for each in range(5)])

    async with served(ScriptedAzure({QUERY: feed})) as client:
        page = await found(client, limit=2)
        answer = await client.call_tool(
            "search_indicators",
            {"cursor": page.next_cursor, "source": "Other"},
            raise_on_error=False,
        )

    assert answer.is_error
    assert "does not belong to this call" in str(answer.content)


ODD: dict[str, Any] = {
    "name": "odd",
    "kind": "indicator",
    "properties": {
        "pattern": 7,
        "confidence": "high",
        "threatTypes": "x",
        "killChainPhases": [None, {"phaseName": 3}],
        "externalReferences": {"a": 1},
        "validUntil": "never",
        "newThing": {"deepDown": [1, 2]},
    },
}


async def test_one_indicator_comes_with_its_pattern_taken_apart() -> None:
    document = indicator(
        1,
        pattern="[file:hashes.'SHA-256' = 'aa' OR file:name != 'b']",
        externalId="indicator--1",
        createdByRef="identity--2",
        killChainPhases=[{"killChainName": "lm", "phaseName": "Delivery"}],
        externalReferences=[{"sourceName": "Report", "url": "https://r.example/1"}],
        extensions={"sentinelExt": {"severity": "high"}},
    )
    azure = ScriptedAzure({"GET threatIntelligence/main/indicators/i1": document})

    async with served(azure) as client:
        answer = await client.call_tool("get_indicator", {"indicator": "i1"})

    detail = IndicatorDetail.model_validate(answer.structured_content)
    assert [(each.property, each.operator, each.value) for each in detail.observables] == [
        ("hashes.SHA-256", "=", "aa"),
        ("name", "!=", "b"),
    ]
    assert (detail.stix_id, detail.created_by, detail.etag) == (
        "indicator--1",
        "identity--2",
        '"1"',
    )
    assert detail.kill_chain_phases[0].phase == "Delivery"
    assert detail.external_references[0].url == "https://r.example/1"
    assert detail.properties == {"extensions_sentinel_ext_severity": "high", "kind": "indicator"}


async def test_an_odd_indicator_is_told_as_far_as_it_can_be_read() -> None:
    azure = ScriptedAzure(
        {"GET threatIntelligence/main/indicators/odd": ODD, QUERY: {"value": [ODD, {}]}}
    )

    async with served(azure) as client:
        answer = await client.call_tool("get_indicator", {"indicator": "odd"})
        page = await found(client)

    detail = IndicatorDetail.model_validate(answer.structured_content)
    assert detail.observables == []
    assert detail.properties["new_thing_deep_down"] == "1, 2"
    assert names(page) == ["odd", ""]


async def test_a_pattern_of_another_language_is_told_as_it_is() -> None:
    document = indicator(1, pattern="rule evil { condition: true }", patternType="yara")
    azure = ScriptedAzure({"GET threatIntelligence/main/indicators/i1": document})

    async with served(azure) as client:
        answer = await client.call_tool("get_indicator", {"indicator": "i1"})

    detail = IndicatorDetail.model_validate(answer.structured_content)
    assert detail.indicator.pattern == "rule evil { condition: true }"
    assert "is not taken apart" in detail.notices[0]


async def test_an_indicator_that_does_not_exist_is_told_with_the_way_to_those_that_do() -> None:
    async with served(ScriptedAzure({})) as client:
        answer = await client.call_tool(
            "get_indicator", {"indicator": "nope"}, raise_on_error=False
        )

    assert answer.meta
    assert answer.meta["error"]["code"] == "not_found"
    assert "search_indicators" in answer.meta["error"]["hint"]


@pytest.mark.parametrize("name", ["../incidents", "..", "a/b", "a\x00"])
async def test_a_name_that_would_leave_its_folder_is_refused_unsent(name: str) -> None:
    azure = ScriptedAzure({})

    async with served(azure) as client:
        answer = await client.call_tool("get_indicator", {"indicator": name}, raise_on_error=False)

    assert answer.is_error
    assert azure.requests == []


async def test_metrics_are_the_latest_that_azure_counted_the_largest_first() -> None:
    def counting(day: int, *sources: tuple[str, int]) -> dict[str, Any]:
        metrics = [{"metricName": name, "metricValue": value} for name, value in sources]
        stamp = f"2026-01-0{day}T00:00:00Z"
        return {"properties": {"lastUpdatedTimeUtc": stamp, "sourceMetrics": metrics}}

    azure = ScriptedAzure(
        {METRICS: {"value": [counting(2, ("a", 1), ("b", 5)), counting(1, ("c", 9))]}}
    )

    async with served(azure) as client:
        answer = await client.call_tool("get_indicator_metrics")

    metrics = IndicatorMetrics.model_validate(answer.structured_content)
    assert [(each.name, each.count) for each in metrics.by_source] == [("b", 5), ("a", 1)]
    assert (metrics.total_count, metrics.by_threat_type) == (6, [])


async def test_without_a_counting_the_metrics_say_so() -> None:
    async with served(ScriptedAzure({METRICS: {"value": []}})) as client:
        answer = await client.call_tool("get_indicator_metrics")

    metrics = IndicatorMetrics.model_validate(answer.structured_content)
    assert (metrics.total_count, metrics.by_source) == (None, [])
    assert metrics.notices == ["Azure has counted no indicators yet."]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("search_indicators", {}),
        ("get_indicator", {"indicator": "i1"}),
        ("get_indicator_metrics", {}),
    ],
)
async def test_a_refusal_names_the_role_that_is_missing(
    tool: str, arguments: dict[str, Any]
) -> None:
    no = refusal(403, "AuthorizationFailed")
    azure = ScriptedAzure({QUERY: no, METRICS: no, "GET threatIntelligence/main/indicators/i1": no})

    async with served(azure) as client:
        answer = await client.call_tool(tool, arguments, raise_on_error=False)

    assert answer.meta
    assert answer.meta["error"]["code"] == "access_denied"
    assert "`Microsoft Sentinel Reader`" in answer.meta["error"]["hint"]
