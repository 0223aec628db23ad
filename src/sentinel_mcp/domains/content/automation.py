"""Automation rules of the workspaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.content.automation_documents import (
    Titles,
    names_rules,
    read_rule,
    read_rule_detail,
)
from sentinel_mcp.domains.content.models import (
    AutomationRule,
    AutomationRuleDetail,
    AutomationRuleListing,
)
from sentinel_mcp.domains.documents import inner, name, text
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.errors import SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

_LAST = 10_000
"""Where a rule without an order is put: no rule has a higher one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFilter:
    """What a caller asks for; nothing set keeps every rule."""

    text: str | None = None
    enabled: bool | None = None
    playbook: str | None = None

    def keeps(self, rule: AutomationRule) -> bool:
        """Whether the rule passes."""
        told = "\n".join((rule.title, *rule.actions))
        playbooks = "\n".join(rule.playbooks)
        return (
            self.enabled in (None, rule.enabled)
            and (self.text is None or self.text.casefold() in told.casefold())
            and (self.playbook is None or self.playbook.casefold() in playbooks.casefold())
        )


class Automation:
    """Reads automation rules."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def page(
        self, wanted: RuleFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> AutomationRuleListing:
        """Return one page, in the order in which the rules run."""
        context = await self._azure.open(workspace)
        call = {
            "tool": "list_automation_rules",
            "workspace": context.config.name,
            "text": wanted.text,
            "enabled": wanted.enabled,
            "playbook": wanted.playbook,
        }
        client = context.security_insights_client
        found = await self._azure.read_all(
            "list the automation rules",
            lambda: client.automation_rules.list(context.resource_group, context.workspace_name),
        )
        kept = sorted(
            filter(wanted.keeps, map(read_rule, found)),
            key=lambda each: (_LAST if each.order is None else each.order, each.title, each.id),
        )
        page = page_of(kept, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return AutomationRuleListing(
            workspace=context.config.name,
            rules=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
        )

    async def get(self, rule: str, *, workspace: str | None) -> AutomationRuleDetail:
        """Return one rule; analytics rules that it names are called by their titles."""
        context = await self._azure.open(workspace)
        client, resource = context.security_insights_client, odata.resource_name(rule)
        found = await self._azure.read(
            "read an automation rule",
            lambda: client.automation_rules.get(
                context.resource_group, context.workspace_name, resource
            ),
        )
        titles: Titles | SentinelError = {}
        if names_rules(found):
            titles = await self._azure.attempt(self._titles(context))
        if not isinstance(titles, SentinelError):
            return read_rule_detail(found, context.config.name, titles)
        warning = f"The titles of the analytics rules could not be read: {titles}"
        detail = read_rule_detail(found, context.config.name, {})
        return detail.model_copy(update={"warnings": [warning]})

    async def _titles(self, context: AzureServicesContext) -> Titles:
        client = context.security_insights_client
        found = await self._azure.read_all(
            "list the analytics rules",
            lambda: client.alert_rules.list(context.resource_group, context.workspace_name),
        )
        titled = {name(each): text(inner(each, "properties"), "displayName") for each in found}
        return {key.casefold(): title for key, title in titled.items() if title}
