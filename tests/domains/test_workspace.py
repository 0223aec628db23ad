"""Workspaces, by the real service over the real SDK clients, from a scripted Azure."""

from __future__ import annotations

from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import WORKSPACE, Route, ScriptedAzure, another, refusal, sample, served

from sentinel_mcp.domains.workspace.models import WorkspaceDetail, WorkspaceListing
from sentinel_mcp.settings import LOCAL, Workspace

RESOURCE: dict[str, Any] = {
    "id": WORKSPACE.resource_id,
    "name": WORKSPACE.workspace_name,
    "location": "westeurope",
    "tags": {"Cost-Centre": "soc"},
    "properties": {
        "customerId": WORKSPACE.workspace_id,
        "provisioningState": "Succeeded",
        "sku": {"name": "CapacityReservation", "capacityReservationLevel": 100},
        "retentionInDays": 90,
        "workspaceCapping": {
            "dailyQuotaGb": 5.5,
            "quotaNextResetTime": "2026-11-22T00:00:00Z",
            "dataIngestionStatus": "RespectQuota",
        },
        "publicNetworkAccessForQuery": "Enabled",
        "createdDate": "2024-01-01T00:00:00Z",
    },
}
ONBOARDED: dict[str, Any] = {"name": "default", "properties": {"customerManagedKey": False}}
HERE = f"GET {WORKSPACE.resource_id}"
ROUTES: dict[str, Route] = {
    HERE: RESOURCE,
    "GET onboardingStates/default": ONBOARDED,
    "GET tables": {"value": [{"name": "SigninLogs"}, {"name": "Syslog"}]},
}
SUBSCRIPTION = WORKSPACE.subscription_id
OTHER = "33333333-3333-3333-3333-333333333333"


def workspaces_of(subscription: str) -> str:
    return f"GET subscriptions/{subscription}/providers/Microsoft.OperationalInsights/workspaces"


async def got(client: Client[FastMCPTransport], **arguments: Any) -> WorkspaceDetail:
    answer = await client.call_tool("get_workspace", arguments)
    return WorkspaceDetail.model_validate(answer.structured_content)


async def listed(client: Client[FastMCPTransport], **arguments: Any) -> WorkspaceListing:
    answer = await client.call_tool("list_workspaces", arguments)
    return WorkspaceListing.model_validate(answer.structured_content)


async def test_a_workspace_tells_how_it_is_set_up() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        found = await got(client)

    assert found.model_dump(mode="json", exclude_none=True) == {
        "workspace": "soc",
        "workspace_name": "soc-logs",
        "workspace_id": WORKSPACE.workspace_id,
        "resource_id": WORKSPACE.resource_id,
        "subscription_id": SUBSCRIPTION,
        "resource_group": "security",
        "location": "westeurope",
        "sku": "CapacityReservation",
        "commitment_gb_per_day": 100,
        "retention_days": 90,
        "daily_cap_gb": 5.5,
        "daily_cap_resets": "2026-11-22T00:00:00Z",
        "ingestion_status": "RespectQuota",
        "public_access_for_queries": "Enabled",
        "provisioning_state": "Succeeded",
        "created": "2024-01-01T00:00:00Z",
        "sentinel_onboarded": True,
        "customer_managed_key": False,
        "tables_count": 2,
        "tags": {"Cost-Centre": "soc"},
        "missing": [],
        "warnings": [],
    }
    assert len(azure.requests) == 3


async def test_the_embedded_workspace_is_called_local() -> None:
    embedded = Workspace(**{**WORKSPACE.model_dump(), "name": LOCAL})

    async with served(ScriptedAzure(ROUTES), configured=[embedded]) as client:
        found = await got(client)

    assert found.workspace == "local"


async def test_no_daily_cap_is_no_number() -> None:
    uncapped = {**RESOURCE["properties"], "workspaceCapping": {"dailyQuotaGb": -1.0}}

    async with served(
        ScriptedAzure({**ROUTES, HERE: {**RESOURCE, "properties": uncapped}})
    ) as client:
        found = await got(client)

    assert found.daily_cap_gb is None


