"""How Sentinel is set up beside its rules, as tools give it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.documents import Scalar


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Deployment(_Frozen):
    """The last deployment from a repository."""

    state: str | None = None
    result: str | None = None
    time: datetime | None = None
    message: str | None = None
    logs_url: str | None = None


class SourceControl(_Frozen):
    """A repository from which content is deployed."""

    name: Annotated[str, Field(description="What `get_source_control` takes.")]
    title: str | None
    description: str | None
    kind: str | None
    url: str | None
    branch: str | None
    content_types: list[str]
    last_deployment: Annotated[Deployment | None, Field(description="null: never, or not told.")]


class SourceControlListing(_Frozen):
    """One page of repositories."""

    workspace: str
    source_controls: list[SourceControl]
    total_count: int
    next_cursor: str | None


class SourceControlDetail(SourceControl):
    """A repository with all that its resource says; secrets are left out."""

    workspace: str
    properties: dict[str, Scalar]
    created_by: str | None = None
    created: datetime | None = None
    modified_by: str | None = None
    modified: datetime | None = None
    etag: str | None = None


class Metadata(_Frozen):
    """Where a piece of content comes from."""

    name: Annotated[str, Field(description="What `get_metadata` takes.")]
    kind: str | None
    content_id: str | None
    version: str | None
    parent: Annotated[str | None, Field(description="ARM id of the content itself.")]
    source_kind: str | None
    source_name: str | None


class MetadataListing(_Frozen):
    """One page of metadata, in Azure's order; Azure does not count them."""

    workspace: str
    metadata: list[Metadata]
    next_cursor: str | None


class MetadataDetail(Metadata):
    """All that is said of a piece of content."""

    workspace: str
    source_id: str | None
    dependencies: Annotated[list[str], Field(description="`Kind id`, groups in parentheses.")]
    tactics: list[str]
    techniques: list[str]
    properties: dict[str, Scalar]
    etag: str | None = None


class AnomalySetting(_Frozen):
    """An anomaly rule as a list shows it."""

    name: Annotated[str, Field(description="What `get_anomaly_setting` takes.")]
    title: str | None
    kind: str | None
    enabled: bool | None
    status: Annotated[str | None, Field(description="`Flighting`: it runs beside the original.")]
    frequency: str | None
    tactics: list[str]
    techniques: list[str]
    tables: list[str]
    is_default: bool | None


class AnomalySettingListing(_Frozen):
    """One page of anomaly rules, in order of title."""

    workspace: str
    anomaly_settings: list[AnomalySetting]
    total_count: int
    next_cursor: str | None


class Observation(_Frozen):
    """Something that can be set in an anomaly rule, and what it is set to."""

    kind: str
    name: str | None
    description: str | None
    value: str | None
    minimum: str | None = None
    maximum: str | None = None
    supported: list[str] = []


class AnomalySettingDetail(AnomalySetting):
    """An anomaly rule with what is set in it."""

    workspace: str
    description: str | None
    connectors: list[str]
    observations: list[Observation]
    properties: dict[str, Scalar]
    etag: str | None = None


class Onboarding(_Frozen):
    """Whether Sentinel is on."""

    onboarded: bool
    customer_managed_key: bool | None = None


class Feature(_Frozen):
    """A feature of Sentinel; one that is not among the settings is off."""

    kind: str
    enabled: Annotated[bool | None, Field(description="null: its setting does not say.")]
    properties: dict[str, Scalar] = {}
    sources: Annotated[
        list[str], Field(description="Data sources or directories that it uses.")
    ] = []


class MissingSetting(_Frozen):
    """A part that could not be read."""

    part: str
    error: Failure


class SentinelSettings(_Frozen):
    """Which features of Sentinel are on."""

    workspace: str
    onboarding: Onboarding | None
    features: list[Feature]
    missing: list[MissingSetting] = []
