"""What the server and its worker process say to each other.

Frames on the worker's stdin and stdout: four bytes of length, big-endian, then a JSON object. The
worker greets with `{"hello": versions}`; then each request has one answer, in order:

    {"id", "op": "schema", "key", "tables", ...}     {"id", "done": null}
    {"id", "op": "check", "key", "query", "now"}     {"id", "done": Findings}
    {"id", "op": "normalise", "key", "query"}        {"id", "done": {text, tables, columns}}

or, where it could not be done, `{"id", "fault": {"kind", ...}}`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, TypeAlias, cast

import orjson

from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.results import Column, Diagnostic, OtherTimes, TimeRange

HEADER = struct.Struct(">I")
MAX_FRAME_BYTES = 64 * 1024 * 1024

Message: TypeAlias = dict[str, Any]
"""A decoded frame; which keys it has, the module's docstring says."""

FaultKind = Literal["unknown_schema", "invalid", "refused", "crashed"]
"""No such key (push it, ask again); the query does not bind; normalise refuses; a bug."""

ConstructKind = Literal["management", "externaldata", "http_request", "cluster", "workspace"]
"""What the guard decides on, each under a setting of its own."""

HabitKind = Literal[
    "no-time-filter",
    "search-all",
    "union-all",
    "contains",
    "unfiltered-join",
    "deprecated-function",
    "absent-table",
]


@dataclass(frozen=True, slots=True)
class Construct:
    """A construct that reaches beyond the workspace's logs, where it stands.

    `arguments` are its literal or constant arguments, None for each that is neither.
    """

    kind: ConstructKind
    name: str
    arguments: tuple[str | None, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Habit:
    """A costly or dated way of writing, where it stands; `subject` is what it is about."""

    kind: HabitKind
    subject: str
    line: int
    column: int
    length: int
    alternative: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that is read off a query's syntax tree."""

    diagnostics: tuple[Diagnostic, ...]
    tables: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    columns: tuple[Column, ...] | None = None
    formatted: str | None = None
    time_range: TimeRange | None = None
    other_times: OtherTimes | None = None
    constructs: tuple[Construct, ...] = ()
    habits: tuple[Habit, ...] = ()
    advice: tuple[Diagnostic, ...] = ()


def encode(message: Mapping[str, object]) -> bytes:
    """Return the frame of a message; dataclasses in it become objects."""
    body = orjson.dumps(message)
    return HEADER.pack(len(body)) + body


def decode(body: bytes) -> Message:
    """Return the message in a frame's body."""
    return cast("Message", orjson.loads(body))


def read_frame(stream: BinaryIO) -> Message | None:
    """Read one message; None at the end of the stream, within a frame or between two."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    size = HEADER.unpack(header)[0]
    body = stream.read(size)
    return decode(body) if len(body) == size else None


def schema_message(catalog: Catalog, key: str) -> Message:
    """Return the message that pushes a catalog; descriptions stay behind."""
    return {
        "op": "schema",
        "key": key,
        "tables": {
            table.name: [[column.name, column.type] for column in table.columns]
            for table in catalog.tables.values()
        },
        "open": [table.name for table in catalog.tables.values() if table.open],
        "absent": [table.name for table in catalog.tables.values() if not table.present],
        "assumes_custom_tables": not catalog.live,
        "functions": [
            {
                "name": each.name,
                "parameters": each.parameters,
                "kind": each.kind,
                "columns": [[column.name, column.type] for column in each.columns],
                "columns_by": None
                if each.columns_by is None
                else {
                    argument: [[column.name, column.type] for column in columns]
                    for argument, columns in each.columns_by
                },
                "open": each.open,
                "body": each.body,
                "takes_columns": each.takes_columns,
                "assumed": each.assumed,
            }
            for each in catalog.functions.values()
        ],
    }


def findings_of(done: Message) -> Findings:
    """Return the findings in an answer to `check`."""
    columns = done["columns"]
    span, others = done["time_range"], done["other_times"]
    return Findings(
        diagnostics=tuple(Diagnostic(**each) for each in done["diagnostics"]),
        tables=tuple(done["tables"]),
        functions=tuple(done["functions"]),
        columns=None if columns is None else tuple(Column(**each) for each in columns),
        formatted=done["formatted"],
        time_range=None if span is None else TimeRange(**span),
        other_times=None
        if others is None
        else OtherTimes(
            columns=tuple(others["columns"]),
            start=others["start"],
            start_ago_s=others["start_ago_s"],
            covers=others["covers"],
            unread=others["unread"],
        ),
        constructs=tuple(
            Construct(
                each["kind"],
                each["name"],
                tuple(each["arguments"]),
                each["line"],
                each["column"],
            )
            for each in done["constructs"]
        ),
        habits=tuple(Habit(**each) for each in done["habits"]),
        advice=tuple(Diagnostic(**each) for each in done["advice"]),
    )