async def test_a_workspace_without_sentinel_says_so() -> None:
    routes = {**ROUTES, "GET onboardingStates/default": refusal(404, "NotFound")}

    async with served(ScriptedAzure(routes)) as client:
        found = await got(client)

    assert found.sentinel_onboarded is False
    assert found.missing == []


async def test_parts_that_cannot_be_read_are_told_and_the_rest_comes() -> None:
    no = refusal(403, "AuthorizationFailed")
    routes = {**ROUTES, "GET onboardingStates/default": no, "GET tables": no}

    async with served(ScriptedAzure(routes)) as client:
        found = await got(client)

    assert (found.sentinel_onboarded, found.tables_count) == (None, None)
    assert [(each.part, each.error.code) for each in found.missing] == [
        ("onboarding", "access_denied"),
        ("tables", "access_denied"),
    ]
    assert found.retention_days == 90


async def test_a_workspace_that_cannot_be_read_is_an_error() -> None:
    routes = {**ROUTES, HERE: refusal(403, "AuthorizationFailed")}

    async with served(ScriptedAzure(routes)) as client:
        answer = await client.call_tool("get_workspace", raise_on_error=False)

    assert answer.is_error
    assert "`Microsoft Sentinel Reader` or `Log Analytics Reader`" in str(answer.content)


async def test_logs_of_another_workspace_than_the_incidents_are_warned_of() -> None:
    elsewhere = WORKSPACE.model_copy(update={"workspace_id": "99999999"})

    async with served(ScriptedAzure(ROUTES), configured=[elsewhere]) as client:
        found = await got(client)

    assert "AZURE_WORKSPACE_ID" in found.warnings[0]


async def test_the_official_sample_of_a_workspace_is_read() -> None:
    routes = {
        HERE: sample("logAnalytics-workspaces/WorkspacesGet.json"),
        "GET onboardingStates/default": sample("onboardingStates/GetSentinelOnboardingState.json"),
        "GET tables": sample("logAnalytics-tables/TablesList.json"),
    }

    async with served(ScriptedAzure(routes)) as client:
        found = await got(client)

    assert (found.sku, found.retention_days, found.location) == ("PerGB2018", 30, "eastus")
    assert (found.sentinel_onboarded, found.tables_count) == (True, 2)


VISIBLE: dict[str, Route] = {
    "GET subscriptions": {
        "value": [
            {"subscriptionId": SUBSCRIPTION, "displayName": "Ours", "tenantId": "t1"},
            {"subscriptionId": OTHER, "displayName": "Customer", "tenantId": "t2"},
        ]
    },
    workspaces_of(SUBSCRIPTION): {"value": [RESOURCE]},
    workspaces_of(OTHER): {
        "value": [
            {
                "id": f"/subscriptions/{OTHER}/resourcegroups/rg/providers"
                "/microsoft.operationalinsights/workspaces/a-lab",
                "name": "a-lab",
                "location": "eastus",
                "properties": {"customerId": "c", "sku": {"name": "PerGB2018"}},
            }
        ]
    },
}


async def test_the_configured_workspaces_are_listed_with_all_that_can_be_seen() -> None:
    azure = ScriptedAzure(VISIBLE)

    async with served(azure, configured=[WORKSPACE, another("dmz")]) as client:
        page = await listed(client)

    assert [(each.workspace, each.is_default) for each in page.configured] == [
        ("soc", True),
        ("dmz", False),
    ]
    assert [
        (
            each.workspace,
            each.workspace_name,
            each.subscription,
            each.tenant_id,
            each.resource_group,
        )
        for each in page.visible
    ] == [
        ("soc", "soc-logs", "Ours", "t1", "security"),
        (None, "a-lab", "Customer", "t2", "rg"),
    ]
    assert (page.visible_count, page.subscriptions_count, page.next_cursor) == (2, 2, None)
    assert len(azure.requests) == 3


