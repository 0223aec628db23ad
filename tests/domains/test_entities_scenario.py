"""Investigating on the embedded workspace: the answers are what direct KQL counts."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

from sentinel_mcp.domains.entities.models import (
    DomainWhois,
    EntityInvestigation,
    EntityTimeline,
    IpLocation,
)
from sentinel_mcp.local.scenario import names
from sentinel_mcp.local.scenario.people import person

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONTRACTOR = person("daniel.reyes")
Connected = Client[FastMCPTransport]


KEPT: dict[str, EntityInvestigation] = {}
"""Each takes seconds, and nothing in this module changes the workspace."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def main_incident(client: Connected) -> int:
    """Return the number of the intrusion's incident: that depends on the day of the week."""
    arguments = {"title_contains": "Multi-stage", "limit": 1}
    answer = await client.call_tool("list_incidents", arguments)
    assert answer.structured_content
    return answer.structured_content["incidents"][0]["number"]


async def investigated(client: Connected, value: str, **arguments: Any) -> EntityInvestigation:
    if value not in KEPT:
        given = {"value": value, "timespan": "30d", "budget_s": 120, **arguments}
        answer = await client.call_tool("investigate_entity", given)
        KEPT[value] = EntityInvestigation.model_validate(answer.structured_content)
    found = KEPT[value]
    assert (found.not_finished, found.missing) == ([], [])
    return found


async def timeline(client: Connected, **arguments: Any) -> EntityTimeline:
    answer = await client.call_tool("get_entity_timeline", arguments)
    return EntityTimeline.model_validate(answer.structured_content)


async def counted(client: Connected, query: str) -> Any:
    """Return the first cell of what a query of a user's own finds."""
    answer = await client.call_tool("run_query", {"query": query, "timespan": "30d"})
    assert answer.structured_content
    return answer.structured_content["tables"][0]["rows"][0][0]


async def test_the_attackers_address_leads_to_its_sign_ins_and_to_the_incident(
    client: Connected,
    main_incident: int,
) -> None:
    ip = names.SPRAY_IP
    found = await investigated(client, ip)

    events = {each.table: each.events for each in found.seen if not each.records}
    assert events.keys() >= {"SigninLogs", "CommonSecurityLog", "AzureActivity"}
    assert events == {
        table: await counted(client, f"{table} | where * has '{ip}' | count") for table in events
    }
    assert found.not_searched == []
    assert found.alerts_count == await counted(
        client, f"SecurityAlert | where Entities has '{ip}' | distinct SystemAlertId | count"
    )
    assert [each.number for each in found.incidents] == [main_incident]
    assert found.incidents[0].alerts == found.alerts_count
    assert found.indicators_count == await counted(
        client, f"ThreatIntelIndicators | where ObservableValue == '{ip}' | distinct Id | count"
    )
    assert f"#{main_incident}" in found.summary
    assert found.behaviour
    assert "FirstTimeUserConnectedFromCountry" in found.behaviour.activities[0].unusual
    assert CONTRACTOR.upn in {each.value for each in found.related if each.kind == "account"}


