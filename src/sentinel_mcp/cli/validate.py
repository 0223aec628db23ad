"""`validate`: checks KQL against the bundled schemas, without a workspace.

Where there is no .NET, only the syntax is checked, which is said of each query and in the exit
code: 1 when a query is invalid, else 2 when one was not checked in full. `--syntax-only` asks
for no more than the syntax.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

from sentinel_mcp.cli import output
from sentinel_mcp.cli.documents import Document, read_documents
from sentinel_mcp.cli.logs import prepare_logging
from sentinel_mcp.errors import InputError, SentinelError
from sentinel_mcp.kql.results import SYNTAX_ONLY, UNREAD
from sentinel_mcp.settings import load

if TYPE_CHECKING:
    from sentinel_mcp.kql.results import Check, Diagnostic

Verdict = Literal["valid", "invalid", "syntax only", "not checked"]
"""`syntax only`: names were not checked; `not checked`: not even the syntax could be read."""

_VALID: dict[Verdict, bool | None] = {"valid": True, "invalid": False}
"""What `--json` says in `valid`; null where it cannot be told."""

_STYLES: dict[str, output.Style] = {"error": "bad", "warning": "warn", "information": "quiet"}


def run(arguments: argparse.Namespace) -> int:
    """Check every query of every file, in order."""
    settings = load()
    prepare_logging(settings.log_level)

    async def check_all() -> Counter[Verdict]:
        from sentinel_mcp.kql.catalog import bundled
        from sentinel_mcp.kql.validator import Checker

        catalog = bundled(arguments.environment)
        checker = Checker(
            timeout_s=settings.validation_timeout_s,
            allow=settings.allow_kql,
            allowed_workspaces=settings.allowed_remote_workspaces,
            prefer_grammar=arguments.syntax_only,
        )
        show = _print_json if arguments.json else _print
        verdicts: Counter[Verdict] = Counter()
        try:
            for document in _documents(arguments.files):
                check: Check | SentinelError
                try:
                    if document.problem is not None:
                        raise InputError(document.problem)
                    check = await checker.check(document.query, catalog)
                except SentinelError as error:
                    check = error
                verdicts[_verdict(check)] += 1
                show(document, check)
        finally:
            await checker.aclose()
        return verdicts

    verdicts = asyncio.run(check_all())
    incomplete = verdicts["not checked"] + (0 if arguments.syntax_only else verdicts["syntax only"])
    if not arguments.json:
        _print_counts(verdicts, complete=not incomplete)
    if verdicts["syntax only"] and not arguments.syntax_only:
        from sentinel_mcp.kql.dotnet import remedy

        output.notice(
            f"Names and types were not checked. {remedy()} "
            "With --syntax-only no more than the syntax is asked for."
        )
    if verdicts["invalid"]:
        return 1
    return 2 if incomplete else 0


def _documents(files: Sequence[str]) -> Iterator[Document]:
    for file in files:
        yield from read_documents(file)


def _verdict(check: Check | SentinelError) -> Verdict:
    if isinstance(check, SentinelError):
        # A text that can be no query is wrong; a check that did not end says nothing of it.
        return "invalid" if isinstance(check, InputError) else "not checked"
    # What the guard would refuse is valid all the same: whether it may run is another question.
    if check.valid is not None:
        return "valid" if check.valid else "invalid"
    unread = any(each.code == UNREAD for each in check.diagnostics)
    return "not checked" if unread else "syntax only"


def _print_counts(verdicts: Counter[Verdict], *, complete: bool) -> None:
    checked = verdicts["valid"] + verdicts["invalid"]
    counts = [f"{checked} checked, {verdicts['invalid']} invalid"] if checked else []
    if number := verdicts["syntax only"]:
        counts.append(f"{number} checked for syntax only")
    if number := verdicts["not checked"]:
        counts.append(f"{number} not checked")
    style: output.Style = "bad" if verdicts["invalid"] else "good" if complete else "warn"
    output.line("; ".join(counts) or "0 checked", style=style)


def _print_json(document: Document, check: Check | SentinelError) -> None:
    answer: dict[str, object] = {"id": document.id, "valid": _VALID.get(_verdict(check))}
    if isinstance(check, SentinelError):
        answer |= {"engine": None, "diagnostics": [_without_place(check)]}
    else:
        answer |= {
            "engine": check.engine,
            "diagnostics": [asdict(each) for each in check.diagnostics],
        }
        if check.refusals:
            answer["refused"] = [asdict(each) for each in check.refusals]
    output.json_line(answer)


def _without_place(error: SentinelError) -> dict[str, object]:
    return {
        "code": error.code,
        "severity": "error",
        "message": str(error),
        "line": 1,
        "column": 1,
        "length": 0,
        "suggestion": None,
    }


def _print(document: Document, check: Check | SentinelError) -> None:
    if isinstance(check, SentinelError):
        output.line(f"{document.place(1, 1)}: error: {check}", style="bad")
        return
    # That no names were checked is said once, at the end.
    findings = [each for each in check.diagnostics if each.code != SYNTAX_ONLY]
    for each in findings:
        _show(document, each)
    would_run = "valid, but not run" if check.valid else "would not be run"
    for refusal in check.refusals:
        allowed = f" {refusal.allowed_by} would allow it." if refusal.allowed_by else ""
        place = document.place(refusal.line, refusal.column)
        output.line(
            f"{place}: warning: {would_run}: {refusal.construct}. {refusal.reason}{allowed}",
            style="warn",
        )
    if not findings and not check.refusals:
        verdict = "valid" if check.valid else "no mistake in its syntax"
        output.line(f"{document.file}: {verdict}", style="good")


def _show(document: Document, found: Diagnostic) -> None:
    output.line(
        f"{document.place(found.line, found.column)}: {found.severity}: "
        f"{found.message} [{found.code}]",
        style=_STYLES[found.severity],
    )
    lines = document.query.splitlines()
    if found.length and 1 <= found.line <= len(lines):
        source = lines[found.line - 1].replace("\t", " ")
        marks = "^" * max(1, min(found.length, len(source) - found.column + 1))
        output.line(f"    {source}")
        output.line(f"    {' ' * (found.column - 1)}{marks}", style=_STYLES[found.severity])
    if found.suggestion:
        output.line(f"    {found.suggestion}", style="quiet")
