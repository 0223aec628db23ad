"""Creates, changes and deletes rules; the user agrees to each change first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import CONTRIBUTOR, AzureCalls
from sentinel_mcp.domains.changes import (
    ChangeReport,
    Manner,
    Target,
    Write,
    create,
    delete,
    new_name,
    update,
)
from sentinel_mcp.domains.documents import Document, inner, text
from sentinel_mcp.domains.rules.catalogue import Catalogue
from sentinel_mcp.domains.rules.documents import is_auto_disabled
from sentinel_mcp.domains.rules.drafts import WITH_QUERY, QueryKind, RuleDraft, query_kind
from sentinel_mcp.errors import InputError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

_NOUN = "analytics rule"
_OURS_TO_SEND = ("kind", "etag", "properties")
_ONLY_READ = frozenset({"lastModifiedUtc"})
_OF_TEMPLATE = frozenset(
    {"description", "displayName", "severity", "subTechniques", "tactics", "techniques"}
)
"""Only read, too, in rules of kinds that Microsoft writes."""

_NOT_CHECKED = (
    "The query is not checked here: `validate_query` does, and Azure when the rule is written."
)


class RuleChanges:
    """Changes rules, one request each."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def create(
        self,
        draft: RuleDraft,
        *,
        kind: QueryKind | None,
        template: str | None,
        rule: str | None,
        manner: Manner,
        workspace: str | None,
    ) -> ChangeReport:
        """Create a rule, from a template where one is given.

        Raises:
            InputError: something is missing, or is not what Azure takes.
            NotFound: there is no such template.

        """
        context = await self._azure.open(workspace)
        catalogue = Catalogue(self._azure, context)
        origin = await catalogue.template(template) if template else None
        chosen = query_kind(origin) if origin else kind or "Scheduled"
        if kind not in (None, chosen):
            raise InputError(
                f"The template makes {chosen} rules, not {kind}.", hint="Leave `kind` out."
            )
        document = {"kind": chosen, "properties": draft.new(chosen, origin)}
        name = odata.resource_name(rule) if rule else new_name()
        target = Target(
            workspace=context.config.name,
            kind=_NOUN,
            name=name,
            read=lambda: catalogue.rule(name),
            title=_title(document),
        )
        write = self._writing(context, name)
        report = await create(target, document, write, manner, fresh=rule is None)
        return _with_notice(report) if report.outcome == "preview" else report

    async def update(
        self, rule: str, draft: RuleDraft, *, manner: Manner, workspace: str | None
    ) -> ChangeReport:
        """Change what the draft states of a rule.

        Raises:
            NotFound, Conflict, InputError: as `changes.update` and the draft say.

        """
        if draft == RuleDraft():
            raise InputError("Nothing is to be changed.", hint="Set what should be different.")
        context = await self._azure.open(workspace)
        name = Catalogue(self._azure, context).name_of(rule)

        def revise(before: Document) -> Mapping[str, Any]:
            return draft.revised(text(before, "kind") or "Unknown", inner(before, "properties"))

        target = await self._known(context, name)
        report = await update(target, revise, self._writing(context, name), manner)
        tells = draft.query is not None and report.outcome == "preview"
        return _with_notice(report) if tells else report

    async def set_enabled(
        self, rule: str, *, enabled: bool, manner: Manner, workspace: str | None
    ) -> ChangeReport:
        """Switch a rule of any kind on or off."""
        context = await self._azure.open(workspace)
        name = Catalogue(self._azure, context).name_of(rule)
        notices: list[str] = []

        def revise(before: Document) -> Mapping[str, Any]:
            title = _title(before) or ""
            if enabled and is_auto_disabled(title, enabled=False):
                notices.append(
                    "Azure had switched it off for its failures: `get_rule_health` tells them, "
                    "and its title still says AUTO DISABLED; `update_rule` can give it back."
                )
            return {"enabled": enabled}

        target = await self._known(context, name)
        report = await update(target, revise, self._writing(context, name), manner)
        return report.model_copy(update={"notices": [*report.notices, *notices]})

    async def delete(self, rule: str, *, manner: Manner, workspace: str | None) -> ChangeReport:
        """Delete a rule; the incidents and alerts that it made stay."""
        context = await self._azure.open(workspace)
        name = Catalogue(self._azure, context).name_of(rule)
        client = context.security_insights_client

        async def remove() -> None:
            await self._azure.call(
                "delete an analytics rule",
                lambda: client.alert_rules.delete(
                    context.resource_group, context.workspace_name, name
                ),
                role=CONTRIBUTOR,
            )

        return await delete(await self._known(context, name), remove, manner)

    async def _known(self, context: AzureServicesContext, name: str) -> Target:
        """Return a rule to change, with its title: that is what the user is asked about.

        Raises:
            NotFound: there is no such rule.

        """
        catalogue = Catalogue(self._azure, context)
        first = await catalogue.rule(name)
        if first is None:
            raise catalogue.no_rule(name)
        unused = [first]

        async def read() -> Document | None:
            # Read once for the title and the change alike; after that, what is there by then.
            return unused.pop() if unused else await catalogue.rule(name)

        return Target(
            workspace=context.config.name, kind=_NOUN, name=name, read=read, title=_title(first)
        )

    def _writing(self, context: AzureServicesContext, name: str) -> Write:
        client = context.security_insights_client

        async def write(document: dict[str, Any]) -> Document:
            # Any: the SDK declares a model or bytes, and sends a dict as it is.
            body: Any = sendable(document)
            return await self._azure.read(
                "write an analytics rule",
                lambda: client.alert_rules.create_or_update(
                    context.resource_group, context.workspace_name, name, body
                ),
                role=CONTRIBUTOR,
            )

        return write


def sendable(document: Document) -> dict[str, Any]:
    """Return what is sent of a rule: what Azure only tells is left out."""
    left_out = _ONLY_READ
    kind = text(document, "kind")
    if kind not in WITH_QUERY and kind != "MicrosoftSecurityIncidentCreation":
        left_out |= _OF_TEMPLATE
    properties = inner(document, "properties")
    kept = {name: value for name, value in properties.items() if name not in left_out}
    sent = {name: document[name] for name in _OURS_TO_SEND if document.get(name) is not None}
    return {**sent, "properties": kept}


def _title(document: Document) -> str | None:
    return text(inner(document, "properties"), "displayName", 200)


def _with_notice(report: ChangeReport) -> ChangeReport:
    return report.model_copy(update={"notices": [*report.notices, _NOT_CHECKED]})
