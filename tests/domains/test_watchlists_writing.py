"""Writing watchlists, by the real service over the real SDK clients, to a scripted Azure."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.changes import ChangeReport
from sentinel_mcp.settings import Settings

WRITES = Settings(allow_writes=True)
JEWELS: dict[str, Any] = {
    "name": "Jewels",
    "etag": '"1"',
    "properties": {"displayName": "Crown jewels", "itemsSearchKey": "Host", "provider": "x"},
}
NW1: dict[str, Any] = {
    "name": "id-1",
    "etag": '"a"',
    "properties": {"itemsKeyValue": {"Host": "nw-1", "Owner": "Ann"}, "isDeleted": False},
}
NEW: dict[str, Any] = {
    "watchlist": "Jewels",
    "name": "Crown jewels",
    "search_key": "Host",
    "rows": [{"Host": "nw-1", "Tier": 0}, {"Host": "nw-2", "Backup": True}],
}
NO_ROWS = {"tables": [{"name": "t", "columns": [{"name": "ItemId", "type": "string"}], "rows": []}]}
STATUS = "https://management.azure.com/operations/Microsoft.SecurityInsights/status"


class Shelf(ScriptedAzure):
    """An Azure that keeps what is put, and gives it back with new etags."""

    def __init__(
        self, held: Mapping[str, dict[str, Any]], routes: Mapping[str, Route] | None = None
    ) -> None:
        super().__init__(routes or {})
        self.held = {path.lower(): document for path, document in held.items()}
        self.bodies: list[dict[str, Any]] = []
        self.lose_answers = False

    @property
    def writes(self) -> list[str]:
        return [each for each in self.sent if not each.startswith(("GET", "POST"))]

    async def send(self, request: HttpRequest, **kwargs: Any) -> Any:
        path = request.url.partition("/Microsoft.SecurityInsights/")[2].partition("?")[0]
        key, route = path.lower(), f"{request.method} {path}"
        if route in self._routes or (request.method == "POST" and "POST query" in self._routes):
            return await super().send(request, **kwargs)
        if request.method == "GET" and key in self.held:
            self._routes[route] = self.held[key]
        elif request.method == "GET" and key.endswith("watchlistitems"):
            found = [doc for name, doc in self.held.items() if name.startswith(f"{key}/")]
            self._routes[route] = {"value": found}
        elif request.method == "PUT":
            self._put(key, path, route, json.loads(request.content or "{}"))
        elif request.method == "DELETE":
            self.held.pop(key, None)
            self._routes[route] = Reply(None, 204)
        answer = await super().send(request, **kwargs)
        self._routes.pop(route, None)
        if self.lose_answers and request.method in ("PUT", "DELETE"):
            raise ServiceResponseError("the connection was reset")
        return answer

    def _put(self, key: str, path: str, route: str, body: dict[str, Any]) -> None:
        self.bodies.append(body)
        before = self.held.get(key)
        if before and body.get("etag") not in (None, before["etag"]):
            self._routes[route] = refusal(409, "Conflict", "The etag is stale.")
            return
        kept = {k: v for k, v in body["properties"].items() if k != "rawContent"}
        etag = f'"{len(self.bodies)} new"'
        document = {"name": path.rpartition("/")[2], "etag": etag, "properties": kept}
        self.held[key] = document
        self._routes[route] = Reply(document, 200 if before else 201)


def jewels() -> Shelf:
    return Shelf(
        {"watchlists/Jewels": JEWELS, "watchlists/Jewels/watchlistItems/id-1": NW1},
        {"POST query": NO_ROWS},
    )


@asynccontextmanager
async def connected(
    azure: ScriptedAzure, settings: Settings = WRITES
) -> AsyncGenerator[Client[FastMCPTransport]]:
    async with served(azure, settings=settings) as client:
        yield client


async def did(azure: ScriptedAzure, tool: str, **arguments: Any) -> ChangeReport:
    async with connected(azure) as client:
        answer = await client.call_tool(tool, arguments)
    return ChangeReport.model_validate(answer.structured_content)


async def failed(
    azure: ScriptedAzure, tool: str, settings: Settings = WRITES, **arguments: Any
) -> dict[str, Any]:
    async with connected(azure, settings) as client:
        answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


async def test_rows_become_csv_with_every_column_and_windows_line_ends() -> None:
    azure = Shelf({})

    report = await did(azure, "create_watchlist", **NEW, description="Ours")

    assert (report.outcome, report.name) == ("done", "Jewels")
    assert report.notices == ["Items: 2. Columns: Host, Tier, Backup."]
    properties = azure.bodies[0]["properties"]
    assert properties["rawContent"] == "Host,Tier,Backup\r\nnw-1,0,\r\nnw-2,,true\r\n"
    assert (properties["contentType"], properties["itemsSearchKey"]) == ("text/csv", "Host")
    assert (properties["displayName"], properties["description"]) == ("Crown jewels", "Ours")


async def test_csv_text_is_sent_as_it_is_but_for_its_line_ends() -> None:
    azure = Shelf({})
    arguments = {k: v for k, v in NEW.items() if k != "rows"}

    report = await did(
        azure, "create_watchlist", **arguments, csv='Host,Owner\nnw-1,"Ann, Ben"\nnw-1,"say ""x"""'
    )

    sent = azure.bodies[0]["properties"]["rawContent"]
    assert sent == 'Host,Owner\r\nnw-1,"Ann, Ben"\r\nnw-1,"say ""x"""\r\n'
    assert report.notices[-1] == "Items with the search key of another: 1."


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"watchlist": "-x-"}, "alias"),
        ({"name": "no/slash"}, "name of a watchlist"),
        ({"search_key": "Owner"}, "'Owner' is not a column"),
        ({"rows": []}, "no items"),
        ({"rows": [{"Host": "a"}, {"Host": ""}]}, "Item 2 of 2 has no 'Host'"),
        ({"rows": [{"Host": "a", "SearchKey": "b"}]}, "'SearchKey' is there twice"),
        ({"rows": [{"Host": "a", "x*": "b"}]}, "cannot be the name"),
        ({"rows": [{"Host": ["a", "b"]}]}, "cannot be a value"),
        ({"rows": [{"Host": "a\ud800"}]}, "unpaired surrogate"),
        ({"rows": [{"Host": "a\0"}]}, "NUL"),
        ({"rows": None, "csv": "Host"}, "no items"),
        ({"rows": [{"Host": "a" * 3_800_000}]}, "3,800,0"),
        ({"csv": "Host\na"}, "either `rows` or `csv`"),
        ({"rows": None}, "either `rows` or `csv`"),
        ({"rows": None, "csv": ""}, "empty"),
        ({"rows": None, "csv": "Host,Owner\na"}, "the values are 1"),
        ({"rows": None, "csv": 'Host\n"a'}, "not CSV"),
        ({"rows": None, "csv": "Host,Host\na,b"}, "there twice"),
    ],
)
async def test_what_azure_would_refuse_is_refused_unsent(
    changed: dict[str, Any], told: str
) -> None:
    azure = Shelf({})

    error = await failed(azure, "create_watchlist", **(NEW | changed))

    assert error["code"] == "invalid_input"
    assert told in error["message"]
    assert azure.writes == []


