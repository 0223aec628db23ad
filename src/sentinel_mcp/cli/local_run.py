"""`local run`: serves the embedded workspace to any Azure SDK, over TLS on loopback."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel_mcp.cli import output
from sentinel_mcp.cli.embedded import WORKSPACE, directory_of
from sentinel_mcp.cli.logs import prepare_logging
from sentinel_mcp.clock import Clock
from sentinel_mcp.settings import Settings, load

if TYPE_CHECKING:
    from sentinel_mcp.local.server import Loopback


def run(arguments: argparse.Namespace) -> int:
    """Serve until somebody presses Ctrl+C."""
    settings = load()
    prepare_logging(settings.log_level)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(settings, directory_of(settings), arguments.port))
    return 0


async def _serve(settings: Settings, directory: Path, port: int) -> None:
    from sentinel_mcp.kql.validator import Checker
    from sentinel_mcp.local.server import serve_loopback
    from sentinel_mcp.local.workspace import open_local

    clock = Clock(settings.now)
    checker = Checker(timeout_s=settings.validation_timeout_s, now=clock)
    try:
        with output.progress("Opening the workspace") as progress:
            workspace = await open_local(directory, checker, clock=clock, on_progress=progress)
        async with workspace:
            for notice in workspace.notices:
                output.notice(notice)
            async with serve_loopback(workspace, port=port) as served:
                _tell(served)
                await _told_to_stop()
    finally:
        await checker.aclose()


def _tell(served: Loopback) -> None:
    output.table(
        ("what", "value"),
        [
            ("endpoint", served.url),
            ("certificate to trust", served.authority),
            ("credential", "any bearer token"),
            ("workspace id", WORKSPACE.workspace_id),
            ("subscription", WORKSPACE.subscription_id),
            ("resource group", WORKSPACE.resource_group),
            ("workspace", WORKSPACE.workspace_name),
        ],
    )
    output.line("Ctrl+C ends it.", style="quiet")
    output.flush()


async def _told_to_stop() -> None:
    """Wait for SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows' loops take no handlers; there Ctrl+C cancels the wait.
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
