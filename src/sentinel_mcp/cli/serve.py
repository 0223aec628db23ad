"""`serve`: MCP over stdio, or over http and sse on loopback."""

from __future__ import annotations

import argparse
import asyncio
import gc
import ipaddress
import logging
import socket
from typing import TYPE_CHECKING

from sentinel_mcp.cli.ending import Ending
from sentinel_mcp.cli.logs import prepare_logging
from sentinel_mcp.cli.output import notice
from sentinel_mcp.cli.parser import choice_of
from sentinel_mcp.errors import ConfigError
from sentinel_mcp.settings import LOCAL, load

if TYPE_CHECKING:
    from fastmcp import FastMCP

log = logging.getLogger(__name__)

PATHS = {"http": "/mcp", "sse": "/sse"}


def run(arguments: argparse.Namespace) -> int:
    """Serve until the client leaves or somebody presses Ctrl+C."""
    # What a start loads stays; looking through it again and again took a tenth of the start.
    gc.disable()
    settings = load(
        workspace=LOCAL if arguments.local else None,
        allow_writes=arguments.allow_writes or None,
    )
    prepare_logging(settings.log_level)
    listener = None
    ending = Ending()
    if arguments.transport == "stdio":
        ending.take_over_stdin()
    else:
        listener = _listener(arguments.host, arguments.port)

    async def serve() -> None:
        from sentinel_mcp.cli.session import opened_server

        ending.on_signals()
        choice = choice_of(arguments, writes=settings.allow_writes)
        async with opened_server(settings, choice) as server:
            _collect_seldom()
            if listener is None:
                await server.run_stdio_async(show_banner=False)
            else:
                await _serve_http(server, arguments.transport, arguments.host, listener)

    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        log.info("interrupted")
    return 0


def _collect_seldom() -> None:
    """Keep the garbage collector from stopping the server in the middle of a large answer.

    Rows are millions of lists and texts without cycles; looking through 100,000 of them for some
    took 111 ms, during which nothing else was answered.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 10)
    gc.enable()


async def _serve_http(server: FastMCP, transport: str, host: str, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    notice(f"serving {transport} at http://{shown}:{port}{PATHS[transport]}")
    await server.run_http_async(
        show_banner=False,
        transport="sse" if transport == "sse" else "http",
        host=host,
        port=port,
        path=PATHS[transport],
        # Against DNS rebinding: a page in a browser must not reach a server on loopback.
        host_origin_protection="auto",
        uvicorn_config={"timeout_graceful_shutdown": 1, "log_config": None},
        sockets=[listener],
    )


def _listener(host: str, port: int) -> socket.socket:
    """Return a listening socket on loopback.

    Raises:
        ConfigError: the host is not loopback, or the port is taken.

    """
    if not _is_loopback(host):
        raise ConfigError(
            f"{host!r} is not a loopback address, and this server does not authenticate anybody.",
            hint="Serve on 127.0.0.1 and reach it through an SSH tunnel.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"Cannot listen on {host}, port {port}: {error.strerror}.",
            hint="Choose another with `--port`, or 0 for any that is free.",
        ) from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
