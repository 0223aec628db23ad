"""Analytics rule tools."""

from typing import Annotated

from fastmcp.dependencies import CurrentContext, Depends
from fastmcp.server.context import Context
from pydantic import Field

from sentinel_mcp.area import Area
from sentinel_mcp.domains.arguments import Confirm, Cursor, DryRun, Etag, WorkspaceName
from sentinel_mcp.domains.changes import ChangeReport, Manner
from sentinel_mcp.domains.rules import arguments as given
from sentinel_mcp.domains.rules.coverage_models import MitreCoverage
from sentinel_mcp.domains.rules.drafts import QueryKind, RuleDraft
from sentinel_mcp.domains.rules.filters import RuleFilter, TemplateFilter
from sentinel_mcp.domains.rules.health_models import RuleHealthListing, State
from sentinel_mcp.domains.rules.models import (
    RuleDetail,
    RuleListing,
    Severity,
    TemplateDetail,
    TemplateListing,
)
from sentinel_mcp.domains.rules.service import Rules
from sentinel_mcp.effects import ADDS, CHANGES, READS_AZURE, WRITES
from sentinel_mcp.wiring import approval, service

rules = Area()


@rules.tool("List analytics rules", READS_AZURE, {"rules", "core"}, timeout=90)
async def list_rules(
    kind: Annotated[str | None, Field(max_length=60, description="Scheduled, NRT, Fusion…")] = None,
    enabled: Annotated[bool | None, Field(description="Default: both.")] = None,
    severity: given.SeverityOf = None,
    tactic: given.Tactic = None,
    technique: given.TechniqueId = None,
    text: given.Words = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Per page.")] = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Rules = Depends(service(Rules)),
) -> RuleListing:
    """List analytics rules: what is detected here.

    `get_rule` reads one; `get_rule_health` tells whether they run.
    """
    wanted = RuleFilter(
        kind=kind, enabled=enabled, severity=severity, tactic=tactic, technique=technique, text=text
    )
    return await store.page(wanted, limit=limit, cursor=cursor, workspace=workspace)


@rules.tool("Get an analytics rule", READS_AZURE, {"rules", "core"}, timeout=120)
async def get_rule(
    rule: given.RuleId,
    workspace: WorkspaceName = None,
    store: Rules = Depends(service(Rules)),
) -> RuleDetail:
    """Read a rule: query, schedule, entities, grouping, playbooks, template.

    Use it to judge an alert; `run_query` tries its query.
    """
    return await store.get(rule, workspace=workspace)


@rules.tool("List rule templates", READS_AZURE, {"rules"}, timeout=120)
async def list_rule_templates(
    text: given.Words = None,
    severity: Annotated[Severity | None, Field(description="Keep only these.")] = None,
    tactic: given.Tactic = None,
    technique: given.TechniqueId = None,
    source: Annotated[
        str | None, Field(max_length=200, description="Part of a connector or data type.")
    ] = None,
    unused: Annotated[bool, Field(description="Only those of which there is no rule.")] = False,
    limit: Annotated[int, Field(ge=1, le=200, description="Templates per page.")] = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Rules = Depends(service(Rules)),
) -> TemplateListing:
    """List the templates that rules can be made from, with the data that they need.

    Use it to close a gap of `get_mitre_coverage`; `create_rule` makes a rule of one.
    """
    wanted = TemplateFilter(
        text=text,
        severity=severity,
        tactic=tactic,
        technique=technique,
        source=source,
        unused=unused,
    )
    return await store.templates(wanted, limit=limit, cursor=cursor, workspace=workspace)


@rules.tool("Get a rule template", READS_AZURE, {"rules"}, timeout=90)
async def get_rule_template(
    template: Annotated[
        str, Field(min_length=1, max_length=600, description="`name` of a template.")
    ],
    workspace: WorkspaceName = None,
    store: Rules = Depends(service(Rules)),
) -> TemplateDetail:
    """Read a rule template: query, schedule, entities and the connectors that it needs.

    Try its query with `run_query` before `create_rule` makes a rule of it.
    """
    return await store.template(template, workspace=workspace)


@rules.tool("Get MITRE ATT&CK coverage", READS_AZURE, {"rules", "core"}, timeout=150)
async def get_mitre_coverage(
    tactic: Annotated[
        str | None, Field(max_length=40, description="In detail: such as `InitialAccess`.")
    ] = None,
    workspace: WorkspaceName = None,
    store: Rules = Depends(service(Rules)),
) -> MitreCoverage:
    """Count rules, templates and hunting queries by tactic and technique, and tell the gaps.

    Each gap names the templates that would close it.
    """
    return await store.coverage.read(tactic, workspace=workspace)


@rules.tool("Get the health of rules", READS_AZURE, {"rules"}, timeout=240)
async def get_rule_health(
    rule: Annotated[
        str | None, Field(min_length=1, max_length=600, description="One rule. Default: all.")
    ] = None,
    days: Annotated[int, Field(ge=1, le=30, description="Days back.")] = 7,
    state: Annotated[State | None, Field(description="`silent`: on, and no alert.")] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Rules per page.")] = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Rules = Depends(service(Rules)),
) -> RuleHealthListing:
    """Tell whether rules run and fire: last run, failures, delay, alerts; the worst first.

    Use it for a rule that should have fired; of one `rule`, its last changes are told, too.
    """
    return await store.health.read(
        rule=rule, days=days, state=state, limit=limit, cursor=cursor, workspace=workspace
    )


