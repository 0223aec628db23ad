"""The real DefaultAzureCredential, as the environment leads it."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
import time
from pathlib import Path

import pytest
from azure.core.rest import HttpRequest
from scripted_transport import WORKSPACE, ScriptedTransport, reply

from sentinel_mcp.azure.workspaces import Workspaces
from sentinel_mcp.errors import ConfigError
from sentinel_mcp.settings import Settings, Workspace

TENANT = "44444444-4444-4444-4444-444444444444"


@pytest.fixture
def az(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for Azure's command line: answers with a token, notes what it was asked."""
    if sys.platform == "win32":
        pytest.skip("the stand-in for `az` is a shell script")
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    noted = tmp_path / "noted"
    token = json.dumps({"accessToken": "of-az", "expires_on": int(time.time()) + 3600})
    script = tmp_path / "az"
    script.write_text(f"#!/bin/sh\necho \"$@\" >> {noted}\necho '{token}'\n", encoding="utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
    return noted


async def ask(transport: ScriptedTransport, *configured: Workspace) -> None:
    held = Workspaces(Settings(), configured, make_transport=lambda: transport)
    try:
        for name in held.names:
            context = await held.get(name)
            await context.loganalytics_client.send_request(HttpRequest("GET", "/subscriptions"))
    finally:
        await held.aclose()


def test_a_developers_sign_in_is_asked_for_the_tenant_of_each_workspace(az: Path) -> None:
    transport = ScriptedTransport(reply({}))
    other = WORKSPACE.model_copy(update={"name": "other", "tenant_id": TENANT})

    asyncio.run(ask(transport, WORKSPACE, other))

    asked = az.read_text(encoding="utf-8").splitlines()
    assert [f"--tenant {TENANT}" in line for line in asked] == [False, True]
    assert all("--resource https://management.azure.com" in line for line in asked)
    assert [each.headers["Authorization"] for each in transport.requests] == ["Bearer of-az"] * 2


async def test_a_credential_that_does_not_exist_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "password")

    with pytest.raises(ConfigError, match="password") as failure:
        await ask(ScriptedTransport(reply({})), WORKSPACE)

    assert "AZURE_TOKEN_CREDENTIALS" in str(failure.value.hint)


async def test_a_tenant_that_is_no_tenant_is_a_configuration_error() -> None:
    wrong = WORKSPACE.model_copy(update={"tenant_id": "contoso; rm"})

    with pytest.raises(ConfigError, match="contoso; rm"):
        await ask(ScriptedTransport(reply({})), wrong)
