"""Workspaces are opened when asked for, once each, and closed whatever happens."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta

import pytest
from azure.core.rest import HttpRequest
from scripted_transport import WORKSPACE, ScriptedTransport, Tokens, opened, reply, rows_body

from sentinel_mcp.azure.logs import LogsRequest, query_logs
from sentinel_mcp.azure.workspaces import Workspaces
from sentinel_mcp.errors import ConfigError, NotFound, Unavailable
from sentinel_mcp.settings import CloudName, Settings, Workspace

OTHER = WORKSPACE.model_copy(update={"name": "dev", "workspace_id": "3333"})


class Makers:
    """Makes stand-ins, counts them, and fails as often as told first."""

    def __init__(self, *, failures: int = 0, broken_close: bool = False) -> None:
        self.transports: list[ScriptedTransport] = []
        self.credentials: list[Tokens] = []
        self._failures = failures
        self._broken_close = broken_close

    def transport(self) -> ScriptedTransport:
        if self._failures:
            self._failures -= 1
            raise ConfigError("No transport today.")
        kind = BrokenClose if self._broken_close else ScriptedTransport
        self.transports.append(kind(reply(rows_body([["a"]]))))
        return self.transports[-1]

    def credential(self) -> Tokens:
        self.credentials.append(Tokens())
        return self.credentials[-1]


class BrokenClose(ScriptedTransport):
    async def close(self) -> None:
        await super().close()
        raise OSError("cannot close")


def workspaces(makers: Makers, *configured: Workspace, cloud: CloudName = "public") -> Workspaces:
    return Workspaces(
        Settings(cloud=cloud),
        configured or (WORKSPACE, OTHER),
        make_transport=makers.transport,
        make_credential=makers.credential,
    )


async def test_a_workspace_is_opened_once_however_many_ask_for_it_at_once() -> None:
    makers = Makers()
    held = workspaces(makers)

    found = await asyncio.gather(held.get(), held.get("soc"), held.get("dev"), held.get())
    await held.aclose()

    assert found[0] is found[1] is found[3]
    assert found[2] is not found[0]
    assert (len(makers.transports), len(makers.credentials)) == (1, 1)


async def test_the_first_workspace_is_the_default_and_its_ids_are_in_the_context() -> None:
    held = workspaces(Makers())

    context = await held.get()
    await held.aclose()

    assert held.names == ("soc", "dev")
    assert context.config == WORKSPACE
    assert context.workspace_id == WORKSPACE.workspace_id
    assert context.subscription_id == WORKSPACE.subscription_id
    assert context.resource_group == WORKSPACE.resource_group
    assert context.workspace_name == WORKSPACE.workspace_name
    assert context.metrics_client is None


async def test_an_unknown_workspace_is_answered_with_the_names_there_are() -> None:
    held = workspaces(Makers())

    with pytest.raises(NotFound, match="'prod'") as failure:
        await held.get("prod")

    assert failure.value.hint == "Configured: soc, dev."


async def test_an_opening_that_failed_is_cleaned_up_and_can_be_tried_again() -> None:
    makers = Makers(failures=1)
    held = workspaces(makers)

    with pytest.raises(ConfigError):
        await held.get()
    context = await held.get()
    await held.aclose()

    assert context.config == WORKSPACE
    assert [each.closed for each in makers.credentials] == [1, 1]


async def test_closing_goes_on_when_closing_one_part_fails() -> None:
    makers = Makers(broken_close=True)
    held = workspaces(makers)
    await held.get()

    with pytest.raises(OSError, match="cannot close"):
        await held.aclose()

    assert makers.transports[0].closed == 1
    assert makers.credentials[0].closed == 1


async def test_closing_one_client_leaves_the_shared_transport_to_the_others() -> None:
    makers = Makers()
    held = workspaces(makers)
    context = await held.get()

    await context.security_insights_client.close()
    answer = await query_logs(context, LogsRequest("T"), max_bytes=10_000)
    still_open = makers.transports[0].closed == 0
    await held.aclose()

    assert answer.tables[0].rows == [["a"]]
    assert still_open
    assert makers.transports[0].closed == 1


async def test_nothing_is_opened_after_closing() -> None:
    held = workspaces(Makers())
    await held.aclose()
    await held.aclose()

    with pytest.raises(Unavailable):
        await held.get()


@pytest.mark.parametrize(
    ("cloud", "logs", "arm", "scopes"),
    [
        (
            "public",
            "https://api.loganalytics.io",
            "https://management.azure.com",
            ["https://api.loganalytics.io/.default", "https://management.azure.com/.default"],
        ),
        (
            "usgov",
            "https://api.loganalytics.us",
            "https://management.usgovcloudapi.net",
            [
                "https://api.loganalytics.us/.default",
                "https://management.core.usgovcloudapi.net/.default",
            ],
        ),
        (
            "china",
            "https://api.loganalytics.azure.cn",
            "https://management.chinacloudapi.cn",
            [
                "https://api.loganalytics.azure.cn/.default",
                "https://management.chinacloudapi.cn/.default",
            ],
        ),
    ],
)
async def test_each_cloud_has_its_endpoints_and_scopes(
    cloud: CloudName, logs: str, arm: str, scopes: list[str]
) -> None:
    makers = Makers()
    held = workspaces(makers, cloud=cloud)
    context = await held.get()

    await query_logs(context, LogsRequest("T"), max_bytes=10_000)
    await context.security_insights_client.send_request(HttpRequest("GET", "/subscriptions"))
    await held.aclose()

    sent = [each.url for each in makers.transports[0].requests]
    assert sent[0].startswith(f"{logs}/v1/workspaces/")
    assert sent[1] == f"{arm}/subscriptions"
    assert makers.credentials[0].scopes == scopes


async def test_released_and_preview_client_speak_their_own_api_version() -> None:
    async with opened(reply({"value": []})) as azure:
        names = (WORKSPACE.resource_group, WORKSPACE.workspace_name)
        released = azure.context.security_insights_client
        preview = azure.context.security_insights_preview_client
        for client in (released, preview):
            assert [x async for x in client.incidents.list(*names)] == []

    assert [each.url.split("api-version=")[1] for each in azure.transport.requests] == [
        "2025-09-01",
        "2025-10-01-preview",
    ]


async def test_metrics_are_asked_at_the_endpoint_of_the_workspaces_region() -> None:
    located = WORKSPACE.model_copy(update={"location": "West Europe"})
    async with opened(reply({"values": []}), workspace=located) as azure:
        metrics = azure.context.metrics_client
        assert metrics is not None
        await metrics.query_resources(
            resource_ids=[located.resource_id],
            metric_namespace="Microsoft.OperationalInsights/workspaces",
            metric_names=["Heartbeat"],
            timespan=timedelta(hours=1),
        )

    assert azure.sent[0].startswith(
        "POST https://westeurope.metrics.monitor.azure.com/subscriptions/"
    )
    assert azure.tokens.scopes == ["https://metrics.monitor.azure.com/.default"]


@pytest.mark.parametrize("location", ["evil.example/", "a@b", "x", "https://evil.example"])
async def test_a_location_cannot_lead_to_another_host(location: str) -> None:
    held = workspaces(Makers(), WORKSPACE.model_copy(update={"location": location}))

    with pytest.raises(ConfigError, match="not the name of an Azure region"):
        await held.get()
    await held.aclose()


def test_what_services_import_brings_no_azure_package_with_it() -> None:
    code = (
        "import sys\n"
        "from sentinel_mcp.azure import context, failures, logs, odata, paging, workspaces\n"
        "heavy = {'azure.core', 'azure.identity', 'aiohttp', 'msal', 'cryptography'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
