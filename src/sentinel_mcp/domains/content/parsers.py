"""Parsers of the workspaces: functions that are there, and templates that are not deployed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.content.models import MissingPart, Parser, ParserListing, ParserSource
from sentinel_mcp.domains.content.summaries import LOGS_READER, SEARCHED_CHARS
from sentinel_mcp.domains.documents import Document, inner, inners, name, text, uncapitalised
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.errors import SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

SHOWN_LINES = 5
SHOWN_CHARS = 600


class Parsers:
    """Reads parsers."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def page(
        self,
        wanted: str | None,
        source: ParserSource | None,
        *,
        limit: int,
        cursor: str | None,
        workspace: str | None,
    ) -> ParserListing:
        """Return one page, in order of title; a list that cannot be read is told as missing.

        Both lists are read whatever the source: which package a function comes from, and whether a
        template is deployed, is in the other one.
        """
        context = await self._azure.open(workspace)
        call = {
            "tool": "list_parsers",
            "workspace": context.config.name,
            "text": wanted,
            "source": source,
        }
        functions, templates = await asyncio.gather(
            self._azure.attempt(self._functions(context)),
            self._azure.attempt(self._templates(context)),
        )
        if isinstance(functions, SentinelError) and isinstance(templates, SentinelError):
            raise functions
        kept = sorted(
            (
                _shown(each)
                for each in _together(_list(functions), _list(templates))
                if source in (None, each.source) and _is_about(each, wanted)
            ),
            key=lambda each: (each.title.casefold(), each.id),
        )
        page = page_of(kept, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return ParserListing(
            workspace=context.config.name,
            parsers=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
            missing=[
                MissingPart(part=part, error=Failure.of(each))
                for part, each in (("workspace", functions), ("content_hub", templates))
                if isinstance(each, SentinelError)
            ],
        )

    async def _functions(self, context: AzureServicesContext) -> list[Parser]:
        client = context.loganalytics_client
        found = await self._azure.read(
            "list the saved searches",
            lambda: client.saved_searches.list_by_workspace(
                context.resource_group, context.workspace_name
            ),
            role=LOGS_READER,
        )
        read = [(each, uncapitalised(inner(each, "properties"))) for each in inners(found, "value")]
        return [
            _parser(properties, source="workspace", identifier=name(each))
            for each, properties in read
            if text(properties, "functionAlias")
        ]

    async def _templates(self, context: AzureServicesContext) -> list[Parser]:
        client = context.security_insights_client
        found = await self._azure.read_all(
            "list the parsers of the content hub",
            lambda: client.content_templates.list(
                context.resource_group,
                context.workspace_name,
                filter=odata.eq("properties/contentKind", "Parser"),
                expand="properties/mainTemplate",
            ),
        )
        return [_of_template(each) for each in found]


def _together(functions: Sequence[Parser], templates: Sequence[Parser]) -> list[Parser]:
    """Return the functions, each with the package of its template, and the other templates."""
    packages = {each.alias.casefold(): each.package for each in templates if each.alias}
    aliases = {each.alias.casefold() for each in functions if each.alias}
    return [
        *(
            each.model_copy(update={"package": packages.get((each.alias or "").casefold())})
            for each in functions
        ),
        *(each for each in templates if (each.alias or "").casefold() not in aliases),
    ]


def _of_template(document: Document) -> Parser:
    properties = inner(document, "properties")
    resources = inners(inner(properties, "mainTemplate"), "resources")
    searches = [
        uncapitalised(inner(each, "properties"))
        for each in resources
        if (text(each, "type") or "").casefold().endswith("/savedsearches")
    ]
    held = searches[0] if searches else {}
    package = text(properties, "packageName", 200) or text(inner(properties, "source"), "name", 200)
    parser = _parser(held, source="content_hub", identifier=name(document), package=package)
    title = text(properties, "displayName", 200)
    return parser.model_copy(update={"title": title}) if title else parser


def _parser(
    properties: Document, *, source: ParserSource, identifier: str, package: str | None = None
) -> Parser:
    return Parser(
        alias=text(properties, "functionAlias", 200),
        title=text(properties, "displayName", 200) or identifier,
        source=source,
        parameters=text(properties, "functionParameters", 500),
        category=(text(properties, "category", 200) or "").strip() or None,
        package=package,
        query=text(properties, "query", SEARCHED_CHARS),
        id=identifier,
    )


def _shown(parser: Parser) -> Parser:
    """Return a parser as an answer shows it; until then it has its whole text, to be searched."""
    return parser.model_copy(update={"query": _first_lines(parser.query)})


def _first_lines(query: str | None) -> str | None:
    if query is None:
        return None
    lines = query.splitlines()
    shown = "\n".join(lines[:SHOWN_LINES])
    if len(lines) <= SHOWN_LINES and len(shown) <= SHOWN_CHARS:
        return shown
    return f"{shown[:SHOWN_CHARS]}\n… [cut: {len(lines)} lines in all]"


def _is_about(parser: Parser, wanted: str | None) -> bool:
    if wanted is None:
        return True
    told = (parser.title, parser.alias, parser.category, parser.package, parser.query)
    return wanted.casefold() in "\n".join(filter(None, told)).casefold()


def _list(found: list[Parser] | SentinelError) -> list[Parser]:
    return [] if isinstance(found, SentinelError) else found
