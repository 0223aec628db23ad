"""Threat intelligence tools of the whole server, on the embedded workspace."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.embedded import server_over
from tests.local.stores import built_store, copied

from moment import MOMENT, clock
from sentinel_mcp.domains.changes import ChangeReport
from sentinel_mcp.domains.shared import indicators
from sentinel_mcp.domains.shared.entity import read_value
from sentinel_mcp.domains.threat_intel.models import (
    IndicatorDetail,
    IndicatorListing,
    IndicatorMetrics,
    MatchReport,
)
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.appended import AppendedRows
from sentinel_mcp.local.scenario import names
from sentinel_mcp.local.store import Store
from sentinel_mcp.local.workspace import LocalWorkspace
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

OWN_ROWS: dict[str, list[dict[str, Any]]] = {
    "Syslog": [
        {
            "SyslogMessage": "from 233.252.0.77 port 22, again 233.252.0.77",
            "HostIP": "233.252.0.77",
        },
        {"SyslogMessage": "peer [::ffff:233.252.0.77]:8443 left"},
        {"SyslogMessage": "peer 233.252.0.177, version 1233.252.0.77, 233.252.0.77.5"},
        {"SyslogMessage": "from 2001:0db8:0077:0000:0000:0000:0000:0005 port 22"},
        {"SyslogMessage": "from 2001:db8:78::5 port 22"},
    ],
    "CommonSecurityLog": [
        {"SourceIP": "233.252.0.77", "DestinationIP": "233.252.0.80", "Message": "233.252.0.77"},
        {"SourceIP": "233.252.0.80", "DestinationIP": "2001:DB8:77:0:0:0:0:5"},
        {
            "RequestURL": "https://login.unseen.example/a?b=c",
            "DestinationHostName": "UNSEEN.example",
        },
        {"RequestURL": "https://unseen.example.org/a", "DestinationHostName": "xunseen.example"},
    ],
    "OfficeActivity": [
        {
            "ClientIP": "233.252.0.77:51234",
            "UserId": "x",
            "Client_IPAddress": "[2001:db8:77::5]:443",
        }
    ],
}
"""Rows whose counts are known; each of them has some value in more columns than one."""

PHISHING = f"hxxps://{names.PROXY_HOST}/common/oauth2/authorize?session=8c1f"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def workspace(
    tmp_path_factory: pytest.TempPathFactory, checker: Checker
) -> AsyncGenerator[LocalWorkspace]:
    """Open an embedded workspace of these tests' own, with rows that they wrote by hand."""
    store = copied(built_store(tmp_path_factory), tmp_path_factory.mktemp("threat-intel") / "store")
    async with LocalWorkspace(
        store, Store.open(store, now=MOMENT), checker, clock=clock()
    ) as opened:
        for table, rows in OWN_ROWS.items():
            at = {"TimeGenerated": (MOMENT - timedelta(hours=1)).isoformat()}
            AppendedRows(opened.store.documents).append(table, [{**at, **each} for each in rows])
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def analyst(
    workspace: LocalWorkspace, checker: Checker
) -> AsyncGenerator[Client[FastMCPTransport]]:
    """Connect to a server that may write, on that workspace."""
    server = server_over(workspace, checker, Settings(allow_writes=True))
    async with Client(server) as connected:
        yield connected


ADDRESS = {"Syslog": 2, "CommonSecurityLog": 1, "OfficeActivity": 1}
SIXTH = {"Syslog": 1, "CommonSecurityLog": 1, "OfficeActivity": 1}


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

    assert (report.missing, report.not_searched, report.undecided) == ([], [], [])
    tables = {
        match.given: {sighting.table for sighting in match.sightings} for match in report.matches
    }
    assert "SigninLogs" in tables[names.PROXY_IP]
    assert "DeviceNetworkEvents" in tables[names.C2_HOST]
    assert "DnsEvents" in tables[names.TUNNEL_DOMAIN]
    assert "EmailEvents" in tables[names.PHISH_SENDER]
    assert "DeviceProcessEvents" in tables[names.sha256(names.IMPLANT)]
    assert {"EmailUrlInfo", "UrlClickEvents"} <= tables[PHISHING]
    assert all(match.indicators for match in report.matches)
    assert report.nothing_found == ["203.0.113.250"]


