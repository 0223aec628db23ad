"""Data connectors of the configured workspaces, and the definitions there are to connect."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.connectors.documents import (
    definition_title,
    read_connection,
    read_connection_detail,
    read_definition,
    read_definition_detail,
)
from sentinel_mcp.domains.connectors.freshness import Freshness
from sentinel_mcp.domains.connectors.models import (
    Connected,
    Connector,
    ConnectorDetail,
    ConnectorListing,
    MissingPart,
    Source,
)
from sentinel_mcp.domains.documents import Document, name
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import NotFound, SentinelError
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext
    from sentinel_mcp.azure.workspaces import Workspaces

MAX_DOCUMENTS = 1_000
"""Of each kind, read for one answer: these lists have no filter and no order at Azure."""


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
    """Reads connectors, and whether the tables that they feed are fresh."""

    def __init__(self, workspaces: Workspaces, tasks: TaskManager, settings: Settings) -> None:
        self._calls = AzureCalls(workspaces, tasks, settings)
        self.freshness = Freshness(self._calls)

    async def page(
        self, wanted: ConnectorFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> ConnectorListing:
        """Return one page of connections and definitions, in order of title.

        When one of the two lists cannot be read the answer says so; when both cannot, it raises.
        """
        context = await self._calls.open(workspace)
        call = {
            "tool": "list_connectors",
            "workspace": context.config.name,
            "text": wanted.text,
            "source": wanted.source,
            "connected": wanted.connected,
        }
        connections, definitions = await asyncio.gather(
            self._calls.attempt(self._connections(context)),
            self._calls.attempt(self._definitions(context)),
        )
        if isinstance(connections, SentinelError) and isinstance(definitions, SentinelError):
            raise connections
        kept = sorted(
            filter(wanted.keeps, _together(_list(connections), _list(definitions))),
            key=lambda each: (each.title.casefold(), each.source, each.name),
        )
        page = page_of(kept, PageRequest(call, limit, cursor, self._calls.max_answer_bytes))
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
        context = await self._calls.open(workspace)
        client, resource = context.security_insights_client, odata.resource_name(connector)
        path = context.resource_group, context.workspace_name, resource
        connection, definition = await asyncio.gather(
            self._calls.attempt(
                self._calls.read_if_there(
                    "read a data connector", lambda: client.data_connectors.get(*path)
                )
            ),
            self._calls.attempt(
                self._calls.read_if_there(
                    "read a data connector definition",
                    lambda: client.data_connector_definitions.get(*path),
                )
            ),
        )
        # The one that is there answers, whatever became of the other.
        if connection is not None and not isinstance(connection, SentinelError):
            return self._fitting(read_connection_detail(connection, context.config.name))
        if isinstance(definition, SentinelError):
            raise definition
        if definition is None:
            if connection is not None:
                raise connection
            raise NotFound(
                f"There is no connector {connector!r} in workspace {context.config.name!r}.",
                hint="Take `name` of a connector from `list_connectors`.",
            )
        connections = await self._calls.attempt(self._connections(context))
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
            if size_bytes(detail) <= self._calls.max_answer_bytes:
                break
            told = [*detail.warnings, f"`{part}` is left out: the answer would be too large."]
            detail = detail.model_copy(update={part: nothing, "warnings": told})
        return detail

    async def _connections(self, context: AzureServicesContext) -> list[Document]:
        client = context.security_insights_client
        return await self._calls.read_all(
            "list the data connectors",
            lambda: client.data_connectors.list(context.resource_group, context.workspace_name),
            max_documents=MAX_DOCUMENTS,
        )

    async def _definitions(self, context: AzureServicesContext) -> list[Document]:
        client = context.security_insights_client
        return await self._calls.read_all(
            "list the data connector definitions",
            lambda: client.data_connector_definitions.list(
                context.resource_group, context.workspace_name
            ),
            max_documents=MAX_DOCUMENTS,
        )


def _together(connections: list[Document], definitions: list[Document]) -> list[Connector]:
    titles = {name(each): definition_title(each) for each in definitions}
    read = [read_connection(each, titles) for each in connections]
    return [*read, *(read_definition(each, read) for each in definitions)]


def _list(found: list[Document] | SentinelError) -> list[Document]:
    return [] if isinstance(found, SentinelError) else found


def _missing(source: Source, found: list[Document] | SentinelError) -> list[MissingPart]:
    if not isinstance(found, SentinelError):
        return []
    return [MissingPart(source=source, error=Failure.of(found))]


def _searched(connector: Connector) -> str:
    types = [part for each in connector.data_types for part in (each.name, each.table)]
    return "\n".join(
        part
        for part in (connector.name, connector.kind, connector.title, connector.publisher, *types)
        if part
    ).casefold()
