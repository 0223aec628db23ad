"""HTTP to and from the data lake's query endpoint."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sentinel_mcp.local.services.answers import Handlers, read_object
from sentinel_mcp.local.services.faults import Fault
from sentinel_mcp.local.services.lake import frames
from sentinel_mcp.local.services.logs.behaviour import Queries, Running
from sentinel_mcp.local.services.logs.routes import QueryResponse


def handlers(queries: Queries) -> Handlers:
    """Return what answers each operation."""

    async def query(request: Request) -> Response:
        return LakeResponse(queries, frames.lake_call(await read_object(request)))

    return {"Lake_Query": query}


class LakeResponse(QueryResponse):
    """The answer in frames; a refusal in Kusto's words."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, or stop where the client has gone."""
        try:
            await super().__call__(scope, receive, send)
        except Fault as fault:
            raise frames.in_kusto_words(fault) from fault

    def opening(self, running: Running) -> bytes:
        """Return the frames before the rows."""
        return frames.opening(running)

    def closing(self, running: Running) -> bytes:
        """Return the frames after the rows."""
        return frames.closing(running)
