"""Groups of the directory, their owners and members."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sentinel_mcp.azure.graph import GraphPage
from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.documents import Document, text, time
from sentinel_mcp.domains.graph_calls import FRAME_BYTES, GraphCalls, GraphListing
from sentinel_mcp.domains.identity import requests
from sentinel_mcp.domains.identity.documents import (
    SHOWN_OF_GROUP,
    group_fields,
    read_group,
    read_member,
    remaining,
)
from sentinel_mcp.domains.identity.models import (
    GroupDetail,
    GroupListing,
    GroupPart,
    Member,
    MissingGroupPart,
)
from sentinel_mcp.domains.identity.requests import GroupFilter
from sentinel_mcp.errors import InputError, NotFound, SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext


class Groups:
    """Reads groups."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure
        self._graph = GraphCalls(azure)

    async def page(
        self, context: AzureServicesContext, wanted: GroupFilter, *, limit: int, cursor: str | None
    ) -> GroupListing:
        """Return one page of groups, by name; of a search, as Entra orders them."""
        call = {
            "tool": "list_groups",
            "workspace": context.config.name,
            "text": wanted.text,
            "group_type": wanted.group_type,
            "role_assignable": wanted.role_assignable,
            "limit": limit,
        }
        page = await self._graph.listing(
            context,
            requests.list_groups(wanted, limit),
            read_group,
            call=call,
            cursor=cursor,
            max_bytes=self._azure.max_answer_bytes - FRAME_BYTES,
        )
        return GroupListing(
            workspace=context.config.name,
            groups=page.items,
            total_count=page.total,
            next_cursor=page.next_cursor,
        )

    async def get(
        self, context: AzureServicesContext, group: str, *, limit: int, cursor: str | None
    ) -> GroupDetail:
        """Return a group with its owners and one page of its direct members.

        Raises:
            NotFound: there is no such group.
            InputError: several have that name.

        """
        document = await self._find(context, group)
        object_id = text(document, "id", 100) or ""
        call = {
            "tool": "get_group",
            "workspace": context.config.name,
            "id": object_id,
            "limit": limit,
        }
        graph, attempt = self._graph, self._azure.attempt
        owners, members = await asyncio.gather(
            attempt(graph.read_page(context, requests.owners_of(object_id))),
            attempt(
                graph.listing(
                    context,
                    requests.members_of(object_id, limit),
                    read_member,
                    call=call,
                    cursor=cursor,
                    max_bytes=self._azure.max_answer_bytes // 2,
                )
            ),
        )
        if cursor is not None and isinstance(members, SentinelError):
            raise members
        parts: dict[GroupPart, object] = {"owners": owners, "members": members}
        listed: GraphListing[Member] = (
            GraphListing([], None, None) if isinstance(members, SentinelError) else members
        )
        return GroupDetail(
            **group_fields(document),
            workspace=context.config.name,
            created=time(document, "createdDateTime"),
            owners=_people(owners),
            members=listed.items,
            members_count=listed.total,
            next_cursor=listed.next_cursor,
            properties=remaining(document, SHOWN_OF_GROUP),
            missing=[
                MissingGroupPart(part=part, error=Failure.of(each))
                for part, each in parts.items()
                if isinstance(each, SentinelError)
            ],
        )

    async def _find(self, context: AzureServicesContext, group: str) -> Document:
        if requests.is_id(group):
            return await self._graph.read(context, requests.get_group(group))
        page = await self._graph.read_page(context, requests.find_groups(group))
        if len(page.items) == 1:
            return page.items[0]
        if page.items:
            ids = ", ".join(text(each, "id", 100) or "" for each in page.items)
            raise InputError(
                f"Several groups go by {group!r}: {ids}.", hint="Ask by one of the ids."
            )
        raise NotFound(
            f"There is no group {group!r} in the directory.",
            hint="`list_groups` finds it by parts of its name.",
        )


def _people(page: GraphPage | SentinelError) -> list[Member]:
    return [] if isinstance(page, SentinelError) else [read_member(each) for each in page.items]
