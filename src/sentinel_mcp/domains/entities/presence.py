"""Which tables and columns a workspace has, of those that are searched."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import inner, inners, name, text
from sentinel_mcp.domains.entities.kql.knowledge import BEHAVIOUR, IDENTITY, INVENTORY, PEERS
from sentinel_mcp.domains.entities.kql.sightings import Presence
from sentinel_mcp.domains.entities.sources.all import SOURCES
from sentinel_mcp.errors import SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

FRESH_S = 3600.0
"""How long a workspace's schema is taken as it was read."""

_WANTED = frozenset(
    {
        *(each.table for each in (*SOURCES, *INVENTORY, BEHAVIOUR, IDENTITY, PEERS)),
        "SecurityAlert",
        "SecurityIncident",
        "Watchlist",
        "ThreatIntelIndicators",
    }
)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a workspace's tables."""

    presence: Presence
    apart: tuple[str, ...] = ()
    """Tables of a plan whose queries may read one table only, so that no union may have them."""


class Presences:
    """Reads the schema of each workspace when it is first needed, and again every hour."""

    def __init__(self, azure: AzureCalls, clock: Callable[[], float] = time.monotonic) -> None:
        self._azure = azure
        self._clock = clock
        self._kept: dict[str, tuple[float, Known]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(self, context: AzureServicesContext) -> Known:
        """Return the columns of each table that is there and of interest here."""
        workspace = context.config.name
        async with self._locks.setdefault(workspace, asyncio.Lock()):
            kept = self._kept.get(workspace)
            if kept is None or self._clock() - kept[0] > FRESH_S:
                columns, apart = await asyncio.gather(
                    self._azure.attempt(self._columns(context)),
                    self._azure.attempt(self._apart(context)),
                )
                if isinstance(columns, SentinelError):
                    raise columns
                # Without the plans, which take another role, most workspaces lose nothing.
                without = frozenset[str]() if isinstance(apart, SentinelError) else apart
                known = Known(
                    {table: each for table, each in columns.items() if table not in without},
                    tuple(sorted(without & columns.keys())),
                )
                self._kept[workspace] = kept = (self._clock(), known)
        return kept[1]

    async def _columns(self, context: AzureServicesContext) -> Presence:
        # Loaded late: it brings the SDK's request classes.
        from sentinel_mcp.azure.logs import ROLE, read_metadata

        metadata = await self._azure.call(
            "read the workspace's schema", lambda: read_metadata(context), role=ROLE
        )
        return {
            table: frozenset(
                column for each in inners(every, "columns") if (column := text(each, "name"))
            )
            for every in inners(metadata, "tables")
            if (table := text(every, "name")) in _WANTED
        }

    async def _apart(self, context: AzureServicesContext) -> frozenset[str]:
        client = context.loganalytics_client
        tables = await self._azure.read_all(
            "read the plans of the tables",
            lambda: client.tables.list_by_workspace(context.resource_group, context.workspace_name),
        )
        return frozenset(
            name(each)
            for each in tables
            if text(inner(each, "properties"), "plan") not in (None, "Analytics")
        )
