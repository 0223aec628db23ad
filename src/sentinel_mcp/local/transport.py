"""Carries the Azure SDK's requests to an ASGI application in the same process.

    SDK pipeline -> AsgiTransport.send -> Exchange -> application
                 <- response.iter_bytes <- chunks  <-

URLs, headers and policies are those of production; only the wire is missing. An answer streams:
the application waits until what it sent was taken, and a response that is closed early, or a
caller that is cancelled, ends the application's task.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, MutableMapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from azure.core.exceptions import (
    HttpResponseError,
    ResponseNotReadError,
    StreamClosedError,
    StreamConsumedError,
)
from azure.core.pipeline.transport import AsyncHttpResponse as PipelineResponse
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.pipeline.transport import HttpRequest as PipelineRequest
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.core.utils import CaseInsensitiveDict
from starlette.types import ASGIApp, Scope

from sentinel_mcp.local.exchange import Exchange, Headers

AnyRequest = HttpRequest | PipelineRequest
AnyResponse = AsyncHttpResponse | PipelineResponse


class AsgiTransport(AsyncHttpTransport[AnyRequest, AnyResponse]):
    """An azure-core transport whose far end is an ASGI application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open: set[Exchange] = set()

    async def send(self, request: AnyRequest, **kwargs: Any) -> AnyResponse:
        """Hand over one request; with `stream=True` the body is left to be read.

        `read_timeout` is honoured; what else the pipeline passes concerns sockets and is ignored.
        """
        exchange = Exchange(
            self._app,
            scope_of(request),
            await body_of(request),
            read_timeout_s=kwargs.get("read_timeout"),
        )
        self._open.add(exchange)
        try:
            status, headers = await exchange.head()
            response: AnyResponse
            if isinstance(request, HttpRequest):
                response = AsgiResponse(self, exchange, request, status, headers)
                if not kwargs.get("stream"):
                    await response.read()
            else:
                response = AsgiPipelineResponse(self, exchange, request, status, headers)
                if not kwargs.get("stream"):
                    await response.load_body()
        except BaseException:  # cancelled or failed: nobody is left to close the exchange
            await self.end(exchange)
            raise
        return response

    async def end(self, exchange: Exchange) -> None:
        """End one exchange."""
        self._open.discard(exchange)
        await exchange.close()

    async def open(self) -> None:
        """Do nothing: there is no connection."""

    async def close(self) -> None:
        """End every exchange that is still under way."""
        for exchange in tuple(self._open):
            await self.end(exchange)

    async def __aenter__(self) -> AsgiTransport:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


def scope_of(request: AnyRequest) -> Scope:
    """Return the ASGI scope of a request."""
    url = urlsplit(request.url)
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in request.headers.items()
    ]
    if "host" not in request.headers:
        headers.append((b"host", url.netloc.encode("latin-1")))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": unquote(url.path),
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": headers,
        "client": None,
        "server": (url.hostname, url.port),
        "state": {},
    }


async def body_of(request: AnyRequest) -> bytes:
    """Return the body of a request, read to its end where it is a stream."""
    content: Any = request.content if isinstance(request, HttpRequest) else request.data
    if content is None:
        return b""
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, (bytes, bytearray)):
        return bytes(content)
    # The SDK's streams yield bytes; their type does not say so.
    if isinstance(content, AsyncIterable):
        return b"".join([part async for part in cast("AsyncIterable[bytes]", content)])
    if isinstance(content, Iterable) and not isinstance(content, dict):
        return b"".join(cast("Iterable[bytes]", content))
    raise ValueError("The embedded workspace takes no forms and no files.")


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


class AsgiResponse(AsyncHttpResponse):
    """The answer to a request of `azure.core.rest`."""

    def __init__(
        self,
        transport: AsgiTransport,
        exchange: Exchange,
        request: HttpRequest,
        status: int,
        headers: Headers,
    ) -> None:
        self._transport = transport
        self._exchange = exchange
        self._request = request
        self._status = status
        self._headers: MutableMapping[str, str] = CaseInsensitiveDict(headers)
        self._content: bytes | None = None
        self._encoding: str | None = None
        self._consumed = False
        self._closed = False

    @property
    def request(self) -> HttpRequest:
        """The request that was answered."""
        return self._request

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self._status

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The headers of the answer."""
        return self._headers

    @property
    def reason(self) -> str:
        """The phrase that belongs to the status."""
        return _reason(self._status)

    @property
    def content_type(self) -> str | None:
        """The content type of the answer."""
        return self._headers.get("content-type")

    @property
    def url(self) -> str:
        """The URL that was asked."""
        return self._request.url

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be read any more."""
        return self._closed

    @property
    def is_stream_consumed(self) -> bool:
        """Whether the body was read, or is being read."""
        return self._consumed

    @property
    def encoding(self) -> str | None:
        """The charset of the body, where it is known."""
        return self._encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value

    @property
    def content(self) -> bytes:
        """The body, once it was read."""
        if self._content is None:
            raise ResponseNotReadError(self)
        return self._content

    def text(self, encoding: str | None = None) -> str:
        """Return the body as text."""
        return self.content.decode(encoding or self._encoding or "utf-8-sig", errors="replace")

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.text())

    def raise_for_status(self) -> None:
        """Raise HttpResponseError for a status of 400 or more."""
        if self._status >= HTTPStatus.BAD_REQUEST:
            raise HttpResponseError(response=self)

    async def read(self) -> bytes:
        """Read the body to its end."""
        if self._content is None:
            self._content = b"".join([chunk async for chunk in self.iter_bytes()])
        return self._content

    async def iter_bytes(self, **kwargs: Any) -> AsyncIterator[bytes]:
        """Yield the body in the chunks in which it was sent."""
        if self._content is not None:
            yield self._content
            return
        async for chunk in self.iter_raw():
            yield chunk

    async def iter_raw(self, **kwargs: Any) -> AsyncIterator[bytes]:
        """Yield the body in the chunks in which it was sent; it is never compressed."""
        if self._consumed:
            raise StreamConsumedError(self)
        if self._closed:
            raise StreamClosedError(self)
        self._consumed = True
        try:
            async for chunk in self._exchange.chunks():
                yield chunk
        finally:
            await self.close()

    async def close(self) -> None:
        """Stop reading; the application is told."""
        if not self._closed:
            self._closed = True
            await self._transport.end(self._exchange)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsgiResponse: {self._status} {self.reason}>"


class AsgiPipelineResponse(PipelineResponse):
    """The answer to a request of the older `azure.core.pipeline.transport`."""

    def __init__(
        self,
        transport: AsgiTransport,
        exchange: Exchange,
        request: PipelineRequest,
        status: int,
        headers: Headers,
    ) -> None:
        super().__init__(request, exchange)
        self._transport = transport
        self._exchange = exchange
        self._content: bytes | None = None
        self.status_code = status
        self.headers = CaseInsensitiveDict(headers)
        self.reason = _reason(status)
        self.content_type = self.headers.get("content-type")

    def body(self) -> bytes:
        """Return the body, once it was loaded."""
        if self._content is None:
            raise ValueError("Body is not available. Call async method load_body first.")
        return self._content

    async def load_body(self) -> None:
        """Read the body to its end."""
        if self._content is None:
            self._content = b"".join([chunk async for chunk in self._stream()])

    def stream_download(
        self, pipeline: Any, *, decompress: bool = True, **kwargs: Any
    ) -> AsyncIterator[bytes]:
        """Yield the body in the chunks in which it was sent."""
        return self._stream()

    async def _stream(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._exchange.chunks():
                yield chunk
        finally:
            await self._transport.end(self._exchange)
