"""`local reset`: forgets ingested logs and changes, and builds the embedded workspace anew."""

from __future__ import annotations

import argparse

from sentinel_mcp.cli import output
from sentinel_mcp.cli.embedded import directory_of
from sentinel_mcp.cli.logs import prepare_logging
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
            files.remove(path)
    with output.progress("Building the workspace") as progress:
        store = Store.open(directory, now=settings.now, on_progress=progress)
    with store:
        output.line(f"{len(store.tables())} tables in {directory}", style="good")
    if kept := files.damaged_files():
        names = ", ".join(each.name for each in kept)
        output.notice(
            f"Damaged files that were set aside stay: {names}. They may be the only copy of what "
            "was ingested; remove them by hand when you need them no more."
        )
    return 0
