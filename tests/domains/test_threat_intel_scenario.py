"""Threat intelligence tools of the whole server, on the embedded workspace."""

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
from sentinel_mcp.domains.changes import ChangeReport
from sentinel_mcp.domains.threat_intel import holders
from sentinel_mcp.domains.threat_intel.models import (
    IndicatorDetail,
    IndicatorListing,
    IndicatorMetrics,
    MatchReport,
)
from sentinel_mcp.domains.threat_intel.observables import recognised
from sentinel_mcp.local.scenario import names
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHISHING = f"hxxps://{names.PROXY_HOST}/common/oauth2/authorize?session=8c1f"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def analyst(
    own_cache_dir: Path,
) -> AsyncGenerator[Client[FastMCPTransport]]:
    """Connect to a server that may write, on a workspace of its own."""
    settings = Settings(
        cache_dir=own_cache_dir,
        now=MOMENT,
        validation_timeout_s=60,
        allow_writes=True,
    )
    async with opened_server(settings) as server, Client(server) as connected:
        yield connected


async def asked(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> Any:
    return (await client.call_tool(tool, arguments)).structured_content


async def counted(client: Client[FastMCPTransport], query: str) -> int:
    answer = await asked(client, "run_query", query=f"{query} | count", timespan="P90D")
    return int(answer["tables"][0]["rows"][0][0])


async def test_the_server_of_the_intruder_is_among_the_indicators(
    analyst: Client[FastMCPTransport],
) -> None:
    page = IndicatorListing.model_validate(
        await asked(analyst, "search_indicators", value=names.C2_IP.replace(".", "[.]"))
    )
    (found,) = page.indicators
    detail = IndicatorDetail.model_validate(
        await asked(analyst, "get_indicator", indicator=found.name)
    )

    assert (found.confidence, found.state, page.total_count) == (90, "active", 1)
    assert [each.value for each in detail.observables] == [names.C2_IP]
    assert detail.kill_chain_phases[0].phase == "Command and Control"
    assert detail.external_references[0].external_id == "ISG-2026-118"


async def test_every_indicator_is_listed_once_and_counted(
    analyst: Client[FastMCPTransport],
) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = IndicatorListing.model_validate(
            await asked(
                analyst, "search_indicators", limit=100, include_inactive=True, cursor=cursor
            )
        )
        seen += [each.name for each in page.indicators]
        cursor = page.next_cursor
        if cursor is None:
            break
    metrics = IndicatorMetrics.model_validate(await asked(analyst, "get_indicator_metrics"))

    assert len(seen) == len(set(seen)) == metrics.total_count
    ids = "ThreatIntelIndicators | summarize arg_max(TimeGenerated, *) by Id | where not(IsDeleted)"
    assert await counted(analyst, ids) == len(seen)


async def test_nothing_that_fits_is_an_empty_list(analyst: Client[FastMCPTransport]) -> None:
    page = IndicatorListing.model_validate(
        await asked(analyst, "search_indicators", source="Nobody")
    )

    assert (page.indicators, page.total_count, page.next_cursor) == ([], 0, None)


async def test_values_of_the_story_are_found_where_the_story_has_them(
    analyst: Client[FastMCPTransport],
) -> None:
    report = MatchReport.model_validate(
        await asked(
            analyst,
            "match_indicators",
            values=[
                names.PROXY_IP,
                names.C2_HOST,
                names.TUNNEL_DOMAIN,
                names.PHISH_SENDER,
                names.sha256(names.IMPLANT),
                PHISHING,
                "203.0.113.250",
            ],
        )
    )

    places = {
        match.value: {sighting.table for sighting in match.sightings} for match in report.matches
    }
    assert "SigninLogs" in places[names.PROXY_IP]
    assert "DeviceNetworkEvents" in places[names.C2_HOST]
    assert "DnsEvents" in places[names.TUNNEL_DOMAIN]
    assert "EmailEvents" in places[names.PHISH_SENDER]
    assert "DeviceProcessEvents" in places[names.sha256(names.IMPLANT)]
    assert {"EmailUrlInfo", "UrlClickEvents"} <= places[PHISHING.replace("hxxps", "https")]
    assert all(match.indicators for match in report.matches)
    assert report.clean == ["203.0.113.250"]
    assert (report.missing, report.notices) == ([], [])


async def test_counts_and_times_are_those_of_a_query(analyst: Client[FastMCPTransport]) -> None:
    report = MatchReport.model_validate(
        await asked(analyst, "match_indicators", values=[names.TUNNEL_DOMAIN])
    )

    (sighting,) = (each for each in report.matches[0].sightings if each.table == "DnsEvents")
    domain = names.TUNNEL_DOMAIN
    query = f'DnsEvents | where Name == "{domain}" or Name endswith ".{domain}"'
    assert sighting.events == await counted(analyst, query) > 100
    assert sighting.first_seen
    assert sighting.last_seen
    assert sighting.first_seen < sighting.last_seen


async def test_the_query_of_the_old_table_runs_and_finds_nothing_there(
    analyst: Client[FastMCPTransport],
) -> None:
    query = holders.query(holders.LEGACY, [recognised(names.C2_IP), recognised(names.C2_HOST)])

    assert await counted(analyst, query) == 0


async def test_an_indicator_lives_from_its_creation_to_its_deletion_in_the_logs_too(
    analyst: Client[FastMCPTransport],
) -> None:
    value = "hxxp://fresh[.]example/drop"

    async def match() -> MatchReport:
        answer = await asked(analyst, "match_indicators", values=[value], search_logs=False)
        return MatchReport.model_validate(answer)

    async def change(tool: str, **arguments: Any) -> ChangeReport:
        return ChangeReport.model_validate(await asked(analyst, tool, **arguments))

    created = await change("create_indicator", value=value, confidence=60, tags=["new"])
    again = await change("create_indicator", value=value, confidence=60, tags=["new"])
    tagged = await change("tag_indicator", indicator=created.name, tags=["seen"])
    (held,) = (await match()).matches
    preview = await change("delete_indicator", indicator=created.name, dry_run=True)
    deleted = await change("delete_indicator", indicator=created.name, confirm=True)

    assert [each.outcome for each in (created, again, tagged, preview, deleted)] == [
        "done",
        "unchanged",
        "done",
        "preview",
        "done",
    ]
    assert again.name == created.name
    assert [(each.active, each.confidence, each.tags) for each in held.indicators] == [
        (True, 60, "new, seen")
    ]
    assert (await match()).clean == [value]
    gone = await analyst.call_tool(
        "get_indicator", {"indicator": created.name}, raise_on_error=False
    )
    assert gone.is_error


async def test_tags_changed_meanwhile_are_a_conflict(analyst: Client[FastMCPTransport]) -> None:
    created = await asked(analyst, "create_indicator", value="192.0.2.251")
    await asked(analyst, "tag_indicator", indicator=created["name"], tags=["theirs"])

    answer = await analyst.call_tool(
        "tag_indicator",
        {
            "indicator": created["name"],
            "tags": ["mine"],
            "mode": "replace",
            "etag": created["etag"],
        },
        raise_on_error=False,
    )

    assert answer.meta
    assert answer.meta["error"]["code"] == "conflict"
