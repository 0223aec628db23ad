"""`demo`: an investigation on the embedded workspace, through a real MCP client over stdio.

The client starts our own `serve --local` and calls its tools, as an assistant would.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from sentinel_mcp.cli import output
from sentinel_mcp.cli.embedded import directory_of
from sentinel_mcp.cli.logs import prepare_logging
from sentinel_mcp.cli.session import Session
from sentinel_mcp.cli.story import STEPS, Case, DeadEnd
from sentinel_mcp.errors import SentinelError, Unavailable
from sentinel_mcp.kql.dotnet import remedy
from sentinel_mcp.settings import LOCAL, Settings, load

START_TIMEOUT_S = 60

_SHOWN = ("--toolsets", "core,threat-intel", "--allow-writes")
"""What the steps call. The tools that write are there for a preview; no step writes."""


def run(arguments: argparse.Namespace) -> int:
    """Build the workspace if need be, then play every step; exit 1 when one fails."""
    del arguments  # there are none
    settings = load(workspace=LOCAL)
    prepare_logging(settings.log_level)
    started_s = time.perf_counter()
    directory = directory_of(settings)
    output.line("An investigation, played by an MCP client on the embedded workspace.")
    output.line("Nothing here is Azure: company, people and intruders are invented.", style="quiet")
    _build(directory, settings.now)
    return asyncio.run(_play(settings, started_s))


def _build(directory: Path, now: datetime | None) -> None:
    """Build the store before the server starts: a person wants to see how far it is."""
    from sentinel_mcp.local.store import Store

    started_s = time.perf_counter()
    with output.progress("Building the workspace") as progress:
        store = Store.open(directory, now=now, on_progress=progress)
    with store:
        for notice in store.notices:
            output.line(notice, style="warn")
        tables = len(store.tables())
    output.line(f"{tables} tables, ready in {_seconds(started_s)}", style="quiet")


async def _play(settings: Settings, started_s: float) -> int:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        try:
            async with _connected(settings, log) as session:
                case = Case(session)
                for number, step in enumerate(STEPS, start=1):
                    output.heading(f"{number}. {step.title}")
                    step_s = time.perf_counter()
                    with output.working(step.title):
                        await step.play(case)
                    case.show()
                    output.line(_seconds(step_s), style="quiet")
        except (SentinelError, DeadEnd) as error:
            output.line(f"This failed: {error}", style="bad")
            _tell_log(log)
            return 1
    output.heading("Done")
    output.line(
        f"{len(STEPS)} steps, {case.calls} tool calls, {_seconds(started_s)} in all.", style="good"
    )
    if case.left_out:
        output.line(
            f"{case.left_out} of the steps need .NET, which is not here. {remedy()}", style="warn"
        )
    output.line("Serve the same workspace to your own assistant: sentinel-mcp serve --local")
    return 0


@asynccontextmanager
async def _connected(settings: Settings, log: IO[str]) -> AsyncGenerator[Session]:
    from fastmcp import Client
    from fastmcp.client.transports import StdioTransport
    from mcp.shared.exceptions import MCPError

    environment = {**os.environ, "SENTINEL_WORKSPACE": LOCAL}
    if settings.cache_dir is not None:
        environment["SENTINEL_CACHE_DIR"] = str(settings.cache_dir)
    transport = StdioTransport(
        command=sys.executable,
        args=["-m", "sentinel_mcp.cli", "serve", "--local", *_SHOWN],
        env=environment,
        keep_alive=False,
        log_file=log,  # pyright: ignore[reportArgumentType] a text file is all it needs
    )
    started_s = time.perf_counter()
    async with AsyncExitStack() as stack:
        try:
            with output.working("Starting the server"):
                client = await stack.enter_async_context(
                    Client(transport, init_timeout=START_TIMEOUT_S)
                )
                tools = await client.list_tools()
        except (MCPError, RuntimeError, OSError) as error:
            raise Unavailable(f"The server did not start: {error}") from error
        output.line(f"{len(tools)} tools, listed in {_seconds(started_s)}", style="quiet")
        yield Session(client)


def _tell_log(log: IO[str]) -> None:
    log.seek(0)
    for each in log.readlines()[-20:]:
        output.notice(f"server: {each.rstrip()}")


def _seconds(since_s: float) -> str:
    return f"{time.perf_counter() - since_s:.2f} s"
