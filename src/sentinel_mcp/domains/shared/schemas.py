"""Which tables and columns a workspace has, and on which plan: read once, kept for an hour."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import inner, text
from sentinel_mcp.domains.documents import name as name_of
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql.catalog import Catalog, TableSchema, bundled
from sentinel_mcp.kql.functions import FunctionSchema
from sentinel_mcp.kql.results import Column, Environment
from sentinel_mcp.kql.validator import Checker

log = logging.getLogger(__name__)

FRESH_S = 3600.0
"""How long a workspace's schema is taken as it was read."""

RETRY_S = 60.0
"""How long a failed reading is not repeated."""

SETTLED_S = 5.0
"""How long a schema is taken as it is even when a query names what it does not have."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A catalogue, and why it is only the bundled one or an older one, where it is."""

    catalog: Catalog
    problem: SentinelError | None
    read_at_s: float
    is_bundled: bool = False
    """Whether nothing of it was read from the workspace."""

    @property
    def present(self) -> dict[str, TableSchema]:
        """The tables that the workspace has; none where nothing was read from it."""
        if self.is_bundled:
            return {}
        return {name: each for name, each in self.catalog.tables.items() if each.present}


@dataclass(frozen=True, slots=True)
class Plans:
    """The plan of each table (`Analytics`, `Basic`, `Auxiliary`), or why it is not known."""

    by_table: Mapping[str, str]
    problem: SentinelError | None
    read_at_s: float


class Schemas:
    """Reads the schema of each workspace when it is first needed, and again every hour."""

    def __init__(
        self,
        azure: AzureCalls,
        checker: Checker | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`checker` is told when a schema is another than before, and forgets its verdicts."""
        self._azure = azure
        self._checker = checker
        self._clock = clock
        self._kept: dict[str, Schema] = {}
        self._plans: dict[str, Plans] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(
        self, environment: Environment, workspace: str | None, *, refresh: bool = False
    ) -> Schema:
        """Return what is known of a workspace's tables; XDR has no workspace, only the bundle.

        A workspace whose schema cannot be read still gets the bundled tables, with the problem.
        """
        base = await asyncio.to_thread(bundled, environment)
        if environment == "xdr":
            return Schema(base, None, self._clock(), is_bundled=True)
        name = (await self._azure.open(workspace)).config.name
        async with self._lock(name):
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

    async def plans(self, workspace: str | None) -> Plans:
        """Return the plan of each table; reading it takes another role than the schema does."""
        name = (await self._azure.open(workspace)).config.name
        async with self._lock(f"{name} plans"):
            kept = self._plans.get(name)
            if kept is None or self._is_old(kept):
                self._plans[name] = kept = await self._read_plans(name, kept)
        return kept

    def _lock(self, key: str) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())

    def _is_old(self, kept: Schema | Plans) -> bool:
        limit = RETRY_S if kept.problem else FRESH_S
        return self._clock() - kept.read_at_s > limit

    async def _read(self, base: Catalog, name: str, before: Schema | None) -> Schema:
        # Loaded late: it brings the SDK's request classes.
        from sentinel_mcp.azure.logs import ROLE, read_metadata

        context = await self._azure.open(name)
        metadata = await self._azure.attempt(
            self._azure.call(
                "read the schema of the workspace", lambda: read_metadata(context), role=ROLE
            )
        )
        if isinstance(metadata, SentinelError):
            log.warning("schema of workspace %s not read: %s", name, metadata.code)
            return Schema(
                before.catalog if before else base,
                metadata,
                self._clock(),
                is_bundled=before is None or before.is_bundled,
            )
        catalog = await asyncio.to_thread(_merged, base, metadata)
        if self._checker and before and before.catalog.version != catalog.version:
            self._checker.forget()
        return Schema(catalog, None, self._clock())

    async def _read_plans(self, name: str, before: Plans | None) -> Plans:
        context = await self._azure.open(name)
        client = context.loganalytics_client
        tables = await self._azure.attempt(
            self._azure.read_all(
                "read the plans of the tables",
                lambda: client.tables.list_by_workspace(
                    context.resource_group, context.workspace_name
                ),
            )
        )
        if isinstance(tables, SentinelError):
            return Plans(before.by_table if before else {}, tables, self._clock())
        plans = {name_of(each): text(inner(each, "properties"), "plan") for each in tables}
        return Plans({name: plan for name, plan in plans.items() if plan}, None, self._clock())


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
