"""Tools for how Sentinel is set up: repositories, origins of content, anomaly rules, features."""

from typing import Annotated

from fastmcp.dependencies import Depends
from pydantic import Field

from sentinel_mcp.domains.arguments import Cursor, WorkspaceName
from sentinel_mcp.domains.workspace.provider import workspace
from sentinel_mcp.domains.workspace.service import WorkspaceDirectory
from sentinel_mcp.domains.workspace.setup.models import (
    AnomalySettingDetail,
    AnomalySettingListing,
    MetadataDetail,
    MetadataListing,
    SentinelSettings,
    SourceControlDetail,
    SourceControlListing,
)
from sentinel_mcp.effects import READS_AZURE
from sentinel_mcp.wiring import service

Limit = Annotated[int, Field(ge=1, le=200, description="Per page.")]


@workspace.tool("List source controls", READS_AZURE, {"workspace"}, timeout=90)
async def list_source_controls(
    limit: Limit = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> SourceControlListing:
    """List the repositories from which content is deployed, with their last deployment.

    Use it when a rule changes back by itself; `get_source_control` tells all of one.
    """
    return await directory.setups.source_controls(limit=limit, cursor=cursor, workspace=workspace)


@workspace.tool("Get a source control", READS_AZURE, {"workspace"}, timeout=90)
async def get_source_control(
    source_control: Annotated[
        str, Field(min_length=1, max_length=260, description="`name` from the list.")
    ],
    workspace: WorkspaceName = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> SourceControlDetail:
    """Read one repository: branch, content types, last deployment, who made it.

    Take the name from `list_source_controls`. Secrets are never shown.
    """
    return await directory.setups.source_control(source_control, workspace=workspace)


@workspace.tool("List metadata", READS_AZURE, {"workspace"}, timeout=90)
async def list_metadata(
    kind: Annotated[
        str | None,
        Field(
            pattern="^[A-Za-z]{1,60}$",
            description="`AnalyticsRule`, `Workbook`, `Playbook`, `Parser`, ...",
        ),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> MetadataListing:
    """List where pieces of content come from: solution, repository, community or by hand.

    `get_metadata` tells what one depends on.
    """
    return await directory.setups.metadata_page(
        kind=kind, limit=limit, cursor=cursor, workspace=workspace
    )


@workspace.tool("Get metadata", READS_AZURE, {"workspace"}, timeout=90)
async def get_metadata(
    metadata: Annotated[
        str, Field(min_length=1, max_length=260, description="`name` from the list.")
    ],
    workspace: WorkspaceName = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> MetadataDetail:
    """Read the origin, author, support and dependencies of one piece of content.

    Take the name from `list_metadata`; `parent` is the content itself.
    """
    return await directory.setups.metadata(metadata, workspace=workspace)


@workspace.tool("List anomaly settings", READS_AZURE, {"workspace"}, timeout=90)
async def list_anomaly_settings(
    enabled: Annotated[bool | None, Field(description="Keep only these. Default: all.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> AnomalySettingListing:
    """List the machine-learning anomaly rules: on or off, status, tactics, tables.

    Their findings are in the table Anomalies; `get_anomaly_setting` tells the thresholds.
    """
    return await directory.setups.anomaly_settings(
        enabled=enabled, limit=limit, cursor=cursor, workspace=workspace
    )


@workspace.tool("Get an anomaly setting", READS_AZURE, {"workspace"}, timeout=90)
async def get_anomaly_setting(
    anomaly_setting: Annotated[
        str, Field(min_length=1, max_length=260, description="`name` from the list.")
    ],
    workspace: WorkspaceName = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> AnomalySettingDetail:
    """Read one anomaly rule: what it looks for, its thresholds and what they are set to.

    Take the name from `list_anomaly_settings`.
    """
    return await directory.setups.anomaly_setting(anomaly_setting, workspace=workspace)


@workspace.tool("Get Sentinel's settings", READS_AZURE, {"workspace"}, timeout=90)
async def get_sentinel_settings(
    workspace: WorkspaceName = None,
    directory: WorkspaceDirectory = Depends(service(WorkspaceDirectory)),
) -> SentinelSettings:
    """Tell whether Sentinel, UEBA, entity analytics, anomalies and EyesOn are on.

    Use it when entity pages, BehaviorAnalytics or Anomalies stay empty.
    """
    return await directory.setups.settings(workspace)
