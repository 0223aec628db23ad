"""Reads Azure's documents of workspaces into our models; camel case ends here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sentinel_mcp.domains.documents import (
    Document,
    cut,
    flag,
    inner,
    name,
    number,
    text,
    time,
    whole,
)
from sentinel_mcp.domains.workspace.models import (
    ConfiguredWorkspace,
    MissingPart,
    VisibleWorkspace,
    WorkspaceDetail,
)

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

NO_CAP_GB = -1
"""What Azure sends as the daily cap where there is none."""

_RESOURCE_GROUP = re.compile(r"/resourceGroups/([^/]+)/", re.IGNORECASE)


def read_detail(
    document: Document,
    context: AzureServicesContext,
    *,
    onboarding: Document | None,
    onboarded: bool | None,
    tables_count: int | None,
    missing: list[MissingPart],
) -> WorkspaceDetail:
    """Return a workspace as it is set up."""
    properties = inner(document, "properties")
    sku = inner(properties, "sku")
    capping = inner(properties, "workspaceCapping")
    cap_gb = number(capping, "dailyQuotaGb")
    workspace_id = text(properties, "customerId")
    return WorkspaceDetail(
        workspace=context.config.name,
        workspace_name=name(document),
        workspace_id=workspace_id,
        resource_id=text(document, "id") or context.config.resource_id,
        subscription_id=context.subscription_id,
        resource_group=context.resource_group,
        tenant_id=context.config.tenant_id,
        location=text(document, "location"),
        sku=text(sku, "name"),
        commitment_gb_per_day=whole(sku, "capacityReservationLevel"),
        retention_days=whole(properties, "retentionInDays"),
        daily_cap_gb=None if cap_gb == NO_CAP_GB else cap_gb,
        daily_cap_resets=time(capping, "quotaNextResetTime"),
        ingestion_status=text(capping, "dataIngestionStatus"),
        public_access_for_queries=text(properties, "publicNetworkAccessForQuery"),
        public_access_for_ingestion=text(properties, "publicNetworkAccessForIngestion"),
        provisioning_state=text(properties, "provisioningState"),
        created=time(properties, "createdDate"),
        modified=time(properties, "modifiedDate"),
        sentinel_onboarded=onboarded,
        customer_managed_key=flag(inner(onboarding or {}, "properties"), "customerManagedKey"),
        tables_count=tables_count,
        tags={key: cut(str(value), 300) for key, value in inner(document, "tags").items()},
        missing=missing,
        warnings=_mismatches(workspace_id, context),
    )


def read_visible(
    document: Document,
    *,
    subscription_id: str,
    subscription: str | None,
    tenant_id: str | None,
    delegated: bool,
) -> VisibleWorkspace:
    """Return a workspace of a subscription's list; whether it is configured is not known here."""
    properties = inner(document, "properties")
    group = _RESOURCE_GROUP.search(text(document, "id") or "")
    return VisibleWorkspace(
        workspace=None,
        workspace_name=name(document),
        workspace_id=text(properties, "customerId"),
        resource_group=group[1] if group else None,
        subscription_id=subscription_id,
        subscription=subscription,
        tenant_id=tenant_id,
        delegated=delegated,
        location=text(document, "location"),
        sku=text(inner(properties, "sku"), "name"),
        retention_days=whole(properties, "retentionInDays"),
    )


def describe(context: AzureServicesContext, *, is_default: bool) -> ConfiguredWorkspace:
    """Return a workspace as it is configured."""
    return ConfiguredWorkspace(
        workspace=context.config.name,
        is_default=is_default,
        workspace_name=context.workspace_name,
        workspace_id=context.workspace_id,
        subscription_id=context.subscription_id,
        resource_group=context.resource_group,
        tenant_id=context.config.tenant_id,
    )


def _mismatches(workspace_id: str | None, context: AzureServicesContext) -> list[str]:
    if workspace_id is None or workspace_id.casefold() == context.workspace_id.casefold():
        return []
    # Then incidents come from one workspace and logs from another.
    return [
        f"Queries go to workspace id {context.workspace_id}, but {context.workspace_name!r} has "
        f"the id {workspace_id}: correct AZURE_WORKSPACE_ID."
    ]
