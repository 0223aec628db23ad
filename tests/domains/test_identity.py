"""Users, groups and role assignments, by the real service over the real clients."""

from __future__ import annotations

from typing import Any, cast

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from pydantic import BaseModel
from tests.scripted import WORKSPACE, Reply, Route, ScriptedAzure, refusal, sample, served

from sentinel_mcp.domains.identity.models import (
    GroupDetail,
    GroupListing,
    RoleAssignmentListing,
    UserDetail,
    UserListing,
)
from sentinel_mcp.settings import Settings

ANN = "a0000000-0000-4000-8000-000000000001"
BOB = "a0000000-0000-4000-8000-000000000002"
TEAM = "b0000000-0000-4000-8000-000000000001"
HERE = (
    f"/subscriptions/{WORKSPACE.subscription_id}/resourceGroups/{WORKSPACE.resource_group}"
    f"/providers/Microsoft.OperationalInsights/workspaces/{WORKSPACE.workspace_name}"
)
GRAPH = "https://graph.microsoft.com/v1.0"


def user(object_id: str = ANN, name: str = "ann", **more: Any) -> dict[str, Any]:
    return {
        "id": object_id,
        "displayName": name.title(),
        "userPrincipalName": f"{name}@contoso.com",
        "mail": f"{name}@contoso.com",
        "department": "Finance",
        "jobTitle": "Accountant",
        "accountEnabled": True,
        "userType": "Member",
        **more,
    }


def group(**more: Any) -> dict[str, Any]:
    return {
        "id": TEAM,
        "displayName": "SOC",
        "groupTypes": [],
        "mailEnabled": False,
        "securityEnabled": True,
        "isAssignableToRole": True,
        **more,
    }


def denied(_: HttpRequest) -> Reply:
    return refusal(403, "Authorization_RequestDenied", "Insufficient privileges.")


PARTS: dict[str, Route] = {
    f"GET users/{ANN}/manager": user(BOB, "bob", **{"@odata.type": "#microsoft.graph.user"}),
    f"GET users/{ANN}/transitiveMemberOf": {
        "value": [
            {"@odata.type": "#microsoft.graph.group", **group()},
            {
                "@odata.type": "#microsoft.graph.directoryRole",
                "id": "r1",
                "displayName": "Security Reader",
                "roleTemplateId": "t1",
            },
            {"@odata.type": "#microsoft.graph.administrativeUnit", "id": "u1"},
        ]
    },
    f"GET identityProtection/riskyUsers/{ANN}": {"riskLevel": "high", "riskState": "atRisk"},
    f"GET users/{ANN}": user(
        signInActivity={"lastSignInDateTime": "2026-11-20T08:00:00Z"}, employeeId="7"
    ),
    "GET users": {"value": [user()], "@odata.count": 1},
}


async def asked(
    client: Client[FastMCPTransport], tool: str, model: type[BaseModel], **arguments: Any
) -> Any:
    answer = await client.call_tool(tool, arguments)
    return model.model_validate(answer.structured_content)


