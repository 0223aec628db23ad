"""How an area asks Azure: in its turn, within a deadline, with failures told in our terms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict

from sentinel_mcp.azure.failures import translated
from sentinel_mcp.azure.paging import document_of, first_page, listed
from sentinel_mcp.domains.documents import Document
from sentinel_mcp.errors import NotFound, SentinelError
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import Lane, Progress, TaskManager

if TYPE_CHECKING:
    from azure.core.async_paging import AsyncItemPaged

    from sentinel_mcp.azure.context import AzureServicesContext
    from sentinel_mcp.azure.workspaces import Workspaces

READER = "Microsoft Sentinel Reader"
RESPONDER = "Microsoft Sentinel Responder"
CONTRIBUTOR = "Microsoft Sentinel Contributor"

MAX_DOCUMENTS = 5_000
"""Read of one list for one answer, where Azure gives the list whole."""

QUEUE_PATIENCE_S = 60
"""How long a query of ours may wait for its turn, besides the time that Azure gives it."""

T = TypeVar("T")


class Failure(BaseModel):
    """Why a part of an answer is missing."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    hint: str | None = None

    @classmethod
    def of(cls, error: SentinelError) -> Failure:
        """Return what an answer says of an error."""
        return cls(code=error.code, message=error.message, hint=error.hint)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query of our own found: rows by column, at most as many as were asked for."""

    rows: list[dict[str, Any]]  # Any: a cell is of its column's type
    truncated: bool
    fault: Failure | None
    """Set where Azure could answer only in part."""
    columns: tuple[tuple[str, str], ...] = ()
    """Name and Kusto type of each, also where there are no rows."""


class AzureCalls:
    """Asks the configured workspaces; every request waits for its place in its lane.

    `role` in each call is the least role that allows it, for the error that names it.
    """

    def __init__(self, workspaces: Workspaces, tasks: TaskManager, settings: Settings) -> None:
        self._workspaces = workspaces
        self._tasks = tasks
        self._settings = settings

    @property
    def names(self) -> tuple[str, ...]:
        """The configured workspaces, the default first."""
        return self._workspaces.names

    @property
    def max_answer_bytes(self) -> int:
        """What one answer may weigh."""
        return self._settings.max_answer_bytes

    def now(self) -> datetime:
        """Return the time in the workspaces, in UTC."""
        return self._workspaces.clock()

    async def open(self, workspace: str | None) -> AzureServicesContext:
        """Return the clients of a workspace, by its configured name.

        Raises:
            NotFound: no workspace of that name is configured.

        """
        return await self._workspaces.get(workspace)

    async def call(
        self, operation: str, fetch: Callable[[], Awaitable[T]], *, role: str = READER
    ) -> T:
        """Await `fetch` in its turn; `operation` completes "Azure refused to …"."""

        async def work(_: Progress) -> T:
            with translated(operation, role=role):
                return await fetch()

        return await self._tasks.run(
            operation,
            work,
            lane=Lane.MANAGEMENT,
            deadline_s=self._settings.management_timeout_s,
        )

    # Any: whatever model the SDK returns; its `as_dict` is all that is used.
    async def read(
        self, operation: str, fetch: Callable[[], Awaitable[Any]], *, role: str = READER
    ) -> Document:
        """Return the document that the SDK's method reads, as it came."""
        return document_of(await self.call(operation, fetch, role=role)) or {}

    async def read_if_there(
        self, operation: str, fetch: Callable[[], Awaitable[Any]], *, role: str = READER
    ) -> Document | None:
        """Return the document, or None where Azure has no such thing."""
        try:
            return await self.read(operation, fetch, role=role)
        except NotFound:
            return None

    async def read_page(
        self, operation: str, pager: Callable[[], AsyncItemPaged[Any]], *, role: str = READER
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return the first page of a list, and the `$skipToken` of the next, if there is one."""
        return await self.call(operation, lambda: first_page(pager()), role=role)

    async def read_all(
        self,
        operation: str,
        pager: Callable[[], AsyncItemPaged[Any]],
        *,
        role: str = READER,
        max_documents: int = MAX_DOCUMENTS,
    ) -> list[Document]:
        """Return a whole list, page after page, at most `max_documents` of it."""

        async def fetch() -> list[Document]:
            found: list[Document] = []
            with listed():
                async for each in pager():
                    if (document := document_of(each)) is not None:
                        found.append(document)
                    if len(found) == max_documents:
                        break
            return found

        return await self.call(operation, fetch, role=role)

    async def attempt(self, reading: Awaitable[T]) -> T | SentinelError:
        """Return what is read, or the error: for one part of an answer among several."""
        try:
            return await reading
        except SentinelError as error:
            return error

    async def query(
        self,
        context: AzureServicesContext,
        operation: str,
        query: str,
        *,
        timespan: str | None = None,
        max_rows: int = 1_000,
        server_timeout_s: int | None = None,
    ) -> Rows:
        """Run KQL of our own in the queries' lane; a caller's text comes through `kql.literals`.

        `timespan` is ISO 8601. A partial answer keeps its rows and says its fault.
        """
        # Loaded late: it brings the SDK's request classes.
        from sentinel_mcp.azure.logs import LogsRequest, query_logs

        timeout_s = server_timeout_s or self._settings.query_timeout_s

        async def work(_: Progress) -> Rows:
            answer = await query_logs(
                context,
                LogsRequest(query, timespan=timespan, server_timeout_s=timeout_s),
                max_bytes=self._settings.max_response_bytes,
                max_rows=max_rows,
            )
            table = answer.tables[0] if answer.tables else None
            names = [name for name, _ in table.columns] if table else []
            return Rows(
                rows=[dict(zip(names, row, strict=True)) for row in (table.rows if table else [])],
                truncated=answer.truncated,
                fault=Failure(code=answer.fault.code, message=answer.fault.message)
                if answer.fault
                else None,
                columns=tuple(table.columns) if table else (),
            )

        return await self._tasks.run(
            operation, work, lane=Lane.QUERY, deadline_s=timeout_s + QUEUE_PATIENCE_S
        )
