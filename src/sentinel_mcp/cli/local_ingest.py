"""`local ingest`: takes log files into the embedded workspace."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel_mcp.cli import output
from sentinel_mcp.cli.embedded import directory_of
from sentinel_mcp.cli.logs import prepare_logging
from sentinel_mcp.settings import load

if TYPE_CHECKING:
    from sentinel_mcp.local.ingest import IngestReport, TableReport

_HOW = {
    "schema": "column of the table",
    "spelling": "column of the table, spelled differently",
    "content": "new column, typed by its content",
    "renamed": "new column under a name that KQL can take",
    "time": "the time of the event",
    "derived": "worked out",
}


def run(arguments: argparse.Namespace) -> int:
    """Take all that can be read; exit 1 when rows were refused."""
    settings = load()
    prepare_logging(settings.log_level)
    from sentinel_mcp.kql.catalog import bundled
    from sentinel_mcp.local.ingest import ingest

    with output.progress("Ingesting") as progress:
        report = ingest(
            directory_of(settings),
            arguments.table,
            [Path(name) for name in arguments.files],
            catalog=bundled("sentinel"),
            where=arguments.where,
            windows_events=arguments.windows,
            time_field=arguments.time_field,
            now=settings.now,
            on_progress=progress,
        )
    _tell(report)
    return 1 if report.refused else 0


def _tell(report: IngestReport) -> None:
    for table in report.tables:
        _tell_table(table)
    for notice in report.notices:
        output.line(notice, style="warn")
    if report.refusals:
        output.heading("Refused")
        output.table(
            ("file", "line", "reason"),
            [(each.file, each.line, each.reason) for each in report.refusals],
        )
        if report.refused > len(report.refusals):
            output.line(f"and {report.refused - len(report.refusals):,} more", style="quiet")
    told = [f"{report.taken:,} rows taken", f"{report.refused:,} refused"]
    if report.skipped:
        told.append(f"{report.skipped:,} skipped: not asked for")
    output.line(", ".join(told), style="warn" if report.refused else "good")


def _tell_table(table: TableReport) -> None:
    output.heading(f"{table.name}: {table.rows:,} rows")
    output.table(
        ("field", "column", "type", "how"),
        [(each.source, each.column, each.type, _HOW[each.how]) for each in table.fields],
    )
