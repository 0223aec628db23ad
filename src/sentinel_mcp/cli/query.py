"""`query`: runs KQL and prints the rows, for people or for programs."""

from __future__ import annotations

import argparse
import asyncio
import csv
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from sentinel_mcp.cli import output
from sentinel_mcp.cli.documents import Document, read_jsonl
from sentinel_mcp.cli.logs import prepare_logging
from sentinel_mcp.cli.runners import Answer, FixtureRunner, Runner, ServerRunner
from sentinel_mcp.clock import Clock
from sentinel_mcp.errors import ConfigError, InputError, SentinelError
from sentinel_mcp.settings import LOCAL, MIB, Settings, load

Format = Literal["table", "csv", "json", "chart"]


def run(arguments: argparse.Namespace) -> int:
    """Run one query, or each query of a file; exit 1 when one of them failed."""
    form = _format(arguments)
    documents = _documents(arguments)
    settings = load(
        workspace=LOCAL if arguments.local else None,
        # The limits of an answer protect an assistant's context; here a person or a file reads it.
        max_answer_bytes=64 * MIB,
    )
    prepare_logging(settings.log_level)
    if arguments.fixtures and not settings.is_local:
        raise ConfigError(
            "Fixtures are for the embedded workspace.", hint="Add `--local` to query them."
        )

    async def run_all() -> int:
        failed = 0
        async with _runner(settings, arguments.fixtures) as runner:
            for document in documents:
                failed += not await _run_one(runner, document, arguments.timespan, form)
        return 1 if failed else 0

    return asyncio.run(run_all())


def _format(arguments: argparse.Namespace) -> Format:
    if arguments.json and arguments.format not in (None, "json"):
        raise ConfigError(
            f"--json and --format {arguments.format} contradict each other.", hint="Give one."
        )
    machine = arguments.json or arguments.jsonl is not None
    return arguments.format or ("json" if machine else "table")


def _documents(arguments: argparse.Namespace) -> list[Document]:
    if (arguments.kql is None) == (arguments.jsonl is None):
        raise ConfigError(
            "There is no query." if arguments.kql is None else "There are two sources of queries.",
            hint="Give KQL, `-` for standard input, or --jsonl FILE.",
        )
    if arguments.kql is not None:
        text = sys.stdin.read() if arguments.kql == "-" else arguments.kql
        return [Document(id=1, file="query", query=text)]
    try:
        return list(read_jsonl(Path(arguments.jsonl)))
    except OSError as error:
        raise InputError(f"{arguments.jsonl!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{arguments.jsonl!r} is not UTF-8 text: byte {error.start}.") from error


@asynccontextmanager
async def _runner(settings: Settings, fixtures: str | None) -> AsyncGenerator[Runner]:
    if fixtures is None:
        from sentinel_mcp.cli.session import opened_session

        with output.progress("Opening the workspace") as progress:
            async with opened_session(settings, on_progress=progress) as session:
                yield ServerRunner(session)
        return
    import duckdb

    from sentinel_mcp.cli.fixtures import load_fixtures
    from sentinel_mcp.kql.validator import Checker

    clock = Clock(settings.now)
    checker = Checker(timeout_s=settings.validation_timeout_s, allow=settings.allow_kql, now=clock)
    connection = duckdb.connect(":memory:")
    try:
        catalog = load_fixtures(Path(fixtures), connection)
        yield FixtureRunner(connection, catalog, checker, clock)
    finally:
        connection.close()
        await checker.aclose()


async def _run_one(runner: Runner, document: Document, timespan: str | None, form: Format) -> bool:
    try:
        if document.problem is not None:
            raise InputError(f"{document.place(1, 1)}: {document.problem}.")
        answer = await runner.run(document.query, timespan)
    except SentinelError as error:
        _tell_failure(document, error, form)
        return False
    _tell(document, answer, form)
    return True


def _tell_failure(document: Document, error: SentinelError, form: Format) -> None:
    if form != "json":
        output.notice(f"error: {error}")
        return
    output.json_line(
        {
            "id": document.id,
            "ok": False,
            "columns": [],
            "rows": [],
            "error": {"code": error.code, "message": str(error)},
        }
    )


def _tell(document: Document, answer: Answer, form: Format) -> None:
    names = [name for name, _ in answer.columns]
    match form:
        case "json":
            columns = [{"name": name, "type": kind} for name, kind in answer.columns]
            told = {"id": document.id, "ok": True, "columns": columns, "rows": answer.rows}
            output.json_line({**told, "error": None})
        case "csv":
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(names)
            writer.writerows([output.full(cell) for cell in row] for row in answer.rows)
        case "chart":
            from sentinel_mcp.cli.charts import Result, draw

            for line in draw(Result(answer.columns, answer.rows), answer.visualization):
                output.line(line)
        case "table":
            output.table(names, answer.rows)
    for note in answer.notes if form != "json" else answer.notes[1:]:
        output.notice(note)
