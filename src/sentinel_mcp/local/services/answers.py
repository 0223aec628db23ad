"""Reading requests and writing answers, the same way for every operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.services.faults import Body, Fault

Handler = Callable[[Request], Awaitable[Response]]
Handlers = Mapping[str, Handler]
"""By the operation's name."""

CONTENT_TYPE = "application/json; charset=utf-8"

MAX_BODY_BYTES = 4 * 1024 * 1024
"""More than any query or comment; Resource Manager itself takes 4 MB."""


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(
        orjson.dumps(body), status, headers={"content-type": CONTENT_TYPE, **(headers or {})}
    )


async def read_object(request: Request) -> Body:
    """Read the body as a JSON object, which it must be."""
    parts: list[bytes] = []
    size_bytes = 0
    async for part in request.stream():
        size_bytes += len(part)
        if size_bytes > MAX_BODY_BYTES:
            raise Fault(
                413, "RequestEntityTooLarge", f"The body is larger than {MAX_BODY_BYTES} bytes."
            )
        parts.append(part)
    try:
        body: object = orjson.loads(b"".join(parts))
    except orjson.JSONDecodeError as error:
        raise Fault(400, "InvalidRequestContent", f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise Fault(400, "InvalidRequestContent", "The body is not a JSON object.")
    return cast("dict[str, Any]", body)  # orjson makes every key a string