async def test_making_the_same_watchlist_twice_changes_nothing_the_second_time() -> None:
    azure = Shelf({})

    first = await did(azure, "create_watchlist", **NEW)
    second = await did(azure, "create_watchlist", **NEW)

    assert (first.outcome, second.outcome, len(azure.bodies)) == ("done", "unchanged", 1)


async def test_another_watchlist_of_the_same_alias_is_a_conflict() -> None:
    azure = jewels()

    error = await failed(azure, "create_watchlist", **NEW)

    assert error["code"] == "conflict"
    assert azure.writes == []


async def test_a_watchlist_whose_answer_was_lost_is_found_made() -> None:
    azure = Shelf({})
    azure.lose_answers = True

    report = await did(azure, "create_watchlist", **NEW)

    assert report.outcome == "done"
    assert "Its answer was lost; it was found written." in report.notices


async def test_an_upload_that_takes_time_is_awaited_where_azure_says_so() -> None:
    polls = iter(["InProgress", "InProgress", "Succeeded"])
    made = {**JEWELS, "properties": {**JEWELS["properties"], "uploadStatus": "Complete"}}
    begun = Reply(
        {**JEWELS, "properties": {**JEWELS["properties"], "provisioningState": "InProgress"}},
        201,
        {"Azure-AsyncOperation": STATUS},
    )
    reads = iter([refusal(404, "NotFound")])
    azure = ScriptedAzure(
        {
            "GET watchlists/Jewels": lambda _: next(reads, Reply(made)),
            "PUT watchlists/Jewels": begun,
            "GET Microsoft.SecurityInsights/status": lambda _: Reply({"status": next(polls)}),
        }
    )

    report = await did(azure, "create_watchlist", **NEW)

    assert report.outcome == "done"
    assert next(polls, None) is None
    assert azure.sent[-1] == "GET watchlists/Jewels"


