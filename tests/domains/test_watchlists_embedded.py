"""Watchlists through the front door, on the embedded workspace."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

from moment import MOMENT
from sentinel_mcp.cli.session import opened_server
from sentinel_mcp.domains.watchlists.keys import key_query
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]

AWKWARD = "NW\\o'brien{Zoë}"
UNREADABLE = 'NW\\ann "x" Zoë/1'


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def writer(own_cache_dir: Path) -> AsyncGenerator[Connected]:
    """Connect to a server that may write, on an embedded workspace of its own."""
    settings = Settings(
        cache_dir=own_cache_dir, now=MOMENT, allow_writes=True, validation_timeout_s=60
    )
    async with opened_server(settings) as server, Client(server) as connected:
        yield connected


async def called(client: Connected, tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments)
    return answer.structured_content


async def failed(client: Connected, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


async def rows(client: Connected, query: str, **arguments: Any) -> list[list[Any]]:
    answer = await called(client, "run_query", query=query, **arguments)
    return answer["tables"][0]["rows"]


async def test_the_scenarios_watchlists_are_listed_and_told(client: Connected) -> None:
    listed = await called(client, "list_watchlists")
    vips = await called(client, "get_watchlist", watchlist="VIPUsers")

    assert [each["alias"] for each in listed["watchlists"]] == [
        "HighValueAssets",
        "NetworkAddresses",
        "ServiceAccounts",
        "VIPUsers",
    ]
    assert (vips["items_count"], vips["search_key"]) == (5, "User Principal Name")
    assert "Job Title" in vips["columns"]


async def test_the_items_are_those_that_kql_gives(client: Connected) -> None:
    for alias in ("HighValueAssets", "NetworkAddresses", "ServiceAccounts", "VIPUsers"):
        page = await called(client, "list_watchlist_items", watchlist=alias, limit=200)
        found = await rows(client, f"_GetWatchlist('{alias}') | project _DTItemId, WatchlistItem")

        assert {item: json.loads(values) for item, values in found} == {
            each["id"]: each["values"] for each in page["items"]
        }


async def test_an_item_is_found_read_and_searched(client: Connected) -> None:
    found = await called(client, "find_in_watchlists", value="AIKO.tanaka@northwind.example")
    (hit,) = found["items"]
    item = await called(
        client, "get_watchlist_item", watchlist=hit["watchlist"], item=hit["item_id"]
    )
    searched = await called(
        client, "list_watchlist_items", watchlist="VIPUsers", search="security operations"
    )

    assert (hit["match"], hit["columns"], hit["source"]) == (
        "exact",
        ["User Principal Name", "User On-Prem Sid"],
        "logs",
    )
    assert item["values"]["User Full Name"] == "Aiko Tanaka"
    assert [each["id"] for each in searched["items"]] == [hit["item_id"]]


async def test_what_no_watchlist_holds_is_found_in_none(client: Connected) -> None:
    found = await called(client, "find_in_watchlists", value="192.0.2.250")

    assert (found["items"], found["missing"]) == ([], [])


async def test_a_machine_is_found_by_its_short_name_and_its_full_one_alike(
    client: Connected,
) -> None:
    assets = await called(client, "list_watchlist_items", watchlist="HighValueAssets", limit=200)
    values = assets["items"][0]["values"]

    short = await called(client, "find_in_watchlists", value=values["Asset Name"].upper())
    full = await called(client, "find_in_watchlists", value=values["Asset FQDN"])

    assert (short["kind"], full["kind"]) == ("host", "host")
    assert [each["item_id"] for each in short["items"]] == [assets["items"][0]["id"]]
    assert [each["item_id"] for each in full["items"]] == [assets["items"][0]["id"]]


async def test_a_person_is_found_by_upn_account_name_domain_form_and_sid_alike(
    client: Connected,
) -> None:
    vips = await called(client, "list_watchlist_items", watchlist="VIPUsers", limit=200)
    item = vips["items"][0]
    upn = item["values"]["User Principal Name"]
    ((sam, domain, object_id),) = await rows(
        client,
        f"IdentityInfo | where AccountUPN == '{upn}' | top 1 by TimeGenerated"
        " | project AccountName, AccountDomain, AccountObjectId",
        timespan="P14D",
    )

    spelled = [upn.upper(), sam, f"{domain}\\{sam}", item["values"]["User On-Prem Sid"], object_id]
    answers = [await called(client, "find_in_watchlists", value=each) for each in spelled]

    assert [[each["item_id"] for each in answer["items"]] for answer in answers] == [
        [item["id"]]
    ] * len(spelled)


async def test_kql_binds_a_watchlists_own_columns_and_no_others(client: Connected) -> None:
    signed_in = await rows(
        client,
        "SigninLogs | lookup kind=inner (_GetWatchlist('VIPUsers')) "
        "on $left.UserPrincipalName == $right.SearchKey | distinct ['Job Title'] "
        "| where ['Job Title'] startswith 'Chief' | count",
        timespan="P7D",
    )
    error = await failed(
        client, "run_query", query="_GetWatchlist('VIPUsers') | project Nickname", check=False
    )

    assert signed_in == [[2]]
    assert "Nickname" in error["message"]


async def test_kql_reads_a_watchlist_whatever_the_time_range_and_through_a_function(
    client: Connected,
) -> None:
    query = "let held = (alias:string) { _GetWatchlist(alias) | count }; held('VIPUsers')"

    assert await rows(client, query, timespan="PT5M") == [[5]]
    assert await rows(client, "Watchlist | count", timespan="PT5M") == [[0]]


async def test_an_alias_that_is_no_watchlists_gives_no_rows(client: Connected) -> None:
    assert await rows(client, "_GetWatchlist('vipusers') | project SearchKey") == []
    assert await rows(client, "_GetWatchlistAlias() | count") == [[4]]


async def test_an_alias_known_at_run_time_only_is_refused_by_name(client: Connected) -> None:
    query = "let a = toscalar(Watchlist | take 1 | project WatchlistAlias); _GetWatchlist(a)"

    error = await failed(client, "run_query", query=query)

    assert (error["code"], "_GetWatchlist" in error["message"]) == ("unsupported_locally", True)


async def test_a_watchlist_lives_from_its_creation_to_its_deletion_in_kql_too(
    writer: Connected,
) -> None:
    made = [{"Host": f"nw-{n}", "Owner": "Ann"} for n in range(250)]
    current = "_GetWatchlist('Jewels') | where Host in ('nw-7', 'nw-8', 'new') | sort by Host asc"
    new = {"watchlist": "Jewels", "name": "Crown jewels", "search_key": "Host", "rows": made}

    created = await called(writer, "create_watchlist", **new)
    again = await called(writer, "create_watchlist", **new)
    told = await called(writer, "get_watchlist", watchlist="Jewels")
    assert (created["outcome"], again["outcome"], told["items_count"]) == ("done", "unchanged", 250)
    assert told["upload_status"] == "Complete"

    for values in ({"Host": "nw-7", "Owner": "Bo"}, {"Host": "new"}, {"Host": "new"}):
        await called(writer, "upsert_watchlist_item", watchlist="Jewels", values=values)
    assert await rows(writer, f"{current} | project Host, Owner") == [
        ["new", ""],
        ["nw-7", "Bo"],
        ["nw-8", "Ann"],
    ]

    (found,) = (await called(writer, "find_in_watchlists", value="nw-8"))["items"][:1]
    await called(
        writer, "delete_watchlist_item", watchlist="Jewels", item=found["item_id"], confirm=True
    )
    assert await rows(writer, f"{current} | project Host") == [["new"], ["nw-7"]]

    await called(writer, "delete_watchlist", watchlist="Jewels", confirm=True)
    assert await rows(writer, "_GetWatchlist('Jewels') | count") == [[0]]
    assert await rows(writer, "_GetWatchlistAlias | where WatchlistAlias == 'Jewels'") == []
    assert (await failed(writer, "get_watchlist", watchlist="Jewels"))["code"] == "not_found"


async def test_awkward_values_go_in_and_are_found_again(writer: Connected) -> None:
    odd = [{"Key": AWKWARD, "N": 7, "Häuser": True}, {"Key": UNREADABLE}]

    await called(
        writer,
        "create_watchlist",
        watchlist="Odd one",
        name="Odd one",
        search_key="Key",
        rows=odd,
    )
    found = await called(writer, "find_in_watchlists", value=AWKWARD.upper())
    part = await called(writer, "find_in_watchlists", value="BRIEN{zoë}")
    held = await rows(writer, "_GetWatchlist('Odd one') | project Key, N, ['Häuser'] | sort by N")

    for key in (AWKWARD, UNREADABLE):
        assert len(await rows(writer, key_query("odd one", key))) == 1
    assert found["items"][0]["values"] == {"Key": AWKWARD, "N": "7", "Häuser": "true"}
    assert [each["match"] for each in found["items"]] == ["exact"]
    assert [each["match"] for each in part["items"]] == ["part"]
    assert held == [[AWKWARD, "7", "true"], [UNREADABLE, "", ""]]


async def test_an_address_is_found_in_the_networks_that_the_watchlists_list(
    writer: Connected,
) -> None:
    networks = ["2001:db8:77::/48", "198.51.100.64/26", "10.20.30.0/24"]
    await called(
        writer,
        "create_watchlist",
        watchlist="Ranges",
        name="Ranges",
        search_key="Net",
        rows=[
            *({"Net": each, "Also": f"once more {each}"} for each in networks),
            {"Net": "198.51.100.77", "Also": ""},
            {"Net": "198.51.100.7", "Also": "198.51.100.177"},
        ],
    )

    async def found(value: str) -> list[tuple[str, str, str | None]]:
        answer = await called(writer, "find_in_watchlists", value=value)
        counts = [answer[f"{each}_count"] for each in ("exact", "network", "part")]
        items = [(each["match"], each["values"], each["network"]) for each in answer["items"]]
        assert sum(counts) == len({each["item_id"] for each in answer["items"]}) == len(items)
        key = ("Net", "IP Subnet")
        return [(m, next(v[k] for k in key if k in v), n) for m, v, n in items]

    assert await found("2001:0DB8:77::5") == [("network", networks[0], networks[0])]
    assert await found("[2001:db8:77:9::5]:443") == [("network", networks[0], networks[0])]
    assert await found("2001:db8:78::5") == []
    assert await found("::ffff:198.51.100.77") == [
        ("exact", "198.51.100.77", None),
        ("network", networks[1], networks[1]),
    ]
    assert await found("198[.]51[.]100[.]100:443") == [("network", networks[1], networks[1])]
    assert await found("198.51.100.200") == []
    # Of the scenario's own list the wider network, of ours the narrower.
    assert sorted(await found("10.20.30.40")) == [
        ("network", "10.20.0.0/16", "10.20.0.0/16"),
        ("network", "10.20.30.0/24", "10.20.30.0/24"),
    ]
    assert await found("198.51.100.64/28") == [
        ("network", networks[1], networks[1]),
        ("part", "198.51.100.77", None),
    ]


async def test_a_stale_etag_is_a_conflict(writer: Connected) -> None:
    vip = await called(writer, "list_watchlist_items", watchlist="VIPUsers", limit=1)
    (item,) = vip["items"]
    change = {"watchlist": "VIPUsers", "values": {"Job Title": "Owner"}, "item": item["id"]}

    await called(writer, "upsert_watchlist_item", **change, etag=item["etag"])
    error = await failed(
        writer,
        "upsert_watchlist_item",
        **{**change, "values": {"Job Title": "Guest"}},
        etag=item["etag"],
    )

    assert error["code"] == "conflict"


async def test_items_of_a_deleted_scenario_watchlist_stay_gone_from_kql(writer: Connected) -> None:
    await called(writer, "delete_watchlist", watchlist="ServiceAccounts", confirm=True)

    assert await rows(writer, "_GetWatchlist('ServiceAccounts') | count") == [[0]]
