"""Saved queries and bookmarks are written: once, on what was read, and not without leave."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.domains.hunting_azure import Document, ShelfAzure
from tests.scripted import ScriptedAzure, served

from sentinel_mcp.domains.changes import ChangeReport
from sentinel_mcp.settings import Settings

WRITES = Settings(allow_writes=True)
OWN_ID = "5d0e3b7a-92c4-4f18-8a6d-1b7f40c9e235"


def search(name: str = "s1", title: str = "LSASS", **more: Any) -> Document:
    return {
        "id": f"/x/savedSearches/{name}",
        "name": name,
        "etag": '"7"',
        "properties": {
            "category": "Hunting Queries",
            "displayName": title,
            "query": "Usage | take 1",
            "tags": [
                {"name": "tactics", "value": "Execution"},
                {"name": "createdBy", "value": "ana@northwind.example"},
            ],
            "version": 2,
            **more,
        },
    }


async def report(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> ChangeReport:
    answer = await client.call_tool(tool, arguments)
    return ChangeReport.model_validate(answer.structured_content)


async def error_of(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


def saved(azure: ShelfAzure) -> list[dict[str, Any]]:
    return [each["properties"] for each in azure.documents.values()]


async def save(azure: ScriptedAzure, **arguments: Any) -> ChangeReport:
    async with served(azure, settings=WRITES) as client:
        return await report(
            client, "save_query", **{"name": "LSASS", "query": "Usage | take 2", **arguments}
        )


async def test_a_new_query_is_a_hunting_query_with_its_tags() -> None:
    azure = ShelfAzure("savedSearches")

    done = await save(
        azure, tactics=["CredentialAccess", "Execution"], techniques=["T1003"], description="Dumps."
    )

    assert (done.outcome, done.action, done.kind) == ("done", "create", "hunting query")
    assert azure.body() == {
        "properties": {
            "category": "Hunting Queries",
            "displayName": "LSASS",
            "query": "Usage | take 2",
            "tags": [
                {"name": "description", "value": "Dumps."},
                {"name": "tactics", "value": "CredentialAccess,Execution"},
                {"name": "techniques", "value": "T1003"},
            ],
        }
    }
    assert list(azure.documents) == [done.name]


async def test_saving_under_a_name_that_exists_changes_that_query_and_keeps_the_rest() -> None:
    azure = ShelfAzure("savedSearches", search(functionAlias="Dumps"))

    done = await save(azure, name="lsass ", techniques=["T1003"])

    assert (done.outcome, done.action, done.name) == ("done", "update", "s1")
    assert azure.body()["etag"] == '"7"'
    (now,) = saved(azure)
    assert now["query"] == "Usage | take 2"
    assert (now["functionAlias"], now["version"]) == ("Dumps", 2)
    assert {each["name"]: each["value"] for each in now["tags"]} == {
        "tactics": "Execution",
        "techniques": "T1003",
        "createdBy": "ana@northwind.example",
    }


async def test_the_same_name_in_another_category_is_another_search() -> None:
    azure = ShelfAzure("savedSearches", search(category="General"))

    done = await save(azure)

    assert done.action == "create"
    assert len(azure.documents) == 2


async def test_a_search_by_its_id_is_renamed_and_stays_in_its_category() -> None:
    azure = ShelfAzure("savedSearches", search(category="General"))

    done = await save(azure, name="Better", saved_search="s1")

    assert (done.action, done.kind) == ("update", "saved search")
    (now,) = saved(azure)
    assert (now["displayName"], now["category"]) == ("Better", "General")


async def test_capitalised_keys_are_not_written_twice() -> None:
    capital = search() | {
        "properties": {
            "Category": "Hunting Queries",
            "DisplayName": "LSASS",
            "Query": "Usage",
            "Tags": [{"Name": "tactics", "Value": "Execution"}],
            "Version": 1,
        }
    }
    azure = ShelfAzure("savedSearches", capital)

    await save(azure)

    assert azure.body()["properties"] == {
        "category": "Hunting Queries",
        "displayName": "LSASS",
        "query": "Usage | take 2",
        "tags": [{"name": "tactics", "value": "Execution"}],
        "version": 1,
    }


async def test_a_tag_that_is_not_ours_is_written_back_letter_by_letter() -> None:
    long = {"name": "description", "value": "x" * 5_000}
    odd = {"name": "Group", "value": "Computer", "more": 1}
    azure = ShelfAzure("savedSearches", search(tags=[long, odd]))

    await save(azure, tactics=["Execution"])

    assert saved(azure)[0]["tags"] == [long, odd, {"name": "tactics", "value": "Execution"}]


async def test_of_a_tag_that_is_there_twice_one_is_left() -> None:
    twice = [{"name": "tactics", "value": "Impact"}, {"name": "tactics", "value": "Discovery"}]
    azure = ShelfAzure("savedSearches", search(tags=[*twice, {"name": ["odd"], "value": "x"}]))

    await save(azure, tactics=["Execution"])

    assert saved(azure)[0]["tags"] == [
        {"name": "tactics", "value": "Execution"},
        {"name": ["odd"], "value": "x"},
    ]


async def test_saving_what_is_so_already_writes_nothing() -> None:
    azure = ShelfAzure("savedSearches", search())

    done = await save(azure, query="Usage | take 1", tactics=["Execution"])

    assert (done.outcome, done.changes) == ("unchanged", [])
    assert azure.written == []


async def test_an_empty_list_removes_a_tag() -> None:
    azure = ShelfAzure("savedSearches", search())

    await save(azure, tactics=[])

    (now,) = saved(azure)
    assert [each["name"] for each in now["tags"]] == ["createdBy"]


@pytest.mark.parametrize("there", [(), (search(),)])
async def test_a_dry_run_shows_the_change_and_sends_no_write(there: tuple[Document, ...]) -> None:
    azure = ShelfAzure("savedSearches", *there)

    done = await save(azure, dry_run=True)

    assert done.outcome == "preview"
    assert ("query", "Usage | take 2") in [(each.field, each.after) for each in done.changes]
    assert azure.written == []


async def test_several_of_one_name_are_told_by_their_ids() -> None:
    azure = ShelfAzure("savedSearches", search("s1"), search("s2"))

    async with served(azure, settings=WRITES) as client:
        error = await error_of(client, "save_query", name="LSASS", query="Usage")

    assert error["code"] == "invalid_input"
    assert "s1, s2" in error["hint"]
    assert azure.written == []


async def test_a_change_made_meanwhile_is_told_and_not_overwritten() -> None:
    def somebody(azure: ShelfAzure) -> None:
        azure.documents["s1"]["etag"] = '"8"'
        azure.documents["s1"]["properties"]["query"] = "Usage | take 9"

    azure = ShelfAzure("savedSearches", search(), before_write=somebody)

    async with served(azure, settings=WRITES) as client:
        error = await error_of(client, "save_query", name="LSASS", query="Usage | take 2")

    assert error["code"] == "conflict"
    assert "Usage | take 9" in error["message"]
    assert azure.documents["s1"]["properties"]["query"] == "Usage | take 9"


async def test_an_old_etag_is_refused_before_anything_is_written() -> None:
    azure = ShelfAzure("savedSearches", search())

    async with served(azure, settings=WRITES) as client:
        error = await error_of(
            client, "save_query", name="LSASS", query="Usage", saved_search="s1", etag='"1"'
        )

    assert error["code"] == "conflict"
    assert azure.written == []


async def test_an_etag_of_what_is_gone_does_not_create_it_anew() -> None:
    azure = ShelfAzure("savedSearches", search(title="Another"))

    async with served(azure, settings=WRITES) as client:
        error = await error_of(client, "save_query", name="LSASS", query="Usage", etag='"1"')

    assert error["code"] == "conflict"
    assert azure.written == []


async def test_a_technique_is_written_in_capitals() -> None:
    azure = ShelfAzure("savedSearches")

    await save(azure, techniques=["t1003.001"])

    assert azure.body()["properties"]["tags"] == [{"name": "techniques", "value": "T1003.001"}]


@pytest.mark.parametrize("there", [(), (search(),)])
async def test_a_save_whose_answer_was_lost_makes_no_second_one(
    there: tuple[Document, ...],
) -> None:
    azure = ShelfAzure("savedSearches", *there, lost="PUT")

    first = await save(azure)
    again = await save(azure)

    assert first.outcome == "done"
    assert (again.outcome, again.name) == ("unchanged", first.name)
    assert len(azure.documents) == 1


async def test_an_id_that_is_not_there_is_not_created() -> None:
    azure = ShelfAzure("savedSearches")

    async with served(azure, settings=WRITES) as client:
        error = await error_of(client, "save_query", name="X", query="Usage", saved_search="nope")

    assert error["code"] == "not_found"
    assert azure.written == []


async def test_a_save_that_is_refused_names_the_role() -> None:
    azure = ShelfAzure("savedSearches", denied="PUT")

    async with served(azure, settings=WRITES) as client:
        error = await error_of(client, "save_query", name="X", query="Usage")

    assert error["code"] == "access_denied"
    assert "Microsoft Sentinel Contributor" in error["hint"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("save_query", {"name": "LSASS", "query": "Usage"}),
        ("delete_saved_query", {"saved_search": "s1", "confirm": True}),
        ("create_bookmark", {"title": "T", "query": "Usage"}),
    ],
)
async def test_a_read_only_server_writes_nothing(tool: str, arguments: dict[str, Any]) -> None:
    azure = ShelfAzure("savedSearches", search())

    async with served(azure) as client:
        error = await error_of(client, tool, **arguments)

    assert error["code"] == "read_only"
    assert azure.written == []


async def test_a_query_is_deleted_when_the_user_agreed() -> None:
    azure = ShelfAzure("savedSearches", search())

    async with served(azure, settings=WRITES) as client:
        asked = await error_of(client, "delete_saved_query", saved_search="s1")
        assert azure.written == []
        done = await report(client, "delete_saved_query", saved_search="s1", confirm=True)

    assert asked["code"] == "confirmation_needed"
    assert "'LSASS'" in asked["message"]
    assert (done.outcome, done.action) == ("done", "delete")
    assert azure.documents == {}


async def test_a_function_is_asked_for_by_its_alias() -> None:
    azure = ShelfAzure("savedSearches", search(functionAlias="Dumps"))

    async with served(azure, settings=WRITES) as client:
        asked = await error_of(client, "delete_saved_query", saved_search="s1")

    assert "function 'Dumps (LSASS)'" in asked["message"]


async def test_a_dry_run_of_a_deletion_shows_what_is_lost() -> None:
    azure = ShelfAzure("savedSearches", search())

    async with served(azure, settings=WRITES) as client:
        done = await report(client, "delete_saved_query", saved_search="s1", dry_run=True)

    assert done.outcome == "preview"
    assert ("query", "Usage | take 1") in [(each.field, each.before) for each in done.changes]
    assert azure.written == []


async def test_a_deletion_whose_answer_was_lost_is_found_done() -> None:
    azure = ShelfAzure("savedSearches", search(), lost="DELETE")

    async with served(azure, settings=WRITES) as client:
        done = await report(client, "delete_saved_query", saved_search="s1", confirm=True)

    assert done.outcome == "done"
    assert azure.documents == {}


async def test_what_was_changed_since_is_not_deleted() -> None:
    azure = ShelfAzure("savedSearches", search())

    async with served(azure, settings=WRITES) as client:
        error = await error_of(
            client, "delete_saved_query", saved_search="s1", etag='"6"', confirm=True
        )

    assert error["code"] == "conflict"
    assert azure.written == []


async def test_a_deletion_that_is_refused_names_the_role() -> None:
    azure = ShelfAzure("savedSearches", search(), denied="DELETE")

    async with served(azure, settings=WRITES) as client:
        error = await error_of(client, "delete_saved_query", saved_search="s1", confirm=True)

    assert error["code"] == "access_denied"
    assert "Microsoft Sentinel Contributor" in error["hint"]


async def test_deleting_what_is_not_there_is_not_found() -> None:
    azure = ShelfAzure("savedSearches")

    async with served(azure, settings=WRITES) as client:
        error = await error_of(client, "delete_saved_query", saved_search="s1", confirm=True)

    assert error["code"] == "not_found"


async def bookmark(azure: ScriptedAzure, **arguments: Any) -> ChangeReport:
    async with served(azure, settings=WRITES) as client:
        return await report(
            client, "create_bookmark", **{"title": "Odd", "query": "Usage | take 1", **arguments}
        )


async def test_a_bookmark_keeps_the_query_the_row_and_what_is_said_of_them() -> None:
    azure = ShelfAzure("bookmarks")

    done = await bookmark(
        azure,
        row={"UserId": "ana", "Count": 3, "Odd": "Zoë"},
        query_start="2026-11-20T08:00:00+01:00",
        query_end="2026-11-21",
        event_time="2026-11-20T09:30:00Z",
        entities=[{"type": "Account", "identifier": "FullName", "value": "ana@x.example"}],
        tactics=["Execution"],
        techniques=["T1059"],
        labels=["hunt"],
        notes="Look again.",
    )

    assert (done.outcome, done.kind) == ("done", "bookmark")
    assert azure.body() == {
        "properties": {
            "displayName": "Odd",
            "query": "Usage | take 1",
            "queryResult": '{"UserId": "ana", "Count": 3, "Odd": "Zoë"}',
            "queryStartTime": "2026-11-20T07:00:00Z",
            "queryEndTime": "2026-11-21T00:00:00Z",
            "eventTime": "2026-11-20T09:30:00Z",
            "entityMappings": [
                {
                    "entityType": "Account",
                    "fieldMappings": [{"identifier": "FullName", "value": "ana@x.example"}],
                }
            ],
            "tactics": ["Execution"],
            "techniques": ["T1059"],
            "labels": ["hunt"],
            "notes": "Look again.",
        }
    }


async def test_what_is_not_said_of_a_bookmark_is_not_sent() -> None:
    azure = ShelfAzure("bookmarks")

    await bookmark(azure)

    assert azure.body() == {"properties": {"displayName": "Odd", "query": "Usage | take 1"}}


async def test_a_dry_run_of_a_bookmark_sends_nothing() -> None:
    azure = ShelfAzure("bookmarks")

    done = await bookmark(azure, dry_run=True)

    assert done.outcome == "preview"
    assert azure.requests == []


async def test_a_bookmark_whose_answer_was_lost_is_there_once() -> None:
    azure = ShelfAzure("bookmarks", lost="PUT")

    done = await bookmark(azure)

    assert done.outcome == "done"
    assert list(azure.documents) == [done.name]


async def test_the_same_bookmark_under_the_same_id_is_made_once() -> None:
    azure = ShelfAzure("bookmarks")

    first = await bookmark(azure, bookmark_id=OWN_ID)
    again = await bookmark(azure, bookmark_id=OWN_ID)

    assert (first.outcome, again.outcome) == ("done", "unchanged")
    assert azure.written == ["PUT"]


async def test_another_bookmark_under_a_taken_id_is_a_conflict() -> None:
    azure = ShelfAzure("bookmarks")
    await bookmark(azure, bookmark_id=OWN_ID)

    async with served(azure, settings=WRITES) as client:
        error = await error_of(
            client, "create_bookmark", title="Other", query="Usage", bookmark_id=OWN_ID
        )

    assert error["code"] == "conflict"
    assert OWN_ID in error["message"]
    assert saved(azure)[0]["displayName"] == "Odd"


async def test_a_row_that_is_too_large_is_refused_with_its_size() -> None:
    azure = ShelfAzure("bookmarks")

    async with served(azure, settings=WRITES) as client:
        error = await error_of(
            client, "create_bookmark", title="T", query="Usage", row={"a": "x" * 70_000}
        )

    assert error["code"] == "invalid_input"
    assert "70," in error["message"]
    assert azure.requests == []


async def test_a_bookmark_that_is_refused_names_the_role() -> None:
    azure = ShelfAzure("bookmarks", denied="PUT")

    async with served(azure, settings=WRITES) as client:
        error = await error_of(client, "create_bookmark", title="T", query="Usage")

    assert error["code"] == "access_denied"
    assert "Microsoft Sentinel Contributor" in error["hint"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"tactics": ["Cooking"]},
        {"techniques": ["1059"]},
        {"event_time": "1700000000"},
        {"entities": [{"type": "", "identifier": "x", "value": "y"}]},
        {"bookmark_id": "../incidents/1"},
        {"query": "a\x00b"},
        {"row": {"Account": "a\ud800"}},
    ],
)
async def test_an_argument_that_cannot_be_is_refused_before_anything_is_sent(
    arguments: dict[str, Any],
) -> None:
    azure = ShelfAzure("bookmarks")

    async with served(azure, settings=WRITES) as client:
        error = await error_of(
            client, "create_bookmark", **{"title": "T", "query": "Usage", **arguments}
        )

    assert error["code"] == "invalid_input"
    assert azure.requests == []


async def test_a_row_is_sent_as_json_that_reads_back() -> None:
    azure = ShelfAzure("bookmarks")
    row = {"a": 'quote " and \\ backslash', "b": None, "c": {"d": [1, 2]}}

    await bookmark(azure, row=row)

    assert json.loads(azure.body()["properties"]["queryResult"]) == row
