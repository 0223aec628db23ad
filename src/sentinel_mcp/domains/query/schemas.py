"""Which tables and columns a workspace has, kept for an hour."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sentinel_mcp.azure.logs import read_metadata
from sentinel_mcp.azure.workspaces import Workspaces
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql.catalog import Catalog, TableSchema, bundled
from sentinel_mcp.kql.functions import FunctionSchema
from sentinel_mcp.kql.results import Column, Environment
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.tasks.manager import Lane, TaskManager

log = logging.getLogger(__name__)

FRESH_S = 3600.0
"""How long a workspace's schema is taken as it was read."""

RETRY_S = 60.0
"""How long a failed reading is not repeated."""

SETTLED_S = 5.0
"""How long a schema is taken as it is even when a query names what it does not have."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A catalogue, and why it is only the bundled one, where it is."""

    catalog: Catalog
    problem: SentinelError | None
    read_at_s: float


class Schemas:
    """Reads the schema of each workspace when it is first needed, and again every hour."""

    def __init__(
        self,
        workspaces: Workspaces,
        tasks: TaskManager,
        checker: Checker,
        *,
        deadline_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workspaces = workspaces
        self._tasks = tasks
        self._checker = checker
        self._deadline_s = deadline_s
        self._clock = clock
        self._kept: dict[str, Schema] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(
        self, environment: Environment, workspace: str | None, *, refresh: bool = False
    ) -> Schema:
        """Return what is known of a workspace's tables; XDR has no workspace, only the bundle.

        A workspace whose schema cannot be read still gets the bundled tables, with the problem.
        """
        base = await asyncio.to_thread(bundled, environment)
        if environment == "xdr":
            return Schema(base, None, self._clock())
        context = await self._workspaces.get(workspace)
        name = context.config.name
        async with self._locks.setdefault(name, asyncio.Lock()):
            kept = self._kept.get(name)
            if kept is None or refresh or self._is_old(kept):
                self._kept[name] = kept = await self._read(base, name, kept)
        return kept

    async def newer(
        self, than: Schema, environment: Environment, workspace: str | None
    ) -> Schema | None:
        """Read the schema again for a name that it lacks; None where that brings nothing new."""
        if environment == "xdr" or self._clock() - than.read_at_s < SETTLED_S:
            return None
        found = await self.of(environment, workspace, refresh=True)
        return None if found.catalog.version == than.catalog.version else found

    def _is_old(self, kept: Schema) -> bool:
        limit = RETRY_S if kept.problem else FRESH_S
        return self._clock() - kept.read_at_s > limit

    async def _read(self, base: Catalog, name: str, before: Schema | None) -> Schema:
        context = await self._workspaces.get(name)
        try:
            metadata = await self._tasks.run(
                f"read the schema of {name}",
                lambda _: read_metadata(context),
                lane=Lane.MANAGEMENT,
                deadline_s=self._deadline_s,
            )
        except SentinelError as error:
            log.warning("schema of workspace %s not read: %s", name, error.code)
            return Schema(before.catalog if before else base, error, self._clock())
        catalog = await asyncio.to_thread(_merged, base, metadata)
        if before and before.catalog.version != catalog.version:
            self._checker.forget()
        return Schema(catalog, None, self._clock())


def _merged(base: Catalog, metadata: Mapping[str, Any]) -> Catalog:
    return base.with_tables(_tables(metadata)).with_functions(_functions(metadata))


def _functions(metadata: Mapping[str, Any]) -> Iterable[FunctionSchema]:
    """Take the functions saved in the workspace: without them every call would be an error."""
    for function in metadata.get("functions") or ():
        yield FunctionSchema(
            name=function["name"],
            parameters=function.get("parameters") or "",
            kind="body",
            body=function.get("body") or "",
        )


def _tables(metadata: Mapping[str, Any]) -> Iterable[TableSchema]:
    for table in metadata.get("tables") or ():
        yield TableSchema(
            name=table["name"],
            columns=tuple(
                Column(each["name"], each["type"], each.get("description") or "")
                for each in table.get("columns") or ()
            ),
            description=table.get("description") or "",
        )
