"""A server of ours and, where a command needs one, an MCP client in the same process."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from sentinel_mcp.clock import Clock
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.settings import Settings

if TYPE_CHECKING:
    from fastmcp import FastMCP

    from sentinel_mcp.surface import Choice


def raised_by(error: Mapping[str, object], text: str) -> SentinelError:
    """Return the error that a tool's answer tells of, of the class that its code belongs to."""
    message, hint = error.get("message"), error.get("hint")
    kind = _classes(SentinelError).get(str(error.get("code")), SentinelError)
    return kind(str(message or text), hint=str(hint) if hint else None)


def _classes(root: type[SentinelError]) -> dict[str, type[SentinelError]]:
    found = {root.code: root}
    for each in root.__subclasses__():
        found |= _classes(each)
    return found


@asynccontextmanager
async def opened_server(
    settings: Settings,
    choice: Choice | None = None,
    *,
    on_progress: Callable[[str, float], None] | None = None,
) -> AsyncGenerator[FastMCP]:
    """Make the server that `settings` describe; the embedded workspace is closed afterwards.

    Without a `choice` it has every tool.
    """
    from sentinel_mcp.server import create_server

    if not settings.is_local:
        yield create_server(settings, choice=choice)
        return
    from sentinel_mcp.cli.embedded import WORKSPACE, Embedded, directory_of
    from sentinel_mcp.kql.validator import Checker

    clock = Clock(settings.now)
    # One checker for both sides: each would start a worker process of 200 MB.
    checker = Checker(
        timeout_s=settings.validation_timeout_s,
        allow=settings.allow_kql,
        allowed_workspaces=settings.allowed_remote_workspaces,
        now=clock,
    )
    embedded = Embedded(directory_of(settings), checker, clock, on_progress=on_progress)
    try:
        yield create_server(
            settings,
            workspaces=(WORKSPACE,),
            make_transport=embedded.make_transport,
            make_credential=embedded.make_credential,
            checker=checker,
            choice=choice,
            clock=clock,
        )
    finally:
        await embedded.aclose()
        await checker.aclose()


class Session:
    """An MCP client of our server that returns what a tool answered, or raises its error."""

    def __init__(self, client: Any) -> None:  # a fastmcp.Client of whatever transport
        self._client = client

    async def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        """Call a tool and return its structured answer.

        Raises:
            SentinelError: the tool answered with one.

        """
        answer = await self._client.call_tool(tool, arguments, raise_on_error=False)
        if answer.is_error:
            text = " ".join(getattr(each, "text", "") for each in answer.content)
            meta = cast("dict[str, dict[str, object]]", answer.meta or {})
            raise raised_by(meta.get("error") or {}, text)
        return cast("dict[str, Any]", answer.structured_content)


@asynccontextmanager
async def opened_session(
    settings: Settings, *, on_progress: Callable[[str, float], None] | None = None
) -> AsyncGenerator[Session]:
    """Serve to a client in this process."""
    from fastmcp import Client

    opened = opened_server(settings, on_progress=on_progress)
    async with opened as server, Client(server) as client:
        yield Session(client)