async def test_a_new_key_adds_an_item_with_every_column_and_the_same_key_changes_it() -> None:
    azure = jewels()
    values = {"Host": "nw-2"}

    added = await did(azure, "upsert_watchlist_item", watchlist="Jewels", values=values)
    again = await did(azure, "upsert_watchlist_item", watchlist="Jewels", values=values)
    changed = await did(
        azure, "upsert_watchlist_item", watchlist="Jewels", values={**values, "Owner": "Cy"}
    )

    assert [each.outcome for each in (added, again, changed)] == ["done", "unchanged", "done"]
    assert added.name == again.name == changed.name
    assert azure.bodies[0] == {"properties": {"itemsKeyValue": {"Host": "nw-2", "Owner": ""}}}
    assert azure.bodies[1]["properties"]["itemsKeyValue"] == {"Host": "nw-2", "Owner": "Cy"}
    assert azure.bodies[1]["etag"] == added.etag


async def test_an_item_made_elsewhere_is_found_by_its_key_and_keeps_its_other_values() -> None:
    azure = jewels()
    values = {"Host": "nw-1", "Owner": "Ann", "Site": "Leeds"}
    there = {**NW1, "properties": {"itemsKeyValue": values}}
    azure.held["watchlists/jewels/watchlistitems/id-1"] = there

    report = await did(
        azure, "upsert_watchlist_item", watchlist="Jewels", values={"Host": "nw-1", "Owner": "Bo"}
    )

    assert (report.action, report.name) == ("update", "id-1")
    assert [(each.before, each.after) for each in report.changes] == [("Ann", "Bo")]
    assert azure.bodies == [
        {
            "etag": '"a"',
            "properties": {"itemsKeyValue": {"Host": "nw-1", "Owner": "Bo", "Site": "Leeds"}},
        }
    ]


async def test_an_item_that_the_table_knows_is_written_without_reading_all_items() -> None:
    azure = jewels()
    azure.held["watchlists/jewels/watchlistitems/id-1"] = NW1
    known = {"tables": [{**NO_ROWS["tables"][0], "rows": [["id-1"], ["gone"]]}]}
    azure = Shelf(azure.held, {"POST query": known})

    report = await did(
        azure, "upsert_watchlist_item", watchlist="Jewels", values={"Host": "nw-1", "Owner": "Bo"}
    )

    assert report.name == "id-1"
    assert "GET watchlists/Jewels/watchlistItems" not in azure.sent


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"Owner": "Bo"}, "no value for the search key 'Host'"),
        ({"Host": "nw-2", "Ownr": "Bo"}, "no column 'Ownr'"),
        ({"Host": "nw-1", "Ownr": "Bo"}, "no column 'Ownr'"),
        ({"Host": "nw-1", "Owner": "x" * 10_001}, "10,001 characters"),
        ({"Host": "nw-1", "Owner": "\ud800"}, "unpaired surrogate"),
    ],
)
async def test_values_that_are_none_of_the_watchlists_are_refused_unsent(
    values: dict[str, Any], told: str
) -> None:
    azure = jewels()

    error = await failed(azure, "upsert_watchlist_item", watchlist="Jewels", values=values)

    assert error["code"] == "invalid_input"
    assert told in error["message"]
    assert azure.writes == []


