"""Automation, content hub, summary rules, workbooks and parsers, as tools take and give them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.documents import Scalar

ContentKind = Literal[
    "DataConnector",
    "DataType",
    "Workbook",
    "WorkbookTemplate",
    "Playbook",
    "PlaybookTemplate",
    "AnalyticsRuleTemplate",
    "AnalyticsRule",
    "HuntingQuery",
    "InvestigationQuery",
    "Parser",
    "Watchlist",
    "WatchlistTemplate",
    "AutomationRule",
    "Notebook",
    "SummaryRule",
    "CustomDetection",
]

PackageState = Literal["not_installed", "installed", "update_available"]

RecommendationState = Literal[
    "Active", "InProgress", "Dismissed", "CompletedByUser", "CompletedBySystem"
]

ParserSource = Literal["workspace", "content_hub"]
"""A function that queries can call, or a template that is not deployed."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class MissingPart(_Frozen):
    """A part of the answer that could not be read."""

    part: str
    error: Failure


class _Page(_Frozen):
    """What every page says."""

    workspace: str
    total_count: Annotated[int, Field(description="How many match, on all pages.")]
    next_cursor: str | None
    warnings: list[str] = []


class AutomationRule(_Frozen):
    """An automation rule as a list shows it."""

    id: Annotated[str, Field(description="What `get_automation_rule` takes.")]
    title: str
    order: Annotated[int | None, Field(description="Rules run in this order, 1 first.")]
    enabled: bool | None
    triggers: Annotated[str, Field(description="On what it runs, as `Incidents Created`.")]
    expires: datetime | None
    actions: Annotated[list[str], Field(description="What it does, in order.")]
    playbooks: list[str]
    created_by: str | None


class AutomationRuleListing(_Page):
    """One page of automation rules, in the order in which they run."""

    rules: list[AutomationRule]


class AutomationRuleDetail(AutomationRule):
    """An automation rule with its conditions; all of them have to hold."""

    workspace: str
    conditions: list[str]
    playbook_ids: list[str]
    created: datetime | None
    modified: datetime | None
    modified_by: str | None
    other: Annotated[dict[str, Scalar], Field(description="What else its document says.")] = {}
    etag: str | None = None
    warnings: list[str] = []


class ContentPackage(_Frozen):
    """An installed solution, or a standalone piece of content."""

    id: str
    title: str
    kind: str | None
    version: str | None
    description: str | None
    publisher: str | None
    support: Annotated[str | None, Field(description="`Microsoft`, `Partner` or `Community`.")]
    categories: list[str]
    contents: Annotated[dict[str, int], Field(description="How many of each kind it brings.")]
    preview: bool = False
    deprecated: bool = False


class ContentPackageListing(_Page):
    """One page of installed packages, in order of title."""

    packages: list[ContentPackage]


class ProductPackage(ContentPackage):
    """A package of the catalogue; `version` is the newest there is."""

    state: PackageState
    installed_version: str | None


class ProductPackageListing(_Page):
    """One page of the catalogue, in order of title."""

    packages: list[ProductPackage]


class ContentTemplate(_Frozen):
    """A template that an installed package brought."""

    id: str
    title: str
    kind: str | None
    version: str | None
    package: Annotated[str | None, Field(description="The package's title.")]
    package_id: str | None
    tactics: list[str]
    techniques: list[str]
    deprecated: bool = False


class ContentTemplateListing(_Frozen):
    """One page of templates, as Azure orders them."""

    workspace: str
    templates: list[ContentTemplate]
    next_cursor: str | None


class SummaryRule(_Frozen):
    """A summary rule: a query whose result is added to a table at intervals."""

    name: str
    title: str | None
    description: str | None
    active: bool | None
    status: Annotated[str | None, Field(description="Why it is not active.")]
    provisioning_state: str | None
    query: str | None
    bin_minutes: Annotated[int | None, Field(description="It runs once for each such interval.")]
    delay_minutes: int | None
    starts: datetime | None
    destination_table: str | None
    created: datetime | None
    created_by: str | None


class SummaryRuleListing(_Page):
    """One page of summary rules, in order of name."""

    rules: list[SummaryRule]


class Workbook(_Frozen):
    """A workbook of the workspace."""

    name: str
    title: str
    description: str | None
    kind: str | None
    modified: datetime | None
    user_id: Annotated[str | None, Field(description="Who saved it last, as Azure's object id.")]
    tags: dict[str, Scalar]


class WorkbookListing(_Page):
    """One page of workbooks, in order of title."""

    workbooks: list[Workbook]


class Parser(_Frozen):
    """A function over log tables, which makes them easier to query."""

    alias: Annotated[str | None, Field(description="Name under which queries call it.")]
    title: str
    source: Annotated[
        ParserSource, Field(description="`content_hub`: a template that is not deployed.")
    ]
    parameters: str | None
    category: str | None
    package: Annotated[str | None, Field(description="Title of the package it comes from.")]
    query: Annotated[str | None, Field(description="Its first lines.")]
    id: Annotated[str, Field(description="Of a `workspace` one: what `get_saved_search` takes.")]


class ParserListing(_Page):
    """One page of parsers, in order of title."""

    parsers: list[Parser]
    missing: list[MissingPart] = []


class Suggestion(_Frozen):
    """One thing that could be done."""

    title: str | None
    description: str | None
    action: str | None


class Recommendation(_Frozen):
    """What Microsoft Sentinel recommends."""

    id: str
    title: str
    kind: str | None
    state: str | None
    description: str | None
    suggestions: list[Suggestion]
    created: datetime | None
    evaluated: datetime | None
    facts: dict[str, Scalar]


class RecommendationListing(_Page):
    """One page of recommendations, those to be acted on first."""

    recommendations: list[Recommendation]
