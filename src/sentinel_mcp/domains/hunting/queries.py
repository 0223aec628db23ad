"""Hunting queries: those of the workspace, and those that installed solutions brought."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.attack import parent_of, technique_name
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
    whole_text,
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
        return (
            (self.text is None or self.text.casefold() in searched(document, query).casefold())
            and (self.tactic is None or self.tactic.casefold() in _folded(query.tactics))
            and (self.technique is None or _is_of(self.technique.casefold(), query.techniques))
        )


def searched(document: Document, query: HuntingQuery) -> str:
    """Return all that a search for a text reads of a query: what it is called, says and does.

    Tactics are there as a list shows them and in words; techniques by id and by name, those of
    sub-techniques with that of the technique.
    """
    techniques = {part for each in query.techniques for part in (each, parent_of(each))}
    names = (technique_name(each) for each in techniques)
    return "\n".join(
        (
            query.title,
            query.solution or "",
            whole_description(document),
            whole_text(document),
            *query.tactics,
            *(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", each) for each in query.tactics),
            *query.techniques,
            *filter(None, names),
        )
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
            *(
                self._azure.attempt(self._listed(context, each, with_text=wanted.text is not None))
                for each in sources
            )
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
        unread = sum(
            not whole_text(each)
            for documents in found.values()
            if wanted.text is not None and not isinstance(documents, SentinelError)
            for each in documents
        )
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
            ]
            + (
                [f"Of {unread} queries Azure gave no KQL; their KQL was not searched."]
                if unread
                else []
            ),
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

    async def _listed(
        self, context: AzureServicesContext, source: Source, *, with_text: bool
    ) -> list[Document]:
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
                # What it would deploy, of which the query is a part; many times the rest.
                expand="properties/mainTemplate" if with_text else None,
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