async def test_counts_and_times_are_those_of_a_query(analyst: Client[FastMCPTransport]) -> None:
    report = MatchReport.model_validate(
        await asked(analyst, "match_indicators", values=[names.TUNNEL_DOMAIN])
    )

    (sighting,) = (each for each in report.matches[0].sightings if each.table == "DnsEvents")
    domain = names.TUNNEL_DOMAIN
    under = f'Name =~ "{domain}" or Name endswith ".{domain}"'
    query = f"DnsEvents | where TimeGenerated > ago(14d) | where {under}"
    assert sighting.events == await counted(analyst, query) > 100
    assert sighting.first_seen
    assert sighting.last_seen
    assert sighting.first_seen < sighting.last_seen


async def test_the_query_of_the_old_table_runs_and_finds_nothing_there(
    analyst: Client[FastMCPTransport],
) -> None:
    sought = [names.C2_IP, names.C2_HOST, "192.0.2.0/24", "2001:db8::/32"]
    query = indicators.query(indicators.LEGACY, [read_value(each) for each in sought])

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
    assert (await match()).undecided == [value], "the logs were not searched"
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


RANGE = {**ADDRESS, "CommonSecurityLog": 2}
UNSEEN = {"CommonSecurityLog": 1}


@pytest.mark.parametrize(
    "spelled",
    [
        {
            "233.252.0.77": ADDRESS,
            "233.252.0.64/26": RANGE,
            "2001:db8:77::5": SIXTH,
            "2001:db8:77::/48": SIXTH,
            "unseen.example": UNSEEN,
            "login.unseen.example/a?b=c": UNSEEN,
        },
        {
            "233[.]252[.]0[.]77:443": ADDRESS,
            "233.252.0.100/26": RANGE,
            "[2001:0DB8:77:0::5]:443": SIXTH,
            "2001:db8:77:0::/64": SIXTH,
            "unseen[.]EXAMPLE": UNSEEN,
            "hxxps://login[.]unseen[.]example/a?b=c": UNSEEN,
        },
        {"::ffff:233.252.0.77": ADDRESS, "2001:db8:77::5/128": SIXTH},
    ],
    ids=["plain", "defanged and with ports", "mapped and as networks of one"],
)
async def test_a_row_counts_once_in_however_many_columns_and_forms_it_has_the_value(
    analyst: Client[FastMCPTransport], spelled: dict[str, dict[str, int]]
) -> None:
    report = MatchReport.model_validate(
        await asked(analyst, "match_indicators", values=list(spelled))
    )

    assert (report.not_searched, report.missing, report.undecided) == ([], [], [])
    counts = {
        match.given: {each.table: each.events for each in match.sightings}
        for match in report.matches
    }
    assert counts == spelled
    assert [each.events for each in report.matches] == [
        sum(each.values()) for each in spelled.values()
    ]


async def test_the_columns_that_named_the_value_are_told(
    analyst: Client[FastMCPTransport],
) -> None:
    report = MatchReport.model_validate(
        await asked(analyst, "match_indicators", values=["233.252.0.80"])
    )

    (sighting,) = report.matches[0].sightings
    assert sorted(sighting.columns) == ["DestinationIP", "SourceIP"]
    assert sighting.events == 2


async def test_networks_and_addresses_meet_in_the_indicators_of_a_workspace(
    analyst: Client[FastMCPTransport],
) -> None:
    patterns = {
        "four": "[ipv4-addr:value = '233.252.0.64/26']",
        "six": "[ipv6-addr:value = '2001:db8:77::/48']",
        "one": "[ipv4-addr:value = '233.252.0.81']",
        "two": "[ipv4-addr:value = '192.0.2.253' OR ipv4-addr:value = '233.252.0.96/28']",
    }
    for title, pattern in patterns.items():
        await asked(analyst, "create_indicator", pattern=pattern, title=title)

    report = MatchReport.model_validate(
        await asked(
            analyst,
            "match_indicators",
            values=[
                "233.252.0.81",
                "::ffff:233.252.0.82",
                "233.252.0.100",
                "233.252.0.80/29",
                "2001:0db8:77:1::9",
                "2001:db8:70::/44",
                "233.252.0.200",
                "2001:db8:79::9",
            ],
        )
    )

    relations = {
        match.given: [(each.title, each.relation) for each in match.indicators]
        for match in report.matches
    }
    assert relations == {
        "233.252.0.81": [("one", "same"), ("four", "network")],
        "::ffff:233.252.0.82": [("four", "network")],
        "233.252.0.100": [("four", "network"), ("two", "network")],
        "233.252.0.80/29": [("four", "within"), ("one", "within")],
        "2001:0db8:77:1::9": [("six", "network")],
        "2001:db8:70::/44": [("six", "within")],
    }
    assert report.nothing_found == ["233.252.0.200", "2001:db8:79::9"]
