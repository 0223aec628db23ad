"""Analytics rules: what is detected, how well, and what is not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.documents import Document, inner, text
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.domains.rules.catalogue import Catalogue, cut_notice
from sentinel_mcp.domains.rules.changes import RuleChanges
from sentinel_mcp.domains.rules.coverage import Coverages
from sentinel_mcp.domains.rules.documents import (
    read_playbook,
    read_rule,
    read_rule_detail,
    read_template,
    read_template_detail,
    read_template_state,
)
from sentinel_mcp.domains.rules.filters import RuleFilter, TemplateFilter
from sentinel_mcp.domains.rules.health import RuleHealths
from sentinel_mcp.domains.rules.models import (
    MissingPart,
    RuleDetail,
    RuleListing,
    TemplateDetail,
    TemplateListing,
)
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.workspaces import Workspaces

Detail = TypeVar("Detail", RuleDetail, TemplateDetail)


class Rules:
    """Reads and changes them, through the calls that all areas share."""

    def __init__(self, workspaces: Workspaces, tasks: TaskManager, settings: Settings) -> None:
        self._azure = AzureCalls(workspaces, tasks, settings)
        self.changes = RuleChanges(self._azure)
        self.coverage = Coverages(self._azure)
        self.health = RuleHealths(self._azure, settings)

    async def page(
        self, wanted: RuleFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> RuleListing:
        """Return one page of the rules that match, in order of title."""
        context = await self._azure.open(workspace)
        name = context.config.name
        documents = await Catalogue(self._azure, context).rules()
        there = [read_rule(each) for each in documents]
        rules = wanted.kept(there)
        call = {"list": "rules", "workspace": name, "wanted": repr(wanted), "limit": limit}
        page = page_of(rules, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return RuleListing(
            workspace=name,
            rules=page.items,
            total_count=len(rules),
            next_cursor=page.next_cursor,
            notices=[*cut_notice(documents, "rules"), *wanted.notices(there)],
        )

    async def get(self, rule: str, *, workspace: str | None) -> RuleDetail:
        """Return a rule with its playbooks, and the state of its template.

        Raises:
            NotFound: there is no rule of that id.

        """
        context = await self._azure.open(workspace)
        catalogue = Catalogue(self._azure, context)
        resource = catalogue.name_of(rule)
        document, actions = await asyncio.gather(
            catalogue.rule(resource), self._azure.attempt(catalogue.playbooks(resource))
        )
        if document is None:
            raise catalogue.no_rule(resource)
        template = await self._template_of(catalogue, document)
        detail = read_rule_detail(document, context.config.name)
        known = None if isinstance(template, SentinelError) else template
        playbooks = [] if isinstance(actions, SentinelError) else actions
        parts = {"playbooks": actions, "from_template": template}
        return self._fitting(
            detail.model_copy(
                update={
                    "playbooks": [read_playbook(each) for each in playbooks],
                    "from_template": read_template_state(document, known),
                    "missing": [
                        MissingPart(part=part, error=Failure.of(found))
                        for part, found in parts.items()
                        if isinstance(found, SentinelError)
                    ],
                }
            )
        )

    async def templates(
        self, wanted: TemplateFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> TemplateListing:
        """Return one page of the templates that match, in order of title."""
        context = await self._azure.open(workspace)
        name = context.config.name
        documents = await Catalogue(self._azure, context).templates()
        templates = wanted.kept(map(read_template, documents))
        call = {"list": "templates", "workspace": name, "wanted": repr(wanted), "limit": limit}
        page = page_of(templates, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return TemplateListing(
            workspace=name,
            templates=page.items,
            total_count=len(templates),
            next_cursor=page.next_cursor,
            notices=cut_notice(documents, "templates"),
        )

    async def template(self, template: str, *, workspace: str | None) -> TemplateDetail:
        """Return a template with its query.

        Raises:
            NotFound: there is no template of that id.

        """
        context = await self._azure.open(workspace)
        document = await Catalogue(self._azure, context).template(template)
        return self._fitting(read_template_detail(document, context.config.name))

    async def _template_of(
        self, catalogue: Catalogue, rule: Document
    ) -> Document | SentinelError | None:
        stated = text(inner(rule, "properties"), "alertRuleTemplateName", 200)
        if stated is None:
            return None
        return await self._azure.attempt(catalogue.template(stated))

    def _fitting(self, detail: Detail) -> Detail:
        """Leave parts out, the least useful first, until the answer is not too large."""
        parts: dict[str, object] = {
            "settings": {},
            "custom_details": {},
            "entity_mappings": [],
            "query": None,
        }
        for part, nothing in parts.items():
            if size_bytes(detail) <= self._azure.max_answer_bytes:
                break
            told = [*detail.notices, f"`{part}` is left out: the answer would be too large."]
            detail = detail.model_copy(update={part: nothing, "notices": told})
        return detail
