"""The in-process transport under the SDK's own pipeline and clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.core import AsyncPipelineClient
from azure.core.exceptions import (
    HttpResponseError,
    IncompleteReadError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
    StreamClosedError,
    StreamConsumedError,
)
from azure.core.pipeline.transport import HttpRequest as PipelineRequest
from azure.core.rest import AsyncHttpResponse, HttpRequest
from starlette.types import ASGIApp, Receive, Scope, Send

from sentinel_mcp.local.transport import AsgiPipelineResponse, AsgiResponse, AsgiTransport

URL = "https://management.azure.com/things/a%20b?api-version=1&$filter=x%20eq%201"


def start(status: int = 200) -> dict[str, Any]:
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [(b"content-type", b"application/json"), (b"x-kind", b"test")],
    }


def body(content: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more}


class Echo:
    """Tells what it was asked."""

    def __init__(self) -> None:
        self.scope: Scope = {}
        self.body = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.body = (await receive())["body"]
        await send(start(202))
        await send(body(b'{"ok":true}'))


class Dripping:
    """Sends chunk after chunk, and tells how many it got rid of and how it ended."""

    def __init__(self, count: int = 1000) -> None:
        self.count = count
        self.sent = 0
        self.ended = asyncio.Event()
        self.cancelled = False
        self.finished = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send(start())
            for _ in range(self.count):
                await send(body(b"0123456789", more=True))
                self.sent += 1
            await send(body(b""))
            self.finished = True
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        finally:
            self.ended.set()


async def hanging(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.Event().wait()


def pipeline(app: ASGIApp) -> AsyncPipelineClient[HttpRequest, AsyncHttpResponse]:
    return AsyncPipelineClient("https://management.azure.com", transport=AsgiTransport(app))


async def test_the_application_sees_the_real_url_headers_and_body() -> None:
    echo = Echo()
    async with pipeline(echo) as client:
        request = HttpRequest("PUT", URL, json={"a": 1}, headers={"X-Mine": "yes"})
        response = await client.send_request(request)

    headers = dict(echo.scope["headers"])
    assert echo.scope["path"] == "/things/a b"
    assert echo.scope["query_string"] == b"api-version=1&$filter=x%20eq%201"
    assert (echo.scope["scheme"], echo.scope["method"]) == ("https", "PUT")
    assert headers[b"host"] == b"management.azure.com"
    assert headers[b"x-mine"] == b"yes"
    assert echo.body == b'{"a": 1}'
    assert response.status_code == 202
    assert response.headers["X-KIND"] == "test"
    assert response.json() == {"ok": True}


async def test_a_request_of_the_older_pipeline_is_answered_too() -> None:
    echo = Echo()
    transport = AsgiTransport(echo)

    response = await transport.send(PipelineRequest("POST", URL, data=b"body"))

    assert echo.body == b"body"
    assert response.status_code == 202
    assert response.text() == '{"ok":true}'


async def test_an_older_request_streams_too() -> None:
    dripping = Dripping(3)
    transport = AsgiTransport(dripping)

    response = await transport.send(PipelineRequest("GET", URL), stream=True)
    assert isinstance(response, AsgiPipelineResponse)
    read = [chunk async for chunk in response.stream_download(None)]

    assert b"".join(read) == b"0123456789" * 3


async def test_a_body_that_is_a_stream_is_read_to_its_end() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one,"
        yield b"two"

    echo = Echo()
    async with pipeline(echo) as client:
        await client.send_request(HttpRequest("POST", URL, content=parts()))

    assert echo.body == b"one,two"


async def test_the_application_waits_for_its_reader() -> None:
    dripping = Dripping()
    async with pipeline(dripping) as client:
        response = await client.send_request(HttpRequest("GET", URL), stream=True)
        chunks = aiter(response.iter_bytes())
        for _ in range(10):
            await anext(chunks)

        assert dripping.sent <= 10 + 3  # two chunks ahead, and one that waits to be taken
        await response.close()


async def test_closing_a_response_cancels_the_application() -> None:
    dripping = Dripping()
    async with pipeline(dripping) as client:
        response = await client.send_request(HttpRequest("GET", URL), stream=True)
        await anext(aiter(response.iter_raw()))
        await response.close()

    assert dripping.cancelled
    assert not dripping.finished


async def test_leaving_the_response_context_cancels_the_application() -> None:
    dripping = Dripping()
    async with pipeline(dripping) as client:
        async with await client.send_request(HttpRequest("GET", URL), stream=True):
            pass
        assert dripping.ended.is_set()
        assert dripping.cancelled


async def test_a_cancelled_caller_cancels_the_application() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with pipeline(app) as client:
        call = asyncio.ensure_future(client.send_request(HttpRequest("GET", URL)))
        await began.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    assert ended.is_set()


async def test_an_answer_read_to_its_end_lets_the_application_finish() -> None:
    dripping = Dripping(50)
    async with pipeline(dripping) as client:
        response = await client.send_request(HttpRequest("GET", URL), stream=True)
        read = await response.read()

    assert len(read) == 500
    assert dripping.finished
    assert not dripping.cancelled


async def test_a_stream_is_read_once() -> None:
    async with pipeline(Dripping(2)) as client:
        response = await client.send_request(HttpRequest("GET", URL), stream=True)
        assert len([chunk async for chunk in response.iter_bytes()]) == 2
        with pytest.raises(StreamConsumedError):
            await anext(aiter(response.iter_bytes()))


async def test_a_closed_stream_cannot_be_read() -> None:
    async with pipeline(Dripping(2)) as client:
        response = await client.send_request(HttpRequest("GET", URL), stream=True)
        await response.close()
        with pytest.raises(StreamClosedError):
            await anext(aiter(response.iter_raw()))


async def test_an_answer_that_was_read_whole_can_be_iterated_again() -> None:
    response = await AsgiTransport(Dripping(2)).send(HttpRequest("GET", URL))
    assert isinstance(response, AsgiResponse)
    again = [chunk async for chunk in response.iter_bytes()]

    assert b"".join(again) == b"0123456789" * 2


async def test_a_status_of_refusal_raises_with_the_code_of_its_body() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(404))
        await send(body(b'{"error":{"code":"NotFound","message":"no"}}'))

    async with pipeline(app) as client:
        response = await client.send_request(HttpRequest("GET", URL))
        with pytest.raises(HttpResponseError) as raised:
            response.raise_for_status()

    assert raised.value.status_code == 404
    assert raised.value.reason == "Not Found"
    assert raised.value.error
    assert raised.value.error.code == "NotFound"


async def test_an_application_that_fails_before_its_answer_is_a_service_error() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("bug")

    transport = AsgiTransport(app)
    with pytest.raises(ServiceResponseError) as raised:
        await transport.send(HttpRequest("GET", URL))

    assert isinstance(raised.value.inner_exception, RuntimeError)


async def test_an_application_that_fails_within_its_answer_leaves_it_incomplete() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"[1,2,", more=True))
        raise RuntimeError("bug")

    transport = AsgiTransport(app)
    with pytest.raises(IncompleteReadError):
        await transport.send(HttpRequest("GET", URL))


async def test_a_read_timeout_is_the_sdks_own_error_and_ends_the_application() -> None:
    transport = AsgiTransport(hanging)

    with pytest.raises(ServiceResponseTimeoutError):
        await transport.send(HttpRequest("GET", URL), read_timeout=0.01)


async def test_closing_the_transport_ends_what_is_under_way() -> None:
    dripping = Dripping()
    transport = AsgiTransport(dripping)
    await transport.send(HttpRequest("GET", URL), stream=True)

    await transport.close()

    assert dripping.cancelled


async def test_forms_are_refused() -> None:
    with pytest.raises(ValueError, match="no forms"):
        await AsgiTransport(Echo()).send(PipelineRequest("POST", URL, data={"a": "b"}))
