"""The KQL wire call: one request to Log Analytics, its answer read as it comes in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import orjson

from sentinel_mcp.azure.answers import AnswerReader, Row
from sentinel_mcp.azure.failures import refused, translated
from sentinel_mcp.azure.odata import path_segment
from sentinel_mcp.azure.problems import read_problem
from sentinel_mcp.azure.streams import (
    ERROR_BYTES,
    CutShort,
    collected,
    cut_short,
    document_of,
    parsed_json,
    read_into,
)
from sentinel_mcp.errors import InputError, SentinelError

if TYPE_CHECKING:
    from azure.core.rest import AsyncHttpResponse, HttpRequest

    from sentinel_mcp.azure.context import AzureServicesContext

ROLE = "Log Analytics Reader or Microsoft Sentinel Reader"

# What a call may take beyond the query itself: connecting, waiting for a retry, the transfer.
_GRACE_S = 60
# Azure answers a query that takes too long; a little later than that nothing is coming any more.
_READ_GRACE_S = 15
_METADATA_TIMEOUT_S = 60
_METADATA_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LogsRequest:
    """A query; `timespan` is an ISO 8601 duration or interval and goes to Azure as it is."""

    query: str
    timespan: str | None = None
    server_timeout_s: int = 180
    include_statistics: bool = False
    include_visualization: bool = False
    additional_workspaces: tuple[str, ...] = ()


@dataclass(slots=True)
class LogsTable:
    """A table: its columns as (name, Kusto type), its rows as Azure sent them."""

    name: str
    columns: list[tuple[str, str]]
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class LogsFault:
    """Why an answer is partial, in the innermost words that Azure has for it."""

    code: str
    message: str


@dataclass(slots=True)
class LogsAnswer:
    """What came back; `truncated` when it was cut here, `fault` when Azure sent a part only.

    Of a truncated answer, statistics, visualization and fault are unknown: they come last.
    """

    tables: list[LogsTable]
    statistics: dict[str, Any] | None
    visualization: dict[str, Any] | None
    fault: LogsFault | None
    truncated: bool
    size_bytes: int


async def query_logs(
    context: AzureServicesContext,
    request: LogsRequest,
    *,
    max_bytes: int,
    max_rows: int | None = None,
) -> LogsAnswer:
    """Run a query; stop reading at `max_bytes` of body, or once there are over `max_rows` rows.

    Raises:
        KqlError: the query does not parse or bind.
        Unavailable: there is no whole answer, or its limit was reached before the first row.

    """
    content = _content(request)

    async def attempt() -> LogsAnswer:
        sent = _sent(context, _query(context, request, content), request.server_timeout_s)
        async with sent as response:
            if response.status_code >= 300:
                body = await collected(response, ERROR_BYTES)
                raise _refusal(response, body, "run the query")
            reader = AnswerReader(max_bytes=max_bytes, max_rows=max_rows)
            await read_into(reader, response)
            return _answer(reader)

    with translated("run the query", role=ROLE):
        async with asyncio.timeout(request.server_timeout_s + _GRACE_S):
            try:
                return await attempt()
            except CutShort:
                return await attempt()


async def read_metadata(context: AzureServicesContext) -> dict[str, Any]:
    """Return the workspace's tables, functions and solutions as Azure describes them."""
    from azure.core.rest import HttpRequest

    operation = "read the workspace's schema"
    url = f"/workspaces/{path_segment(context.workspace_id)}/metadata"
    with translated(operation, role=ROLE):
        async with (
            asyncio.timeout(_METADATA_TIMEOUT_S + _GRACE_S),
            _sent(context, HttpRequest("GET", url), _METADATA_TIMEOUT_S) as response,
        ):
            body = await collected(response, _METADATA_BYTES)
            if response.status_code >= 300:
                raise _refusal(response, body, operation)
            parsed = parsed_json(body)
            if not isinstance(parsed, dict):
                raise cut_short()
            return cast("dict[str, Any]", parsed)


def _content(request: LogsRequest) -> bytes:
    stated: dict[str, object] = {"query": request.query}
    if request.timespan:
        stated["timespan"] = request.timespan
    if request.additional_workspaces:
        stated["workspaces"] = request.additional_workspaces
    try:
        return orjson.dumps(stated)
    except orjson.JSONEncodeError as error:
        raise InputError(
            "The query is not valid Unicode text.", hint="Leave out unpaired surrogates."
        ) from error


def _query(context: AzureServicesContext, request: LogsRequest, content: bytes) -> HttpRequest:
    from azure.core.rest import HttpRequest

    prefer = [f"wait={request.server_timeout_s}"]
    if request.include_statistics:
        prefer.append("include-statistics=true")
    if request.include_visualization:
        prefer.append("include-render=true")
    return HttpRequest(
        "POST",
        f"/workspaces/{path_segment(context.workspace_id)}/query",
        headers={"Content-Type": "application/json", "Prefer": ",".join(prefer)},
        content=content,
    )


@asynccontextmanager
async def _sent(
    context: AzureServicesContext, request: HttpRequest, timeout_s: int
) -> AsyncGenerator[AsyncHttpResponse]:
    response = await context.logs_client.send_request(
        request, stream=True, read_timeout=timeout_s + _READ_GRACE_S
    )
    try:
        yield response
    finally:
        # Also when cancelled: closing is what tells Azure that nobody listens any more.
        await response.close()


def _refusal(response: AsyncHttpResponse, body: bytes, operation: str) -> SentinelError:
    return refused(
        response.status_code, response.headers, parsed_json(body), operation=operation, role=ROLE
    )


def _answer(reader: AnswerReader) -> LogsAnswer:
    if not reader.size_bytes:  # 204, or a 200 without a body: both mean no data
        return LogsAnswer([], None, None, None, truncated=False, size_bytes=0)
    document = document_of(reader)
    if "error" in document and not document.get("tables"):
        raise refused(400, {}, document, operation="run the query", role=ROLE)
    problem = read_problem(document) if document.get("error") else None
    tables = cast("list[dict[str, Any]]", document.get("tables") or [])
    return LogsAnswer(
        tables=[_table(each) for each in tables],
        statistics=_dict(document.get("statistics")),
        visualization=_dict(document.get("render")),
        fault=LogsFault(problem.code, problem.message) if problem else None,
        truncated=reader.full,
        size_bytes=reader.size_bytes,
    )


def _table(document: dict[str, Any]) -> LogsTable:
    try:
        columns = [(str(each["name"]), str(each["type"])) for each in document["columns"]]
        rows = cast("list[Row]", document["rows"])
    except (KeyError, TypeError) as error:
        raise cut_short() from error
    if not all(type(row) is list for row in rows):
        raise cut_short()
    return LogsTable(str(document.get("name", "")), columns, rows)


def _dict(value: object) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
