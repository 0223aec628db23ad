"""KQL of a caller that goes elsewhere than to the workspace's logs: checked, queued, cut to size.

The guard decides on it as it does on `run_query`. What a schema that is only bundled does not
know is a warning here: the service has newer tables and functions of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from sentinel_mcp.domains.calls import QUEUE_PATIENCE_S
from sentinel_mcp.domains.rows import Room
from sentinel_mcp.domains.verdicts import (
    UNKNOWN_NAMES,
    require_allowed,
    require_none,
    syntax_only_warnings,
    told_diagnostic,
)
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.results import Check, Environment
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import Lane, Progress, TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.logs import LogsAnswer

_ERRORS_TOLD = 3


class ResultColumn(BaseModel):
    """A column of a result; `type` is a Kusto scalar type."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is left of a result, and what to say of how it was cut."""

    columns: list[ResultColumn]
    rows: list[list[Any]]  # Any: a cell is of its column's type
    truncated: bool
    warnings: list[str]


class CallerQueries:
    """Checks and runs queries of callers.

    Without a `checker` of the server, the grammar alone is asked: the guard holds all the same.
    """

    def __init__(self, tasks: TaskManager, settings: Settings, checker: Checker | None) -> None:
        self._tasks = tasks
        self._settings = settings
        self._checker = checker or Checker(
            timeout_s=settings.validation_timeout_s,
            allow=settings.allow_kql,
            allowed_workspaces=settings.allowed_remote_workspaces,
            prefer_grammar=True,
        )

    async def warnings(
        self,
        query: str,
        environment: Environment,
        about_time: Callable[[Check], Iterable[str]] = lambda _: (),
    ) -> list[str]:
        """Return what to say of a query that may run; `about_time` says it of its range.

        Raises:
            QueryRefused: the guard does not let it run.
            KqlError: it is not valid, whatever tables there are.

        """
        catalog = await asyncio.to_thread(bundled, environment)
        check = await self._checker.check(query, catalog)
        require_allowed(check)
        # The grammar knows no binding, and less syntax than the service: that has the last word.
        unsure = check.engine == "grammar"
        require_none(
            [each for each in check.errors if not unsure and each.code not in UNKNOWN_NAMES],
            hint=f"Correct it and check it with `validate_query`, environment `{environment}`.",
        )
        perhaps = [
            f"Perhaps not valid: {told_diagnostic(each)}" for each in check.errors[:_ERRORS_TOLD]
        ]
        return [*perhaps, *about_time(check), *syntax_only_warnings(check)]

    async def run(
        self, operation: str, fetch: Callable[[int], Awaitable[LogsAnswer]], timeout_s: int
    ) -> LogsAnswer:
        """Await `fetch` in its turn among the queries."""

        async def work(_: Progress) -> LogsAnswer:
            return await fetch(timeout_s)

        return await self._tasks.run(
            operation, work, lane=Lane.QUERY, deadline_s=timeout_s + QUEUE_PATIENCE_S
        )

    def fitted(self, answer: LogsAnswer, max_rows: int) -> Fitted:
        """Return the first rows of the result's first table, as many as an answer holds."""
        if not answer.tables:
            return Fitted([], [], answer.truncated, [])
        table = answer.tables[0]
        room = Room.of(max_rows=max_rows, max_bytes=self._settings.max_answer_bytes)
        rows = room.take(table.rows)
        truncated = answer.truncated or room.full
        warnings = room.warnings(truncated=truncated)
        if len(answer.tables) > 1:
            warnings.append(f"Only the first of {len(answer.tables)} results is here.")
        columns = [ResultColumn(name=name, type=kind) for name, kind in table.columns]
        return Fitted(columns, rows, truncated, warnings)
