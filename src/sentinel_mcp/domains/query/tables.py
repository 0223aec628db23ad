"""Finds tables by what they are about, and tells what each is worth querying."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sentinel_mcp.azure.context import AzureServicesContext
from sentinel_mcp.azure.failures import translated
from sentinel_mcp.azure.logs import LogsRequest, LogsTable, query_logs
from sentinel_mcp.azure.workspaces import Workspaces
from sentinel_mcp.domains.query.fitting import fit
from sentinel_mcp.domains.query.models import (
    ColumnInfo,
    QueryTable,
    TableDetail,
    TableListing,
    TableSummary,
)
from sentinel_mcp.domains.query.ranking import ranked
from sentinel_mcp.domains.shared.schemas import Schemas
from sentinel_mcp.errors import NotFound, SentinelError
from sentinel_mcp.kql.catalog import Catalog, TableSchema
from sentinel_mcp.kql.literals import identifier, string
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import Lane, TaskManager

USAGE = """
Usage
| where TimeGenerated > ago(30d)
| summarize Gigabytes = sum(Quantity) / 1000, LastEvent = max(EndTime) by DataType
| extend LastEvent = min_of(LastEvent, now())
| project DataType, Gigabytes, LastEvent
"""
"""Volume per table, as the workspace itself accounts for it, by the hour; `Quantity` is in MB."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[T]):
    """Something that is good to know, or why it is not known."""

    value: T | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Worth:
    gigabytes_30d: float | None = None
    last_event: datetime | None = None


