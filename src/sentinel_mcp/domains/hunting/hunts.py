"""Hunts of the workspaces; Azure has them in its preview version only."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.documents import Document, inner, name, person, strings, text, texts
from sentinel_mcp.domains.hunting.documents import SEARCHED_CHARS, SHORT_CHARS
from sentinel_mcp.domains.hunting.models import (
    Hunt,
    HuntListing,
    HuntPart,
    HuntStatus,
    HypothesisStatus,
    MissingPart,
)
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.errors import SentinelError

if TYPE_CHECKING:
    from azure.core.async_paging import AsyncItemPaged

    from sentinel_mcp.azure.context import AzureServicesContext


@dataclass(frozen=True, slots=True, kw_only=True)
class HuntFilter:
    """What a caller asks for; nothing set keeps every hunt."""

    text: str | None = None
    status: HuntStatus | None = None
    hypothesis_status: HypothesisStatus | None = None
    tactic: str | None = None
    owner: str | None = None

    def keeps(self, document: Document, hunt: Hunt) -> bool:
        """Whether the hunt passes."""
        # An answer shows the beginning of the hypothesis and the first labels only.
        properties = inner(document, "properties")
        hypothesis = text(properties, "description", SEARCHED_CHARS)
        told = "\n".join(filter(None, (hunt.title, hypothesis, *strings(properties, "labels"))))
        return (
            self.status in (None, hunt.status)
            and self.hypothesis_status in (None, hunt.hypothesis_status)
            and (self.tactic is None or self.tactic in hunt.tactics)
            and (self.owner is None or self.owner.casefold() in (hunt.owner or "").casefold())
            and (self.text is None or self.text.casefold() in told.casefold())
        )


class Hunts:
    """Reads hunts."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def page(
        self,
        wanted: HuntFilter,
        *,
        include: Collection[HuntPart],
        limit: int,
        cursor: str | None,
        workspace: str | None,
    ) -> HuntListing:
        """Return one page, in order of title; what is counted is counted for this page alone."""
        context = await self._azure.open(workspace)
        parts = sorted(set(include))
        call = {
            "tool": "list_hunts",
            "workspace": context.config.name,
            "include": parts,
            "text": wanted.text,
            "status": wanted.status,
            "hypothesis_status": wanted.hypothesis_status,
            "tactic": wanted.tactic,
            "owner": wanted.owner,
        }
        client = context.security_insights_preview_client
        found = await self._azure.read_all(
            "list the hunts",
            lambda: client.hunts.list(context.resource_group, context.workspace_name),
        )
        read = zip(found, map(_read_hunt, found), strict=True)
        kept = sorted(
            (hunt for document, hunt in read if wanted.keeps(document, hunt)),
            key=lambda each: (each.title.casefold(), each.id),
        )
        page = page_of(kept, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        counts = await asyncio.gather(*(self._counts(context, each, parts) for each in page.items))
        return HuntListing(
            workspace=context.config.name,
            hunts=[
                hunt.model_copy(update=_counted(each))
                for hunt, each in zip(page.items, counts, strict=True)
            ],
            total_count=len(kept),
            next_cursor=page.next_cursor,
            missing=_missing(parts, counts),
        )

    async def _counts(
        self, context: AzureServicesContext, hunt: Hunt, parts: Sequence[HuntPart]
    ) -> dict[HuntPart, int | SentinelError]:
        found = await asyncio.gather(
            *(self._azure.attempt(self._count(context, hunt.id, part)) for part in parts)
        )
        return dict(zip(parts, found, strict=True))

    async def _count(self, context: AzureServicesContext, hunt: str, part: HuntPart) -> int:
        client = context.security_insights_preview_client
        path = context.resource_group, context.workspace_name, odata.resource_name(hunt)

        def pager() -> AsyncItemPaged[Any]:  # whatever model the SDK returns; it is only counted
            group = client.hunt_relations if part == "relations" else client.hunt_comments
            return group.list(*path)

        return len(await self._azure.read_all(f"list the {part} of a hunt", pager))


def _read_hunt(document: Document) -> Hunt:
    properties = inner(document, "properties")
    return Hunt(
        id=name(document),
        title=(text(properties, "displayName", SHORT_CHARS) or name(document)).strip(),
        hypothesis=text(properties, "description"),
        status=text(properties, "status"),
        hypothesis_status=text(properties, "hypothesisStatus"),
        tactics=texts(properties, "attackTactics"),
        techniques=texts(properties, "attackTechniques"),
        labels=texts(properties, "labels", 100),
        owner=person(inner(properties, "owner")),
        etag=text(document, "etag"),
    )


def _counted(counts: Mapping[HuntPart, int | SentinelError]) -> dict[str, int]:
    return {
        f"{part}_count": found
        for part, found in counts.items()
        if not isinstance(found, SentinelError)
    }


def _missing(
    parts: Sequence[HuntPart], counts: Sequence[Mapping[HuntPart, int | SentinelError]]
) -> list[MissingPart]:
    """Return why a part could not be counted: the first reason, which is that of the others."""
    told: list[MissingPart] = []
    for part in parts:
        for each in counts:
            found = each[part]
            if isinstance(found, SentinelError):
                told.append(MissingPart(part=part, error=Failure.of(found)))
                break
    return told
