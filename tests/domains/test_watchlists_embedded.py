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
from sentinel_mcp.domains.watchlists.finding import candidates_query
from sentinel_mcp.domains.watchlists.keys import key_query
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

Connected = Client[FastMCPTransport]

AWKWARD = 'NW\\ann "x" Zoë/1'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
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
        ["User Principal Name"],
        "logs",
    )
    assert item["values"]["User Full Name"] == "Aiko Tanaka"
    assert [each["id"] for each in searched["items"]] == [hit["item_id"]]


async def test_what_no_watchlist_holds_is_found_in_none(client: Connected) -> None:
    found = await called(client, "find_in_watchlists", value="192.0.2.250")

    assert (found["items"], found["missing"]) == ([], [])


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
    row = {"Key": AWKWARD, "N": 7, "Häuser": True}

    await called(
        writer,
        "create_watchlist",
        watchlist="Odd one",
        name="Odd one",
        search_key="Key",
        rows=[row],
    )
    found = await called(writer, "find_in_watchlists", value=AWKWARD.upper())
    part = await called(writer, "find_in_watchlists", value='n "X" z')
    held = await rows(writer, "_GetWatchlist('Odd one') | project Key, N, ['Häuser']")

    for sought in (AWKWARD, 'N "X" z'[1:], AWKWARD.lower()):
        assert len(await rows(writer, candidates_query(sought))) == 1
    assert await rows(writer, candidates_query("never")) == []
    assert len(await rows(writer, key_query("odd one", AWKWARD))) == 1
    assert found["items"][0]["values"] == {"Key": AWKWARD, "N": "7", "Häuser": "true"}
    assert [each["match"] for each in part["items"]] == ["part"]
    assert held == [[AWKWARD, "7", "true"]]


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
