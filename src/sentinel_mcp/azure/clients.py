"""Builds the SDK clients of a workspace over one transport and one set of policies.

The only importer of the SDK clients. That takes 0.7 s, so `workspaces` imports this module in a
thread, when the first workspace is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from azure.core import AsyncPipelineClient
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.identity.aio import DefaultAzureCredential
from azure.mgmt.loganalytics.aio import LogAnalyticsManagementClient
from azure.mgmt.securityinsight.aio import SecurityInsightsMgmtClient
from azure.monitor.query.aio import LogsQueryClient
from azure.monitor.querymetrics.aio import MetricsClient

from sentinel_mcp.azure.clouds import CLOUDS, Cloud, Endpoint
from sentinel_mcp.azure.context import AzureServicesContext, ServiceNotices
from sentinel_mcp.azure.credentials import TenantCredential, default_credential
from sentinel_mcp.azure.policies import Policies, policies
from sentinel_mcp.azure.transport import SharedTransport, Transport, pooled
from sentinel_mcp.settings import Settings, Workspace

RELEASED_API = "2025-09-01"
PREVIEW_API = "2025-10-01-preview"
# Without a Retry-After header the SDK would look at a long operation every 30 s only.
POLLING_INTERVAL_S = 2
# Beyond the operations allowed at once: a retry can begin before the old connection is gone.
SPARE_CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the clients of all workspaces share."""

    settings: Settings
    cloud: Cloud
    transport: SharedTransport
    credential: AsyncTokenCredential
    read_only: bool
    sleep: Callable[[float], Awaitable[None]]
    notices: ServiceNotices

    def credential_for(self, workspace: Workspace) -> AsyncTokenCredential:
        """Return the credential, bound to the workspace's tenant where one is configured.

        A credential that was handed in is used as it is.
        """
        if workspace.tenant_id and isinstance(self.credential, DefaultAzureCredential):
            return TenantCredential(self.credential, workspace.tenant_id)
        return self.credential

    def policies(self, credential: AsyncTokenCredential, endpoint: Endpoint) -> Policies:
        """Return the policies of one client: the pipeline links those of a list together."""
        return policies(
            credential,
            endpoint,
            read_only=self.read_only,
            max_retry_after_s=self.settings.max_retry_after_s,
            sleep=self.sleep,
            notices=self.notices,
        )


async def open_wiring(
    stack: AsyncExitStack,
    settings: Settings,
    configured: Sequence[Workspace],
    *,
    make_transport: Callable[[], Transport] | None,
    make_credential: Callable[[], AsyncTokenCredential] | None,
    read_only: bool,
    sleep: Callable[[float], Awaitable[None]],
    notices: ServiceNotices,
) -> Wiring:
    """Open credential and transport; `stack` closes them, the transport first."""
    cloud = CLOUDS[settings.cloud]
    if make_credential:
        credential = make_credential()
    else:
        tenants = sorted({each.tenant_id for each in configured if each.tenant_id})
        # In a thread: it reads certificate and token files.
        credential = await asyncio.to_thread(default_credential, cloud, tenants)
    stack.push_async_callback(credential.close)
    connections = settings.max_queries + settings.max_management_calls + SPARE_CONNECTIONS
    transport = make_transport() if make_transport else pooled(connections=connections)
    stack.push_async_callback(transport.close)
    return Wiring(
        settings=settings,
        cloud=cloud,
        transport=SharedTransport(transport),
        credential=credential,
        read_only=read_only,
        sleep=sleep,
        notices=notices,
    )


def open_clients(
    stack: AsyncExitStack, wiring: Wiring, workspace: Workspace
) -> AzureServicesContext:
    """Build the clients of one workspace; `stack` closes them."""
    credential = wiring.credential_for(workspace)
    arm, logs = wiring.cloud.arm, wiring.cloud.logs

    def security_insights(api_version: str) -> SecurityInsightsMgmtClient:
        client = SecurityInsightsMgmtClient(
            credential,
            workspace.subscription_id,
            base_url=arm.origin,
            policies=wiring.policies(credential, arm),
            transport=wiring.transport,
            polling_interval=POLLING_INTERVAL_S,
            api_version=api_version,
        )
        stack.push_async_callback(client.close)
        return client

    logs_client = LogsQueryClient(
        credential,
        endpoint=logs.origin,
        policies=wiring.policies(credential, logs),
        transport=wiring.transport,
    )
    stack.push_async_callback(logs_client.close)
    loganalytics_client = LogAnalyticsManagementClient(
        credential,
        workspace.subscription_id,
        base_url=arm.origin,
        policies=wiring.policies(credential, arm),
        transport=wiring.transport,
        polling_interval=POLLING_INTERVAL_S,
    )
    stack.push_async_callback(loganalytics_client.close)
    return AzureServicesContext(
        credential=credential,
        logs_client=logs_client,
        metrics_client=_metrics(stack, wiring, workspace, credential),
        security_insights_client=security_insights(RELEASED_API),
        security_insights_preview_client=security_insights(PREVIEW_API),
        loganalytics_client=loganalytics_client,
        graph_client=_plain(stack, wiring, credential, wiring.cloud.graph),
        lake_client=_plain(stack, wiring, credential, wiring.cloud.lake)
        if wiring.cloud.lake
        else None,
        cloud=wiring.cloud,
        workspace_id=workspace.workspace_id,
        subscription_id=workspace.subscription_id,
        resource_group=workspace.resource_group,
        workspace_name=workspace.workspace_name,
        config=workspace,
    )


def _plain(
    stack: AsyncExitStack, wiring: Wiring, credential: AsyncTokenCredential, endpoint: Endpoint
) -> AsyncPipelineClient[HttpRequest, AsyncHttpResponse]:
    client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse] = AsyncPipelineClient(
        endpoint.origin,
        policies=wiring.policies(credential, endpoint),
        transport=wiring.transport,
    )
    stack.push_async_callback(client.close)
    return client


def _metrics(
    stack: AsyncExitStack, wiring: Wiring, workspace: Workspace, credential: AsyncTokenCredential
) -> MetricsClient | None:
    if workspace.location is None:
        return None
    metrics = wiring.cloud.metrics(workspace.location)
    client = MetricsClient(
        metrics.origin,
        credential,
        policies=wiring.policies(credential, metrics),
        transport=wiring.transport,
    )
    stack.push_async_callback(client.close)
    return client
