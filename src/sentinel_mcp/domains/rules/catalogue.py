"""Asks Azure for rules, templates, playbooks and hunting queries, as documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import MAX_DOCUMENTS, AzureCalls
from sentinel_mcp.domains.documents import Document, inner, inners, text
from sentinel_mcp.errors import InputError, NotFound

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

MAX_PLAYBOOKS = 50
HUNTING = "hunting queries"
"""The category by which Sentinel knows a saved search to be a hunting query."""

_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/[^/]+/workspaces/(?P<workspace>[^/]+)"
    r"/providers/Microsoft\.SecurityInsights/alertRule(s|Templates)/(?P<name>[^/]+)/?",
    re.IGNORECASE,
)


class Catalogue:
    """What there is in one workspace; every call waits for its turn."""

    def __init__(self, azure: AzureCalls, context: AzureServicesContext) -> None:
        self._azure = azure
        self._context = context
        self._path = context.resource_group, context.workspace_name

    async def rules(self) -> list[Document]:
        """Return every analytics rule."""
        client = self._context.security_insights_client
        return await self._azure.read_all(
            "list the analytics rules", lambda: client.alert_rules.list(*self._path)
        )

    async def rule(self, name: str) -> Document | None:
        """Return a rule by its name; None where there is no such rule."""
        client = self._context.security_insights_client
        return await self._azure.read_if_there(
            "read an analytics rule", lambda: client.alert_rules.get(*self._path, name)
        )

    async def playbooks(self, rule: str) -> list[Document]:
        """Return the actions of a rule."""
        client = self._context.security_insights_client
        return await self._azure.read_all(
            "read the playbooks of an analytics rule",
            lambda: client.actions.list_by_alert_rule(*self._path, rule),
            max_documents=MAX_PLAYBOOKS,
        )

    async def templates(self) -> list[Document]:
        """Return every rule template."""
        client = self._context.security_insights_client
        return await self._azure.read_all(
            "list the rule templates", lambda: client.alert_rule_templates.list(*self._path)
        )

    async def template(self, template: str) -> Document:
        """Return a template by its name or id.

        Raises:
            NotFound: there is no such template.

        """
        name = self.name_of(template)
        client = self._context.security_insights_client
        found = await self._azure.read_if_there(
            "read a rule template", lambda: client.alert_rule_templates.get(*self._path, name)
        )
        if found is None:
            raise NotFound(
                f"There is no rule template {name!r} in workspace {self._context.config.name!r}.",
                hint="`list_rule_templates` shows those there are; others come with a solution "
                "of the content hub.",
            )
        return found

    async def hunting_queries(self) -> list[Document]:
        """Return the saved searches that are hunting queries."""
        client = self._context.loganalytics_client
        answer = await self._azure.read(
            "list the hunting queries",
            lambda: client.saved_searches.list_by_workspace(*self._path),
        )
        found = [spelled(each) for each in inners(answer, "value")]
        return [
            each
            for each in found
            if (text(inner(each, "properties"), "category") or "").strip().casefold() == HUNTING
        ]

    def name_of(self, stated: str) -> str:
        """Return the name of a rule or template, given by name or by the id that incidents carry.

        Raises:
            InputError: it cannot be a name, or it is the id of another workspace's.

        """
        name = stated.strip()
        if found := _ID.fullmatch(name):
            there = (found["subscription"], found["group"], found["workspace"])
            here = (self._context.subscription_id, *self._path)
            # ARM ids differ in case from one answer to the next.
            if [each.casefold() for each in there] != [each.casefold() for each in here]:
                raise InputError(
                    f"That is of workspace {found['workspace']!r}, "
                    f"and {self._context.config.name!r} was asked.",
                    hint="Name its workspace in `workspace`.",
                )
            name = found["name"]
        return odata.resource_name(name)

    def no_rule(self, name: str) -> NotFound:
        """Return the error for a rule that is not there."""
        return NotFound(
            f"There is no analytics rule {name!r} in workspace {self._context.config.name!r}.",
            hint="`list_rules` finds a rule by words of its title; take its `name`.",
        )


def cut_notice(documents: Sequence[Document], what: str) -> list[str]:
    """Return what is to be said where a list was too long to be read to its end."""
    full = len(documents) >= MAX_DOCUMENTS
    return [f"Only the first {MAX_DOCUMENTS} {what} were read."] if full else []


def spelled(search: Document) -> Document:
    """Return a saved search with its properties' names in camel case: Azure sends both cases."""
    properties = inner(search, "properties")
    return {
        **search,
        "properties": {key[:1].lower() + key[1:]: value for key, value in properties.items()},
    }
