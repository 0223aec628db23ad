"""How an area asks Microsoft Graph: in its turn, page by page, within the size of an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel

from sentinel_mcp.azure import graph
from sentinel_mcp.azure.graph import GraphPage, GraphRequest
from sentinel_mcp.azure.paging import decode_cursor, encode_cursor
from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import Document
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import InputError, NotFound

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

Item = TypeVar("Item", bound=BaseModel)

FRAME_BYTES = 2_048
"""Of an answer, for what is beside its list: a cursor, above all."""

_OFFSET_DIGITS = 4


@dataclass(frozen=True, slots=True)
class GraphListing(Generic[Item]):
    """The items of a page, how many there are in all where it was counted, and what follows."""

    items: list[Item]
    total: int | None
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in a list: a page of Graph's, and how many of its items were shown before."""

    token: str | None = None
    skipped: int = 0


class GraphCalls:
    """Asks Graph; each request names the permission that allows it."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def read(self, context: AzureServicesContext, request: GraphRequest) -> Document:
        """Return a document.

        Raises:
            NotFound: there is no such document.

        """
        return await self._azure.call(
            request.operation, lambda: graph.read(context, request), role=request.permission
        )

    async def read_if_there(
        self, context: AzureServicesContext, request: GraphRequest
    ) -> Document | None:
        """Return a document, or None where there is no such thing."""
        try:
            return await self.read(context, request)
        except NotFound:
            return None

    async def read_page(
        self, context: AzureServicesContext, request: GraphRequest, *, token: str | None = None
    ) -> GraphPage:
        """Return a page of a list; `token` is that of the page before."""
        return await self._azure.call(
            request.operation,
            lambda: graph.read_page(context, request, token=token),
            role=request.permission,
        )

    async def listing(
        self,
        context: AzureServicesContext,
        request: GraphRequest,
        read: Callable[[Document], Item],
        *,
        call: Mapping[str, object],
        cursor: str | None,
        max_bytes: int,
    ) -> GraphListing[Item]:
        """Return a page of a list, or as much of it as `max_bytes` of JSON hold.

        Raises:
            InputError: the cursor belongs to another call.

        """
        place = _place(call, cursor)
        page = await self.read_page(context, request, token=place.token)
        left = page.items[place.skipped :]
        items = fitting([read(each) for each in left], max_bytes)
        following: _Place | None = None
        if len(items) < len(left):
            following = _Place(place.token, place.skipped + len(items))
        elif page.token:
            following = _Place(page.token)
        return GraphListing(items, page.total, _cursor(call, following))


def fitting(items: Sequence[Item], max_bytes: int) -> list[Item]:
    """Return the first items, at least one, that are not more than `max_bytes` of JSON."""
    kept: list[Item] = []
    size = 0
    for item in items:
        size += size_bytes(item) + 1
        if kept and size > max_bytes:
            break
        kept.append(item)
    return kept


def _place(call: Mapping[str, object], cursor: str | None) -> _Place:
    if cursor is None:
        return _Place()
    skipped, _, token = decode_cursor(call, cursor).partition(".")
    if not (skipped.isascii() and skipped.isdigit() and len(skipped) <= _OFFSET_DIGITS):
        raise InputError(
            "The cursor cannot be read.", hint="Take `next_cursor` of the previous page as it is."
        )
    return _Place(token or None, int(skipped))


def _cursor(call: Mapping[str, object], place: _Place | None) -> str | None:
    return None if place is None else encode_cursor(call, f"{place.skipped}.{place.token or ''}")