async def test_a_workspace_that_lighthouse_delegates_is_seen_and_told_as_such() -> None:
    ours, theirs = {"subscriptionId": SUBSCRIPTION}, {"subscriptionId": OTHER, "tenantId": "t2"}
    delegated = {**theirs, "managedByTenants": [{"tenantId": "t1"}]}
    azure = ScriptedAzure({**VISIBLE, "GET subscriptions": {"value": [ours, delegated]}})

    async with served(azure) as client:
        page = await listed(client)

    assert [(each.workspace_name, each.delegated) for each in page.visible] == [
        ("soc-logs", False),
        ("a-lab", True),
    ]


async def test_a_subscription_that_cannot_be_read_is_told_by_name() -> None:
    azure = ScriptedAzure({**VISIBLE, workspaces_of(OTHER): refusal(403, "AuthorizationFailed")})

    async with served(azure) as client:
        page = await listed(client)

    assert [each.workspace_name for each in page.visible] == ["soc-logs"]
    assert [(each.subscription, each.error.code) for each in page.unread] == [
        ("Customer", "access_denied")
    ]


async def test_many_unreadable_subscriptions_are_counted_not_listed() -> None:
    azure = ScriptedAzure(
        {"GET subscriptions": {"value": [{"subscriptionId": f"s{each}"} for each in range(50)]}}
    )

    async with served(azure) as client:
        page = await listed(client)

    assert len(page.unread) == 20
    assert page.warnings == ["30 more subscriptions could not be read."]


async def test_the_configured_ones_come_even_when_no_subscription_can_be_listed() -> None:
    azure = ScriptedAzure({"GET subscriptions": refusal(500, "InternalServerError")})

    async with served(azure) as client:
        page = await listed(client)

    assert [each.workspace for each in page.configured] == ["soc"]
    assert page.visible == []
    assert [(each.subscription_id, each.error.code) for each in page.unread] == [
        (None, "unavailable")
    ]


async def test_lists_of_azure_are_followed_but_to_no_other_host() -> None:
    more = "https://management.azure.com/subscriptions-2?$skiptoken=x"
    routes = {
        **VISIBLE,
        "GET subscriptions": {"value": [{"subscriptionId": SUBSCRIPTION}], "nextLink": more},
        "GET subscriptions-2": {
            "value": [{"subscriptionId": OTHER}],
            "nextLink": "https://evil.example/subscriptions",
        },
    }
    azure = ScriptedAzure(routes)

    async with served(azure) as client:
        page = await listed(client)

    assert any("subscriptions-2" in each.url for each in azure.requests)
    assert not any("evil.example" in each.url for each in azure.requests)
    assert "nothing was sent" in page.unread[0].error.message


async def test_no_more_than_a_hundred_subscriptions_are_looked_into_and_it_is_said() -> None:
    many = [{"subscriptionId": f"s{each}"} for each in range(130)]
    azure = ScriptedAzure(
        {
            "GET subscriptions": {"value": many},
            **{workspaces_of(f"s{each}"): {"value": []} for each in range(130)},
        }
    )

    async with served(azure) as client:
        page = await listed(client)

    assert len(azure.requests) == 101
    assert page.warnings == ["30 more subscriptions were not looked into."]
    assert page.subscriptions_count == 130


@pytest.mark.parametrize("limit", [1, 2])
async def test_pages_of_visible_workspaces_follow_each_other(limit: int) -> None:
    names: list[str] = []

    async with served(ScriptedAzure(VISIBLE)) as client:
        cursor: str | None = None
        while True:
            page = await listed(client, limit=limit, cursor=cursor)
            names += [each.workspace_name for each in page.visible]
            cursor = page.next_cursor
            if cursor is None:
                break

    assert names == ["soc-logs", "a-lab"]
