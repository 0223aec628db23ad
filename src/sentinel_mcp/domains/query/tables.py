"""Finds tables by what they are about, and tells what each is worth querying."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from sentinel_mcp.azure.context import AzureServicesContext
from sentinel_mcp.azure.failures import translated
from sentinel_mcp.azure.logs import ROLE, LogsAnswer, LogsRequest, LogsTable, query_logs
from sentinel_mcp.azure.workspaces import Workspaces
from sentinel_mcp.domains.last_events import NEVER_DAYS, last_events_query, looked_back
from sentinel_mcp.domains.query.describing import columns_of, sample_of
from sentinel_mcp.domains.query.models import TableDetail, TableListing, TableSummary
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
| summarize Gigabytes = sum(Quantity) / 1000, HoursAgo = (now() - max(EndTime)) / 1h by DataType
| project DataType, Gigabytes, HoursAgo
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
    newest: timedelta | None = None
    """How long ago the last hour ended that the usage has data of."""


@dataclass(frozen=True, slots=True)
class _LastEvents:
    """By table, its last event; and what keeps others from being known."""

    at: Mapping[str, datetime]
    problems: list[str]


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
        shown = found[:limit]
        events = await self._last_events(context, [each for each, _ in shown], volumes, table_plans)
        return TableListing(
            workspace=context.config.name,
            tables=[
                TableSummary(
                    name=table.name,
                    description=_short(table.description),
                    in_workspace=table.present,
                    plan=_properties(table_plans.get(table.name)).get("plan"),
                    last_event=events.at.get(table.name),
                    gigabytes_30d=volumes.get(table.name, _Worth()).gigabytes_30d,
                    matched_columns=columns,
                )
                for table, columns in shown
            ],
            total_count=len(found),
            warnings=_problems(schema.problem, worth.problem, plans.problem, *events.problems),
        )

    async def get(
        self,
        name: str,
        sample_rows: int = 0,
        workspace: str | None = None,
        *,
        columns_containing: str | None = None,
    ) -> TableDetail:
        """Return one table with its columns, volume, plan and, if asked for, its latest rows.

        Of columns and rows only those columns are there whose name or description has the text.

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
        volumes = worth.value or {}
        events = await self._last_events(context, [table], volumes, {table.name: plan.value or {}})
        properties = _properties(plan.value)
        shown = columns_of(table, columns_containing, self._settings.max_answer_bytes // 2)
        rows = sample_of(
            sample.value,
            None if columns_containing is None else {each.name for each in shown.columns},
            self._settings.max_answer_bytes // 4,
        )
        return TableDetail(
            workspace=context.config.name,
            name=table.name,
            description=table.description or None,
            in_workspace=present,
            columns=shown.columns,
            columns_count=len(table.columns),
            plan=properties.get("plan"),
            retention_days=properties.get("retentionInDays"),
            total_retention_days=properties.get("totalRetentionInDays"),
            last_event=events.at.get(table.name),
            gigabytes_30d=volumes.get(table.name, _Worth()).gigabytes_30d,
            sample=None if sample.value is None else rows.rows,
            warnings=_problems(
                schema.problem,
                worth.problem,
                plan.problem,
                sample.problem,
                *events.problems,
                shown.warning,
                rows.warning,
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
                newest=timedelta(hours=float(str(hours))) if hours is not None else None,
            )
            for name, gigabytes, hours in rows
        }

    async def _last_events(
        self,
        context: AzureServicesContext,
        tables: Sequence[TableSchema],
        volumes: Mapping[str, _Worth],
        plans: Mapping[str, Mapping[str, Any]],
    ) -> _LastEvents:
        """Read when tables had their last event: exactly, from no further back than needed.

        The end of the last hour that the usage accounts for bounds the search, so that a table
        with data costs a few hours of itself, however large it is.
        """
        dated = [
            each
            for each in tables
            if each.present and any(column.name == "TimeGenerated" for column in each.columns)
        ]
        other = [
            each.name
            for each in dated
            if _properties(plans.get(each.name)).get("plan") not in (None, "Analytics")
        ]
        asked = [each.name for each in dated if each.name not in other]
        notices = [
            f"Its plan keeps {each} from being looked at for its last event." for each in other
        ]
        if not asked:
            return _LastEvents({}, notices)
        hinted = {each: volumes.get(each, _Worth()).newest for each in asked}
        found = await self._ask_last_events(context, hinted)
        # What came late is dated before the hour that the usage counts it in.
        late = {each: None for each in asked if hinted[each] is not None and each not in found.at}
        if late and not found.problems:
            more = await self._ask_last_events(context, late)
            found = _LastEvents({**found.at, **more.at}, more.problems)
        return _LastEvents(found.at, [*notices, *found.problems])

    async def _ask_last_events(
        self, context: AzureServicesContext, newest: Mapping[str, timedelta | None]
    ) -> _LastEvents:
        query = last_events_query({table: looked_back(back) for table, back in newest.items()})
        answer = await self._try(
            "the last events", self._answer(context, query, timespan=f"P{NEVER_DAYS}D")
        )
        if answer.value is None:
            return _LastEvents({}, [answer.problem or ""])
        fault = answer.value.fault
        problems = [f"Not known: some last events. {fault.message}"] if fault else []
        rows = answer.value.tables[0].rows if answer.value.tables else []
        at = {str(name): datetime.fromisoformat(str(last)) for name, last, _ in rows if last}
        return _LastEvents(at, problems)

    async def _sample(
        self, context: AzureServicesContext, table: str, count: int
    ) -> LogsTable | None:
        if count == 0:
            return None
        query = f"{identifier(table)} | top {count:d} by TimeGenerated desc"
        return await self._rows(context, query, timespan="P7D")

    async def _rows(
        self, context: AzureServicesContext, query: str, timespan: str | None = None
    ) -> LogsTable:
        answer = await self._answer(context, query, timespan)
        return answer.tables[0] if answer.tables else LogsTable(name="", columns=[], rows=[])

    async def _answer(
        self, context: AzureServicesContext, query: str, timespan: str | None = None
    ) -> LogsAnswer:
        return await self._tasks.run(
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

    async def _plans(self, context: AzureServicesContext) -> dict[str, dict[str, Any]]:
        async def read() -> dict[str, dict[str, Any]]:
            with translated("list the tables", role=ROLE):
                return {
                    str(table.name): table.as_dict()
                    async for table in context.loganalytics_client.tables.list_by_workspace(
                        context.resource_group, context.workspace_name
                    )
                }

        return await self._managed("list tables", read)

    async def _plan(self, context: AzureServicesContext, table: str) -> dict[str, Any]:
        async def read() -> dict[str, Any]:
            with translated(f"read the table {table!r}", role=ROLE):
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
