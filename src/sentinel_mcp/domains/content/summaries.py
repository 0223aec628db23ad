"""Summary rules of the workspaces."""

from __future__ import annotations

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.content.models import SummaryRule, SummaryRuleListing
from sentinel_mcp.domains.documents import Document, flag, inner, name, text, time, whole
from sentinel_mcp.domains.pages import PageRequest, page_of

LOGS_READER = "Log Analytics Reader or Microsoft Sentinel Reader"

QUERY_CHARS = 1_500
SEARCHED_CHARS = 100_000
"""Of a text that an answer shows the beginning of, and that is searched whole."""


class Summaries:
    """Reads summary rules."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def page(
        self, wanted: str | None, *, limit: int, cursor: str | None, workspace: str | None
    ) -> SummaryRuleListing:
        """Return one page, in order of name."""
        context = await self._azure.open(workspace)
        call = {"tool": "list_summary_rules", "workspace": context.config.name, "text": wanted}
        client = context.loganalytics_client
        found = await self._azure.read_all(
            "list the summary rules",
            lambda: client.summary_logs.list_by_workspace(
                context.resource_group, context.workspace_name
            ),
            role=LOGS_READER,
        )
        kept = sorted(
            (_rule(each) for each in found if _is_about(each, wanted)),
            key=lambda each: each.name.casefold(),
        )
        page = page_of(kept, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return SummaryRuleListing(
            workspace=context.config.name,
            rules=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
        )


def _rule(document: Document) -> SummaryRule:
    properties, made = inner(document, "properties"), inner(document, "systemData")
    definition = inner(properties, "ruleDefinition")
    return SummaryRule(
        name=name(document),
        title=text(properties, "displayName", 200),
        description=text(properties, "description", 500),
        active=flag(properties, "isActive"),
        status=text(properties, "statusCode"),
        provisioning_state=text(properties, "provisioningState"),
        query=text(definition, "query", QUERY_CHARS),
        bin_minutes=whole(definition, "binSize"),
        delay_minutes=whole(definition, "binDelay"),
        starts=time(definition, "binStartTime"),
        destination_table=text(definition, "destinationTable", 200),
        created=time(made, "createdAt"),
        created_by=text(made, "createdBy", 200),
    )


def _is_about(document: Document, wanted: str | None) -> bool:
    if wanted is None:
        return True
    properties = inner(document, "properties")
    definition = inner(properties, "ruleDefinition")
    told = (
        name(document),
        text(properties, "displayName"),
        text(properties, "description", SEARCHED_CHARS),
        text(definition, "query", SEARCHED_CHARS),
        text(definition, "destinationTable"),
    )
    return wanted.casefold() in "\n".join(filter(None, told)).casefold()