@pytest.mark.parametrize(
    "value",
    [
        CONTRACTOR.upn.upper(),
        f"{names.NETBIOS}\\{CONTRACTOR.sam}",
        CONTRACTOR.sam,
        CONTRACTOR.sid,
    ],
)
async def test_an_account_is_the_same_by_whichever_name_it_is_called(
    client: Connected, main_incident: int, value: str
) -> None:
    found = await investigated(client, value)

    assert found.entity.kind == "account"
    assert found.entity.profile["job_title"] == CONTRACTOR.title
    events = {each.table: each.events for each in found.seen}
    upn = f"UserPrincipalName =~ '{CONTRACTOR.upn}'"
    assert events["SigninLogs"] == await counted(client, f"SigninLogs | where {upn} | count")
    assert events["SecurityEvent"] == await counted(
        client,
        "SecurityEvent | extend Seen = strcat(Account, ' ', TargetAccount, ' ', SubjectAccount, ' '"
        ", TargetUserName, ' ', SubjectUserName, ' ', TargetUserSid, ' ', SubjectUserSid, ' ',"
        " MemberSid, ' ', TargetSid) | where Seen has 'daniel.reyes' or Seen has "
        f"'{CONTRACTOR.sid}' | count",
    )
    assert found.alerts_count == await counted(
        client,
        f"SecurityAlert | where Entities has '{CONTRACTOR.id}' or CompromisedEntity =~ "
        f"'{CONTRACTOR.upn}' | distinct SystemAlertId | count",
    )
    assert main_incident in {each.number for each in found.incidents}
    assert names.SPRAY_IP in {each.value for each in found.related if each.kind == "ip"}


async def test_a_vip_and_a_high_value_asset_are_on_their_watchlists(client: Connected) -> None:
    vip = await investigated(client, "robert.achterberg@northwind.example")
    asset = await investigated(client, "nw-fs-01")

    assert [each.watchlist for each in vip.watchlists] == ["VIPUsers"]
    assert [each.watchlist for each in asset.watchlists] == ["HighValueAssets"]
    assert (asset.entity.kind, asset.entity.kind_from) == ("host", "workspace")
    assert vip.watchlists_count == await counted(
        client,
        'Watchlist | where _DTItemType == "watchlist-item" and WatchlistItem has '
        '"robert.achterberg@northwind.example" | distinct _DTItemId | count',
    )


async def test_an_address_is_found_in_the_network_of_a_watchlist(client: Connected) -> None:
    found = await investigated(client, "10.20.1.14")

    assert [each.network for each in found.watchlists] == ["10.20.0.0/16"]


async def test_a_phishing_link_leads_to_who_got_it_and_who_clicked(
    client: Connected, main_incident: int
) -> None:
    link = await investigated(client, names.PROXY_URL)
    domain = await investigated(client, names.PROXY_HOST)

    for found in (link, domain):
        events = {each.table: each.events for each in found.seen}
        assert events["UrlClickEvents"] == await counted(
            client, f"UrlClickEvents | where Url has '{names.PROXY_HOST}' | count"
        )
        assert events["EmailUrlInfo"] == await counted(
            client, f"EmailUrlInfo | where UrlDomain == '{names.PROXY_HOST}' | count"
        )
        assert [each.number for each in found.incidents] == [main_incident]
        assert [each.value for each in found.indicators] == [names.PROXY_HOST]


async def test_the_implant_is_found_by_its_hash_in_files_processes_and_indicators(
    client: Connected,
    main_incident: int,
) -> None:
    value = names.sha256(names.IMPLANT)
    found = await investigated(client, value.upper())

    assert found.entity.kind == "file_hash"
    events = {each.table: each.events for each in found.seen}
    assert events["DeviceFileEvents"] == await counted(
        client,
        f"DeviceFileEvents | where SHA256 == '{value}' or InitiatingProcessSHA256 == '{value}'"
        " | count",
    )
    assert main_incident in {each.number for each in found.incidents}
    assert found.indicators[0].title == "Implant that poses as OneDrive"


async def test_a_mailbox_is_searched_as_an_address_of_mail_only(client: Connected) -> None:
    address = "elena.marsh@northwind.example"
    found = await investigated(client, address, kind="mailbox")

    assert found.entity.names == {"email": [address]}
    events = {each.table: each.events for each in found.seen}
    assert events["EmailEvents"] == await counted(
        client,
        f"EmailEvents | where RecipientEmailAddress =~ '{address}' or SenderFromAddress =~"
        f" '{address}' or SenderMailFromAddress =~ '{address}' | count",
    )
    # Windows knows no mail addresses.
    assert "SecurityEvent" not in events


