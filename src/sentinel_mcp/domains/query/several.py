"""One query in every workspace, or many queries in one: each outcome for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.query.models import (
    BatchResult,
    QueryBatch,
    QueryOutcome,
    QueryRequest,
    QueryResponse,
)
from sentinel_mcp.domains.query.service import Queries
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.tasks.manager import Watcher

ALL_WORKSPACES = "*"

MIN_SHARE_BYTES = 4_096
"""What one of many answers may weigh at least, so that each shows something."""

OnStep = Callable[[int, int], Awaitable[None]]
"""Told how many are done, of how many."""


class SeveralQueries:
    """Runs queries side by side, as many at once as the queue of queries lets through."""

    def __init__(self, queries: Queries, names: Sequence[str], *, max_bytes: int) -> None:
        self._queries = queries
        self._names = tuple(names)
        self._max_bytes = max_bytes

    async def run(self, request: QueryRequest, *, watcher: Watcher | None = None) -> QueryResponse:
        """Run a query where it asks for, which may be every workspace.

        Raises:
            SentinelError: it failed; of several workspaces, in every one.

        """
        if request.workspace_id != ALL_WORKSPACES:
            return await self._queries.run(request, watcher=watcher)
        share = max(self._max_bytes // len(self._names), MIN_SHARE_BYTES)
        found = await asyncio.gather(
            *(
                self._attempt(request.model_copy(update={"workspace_id": name}), share, watcher)
                for name in self._names
            )
        )
        return _together(dict(zip(self._names, found, strict=True)))

    async def run_all(self, requests: Sequence[QueryRequest], *, on_step: OnStep) -> QueryBatch:
        """Run each query; one that fails says so, and the others go on. In order of the queries."""
        share = max(self._max_bytes // len(requests), MIN_SHARE_BYTES)
        done = 0

        async def run(request: QueryRequest) -> QueryResponse | SentinelError:
            nonlocal done
            outcome = await self._attempt(request, share, None)
            done += 1
            await on_step(done, len(requests))
            return outcome

        found = await asyncio.gather(*map(run, requests))
        failed = sum(isinstance(each, SentinelError) for each in found)
        return QueryBatch(
            results=[
                BatchResult(query=request.query, error=Failure.of(outcome))
                if isinstance(outcome, SentinelError)
                else BatchResult(query=request.query, answer=outcome)
                for request, outcome in zip(requests, found, strict=True)
            ],
            succeeded=len(found) - failed,
            failed=failed,
        )

    async def _attempt(
        self, request: QueryRequest, max_bytes: int, watcher: Watcher | None
    ) -> QueryResponse | SentinelError:
        try:
            return await self._queries.run(request, watcher=watcher, max_bytes=max_bytes)
        except SentinelError as error:
            return error


def _together(found: dict[str, QueryResponse | SentinelError]) -> QueryResponse:
    answers = {name: each for name, each in found.items() if isinstance(each, QueryResponse)}
    errors = {name: each for name, each in found.items() if isinstance(each, SentinelError)}
    if not answers:
        raise next(iter(errors.values()))
    first = next(iter(answers.values()))
    warnings = [
        warning
        for name, answer in answers.items()
        for warning in (f"{name}: {each}" for each in answer.warnings)
    ]
    if errors:
        warnings.insert(0, f"No answer from {', '.join(errors)}; `outcomes` says why.")
    return QueryResponse(
        workspace=ALL_WORKSPACES,
        tables=[
            table.model_copy(update={"workspace": name})
            for name, answer in answers.items()
            for table in answer.tables
        ],
        row_count=sum(each.row_count for each in answers.values()),
        truncated=any(each.truncated for each in answers.values()),
        timespan=first.timespan,
        partial=bool(errors) or any(each.partial for each in answers.values()),
        outcomes=[_outcome(name, each) for name, each in found.items()],
        warnings=warnings,
    )


def _outcome(name: str, found: QueryResponse | SentinelError) -> QueryOutcome:
    if isinstance(found, SentinelError):
        return QueryOutcome(workspace=name, error=Failure.of(found))
    return QueryOutcome(
        workspace=name,
        row_count=found.row_count,
        truncated=found.truncated,
        partial=found.partial,
        error=Failure(code=found.error.code, message=found.error.message) if found.error else None,
    )
