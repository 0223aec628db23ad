"""check_connection: always an answer, service by service, and never a token in it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
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

from sentinel_mcp.domains.workspace.diagnosis import read_identity
from sentinel_mcp.domains.workspace.models import ConnectionReport

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
    assert found.identity.model_dump(exclude={"token_expires"}) == {
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
def test_a_token_that_says_nothing_is_no_identity(opaque: str) -> None:
    assert read_identity(opaque, 4_000_000_000) is None


def test_an_application_is_told_from_a_user() -> None:
    found = read_identity(token(oid="o", appid="a", idtyp="app"), 4_000_000_000)
    unsaid = read_identity(token(oid="o", azp="a"), 4_000_000_000)

    assert found
    assert unsaid
    assert (found.kind, unsaid.kind, unsaid.application_id) == ("app", "app", "a")
