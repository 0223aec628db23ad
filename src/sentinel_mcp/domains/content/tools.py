"""Content tools."""

from typing import Annotated

from fastmcp.dependencies import Depends
from pydantic import Field

from sentinel_mcp.area import Area
from sentinel_mcp.domains.arguments import Cursor, WorkspaceName
from sentinel_mcp.domains.content.automation import RuleFilter
from sentinel_mcp.domains.content.hub import TemplateFilter
from sentinel_mcp.domains.content.models import (
    AutomationRuleDetail,
    AutomationRuleListing,
    ContentKind,
    ContentPackageListing,
    ContentTemplateListing,
    PackageState,
    ParserListing,
    ParserSource,
    ProductPackageListing,
    RecommendationListing,
    RecommendationState,
    SummaryRuleListing,
    WorkbookListing,
)
from sentinel_mcp.domains.content.service import Content
from sentinel_mcp.effects import READS_AZURE
from sentinel_mcp.wiring import service

content = Area()

Found = Annotated[
    str | None, Field(min_length=1, max_length=200, description="Text to be found in it.")
]
Limit = Annotated[int, Field(ge=1, le=200, description="Per page.")]


@content.tool("List automation rules", READS_AZURE, {"content"}, timeout=90)
async def list_automation_rules(
    text: Found = None,
    enabled: Annotated[bool | None, Field(description="Default: both.")] = None,
    playbook: Annotated[
        str | None, Field(max_length=200, description="Part of a playbook's name.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Content = Depends(service(Content)),
) -> AutomationRuleListing:
    """List automation rules in the order they run, with what they do to incidents.

    `get_automation_rule` tells the conditions of one.
    """
    wanted = RuleFilter(text=text, enabled=enabled, playbook=playbook)
    return await store.automation.page(wanted, limit=limit, cursor=cursor, workspace=workspace)


@content.tool("Get an automation rule", READS_AZURE, {"content"}, timeout=150)
async def get_automation_rule(
    automation_rule: Annotated[
        str, Field(min_length=1, max_length=260, description="`id` from `list_automation_rules`.")
    ],
    workspace: WorkspaceName = None,
    store: Content = Depends(service(Content)),
) -> AutomationRuleDetail:
    """Read one automation rule: conditions and actions in words, playbooks, order, expiry.

    Use it when an incident was closed, assigned or labelled by itself.
    """
    return await store.automation.get(automation_rule, workspace=workspace)


@content.tool("List installed packages", READS_AZURE, {"content"}, timeout=90)
async def list_content_packages(
    text: Found = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Content = Depends(service(Content)),
) -> ContentPackageListing:
    """List the content-hub solutions that are installed, with version and contents.

    `list_product_packages` tells which have a newer version.
    """
    return await store.hub.packages(text, limit=limit, cursor=cursor, workspace=workspace)


@content.tool("List content templates", READS_AZURE, {"content"}, timeout=90)
async def list_content_templates(
    text: Found = None,
    kind: Annotated[ContentKind | None, Field(description="Default: all.")] = None,
    package_id: Annotated[
        str | None, Field(max_length=260, description="`id` from `list_content_packages`.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Content = Depends(service(Content)),
) -> ContentTemplateListing:
    """List the templates that installed packages brought: rules, hunting queries, workbooks.

    A template is not in use until something is made from it.
    """
    wanted = TemplateFilter(text=text, kind=kind, package_id=package_id)
    return await store.hub.templates(wanted, limit=limit, cursor=cursor, workspace=workspace)


@content.tool("List the content hub", READS_AZURE, {"content"}, timeout=150)
async def list_product_packages(
    text: Found = None,
    state: Annotated[PackageState | None, Field(description="Default: all.")] = None,
    limit: Limit = 30,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Content = Depends(service(Content)),
) -> ProductPackageListing:
    """List the content hub's catalogue: what could be installed, what has a newer version.

    Use it to find a solution for a data source, or to see what is out of date.
    """
    return await store.hub.catalogue(text, state, limit=limit, cursor=cursor, workspace=workspace)


@content.tool("List summary rules", READS_AZURE, {"content"}, timeout=90)
async def list_summary_rules(
    text: Found = None,
    limit: Limit = 30,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Content = Depends(service(Content)),
) -> SummaryRuleListing:
    """List summary rules: queries whose results are kept in tables of their own.

    Use it to find a small table that answers what a large one would.
    """
    return await store.summaries.page(text, limit=limit, cursor=cursor, workspace=workspace)


@content.tool("List workbooks", READS_AZURE, {"content"}, timeout=90)
async def list_workbooks(
    text: Found = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Content = Depends(service(Content)),
) -> WorkbookListing:
    """List the workbooks that were saved for the workspace.

    Templates of workbooks are in `list_content_templates`.
    """
    return await store.workbooks.page(text, limit=limit, cursor=cursor, workspace=workspace)


@content.tool("List parsers", READS_AZURE, {"content"}, timeout=90)
async def list_parsers(
    text: Found = None,
    source: Annotated[ParserSource | None, Field(description="Default: both.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Content = Depends(service(Content)),
) -> ParserListing:
    """List the functions and parsers that queries can call, with their parameters.

    `get_saved_search` reads the whole text of one that is deployed.
    """
    return await store.parsers.page(text, source, limit=limit, cursor=cursor, workspace=workspace)


@content.tool("List recommendations", READS_AZURE, {"content"}, timeout=90)
async def list_recommendations(
    state: Annotated[RecommendationState | None, Field(description="Default: all.")] = None,
    limit: Annotated[int, Field(ge=1, le=100, description="Per page.")] = 20,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Content = Depends(service(Content)),
) -> RecommendationListing:
    """List SOC optimisation recommendations: coverage and unused data (a preview of Azure's).

    Use it to plan which rules to add and which tables to move to a cheaper plan.
    """
    return await store.recommendations.page(state, limit=limit, cursor=cursor, workspace=workspace)
