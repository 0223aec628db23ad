"""check_permissions: what the identity may do, and the least role that is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import WORKSPACE, NoNetwork, Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.calls import CONTRIBUTOR, READER, RESPONDER
from sentinel_mcp.domains.workspace.rights.models import PermissionReport, ToolsetAccess
from sentinel_mcp.domains.workspace.rights.needs import NEEDS
from sentinel_mcp.domains.workspace.rights.roles import (
    MONITORING_READER,
    PLAYBOOK_OPERATOR,
    ROLES,
    Rights,
    least_roles,
)
from sentinel_mcp.settings import Settings

QUERY = f"POST v1/workspaces/{WORKSPACE.workspace_id}/query"
NO = refusal(403, "AuthorizationFailed")
NOTHING: dict[str, Any] = {"actions": [], "notActions": [], "dataActions": []}


def held(*roles: str) -> Route:
    """Answer with what the roles allow, an assignment each."""
    return {
        "value": [
            {"actions": list(ROLES[each].actions), "notActions": list(ROLES[each].not_actions)}
            for each in roles
        ]
    }


async def report(client: Client[FastMCPTransport]) -> PermissionReport:
    answer = await client.call_tool("check_permissions", {})
    return PermissionReport.model_validate(answer.structured_content)


def by_toolset(found: PermissionReport) -> Mapping[str, ToolsetAccess]:
    return {each.toolset: each for each in found.toolsets}


async def of(*roles: str, settings: Settings | None = None) -> PermissionReport:
    azure = ScriptedAzure({"GET permissions": held(*roles)})
    async with served(azure, settings=settings) as client:
        found = await report(client)
    assert len(azure.requests) == 1
    return found


async def test_an_owner_may_do_everything_and_nothing_is_to_be_granted() -> None:
    azure = ScriptedAzure({"GET permissions": {"value": [{**NOTHING, "actions": ["*"]}]}})

    async with served(azure) as client:
        found = await report(client)

    assert found.source == "azure_roles"
    assert found.grants == []
    assert {each.read for each in found.toolsets} == {"yes", "unknown"}
    assert {each.write for each in found.toolsets} == {"yes", "none"}
    assert azure.asked()["api-version"] == "2022-04-01"


async def test_a_reader_reads_and_is_told_what_to_ask_for_to_write() -> None:
    found = await of(READER)

    access = by_toolset(found)
    assert {name for name, each in access.items() if each.read == "yes"} >= {
        "query", "incidents", "rules", "hunting", "connectors", "watchlists", "tasks", "content",
    }  # fmt: skip
    assert access["entities"].read == "partly"
    assert "Microsoft.SecurityInsights/entities/getTimeline/action" in access["entities"].missing
    assert access["rules"].write == "no"
    assert access["rules"].grant == [CONTRIBUTOR]
    assert access["incidents"].grant == [PLAYBOOK_OPERATOR, RESPONDER]
    assert access["workspace"].read == "partly"
    assert access["workspace"].grant == [MONITORING_READER]
    grants = {each.role: each for each in found.grants}
    assert grants[CONTRIBUTOR].write == ["rules", "hunting", "watchlists", "threat-intel"]
    assert grants[CONTRIBUTOR].scope.endswith("/resourceGroups/security")
    assert grants[MONITORING_READER].scope == f"/subscriptions/{WORKSPACE.subscription_id}"


async def test_a_responder_may_write_incidents_and_lacks_the_playbooks() -> None:
    access = by_toolset(await of(RESPONDER))

    assert access["incidents"].write == "partly"
    assert access["incidents"].missing == [
        "Microsoft.Logic/workflows/triggers/listCallbackUrl/action"
    ]
    assert access["threat-intel"].write == "partly"


async def test_an_identity_without_any_right_is_told_the_least_roles() -> None:
    azure = ScriptedAzure({"GET permissions": {"value": [NOTHING]}})

    async with served(azure) as client:
        found = await report(client)

    access = by_toolset(found)
    assert access["query"].read == "no"
    assert access["query"].grant == [READER]
    assert access["workspace"].grant == [READER, MONITORING_READER]
    reading = {each.role: each.read for each in found.grants}
    assert "incidents" in reading[READER]
    assert reading[CONTRIBUTOR] == ["entities"]


async def test_what_one_assignment_takes_out_another_may_allow() -> None:
    some = {"actions": ["Microsoft.SecurityInsights/*"], "notActions": ["*/incidents/write"]}
    other = {"actions": ["microsoft.securityinsights/INCIDENTS/*"], "notActions": []}
    azure = ScriptedAzure({"GET permissions": {"value": [some]}})
    both = ScriptedAzure({"GET permissions": {"value": [some, other]}})

    async with served(azure) as client:
        without = by_toolset(await report(client))["incidents"]
    async with served(both) as client:
        with_both = by_toolset(await report(client))["incidents"]

    assert "Microsoft.SecurityInsights/incidents/write" in without.missing
    assert "Microsoft.SecurityInsights/incidents/write" not in with_both.missing


async def test_what_azure_s_roles_do_not_say_is_not_claimed() -> None:
    access = by_toolset(await of(READER))

    assert access["defender"].read == access["lake"].read == "unknown"
    assert "Entra" in (access["identity"].note or "")


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_server_that_does_not_write_says_so_beside_the_rights(allowed: bool) -> None:
    found = await of(CONTRIBUTOR, settings=Settings(allow_writes=allowed))

    assert found.writes_allowed_here is allowed
    assert any("--allow-writes" in each for each in found.warnings) is not allowed


async def test_where_the_rights_cannot_be_read_a_cheap_read_of_each_toolset_is_tried() -> None:
    empty: dict[str, object] = {"value": []}
    routes: dict[str, Route] = {
        "GET permissions": NO,
        QUERY: {"tables": [{"name": "PrimaryResult", "columns": [], "rows": []}]},
        "GET incidents": empty,
        "GET alertRules": NO,
        "GET bookmarks": empty,
        "GET dataConnectorDefinitions": empty,
        "GET watchlists": Reply({"error": {"code": "Oops", "message": "x"}}, 400),
        "GET threatIntelligence/main/metrics": empty,
        "GET entityQueries": empty,
        f"GET workspaces/{WORKSPACE.workspace_name}": {},
        "GET automationRules": empty,
    }
    azure = ScriptedAzure(routes)

    async with served(azure) as client:
        found = await report(client)

    access = by_toolset(found)
    assert found.source == "probes"
    assert (access["query"].read, access["rules"].read, access["watchlists"].read) == (
        "yes",
        "no",
        "unknown",
    )
    assert access["rules"].grant == [READER]
    assert access["incidents"].write == "unknown"
    assert access["identity"].read == "unknown"
    assert access["watchlists"].error
    assert [(each.role, each.read) for each in found.grants] == [(READER, ["rules"])]
    assert "was tried" in found.warnings[0]
    assert all("$top=1" in each.url or "query" in each.url for each in azure.requests[1:])


async def test_an_identity_that_may_not_even_read_is_a_report_and_no_error() -> None:
    azure = ScriptedAzure({"GET permissions": NO, QUERY: NO})

    async with served(azure) as client:
        found = await report(client)

    assert by_toolset(found)["query"].read == "no"


async def test_without_a_network_it_is_an_error() -> None:
    async with served(NoNetwork()) as client:
        answer = await client.call_tool("check_permissions", raise_on_error=False)

    assert answer.is_error


async def test_odd_permissions_allow_nothing_and_raise_nothing() -> None:
    odd: dict[str, object] = {
        "value": [None, {"actions": None}, {"actions": [1, {}]}, {"actions": "*"}]
    }

    async with served(ScriptedAzure({"GET permissions": odd})) as client:
        found = await report(client)

    assert by_toolset(found)["incidents"].read == "no"


@pytest.mark.parametrize(
    ("pattern", "operation", "allowed"),
    [
        ("*", "Microsoft.SecurityInsights/incidents/write", True),
        ("*/read", "Microsoft.SecurityInsights/incidents/read", True),
        ("*/read", "Microsoft.SecurityInsights/incidents/write", False),
        ("Microsoft.SecurityInsights/*/read", "microsoft.securityinsights/a/b/READ", True),
        ("Microsoft.Insights/metrics", "Microsoft.Insights/metrics/read", False),
        ("Microsoft.X+y/*", "Microsoft.X+y/z", True),
    ],
)
def test_a_star_stands_for_any_segments_and_case_does_not_count(
    pattern: str, operation: str, allowed: bool
) -> None:
    assert Rights([pattern]).allow(operation) is allowed


def test_every_need_can_be_granted_by_a_role_that_is_known() -> None:
    for need in NEEDS:
        for operation in (*need.read, *need.write):
            assert any(role.allow(operation) for role in ROLES.values()), operation


def test_the_least_roles_allow_what_they_were_chosen_for_and_none_is_idle() -> None:
    for need in NEEDS:
        wanted = (*need.read, *need.write)
        chosen = least_roles(wanted)
        for leave_out in [None, *chosen]:
            left = [ROLES[each] for each in chosen if each != leave_out]
            suffices = all(any(role.allow(each) for role in left) for each in wanted)
            assert suffices is (leave_out is None or not wanted), (need.toolset, leave_out)


@pytest.mark.asyncio(loop_scope="session")
async def test_the_embedded_workspace_gives_full_rights(client: Client[FastMCPTransport]) -> None:
    found = await report(client)

    assert found.workspace == "local"
    assert (found.source, found.grants) == ("azure_roles", [])
