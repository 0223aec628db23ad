"""Data connectors of the configured workspaces, and the definitions there are to connect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sentinel_mcp.azure import odata
from sentinel_mcp.azure.failures import translated
from sentinel_mcp.domains.connectors.documents import (
    definition_title,
    read_connection,
    read_connection_detail,
    read_definition,
    read_definition_detail,
)
from sentinel_mcp.domains.connectors.models import (
    Connected,
    Connector,
    ConnectorDetail,
    ConnectorListing,
    Failure,
    MissingPart,
    Source,
)
from sentinel_mcp.domains.documents import Document, name
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.errors import NotFound, SentinelError
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import Lane, Progress, TaskManager

if TYPE_CHECKING:
    from azure.core.async_paging import AsyncItemPaged

    from sentinel_mcp.azure.context import AzureServicesContext
    from sentinel_mcp.azure.workspaces import Workspaces

READER = "Microsoft Sentinel Reader"
"""The least role that reads data connectors."""

MAX_DOCUMENTS = 1_000
"""Of each kind, read for one answer: these lists have no filter and no order at Azure."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorFilter:
    """What a caller asks for; nothing set keeps every connector."""

    text: str | None = None
    source: Source | None = None
    connected: Connected | None = None

    def keeps(self, connector: Connector) -> bool:
        """Whether the connector passes."""
        return (
            self.source in (None, connector.source)
            and self.connected in (None, connector.connected)
            and (self.text is None or self.text.casefold() in _searched(connector))
        )


class Connectors:
    """Reads connectors; every call to Azure waits for its place in the management lane."""

    def __init__(self, workspaces: Workspaces, tasks: TaskManager, settings: Settings) -> None:
        self._workspaces = workspaces
        self._tasks = tasks
        self._deadline_s = settings.management_timeout_s
        self._max_bytes = settings.max_answer_bytes

    async def page(
        self, wanted: ConnectorFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> ConnectorListing:
        """Return one page of connections and definitions, in order of title.

        When one of the two lists cannot be read the answer says so; when both cannot, it raises.
        """
        context = await self._workspaces.get(workspace)
        call = {
            "tool": "list_connectors",
            "workspace": context.config.name,
            "text": wanted.text,
            "source": wanted.source,
            "connected": wanted.connected,
        }
        connections, definitions = await asyncio.gather(
            self._attempt(self._connections(context)), self._attempt(self._definitions(context))
        )
        if isinstance(connections, SentinelError) and isinstance(definitions, SentinelError):
            raise connections
        kept = sorted(
            filter(wanted.keeps, _together(_list(connections), _list(definitions))),
            key=lambda each: (each.title.casefold(), each.source, each.name),
        )
        page = page_of(kept, PageRequest(call, limit, cursor, self._max_bytes))
        return ConnectorListing(
            workspace=context.config.name,
            connectors=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
            missing=[
                *_missing("connection", connections),
                *_missing("definition", definitions),
            ],
            warnings=[
                f"Only the first {MAX_DOCUMENTS} {what} were read."
                for what, each in (("connections", connections), ("definitions", definitions))
                if len(_list(each)) == MAX_DOCUMENTS
            ],
        )

    async def get(self, connector: str, *, workspace: str | None) -> ConnectorDetail:
        """Return the connection, or else the definition, of that name.

        Raises:
            NotFound: there is neither.

        """
        context = await self._workspaces.get(workspace)
        client, resource = context.security_insights_client, odata.resource_name(connector)
        path = context.resource_group, context.workspace_name, resource
        connection, definition = await asyncio.gather(
            self._found("read a data connector", lambda: client.data_connectors.get(*path)),
            self._found(
                "read a data connector definition",
                lambda: client.data_connector_definitions.get(*path),
            ),
        )
        if connection is not None:
            return self._fitting(read_connection_detail(connection, context.config.name))
        if definition is None:
            raise NotFound(
                f"There is no connector {connector!r} in workspace {context.config.name!r}.",
                hint="Take `name` of a connector from `list_connectors`.",
            )
        connections = await self._attempt(self._connections(context))
        detail = read_definition_detail(
            definition,
            context.config.name,
            [read_connection(each, {}) for each in _list(connections)],
        )
        if isinstance(connections, SentinelError):
            warning = f"Its connections could not be read: {connections}"
            detail = detail.model_copy(update={"warnings": [warning]})
        return self._fitting(detail)

    def _fitting(self, detail: ConnectorDetail) -> ConnectorDetail:
        """Leave parts out, the least useful first, until the answer is not too large."""
        parts: dict[str, object] = {"steps": [], "connected_when": [], "properties": {}}
        for part, nothing in parts.items():
            if len(detail.model_dump_json()) <= self._max_bytes:
                break
            told = [*detail.warnings, f"`{part}` is left out: the answer would be too large."]
            detail = detail.model_copy(update={part: nothing, "warnings": told})
        return detail

    async def _connections(self, context: AzureServicesContext) -> list[Document]:
        client = context.security_insights_client
        return await self._call(
            "list the data connectors",
            lambda: _read(
                client.data_connectors.list(context.resource_group, context.workspace_name)
            ),
        )

    async def _definitions(self, context: AzureServicesContext) -> list[Document]:
        client = context.security_insights_client
        return await self._call(
            "list the data connector definitions",
            lambda: _read(
                client.data_connector_definitions.list(
                    context.resource_group, context.workspace_name
                )
            ),
        )

    async def _attempt(self, reading: Awaitable[T]) -> T | SentinelError:
        try:
            return await reading
        except SentinelError as error:
            return error

    # Any: whatever model the SDK returns; its `as_dict` is all that is used.
    async def _found(self, operation: str, fetch: Callable[[], Awaitable[Any]]) -> Document | None:
        try:
            found = await self._call(operation, fetch)
        except NotFound:
            return None
        return found.as_dict()

    async def _call(self, operation: str, fetch: Callable[[], Awaitable[T]]) -> T:
        async def work(_: Progress) -> T:
            with translated(operation, role=READER):
                return await fetch()

        return await self._tasks.run(
            operation, work, lane=Lane.MANAGEMENT, deadline_s=self._deadline_s
        )


async def _read(pager: AsyncItemPaged[Any]) -> list[Document]:
    found: list[Document] = []
    async for each in pager:
        found.append(each.as_dict())
        if len(found) == MAX_DOCUMENTS:
            break
    return found


def _together(connections: list[Document], definitions: list[Document]) -> list[Connector]:
    titles = {name(each): definition_title(each) for each in definitions}
    read = [read_connection(each, titles) for each in connections]
    return [*read, *(read_definition(each, read) for each in definitions)]


def _list(found: list[Document] | SentinelError) -> list[Document]:
    return [] if isinstance(found, SentinelError) else found


def _missing(source: Source, found: list[Document] | SentinelError) -> list[MissingPart]:
    if not isinstance(found, SentinelError):
        return []
    error = Failure(code=found.code, message=found.message, hint=found.hint)
    return [MissingPart(source=source, error=error)]


def _searched(connector: Connector) -> str:
    types = [part for each in connector.data_types for part in (each.name, each.table)]
    return "\n".join(
        part
        for part in (connector.name, connector.kind, connector.title, connector.publisher, *types)
        if part
    ).casefold()
