"""When a request to Azure is sent again: few times, for a bounded while, and never a slow query."""

from __future__ import annotations

import random
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from azure.core.exceptions import (
    AzureError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from sentinel_mcp.azure.problems import retry_after
from sentinel_mcp.azure.reads import only_reads, runs_query

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse

MAX_ATTEMPTS = 4
BACKOFF_S = 0.5
# The waits of three retries without Retry-After (0.5 + 1 + 2 s, each up to a quarter longer).
_BACKOFF_IN_ALL_S = 4.5

_REPEATABLE = frozenset({408, 429, 500, 502, 503, 504})
# 504 is Azure's own limit on a query: sent again, the query would run its full time again.
_QUERY_REPEATABLE = frozenset({429, 500, 502, 503})
# 429 is refused before anything is done; after any other answer a write may have happened.
_WRITE_REPEATABLE = frozenset({429})
_IDEMPOTENT_WRITES = frozenset({"PUT", "DELETE"})


class BoundedRetry(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Sends again what may be sent again.

    A Retry-After of more than `max_retry_after_s` hands the answer back at once, so that the
    caller learns when to come back instead of waiting for it.
    """

    def __init__(
        self, *, max_retry_after_s: float, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        super().__init__()
        self._max_retry_after_s = max_retry_after_s
        self._sleep = sleep

    async def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        """Send until there is an answer to hand back or no attempt is left."""
        left_s = self._max_retry_after_s + _BACKOFF_IN_ALL_S
        for attempt in range(1, MAX_ATTEMPTS):
            wait_s = _backoff(attempt)
            try:
                response = await self.next.send(request)
            except AzureError as error:
                if wait_s > left_s or not _repeats_after(error, request.http_request):
                    raise
            else:
                status = response.http_response.status_code
                if status not in _statuses(request.http_request):
                    return response
                asked_s = retry_after(response.http_response.headers)
                if (asked_s or 0) > self._max_retry_after_s:
                    return response
                wait_s = wait_s if asked_s is None else asked_s
                if wait_s > left_s:
                    return response
                # An unread streamed answer would keep its connection.
                await response.http_response.close()
            left_s -= wait_s
            await self._sleep(wait_s)
        return await self.next.send(request)


def _backoff(attempt: int) -> float:
    jitter = 1 + random.random() / 4  # noqa: S311 spreads load; nothing secret depends on it
    return BACKOFF_S * 2 ** (attempt - 1) * jitter


def _statuses(request: HttpRequest) -> frozenset[int]:
    if runs_query(request.method, request.url):
        return _QUERY_REPEATABLE
    return _REPEATABLE if _is_idempotent(request) else _WRITE_REPEATABLE


def _is_idempotent(request: HttpRequest) -> bool:
    method = request.method.upper()
    return method in _IDEMPOTENT_WRITES or only_reads(method, request.url)


def _repeats_after(error: AzureError, request: HttpRequest) -> bool:
    if isinstance(error, ServiceResponseTimeoutError):
        return False  # it has waited its full time already
    if isinstance(error.inner_exception, ssl.CertificateError):
        return False  # the next attempt meets the same certificate
    lost = isinstance(error, (ServiceRequestError, ServiceResponseError, IncompleteReadError))
    return lost and _is_idempotent(request)