async def test_a_key_that_several_items_have_asks_for_the_id() -> None:
    azure = jewels()
    azure.held["watchlists/jewels/watchlistitems/id-9"] = {**NW1, "name": "id-9"}

    error = await failed(
        azure, "upsert_watchlist_item", watchlist="Jewels", values={"Host": "nw-1", "Owner": "Bo"}
    )
    report = await did(
        azure, "upsert_watchlist_item", watchlist="Jewels", values={"Owner": "Bo"}, item="id-9"
    )

    assert "id-1, id-9" in error["message"]
    assert report.name == "id-9"


async def test_an_item_whose_answer_was_lost_is_found_written_and_not_written_twice() -> None:
    azure = jewels()
    azure.lose_answers = True

    report = await did(azure, "upsert_watchlist_item", watchlist="Jewels", values={"Host": "nw-3"})
    azure.lose_answers = False
    again = await did(azure, "upsert_watchlist_item", watchlist="Jewels", values={"Host": "nw-3"})

    assert (report.outcome, again.outcome) == ("done", "unchanged")
    assert sum("nw-3" in json.dumps(each) for each in azure.held.values()) == 1


async def test_a_change_meanwhile_is_a_conflict_that_says_what_changed() -> None:
    azure = jewels()
    path = "watchlists/jewels/watchlistitems/id-1"
    theirs = {**NW1, "etag": '"b"', "properties": {"itemsKeyValue": {"Host": "nw-1", "Owner": "Z"}}}

    class Racing(Shelf):
        def _put(self, key: str, path: str, route: str, body: dict[str, Any]) -> None:
            self.held[key] = theirs
            super()._put(key, path, route, body)

    racing = Racing(azure.held, {"POST query": NO_ROWS})
    error = await failed(
        racing, "upsert_watchlist_item", watchlist="Jewels", values={"Owner": "Bo"}, item="id-1"
    )

    assert error["code"] == "conflict"
    assert "'Ann' -> 'Z'" in error["message"]
    assert racing.held[path] == theirs


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("upsert_watchlist_item", {"values": {"Owner": "Bo"}, "item": "id-1"}),
        ("delete_watchlist_item", {"item": "id-1", "confirm": True}),
        ("delete_watchlist", {"confirm": True}),
    ],
)
async def test_an_etag_that_is_not_the_current_one_writes_nothing(
    tool: str, arguments: dict[str, Any]
) -> None:
    azure = jewels()

    error = await failed(azure, tool, watchlist="Jewels", etag='"old"', **arguments)

    assert (error["code"], azure.writes) == ("conflict", [])


