"""Reads the body of an answer as it comes in, and says what is wrong when it ends early."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import orjson

from sentinel_mcp.azure.answers import AnswerReader, TooLarge, Unreadable
from sentinel_mcp.errors import SentinelError, Unavailable

if TYPE_CHECKING:
    from azure.core.rest import AsyncHttpResponse, HttpRequest

    from sentinel_mcp.azure.context import RestClient

ERROR_BYTES = 256 * 1024
"""Read of an answer that is not a success."""


class CutShort(Unavailable):
    """The answer ended early or is no JSON; a query that is run again may fare better."""


async def read_into(reader: AnswerReader, response: AsyncHttpResponse) -> None:
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
        raise cut_short() from error


async def collected(response: AsyncHttpResponse, max_bytes: int) -> bytes:
    """Return the body, no more of it than a little over `max_bytes`."""
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


def parsed_json(body: bytes) -> object:
    """Return what the body holds, None where it is not JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None  # as a rule the page of a proxy; of a refusal, the status says enough


def document_of(reader: AnswerReader) -> dict[str, Any]:
    """Return the document that was read.

    Raises:
        Unavailable: it is no whole answer, or too large before its first row ends.

    """
    try:
        return reader.document()
    except TooLarge as error:
        raise Unavailable(
            f"The answer is larger than {reader.size_bytes:,} bytes before its first row ends.",
            hint="Narrow the query: fewer columns with `project`, a shorter time range.",
        ) from error
    except Unreadable as error:
        raise cut_short() from error


def cut_short() -> CutShort:
    """Return the error for an answer that ended early."""
    return CutShort(
        "Azure's answer ended before it was complete, or is not what a query is answered with.",
        hint="Try again; if it stays so, ask for less at a time.",
    )


async def read_answer(
    client: RestClient,
    request: HttpRequest,
    make_reader: Callable[[], AnswerReader],
    refusal: Callable[[int, Mapping[str, str], object], SentinelError],
    *,
    read_timeout_s: int,
) -> AnswerReader:
    """Send a query and read its answer; one that is cut short on its way is asked for again.

    `refusal` makes the error of an answer that is not a success.
    """

    async def attempt() -> AnswerReader:
        response = await client.send_request(request, stream=True, read_timeout=read_timeout_s)
        try:
            if response.status_code >= 300:
                body = parsed_json(await collected(response, ERROR_BYTES))
                raise refusal(response.status_code, response.headers, body)
            reader = make_reader()
            await read_into(reader, response)
            return reader
        finally:
            # Also when cancelled: closing is what tells the service that nobody listens any more.
            await response.close()

    try:
        return await attempt()
    except CutShort:
        return await attempt()
