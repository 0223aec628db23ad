"""Creates, deletes and tags indicators."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import CONTRIBUTOR, RESPONDER, AzureCalls
from sentinel_mcp.domains.changes import ChangeReport, Manner, Target, create, delete, update
from sentinel_mcp.domains.differences import differences, holds
from sentinel_mcp.domains.documents import Document, inner, name, strings, text
from sentinel_mcp.domains.threat_intel.asking import Body, ask_page
from sentinel_mcp.domains.threat_intel.drafts import Draft
from sentinel_mcp.domains.threat_intel.models import TagMode
from sentinel_mcp.errors import Conflict, SentinelError, Unavailable

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

LOOKED_THROUGH = 100
"""Indicators of the same source that mention the pattern's value, looked at for the same one."""

LATE = "Azure shows a new indicator with some minutes' delay."
NAMED_LATER = "Azure names it when it is created; until then this is its STIX id."


class IndicatorWrites:
    """Writes indicators; deleting asks first."""

    def __init__(self, azure: AzureCalls, clock: Callable[[], datetime]) -> None:
        self._azure = azure
        self._clock = clock

    async def create(
        self, context: AzureServicesContext, draft: Draft, manner: Manner
    ) -> ChangeReport:
        """Create an indicator, unless its source has the same one for the pattern already.

        Azure names it itself, and the same request again may make another one. So it is looked
        for first, and after an answer that was lost.
        """
        proposed = draft.written(None, self._clock())
        search = _Search(self._azure, context, proposed["properties"], draft.called)
        there = await search.first()
        wanted = proposed if there is None else draft.written(there, self._clock())
        written = there
        if there is not None:
            _require_same(there, wanted)

        async def write(document: Body) -> Document:
            nonlocal written
            search.sent = True
            client = context.security_insights_client.threat_intelligence_indicator
            written = await self._azure.read(
                "create an indicator",
                lambda: client.create_indicator(
                    context.resource_group, context.workspace_name, document
                ),
                role=CONTRIBUTOR,
            )
            return written

        properties = proposed["properties"]
        target = Target(
            workspace=context.config.name,
            kind="indicator",
            name=properties["externalId"],
            read=search.read,
            title=f"{properties['pattern']} of {properties['source']}",
        )
        report = await create(target, wanted, write, manner, fresh=there is None)
        known = written or search.found
        if known is None:
            return report.model_copy(update={"notices": [*report.notices, NAMED_LATER]})
        late = [LATE] if report.outcome == "done" else []
        return report.model_copy(update={"name": name(known), "notices": [*report.notices, *late]})

    async def delete(
        self, context: AzureServicesContext, indicator: str, manner: Manner
    ) -> ChangeReport:
        """Delete an indicator; logs keep the rows that they have of it."""
        target = await self._target(context, odata.resource_name(indicator))
        client = context.security_insights_client.threat_intelligence_indicator

        async def remove() -> None:
            await self._azure.call(
                "delete an indicator",
                lambda: client.delete(context.resource_group, context.workspace_name, target.name),
                role=CONTRIBUTOR,
            )

        return await delete(target, remove, manner)

    async def tag(
        self,
        context: AzureServicesContext,
        indicator: str,
        tags: Sequence[str],
        mode: TagMode,
        manner: Manner,
    ) -> ChangeReport:
        """Add tags, or set them in place of those there are."""
        target = await self._target(context, odata.resource_name(indicator))
        given = list(dict.fromkeys(tags))

        def revise(document: Document) -> dict[str, Any]:
            before = strings(inner(document, "properties"), "threatIntelligenceTags")
            missing = [each for each in given if each not in before]
            return {"threatIntelligenceTags": [*before, *missing] if mode == "append" else given}

        async def write(document: dict[str, Any]) -> Document:
            if mode == "append":
                return await self._append(context, target, given)
            return await self._replace(context, target.name, document)

        return await update(target, revise, write, manner)

    async def _append(
        self, context: AzureServicesContext, target: Target, tags: list[str]
    ) -> Document:
        """Let Azure add the tags: whatever others add at the same time stays."""
        client = context.security_insights_client.threat_intelligence_indicator
        await self._azure.call(
            "add tags to an indicator",
            lambda: client.append_tags(
                context.resource_group,
                context.workspace_name,
                target.name,
                {"threatIntelligenceTags": tags},
            ),
            role=RESPONDER,
        )
        # Once the tags are there, that they cannot be read back is no failure of the change.
        latest = await self._azure.attempt(target.read())
        return {} if isinstance(latest, SentinelError) or latest is None else latest

    async def _replace(
        self, context: AzureServicesContext, resource: str, document: dict[str, Any]
    ) -> Document:
        client = context.security_insights_client.threat_intelligence_indicator
        tags = strings(inner(document, "properties"), "threatIntelligenceTags")
        body: Body = {
            "kind": "indicator",
            "properties": {"threatIntelligenceTags": tags},
        }
        if etag := text(document, "etag"):
            body["etag"] = etag
        return await self._azure.read(
            "replace the tags of an indicator",
            lambda: client.replace_tags(
                context.resource_group, context.workspace_name, resource, body
            ),
            role=RESPONDER,
        )

    async def _target(self, context: AzureServicesContext, resource: str) -> Target:
        """Return what is to be changed, read once already: people know it by its pattern."""
        client = context.security_insights_client.threat_intelligence_indicator

        async def read() -> Document | None:
            return await self._azure.read_if_there(
                "read an indicator",
                lambda: client.get(context.resource_group, context.workspace_name, resource),
            )

        held = [await read()]

        async def read_on() -> Document | None:
            return held.pop() if held else await read()

        properties = inner(held[0] or {}, "properties")
        pattern = text(properties, "pattern", 200)
        return Target(
            workspace=context.config.name,
            kind="indicator",
            name=resource,
            read=read_on,
            title=f"{pattern} ({resource})" if pattern else None,
        )


