"""Saved searches, bookmarks and hunts of the embedded workspace, over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from app_stage import ARM, GA, NOW, stage
from azure.core.rest import HttpRequest

from sentinel_mcp.local import identity
from sentinel_mcp.local.scenario import hunts, saved_searches
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace

SEARCHES = f"{ARM}{identity.RESOURCE_ID}/savedSearches"
BOOKMARKS = f"{ARM}{identity.INSIGHTS_ID}/bookmarks"
HUNTS = f"{ARM}{identity.INSIGHTS_ID}/hunts"
HUNT = guid("hunt", "session-theft")
SEARCH: Any = {
    "properties": {"displayName": "Mine", "category": "Hunting Queries", "query": "Usage"}
}
BOOKMARK: Any = {"properties": {"displayName": "Odd", "query": "Usage | take 1"}}


class Api:
    """Asks the workspace as a client of the REST does."""

    def __init__(self, workspace: LocalWorkspace) -> None:
        self._transport = AsgiTransport(workspace.app)

    async def ask(
        self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> AsgiResponse:
        address = f"{url}{'&' if '?' in url else '?'}{GA}"
        told = {"Authorization": "Bearer any", **(headers or {})}
        request = HttpRequest(method, address, json=body, headers=told)
        response = await self._transport.send(request)
        assert isinstance(response, AsgiResponse)
        return response

    async def json(self, method: str, url: str, body: Any = None) -> Any:
        response = await self.ask(method, url, body)
        assert response.status_code in (200, 201), response.text()
        return response.json()

    async def refused(self, method: str, url: str, body: Any = None) -> tuple[int, str]:
        response = await self.ask(method, url, body)
        return response.status_code, response.json()["error"]["code"]


@pytest.fixture
async def workspace(tmp_path: Path) -> AsyncGenerator[LocalWorkspace]:
    clock = Clock(NOW)
    documents = [*saved_searches.documents(clock), *hunts.documents(clock)]
    async with stage(tmp_path, documents=documents) as opened:
        yield opened


@pytest.fixture
def api(workspace: LocalWorkspace) -> Api:
    return Api(workspace)


async def test_saved_searches_come_whole_and_without_a_link(api: Api) -> None:
    found = await api.json("GET", SEARCHES)

    assert set(found) == {"value"}
    assert len(found["value"]) == 23
    first = found["value"][0]
    assert (await api.json("GET", f"{SEARCHES}/{first['name']}")) == first


async def test_a_saved_search_is_written_read_back_and_deleted(api: Api) -> None:
    written = await api.json("PUT", f"{SEARCHES}/mine", SEARCH)
    read = await api.json("GET", f"{SEARCHES}/MINE")
    deleted = await api.ask("DELETE", f"{SEARCHES}/mine")

    assert written == read
    assert read["properties"] == {**SEARCH["properties"], "version": 2}
    assert read["etag"]
    assert deleted.status_code == 200
    assert await api.refused("GET", f"{SEARCHES}/mine") == (404, "ResourceNotFound")
    assert await api.refused("DELETE", f"{SEARCHES}/mine") == (404, "ResourceNotFound")


async def test_a_saved_search_is_replaced_only_by_who_has_its_etag(api: Api) -> None:
    first = await api.json("PUT", f"{SEARCHES}/mine", SEARCH)
    await api.json("PUT", f"{SEARCHES}/mine", {**SEARCH, "etag": first["etag"]})
    await api.json("PUT", f"{SEARCHES}/mine", {**SEARCH, "etag": "*"})

    stale = await api.refused("PUT", f"{SEARCHES}/mine", {**SEARCH, "etag": first["etag"]})
    without = await api.refused("PUT", f"{SEARCHES}/mine", SEARCH)

    assert stale == without == (409, "Conflict")


@pytest.mark.parametrize(
    "properties",
    [
        {"displayName": "", "category": "c", "query": "Usage"},
        {"displayName": "d", "query": "Usage"},
        {"displayName": "d", "category": "c", "query": 7},
        {"displayName": "d", "category": "c", "query": "Usage", "tags": {"a": 1}},
        {"displayName": "d", "category": "c", "query": "Usage", "tags": ["a"]},
        {"displayName": "d", "category": "c", "query": "Usage", "tags": [{"name": "a"}]},
        {"displayName": "d", "category": "c", "query": "Usage", "functionAlias": "no good"},
    ],
)
async def test_a_saved_search_that_lacks_something_is_refused(api: Api, properties: Any) -> None:
    refused = await api.refused("PUT", f"{SEARCHES}/mine", {"properties": properties})

    assert refused == (400, "BadRequest")


async def test_a_bookmark_is_made_with_201_and_replaced_with_200(api: Api) -> None:
    made = await api.ask("PUT", f"{BOOKMARKS}/b1", BOOKMARK)
    body = made.json()
    again = await api.ask("PUT", f"{BOOKMARKS}/b1", {**BOOKMARK, "etag": body["etag"]})

    assert (made.status_code, again.status_code) == (201, 200)
    assert body["properties"]["createdBy"]["email"] == "analyst@northwind.example"
    assert body["properties"]["created"] == "2026-11-22T12:00:00.000000Z"
    assert again.json()["properties"]["created"] == body["properties"]["created"]
    assert again.json()["etag"] != body["etag"]


async def test_each_change_of_a_bookmark_is_a_row_of_the_log(
    api: Api, workspace: LocalWorkspace
) -> None:
    await api.json("PUT", f"{BOOKMARKS}/b1", BOOKMARK)
    await api.refused("PUT", f"{BOOKMARKS}/b1", {**BOOKMARK, "etag": '"old"'})
    await api.ask("DELETE", f"{BOOKMARKS}/b1")

    rows = workspace.store.documents.appended_rows("HuntingBookmark", after=0)
    told = [json.loads(row) for _, row in rows]
    assert [(each["BookmarkId"], each["SoftDeleted"]) for each in told] == [
        ("b1", False),
        ("b1", True),
    ]


async def test_a_bookmark_with_an_old_etag_is_a_conflict(api: Api) -> None:
    await api.json("PUT", f"{BOOKMARKS}/b1", BOOKMARK)

    refused = await api.refused("PUT", f"{BOOKMARKS}/b1", {**BOOKMARK, "etag": '"old"'})

    assert refused == (409, "Conflict")


async def test_a_deleted_bookmark_is_gone_and_deleting_it_again_is_204(api: Api) -> None:
    await api.json("PUT", f"{BOOKMARKS}/b1", BOOKMARK)

    first = await api.ask("DELETE", f"{BOOKMARKS}/b1")
    second = await api.ask("DELETE", f"{BOOKMARKS}/b1")

    assert (first.status_code, second.status_code) == (200, 204)
    assert (await api.json("GET", BOOKMARKS))["value"] == []
    assert await api.refused("GET", f"{BOOKMARKS}/b1") == (404, "NotFound")


IMPOSSIBLE: list[dict[str, Any]] = [
    {"tactics": ["Cooking"]},
    {"labels": "one"},
    {"labels": [1]},
    {"entityMappings": [1]},
    {"entityMappings": [{"fieldMappings": []}]},
    {"entityMappings": [{"entityType": "IP", "fieldMappings": [{"value": "x"}]}]},
    {"query": ""},
    {"eventTime": "yesterday"},
    {"eventTime": "0001-01-01T00:00:00+14:00"},
]


@pytest.mark.parametrize("more", IMPOSSIBLE)
async def test_a_bookmark_that_cannot_be_is_refused(api: Api, more: Any) -> None:
    body = {"properties": {**BOOKMARK["properties"], **more}}

    assert await api.refused("PUT", f"{BOOKMARKS}/b1", body) == (400, "BadRequest")


async def test_hunts_are_filtered_and_paged(api: Api) -> None:
    text = quote("properties/status eq 'Active'")
    active = await api.json("GET", f"{HUNTS}?$filter={text}")
    first = await api.json("GET", f"{HUNTS}?$top=2")
    link = first["nextLink"].replace(f"&{GA}", "").replace(f"{GA}&", "")
    second = await api.json("GET", link)

    assert [each["name"] for each in active["value"]] == [HUNT]
    assert [len(each["value"]) for each in (first, second)] == [2, 1]


async def test_what_belongs_to_a_hunt_is_found_under_it_alone(api: Api) -> None:
    comments = await api.json("GET", f"{HUNTS}/{HUNT}/comments")
    relations = await api.json("GET", f"{HUNTS}/{HUNT}/relations")
    other = f"{HUNTS}/{guid('hunt', 'dns-channel')}/comments"

    assert (len(comments["value"]), len(relations["value"])) == (2, 4)
    first = comments["value"][0]
    assert (await api.json("GET", f"{HUNTS}/{HUNT}/comments/{first['name']}")) == first
    assert await api.refused("GET", f"{other}/{first['name']}") == (404, "NotFound")
    assert await api.refused("GET", f"{HUNTS}/nope/comments") == (404, "NotFound")


async def test_each_relation_of_a_hunt_is_to_a_bookmark_or_a_query_that_exists(api: Api) -> None:
    known = {each["name"] for each in (await api.json("GET", SEARCHES))["value"]}
    found: list[Any] = []
    for hunt in (await api.json("GET", HUNTS))["value"]:
        found += (await api.json("GET", f"{HUNTS}/{hunt['name']}/relations"))["value"]

    related = [each["properties"] for each in found]
    queries = [each for each in related if "/savedSearches/" in each["relatedResourceId"]]
    assert {each["relatedResourceName"] for each in queries} <= known
    assert len(related) - len(queries) == 3


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", ""), ("DELETE", ""), ("PUT", "/comments/c"), ("DELETE", "/relations/r")],
)
async def test_changing_a_hunt_is_refused_by_name(api: Api, method: str, path: str) -> None:
    body: Any = {"properties": {}} if method == "PUT" else None

    assert await api.refused(method, f"{HUNTS}/{HUNT}{path}", body) == (501, "NotImplemented")