async def test_an_etag_of_an_item_that_is_gone_does_not_add_it_anew() -> None:
    azure = jewels()

    error = await failed(
        azure, "upsert_watchlist_item", watchlist="Jewels", values={"Host": "nw-2"}, etag='"a"'
    )

    assert (error["code"], azure.writes) == ("conflict", [])


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("create_watchlist", {**NEW, "watchlist": "Other"}),
    ("upsert_watchlist_item", {"watchlist": "Jewels", "values": {"Host": "nw-1", "Owner": "Bo"}}),
    ("upsert_watchlist_item", {"watchlist": "Jewels", "values": {"Host": "nw-2"}}),
    ("delete_watchlist_item", {"watchlist": "Jewels", "item": "id-1"}),
    ("delete_watchlist", {"watchlist": "Jewels"}),
]


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_a_dry_run_shows_the_change_and_sends_no_write(
    tool: str, arguments: dict[str, Any]
) -> None:
    azure = jewels()

    report = await did(azure, tool, **arguments, dry_run=True)

    assert report.outcome == "preview"
    assert report.changes
    assert azure.writes == []


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_a_server_that_only_reads_sends_no_write(
    tool: str, arguments: dict[str, Any]
) -> None:
    azure = jewels()
    confirmed: dict[str, Any] = {**arguments, "confirm": True}
    if not tool.startswith("delete"):
        del confirmed["confirm"]

    error = await failed(azure, tool, Settings(), **confirmed)

    assert (error["code"], azure.writes) == ("read_only", [])


@pytest.mark.parametrize(
    ("tool", "path"),
    [("delete_watchlist_item", "watchlistItems/id-1"), ("delete_watchlist", None)],
)
async def test_a_deletion_is_agreed_to_first_and_then_done(tool: str, path: str | None) -> None:
    azure = jewels()
    arguments: dict[str, Any] = {"watchlist": "Jewels", **({"item": "id-1"} if path else {})}

    asked = await failed(azure, tool, **arguments)
    before = list(azure.writes)
    report = await did(azure, tool, **arguments, confirm=True)

    assert (asked["code"], before) == ("confirmation_needed", [])
    assert "Crown jewels" in asked["message"] or "nw-1, Ann" in asked["message"]
    assert report.outcome == "done"
    assert azure.writes == [f"DELETE watchlists/Jewels{f'/{path}' if path else ''}"]


@pytest.mark.parametrize("tool", ["delete_watchlist_item", "delete_watchlist"])
async def test_a_deletion_whose_answer_was_lost_is_found_done(tool: str) -> None:
    azure = jewels()
    azure.lose_answers = True
    arguments = {"watchlist": "Jewels", **({"item": "id-1"} if "item" in tool else {})}

    report = await did(azure, tool, **arguments, confirm=True)

    assert (report.outcome, report.notices[:1]) == (
        "done",
        ["Its answer was lost; it was found deleted."],
    )


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("upsert_watchlist_item", {"watchlist": "None", "values": {"Host": "x"}}),
        ("upsert_watchlist_item", {"watchlist": "Jewels", "values": {"Host": "x"}, "item": "no"}),
        ("delete_watchlist_item", {"watchlist": "Jewels", "item": "no", "confirm": True}),
        ("delete_watchlist", {"watchlist": "None", "confirm": True}),
    ],
)
async def test_what_is_not_there_cannot_be_changed(tool: str, arguments: dict[str, Any]) -> None:
    azure = jewels()

    error = await failed(azure, tool, **arguments)

    assert (error["code"], azure.writes) == ("not_found", [])


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_a_refused_write_names_the_role_that_is_missing(
    tool: str, arguments: dict[str, Any]
) -> None:
    azure = jewels()
    no = refusal(403, "AuthorizationFailed")

    class Refusing(Shelf):
        async def send(self, request: HttpRequest, **kwargs: Any) -> Any:
            if request.method in ("PUT", "DELETE"):
                path = request.url.partition("/Microsoft.SecurityInsights/")[2].partition("?")[0]
                self._routes[f"{request.method} {path}"] = no
            return await super().send(request, **kwargs)

    refusing = Refusing(azure.held, {"POST query": NO_ROWS})
    confirmed: dict[str, Any] = {**arguments, "confirm": True}
    if not tool.startswith("delete"):
        del confirmed["confirm"]
    error = await failed(refusing, tool, **confirmed)

    assert error["code"] == "access_denied"
    assert "Microsoft Sentinel Contributor" in error["hint"]
