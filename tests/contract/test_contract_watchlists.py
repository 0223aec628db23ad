"""Azure's own samples of watchlists: read by our tools, and matched by what they send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from azure_models import REFERENCE, Models, differences
from tests.scripted import SAMPLES, Reply, Route, ScriptedAzure, refusal, sample, served

from sentinel_mcp.domains.changes import ChangeReport
from sentinel_mcp.domains.watchlists.models import (
    WatchlistDetail,
    WatchlistItemDetail,
    WatchlistItemPage,
    WatchlistListing,
)
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="Azure's samples are not beside the project"
)

MODELS = "securityinsight-2.0.0b4-models.txt"
ALIAS = "highValueAsset"
ITEM = "fd37d325-7090-47fe-851a-5b5a00c3f576"
HEADERS = {f"Header-{n}": f"v1_{n}" for n in range(1, 6)}
NO_ROWS = {"tables": [{"name": "t", "columns": [{"name": "ItemId", "type": "string"}], "rows": []}]}


def request_of(name: str, parameter: str) -> dict[str, Any]:
    parameters = json.loads((SAMPLES / name).read_text(encoding="utf-8"))["parameters"]
    return parameters[parameter]


async def called(routes: dict[str, Route], tool: str, **arguments: Any) -> Any:
    settings = Settings(allow_writes=True)
    async with served(ScriptedAzure(routes), settings=settings) as client:
        answer = await client.call_tool(tool, arguments)
    return answer.structured_content


async def test_the_sample_of_a_list_is_read() -> None:
    routes: dict[str, Route] = {"GET watchlists": sample("watchlists/GetWatchlists.json")}

    page = WatchlistListing.model_validate(await called(routes, "list_watchlists"))

    (found,) = page.watchlists
    assert (found.alias, found.name) == (ALIAS, "High Value Assets Watchlist")
    assert (found.search_key, found.provider) == ("header1", "Microsoft")
    assert found.updated is not None


async def test_the_samples_of_a_watchlist_and_its_items_are_read() -> None:
    routes: dict[str, Route] = {
        f"GET watchlists/{ALIAS}": sample("watchlists/GetWatchlistByAlias.json"),
        f"GET watchlists/{ALIAS}/watchlistItems": sample("watchlistItems/GetWatchlistItems.json"),
    }

    found = WatchlistDetail.model_validate(await called(routes, "get_watchlist", watchlist=ALIAS))
    page = WatchlistItemPage.model_validate(
        await called(routes, "list_watchlist_items", watchlist=ALIAS)
    )

    assert (found.columns, found.items_count) == (list(HEADERS), 1)
    assert (found.labels, found.created_by) == (["Tag1", "Tag2"], "john@contoso.com")
    assert found.watchlist_id == "76d5a51f-ba1f-4038-9d22-59fda38dc017"
    (item,) = page.items
    assert (item.id, item.values, item.updated_by) == (ITEM, HEADERS, "john@contoso.com")


async def test_the_sample_of_an_item_is_read() -> None:
    routes: dict[str, Route] = {
        f"GET watchlists/{ALIAS}/watchlistItems/{ITEM}": sample(
            "watchlistItems/GetWatchlistItemById.json"
        )
    }

    found = WatchlistItemDetail.model_validate(
        await called(routes, "get_watchlist_item", watchlist=ALIAS, item=ITEM)
    )

    assert (found.id, found.values) == (ITEM, HEADERS)
    assert found.etag == '"f2089bfa-0000-0d00-0000-601c58b42021"'


async def test_what_creates_a_watchlist_is_of_the_samples_shape() -> None:
    name = "watchlists/CreateWatchlistAndWatchlistItems.json"
    sent: list[Any] = []

    def put(request: HttpRequest) -> Reply:
        sent.append(json.loads(request.content or "{}"))
        return Reply(sample(name), 201)

    def get(_: HttpRequest) -> Reply:
        return Reply(sample(name)) if sent else refusal(404, "NotFound")

    report = ChangeReport.model_validate(
        await called(
            {f"PUT watchlists/{ALIAS}": put, f"GET watchlists/{ALIAS}": get},
            "create_watchlist",
            watchlist=ALIAS,
            name="High Value Assets Watchlist",
            search_key="header1",
            description="Watchlist from CSV content",
            csv="header1,header2\nvalue1,value2",
        )
    )

    (body,) = sent
    expected = request_of(name, "watchlist")
    assert report.outcome == "done"
    # A new watchlist has no etag; the id that it shall have is in the answers' samples only.
    assert expected["properties"].keys() | {"watchlistId"} == body["properties"].keys()
    compared = {key: body["properties"][key] for key in expected["properties"]}
    assert differences(compared, expected["properties"]) == []
    assert Models(MODELS).problems(body, "Watchlist") == []


async def test_what_changes_an_item_is_of_the_samples_shape() -> None:
    name = "watchlistItems/CreateWatchlistItem.json"
    path = f"watchlists/{ALIAS}/watchlistItems/{ITEM}"
    sent: list[Any] = []

    def put(request: HttpRequest) -> Reply:
        sent.append(json.loads(request.content or "{}"))
        return Reply(sample(name))

    await called(
        {f"GET {path}": sample("watchlistItems/GetWatchlistItemById.json"), f"PUT {path}": put},
        "upsert_watchlist_item",
        watchlist=ALIAS,
        item=ITEM,
        values={"Header-1": "other"},
    )

    (body,) = sent
    expected = request_of(name, "watchlistItem")
    assert body["properties"]["itemsKeyValue"] == {**HEADERS, "Header-1": "other"}
    assert body.keys() == expected.keys()
    assert body["properties"].keys() == expected["properties"].keys() | {"entityMapping"}
    assert Models(MODELS).problems(body, "WatchlistItem") == []


async def test_what_adds_an_item_is_of_the_samples_shape() -> None:
    name = "watchlistItems/CreateWatchlistItem.json"
    watchlist = sample("watchlists/GetWatchlistByAlias.json")
    sent: list[Any] = []

    async def answer(request: HttpRequest) -> Reply:
        sent.append(json.loads(request.content or "{}"))
        return Reply(sample(name), 201)

    class AnyItem(ScriptedAzure):
        async def send(self, request: HttpRequest, **kwargs: Any) -> Any:
            if request.method == "PUT":
                path = request.url.partition("/Microsoft.SecurityInsights/")[2].partition("?")[0]
                self._routes[f"PUT {path}"] = answer
            return await super().send(request, **kwargs)

    azure = AnyItem(
        {
            f"GET watchlists/{ALIAS}": watchlist,
            f"GET watchlists/{ALIAS}/watchlistItems": {"value": []},
            "POST query": NO_ROWS,
        }
    )
    async with served(azure, settings=Settings(allow_writes=True)) as client:
        await client.call_tool(
            "upsert_watchlist_item",
            {"watchlist": ALIAS, "values": {"header1": "10.0.0.0/27", "Tier": 2}},
        )

    (body,) = sent
    assert body == {"properties": {"itemsKeyValue": {"header1": "10.0.0.0/27", "Tier": "2"}}}
    expected = request_of(name, "watchlistItem")
    assert expected["properties"].keys() == body["properties"].keys()


async def test_deletions_go_to_the_samples_resources() -> None:
    item = f"watchlists/{ALIAS}/watchlistItems/{ITEM}"
    azure = ScriptedAzure(
        {
            f"GET {item}": sample("watchlistItems/GetWatchlistItemById.json"),
            f"GET watchlists/{ALIAS}": sample("watchlists/GetWatchlistByAlias.json"),
            f"DELETE {item}": Reply(None, 200),
            f"DELETE watchlists/{ALIAS}": Reply(None, 204),
        }
    )

    async with served(azure, settings=Settings(allow_writes=True)) as client:
        for tool, arguments in (
            ("delete_watchlist_item", {"watchlist": ALIAS, "item": ITEM, "confirm": True}),
            ("delete_watchlist", {"watchlist": ALIAS, "confirm": True}),
        ):
            answer = await client.call_tool(tool, arguments)
            assert answer.structured_content
            assert answer.structured_content["outcome"] == "done"

    assert [each for each in azure.sent if each.startswith("DELETE")] == [
        f"DELETE {item}",
        f"DELETE watchlists/{ALIAS}",
    ]
