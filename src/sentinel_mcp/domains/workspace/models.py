"""Workspaces and the way to them, as tools take and give them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import Failure

ServiceName = Literal["credential", "resource_manager", "log_analytics", "sentinel"]
IdentityKind = Literal["user", "service_principal", "managed_identity", "unknown"]
PartName = Literal["onboarding", "tables"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class MissingPart(_Frozen):
    """A part of a workspace's description that could not be read."""

    part: PartName
    error: Failure


class WorkspaceDetail(_Frozen):
    """A workspace as it is set up."""

    workspace: Annotated[
        str, Field(description="Its configured name; `local` is the embedded workspace, not Azure.")
    ]
    workspace_name: str
    workspace_id: Annotated[str | None, Field(description="The id that logs are queried by.")]
    resource_id: str
    subscription_id: str
    resource_group: str
    tenant_id: str | None = None
    location: str | None
    sku: str | None
    commitment_gb_per_day: Annotated[
        int | None, Field(description="Committed volume; null where it is paid by the GB.")
    ] = None
    retention_days: int | None
    daily_cap_gb: Annotated[float | None, Field(description="null: no cap.")] = None
    daily_cap_resets: datetime | None = None
    ingestion_status: str | None = None
    public_access_for_queries: str | None = None
    public_access_for_ingestion: str | None = None
    provisioning_state: str | None = None
    created: datetime | None = None
    modified: datetime | None = None
    sentinel_onboarded: Annotated[bool | None, Field(description="null: could not be told.")]
    customer_managed_key: bool | None = None
    tables_count: Annotated[
        int | None, Field(description="Tables there are, with data or without.")
    ]
    tags: Annotated[
        dict[str, str], Field(description="Tags of the resource; `notice-1` and on of `local`.")
    ] = {}
    missing: list[MissingPart] = []
    warnings: list[str] = []


class ConfiguredWorkspace(_Frozen):
    """A workspace that tools take by name."""

    workspace: str
    is_default: bool
    workspace_name: str
    workspace_id: str
    subscription_id: str
    resource_group: str
    tenant_id: str | None = None


class VisibleWorkspace(_Frozen):
    """A workspace that the identity can see."""

    workspace: Annotated[
        str | None, Field(description="Its configured name; null when it is not configured.")
    ]
    workspace_name: str
    workspace_id: str | None
    resource_group: str | None
    subscription_id: str
    subscription: str | None
    tenant_id: str | None
    delegated: Annotated[
        bool, Field(description="Of another tenant, delegated through Lighthouse.")
    ] = False
    location: str | None
    sku: str | None
    retention_days: int | None


class UnreadSubscription(_Frozen):
    """A subscription whose workspaces could not be listed."""

    subscription_id: Annotated[
        str | None, Field(description="null: the subscriptions themselves could not be listed.")
    ]
    subscription: str | None = None
    error: Failure


class WorkspaceListing(_Frozen):
    """The configured workspaces, and one page of all that the identity can see."""

    configured: list[ConfiguredWorkspace]
    visible: list[VisibleWorkspace]
    visible_count: Annotated[int, Field(description="Workspaces that can be seen, on all pages.")]
    subscriptions_count: int
    next_cursor: str | None
    unread: list[UnreadSubscription] = []
    warnings: list[str] = []


class Identity(_Frozen):
    """Who the access token says the server is; read from the token, not verified."""

    kind: IdentityKind
    name: str | None = None
    user_principal_name: str | None = None
    object_id: str | None = None
    application_id: Annotated[
        str | None, Field(description="Of a user: the application that they signed in with.")
    ] = None
    managed_identity_id: Annotated[str | None, Field(description="Its resource at Azure.")] = None
    tenant_id: str | None = None
    token_expires: datetime | None = None
    note: Annotated[str | None, Field(description="What the token does not say.")] = None


class Check(_Frozen):
    """Whether a service was reached and let this identity in."""

    service: ServiceName
    ok: bool
    latency_ms: int | None
    code: str | None = None
    message: str | None = None
    hint: str | None = None


class ConnectionReport(_Frozen):
    """What became of each step to a workspace."""

    workspace: str
    ok: Annotated[bool, Field(description="Every check passed.")]
    identity: Annotated[Identity | None, Field(description="null where there is no token.")]
    checks: list[Check]
