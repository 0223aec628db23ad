"""check_connection: always an answer, service by service, and never a token in it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import (
    WORKSPACE,
    NoNetwork,
    Route,
    ScriptedAzure,
    Tokens,
    another,
    refusal,
    served,
)

from sentinel_mcp.domains.workspace.models import ConnectionReport
from sentinel_mcp.local import identity as local
from sentinel_mcp.local.credential import TOKEN

SERVICES = ["credential", "resource_manager", "log_analytics", "sentinel"]
QUERY = f"POST v1/workspaces/{WORKSPACE.workspace_id}/query"
WELL: dict[str, Route] = {
    f"GET workspaces/{WORKSPACE.workspace_name}": {"name": WORKSPACE.workspace_name},
    QUERY: {"tables": [{"name": "PrimaryResult", "columns": [], "rows": []}]},
    "GET incidents": {"value": []},
}


def token(**claims: object) -> str:
    parts = [json.dumps(each).encode() for each in ({"alg": "none"}, claims)]
    encoded = [base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts]
    return ".".join([*encoded, "signature"])


async def report(
    azure: AsyncHttpTransport[HttpRequest, AsyncHttpResponse],
    tokens: Tokens | None = None,
    **arguments: Any,
) -> ConnectionReport:
    configured = [WORKSPACE, another("dmz")]
    async with served(azure, configured=configured, tokens=tokens) as client:
        answer = await client.call_tool("check_connection", arguments)
    return ConnectionReport.model_validate(answer.structured_content)


async def test_every_service_that_answers_is_ok_and_says_how_long_it_took() -> None:
    found = await report(ScriptedAzure(WELL))

    assert found.ok
    assert found.workspace == "soc"
    assert [each.service for each in found.checks] == SERVICES
    assert all(each.ok and each.latency_ms is not None for each in found.checks)


@pytest.mark.parametrize(
    ("broken", "service", "role"),
    [
        (f"GET workspaces/{WORKSPACE.workspace_name}", "resource_manager", "Log Analytics Reader"),
        (QUERY, "log_analytics", "Log Analytics Reader"),
        ("GET incidents", "sentinel", "Microsoft Sentinel Reader"),
    ],
)
async def test_a_service_that_refuses_is_told_with_its_role_and_the_others_are_ok(
    broken: str, service: str, role: str
) -> None:
    found = await report(ScriptedAzure({**WELL, broken: refusal(403, "AuthorizationFailed")}))

    assert not found.ok
    failed = [each for each in found.checks if not each.ok]
    assert [(each.service, each.code) for each in failed] == [(service, "access_denied")]
    assert role in (failed[0].hint or "")


async def test_a_network_that_is_down_is_an_answer_and_no_error() -> None:
    found = await report(NoNetwork())

    states = {each.service: (each.ok, each.code) for each in found.checks}
    assert states == {
        "credential": (True, None),
        "resource_manager": (False, "unavailable"),
        "log_analytics": (False, "unavailable"),
        "sentinel": (False, "unavailable"),
    }
    assert all(each.hint for each in found.checks if not each.ok)


async def test_an_identity_that_cannot_sign_in_is_told_for_each_service() -> None:
    refused = Tokens(refusal=ClientAuthenticationError("AADSTS7000215: Invalid client secret."))

    found = await report(ScriptedAzure(WELL), refused)

    assert [each.code for each in found.checks] == ["access_denied"] * 4
    assert "AADSTS7000215" in (found.checks[0].message or "")


async def test_the_workspace_asked_for_is_the_one_checked() -> None:
    azure = ScriptedAzure({"GET incidents": {"value": []}})

    found = await report(azure, workspace="dmz")

    assert found.workspace == "dmz"
    assert any("/workspaces/dmz-logs" in each.url for each in azure.requests)
    assert not any("/soc-logs" in each.url for each in azure.requests)


async def test_a_workspace_that_is_not_configured_is_an_error() -> None:
    async with served(ScriptedAzure(WELL)) as client:
        answer = await client.call_tool(
            "check_connection", {"workspace": "lab"}, raise_on_error=False
        )

    assert answer.is_error


async def test_the_identity_of_the_token_is_shown_and_the_token_is_not() -> None:
    claims = {"oid": "o", "tid": "t", "appid": "a", "upn": "ana@contoso.com", "scp": "x"}
    tokens = Tokens(token(**claims, name="Ana"))

    found = await report(ScriptedAzure(WELL), tokens)

    assert found.identity
    assert found.identity.model_dump(exclude={"token_expires"}, exclude_none=True) == {
        "kind": "user",
        "name": "Ana",
        "user_principal_name": "ana@contoso.com",
        "object_id": "o",
        "application_id": "a",
        "tenant_id": "t",
    }
    assert "signature" not in found.model_dump_json()
    assert "https://management.azure.com/.default" in tokens.scopes


@pytest.mark.parametrize(
    "opaque", ["", "embedded-workspace", "a.b.c", "a.bnVsbA.c", "a.W10.c", "ä.é.c", "....", "a.!.c"]
)
async def test_of_a_token_that_says_nothing_it_is_said_that_it_says_nothing(opaque: str) -> None:
    found = await report(ScriptedAzure(WELL), Tokens(opaque))

    assert found.identity
    assert found.identity.kind == "unknown"
    assert "cannot be read" in (found.identity.note or "")
    assert found.identity.object_id is None
    assert not opaque or opaque not in found.model_dump_json()


RESOURCE = (
    "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/m"
)


@pytest.mark.parametrize(
    ("claims", "kind"),
    [
        ({"oid": "o", "appid": "a", "idtyp": "app"}, "service_principal"),
        ({"oid": "o", "azp": "a"}, "service_principal"),
        ({"oid": "o", "appid": "a", "idtyp": "app", "xms_mirid": RESOURCE}, "managed_identity"),
        ({"oid": "o", "appid": "a", "xms_mirid": RESOURCE}, "managed_identity"),
        ({"oid": "o", "idtyp": "user"}, "user"),
        ({"oid": "o", "appid": "a", "scp": "user_impersonation"}, "user"),
        ({"oid": "o", "unique_name": "live.com#ana@contoso.com", "scp": "x"}, "user"),
        ({"tid": "t"}, "unknown"),
    ],
)
async def test_users_applications_and_managed_identities_are_told_apart(
    claims: dict[str, str], kind: str
) -> None:
    found = await report(ScriptedAzure(WELL), Tokens(token(**claims)))

    assert found.identity
    assert found.identity.kind == kind
    assert (found.identity.managed_identity_id is not None) is (kind == "managed_identity")
    assert (found.identity.note is not None) is (kind == "unknown")


@pytest.mark.asyncio(loop_scope="session")
async def test_the_embedded_workspace_is_asked_by_whom_it_takes_for_the_author_of_comments(
    client: Client[FastMCPTransport],
) -> None:
    answer = await client.call_tool("check_connection")

    identity = (answer.structured_content or {})["identity"]
    assert identity["kind"] == "user"
    assert identity["user_principal_name"] == "analyst@northwind.example"
    assert identity["tenant_id"] == local.TENANT_ID
    assert TOKEN.split(".")[1] not in str(answer)
