"""What the services hold of one workspace: its clients, its ids and its configuration.

Light on purpose: services name this type, so importing it imports no Azure package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel_mcp.settings import Workspace

if TYPE_CHECKING:
    from azure.core import AsyncPipelineClient
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.rest import AsyncHttpResponse, HttpRequest
    from azure.mgmt.loganalytics.aio import LogAnalyticsManagementClient
    from azure.mgmt.securityinsight.aio import SecurityInsightsMgmtClient
    from azure.monitor.query.aio import LogsQueryClient
    from azure.monitor.querymetrics.aio import MetricsClient

    from sentinel_mcp.azure.clouds import Cloud

    RestClient = AsyncPipelineClient[HttpRequest, AsyncHttpResponse]


@dataclass(slots=True)
class ServiceNotices:
    """What the services say beside their answers, for people to read; the newest alone."""

    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AzureServicesContext:
    """One workspace, opened. `metrics_client` needs a configured location.

    `graph_client` and `lake_client` are plain pipelines; there is a lake in some clouds only.

    `security_insights_client` speaks the released API version; the preview one is for what
    that version lacks.
    """

    credential: AsyncTokenCredential
    logs_client: LogsQueryClient
    metrics_client: MetricsClient | None
    security_insights_client: SecurityInsightsMgmtClient
    security_insights_preview_client: SecurityInsightsMgmtClient
    loganalytics_client: LogAnalyticsManagementClient
    graph_client: RestClient
    lake_client: RestClient | None
    cloud: Cloud
    workspace_id: str
    subscription_id: str
    resource_group: str
    workspace_name: str
    config: Workspace
