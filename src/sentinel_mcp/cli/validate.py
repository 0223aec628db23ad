"""`validate`: checks KQL against the bundled schemas, without a workspace."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from sentinel_mcp.cli import output
from sentinel_mcp.cli.documents import Document, read_documents
from sentinel_mcp.cli.logs import prepare_logging
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.settings import load

if TYPE_CHECKING:
    from sentinel_mcp.kql.results import Check, Diagnostic

_STYLES: dict[str, output.Style] = {"error": "bad", "warning": "warn", "information": "quiet"}


def run(arguments: argparse.Namespace) -> int:
    """Check every query of every file, in order."""
    settings = load()
    prepare_logging(settings.log_level)

    async def check_all() -> int:
        from sentinel_mcp.kql.catalog import bundled
        from sentinel_mcp.kql.validator import Checker

        catalog = bundled(arguments.environment)
        checker = Checker(
            timeout_s=settings.validation_timeout_s,
            allow=settings.allow_kql,
            allowed_workspaces=settings.allowed_remote_workspaces,
        )
        tell = _tell_json if arguments.json else _tell
        invalid = checked = 0
        try:
            for document in _documents(arguments.files):
                check: Check | SentinelError | None = None
                if document.problem is None:
                    try:
                        check = await checker.check(document.query, catalog)
                    except SentinelError as error:
                        check = error
                checked += 1
                invalid += not _is_valid(check)
                tell(document, check)
        finally:
            await checker.aclose()
        if not arguments.json:
            output.line(f"{checked} checked, {invalid} invalid", style="bad" if invalid else "good")
        return 1 if invalid else 0

    return asyncio.run(check_all())


def _documents(files: Sequence[str]) -> Iterator[Document]:
    for file in files:
        yield from read_documents(file)


def _is_valid(check: Check | SentinelError | None) -> bool:
    # What the guard would refuse is valid all the same: whether it may run is another question.
    return not isinstance(check, SentinelError | None) and check.valid


def _tell_json(document: Document, check: Check | SentinelError | None) -> None:
    told: dict[str, object] = {"id": document.id, "valid": _is_valid(check)}
    if check is None or isinstance(check, SentinelError):
        message = document.problem if check is None else str(check)
        code = "invalid_input" if check is None else check.code
        found = [_unplaced(code, str(message))]
        told |= {"engine": None, "diagnostics": found}
    else:
        told |= {
            "engine": check.engine,
            "diagnostics": [asdict(each) for each in check.diagnostics],
        }
        if check.refusals:
            told["refused"] = [asdict(each) for each in check.refusals]
    output.json_line(told)


def _unplaced(code: str, message: str) -> dict[str, object]:
    return {
        "code": code,
        "severity": "error",
        "message": message,
        "line": 1,
        "column": 1,
        "length": 0,
        "suggestion": None,
    }


def _tell(document: Document, check: Check | SentinelError | None) -> None:
    if check is None or isinstance(check, SentinelError):
        text = document.problem if check is None else str(check)
        output.line(f"{document.place(1, 1)}: error: {text}", style="bad")
        return
    for each in check.diagnostics:
        _show(document, each)
    for refusal in check.refusals:
        allowed = f" {refusal.allowed_by} would allow it." if refusal.allowed_by else ""
        place = document.place(refusal.line, refusal.column)
        output.line(
            f"{place}: warning: valid, but not run: {refusal.construct}. {refusal.reason}{allowed}",
            style="warn",
        )
    if not check.diagnostics and not check.refusals:
        note = "" if check.engine == "kusto_language" else " (syntax only: no .NET)"
        output.line(f"{document.file}: valid{note}", style="good")


def _show(document: Document, found: Diagnostic) -> None:
    output.line(
        f"{document.place(found.line, found.column)}: {found.severity}: "
        f"{found.message} [{found.code}]",
        style=_STYLES[found.severity],
    )
    lines = document.query.splitlines()
    if 1 <= found.line <= len(lines):
        source = lines[found.line - 1].replace("\t", " ")
        marks = "^" * max(1, min(found.length, len(source) - found.column + 1))
        output.line(f"    {source}")
        output.line(f"    {' ' * (found.column - 1)}{marks}", style=_STYLES[found.severity])
    if found.suggestion:
        output.line(f"    {found.suggestion}", style="quiet")