class Tables:
    """Reads what a workspace's tables are, what they hold and how much."""

    def __init__(
        self, workspaces: Workspaces, tasks: TaskManager, schemas: Schemas, settings: Settings
    ) -> None:
        self._workspaces = workspaces
        self._tasks = tasks
        self._schemas = schemas
        self._settings = settings

    async def search(
        self, text: str, limit: int, workspace: str | None = None, *, refresh: bool = False
    ) -> TableListing:
        """Return the tables whose name, description or columns are about `text`, best first.

        An empty text lists the tables of the workspace, the largest first.
        """
        context = await self._workspaces.get(workspace)
        schema = await self._schemas.of("sentinel", workspace, refresh=refresh)
        worth, plans = await asyncio.gather(
            self._try("the volume of the tables", self._worth(context)),
            self._try("the plans of the tables", self._plans(context)),
        )
        volumes, table_plans = worth.value or {}, plans.value or {}
        found = ranked(
            schema.catalog, text, {name: each.gigabytes_30d or 0 for name, each in volumes.items()}
        )
        return TableListing(
            workspace=context.config.name,
            tables=[
                TableSummary(
                    name=table.name,
                    description=_short(table.description),
                    in_workspace=table.present,
                    plan=_properties(table_plans.get(table.name)).get("plan"),
                    last_event=volumes.get(table.name, _Worth()).last_event,
                    gigabytes_30d=volumes.get(table.name, _Worth()).gigabytes_30d,
                    matched_columns=columns,
                )
                for table, columns in found[:limit]
            ],
            total_count=len(found),
            warnings=_problems(schema.problem, worth.problem, plans.problem),
        )

    async def get(
        self, name: str, sample_rows: int = 0, workspace: str | None = None
    ) -> TableDetail:
        """Return one table with its columns, volume, plan and, if asked for, its latest rows.

        Raises:
            NotFound: there is no such table; names the nearest.

        """
        context = await self._workspaces.get(workspace)
        schema = await self._schemas.of("sentinel", workspace)
        table = _find(schema.catalog, name)
        present = table.present
        worth, plan, sample = await asyncio.gather(
            self._try("the volume of the table", self._worth(context, table.name)),
            self._try("the plan of the table", self._plan(context, table.name)),
            self._try("sample rows", self._sample(context, table.name, sample_rows)),
        )
        volume = (worth.value or {}).get(table.name, _Worth())
        properties = _properties(plan.value)
        return TableDetail(
            workspace=context.config.name,
            name=table.name,
            description=table.description or None,
            in_workspace=present,
            columns=[
                ColumnInfo(name=each.name, type=each.type, description=each.description or None)
                for each in table.columns
            ],
            plan=properties.get("plan"),
            retention_days=properties.get("retentionInDays"),
            total_retention_days=properties.get("totalRetentionInDays"),
            last_event=volume.last_event,
            gigabytes_30d=volume.gigabytes_30d,
            sample=sample.value,
            warnings=_problems(
                schema.problem,
                worth.problem,
                plan.problem,
                sample.problem,
            ),
        )

    async def _try(self, what: str, work: Awaitable[T]) -> _Outcome[T]:
        try:
            return _Outcome(value=await work)
        except SentinelError as error:
            return _Outcome(problem=f"Not known: {what}. {error}")

    async def _worth(
        self, context: AzureServicesContext, table: str | None = None
    ) -> dict[str, _Worth]:
        query = USAGE if table is None else f"{USAGE}| where DataType == {string(table)}"
        rows = (await self._rows(context, query)).rows
        return {
            str(name): _Worth(
                gigabytes_30d=float(str(gigabytes)) if gigabytes is not None else None,
                last_event=datetime.fromisoformat(str(last)) if last is not None else None,
            )
            for name, gigabytes, last in rows
        }

    async def _sample(
        self, context: AzureServicesContext, table: str, count: int
    ) -> QueryTable | None:
        if count == 0:
            return None
        rows = await self._rows(
            context, f"{identifier(table)} | top {count:d} by TimeGenerated desc", timespan="P7D"
        )
        # Half of an answer: the columns need the other.
        half = self._settings.max_answer_bytes // 2
        return fit([rows], form="rows", max_rows=count, max_bytes=half).tables[0]

    async def _rows(
        self, context: AzureServicesContext, query: str, timespan: str | None = None
    ) -> LogsTable:
        answer = await self._tasks.run(
            "query",
            lambda _: query_logs(
                context,
                LogsRequest(
                    query=query, timespan=timespan, server_timeout_s=self._settings.query_timeout_s
                ),
                max_bytes=self._settings.max_response_bytes,
            ),
            lane=Lane.QUERY,
            deadline_s=self._settings.query_timeout_s,
        )
        return answer.tables[0] if answer.tables else LogsTable(name="", columns=[], rows=[])

    async def _plans(self, context: AzureServicesContext) -> dict[str, dict[str, Any]]:
        async def read() -> dict[str, dict[str, Any]]:
            with translated("list the tables", role="Log Analytics Reader"):
                return {
                    str(table.name): table.as_dict()
                    async for table in context.loganalytics_client.tables.list_by_workspace(
                        context.resource_group, context.workspace_name
                    )
                }

        return await self._managed("list tables", read)

    async def _plan(self, context: AzureServicesContext, table: str) -> dict[str, Any]:
        async def read() -> dict[str, Any]:
            with translated(f"read the table {table!r}", role="Log Analytics Reader"):
                found = await context.loganalytics_client.tables.get(
                    context.resource_group, context.workspace_name, table
                )
            return found.as_dict()

        return await self._managed("get table", read)

    async def _managed(self, name: str, read: Callable[[], Awaitable[T]]) -> T:
        return await self._tasks.run(
            name,
            lambda _: read(),
            lane=Lane.MANAGEMENT,
            deadline_s=self._settings.management_timeout_s,
        )


def _find(catalog: Catalog, name: str) -> TableSchema:
    if table := catalog.tables.get(name):
        return table
    folded = [each for each in catalog.tables if each.lower() == name.lower()]
    if len(folded) == 1:
        return catalog.tables[folded[0]]
    near = ", ".join(catalog.nearest(name))
    raise NotFound(
        f"There is no table {name!r}.",
        hint=f"Nearest: {near}." if near else "`search_tables` finds tables by what they hold.",
    )


def _properties(table: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (table or {}).get("properties") or {}


def _short(description: str) -> str | None:
    first, stop, _ = description.partition(". ")
    return f"{first}{stop.rstrip()}" or None


def _problems(*problems: SentinelError | str | None) -> list[str]:
    return [str(each) for each in problems if each]
