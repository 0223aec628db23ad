"""Reading watchlists, by the real service over the real SDK clients, from a scripted Azure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.azure.paging import encode_cursor
from sentinel_mcp.domains.shared.entity import read_value
from sentinel_mcp.domains.shared.watchlist_items import ItemSearch
from sentinel_mcp.domains.watchlists.keys import key_query
from sentinel_mcp.domains.watchlists.models import (
    WatchlistDetail,
    WatchlistFindings,
    WatchlistItemDetail,
    WatchlistItemPage,
    WatchlistListing,
)
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import Settings

ITEMS = "GET watchlists/vips/watchlistItems"
QUERY = "POST query"


def watchlist(alias: str, **properties: Any) -> dict[str, Any]:
    return {
        "name": alias,
        "etag": '"1"',
        "properties": {
            "displayName": alias.title(),
            "watchlistAlias": alias,
            "itemsSearchKey": "Upn",
            "updated": "2024-01-02T03:04:05Z",
            **properties,
        },
    }


def item(name: str, **values: Any) -> dict[str, Any]:
    return {"name": name, "etag": f'"{name}"', "properties": {"itemsKeyValue": values}}


def paged(pages: Sequence[Sequence[dict[str, Any]]]) -> Route:
    """Answer a list of items in pages, whose tokens are their numbers."""

    def answer(request: HttpRequest) -> Reply:
        number = int(request.url.partition("skipToken=")[2].partition("&")[0] or 0)
        body: dict[str, Any] = {"value": pages[number]}
        if number + 1 < len(pages):
            url = request.url.partition("?")[0]
            body["nextLink"] = f"{url}?api-version=1&$skipToken={number + 1}"
        return Reply(body)

    return answer


def table(*rows: Sequence[Any], columns: Sequence[str]) -> dict[str, Any]:
    described = [{"name": each, "type": "string"} for each in columns]
    return {"tables": [{"name": "PrimaryResult", "columns": described, "rows": list(rows)}]}


def candidates(*rows: Sequence[Any]) -> dict[str, Any]:
    return table(*rows, columns=("WatchlistAlias", "ItemId", "Item", "Updated"))


async def called(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments)
    return answer.structured_content


async def failed(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


async def test_watchlists_are_listed_by_alias_in_pages() -> None:
    azure = ScriptedAzure(
        {"GET watchlists": {"value": [watchlist("zulu"), watchlist("Alpha", uploadStatus="New")]}}
    )

    async with served(azure) as client:
        first = WatchlistListing.model_validate(await called(client, "list_watchlists", limit=1))
        rest = WatchlistListing.model_validate(
            await called(client, "list_watchlists", limit=1, cursor=first.next_cursor)
        )

    assert [each.alias for each in (*first.watchlists, *rest.watchlists)] == ["Alpha", "zulu"]
    assert (first.total_count, first.watchlists[0].upload_status) == (2, "New")
    assert rest.next_cursor is None


async def test_a_workspace_without_watchlists_lists_none() -> None:
    async with served(ScriptedAzure({"GET watchlists": {"value": []}})) as client:
        page = await called(client, "list_watchlists")

    assert (page["watchlists"], page["total_count"], page["next_cursor"]) == ([], 0, None)


async def test_a_watchlist_tells_its_columns_and_counts_the_items_it_read() -> None:
    routes: dict[str, Route] = {
        "GET watchlists/vips": watchlist("vips", labels=["people"], novelty={"isNew": True}),
        ITEMS: {"value": [item("1", Upn="a@x.example"), item("2", Upn="b@x.example", Role="CEO")]},
    }
    azure = ScriptedAzure(routes)

    async with served(azure) as client:
        found = WatchlistDetail.model_validate(
            await called(client, "get_watchlist", watchlist="vips")
        )

    assert (found.columns, found.items_count, found.items_counted_in) == (["Upn", "Role"], 2, "api")
    assert (found.search_key, found.labels, found.etag) == ("Upn", ["people"], '"1"')
    assert found.properties == {"novelty_is_new": True}
    assert len(azure.requests) == 2


async def test_items_that_fill_several_pages_are_counted_by_their_table() -> None:
    routes: dict[str, Route] = {
        "GET watchlists/vips": watchlist("vips"),
        ITEMS: paged([[item("1", Upn="a")], [item("2", Upn="b")]]),
        QUERY: table([2000], columns=["Count"]),
    }

    async with served(ScriptedAzure(routes)) as client:
        found = await called(client, "get_watchlist", watchlist="vips")

    assert (found["items_count"], found["items_counted_in"], found["items_looked_at"]) == (
        2000,
        "logs",
        1,
    )


@pytest.mark.parametrize("refused", [ITEMS, QUERY])
async def test_a_watchlist_is_shown_although_its_items_cannot_be_read(refused: str) -> None:
    routes: dict[str, Route] = {
        "GET watchlists/vips": watchlist("vips"),
        ITEMS: paged([[item("1", Upn="a")], [item("2", Upn="b")]]),
        QUERY: table([2], columns=["Count"]),
        refused: refusal(403, "AuthorizationFailed"),
    }

    async with served(ScriptedAzure(routes)) as client:
        found = await called(client, "get_watchlist", watchlist="vips")

    assert (found["alias"], found["items_count"]) == ("vips", None)
    assert [each["code"] for each in found["missing"]] == ["access_denied"]


async def test_items_go_on_within_azures_page_and_over_its_end() -> None:
    pages = [[item(f"{page}{n}", Upn=f"u{page}{n}") for n in range(3)] for page in range(2)]
    seen: list[str] = []
    cursor = None

    async with served(ScriptedAzure({ITEMS: paged(pages)})) as client:
        while True:
            page = WatchlistItemPage.model_validate(
                await called(
                    client, "list_watchlist_items", watchlist="vips", limit=2, cursor=cursor
                )
            )
            seen += [each.id for each in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break

    assert seen == ["00", "01", "02", "10", "11", "12"]


async def test_a_search_reads_on_until_it_has_enough_and_says_where_it_stopped() -> None:
    pages = [[item(f"{n}", Upn="nobody", Note=None)] for n in range(30)]
    pages[25] = [item("hit", Upn="Ann@X.example")]

    async with served(ScriptedAzure({ITEMS: paged(pages)})) as client:
        first = WatchlistItemPage.model_validate(
            await called(client, "list_watchlist_items", watchlist="vips", search="ann@")
        )
        second = WatchlistItemPage.model_validate(
            await called(
                client,
                "list_watchlist_items",
                watchlist="vips",
                search="ann@",
                cursor=first.next_cursor,
            )
        )

    assert (first.items, first.looked_at) == ([], 20)
    assert "20 items were looked at" in first.warnings[0]
    assert ([each.id for each in second.items], second.next_cursor) == (["hit"], None)


async def test_an_empty_watchlist_has_no_items() -> None:
    async with served(ScriptedAzure({ITEMS: {"value": []}})) as client:
        page = await called(client, "list_watchlist_items", watchlist="vips")

    assert (page["items"], page["total_count"], page["next_cursor"]) == ([], 0, None)


async def test_an_item_is_read_with_its_author_and_unknown_values_survive() -> None:
    document = item("7", Upn="a", Tags=["x", "y"], Level=3, Häuser="ja")
    document["properties"] |= {"created": "odd", "createdBy": {"email": "ann@x.example"}}

    async with served(ScriptedAzure({f"{ITEMS}/7": document})) as client:
        found = WatchlistItemDetail.model_validate(
            await called(client, "get_watchlist_item", watchlist="vips", item="7")
        )

    assert found.values == {"Upn": "a", "Tags": '["x", "y"]', "Level": 3, "Häuser": "ja"}
    assert (found.created, found.created_by, found.etag) == (None, "ann@x.example", '"7"')


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_watchlist", {"watchlist": "none"}),
        ("list_watchlist_items", {"watchlist": "none"}),
        ("get_watchlist_item", {"watchlist": "none", "item": "1"}),
    ],
)
async def test_what_is_not_there_is_said_with_where_to_look(
    tool: str, arguments: dict[str, Any]
) -> None:
    async with served(ScriptedAzure({})) as client:
        error = await failed(client, tool, **arguments)

    assert error["code"] == "not_found"
    assert "list_watchlist" in error["hint"]


@pytest.mark.parametrize("alias", ["..", "a/b", "a?b"])
async def test_an_alias_that_would_leave_the_path_is_refused_unsent(alias: str) -> None:
    azure = ScriptedAzure({})

    async with served(azure) as client:
        error = await failed(client, "get_watchlist", watchlist=alias)

    assert (error["code"], azure.requests) == ("invalid_input", [])


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("list_watchlists", {}),
        ("get_watchlist", {"watchlist": "vips"}),
        ("list_watchlist_items", {"watchlist": "vips"}),
        ("get_watchlist_item", {"watchlist": "vips", "item": "1"}),
        ("find_in_watchlists", {"value": "ann"}),
    ],
)
async def test_a_refusal_names_the_role_that_is_missing(
    tool: str, arguments: dict[str, Any]
) -> None:
    no = refusal(403, "AuthorizationFailed")
    azure = ScriptedAzure(
        {
            "GET watchlists": no,
            "GET watchlists/vips": no,
            ITEMS: no,
            f"{ITEMS}/1": no,
            QUERY: no,
        }
    )

    async with served(azure) as client:
        error = await failed(client, tool, **arguments)

    assert error["code"] == "access_denied"
    assert "Microsoft Sentinel Reader" in error["hint"]


async def test_a_cursor_of_another_search_is_refused() -> None:
    azure = ScriptedAzure({ITEMS: paged([[item("1", Upn="a")], [item("2", Upn="a")]])})

    async with served(azure) as client:
        page = await called(client, "list_watchlist_items", watchlist="vips", limit=1)
        error = await failed(
            client,
            "list_watchlist_items",
            watchlist="vips",
            search="a",
            cursor=page["next_cursor"],
        )

    assert error["code"] == "invalid_input"


@pytest.mark.parametrize("place", ["5", "null", "[null]", "[null, true]", "[" * 9_000])
async def test_a_cursor_that_somebody_made_up_is_refused_unsent(place: str) -> None:
    azure = ScriptedAzure({})
    call = {"tool": "list_watchlist_items", "workspace": "soc", "watchlist": "vips", "search": ""}
    cursor = encode_cursor(call, place)

    async with served(azure) as client:
        error = await failed(client, "list_watchlist_items", watchlist="vips", cursor=cursor)

    assert (error["code"], azure.requests) == ("invalid_input", [])


def holding(*cells: dict[str, str]) -> ScriptedAzure:
    """Return a workspace whose table of watchlists answers with these items, numbered from 0."""
    rows = [["held", str(number), json.dumps(each), None] for number, each in enumerate(cells)]
    return ScriptedAzure({QUERY: candidates(*rows), "GET watchlists": {"value": []}})


async def sought(azure: ScriptedAzure, value: str, **more: Any) -> WatchlistFindings:
    async with served(azure) as client:
        answer = await called(client, "find_in_watchlists", value=value, **more)
    return WatchlistFindings.model_validate(answer)


async def test_blanks_around_a_value_are_not_looked_for() -> None:
    found = await sought(holding(), " 192.0.2.1\n")

    assert (found.value, found.kind, found.names) == ("192.0.2.1", "ip", ["192.0.2.1"])


async def test_an_address_is_found_by_one_query_as_itself_in_a_text_and_in_a_network() -> None:
    azure = holding(
        {"Net": "10.1.2.0/24", "10.1.2.3": "a network, and a column of that name"},
        {"Ip": "10.1.2.3", "Also": "10.1.2.3", "Name": "nw"},
        {"10.1.2.3": "only a column"},
        {"Note": "was 10.1.2.3, now 10.1.2.4"},
        {"Net": "10.1.2.3/32"},
        {"Ip": "10.1.2.30", "Other": "110.1.2.3", "Url": "http://10.1.2.3.example/"},
        {"Net": "10.1.3.0/24, 10.1.2.4/31"},
        {"Nets": "172.16.0.0/12; 10.0.0.0/8 (ours)"},
    )

    found = await sought(azure, "10[.]1[.]2[.]3:443")

    assert [(each.item_id, each.match, each.columns, each.network) for each in found.items] == [
        ("1", "exact", ["Ip", "Also"], None),
        ("0", "network", ["Net"], "10.1.2.0/24"),
        ("4", "network", ["Net"], "10.1.2.3/32"),
        ("7", "network", ["Nets"], "10.0.0.0/8"),
        ("3", "part", ["Note"], None),
    ]
    assert (found.exact_count, found.network_count, found.part_count) == (1, 3, 1)
    assert (found.truncated, found.read_by_api) == (False, [])
    assert len(azure.requests) == 2


@pytest.mark.parametrize(
    ("value", "cell", "match"),
    [
        ("2001:db8:7::9", "2001:db8:7::/48", "network"),
        ("2001:0DB8:0007:0::0009", "2001:DB8:7:0:0:0:0:0/48", "network"),
        ("[2001:db8:7::9]:443", "2001:db8:7:0:0:0:0:9", "part"),
        ("2001:db8:7::9", "2001:db8:8::/48", None),
        ("2001:db8:7::9", "2001:db8:7::90", None),
        ("::ffff:192.0.2.9", "192.0.2.0/28", "network"),
        ("::ffff:192.0.2.9", "192.0.2.9", "exact"),
        ("192.0.2.9", "2001:db8::/32", None),
        ("192.0.2.0/24", "192.0.2.0/24", "exact"),
        ("192.0.2.0/24", "192.0.0.0/16", "network"),
        ("192.0.2.0/24", "192.0.2.128/25", "network"),
        ("192.0.2.0/24", "192.0.3.0/24", None),
        ("192.0.2.0/24", "192.0.2.77", "part"),
        ("192.0.2.0/25", "192.0.2.177", None),
        ("2001:db8::/32", "2001:db8:7:8::/64", "network"),
        ("2001:db8::/32", "2001:db8:1::5", "part"),
        ("192.0.2.9", "192.0.2.0/33", None),
        ("192.0.2.9", "https://x.example/192.0.2.0/24", None),
    ],
)
async def test_addresses_and_networks_meet_in_both_versions(
    value: str, cell: str, match: str | None
) -> None:
    found = await sought(holding({"Cell": cell}), value)

    assert [each.match for each in found.items] == ([] if match is None else [match])


@pytest.mark.parametrize(
    ("value", "cell", "match"),
    [
        ("NW\\ann", "nw\\Ann", "exact"),
        ("ann", "NW\\ann", "part"),
        ("ws-01", "ws-01.nw.example", "part"),
        ("evil[.]example", "https://login.evil.example/a", "part"),
        ("hxxps://evil[.]example/a", "http://evil.example/a", "part"),
        ("D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e", "exact"),
        ("münchen.example", "xn--mnchen-3ya.example", "exact"),
        ("xn--mnchen-3ya.example", "www.münchen.example", "part"),
        ("Crown jewels", "the crown jewels", "part"),
        ("admin", "Admin", "exact"),
    ],
)
async def test_a_value_is_found_however_it_is_written(value: str, cell: str, match: str) -> None:
    found = await sought(holding({"Cell": cell, "Other": "nothing"}), value)

    assert [(each.match, each.columns) for each in found.items] == [(match, ["Cell"])]


async def test_what_nobody_can_look_for_is_refused_unsent() -> None:
    azure = ScriptedAzure({})

    async with served(azure) as client:
        error = await failed(client, "find_in_watchlists", value="http://")

    assert (error["code"], azure.requests) == ("invalid_input", [])
    assert "Give an IP address or network (CIDR)" in error["hint"]


async def test_more_items_than_are_looked_at_are_said_and_whole_values_come_first() -> None:
    cells = [{"Upn": f"ann{each}"} for each in range(501)]
    azure = holding(*cells)

    found = await sought(azure, "ann", limit=1)

    assert (found.part_count, found.truncated, len(found.items)) == (500, True, 1)
    assert "The first 500 items" in found.warnings[-1]
    queries = [each.content.decode() for each in azure.requests if isinstance(each.content, bytes)]
    assert sum("| top 501 by Whole desc" in each for each in queries) == 1


async def test_a_watchlist_changed_just_now_is_read_item_by_item() -> None:
    now = datetime.now(UTC).isoformat()
    azure = ScriptedAzure(
        {
            QUERY: candidates(["vips", "gone", json.dumps({"Upn": "ann"}), None]),
            "GET watchlists": {"value": [watchlist("vips", updated=now), watchlist("old")]},
            ITEMS: {"value": [item("new", Upn="Ann")]},
        }
    )

    async with served(azure) as client:
        found = WatchlistFindings.model_validate(
            await called(client, "find_in_watchlists", value="ann")
        )

    assert [(each.item_id, each.source) for each in found.items] == [("new", "api")]
    assert found.read_by_api == ["vips"]


async def test_a_watchlist_read_item_by_item_is_read_to_its_end() -> None:
    pages = [[item("1", Upn="bob")], [item("2", Upn="ann")], [item("3", Upn="Ann")]]
    azure = ScriptedAzure(
        {
            QUERY: refusal(403, "InsufficientAccessError"),
            "GET watchlists": {"value": [watchlist("vips")]},
            ITEMS: paged(pages),
        }
    )

    async with served(azure) as client:
        found = await called(client, "find_in_watchlists", value="ann")

    assert [each["item_id"] for each in found["items"]] == ["2", "3"]


async def test_where_the_table_cannot_be_read_the_items_are_and_the_answer_says_so() -> None:
    azure = ScriptedAzure(
        {
            QUERY: refusal(403, "InsufficientAccessError"),
            "GET watchlists": {"value": [watchlist("vips")]},
            ITEMS: {"value": [item("1", Upn="ann")]},
        }
    )

    async with served(azure) as client:
        found = WatchlistFindings.model_validate(
            await called(client, "find_in_watchlists", value="ann")
        )

    assert [each.item_id for each in found.items] == ["1"]
    assert (found.read_by_api, [each.code for each in found.missing]) == (
        ["vips"],
        ["access_denied"],
    )


async def test_nothing_found_is_said_as_such() -> None:
    azure = ScriptedAzure({QUERY: candidates(), "GET watchlists": {"value": []}})

    found = await sought(azure, "nobody")

    assert (found.items, found.exact_count, found.truncated) == ([], 0, False)


async def test_what_does_not_fit_the_answer_is_said() -> None:
    rows = [["vips", str(n), json.dumps({"Upn": f"ann{n}" + "x" * 900}), None] for n in range(40)]
    azure = ScriptedAzure({QUERY: candidates(*rows), "GET watchlists": {"value": []}})

    async with served(azure, settings=Settings(max_answer_bytes=16_384)) as client:
        found = await called(client, "find_in_watchlists", value="ann")

    assert found["part_count"] == 40
    assert 0 < len(found["items"]) < 20
    assert found["truncated"]


HOSTILE = [
    "ann",
    "NW\\ann",
    "o'brien",
    "Zoë Žižka",
    'https://evil.example/"|take-1//',
    "C:\\a\\{b}'c.exe",
    "192.0.2.0/25",
    "2001:db8::/33",
    "::1",
]


@pytest.mark.asyncio(loop_scope="session")
async def test_our_own_queries_bind_whatever_is_looked_for(checker: Checker) -> None:
    known = bundled("sentinel")

    keys = [*HOSTILE, 'a"b', "'; drop", "x | take 1", "{}", "\u2028", "🦊"]
    queries = [
        *(ItemSearch(read_value(each), each).query for each in HOSTILE),
        *(key_query(each, each) for each in keys),
    ]
    checks = [await checker.check(each, known) for each in queries]

    assert [each.errors for each in checks if each.errors] == []
    assert {each.tables for each in checks} == {("Watchlist",)}
