"""CPU of reading 100,000 x 20 rows: our streaming call against the SDK's row model.

Both go through the same client, pipeline and in-memory transport in the same run.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from types import TracebackType
from typing import Any

import orjson
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.core.rest._http_response_impl_async import AsyncHttpResponseImpl
from azure.core.utils import case_insensitive_dict
from azure.monitor.query import LogsQueryResult

from sentinel_mcp.azure.context import AzureServicesContext
from sentinel_mcp.azure.logs import LogsRequest, query_logs
from sentinel_mcp.azure.workspaces import Workspaces
from sentinel_mcp.settings import Settings, Workspace

ROWS = 100_000
COLUMNS = 20
ROUNDS = 3
PIECE_BYTES = 64 * 1024
MIB = 1024 * 1024

WORKSPACE = Workspace(
    name="bench",
    subscription_id="11111111-1111-1111-1111-111111111111",
    resource_group="bench",
    workspace_name="bench",
    workspace_id="22222222-2222-2222-2222-222222222222",
)
_KINDS = (
    *("datetime", "string", "long", "real", "string"),
    *("guid", "dynamic", "bool", "string", "int"),
)


def body(rows: int = ROWS, columns: int = COLUMNS) -> bytes:
    """Return the answer of a query as Log Analytics writes it, with cells as logs have them."""
    kinds = [_KINDS[number % len(_KINDS)] for number in range(columns)]
    table = {
        "name": "PrimaryResult",
        "columns": [{"name": f"{kind}{at}", "type": kind} for at, kind in enumerate(kinds)],
        "rows": [[_cell(kind, row, at) for at, kind in enumerate(kinds)] for row in range(rows)],
    }
    return orjson.dumps({"tables": [table]})


def _cell(kind: str, row: int, column: int) -> object:
    match kind:
        case "datetime":
            return f"2026-11-{row % 28 + 1:02}T{row % 24:02}:{row % 60:02}:07.1234567Z"
        case "long" | "int":
            return row * 31 + column
        case "real":
            return row / 7
        case "bool":
            return row % 2 == 0
        case "guid":
            return f"{row:08x}-0000-4000-8000-{column:012x}"
        case "dynamic":
            return f'{{"ip":"10.0.{row % 256}.7","tags":["a","b"],"hits":[[{row}],[{column}]]}}'
        case _:
            return f"user{row % 5000}@contoso.com"


class _Answer(AsyncHttpResponseImpl):
    """An answer whose body is in memory; built like the SDK's own."""

    def __init__(self, request: HttpRequest, body: bytes) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] the SDK's is not typed
            request=request,
            internal_response=self,
            status_code=200,
            reason="OK",
            content_type="application/json",
            headers=case_insensitive_dict({"Content-Type": "application/json"}),
            stream_download_generator=None,
        )
        self._whole = body

    async def iter_bytes(self, **kwargs: Any) -> AsyncIterator[bytes]:
        for begin in range(0, len(self._whole), PIECE_BYTES):
            yield self._whole[begin : begin + PIECE_BYTES]

    async def close(self) -> None:
        self._is_closed = True


class _Memory(AsyncHttpTransport[HttpRequest, AsyncHttpResponse]):
    def __init__(self, body: bytes) -> None:
        self._whole = body

    async def send(self, request: HttpRequest, **kwargs: Any) -> AsyncHttpResponse:
        answer = _Answer(request, self._whole)
        if not kwargs.get("stream"):
            await answer.read()
        return answer

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None: ...


class _Token:
    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        return AccessToken("token", 4_000_000_000)

    async def close(self) -> None: ...

    async def __aenter__(self) -> _Token:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None: ...


async def _ours(context: AzureServicesContext) -> int:
    answer = await query_logs(context, LogsRequest("T"), max_bytes=256 * MIB)
    return len(answer.tables[0].rows)


async def _sdks(context: AzureServicesContext) -> int:
    result = await context.logs_client.query_workspace(
        context.workspace_id, "T", timespan=timedelta(days=1)
    )
    assert isinstance(result, LogsQueryResult)
    return len(result.tables[0].rows)


async def _longest_turn(work: Awaitable[int], rows: int) -> tuple[float, float]:
    """Return the CPU seconds of the work, and of its longest turn without the event loop.

    CPU and not wall time: what else the machine does would count as a stall.
    """
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            longest, last = max(longest, now - last), now

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    begun = time.process_time()
    counted = await work
    cpu_s = time.process_time() - begun
    await asyncio.sleep(0)  # the watcher sees the last turn, too
    watching.cancel()
    assert counted == rows
    return cpu_s, longest


async def _compare(rows: int) -> dict[str, float]:
    content = body(rows)
    workspaces = Workspaces(
        Settings(),
        [WORKSPACE],
        make_transport=lambda: _Memory(content),
        make_credential=_Token,
    )
    context = await workspaces.get()
    await _ours(context)  # the first call imports
    ours = [await _longest_turn(_ours(context), rows) for _ in range(ROUNDS)]
    sdks = await _longest_turn(_sdks(context), rows)
    await workspaces.aclose()
    cpu_s = statistics.median(cpu for cpu, _ in ours)
    return {
        "body_mb": len(content) / 1e6,
        "new_cpu_s": cpu_s,
        "sdk_cpu_s": sdks[0],
        "ratio": cpu_s / sdks[0],
        "new_longest_stall_ms": max(stall for _, stall in ours) * 1000,
        "sdk_longest_stall_ms": sdks[1] * 1000,
    }


def measure(rows: int = ROWS) -> dict[str, float]:
    """Return CPU seconds of both ways, their ratio and how long each held the event loop."""
    return asyncio.run(_compare(rows))


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:>24} {value:10.3f}")
