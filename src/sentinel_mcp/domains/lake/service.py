"""The Microsoft Sentinel data lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_mcp.domains.caller_queries import CallerQueries
from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.lake.models import LakeAnswer
from sentinel_mcp.domains.timespans import whole_tables
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.logs import LogsAnswer
    from sentinel_mcp.azure.workspaces import Workspaces
    from sentinel_mcp.kql.validator import Checker

MAX_LAKE_S = 240
"""The lake ends a query after four minutes."""


class Lake:
    """Queries the data lake. Given the server's `checker`, queries are bound as well."""

    def __init__(
        self,
        workspaces: Workspaces,
        tasks: TaskManager,
        settings: Settings,
        checker: Checker | None = None,
    ) -> None:
        self._azure = AzureCalls(workspaces, tasks, settings)
        self._queries = CallerQueries(tasks, settings, checker)
        self._settings = settings

    async def query(
        self,
        query: str,
        *,
        max_rows: int | None,
        server_timeout_s: int | None,
        workspace: str | None,
    ) -> LakeAnswer:
        """Run a query over what the lake holds of a workspace.

        Raises:
            ConfigError: this cloud has no data lake.
            QueryRefused: the guard does not let it run; nothing was sent.
            KqlError: it does not parse or bind.

        """
        context = await self._azure.open(workspace)
        warnings = await self._queries.warnings(query, "sentinel", whole_tables)
        rows = max_rows or self._settings.max_rows

        async def fetch(timeout_s: int) -> LogsAnswer:
            # Loaded late: it brings the SDK's request classes.
            from sentinel_mcp.azure.lake import query_lake

            return await query_lake(
                context,
                query,
                timeout_s=timeout_s,
                max_bytes=self._settings.max_response_bytes,
                max_rows=rows + 1,
            )

        timeout_s = min(server_timeout_s or self._settings.query_timeout_s, MAX_LAKE_S)
        answer = await self._queries.run("query the data lake", fetch, timeout_s)
        fitted = self._queries.fitted(answer, rows)
        return LakeAnswer(
            workspace=context.config.name,
            columns=fitted.columns,
            rows=fitted.rows,
            row_count=len(fitted.rows),
            truncated=fitted.truncated,
            partial=answer.fault is not None,
            error=Failure(code=answer.fault.code, message=answer.fault.message)
            if answer.fault
            else None,
            warnings=[*warnings, *fitted.warnings],
        )