async def test_what_nobody_has_seen_is_found_nowhere(client: Connected) -> None:
    found = await investigated(client, "192.0.2.254")

    assert (found.seen, found.alerts, found.incidents, found.indicators) == ([], [], [], [])
    assert {"SigninLogs", "Syslog", "SecurityAlert"} <= set(found.searched)
    assert found.not_searched == []


async def test_a_timeline_has_every_event_once_in_order_over_its_pages(client: Connected) -> None:
    whole = await investigated(client, names.SPRAY_IP)
    expected = sum(
        each.events for each in whole.seen if not each.records or each.table == "SecurityAlert"
    )

    for order in ("newest", "oldest"):
        shown: list[Any] = []
        cursor: str | None = None
        for _ in range(20):
            page = await timeline(
                client, value=names.SPRAY_IP, timespan="30d", limit=45, order=order, cursor=cursor
            )
            shown += page.events
            cursor = page.next_cursor
            if cursor is None:
                break
        times = [each.time for each in shown]
        assert times == sorted(times, reverse=order == "newest")
        assert len(shown) == expected
        assert len({each.model_dump_json() for each in shown}) == expected


async def test_an_alert_in_a_timeline_calls_nothing_an_account_that_is_none(
    client: Connected,
) -> None:
    page = await timeline(client, value="nw-fs-02", kind="host", timespan="30d", limit=200)
    alerts = [each for each in page.events if each.source == "SecurityAlert"]

    assert any("nw-fs-02" in (each.detail or "") for each in alerts)
    assert all(each.account is None or "@" in each.account for each in alerts)


async def test_a_timeline_of_what_was_never_seen_is_empty(client: Connected) -> None:
    page = await timeline(client, value="192.0.2.254")

    assert (page.events, page.next_cursor, page.missing) == ([], None, [])


async def test_the_incidents_entity_has_a_timeline_of_its_own(
    client: Connected, main_incident: int
) -> None:
    answer = await client.call_tool(
        "get_incident", {"incident": main_incident, "include": ["entities"]}
    )
    assert answer.structured_content
    entities = answer.structured_content["entities"]["items"]
    (attacker,) = (each for each in entities if names.SPRAY_IP in str(each))

    page = await timeline(client, entity_id=attacker["id"], timespan="30d")

    assert page.made_by == "sentinel"
    whole = await investigated(client, names.SPRAY_IP)
    assert {each.action for each in page.events} == {each.name for each in whole.alerts}


async def test_the_attackers_address_is_where_its_sign_ins_say(client: Connected) -> None:
    answer = await client.call_tool("get_ip_location", {"ip": names.SPRAY_IP})
    found = IpLocation.model_validate(answer.structured_content)
    country = await counted(
        client,
        f"SigninLogs | where IPAddress == '{names.SPRAY_IP}' | take 1 | project"
        " strcat(Location, ' ', tostring(LocationDetails.city), ' ', AutonomousSystemNumber)",
    )

    assert country == f"RO Cluj-Napoca {found.asn}"
    assert (found.country, found.city) == ("romania", "cluj-napoca")


async def test_the_phishing_domain_is_days_older_than_the_mail(client: Connected) -> None:
    answer = await client.call_tool("get_domain_whois", {"domain": names.PHISH_SENDER})
    found = DomainWhois.model_validate(answer.structured_content)
    mail = await timeline(
        client, value=names.PHISH_DOMAIN, kind="domain", timespan="30d", order="oldest", limit=1
    )

    assert found.created
    assert mail.events[0].time
    assert (mail.events[0].time - found.created).days == 6


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_ip_location", {"ip": "10.20.1.14"}),
        ("get_ip_location", {"ip": "192.0.2.254"}),
        ("get_domain_whois", {"domain": "nobody.example"}),
    ],
)
async def test_what_the_enrichment_service_does_not_know_is_refused(
    client: Connected, tool: str, arguments: dict[str, Any]
) -> None:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)

    assert answer.is_error