async def failed(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


async def test_users_come_with_their_count_and_without_camel_case() -> None:
    azure = ScriptedAzure(PARTS)
    async with served(azure) as client:
        page: UserListing = await asked(client, "list_users", UserListing)

    assert page.total_count == 1
    assert page.users[0].upn == "ann@contoso.com"
    assert (page.users[0].enabled, page.users[0].account_type) == (True, "Member")
    assert azure.requests[0].headers["ConsistencyLevel"] == "eventual"
    assert azure.asked()["$orderby"] == "displayName"


async def test_what_is_searched_and_filtered_for_is_quoted() -> None:
    azure = ScriptedAzure(PARTS)
    async with served(azure) as client:
        await asked(
            client,
            "list_users",
            UserListing,
            text='o"nei\\l & co',
            department="R'n'D",
            enabled=False,
            account_type="Guest",
        )

    told = azure.asked()
    assert told["$search"].startswith('"displayName:o\\"nei\\\\l & co" OR "mail:')
    assert told["$filter"] == (
        "(department eq 'R''n''D' and accountEnabled eq false and userType eq 'Guest')"
    )
    assert "$orderby" not in told


async def test_nobody_is_an_empty_list() -> None:
    async with served(ScriptedAzure({"GET users": {"value": [], "@odata.count": 0}})) as client:
        page: UserListing = await asked(client, "list_users", UserListing)

    assert (page.users, page.total_count, page.next_cursor) == ([], 0, None)


async def test_a_refusal_names_the_permission_and_how_it_is_granted() -> None:
    async with served(ScriptedAzure({"GET users": denied})) as client:
        error = await failed(client, "list_users")

    assert error["code"] == "access_denied"
    assert "Grant the application permission `User.Read.All`" in error["hint"]
    assert "admin consent" in error["hint"]


async def test_only_the_token_of_a_next_link_is_followed_whatever_host_it_names() -> None:
    link = "https://evil.example/v1.0/users?$skiptoken=RF%2Bpd&$select=secret"
    azure = ScriptedAzure({"GET users": {"value": [user()], "@odata.nextLink": link}})
    async with served(azure) as client:
        first: UserListing = await asked(client, "list_users", UserListing)
        await asked(client, "list_users", UserListing, cursor=first.next_cursor)
        foreign = await failed(client, "list_users", cursor=first.next_cursor, text="x")

    assert {each.url.partition("?")[0] for each in azure.requests} == {f"{GRAPH}/users"}
    assert azure.asked(1)["$skiptoken"] == "RF+pd"
    assert "secret" not in azure.asked(1)["$select"]
    assert foreign["code"] == "invalid_input"


async def test_a_page_that_is_too_large_for_an_answer_goes_on_where_it_was_cut() -> None:
    many = [user(ANN, f"user{number}", jobTitle="x" * 250) for number in range(40)]
    azure = ScriptedAzure({"GET users": {"value": many, "@odata.count": 40}})
    seen: list[str | None] = []
    cursor = None
    async with served(azure, settings=Settings(max_answer_bytes=8_192)) as client:
        while True:
            page: UserListing = await asked(client, "list_users", UserListing, cursor=cursor)
            assert len(page.model_dump_json()) <= 8_192
            seen += [each.upn for each in page.users]
            if (cursor := page.next_cursor) is None:
                break

    assert seen == [each["userPrincipalName"] for each in many]


async def test_a_user_comes_with_manager_groups_roles_risk_and_last_sign_in() -> None:
    azure = ScriptedAzure(PARTS)
    async with served(azure) as client:
        found: UserDetail = await asked(client, "get_user", UserDetail, user="ann@contoso.com")

    assert found.manager
    assert found.risk
    assert found.sign_ins
    assert (found.manager.upn, found.manager.kind) == ("bob@contoso.com", "user")
    assert [(each.display_name, each.group_type) for each in found.groups] == [("SOC", "security")]
    assert [each.display_name for each in found.directory_roles] == ["Security Reader"]
    assert (found.risk.level, found.risk.state) == ("high", "atRisk")
    assert found.sign_ins.interactive
    assert found.sign_ins.interactive.isoformat() == "2026-11-20T08:00:00+00:00"
    assert (found.sign_in_blocked, found.missing) == (False, [])
    assert len(azure.requests) == 5


async def test_a_guest_whose_name_no_path_takes_is_found_by_a_filter() -> None:
    azure = ScriptedAzure({"GET users": {"value": []}})
    async with served(azure) as client:
        error = await failed(client, "get_user", user="eve_x.com#EXT#@o'contoso.com")

    assert azure.asked()["$filter"] == (
        "(userPrincipalName eq 'eve_x.com#EXT#@o''contoso.com' "
        "or mail eq 'eve_x.com#EXT#@o''contoso.com')"
    )
    assert error["code"] == "not_found"
    assert "list_users" in error["hint"]


async def test_parts_that_may_not_be_read_say_so_and_the_rest_comes() -> None:
    routes = {
        **PARTS,
        f"GET users/{ANN}/manager": refusal(404, "Request_ResourceNotFound"),
        f"GET users/{ANN}/transitiveMemberOf": denied,
        f"GET identityProtection/riskyUsers/{ANN}": refusal(
            403, "Forbidden", "Your tenant is not licensed: NonPremiumTenant."
        ),
    }
    async with served(ScriptedAzure(routes)) as client:
        found: UserDetail = await asked(client, "get_user", UserDetail, user=ANN)

    missing = {each.part: each.error for each in found.missing}
    assert found.upn == "ann@contoso.com"
    assert found.manager is None
    assert set(missing) == {"memberships", "risk"}
    assert "`Directory.Read.All`" in str(missing["memberships"].hint)
    assert "P1 or P2" in str(missing["risk"].hint)


async def test_an_account_with_no_more_than_an_id_is_shown() -> None:
    routes: dict[str, Route] = {f"GET users/{ANN}": {"id": ANN}}
    async with served(ScriptedAzure(routes)) as client:
        found: UserDetail = await asked(client, "get_user", UserDetail, user=ANN)

    assert (found.id, found.upn, found.sign_in_blocked) == (ANN, None, None)
    assert found.groups == []


async def test_groups_are_told_apart_by_type() -> None:
    listed = [
        group(),
        group(displayName="Team", groupTypes=["Unified"], securityEnabled=False, mailEnabled=True),
        group(displayName="Mail", securityEnabled=False, mailEnabled=True),
        group(displayName="Both", mailEnabled=True),
        {"id": "x"},
    ]
    azure = ScriptedAzure({"GET groups": {"value": listed, "@odata.count": 5}})
    async with served(azure) as client:
        page: GroupListing = await asked(
            client, "list_groups", GroupListing, group_type="distribution", role_assignable=True
        )

    assert [each.group_type for each in page.groups] == [
        "security",
        "microsoft365",
        "distribution",
        "mail_security",
        None,
    ]
    assert azure.asked()["$filter"] == (
        "((NOT groupTypes/any(c:c eq 'Unified') and securityEnabled eq false "
        "and mailEnabled eq true) and isAssignableToRole eq true)"
    )


GROUP_ROUTES: dict[str, Route] = {
    "GET groups": {"value": [group()]},
    f"GET groups/{TEAM}/owners": {"value": [user(BOB, "bob")]},
    f"GET groups/{TEAM}/members": {
        "value": [{"@odata.type": "#microsoft.graph.servicePrincipal", "id": "s1"}],
        "@odata.count": 7,
        "@odata.nextLink": f"{GRAPH}/groups/x/members?$skiptoken=more",
    },
}


async def test_a_group_comes_with_owners_and_members_page_by_page() -> None:
    azure = ScriptedAzure(GROUP_ROUTES)
    async with served(azure) as client:
        first: GroupDetail = await asked(client, "get_group", GroupDetail, group="SOC")
        await asked(client, "get_group", GroupDetail, group="SOC", cursor=first.next_cursor)

    assert [each.display_name for each in first.owners] == ["Bob"]
    assert [each.kind for each in first.members] == ["service_principal"]
    assert (first.members_count, first.role_assignable) == (7, True)
    members = [each.url for each in azure.requests if "/members?" in each.url]
    assert "$skiptoken=more" in members[1]


async def test_a_name_of_several_groups_is_answered_with_their_ids() -> None:
    azure = ScriptedAzure({"GET groups": {"value": [group(), group(id="other")]}})
    async with served(azure) as client:
        error = await failed(client, "get_group", group="SOC")

    assert error["code"] == "invalid_input"
    assert TEAM in error["message"]


async def test_a_group_whose_members_may_not_be_read_keeps_its_owners() -> None:
    routes = {**GROUP_ROUTES, f"GET groups/{TEAM}/members": denied}
    async with served(ScriptedAzure(routes)) as client:
        found: GroupDetail = await asked(client, "get_group", GroupDetail, group="SOC")

    assert len(found.owners) == 1
    assert [each.part for each in found.missing] == ["members"]
    assert "`GroupMember.Read.All`" in str(found.missing[0].error.hint)


async def test_a_group_list_that_is_refused_names_its_permission() -> None:
    async with served(ScriptedAzure({"GET groups": denied})) as client:
        listed = await failed(client, "list_groups")
        read = await failed(client, "get_group", group=TEAM)

    assert "`Group.Read.All`" in listed["hint"]
    assert read["code"] == "not_found"


def assignment(name: str, principal: str, scope: str, role: str = "role-1") -> dict[str, Any]:
    return {
        "name": name,
        "properties": {
            "roleDefinitionId": f"/x/roleDefinitions/{role}",
            "principalId": principal,
            "principalType": "User",
            "scope": scope,
        },
    }


ROLES: dict[str, Route] = {
    "GET roleAssignments": {
        "value": [
            assignment("1", ANN, HERE.upper()),
            assignment("2", BOB, f"/subscriptions/{WORKSPACE.subscription_id}", "unheard-of"),
            assignment("3", BOB, f"{HERE}/tables/Usage"),
            assignment("4", BOB, "/providers/Microsoft.Management/managementGroups/root"),
        ]
    },
    "GET roleDefinitions": {
        "value": [{"name": "ROLE-1", "properties": {"roleName": "Owner", "type": "BuiltInRole"}}]
    },
    "POST directoryObjects/getByIds": {"value": [user()]},
}


async def test_role_assignments_name_role_principal_and_where_they_were_given() -> None:
    azure = ScriptedAzure(ROLES)
    async with served(azure) as client:
        page: RoleAssignmentListing = await asked(
            client, "get_role_assignments", RoleAssignmentListing
        )

    told = {each.id: (each.role, each.principal_name, each.level) for each in page.assignments}
    assert told == {
        "1": ("Owner", "ann@contoso.com", "workspace"),
        "2": ("unheard-of", None, "subscription"),
        "3": ("Owner", None, "below"),
        "4": ("Owner", None, "above"),
    }
    asked_first = azure.asked(0)
    assert asked_first["api-version"] == "2022-04-01"
    assert asked_first["$filter"] == "atScope()"
    assert len(azure.requests) == 3


async def test_the_roles_of_a_principal_are_asked_for_by_its_id() -> None:
    azure = ScriptedAzure({**ROLES, "GET users": {"value": [user()]}})
    async with served(azure) as client:
        await asked(
            client, "get_role_assignments", RoleAssignmentListing, principal="ann@contoso.com"
        )

    urls = [each.url for each in azure.requests if "roleAssignments" in each.url]
    assert f"$filter=assignedTo('{ANN}')" in urls[0]


async def test_without_graph_the_assignments_come_with_ids_and_a_warning() -> None:
    azure = ScriptedAzure({**ROLES, "POST directoryObjects/getByIds": denied})
    async with served(azure) as client:
        page: RoleAssignmentListing = await asked(
            client, "get_role_assignments", RoleAssignmentListing
        )

    assert len(page.assignments) == 4
    assert page.warnings[0].startswith("principals are shown by id")


async def test_role_assignments_that_may_not_be_read_name_the_role() -> None:
    routes = {**ROLES, "GET roleAssignments": refusal(403, "AuthorizationFailed")}
    async with served(ScriptedAzure(routes)) as client:
        error = await failed(client, "get_role_assignments")

    assert error["code"] == "access_denied"
    assert "`Microsoft Sentinel Reader`" in error["hint"]


async def test_a_next_page_of_assignments_is_read_by_its_token_alone() -> None:
    pages = [
        {
            "value": [assignment("1", ANN, HERE)],
            "nextLink": "https://evil.example/?$skipToken=two",
        },
        {"value": [assignment("2", ANN, HERE)]},
    ]

    def listed(request: HttpRequest) -> Reply:
        return Reply(pages["$skipToken=two" in request.url])

    azure = ScriptedAzure({**ROLES, "GET roleAssignments": listed})
    async with served(azure) as client:
        page: RoleAssignmentListing = await asked(
            client, "get_role_assignments", RoleAssignmentListing
        )

    assert page.total_count == 2
    assert not any("evil" in each.url for each in azure.requests)


async def test_nobody_with_a_role_is_an_empty_list_and_asks_for_no_names() -> None:
    azure = ScriptedAzure({**ROLES, "GET roleAssignments": {"value": []}})
    async with served(azure) as client:
        page: RoleAssignmentListing = await asked(
            client, "get_role_assignments", RoleAssignmentListing
        )

    assert (page.assignments, page.total_count) == ([], 0)
    assert len(azure.requests) == 2


async def test_the_official_sample_of_role_assignments_is_read() -> None:
    official = sample("authorization/RoleAssignments_ListForScope.json")
    azure = ScriptedAzure({**ROLES, "GET roleAssignments": official})
    async with served(azure) as client:
        page: RoleAssignmentListing = await asked(
            client, "get_role_assignments", RoleAssignmentListing
        )

    (stated,) = cast("list[dict[str, Any]]", official["value"])
    assert page.assignments[0].principal_id == stated["properties"]["principalId"]
    assert page.assignments[0].role == "0b5fe924-9a61-425c-96af-cfe6e287ca2d"


@pytest.mark.asyncio(loop_scope="session")
async def test_the_scenario_has_people_with_groups_roles_and_risk(
    client: Client[FastMCPTransport],
) -> None:
    found: UserListing = await asked(client, "list_users", UserListing, text="reyes")
    daniel: UserDetail = await asked(client, "get_user", UserDetail, user=found.users[0].id)
    admin: UserDetail = await asked(
        client, "get_user", UserDetail, user="adm-hkovacs@northwind.example"
    )

    assert [each.upn for each in found.users] == ["daniel.reyes@northwind.example"]
    assert daniel.missing == []
    assert daniel.risk
    assert daniel.manager
    assert (daniel.risk.level, daniel.manager.display_name) == ("high", "Hana Kovacs")
    assert "MFA exclusions" in {each.display_name for each in daniel.groups}
    assert [each.display_name for each in admin.directory_roles] == ["Global Administrator"]
    assert admin.risk is None


@pytest.mark.asyncio(loop_scope="session")
async def test_the_scenarios_groups_lead_to_their_members_and_roles(
    client: Client[FastMCPTransport],
) -> None:
    assignable: GroupListing = await asked(
        client, "list_groups", GroupListing, role_assignable=True
    )
    team: GroupDetail = await asked(client, "get_group", GroupDetail, group="SOC analysts")
    priya: RoleAssignmentListing = await asked(
        client,
        "get_role_assignments",
        RoleAssignmentListing,
        principal="priya.nair@northwind.example",
    )

    assert [each.display_name for each in assignable.groups] == ["SOC analysts"]
    assert team.members_count == len(team.members) == 3
    assert {(each.role, each.principal_name) for each in priya.assignments} == {
        ("Log Analytics Reader", "SOC analysts"),
        ("Microsoft Sentinel Responder", "SOC analysts"),
        ("Microsoft Sentinel Playbook Operator", "priya.nair@northwind.example"),
    }


@pytest.mark.asyncio(loop_scope="session")
async def test_all_users_of_the_scenario_are_on_its_pages_once(
    client: Client[FastMCPTransport],
) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        page: UserListing = await asked(client, "list_users", UserListing, limit=50, cursor=cursor)
        seen += [each.id for each in page.users]
        if (cursor := page.next_cursor) is None:
            break

    assert len(seen) == len(set(seen)) == page.total_count == 120
