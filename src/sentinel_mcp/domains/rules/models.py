"""Analytics rules and their templates, as tools take and give them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.documents import Scalar

Severity = Literal["High", "Medium", "Low", "Informational"]
Newer = Literal["yes", "no", "unknown"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class RuleSummary(_Frozen):
    """An analytics rule as a list shows it."""

    name: Annotated[str, Field(description="Its id, which `get_rule` takes.")]
    title: str
    kind: str
    enabled: bool | None
    auto_disabled: Annotated[
        bool, Field(description="Azure switched it off after too many failures.")
    ] = False
    severity: str | None = None
    tactics: list[str] = []
    techniques: Annotated[list[str], Field(description="Sub-techniques included.")] = []
    frequency: Annotated[str | None, Field(description="How often it runs, ISO 8601.")] = None
    template: Annotated[str | None, Field(description="The template it was made from.")] = None
    modified: datetime | None = None


class RuleListing(_Frozen):
    """One page of rules, in order of title."""

    workspace: str
    rules: list[RuleSummary]
    total_count: Annotated[int, Field(description="Rules that match, on all pages.")]
    next_cursor: str | None
    notices: list[str] = []


class EntityMapping(_Frozen):
    """Which columns of the result hold the identifiers of an entity."""

    entity_type: str
    fields: Annotated[dict[str, str], Field(description="Column by identifier.")]


class Suppression(_Frozen):
    """Whether a rule pauses after an alert, and for how long."""

    enabled: bool | None
    duration: str | None


class IncidentSettings(_Frozen):
    """Whether alerts become incidents, and which of them become one together."""

    creates_incidents: bool | None
    grouped: bool | None = None
    lookback: str | None = None
    matching: str | None = None
    reopens_closed: bool | None = None
    by_entities: list[str] = []
    by_alert_details: list[str] = []
    by_custom_details: list[str] = []


class Playbook(_Frozen):
    """A playbook that a rule's alerts start."""

    name: str
    logic_app: str | None
    resource_group: str | None
    subscription_id: str | None


class TemplateState(_Frozen):
    """The template that a rule was made from, as it is today."""

    name: str
    title: str | None = None
    used_version: str | None = None
    version: str | None = None
    updated: datetime | None = None
    newer: Annotated[Newer, Field(description="Whether the template is newer than the rule.")]


class MissingPart(_Frozen):
    """A part of the answer that could not be read."""

    part: str
    error: Failure


class Detection(_Frozen):
    """What a rule and a template have in common: the query and how it becomes alerts."""

    description: str | None = None
    query: str | None = None
    period: Annotated[str | None, Field(description="How far the query looks back.")] = None
    trigger: Annotated[str | None, Field(description="Number of results that alerts.")] = None
    event_grouping: str | None = None
    entity_mappings: list[EntityMapping] = []
    custom_details: dict[str, str] = {}
    settings: Annotated[
        dict[str, Scalar], Field(description="The other properties of its kind, flat.")
    ] = {}


class RuleDetail(Detection, RuleSummary):
    """A rule with all that its own document says, its playbooks and its template."""

    workspace: str
    suppression: Suppression | None = None
    incidents: IncidentSettings | None = None
    from_template: TemplateState | None = None
    playbooks: list[Playbook] = []
    etag: str | None = None
    missing: list[MissingPart] = []
    notices: list[str] = []


class Source(_Frozen):
    """What a template needs: a connector and the tables it brings."""

    connector: str | None
    data_types: list[str]


class TemplateSummary(_Frozen):
    """A rule template as a list shows it."""

    name: Annotated[str, Field(description="What `get_rule_template` and `create_rule` take.")]
    title: str
    kind: str
    severity: str | None = None
    tactics: list[str] = []
    techniques: list[str] = []
    sources: list[Source] = []
    version: str | None = None
    status: str | None = None
    rules_made: Annotated[int, Field(description="Rules made from it so far.")] = 0


class TemplateListing(_Frozen):
    """One page of templates, in order of title."""

    workspace: str
    templates: list[TemplateSummary]
    total_count: Annotated[int, Field(description="Templates that match, on all pages.")]
    next_cursor: str | None
    notices: list[str] = []


class TemplateDetail(Detection, TemplateSummary):
    """A template with its query and its defaults."""

    workspace: str
    frequency: str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    notices: list[str] = []


class MappingInput(BaseModel):
    """An entity mapping, as a caller states it."""

    model_config = ConfigDict(extra="forbid")

    entity: Annotated[str, Field(max_length=50, description="Account, Host, IP…")]
    columns: Annotated[
        dict[str, str], Field(max_length=3, description="Identifier: column of the result.")
    ]
