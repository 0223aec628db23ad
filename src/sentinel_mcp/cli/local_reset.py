"""`local reset`: forgets ingested logs and changes, and builds the embedded workspace anew."""

from __future__ import annotations

import argparse
from pathlib import Path

from sentinel_mcp.cli import output
from sentinel_mcp.cli.embedded import directory_of
from sentinel_mcp.cli.logs import prepare_logging
from sentinel_mcp.errors import Busy
from sentinel_mcp.settings import load

PATIENCE_S = 30.0


def run(arguments: argparse.Namespace) -> int:
    """Remove the store's files and build new ones."""
    del arguments  # there are none
    settings = load()
    prepare_logging(settings.log_level)
    directory = directory_of(settings)
    from sentinel_mcp.local.files import StoreFiles
    from sentinel_mcp.local.store import Store

    files = StoreFiles(directory)
    files.create()
    with files.locked(PATIENCE_S):
        for path in (files.logs, files.resources):
            _remove(path)
    with output.progress("Building the workspace") as progress:
        store = Store.open(directory, now=settings.now, on_progress=progress)
    with store:
        output.line(f"{len(store.tables())} tables in {directory}", style="good")
    output.notice("Restart servers that use it: they may still show the old incidents.")
    return 0


def _remove(path: Path) -> None:
    try:
        for each in path.parent.glob(f"{path.name}*"):
            each.unlink(missing_ok=True)
    except PermissionError as error:
        raise Busy(
            "The embedded workspace is open in another process.",
            hint="Stop the servers that use it, and try again.",
        ) from error