@rules.tool("Create an analytics rule", ADDS, {"rules", WRITES}, timeout=180)
async def create_rule(
    title: given.Title = None,
    query: given.Kql = None,
    template: Annotated[
        str | None, Field(max_length=600, description="Made from it; what else is given wins.")
    ] = None,
    kind: Annotated[
        QueryKind | None, Field(description="Default: Scheduled, or the template's.")
    ] = None,
    description: given.Description = None,
    severity: given.SeverityOf = None,
    frequency: given.Frequency = None,
    period: given.Period = None,
    operator: given.OperatorOf = None,
    threshold: given.Threshold = None,
    tactics: given.Tactics = None,
    techniques: given.Techniques = None,
    entities: given.Entities = None,
    details: given.Details = None,
    alerts: given.PerAlert = None,
    suppress_for: given.SuppressFor = None,
    incidents: given.Incidents = None,
    group_by: given.GroupBy = None,
    enabled: given.Enabled = True,
    rule: Annotated[
        str | None, Field(max_length=200, description="Its id: a repeat then adds nothing.")
    ] = None,
    dry_run: DryRun = False,
    confirm: Confirm = False,
    workspace: WorkspaceName = None,
    context: Context = CurrentContext(),
    store: Rules = Depends(service(Rules)),
) -> ChangeReport:
    """Create a Scheduled or NRT rule from a query or a template.

    Check its query with `validate_query` and `run_query` first.
    """
    draft = RuleDraft(
        title=title,
        query=query,
        description=description,
        severity=severity,
        frequency=frequency,
        period=period,
        operator=operator,
        threshold=threshold,
        tactics=tactics,
        techniques=techniques,
        entities=entities,
        details=details,
        alerts=alerts,
        suppress_for=suppress_for,
        incidents=incidents,
        group_by=group_by,
        enabled=enabled,
    )
    return await store.changes.create(
        draft,
        kind=kind,
        template=template,
        rule=rule,
        manner=Manner(dry_run=dry_run, approve=approval(context, confirm=confirm)),
        workspace=workspace,
    )


@rules.tool("Update an analytics rule", CHANGES, {"rules", WRITES}, timeout=180)
async def update_rule(
    rule: given.RuleId,
    title: given.Title = None,
    description: given.Description = None,
    severity: given.SeverityOf = None,
    query: given.Kql = None,
    frequency: given.Frequency = None,
    period: given.Period = None,
    operator: given.OperatorOf = None,
    threshold: given.Threshold = None,
    tactics: given.Tactics = None,
    techniques: given.Techniques = None,
    entities: given.Entities = None,
    details: given.Details = None,
    alerts: given.PerAlert = None,
    suppress_for: given.SuppressFor = None,
    incidents: given.Incidents = None,
    group_by: given.GroupBy = None,
    dry_run: DryRun = False,
    etag: Etag = None,
    confirm: Confirm = False,
    workspace: WorkspaceName = None,
    context: Context = CurrentContext(),
    store: Rules = Depends(service(Rules)),
) -> ChangeReport:
    """Change what is given of a rule; lists replace those there are, the rest stays.

    Show the user a `dry_run` first.
    """
    draft = RuleDraft(
        title=title,
        description=description,
        severity=severity,
        query=query,
        frequency=frequency,
        period=period,
        operator=operator,
        threshold=threshold,
        tactics=tactics,
        techniques=techniques,
        entities=entities,
        details=details,
        alerts=alerts,
        suppress_for=suppress_for,
        incidents=incidents,
        group_by=group_by,
    )
    manner = Manner(dry_run=dry_run, etag=etag, approve=approval(context, confirm=confirm))
    return await store.changes.update(rule, draft, manner=manner, workspace=workspace)


@rules.tool("Enable or disable a rule", CHANGES, {"rules", WRITES}, timeout=180)
async def set_rule_enabled(
    rule: given.RuleId,
    enabled: given.Enabled,
    dry_run: DryRun = False,
    etag: Etag = None,
    confirm: Confirm = False,
    workspace: WorkspaceName = None,
    context: Context = CurrentContext(),
    store: Rules = Depends(service(Rules)),
) -> ChangeReport:
    """Switch a rule of any kind on or off.

    A rule that is off finds nothing: `get_mitre_coverage` tells what else covers its techniques.
    """
    manner = Manner(dry_run=dry_run, etag=etag, approve=approval(context, confirm=confirm))
    return await store.changes.set_enabled(
        rule, enabled=enabled, manner=manner, workspace=workspace
    )


@rules.tool("Delete an analytics rule", CHANGES, {"rules", WRITES}, timeout=180)
async def delete_rule(
    rule: given.RuleId,
    dry_run: DryRun = False,
    etag: Etag = None,
    confirm: Confirm = False,
    workspace: WorkspaceName = None,
    context: Context = CurrentContext(),
    store: Rules = Depends(service(Rules)),
) -> ChangeReport:
    """Delete a rule; its alerts and incidents stay, its query is lost: `get_rule` reads it.

    To stop it for a while, use `set_rule_enabled`.
    """
    manner = Manner(dry_run=dry_run, etag=etag, approve=approval(context, confirm=confirm))
    return await store.changes.delete(rule, manner=manner, workspace=workspace)
