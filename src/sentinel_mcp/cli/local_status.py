"""`local status`: what the embedded workspace holds, what it lost, and what was kept of that."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from sentinel_mcp.cli import output
from sentinel_mcp.cli.embedded import directory_of
from sentinel_mcp.cli.logs import prepare_logging
from sentinel_mcp.settings import load


def run(arguments: argparse.Namespace) -> int:
    """Show it; with `--dismiss`, end the notices that every answer repeats until then."""
    settings = load()
    prepare_logging(settings.log_level)
    directory = directory_of(settings)
    from sentinel_mcp.local.files import StoreFiles
    from sentinel_mcp.local.store import Store
    from sentinel_mcp.local.tables import ingested_rows

    with output.progress("Opening the workspace") as progress:
        store = Store.open(directory, now=settings.now, on_progress=progress)
    with store, store.reading() as connection:
        output.line(f"{len(store.tables())} tables in {directory}")
        _show("Ingested rows", ("table", "rows"), ingested_rows(connection))
        kept = {each.name: each.stat().st_size for each in StoreFiles(directory).damaged_files()}
        _show("Damaged files that were kept", ("file", "bytes"), kept)
        for notice in store.notices:
            output.line(notice, style="warn")
        if arguments.dismiss:
            store.documents.dismiss_notices()
            output.line("The notices are dismissed.", style="good")
    return 0


def _show(title: str, columns: tuple[str, str], numbers: Mapping[str, int]) -> None:
    output.heading(title)
    output.table(columns, [(name, f"{number:,}") for name, number in numbers.items()])
