"""Hunting queries: those of the workspace, and those that installed solutions brought."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import MAX_DOCUMENTS, AzureCalls, Failure
from sentinel_mcp.domains.documents import Document, inner, text
from sentinel_mcp.domains.hunting.documents import (
    is_hunting,
    read_query,
    read_query_detail,
    read_template,
    read_template_detail,
    saved_search,
    template_search,
    whole_description,
)
from sentinel_mcp.domains.hunting.fitting import fitted
from sentinel_mcp.domains.hunting.models import (
    HuntingQuery,
    HuntingQueryDetail,
    HuntingQueryListing,
    MissingPart,
    Source,
)
from sentinel_mcp.domains.hunting.searches import list_searches, read_search_if_there
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.errors import NotFound, SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFilter:
    """What a caller asks for; nothing set keeps every query."""

    text: str | None = None
    tactic: str | None = None
    technique: str | None = None
    source: Source | None = None

    def keeps(self, document: Document, query: HuntingQuery) -> bool:
        """Whether the query passes; a technique stands for its sub-techniques, too."""
        told = "\n".join((query.title, query.solution or "", whole_description(document)))
        return (
            (self.text is None or self.text.casefold() in told.casefold())
            and (self.tactic is None or self.tactic.casefold() in _folded(query.tactics))
            and (self.technique is None or _is_of(self.technique.casefold(), query.techniques))
        )


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """A hunting query as it is stored: its document, and what a saved search says of it."""

    document: Document
    source: Source
    properties: Document

    def detail(self, workspace: str) -> HuntingQueryDetail:
        """Return it as tools give it."""
        read = read_query_detail if self.source == "workspace" else read_template_detail
        return read(self.document, workspace)


class HuntingQueries:
    """Reads hunting queries."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def page(
        self, wanted: QueryFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> HuntingQueryListing:
        """Return one page, in order of title.

        When one of the two sources cannot be read the answer says so; when neither can, it raises.
        """
        context = await self._azure.open(workspace)
        call = {
            "tool": "list_hunting_queries",
            "workspace": context.config.name,
            "text": wanted.text,
            "tactic": wanted.tactic,
            "technique": wanted.technique,
            "source": wanted.source,
        }
        sources: list[Source] = ["workspace", "content_hub"]
        if wanted.source is not None:
            sources = [wanted.source]
        read = await asyncio.gather(
            *(self._azure.attempt(self._listed(context, each)) for each in sources)
        )
        found = dict(zip(sources, read, strict=True))
        failed = {source: each for source, each in found.items() if isinstance(each, SentinelError)}
        if len(failed) == len(found):
            raise next(iter(failed.values()))
        kept = sorted(
            (
                query
                for source, documents in found.items()
                if not isinstance(documents, SentinelError)
                for query in _kept(documents, source, wanted)
            ),
            key=lambda each: (each.title.casefold(), each.source, each.id),
        )
        page = page_of(kept, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return HuntingQueryListing(
            workspace=context.config.name,
            queries=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
            missing=[
                MissingPart(part=source, error=Failure.of(each)) for source, each in failed.items()
            ],
            warnings=[
                f"Only the first {MAX_DOCUMENTS} queries of the {source} were read."
                for source, each in found.items()
                if not isinstance(each, SentinelError) and len(each) == MAX_DOCUMENTS
            ],
        )

    async def get(self, query: str, *, workspace: str | None) -> HuntingQueryDetail:
        """Return one query with its text."""
        context = await self._azure.open(workspace)
        stored = await self.stored(context, query)
        return fitted(stored.detail(context.config.name), self._azure.max_answer_bytes)

    async def stored(self, context: AzureServicesContext, query: str) -> StoredQuery:
        """Return a query as it is stored.

        Raises:
            NotFound: there is neither a saved search nor a template of that id.

        """
        found = await read_search_if_there(self._azure, context, query)
        if found is not None:
            return StoredQuery(found, "workspace", inner(found, "properties"))
        client, resource = context.security_insights_client, odata.resource_name(query)
        template = await self._azure.read_if_there(
            "read a hunting query of the content hub",
            lambda: client.content_template.get(
                context.resource_group, context.workspace_name, resource
            ),
        )
        if template is None:
            raise NotFound(
                f"There is no hunting query {query!r} in workspace {context.config.name!r}.",
                hint="Take `id` of a query from `list_hunting_queries`.",
            )
        held = template_search(template)
        kind = text(inner(template, "properties"), "contentKind", 60)
        if not held and kind not in (None, "HuntingQuery"):
            raise NotFound(
                f"{query!r} is no hunting query but a template of the kind {kind!r}.",
                hint="Take `id` of a query from `list_hunting_queries`.",
            )
        return StoredQuery(template, "content_hub", held)

    async def _listed(self, context: AzureServicesContext, source: Source) -> list[Document]:
        if source == "workspace":
            found = await list_searches(self._azure, context)
            return [each for each in map(saved_search, found) if is_hunting(each)]
        client = context.security_insights_client
        return await self._azure.read_all(
            "list the hunting queries of the content hub",
            lambda: client.content_templates.list(
                context.resource_group,
                context.workspace_name,
                filter=odata.eq("properties/contentKind", "HuntingQuery"),
            ),
        )


_READERS: dict[Source, Callable[[Document], HuntingQuery]] = {
    "workspace": read_query,
    "content_hub": read_template,
}


def _kept(documents: list[Document], source: Source, wanted: QueryFilter) -> Iterator[HuntingQuery]:
    for document in documents:
        query = _READERS[source](document)
        if wanted.keeps(document, query):
            yield query


def _folded(values: list[str]) -> list[str]:
    # "Defense Evasion" and "DefenseEvasion" are the same tactic.
    return [each.replace(" ", "").casefold() for each in values]


def _is_of(technique: str, found: list[str]) -> bool:
    return any(f"{each.casefold()}.".startswith(f"{technique}.") for each in found)
