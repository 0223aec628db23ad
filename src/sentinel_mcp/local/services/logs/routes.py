"""HTTP to and from Log Analytics: an answer is sent while its rows are still being read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from sentinel_mcp.kql.catalog import TableSchema
from sentinel_mcp.local.services.answers import CONTENT_TYPE, Handlers, answer, read_object
from sentinel_mcp.local.services.faults import Body
from sentinel_mcp.local.services.logs.behaviour import Queries, Running
from sentinel_mcp.local.services.logs.call import QueryCall
from sentinel_mcp.local.services.logs.schema import metadata

RESULT_SET_TOO_LARGE = "-2133196797"
"""Kusto's number for a cut result, as Log Analytics passes it on (azure-sdk-for-java, 29243)."""


def handlers(queries: Queries, tables: Callable[[], dict[str, TableSchema]]) -> Handlers:
    """Return what answers each operation."""

    async def execute(request: Request) -> Response:
        body = await read_object(request)
        return QueryResponse(queries, QueryCall.of(body, request.headers.get("prefer", "")))

    async def tell_schema(request: Request) -> Response:
        return answer(metadata((await run_in_threadpool(tables)).values(), queries.functions()))

    return {"Query_Execute": execute, "Metadata_Get": tell_schema, "Metadata_Post": tell_schema}


class QueryResponse(Response):
    """Runs its query when it is sent, and ends it when the client leaves."""

    def __init__(self, queries: Queries, call: QueryCall) -> None:
        super().__init__()
        self._queries = queries
        self._call = call

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, or stop where the client has gone."""
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_client_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    def opening(self, running: Running) -> bytes:
        """Return the answer up to its first row."""
        return _opening(running)

    def shaped(self, rows: bytes, running: Running) -> bytes:
        """Return some rows as the answer has them; what is given is the inside of an array."""
        return rows

    def closing(self, running: Running) -> bytes:
        """Return what follows the last row."""
        return _closing(running, self._call)

    async def _send(self, send: Send) -> None:
        async with self._queries.running(self._call) as running:
            opened = False
            pending = self.opening(running)
            async for rows in running.rows():
                pending += self.shaped(rows, running)
                if running.writer.done:
                    break
                if not opened:
                    await send(_start({}))
                    opened = True
                await send({"type": "http.response.body", "body": pending, "more_body": True})
                pending = b""
            pending += self.closing(running)
            if not opened:
                await send(_start({"content-length": str(len(pending))}))
            await send({"type": "http.response.body", "body": pending})


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _start(headers: dict[str, str]) -> Message:
    told = {"content-type": CONTENT_TYPE, **headers}
    return {
        "type": "http.response.start",
        "status": 200,
        "headers": [(name.encode(), value.encode()) for name, value in told.items()],
    }


def _opening(running: Running) -> bytes:
    columns = [{"name": each.name, "type": each.type} for each in running.result.columns]
    described = orjson.dumps(columns)
    return b'{"tables":[{"name":"PrimaryResult","columns":' + described + b',"rows":['


def _closing(running: Running, call: QueryCall) -> bytes:
    more: Body = {}
    if call.wants_statistics:
        more["statistics"] = _statistics(running)
    if call.wants_render:
        more["render"] = running.result.visualization or {}
    if running.cut:
        more["error"] = _partial_error(running.cut)
    return b"]}]" + (b"," + orjson.dumps(more)[1:] if more else b"}")


def _statistics(running: Running) -> Body:
    query: Body = {
        "executionTime": round(running.execution_s, 7),
        "resourceUsage": {"cpu": {"totalCpu": _duration(running.result.cpu_s)}},
        "datasetStatistics": [
            {"tableRowCount": running.writer.count, "tableSize": running.writer.size_bytes}
        ],
    }
    if running.result.scanned_rows is not None:
        query["inputDatasetStatistics"] = {"rows": {"scanned": running.result.scanned_rows}}
    return {"query": query}


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02}:{minutes:02}:{rest:010.7f}"


def _partial_error(limit: str) -> Body:
    return {
        "code": "PartialError",
        "message": "There were some errors when processing your query.",
        "details": [
            {
                "code": "EngineError",
                "message": "Something went wrong processing your query on the server.",
                "innererror": {
                    "code": RESULT_SET_TOO_LARGE,
                    "message": f"Query result set has exceeded the internal {limit} "
                    "(E_QUERY_RESULT_SET_TOO_LARGE).",
                    "severity": 2,
                    "severityName": "Error",
                },
            }
        ],
    }