@dataclass(slots=True)
class _Search:
    """Looks for the indicator of a source and a pattern, whatever Azure named it."""

    azure: AzureCalls
    context: AzureServicesContext
    properties: dict[str, Any]
    value: str
    sent: bool = False
    found: Document | None = None

    async def first(self) -> Document | None:
        """Return the indicator that is there before anything is written."""
        self.found = await self._find()
        return self.found

    async def read(self) -> Document | None:
        """Return the indicator, for a change that asks what there is.

        Raises:
            Unavailable: it was sent, and is not to be seen: it may still appear.

        """
        if self.found is None and self.sent:
            self.found = await self._find()
            if self.found is None:
                raise Unavailable(f"It is not among the indicators yet. {LATE}")
        return self.found

    async def _find(self) -> Document | None:
        # By its id and by its value: which of the two Azure's keywords cover is not documented.
        lists = await asyncio.gather(
            self._mentioning(self.properties["externalId"]), self._mentioning(self.value)
        )
        same = (each for found in lists for each in found if _is_same(each, self.properties))
        return next(same, None)

    async def _mentioning(self, keyword: str) -> list[Document]:
        context, wanted = self.context, self.properties
        criteria = {
            "pageSize": LOOKED_THROUGH,
            "sources": [wanted["source"]],
            "patternTypes": [wanted["patternType"]],
            "keywords": [keyword],
            "includeDisabled": True,
        }
        documents, _ = await ask_page(self.azure, context, "look for the same indicator", criteria)
        return documents


def _require_same(there: Document, wanted: dict[str, Any]) -> None:
    """Refuse to create what is there already and says something else.

    Raises:
        Conflict: it does.

    """
    before, after = inner(there, "properties"), inner(wanted, "properties")
    if holds(after, before):
        return
    others = differences(there, {"properties": {**before, **after}})
    told = "; ".join(
        f"{each.field}: {each.before or 'nothing'}, not {each.after or 'nothing'}"
        for each in others[:10]
    )
    raise Conflict(
        f"{before.get('source')} has an indicator for that pattern already, {name(there)!r}, "
        f"which says otherwise: {told}.",
        hint="Tag it with `tag_indicator`, or delete it before you create it anew.",
    )


def _is_same(document: Document, wanted: dict[str, Any]) -> bool:
    there = inner(document, "properties")
    return there.get("source") == wanted["source"] and there.get("pattern") == wanted["pattern"]
