"""The embedded directory, over HTTP, as Microsoft Graph and Resource Manager answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from app_stage import ARM, stage
from azure.core.rest import HttpRequest

from sentinel_mcp.local import identity
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.directory import documents
from sentinel_mcp.local.scenario.people import people, person
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace

GRAPH = "https://graph.microsoft.com/v1.0"
ROLES = f"{ARM}{identity.RESOURCE_ID}/providers/Microsoft.Authorization"
EVENTUAL = {"ConsistencyLevel": "eventual"}
DANIEL = person("daniel.reyes")


class Directory:
    """Asks as a client of Graph does."""

    def __init__(self, workspace: LocalWorkspace) -> None:
        self._transport = AsgiTransport(workspace.app)

    async def ask(
        self, url: str, *, headers: dict[str, str] | None = None, body: Any = None
    ) -> AsgiResponse:
        told = {"Authorization": "Bearer any", **(headers or {})}
        method = "GET" if body is None else "POST"
        request = HttpRequest(method, url, headers=told, json=body)
        response = await self._transport.send(request)
        assert isinstance(response, AsgiResponse)
        return response

    async def get(self, path: str, *, eventual: bool = False) -> Any:
        url = path if path.startswith("https:") else f"{GRAPH}{path}"
        response = await self.ask(url, headers=EVENTUAL if eventual else None)
        assert response.status_code == 200, response.text()
        return response.json()

    async def refusal(self, path: str) -> tuple[int, str]:
        response = await self.ask(f"{GRAPH}{path}")
        return response.status_code, response.json()["error"]["code"]

    async def found(self, path: str, filter_text: str) -> list[str]:
        answer = await self.get(
            f"{path}?$count=true&$filter={quote(filter_text)}&$top=999", eventual=True
        )
        assert answer["@odata.count"] == len(answer["value"])
        return [each["displayName"] for each in answer["value"]]


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncGenerator[Directory]:
    clock = Clock(datetime(2026, 11, 22, 12, tzinfo=UTC))
    async with stage(tmp_path, documents=list(documents(clock))) as workspace:
        yield Directory(workspace)


async def test_a_request_without_a_token_is_refused_in_graphs_words(directory: Directory) -> None:
    response = await directory.ask(f"{GRAPH}/users", headers={"Authorization": ""})

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (401, "InvalidAuthenticationToken")
    assert {"date", "request-id", "client-request-id"} <= error["innerError"].keys()


async def test_graph_needs_no_api_version_and_resource_manager_does(directory: Directory) -> None:
    users = await directory.get("/users")
    roles = await directory.ask(f"{ROLES}/roleAssignments")

    assert len(users["value"]) == 100
    assert roles.json()["error"]["code"] == "MissingApiVersionParameter"


async def test_a_user_has_the_default_fields_unless_others_are_selected(
    directory: Directory,
) -> None:
    plain = await directory.get(f"/users/{DANIEL.id}")
    chosen = await directory.get(f"/users/{DANIEL.upn}?$select=department,signInActivity")

    assert "department" not in plain
    assert plain["userPrincipalName"] == DANIEL.upn
    assert chosen.keys() == {"@odata.context", "id", "department", "signInActivity"}
    assert "etag" not in plain


@pytest.mark.parametrize(
    ("path", "filter_text", "names"),
    [
        ("/users", "userPrincipalName eq 'DANIEL.REYES@northwind.example'", ["Daniel Reyes"]),
        ("/users", "department eq 'executive' and accountEnabled eq true", ["Sofia Lindgren"]),
        ("/users", "startswith(displayName, 'priya')", ["Priya Nair"]),
        ("/users", "userType eq 'Guest'", []),
        ("/groups", "isAssignableToRole eq true", ["SOC analysts"]),
        (
            "/groups",
            "NOT groupTypes/any(c:c eq 'Unified') and mailEnabled eq true "
            "and securityEnabled eq false",
            ["Announcements"],
        ),
    ],
)
async def test_filters_compare_without_case(
    directory: Directory, path: str, filter_text: str, names: list[str]
) -> None:
    assert await directory.found(path, filter_text) == names


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ('"displayName:lind"', {"Marcus Lindqvist", "Sofia Lindgren"}),
        ('"displayName:sofia lindg"', {"Sofia Lindgren"}),
        ('"mail:elena" OR "displayName:reyes"', {"Elena Marsh", "Daniel Reyes"}),
        ('"mail:reyes"', set[str]()),
    ],
)
async def test_a_search_finds_beginnings_of_words(
    directory: Directory, search: str, names: set[str]
) -> None:
    answer = await directory.get(f"/users?$search={quote(search)}", eventual=True)

    assert {each["displayName"] for each in answer["value"]} == names


@pytest.mark.parametrize(
    "query",
    [
        "$count=true",
        "$search=%22displayName:a%22",
        "$filter=department%20ne%20%27IT%27",
    ],
)
async def test_what_needs_eventual_consistency_is_refused_without_it(
    directory: Directory, query: str
) -> None:
    assert await directory.refusal(f"/users?{query}") == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("$top=0", "BadRequest"),
        ("$top=1000", "BadRequest"),
        ("$skiptoken=%25", "Directory_ExpiredPageToken"),
        ("$orderby=signInActivity", "BadRequest"),
        ("$filter=secret%20eq%201", "BadRequest"),
    ],
)
async def test_a_query_that_is_not_sound_is_400(
    directory: Directory, query: str, code: str
) -> None:
    assert await directory.refusal(f"/users?{query}") == (400, code)


async def test_links_lead_through_all_users_in_order(directory: Directory) -> None:
    names: list[str] = []
    link: str | None = f"{GRAPH}/users?$top=50&$orderby=displayName&$count=true"
    while link:
        assert urlsplit(link).netloc == "graph.microsoft.com"
        page = await directory.get(link, eventual=True)
        assert page["@odata.count"] == len(people())
        names += [each["displayName"] for each in page["value"]]
        link = page.get("@odata.nextLink")

    assert len(names) == len(people())
    assert names == sorted(names, key=str.casefold)


async def test_memberships_tell_groups_and_roles_apart(directory: Directory) -> None:
    admin = await directory.get(f"/users/{person('adm-hkovacs').id}/transitiveMemberOf")
    kinds = {each["displayName"]: each["@odata.type"] for each in admin["value"]}

    assert kinds == {
        "Server operators": "#microsoft.graph.group",
        "Global Administrator": "#microsoft.graph.directoryRole",
    }


async def test_the_chief_has_no_manager_and_the_others_have(directory: Directory) -> None:
    head = await directory.get(f"/users/{DANIEL.id}/manager?$select=displayName")

    assert head["displayName"] == "Hana Kovacs"
    assert (await directory.refusal(f"/users/{person('sofia.lindgren').id}/manager"))[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/users/nobody@northwind.example",
        "/groups/none",
        "/groups/none/members",
        "/identityProtection/riskyUsers/none",
    ],
)
async def test_what_is_not_there_is_404_in_graphs_words(directory: Directory, path: str) -> None:
    assert await directory.refusal(path) == (404, "Request_ResourceNotFound")


async def test_risk_is_held_against_the_accounts_of_the_story(directory: Directory) -> None:
    risky = await directory.get(f"/identityProtection/riskyUsers/{DANIEL.id}")

    assert (risky["riskLevel"], risky["riskState"]) == ("high", "atRisk")


async def test_members_and_owners_of_a_group_are_users(directory: Directory) -> None:
    (team,) = [
        each
        for each in (await directory.get("/groups"))["value"]
        if each["displayName"] == "SOC analysts"
    ]
    members = await directory.get(f"/groups/{team['id']}/members?$count=true", eventual=True)
    owners = await directory.get(f"/groups/{team['id']}/owners")

    assert members["@odata.count"] == 3
    assert [each["displayName"] for each in owners["value"]] == ["Aiko Tanaka"]
    assert {each["@odata.type"] for each in members["value"]} == {"#microsoft.graph.user"}


async def test_objects_are_found_by_their_ids_and_unknown_ones_left_out(
    directory: Directory,
) -> None:
    body = {"ids": [DANIEL.id, "none"], "types": ["user", "group"]}
    answer = await directory.ask(f"{GRAPH}/directoryObjects/getByIds", body=body)
    wrong = await directory.ask(f"{GRAPH}/directoryObjects/getByIds", body={"ids": "x"})

    assert [each["displayName"] for each in answer.json()["value"]] == ["Daniel Reyes"]
    assert wrong.status_code == 400


@pytest.mark.parametrize(
    ("filter_text", "count"),
    [
        ("atScope()", 7),
        (f"assignedTo('{person('jonas.weber').id}')", 2),
        (f"principalId eq '{person('aiko.tanaka').id}'", 1),
        (f"atScope() and assignedTo('{person('aiko.tanaka').id}')", 3),
        # Through the group that he was put into for a migration.
        (f"assignedTo('{DANIEL.id}')", 1),
    ],
)
async def test_role_assignments_are_those_of_a_principal_and_its_groups(
    directory: Directory, filter_text: str, count: int
) -> None:
    url = f"{ROLES}/roleAssignments?api-version=2022-04-01&$filter={quote(filter_text)}"

    assert len((await directory.get(url))["value"]) == count


async def test_every_assigned_role_has_a_definition(directory: Directory) -> None:
    assigned = (await directory.get(f"{ROLES}/roleAssignments?api-version=2022-04-01"))["value"]
    defined = (await directory.get(f"{ROLES}/roleDefinitions?api-version=2022-04-01"))["value"]

    known = {each["id"] for each in defined}
    assert {each["properties"]["roleDefinitionId"] for each in assigned} <= known
    assert not any("etag" in each for each in (*assigned, *defined))


async def test_an_unknown_filter_of_assignments_is_400(directory: Directory) -> None:
    url = f"{ROLES}/roleAssignments?api-version=2022-04-01&$filter=scope%20eq%20%27x%27"

    assert (await directory.ask(url)).status_code == 400


async def test_an_operation_that_graph_has_and_this_has_not_is_refused_by_name(
    directory: Directory,
) -> None:
    response = await directory.ask(f"{GRAPH}/applications")

    error = response.json()["error"]
    assert (response.status_code, error["innerError"]["code"]) == (501, "UnsupportedLocally")
    assert "/v1.0/applications" in error["message"]
