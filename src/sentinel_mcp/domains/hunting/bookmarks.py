"""Bookmarks of the workspaces: read, and made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sentinel_mcp.azure import odata
from sentinel_mcp.domains import changes
from sentinel_mcp.domains.calls import CONTRIBUTOR, AzureCalls
from sentinel_mcp.domains.changes import ChangeReport, Manner, Target
from sentinel_mcp.domains.documents import Document, inner, last_segment, name
from sentinel_mcp.domains.hunting.bookmark_documents import read_bookmark, read_bookmark_detail
from sentinel_mcp.domains.hunting.models import (
    Bookmark,
    BookmarkDetail,
    BookmarkEntity,
    BookmarkListing,
)
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.domains.tactics import Tactic
from sentinel_mcp.errors import InputError, NotFound
from sentinel_mcp.kql.literals import require_encodable

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

MAX_RESULT_BYTES = 64 * 1024
_OLDEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookmarkFilter:
    """What a caller asks for; nothing set keeps every bookmark."""

    text: str | None = None
    label: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    incident: str | int | None = None

    def keeps(self, document: Document, bookmark: Bookmark) -> bool:
        """Whether the bookmark passes; one without a time passes no bound of time."""
        return self._mentions(document, bookmark) and self._fits(bookmark)

    def _mentions(self, document: Document, bookmark: Bookmark) -> bool:
        # A list shows the beginning of the notes only.
        notes = inner(document, "properties").get("notes")
        told = "\n".join(map(str, filter(None, (bookmark.title, notes, bookmark.created_by))))
        return self.text is None or self.text.casefold() in told.casefold()

    def _fits(self, bookmark: Bookmark) -> bool:
        return (
            (
                self.label is None
                or self.label.casefold() in [each.casefold() for each in bookmark.labels]
            )
            and (
                self.created_after is None
                or (bookmark.created is not None and bookmark.created >= self.created_after)
            )
            and (
                self.created_before is None
                or (bookmark.created is not None and bookmark.created < self.created_before)
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BookmarkDraft:
    """A bookmark as it is to be made."""

    id: str | None
    title: str
    query: str
    row: Mapping[str, Any] | None  # Any: a row of a result; its cells are of many kinds
    query_start: datetime | None
    query_end: datetime | None
    event_time: datetime | None
    entities: Sequence[BookmarkEntity]
    tactics: Sequence[Tactic]
    techniques: Sequence[str]
    labels: Sequence[str]
    notes: str | None

    def properties(self) -> dict[str, Any]:
        """Return the properties by their names at Azure; what is not said is left out.

        Raises:
            InputError: the row is too large to be kept.

        """
        properties: dict[str, Any] = {
            "displayName": self.title,
            "query": self.query,
            "queryResult": None if self.row is None else _row_text(self.row),
            "queryStartTime": _moment(self.query_start),
            "queryEndTime": _moment(self.query_end),
            "eventTime": _moment(self.event_time),
            "entityMappings": [
                {
                    "entityType": each.type,
                    "fieldMappings": [{"identifier": each.identifier, "value": each.value}],
                }
                for each in self.entities
            ],
            "tactics": list(self.tactics),
            "techniques": list(self.techniques),
            "labels": list(self.labels),
            "notes": self.notes,
        }
        return {key: value for key, value in properties.items() if value}


class Bookmarks:
    """Reads and makes bookmarks."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def page(
        self, wanted: BookmarkFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> BookmarkListing:
        """Return one page, newest first."""
        context = await self._azure.open(workspace)
        call = {
            "tool": "list_bookmarks",
            "workspace": context.config.name,
            "text": wanted.text,
            "label": wanted.label,
            "created_after": wanted.created_after,
            "created_before": wanted.created_before,
            "incident": wanted.incident,
        }
        client = context.security_insights_client
        incident, found = await asyncio.gather(
            self._incident_name(context, wanted.incident),
            self._azure.read_all(
                "list the bookmarks",
                lambda: client.bookmarks.list(context.resource_group, context.workspace_name),
            ),
        )
        kept = [
            bookmark
            for document, bookmark in zip(found, map(read_bookmark, found), strict=True)
            if wanted.keeps(document, bookmark)
            and (incident is None or _belongs(bookmark, incident))
        ]
        kept.sort(key=lambda each: (each.created or _OLDEST, each.id), reverse=True)
        page = page_of(kept, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return BookmarkListing(
            workspace=context.config.name,
            bookmarks=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
        )

    async def get(self, bookmark: str, *, workspace: str | None) -> BookmarkDetail:
        """Return one bookmark with its query and the row it keeps."""
        context = await self._azure.open(workspace)
        found = await self._read(context, bookmark)
        if found is None:
            raise NotFound(
                f"There is no bookmark {bookmark!r} in workspace {context.config.name!r}.",
                hint="Take `id` of a bookmark from `list_bookmarks`.",
            )
        return self._fitting(read_bookmark_detail(found, context.config.name))

    async def create(
        self, draft: BookmarkDraft, manner: Manner, *, workspace: str | None
    ) -> ChangeReport:
        """Make a bookmark; under the id of one that says the same, nothing is made."""
        require_encodable(draft.query, what="The query")
        document = {"properties": draft.properties()}
        context = await self._azure.open(workspace)
        bookmark = draft.id or changes.new_name()
        client, resource = context.security_insights_client, odata.resource_name(bookmark)
        path = context.resource_group, context.workspace_name, resource

        async def write(document: dict[str, Any]) -> Document:
            body: Any = document  # the SDK's own name for such a dict is a TypedDict
            return await self._azure.read(
                "create a bookmark",
                lambda: client.bookmarks.create_or_update(*path, body),
                role=CONTRIBUTOR,
            )

        target = Target(
            workspace=context.config.name,
            kind="bookmark",
            name=bookmark,
            read=lambda: self._read(context, bookmark),
        )
        return await changes.create(target, document, write, manner, fresh=draft.id is None)

    async def _read(self, context: AzureServicesContext, bookmark: str) -> Document | None:
        client, resource = context.security_insights_client, odata.resource_name(bookmark)
        return await self._azure.read_if_there(
            "read a bookmark",
            lambda: client.bookmarks.get(context.resource_group, context.workspace_name, resource),
        )

    async def _incident_name(
        self, context: AzureServicesContext, incident: str | int | None
    ) -> str | None:
        """Return an incident's name at Azure, which its number is looked up for."""
        if incident is None or isinstance(incident, str):
            return None if incident is None else last_segment(incident)
        client = context.security_insights_client
        found, _ = await self._azure.read_page(
            "find an incident by its number",
            lambda: client.incidents.list(
                context.resource_group,
                context.workspace_name,
                filter=odata.eq("properties/incidentNumber", incident),
                top=1,
            ),
        )
        if not found:
            raise NotFound(
                f"There is no incident {incident} in workspace {context.config.name!r}.",
                hint="Take its number from `list_incidents`.",
            )
        return name(found[0])

    def _fitting(self, detail: BookmarkDetail) -> BookmarkDetail:
        """Leave the kept row out where the answer would be too large with it."""
        if size_bytes(detail) <= self._azure.max_answer_bytes:
            return detail
        told = f"[left out: the row has {len(detail.result)} columns and is too large]"
        return detail.model_copy(update={"result": {}, "result_text": told, "other": {}})


def _belongs(bookmark: Bookmark, incident: str) -> bool:
    related = bookmark.incident.id if bookmark.incident else None
    return related is not None and related.casefold() == incident.casefold()


def _row_text(row: Mapping[str, Any]) -> str:
    written = json.dumps(row, ensure_ascii=False, default=str)
    require_encodable(written, what="The row")
    size = len(written.encode())
    if size > MAX_RESULT_BYTES:
        raise InputError(
            f"The row has {size:,} bytes; a bookmark keeps {MAX_RESULT_BYTES:,}.",
            hint="Keep the columns that matter.",
        )
    return written


def _moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return utc.isoformat().replace("+00:00", "Z")
