"""Watchlists and their items over HTTP, in Azure's shapes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from app_stage import ARM, GA, stage
from azure.core.rest import HttpRequest

from sentinel_mcp.local import identity
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace

SENTINEL = ARM + identity.INSIGHTS_ID
CONTENT = "Host,Owner\r\nnw-01,Ann\r\nnw-02,Ben\r\n"


def watchlist(**properties: Any) -> dict[str, Any]:
    return {
        "properties": {
            "displayName": "Crown jewels",
            "provider": "Microsoft",
            "itemsSearchKey": "Host",
            **properties,
        }
    }


def item(**values: Any) -> dict[str, Any]:
    return {"properties": {"itemsKeyValue": values}}


@pytest_asyncio.fixture
async def workspace(tmp_path: Path) -> AsyncGenerator[LocalWorkspace]:
    opened = stage(tmp_path)
    yield opened
    await opened.aclose()


async def send(
    workspace: LocalWorkspace, method: str, path: str, body: Any = None, *, query: str = ""
) -> tuple[int, Any]:
    request = HttpRequest(
        method,
        f"{SENTINEL}/{path}?{GA}{query}",
        json=body,
        headers={"Authorization": "Bearer any"},
    )
    answer = await AsgiTransport(workspace.app).send(request)
    assert isinstance(answer, AsgiResponse)
    return answer.status_code, answer.json() if answer.text() else None


async def made(workspace: LocalWorkspace, content: str = CONTENT) -> Any:
    status, body = await send(
        workspace,
        "PUT",
        "watchlists/Jewels",
        watchlist(rawContent=content, contentType="text/csv"),
    )
    assert status == 201, body
    return body


async def items(workspace: LocalWorkspace, alias: str = "Jewels") -> list[Any]:
    status, body = await send(workspace, "GET", f"watchlists/{alias}/watchlistItems")
    assert status == 200
    return body["value"]


def rows(workspace: LocalWorkspace) -> list[str]:
    found = workspace.store.documents.appended_rows("Watchlist", after=0)
    return [cells for _, cells in found]


async def test_a_watchlist_that_is_put_has_the_items_of_its_content(
    workspace: LocalWorkspace,
) -> None:
    body = await made(workspace)

    assert body["properties"]["uploadStatus"] == "Complete"
    assert "rawContent" not in body["properties"]
    found = [each["properties"]["itemsKeyValue"] for each in await items(workspace)]
    assert found == [{"Host": "nw-01", "Owner": "Ann"}, {"Host": "nw-02", "Owner": "Ben"}]
    status, listed = await send(workspace, "GET", "watchlists")
    assert (status, [each["name"] for each in listed["value"]]) == (200, ["Jewels"])
    assert await send(workspace, "GET", "watchlists/JEWELS") == (200, body)


async def test_lines_before_the_header_are_skipped_and_tabs_may_part_values(
    workspace: LocalWorkspace,
) -> None:
    status, _ = await send(
        workspace,
        "PUT",
        "watchlists/Jewels",
        watchlist(
            rawContent="made by hand\nHost\tOwner\nnw-01\tAnn",
            contentType="text/tsv",
            numberOfLinesToSkip=1,
        ),
    )

    assert status == 201
    assert len(await items(workspace)) == 1


async def test_content_that_is_put_again_adds_only_what_is_new(workspace: LocalWorkspace) -> None:
    await made(workspace)
    more = watchlist(rawContent="Host,Owner\r\nnw-02,Ben\r\nnw-03,Cy\r\n", description="More")

    status, body = await send(workspace, "PUT", "watchlists/Jewels", more)

    assert (status, body["properties"]["description"]) == (200, "More")
    hosts = [each["properties"]["itemsKeyValue"]["Host"] for each in await items(workspace)]
    assert hosts == ["nw-01", "nw-02", "nw-03"]


@pytest.mark.parametrize(
    ("alias", "properties", "told"),
    [
        ("Jewels", {"provider": None}, "provider"),
        ("Jewels", {"displayName": " "}, "displayName"),
        ("-x", {}, "alias"),
        ("Jewels", {"rawContent": "Host,Owner"}, "no watchlist items found"),
        ("Jewels", {"rawContent": "Name,Owner\na,b"}, "itemsSearchKey"),
        ("Jewels", {"rawContent": "Host,Host\na,b"}, "unique names"),
        ("Jewels", {"rawContent": "Host,Owner\na"}, "line 2 has 1 values"),
        ("Jewels", {"rawContent": "Host\na", "contentType": "text/xml"}, "contentType"),
        ("Jewels", {"rawContent": "Host\na", "numberOfLinesToSkip": -1}, "numberOfLinesToSkip"),
        ("Jewels", {"rawContent": "Host\n" + "a" * 3_800_000}, "larger than"),
        ("Jewels", {"rawContent": "Host\n" + "a" * 200_000}, "Invalid csv content"),
        ("Jewels", {"watchlistId": 7}, "watchlistId"),
        ("Jewels", {"labels": [7]}, "labels"),
    ],
)
async def test_what_azure_refuses_is_400_and_makes_nothing(
    workspace: LocalWorkspace, alias: str, properties: dict[str, Any], told: str
) -> None:
    status, body = await send(workspace, "PUT", f"watchlists/{alias}", watchlist(**properties))

    assert status == 400
    assert told in body["error"]["message"]
    assert (await send(workspace, "GET", "watchlists"))[1]["value"] == []
    assert rows(workspace) == []


async def test_items_come_in_pages_of_a_hundred_each_once(workspace: LocalWorkspace) -> None:
    lines = "".join(f"nw-{number}\r\n" for number in range(250))
    await made(workspace, f"Host\r\n{lines}")
    sizes: list[int] = []
    seen: set[str] = set()
    query = ""

    while True:
        _, body = await send(workspace, "GET", "watchlists/Jewels/watchlistItems", query=query)
        sizes.append(len(body["value"]))
        seen |= {each["name"] for each in body["value"]}
        if "nextLink" not in body:
            break
        query = f"&{body['nextLink'].partition('&')[2]}"

    assert (sizes, len(seen)) == ([100, 100, 50], 250)


async def test_an_item_is_put_read_changed_and_deleted(workspace: LocalWorkspace) -> None:
    await made(workspace)
    path = "watchlists/Jewels/watchlistItems/82ba292c-dc97-4dfc-969d-d4dd9e666842"

    created, body = await send(workspace, "PUT", path, item(Host="nw-09", Owner="Dee"))
    changed, after = await send(
        workspace, "PUT", path, {**item(Host="nw-09", Owner="Eve"), "etag": body["etag"]}
    )

    assert (created, changed) == (201, 200)
    assert after["etag"] != body["etag"]
    assert await send(workspace, "GET", path) == (200, after)
    assert await send(workspace, "DELETE", path) == (200, None)
    assert (await send(workspace, "GET", path))[0] == 404
    assert (await send(workspace, "DELETE", path))[0] == 404


async def test_a_stale_etag_is_409_and_changes_nothing(workspace: LocalWorkspace) -> None:
    body = await made(workspace)
    name = (await items(workspace))[0]["name"]
    path = f"watchlists/Jewels/watchlistItems/{name}"
    count = len(rows(workspace))

    stale_item = await send(workspace, "PUT", path, {**item(Host="x"), "etag": '"old"'})
    stale_list = await send(workspace, "PUT", "watchlists/Jewels", {**watchlist(), "etag": '"old"'})

    assert (stale_item[0], stale_list[0]) == (409, 409)
    assert await send(workspace, "GET", "watchlists/Jewels") == (200, body)
    assert len(rows(workspace)) == count


@pytest.mark.parametrize("values", [{}, {"Owner": "Ann"}, {"Host": ""}])
async def test_an_item_without_its_search_key_is_400(
    workspace: LocalWorkspace, values: dict[str, str]
) -> None:
    await made(workspace)

    status, _ = await send(workspace, "PUT", "watchlists/Jewels/watchlistItems/1", item(**values))

    assert status == 400


async def test_a_deleted_watchlist_is_gone_with_its_items_and_may_be_deleted_again(
    workspace: LocalWorkspace,
) -> None:
    await made(workspace)

    assert await send(workspace, "DELETE", "watchlists/Jewels") == (204, None)

    assert (await send(workspace, "GET", "watchlists/Jewels"))[0] == 404
    assert (await send(workspace, "GET", "watchlists/Jewels/watchlistItems"))[0] == 404
    assert await send(workspace, "DELETE", "watchlists/Jewels") == (204, None)
    await made(workspace, "Name,Host\r\nother,nw-77\r\n")
    assert len(await items(workspace)) == 1


async def test_every_change_is_written_to_the_table(workspace: LocalWorkspace) -> None:
    await made(workspace)
    name = (await items(workspace))[0]["name"]
    path = f"watchlists/Jewels/watchlistItems/{name}"

    await send(workspace, "PUT", path, item(Host="nw-01", Owner="Zoe"))
    await send(workspace, "DELETE", path)
    await send(workspace, "DELETE", "watchlists/Jewels")

    statuses = [
        next(status for status in ("Create", "Update", "Delete") if f'"{status}"' in each)
        for each in rows(workspace)
    ]
    assert statuses == ["Create"] * 3 + ["Update", "Delete", "Delete", "Delete"]


@pytest.mark.parametrize("path", ["watchlists/None", "watchlists/None/watchlistItems",
                                  "watchlists/None/watchlistItems/1"])  # fmt: skip
async def test_what_is_not_there_is_404(workspace: LocalWorkspace, path: str) -> None:
    assert (await send(workspace, "GET", path))[0] == 404


async def test_a_token_that_is_none_is_400(workspace: LocalWorkspace) -> None:
    await made(workspace)

    status, _ = await send(
        workspace, "GET", "watchlists/Jewels/watchlistItems", query="&$skipToken=abc"
    )

    assert status == 400
