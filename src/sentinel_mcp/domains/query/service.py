"""Checks a query, runs it within limits and shapes the answer."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel_mcp.azure.logs import LogsAnswer, LogsRequest, query_logs
from sentinel_mcp.azure.workspaces import Workspaces
from sentinel_mcp.domains.query.fitting import fit
from sentinel_mcp.domains.query.models import (
    AppliedTimespan,
    ColumnInfo,
    Finding,
    QueryFailure,
    QueryRequest,
    QueryResponse,
    RefusedConstruct,
    Validation,
)
from sentinel_mcp.domains.shared.schemas import Schema, Schemas
from sentinel_mcp.domains.timespans import applied_range, text_of
from sentinel_mcp.domains.verdicts import (
    UNKNOWN_NAMES,
    require_allowed,
    require_none,
    syntax_only_warnings,
)
from sentinel_mcp.kql.results import Check, Diagnostic, Environment
from sentinel_mcp.kql.timespan import parse_timespan
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import Lane, Progress, TaskInfo, TaskManager, Watcher

NO_TIME_FILTER = "no-time-filter"

_CORRECT_IT = (
    "Correct it and check it with `validate_query`; `search_tables` and `get_table` show what "
    "there is."
)

QUEUE_ALLOWANCE_S = 60
"""How much longer than the server timeout a query may take, waiting and reading included."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A query that may run, and how."""

    request: QueryRequest
    timespan: AppliedTimespan
    warnings: list[str]
    timeout_s: int
    deadline_s: float
    max_bytes: int


class Queries:
    """Runs and validates KQL."""

    def __init__(
        self,
        workspaces: Workspaces,
        tasks: TaskManager,
        checker: Checker,
        schemas: Schemas,
        settings: Settings,
    ) -> None:
        self._workspaces = workspaces
        self._tasks = tasks
        self._checker = checker
        self._schemas = schemas
        self._settings = settings

    async def run(
        self,
        request: QueryRequest,
        *,
        watcher: Watcher | None = None,
        max_bytes: int | None = None,
    ) -> QueryResponse:
        """Run one query and wait for its answer, of at most `max_bytes` where that is given.

        Raises:
            KqlError: the query does not parse or bind; nothing was sent.
            QueryRefused: the guard does not let it run; nothing was sent.

        """
        plan = await self._plan(request, max_bytes)
        return await self._tasks.run(
            "query",
            lambda progress: self._perform(plan, progress),
            lane=Lane.QUERY,
            deadline_s=plan.deadline_s,
            watcher=watcher,
        )

    async def start(self, request: QueryRequest) -> TaskInfo:
        """Check a query now and run it in the background."""
        plan = await self._plan(request)
        return self._tasks.start(
            "query",
            lambda progress: self._perform(plan, progress),
            lane=Lane.QUERY,
            deadline_s=plan.deadline_s,
        )

    async def validate(
        self, query: str, environment: Environment, workspace: str | None
    ) -> Validation:
        """Check a query without running it."""
        _, check = await self._check(query, environment, workspace)
        return Validation(
            valid=check.valid,
            engine=check.engine,
            environment=environment,
            diagnostics=[_finding(each) for each in check.diagnostics],
            tables=list(check.tables),
            functions=list(check.functions),
            columns=None
            if check.columns is None
            else [ColumnInfo(name=each.name, type=each.type) for each in check.columns],
            formatted=check.formatted,
            lint=[_finding(each) for each in check.lint],
            refused=[
                RefusedConstruct(
                    what=each.construct,
                    reason=each.reason,
                    line=each.line,
                    column=each.column,
                    allowed_by=each.allowed_by,
                )
                for each in check.refusals
            ],
            in_query=text_of(check),
        )

    async def _plan(self, request: QueryRequest, max_bytes: int | None = None) -> _Plan:
        if request.timespan is not None:
            parse_timespan(request.timespan)  # refused before anything is asked
        schema, check = await self._check(request.query, "sentinel", request.workspace_id)
        require_allowed(check)
        if request.check:
            require_none(check.errors, hint=_CORRECT_IT)
        span = applied_range(request.query, request.timespan, check, self._workspaces.clock())
        timeout_s = request.server_timeout or self._settings.query_timeout_s
        return _Plan(
            request,
            AppliedTimespan(
                requested=span.requested,
                applied=span.applied,
                in_query=span.in_query,
                source=span.source,
            ),
            warnings=[*span.warnings, *_warnings(check, schema)],
            timeout_s=timeout_s,
            deadline_s=timeout_s + QUEUE_ALLOWANCE_S,
            max_bytes=max_bytes or self._settings.max_answer_bytes,
        )

    async def _check(
        self, query: str, environment: Environment, workspace: str | None
    ) -> tuple[Schema, Check]:
        schema = await self._schemas.of(environment, workspace)
        check = await self._checker.check(query, schema.catalog)
        # The table or the function may have been made since the schema was read.
        lacking = any(each.code in UNKNOWN_NAMES for each in check.errors)
        if lacking and (newer := await self._schemas.newer(schema, environment, workspace)):
            return newer, await self._checker.check(query, newer.catalog)
        return schema, check

    async def _perform(self, plan: _Plan, progress: Progress) -> QueryResponse:
        context = await self._workspaces.get(plan.request.workspace_id)
        progress.report(0, message="waiting for the service")
        max_rows = plan.request.max_rows or self._settings.max_rows
        answer = await query_logs(
            context,
            LogsRequest(
                query=plan.request.query,
                timespan=plan.timespan.applied,
                server_timeout_s=plan.timeout_s,
                include_statistics=plan.request.include_statistics,
                include_visualization=plan.request.include_visualization,
            ),
            max_bytes=self._settings.max_response_bytes,
            # One more than is wanted tells whether there is more.
            max_rows=max_rows + 1,
        )
        return self._response(context.config.name, plan, answer, max_rows)

    def _response(
        self, workspace: str, plan: _Plan, answer: LogsAnswer, max_rows: int
    ) -> QueryResponse:
        fitted = fit(
            answer.tables,
            form=plan.request.format,
            max_rows=max_rows,
            max_bytes=plan.max_bytes,
        )
        truncated = fitted.room.full or answer.truncated
        warnings = [*plan.warnings, *fitted.room.warnings(truncated=truncated)]
        return QueryResponse(
            workspace=workspace,
            tables=fitted.tables,
            row_count=fitted.room.shown_rows,
            truncated=truncated,
            timespan=plan.timespan,
            partial=answer.fault is not None,
            error=QueryFailure(code=answer.fault.code, message=answer.fault.message)
            if answer.fault
            else None,
            statistics=answer.statistics,
            visualization=answer.visualization,
            warnings=warnings,
        )


def _warnings(check: Check, schema: Schema) -> list[str]:
    # A table without a filter on time is told with the range, where that does not limit it.
    warnings = [
        f"line {each.line}: {each.message} {each.suggestion or ''}".rstrip()
        for each in (*check.diagnostics, *check.lint)
        if each.severity == "warning" and each.code != NO_TIME_FILTER
    ]
    warnings += syntax_only_warnings(check)
    if schema.problem:
        warnings.append(
            f"The workspace's schema could not be read ({schema.problem.message}); "
            "the query was checked against the bundled one."
        )
    return warnings


def _finding(each: Diagnostic) -> Finding:
    return Finding(
        code=each.code,
        severity=each.severity,
        message=each.message,
        line=each.line,
        column=each.column,
        length=each.length,
        suggestion=each.suggestion,
    )
