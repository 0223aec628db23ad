"""The content hub of the workspaces: what is installed, what it brought, and the catalogue."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sentinel_mcp.azure import odata
from sentinel_mcp.azure.paging import decode_cursor, encode_cursor
from sentinel_mcp.domains.calls import MAX_DOCUMENTS, AzureCalls
from sentinel_mcp.domains.content.models import (
    ContentKind,
    ContentPackage,
    ContentPackageListing,
    ContentTemplate,
    ContentTemplateListing,
    PackageState,
    ProductPackage,
    ProductPackageListing,
)
from sentinel_mcp.domains.content.summaries import SEARCHED_CHARS
from sentinel_mcp.domains.documents import Document, inner, inners, name, text, texts
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import InputError

_DESCRIPTION_CHARS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFilter:
    """What a caller asks for; Azure itself searches and filters the templates."""

    text: str | None = None
    kind: ContentKind | None = None
    package_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: the token of one of Azure's pages, and how far into it."""

    token: str | None = None
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.offset} {self.token or ''}"

    @classmethod
    def of(cls, written: str) -> _Place:
        """Read what `str` wrote.

        Raises:
            InputError: it is none of ours; the digest of a cursor needs no key.

        """
        offset, _, token = written.partition(" ")
        if not (offset.isascii() and offset.isdigit() and len(offset) < 8):
            raise InputError(
                "The cursor cannot be read.",
                hint="Take `next_cursor` of the previous page as it is.",
            )
        return cls(token or None, int(offset))


