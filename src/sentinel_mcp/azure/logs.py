"""The KQL wire call: one request to Log Analytics, its answer read as it comes in."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import orjson

from sentinel_mcp.azure.answers import AnswerReader, Row, TooLarge, Unreadable
from sentinel_mcp.azure.failures import refused, translated
from sentinel_mcp.azure.odata import path_segment
from sentinel_mcp.azure.problems import read_problem
from sentinel_mcp.errors import InputError, SentinelError, Unavailable

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
_ERROR_BYTES = 256 * 1024


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


class _CutShort(Unavailable):
    """The answer ended early or is no JSON; a query that is run again may fare better."""


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
                body = await _collected(response, _ERROR_BYTES)
                raise _refusal(response, body, "run the query")
            reader = AnswerReader(max_bytes=max_bytes, max_rows=max_rows)
            await _read(response, reader)
            return _answer(reader)

    with translated("run the query", role=ROLE):
        async with asyncio.timeout(request.server_timeout_s + _GRACE_S):
            try:
                return await attempt()
            except _CutShort:
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
            body = await _collected(response, _METADATA_BYTES)
            if response.status_code >= 300:
                raise _refusal(response, body, operation)
            parsed = _parsed(body)
            if not isinstance(parsed, dict):
                raise _cut_short()
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


async def _read(response: AsyncHttpResponse, reader: AnswerReader) -> None:
    """Read the body as far as it is wanted, and let other tasks run between the steps."""
    from azure.core import exceptions as azure

    try:
        async with aclosing(_pieces(response)) as pieces:
            async for piece in pieces:
                reader.feed(piece)
                for _ in reader.steps():
                    await asyncio.sleep(0)
                if reader.full:
                    break
        reader.end()
        for _ in reader.steps():
            await asyncio.sleep(0)
    except azure.ServiceResponseTimeoutError:
        raise
    except (
        azure.IncompleteReadError,
        azure.ServiceRequestError,
        azure.ServiceResponseError,
        zlib.error,
        Unreadable,
    ) as error:
        raise _cut_short() from error


async def _collected(response: AsyncHttpResponse, max_bytes: int) -> bytes:
    body = bytearray()
    async with aclosing(_pieces(response)) as pieces:
        async for piece in pieces:
            body += piece
            if len(body) > max_bytes:
                break
    return bytes(body)


async def _pieces(response: AsyncHttpResponse) -> AsyncGenerator[bytes]:
    body = response.iter_bytes()
    try:
        async for piece in body:
            yield piece
    finally:
        if isinstance(body, AsyncGenerator):
            await body.aclose()


def _refusal(response: AsyncHttpResponse, body: bytes, operation: str) -> SentinelError:
    return refused(
        response.status_code, response.headers, _parsed(body), operation=operation, role=ROLE
    )


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None  # as a rule the page of a proxy; of a refusal, the status says enough


def _document(reader: AnswerReader) -> dict[str, Any]:
    try:
        return reader.document()
    except TooLarge as error:
        raise Unavailable(
            f"The answer is larger than {reader.size_bytes:,} bytes before its first row ends.",
            hint="Narrow the query: fewer columns with `project`, a shorter time range.",
        ) from error
    except Unreadable as error:
        raise _cut_short() from error


def _answer(reader: AnswerReader) -> LogsAnswer:
    if not reader.size_bytes:  # 204, or a 200 without a body: both mean no data
        return LogsAnswer([], None, None, None, truncated=False, size_bytes=0)
    document = _document(reader)
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
        raise _cut_short() from error
    if not all(type(row) is list for row in rows):
        raise _cut_short()
    return LogsTable(str(document.get("name", "")), columns, rows)


def _dict(value: object) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _cut_short() -> _CutShort:
    return _CutShort(
        "Azure's answer ended before it was complete, or is not what a query is answered with.",
        hint="Try again; if it stays so, ask for less at a time.",
    )
