"""Saved searches, bookmarks and hunts as they are read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from pydantic import BaseModel
from tests.scripted import Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.hunting.models import (
    BookmarkDetail,
    BookmarkListing,
    HuntListing,
    SavedSearchDetail,
    SavedSearchListing,
)
from sentinel_mcp.settings import Settings

INCIDENT = "f71caa96-b1e6-5cc8-9076-16d5137402ca"
SEARCHES: list[dict[str, Any]] = [
    {
        "id": "/x/savedSearches/fn",
        "etag": '"1"',
        "properties": {
            "category": " Functions ",
            "displayName": "Sign-ins of one",
            "query": "SigninLogs | where UserPrincipalName == upn",
            "functionAlias": "SignInsOf",
            "functionParameters": "upn:string",
            "tags": [{"name": "description", "value": "Of one user."}],
            "version": 2,
            "somethingNew": {"innerThing": 1},
        },
    },
    {
        "name": "h",
        "properties": {"category": "Hunting Queries", "displayName": "LSASS", "query": "Usage"},
    },
]
BOOKMARKS: list[dict[str, Any]] = [
    {
        "name": "old",
        "properties": {
            "displayName": "Old",
            "created": "2026-11-01T08:00:00Z",
            "createdBy": {"email": "ana@x.example", "name": "Ana"},
            "labels": ["Mail"],
            "query": "OfficeActivity",
            "queryResult": "no JSON",
            "incidentInfo": {"incidentId": f"/x/incidents/{INCIDENT.upper()}", "title": "Fraud"},
        },
    },
    {
        "name": "new",
        "etag": '"5"',
        "properties": {
            "displayName": "New",
            "created": "2026-11-20T08:00:00.1234567Z",
            "notes": "Rather odd.",
            "query": "DnsEvents",
            "queryResult": json.dumps(
                {"ClientIP": "10.0.0.1", "More": {"aB": 1}, "__entityMapping": {"10.0.0.1": "IP"}}
            ),
            "queryStartTime": "2026-11-19T08:00:00Z",
            "tactics": ["Exfiltration"],
            "entityMappings": [
                {
                    "entityType": "IP",
                    "fieldMappings": [{"identifier": "Address", "value": "10.0.0.1"}],
                }
            ],
            "somethingNew": "kept",
        },
    },
    {"name": "odd", "properties": {"created": "never", "labels": "none", "queryResult": 7}},
]
HUNTS: list[dict[str, Any]] = [
    {
        "name": "h1",
        "etag": '"1"',
        "properties": {
            "displayName": "Tunnels",
            "description": "There is a channel in DNS.",
            "status": "New",
            "hypothesisStatus": "Unknown",
            "attackTactics": ["Exfiltration"],
            "attackTechniques": ["T1048"],
            "labels": ["dns"],
            "owner": {"email": "ana@x.example", "assignedTo": None},
        },
    },
    {"name": "h2", "properties": {"displayName": "Admins", "status": "Closed", "owner": None}},
]
ROUTES: dict[str, Route] = {
    "GET savedSearches": {"value": SEARCHES},
    "GET savedSearches/fn": SEARCHES[0],
    "GET bookmarks": {"value": BOOKMARKS},
    "GET bookmarks/new": BOOKMARKS[1],
    "GET bookmarks/old": BOOKMARKS[0],
    "GET incidents": {"value": [{"name": INCIDENT}]},
    "GET hunts": {"value": HUNTS},
    "GET hunts/h1/relations": {"value": [{"name": "r1"}, {"name": "r2"}]},
    "GET hunts/h1/comments": {"value": []},
    "GET hunts/h2/relations": {"value": []},
    "GET hunts/h2/comments": {"value": [{"name": "c"}]},
}
LISTS: dict[str, type[BaseModel]] = {
    "list_saved_searches": SavedSearchListing,
    "list_bookmarks": BookmarkListing,
    "list_hunts": HuntListing,
}


async def content(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> Any:
    return (await client.call_tool(tool, arguments)).structured_content


async def error_of(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ({}, ["h", "fn"]),
        ({"functions_only": True}, ["fn"]),
        ({"category": "functions"}, ["fn"]),
        ({"category": "hunting queries"}, ["h"]),
        ({"text": "userprincipalname"}, ["fn"]),
        ({"text": "signinsof"}, ["fn"]),
        ({"text": "nothing"}, []),
    ],
)
async def test_saved_searches_are_kept_by_what_is_asked(
    arguments: dict[str, Any], kept: list[str]
) -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = SavedSearchListing.model_validate(
            await content(client, "list_saved_searches", **arguments)
        )

    assert [each.id for each in page.searches] == kept
    assert len(azure.requests) == 1


async def test_a_saved_search_tells_all_that_its_document_says() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        detail = SavedSearchDetail.model_validate(
            await content(client, "get_saved_search", saved_search="fn")
        )

    assert (detail.id, detail.alias, detail.parameters) == ("fn", "SignInsOf", "upn:string")
    assert detail.category == "Functions"
    assert detail.description == "Of one user."
    assert detail.other == {"something_new_inner_thing": 1}
    assert detail.etag == '"1"'


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ({}, ["new", "old", "odd"]),
        ({"text": "ODD"}, ["new", "odd"]),
        ({"label": "mail"}, ["old"]),
        ({"created_after": "2026-11-10T00:00:00Z"}, ["new"]),
        ({"created_before": "2026-11-10"}, ["old"]),
        ({"incident": INCIDENT}, ["old"]),
        ({"incident": f"/x/incidents/{INCIDENT}"}, ["old"]),
        ({"incident": "another"}, []),
    ],
)
async def test_bookmarks_are_kept_by_what_is_asked(
    arguments: dict[str, Any], kept: list[str]
) -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = BookmarkListing.model_validate(await content(client, "list_bookmarks", **arguments))

    assert [each.id for each in page.bookmarks] == kept
    assert azure.sent == ["GET bookmarks"]


@pytest.mark.parametrize(
    ("tool", "kind", "key", "field"),
    [
        ("list_bookmarks", "bookmarks", "notes", "notes"),
        ("list_hunts", "hunts", "description", "hypothesis"),
    ],
)
async def test_a_text_is_found_beyond_what_the_list_shows(
    tool: str, kind: str, key: str, field: str
) -> None:
    document = {"name": "one", "properties": {"displayName": "T", key: "x " * 1_500 + "needle"}}
    azure = ScriptedAzure({f"GET {kind}": {"value": [document]}})

    async with served(azure) as client:
        (found,) = (await content(client, tool, text="NEEDLE"))[kind]

    assert "needle" not in found[field]


@pytest.mark.parametrize("number", [7, "7"])
async def test_an_incident_s_number_is_looked_up(number: int | str) -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = BookmarkListing.model_validate(
            await content(client, "list_bookmarks", incident=number)
        )

    assert [each.id for each in page.bookmarks] == ["old"]
    assert azure.asked(0)["$filter"] == "properties/incidentNumber eq 7"


async def test_an_incident_that_does_not_exist_is_not_found() -> None:
    async with served(ScriptedAzure({**ROUTES, "GET incidents": {"value": []}})) as client:
        error = await error_of(client, "list_bookmarks", incident=7)

    assert error["code"] == "not_found"


async def test_a_bookmark_keeps_the_names_of_its_row_s_columns() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        detail = BookmarkDetail.model_validate(
            await content(client, "get_bookmark", bookmark="new")
        )

    assert detail.result == {"ClientIP": "10.0.0.1", "More": '{"aB": 1}'}
    assert [(each.type, each.identifier, each.value) for each in detail.entities] == [
        ("IP", "Address", "10.0.0.1")
    ]
    assert detail.other == {"something_new": "kept"}
    assert detail.query_end is None


async def test_a_kept_result_that_is_no_row_is_shown_as_text() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        detail = BookmarkDetail.model_validate(
            await content(client, "get_bookmark", bookmark="old")
        )

    assert (detail.result, detail.result_text) == ({}, "no JSON")


async def test_a_row_that_is_too_large_for_an_answer_is_left_out_and_it_is_said() -> None:
    row = {f"c{number}": "x" * 900 for number in range(30)}
    wide = {"name": "new", "properties": {"displayName": "W", "queryResult": json.dumps(row)}}

    async with served(
        ScriptedAzure({**ROUTES, "GET bookmarks/new": wide}),
        settings=Settings(max_answer_bytes=8_192),
    ) as client:
        detail = BookmarkDetail.model_validate(
            await content(client, "get_bookmark", bookmark="new")
        )

    assert detail.result == {}
    assert detail.result_text is not None
    assert "30 columns" in detail.result_text


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ({}, ["h2", "h1"]),
        ({"status": "New"}, ["h1"]),
        ({"hypothesis_status": "Unknown"}, ["h1"]),
        ({"tactic": "exfiltration"}, ["h1"]),
        ({"owner": "ANA"}, ["h1"]),
        ({"text": "channel"}, ["h1"]),
        ({"status": "Failed"}, []),
    ],
)
async def test_hunts_are_kept_by_what_is_asked(arguments: dict[str, Any], kept: list[str]) -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = HuntListing.model_validate(await content(client, "list_hunts", **arguments))

    assert [each.id for each in page.hunts] == kept
    assert azure.sent == ["GET hunts"]
    assert "preview" in azure.asked()["api-version"]


async def test_what_belongs_to_hunts_is_counted_only_for_the_page() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = HuntListing.model_validate(
            await content(client, "list_hunts", include=["relations", "comments"], limit=1)
        )
        plain = HuntListing.model_validate(await content(client, "list_hunts"))

    (hunt,) = page.hunts
    assert (hunt.id, hunt.relations_count, hunt.comments_count) == ("h2", 0, 1)
    assert sorted(azure.sent) == [
        "GET hunts",
        "GET hunts",
        "GET hunts/h2/comments",
        "GET hunts/h2/relations",
    ]
    assert {each.relations_count for each in plain.hunts} == {None}


async def test_a_count_that_cannot_be_had_is_told_and_the_hunts_still_come() -> None:
    routes = ROUTES | {"GET hunts/h1/relations": refusal(403, "AuthorizationFailed")}

    async with served(ScriptedAzure(routes)) as client:
        page = HuntListing.model_validate(
            await content(client, "list_hunts", include=["relations"])
        )

    assert [each.relations_count for each in page.hunts] == [0, None]
    assert [(each.part, each.error.code) for each in page.missing] == [
        ("relations", "access_denied")
    ]


@pytest.mark.parametrize(
    ("tool", "route"),
    [
        ("list_saved_searches", "GET savedSearches"),
        ("list_bookmarks", "GET bookmarks"),
        ("list_hunts", "GET hunts"),
    ],
)
async def test_an_empty_workspace_has_empty_lists(tool: str, route: str) -> None:
    async with served(ScriptedAzure({route: {"value": []}})) as client:
        page = LISTS[tool].model_validate(await content(client, tool))

    told = page.model_dump()
    assert (told["total_count"], told["next_cursor"]) == (0, None)


@pytest.mark.parametrize(
    ("tool", "arguments", "path"),
    [
        ("list_saved_searches", {}, "GET savedSearches"),
        ("get_saved_search", {"saved_search": "x"}, "GET savedSearches/x"),
        ("get_hunting_query", {"hunting_query": "x"}, "GET savedSearches/x"),
        ("list_bookmarks", {}, "GET bookmarks"),
        ("get_bookmark", {"bookmark": "x"}, "GET bookmarks/x"),
        ("list_hunts", {}, "GET hunts"),
    ],
)
async def test_a_refusal_names_the_role(tool: str, arguments: dict[str, str], path: str) -> None:
    async with served(ScriptedAzure({path: refusal(403, "AuthorizationFailed")})) as client:
        error = await error_of(client, tool, **arguments)

    assert error["code"] == "access_denied"
    assert "Microsoft Sentinel Reader" in error["hint"]


@pytest.mark.parametrize(
    ("tool", "argument"), [("get_saved_search", "saved_search"), ("get_bookmark", "bookmark")]
)
async def test_what_does_not_exist_is_not_found(tool: str, argument: str) -> None:
    async with served(ScriptedAzure({})) as client:
        error = await error_of(client, tool, **{argument: "nowhere"})

    assert error["code"] == "not_found"
    assert "list_" in error["hint"]
