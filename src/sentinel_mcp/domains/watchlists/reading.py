"""Reads watchlists and pages of items from Azure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import Document
from sentinel_mcp.errors import InputError, NotFound

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

_MAX_SKIP = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list of items goes on: after so many items of the page of a `$skipToken`."""

    token: str | None = None
    skip: int = 0

    def written(self) -> str:
        """Return the place as a cursor holds it."""
        return json.dumps([self.token, self.skip])

    @classmethod
    def read(cls, text: str) -> Place:
        """Return the place in a cursor.

        Raises:
            InputError: it is none.

        """
        try:
            token, skip = cast("list[object]", json.loads(text))
        except (ValueError, TypeError, RecursionError) as error:
            raise _unreadable() from error
        if not (token is None or isinstance(token, str)) or type(skip) is not int:
            raise _unreadable()
        if not 0 <= skip <= _MAX_SKIP:
            raise _unreadable()
        return cls(token, skip)


@dataclass(frozen=True, slots=True)
class Shelf:
    """One watchlist of one workspace, by the alias that was asked for."""

    azure: AzureCalls
    context: AzureServicesContext
    alias: str

    @property
    def path(self) -> tuple[str, str, str]:
        """What every method of the SDK takes first."""
        context = self.context
        return context.resource_group, context.workspace_name, odata.resource_name(self.alias)

    async def document(self) -> Document:
        """Return the watchlist itself.

        Raises:
            NotFound: there is none of that alias.

        """
        found = await self.document_if_there()
        if found is None:
            raise NotFound(
                f"There is no watchlist {self.alias!r} in workspace {self.context.config.name!r}.",
                hint="Take `alias` of a watchlist from `list_watchlists`.",
            )
        return found

    async def document_if_there(self) -> Document | None:
        """Return the watchlist itself, or None."""
        client = self.context.security_insights_client
        path = self.path
        return await self.azure.read_if_there(
            "read a watchlist", lambda: client.watchlists.get(*path)
        )

    async def item_if_there(self, item: str) -> Document | None:
        """Return one item, or None."""
        client = self.context.security_insights_client
        path, name = self.path, odata.resource_name(item)
        return await self.azure.read_if_there(
            "read a watchlist item", lambda: client.watchlist_items.get(*path, name)
        )

    async def page(self, token: str | None = None) -> tuple[Sequence[Document], str | None]:
        """Return a page of items, 100 of them at Azure, and the token of the next.

        Raises:
            NotFound: there is no such watchlist.

        """
        client = self.context.security_insights_client
        path = self.path
        try:
            return await self.azure.read_page(
                "list the items of a watchlist",
                lambda: client.watchlist_items.list(*path, skip_token=token),
            )
        except NotFound as error:
            raise NotFound(
                f"There is no watchlist {self.alias!r} in workspace {self.context.config.name!r}.",
                hint="Take `alias` of a watchlist from `list_watchlists`.",
            ) from error

    async def read_through(self, most: int) -> tuple[list[Document], bool]:
        """Return the items of at most so many pages, and whether these are all there are."""
        found: list[Document] = []
        token = None
        for _ in range(most):
            documents, token = await self.page(token)
            found += documents
            if token is None:
                break
        return found, token is None


def _unreadable() -> InputError:
    return InputError(
        "The cursor cannot be read.", hint="Take `next_cursor` of the previous page as it is."
    )
