"""Saved searches of the workspaces: read, saved and deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from sentinel_mcp.azure import odata
from sentinel_mcp.domains import changes
from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.changes import ChangeReport, Manner, Target
from sentinel_mcp.domains.documents import Document, inner, inners, name, text
from sentinel_mcp.domains.hunting.documents import (
    HUNTING,
    SEARCHED_CHARS,
    is_hunting,
    read_search,
    read_search_detail,
    saved_search,
)
from sentinel_mcp.domains.hunting.fitting import fitted
from sentinel_mcp.domains.hunting.models import (
    SavedSearch,
    SavedSearchDetail,
    SavedSearchListing,
)
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.domains.tactics import Tactic
from sentinel_mcp.errors import Conflict, InputError, NotFound
from sentinel_mcp.kql.literals import require_encodable

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

LOGS_READER = "Log Analytics Reader or Microsoft Sentinel Reader"
LOGS_CONTRIBUTOR = "Log Analytics Contributor or Microsoft Sentinel Contributor"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilter:
    """What a caller asks for; nothing set keeps every saved search."""

    text: str | None = None
    category: str | None = None
    functions_only: bool = False

    def keeps(self, document: Document) -> bool:
        """Whether the saved search passes; its query is searched, too."""
        properties = inner(document, "properties")
        told = "\n".join(
            found
            for key in ("displayName", "category", "functionAlias", "query")
            if (found := text(properties, key, SEARCHED_CHARS))
        )
        category = (text(properties, "category") or "").strip().casefold()
        return (
            (self.text is None or self.text.casefold() in told.casefold())
            and (self.category is None or self.category.strip().casefold() == category)
            and (not self.functions_only or text(properties, "functionAlias") is not None)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDraft:
    """A saved search as it is to be; None leaves what there is."""

    id: str | None
    title: str
    query: str
    category: str | None
    description: str | None
    tactics: Sequence[Tactic] | None
    techniques: Sequence[str] | None

    def tags(self, before: Document) -> list[dict[str, Any]]:
        """Return the tags there are to be: those of before, as they were, and the draft's own."""
        said = {
            "description": self.description,
            "tactics": None if self.tactics is None else ",".join(self.tactics),
            "techniques": None if self.techniques is None else ",".join(self.techniques),
        }
        new = {key: value for key, value in said.items() if value is not None}
        told: dict[str, dict[str, Any]] = {}
        for number, each in enumerate(inners(before, "tags")):
            key = text(each, "name")
            if key not in new:
                told[f"{number}"] = dict(each)
            elif f"new {key}" not in told:  # in its place: so the same tags are the same list
                told[f"new {key}"] = {**each, "value": new[key]}
        for key, value in new.items():
            told.setdefault(f"new {key}", {"name": key, "value": value})
        return [each for each in told.values() if each.get("value") != ""]

    def properties(self, before: Document) -> dict[str, Any]:
        """Return the properties there are to be, by their names at Azure."""
        tags = self.tags(before)
        return {
            "category": self.category or text(before, "category") or HUNTING,
            "displayName": self.title,
            "query": self.query,
            "tags": tags or None,
        }