class Hub:
    """Reads the content hub."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def packages(
        self, wanted: str | None, *, limit: int, cursor: str | None, workspace: str | None
    ) -> ContentPackageListing:
        """Return one page of what is installed, in order of title."""
        context = await self._azure.open(workspace)
        call = {
            "tool": "list_content_packages",
            "workspace": context.config.name,
            "text": wanted,
        }
        client = context.security_insights_client
        found = await self._azure.read_all(
            "list the installed content packages",
            lambda: client.content_packages.list(context.resource_group, context.workspace_name),
        )
        kept = sorted(
            (_package(each) for each in found if _is_about(each, wanted)),
            key=lambda each: (each.title.casefold(), each.id),
        )
        page = page_of(kept, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return ContentPackageListing(
            workspace=context.config.name,
            packages=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
            warnings=_cut_short(found),
        )

    async def catalogue(
        self,
        wanted: str | None,
        state: PackageState | None,
        *,
        limit: int,
        cursor: str | None,
        workspace: str | None,
    ) -> ProductPackageListing:
        """Return one page of the catalogue, in order of title; Azure searches it for the text."""
        context = await self._azure.open(workspace)
        call = {
            "tool": "list_product_packages",
            "workspace": context.config.name,
            "text": wanted,
            "state": state,
        }
        client = context.security_insights_client
        found = await self._azure.read_all(
            "list the packages of the content hub",
            lambda: client.product_packages.list(
                context.resource_group, context.workspace_name, search=wanted
            ),
        )
        kept = sorted(
            (each for each in map(_product, found) if state in (None, each.state)),
            key=lambda each: (each.title.casefold(), each.id),
        )
        page = page_of(kept, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return ProductPackageListing(
            workspace=context.config.name,
            packages=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
            warnings=_cut_short(found),
        )

    async def templates(
        self, wanted: TemplateFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> ContentTemplateListing:
        """Return one page of the installed templates, of which there are thousands.

        It is one of Azure's own pages, or the part of one that fits.
        """
        context = await self._azure.open(workspace)
        call = {
            "tool": "list_content_templates",
            "workspace": context.config.name,
            "text": wanted.text,
            "kind": wanted.kind,
            "package_id": wanted.package_id,
            "limit": limit,
        }
        place = _Place() if cursor is None else _Place.of(decode_cursor(call, cursor))
        filters = odata.all_of(
            odata.eq("properties/contentKind", wanted.kind) if wanted.kind else None,
            odata.eq("properties/packageId", wanted.package_id) if wanted.package_id else None,
        )
        client = context.security_insights_client
        found, following = await self._azure.read_page(
            "list the content templates",
            lambda: client.content_templates.list(
                context.resource_group,
                context.workspace_name,
                filter=filters,
                search=wanted.text,
                top=limit,
                skip_token=place.token,
            ),
        )
        shown = self._fitting([_template(each) for each in found[place.offset :]])
        upcoming = _Place(place.token, place.offset + len(shown))
        if upcoming.offset >= len(found):
            upcoming = _Place(following) if following else None
        return ContentTemplateListing(
            workspace=context.config.name,
            templates=shown,
            next_cursor=encode_cursor(call, str(upcoming)) if upcoming else None,
        )

    def _fitting(self, templates: list[ContentTemplate]) -> list[ContentTemplate]:
        left = self._azure.max_answer_bytes
        for count, each in enumerate(templates):
            left -= size_bytes(each)
            if left < 0 and count:
                return templates[:count]
        return templates


def _package(document: Document) -> ContentPackage:
    return ContentPackage(**_package_fields(document))


def _product(document: Document) -> ProductPackage:
    properties = inner(document, "properties")
    newest, installed = text(properties, "version"), text(properties, "installedVersion")
    state: PackageState = "installed"
    if installed is None:
        state = "not_installed"
    elif newest is not None and _version(newest) > _version(installed):
        state = "update_available"
    return ProductPackage(**_package_fields(document), state=state, installed_version=installed)


def _package_fields(document: Document) -> dict[str, Any]:
    # The fields of `ContentPackage` by name; pydantic checks them where they are used.
    properties = inner(document, "properties")
    needed = inners(inner(properties, "dependencies"), "criteria")
    kinds = Counter(text(each, "kind", 60) or "Unknown" for each in needed)
    return {
        "id": name(document),
        "title": text(properties, "displayName", 200) or name(document),
        "kind": text(properties, "contentKind"),
        "version": text(properties, "version", 60),
        "description": text(properties, "description", _DESCRIPTION_CHARS),
        "publisher": text(properties, "publisherDisplayName", 200)
        or text(inner(properties, "author"), "name", 200),
        "support": text(inner(properties, "support"), "tier"),
        "categories": texts(inner(properties, "categories"), "domains", 100),
        "contents": dict(kinds.most_common(20)),
        "preview": _is_set(properties, "isPreview"),
        "deprecated": _is_set(properties, "isDeprecated"),
    }


def _template(document: Document) -> ContentTemplate:
    properties = inner(document, "properties")
    return ContentTemplate(
        id=name(document),
        title=text(properties, "displayName", 200) or name(document),
        kind=text(properties, "contentKind"),
        version=text(properties, "version", 60),
        package=text(properties, "packageName", 200)
        or text(inner(properties, "source"), "name", 200),
        package_id=text(properties, "packageId", 260),
        tactics=texts(properties, "threatAnalysisTactics"),
        techniques=texts(properties, "threatAnalysisTechniques"),
        deprecated=_is_set(properties, "isDeprecated"),
    )


def _is_about(document: Document, wanted: str | None) -> bool:
    if wanted is None:
        return True
    package, properties = _package(document), inner(document, "properties")
    # Of the description an answer shows the beginning only.
    description = text(properties, "description", SEARCHED_CHARS)
    told = (package.title, description, package.publisher, package.id, *package.categories)
    return wanted.casefold() in "\n".join(filter(None, told)).casefold()


def _is_set(properties: Document, key: str) -> bool:
    # The flags of this API are the texts "true" and "false".
    return str(properties.get(key)).casefold() == "true"


def _version(version: str) -> tuple[tuple[int, str], ...]:
    """Return what versions are compared by: numbers, and below them any text."""
    return tuple(
        (int(part), "") if part.isascii() and part.isdigit() and len(part) < 10 else (-1, part)
        for part in version.split(".")
    )


def _cut_short(found: list[Document]) -> list[str]:
    if len(found) < MAX_DOCUMENTS:
        return []
    return [f"Only the first {MAX_DOCUMENTS} packages were read."]