class SavedSearches:
    """Reads and writes saved searches."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def page(
        self, wanted: SearchFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> SavedSearchListing:
        """Return one page, in order of title."""
        context = await self._azure.open(workspace)
        call = {
            "tool": "list_saved_searches",
            "workspace": context.config.name,
            "text": wanted.text,
            "category": wanted.category,
            "functions_only": wanted.functions_only,
        }
        found = map(saved_search, await list_searches(self._azure, context))
        kept: list[SavedSearch] = sorted(
            map(read_search, filter(wanted.keeps, found)),
            key=lambda each: (each.title.casefold(), each.id),
        )
        page = page_of(kept, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return SavedSearchListing(
            workspace=context.config.name,
            searches=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
        )

    async def get(self, search: str, *, workspace: str | None) -> SavedSearchDetail:
        """Return one saved search with its text."""
        context = await self._azure.open(workspace)
        found = await read_search_if_there(self._azure, context, search)
        if found is None:
            raise NotFound(
                f"There is no saved search {search!r} in workspace {context.config.name!r}.",
                hint="Take `id` of a search from `list_saved_searches`.",
            )
        detail = read_search_detail(found, context.config.name)
        return fitted(detail, self._azure.max_answer_bytes)

    async def save(
        self, draft: SearchDraft, manner: Manner, *, workspace: str | None
    ) -> ChangeReport:
        """Update the saved search of the draft's id, or of its title and category; else create it.

        Raises:
            InputError: several have that title.

        """
        require_encodable(draft.query, what="The query")
        context = await self._azure.open(workspace)
        if draft.id is not None:
            there = await read_search_if_there(self._azure, context, draft.id)
            return await self._update(context, draft.id, there, draft, manner)
        found = [saved_search(each) for each in await list_searches(self._azure, context)]
        same = [each for each in found if _is_called(each, draft)]
        if len(same) > 1:
            raise InputError(
                f"There are {len(same)} saved searches called {draft.title!r} in that category.",
                hint="Say which by `saved_search`: " + ", ".join(map(name, same[:10])) + ".",
            )
        if same:
            return await self._update(context, name(same[0]), same[0], draft, manner)
        if manner.etag is not None:
            raise Conflict(
                f"No saved search is called {draft.title!r} in that category: there is none with "
                "that etag.",
                hint="It was renamed or deleted, or never there. Leave `etag` out to create it.",
            )
        new = _id_for(draft, taken={name(each).casefold() for each in found})
        document = {"properties": _present(draft.properties({}))}
        target = self._target(context, new, draft.title, None)
        return await changes.create(target, document, self._write(context, new), manner, fresh=True)

    async def delete(self, search: str, manner: Manner, *, workspace: str | None) -> ChangeReport:
        """Delete one saved search."""
        context = await self._azure.open(workspace)
        there = await read_search_if_there(self._azure, context, search)
        client, resource = context.loganalytics_client, odata.resource_name(search)
        path = context.resource_group, context.workspace_name, resource

        async def remove() -> None:
            await self._azure.call(
                "delete a saved search",
                lambda: client.saved_searches.delete(*path),
                role=LOGS_CONTRIBUTOR,
            )

        target = self._target(context, search, _title(there), there)
        return await changes.delete(target, remove, manner)

    async def _update(
        self,
        context: AzureServicesContext,
        search: str,
        there: Document | None,
        draft: SearchDraft,
        manner: Manner,
    ) -> ChangeReport:
        def revise(before: Document) -> Mapping[str, Any]:
            return draft.properties(inner(before, "properties"))

        target = self._target(context, search, _title(there), there)
        return await changes.update(target, revise, self._write(context, search), manner)

    def _target(
        self, context: AzureServicesContext, search: str, title: str | None, there: Document | None
    ) -> Target:
        alias = text(inner(there or {}, "properties"), "functionAlias", 200)
        hunting = there is None or is_hunting(there)
        return Target(
            workspace=context.config.name,
            kind="function" if alias else "hunting query" if hunting else "saved search",
            name=search,
            title=f"{alias} ({title})" if alias else title,
            read=_from(there, lambda: read_search_if_there(self._azure, context, search)),
        )

    def _write(self, context: AzureServicesContext, search: str) -> changes.Write:
        client, resource = context.loganalytics_client, odata.resource_name(search)
        path = context.resource_group, context.workspace_name, resource

        async def write(document: dict[str, Any]) -> Document:
            body = {key: document[key] for key in ("etag", "properties") if document.get(key)}
            written = await self._azure.read(
                "save a query",
                lambda: client.saved_searches.create_or_update(*path, body),
                role=LOGS_CONTRIBUTOR,
            )
            return saved_search(written)

        return write


async def list_searches(azure: AzureCalls, context: AzureServicesContext) -> list[Document]:
    """Return all saved searches as they came; Azure sends the list whole."""
    client = context.loganalytics_client
    found = await azure.read(
        "list the saved searches",
        lambda: client.saved_searches.list_by_workspace(
            context.resource_group, context.workspace_name
        ),
        role=LOGS_READER,
    )
    return inners(found, "value")


async def read_search_if_there(
    azure: AzureCalls, context: AzureServicesContext, search: str
) -> Document | None:
    """Return a saved search, its keys spelt as documented; None where there is none."""
    client, resource = context.loganalytics_client, odata.resource_name(search)
    found = await azure.read_if_there(
        "read a saved search",
        lambda: client.saved_searches.get(context.resource_group, context.workspace_name, resource),
        role=LOGS_READER,
    )
    return None if found is None else saved_search(found)


def _from(
    there: Document | None, read: Callable[[], Awaitable[Document | None]]
) -> Callable[[], Awaitable[Document | None]]:
    """Return a reader that gives what has been read already, and after that reads anew."""
    held = [there] if there is not None else []

    async def again() -> Document | None:
        return held.pop() if held else await read()

    return again


def _is_called(document: Document, draft: SearchDraft) -> bool:
    properties = inner(document, "properties")
    wanted = (draft.title, draft.category or HUNTING)
    found = (text(properties, "displayName") or "", text(properties, "category") or "")
    return [each.strip().casefold() for each in found] == [
        each.strip().casefold() for each in wanted
    ]


def _id_for(draft: SearchDraft, taken: set[str]) -> str:
    """Return the id of a new saved search: the same for the same title and category.

    So a call that is repeated after its answer was lost finds what the first one made.
    """
    named = f"{(draft.category or HUNTING).casefold()}/{draft.title.casefold()}"
    found = str(uuid5(NAMESPACE_URL, f"ms-sentinel-mcp/saved search/{named}"))
    return changes.new_name() if found in taken else found


def _title(document: Document | None) -> str | None:
    return text(inner(document or {}, "properties"), "displayName", 200)


def _present(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if value is not None}
