"""Maps the fields of records to the columns of one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sentinel_mcp.errors import InputError
from sentinel_mcp.kql.catalog import TableSchema
from sentinel_mcp.kql.results import Column
from sentinel_mcp.local.intake.times import TimeReader, canonical
from sentinel_mcp.local.intake.values import (
    INT64,
    NO_VALUE,
    NOTHING,
    STRING,
    Convert,
    converter,
    kind_of,
    shortened,
    type_of,
)

How = Literal["schema", "spelling", "content", "renamed", "time", "derived"]
"""Why a field went to its column: the schema has it; has it in other spelling; has it not, so its
type is that of its content (under a name KQL can take); it holds the time; it was worked out."""

TIME = "TimeGenerated"
TYPE = "Type"
MAX_NEW_COLUMNS = 1_000
MAX_NAME_CHARS = 100
MAX_SHAPES = 2_000

# In the order in which they are asked. Those with a zone, or in UTC by definition, come before
# EventTime, which collectors write in the local time of the machine.
TIME_FIELDS = (
    "timegenerated",
    "@timestamp",
    "timestamp",
    "utctime",
    "timecreated",
    "eventtime",
    "creationtime",
    "createddatetime",
    "activitydatetime",
    "eventtimestamp",
    "published",
    "time",
    "_time",
    "datetime",
    "ts",
    "date",
    "receipttime",
    "starttime",
    "endtime",
)
_RANK = {name: rank for rank, name in enumerate(TIME_FIELDS)}

# These mean nothing but the time of the event, so they are not kept beside TimeGenerated.
_TIME_ONLY = frozenset({"timegenerated", "@timestamp", "timestamp"})

_PORTAL_SUFFIX = re.compile(r"^(.*\S)\s*\[UTC\]$")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")


_NOTHING: Mapping[str, tuple[object, str]] = {}


class Refusal(Exception):
    """A row cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class MappedField:
    """Where one field of the source went."""

    source: str
    column: str
    type: str
    how: How


@dataclass(slots=True)
class _Target:
    """Where the values of one field go; without `convert` they are kept as they come."""

    source: str
    column: str
    how: How
    convert: Convert | None
    is_text: bool = False
    kinds: int = NOTHING


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is worked out once for all records that have the same fields in the same order."""

    targets: tuple[_Target, ...]
    times: tuple[str, ...]
    """The fields that may hold the time, best first."""


class TableMapping:
    """The mapping of one table, growing with the fields that turn up."""

    def __init__(
        self,
        schema: TableSchema | None,
        name: str,
        *,
        time_field: str | None = None,
    ) -> None:
        """Begin without any field; `schema` is what is known of the table, or None."""
        self.name = name
        self.from_text = False
        self._known = {each.name.lower(): each for each in schema.columns} if schema else {}
        self._known.setdefault(TIME.lower(), Column(TIME, "datetime"))
        self._known.setdefault(TYPE.lower(), Column(TYPE, "string"))
        self._time_field = time_field
        self._times = TimeReader()
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._targets: dict[str, _Target] = {}
        self._new: dict[str, _Target] = {}
        self._overflow: dict[str, _Target] = {}
        self._derived: dict[str, _Target] = {}
        self._used_times: dict[str, None] = {}

    def cells(
        self, fields: dict[str, object], derived: Mapping[str, tuple[object, str]] = _NOTHING
    ) -> dict[str, object]:
        """Return a record's cells by column.

        `derived` are further cells that were worked out, with what from; the record's own win.

        Raises:
            Refusal: its time cannot be read, or a value does not fit its column.

        """
        keys = tuple(fields)
        shape = self._shapes.get(keys) or self._shape(keys)
        # The column Type names the table; a field of that name that says something else finds it
        # taken, and is kept beside it.
        cells: dict[str, object] = {TIME: self._time(fields, shape), TYPE: self.name}
        for target, value in zip(shape.targets, fields.values(), strict=True):
            if value is None or value == "" or target.how == "time":
                continue
            cell = value if target.is_text and type(value) is str else self._cell(target, value)
            if cell is None:
                continue
            column = target.column
            if column in cells and cells[column] != cell:
                second = self._second(target)
                column, cell = second.column, self._cell(second, value)
            cells[column] = cell
        for column, (value, source) in derived.items():
            target = self._derived.get(column)
            if target is None:
                target = self._derived[column] = self._make(column)
                target.source, target.how = source, "derived"
            if target.column not in cells:
                cells[target.column] = self._cell(target, value)
        return cells

    def fields(self) -> tuple[MappedField, ...]:
        """Return the mapping, in the order in which fields turned up."""
        times = [MappedField(key, TIME, "datetime", "time") for key in self._used_times]
        others = [
            MappedField(each.source, each.column, self._type(each), each.how)
            for each in [
                *self._targets.values(),
                *self._overflow.values(),
                *self._derived.values(),
            ]
            if each.how != "time"
        ]
        return (*times, *others)

    def new_columns(self) -> tuple[Column, ...]:
        """Return the columns that the schema does not have, with the types of their content."""
        return tuple(Column(each.column, type_of(each.kinds)) for each in self._new.values())

    def known_columns(self) -> tuple[Column, ...]:
        """Return the schema's columns, of names that differ by more than case."""
        return tuple(self._known.values())

    def known_column(self, name: str) -> Column | None:
        """Return the schema's column of this name, whatever its case."""
        return self._known.get(name.lower())

    def _type(self, target: _Target) -> str:
        known = self._known.get(target.column.lower())
        return known.type if known else type_of(self._new[target.column.lower()].kinds)

    def _cell(self, target: _Target, value: object) -> object:
        if target.convert is not None:
            try:
                return target.convert(value)
            except ValueError as error:
                raise Refusal(f"{target.source}: {error}") from error
        held = self._new[target.column.lower()]
        # Text holds any other text, so a column seen to hold it needs no closer look.
        if not (held.kinds & STRING and (self.from_text or type(value) is str)):
            held.kinds |= kind_of(value, from_text=self.from_text)
        return str(value) if type(value) is int and value not in INT64 else value

    def _shape(self, keys: tuple[str, ...]) -> _Shape:
        ranked = sorted((rank, key) for key in keys if (rank := self._rank(key)) is not None)
        targets = (self._targets.get(key) or self._made(key) for key in keys)
        shape = _Shape(tuple(targets), tuple(key for _, key in ranked))
        if len(self._shapes) < MAX_SHAPES:
            self._shapes[keys] = shape
        return shape

    def _made(self, key: str) -> _Target:
        self._targets[key] = made = self._make(key)
        return made

    def _make(self, key: str) -> _Target:
        stripped = _bare(key)
        lowered = stripped.lower()
        if lowered in _TIME_ONLY and (self._time_field is None or lowered == TIME.lower()):
            return _Target(key, TIME, "time", None)
        known = self._known.get(lowered)
        if known:
            how: How = "schema" if known.name == key else "spelling"
            return _Target(
                key, known.name, how, converter(known.type, self._times), known.type == "string"
            )
        name = _column_name(stripped)
        if name.lower() in self._known:
            name = self._free_name(name)
        if self._new.get(name.lower()) is None:
            self._check_room(name)
            how = "content" if name == key else "renamed"
            self._new[name.lower()] = target = _Target(key, name, how, None)
            return target
        # Another spelling of a column there is: DuckDB tells columns apart by more than case.
        there = self._new[name.lower()]
        return _Target(
            key, there.column, "spelling" if lowered == name.lower() else "renamed", None
        )

    def _second(self, target: _Target) -> _Target:
        """Return where a field goes whose column already holds another spelling's value."""
        found = self._overflow.get(target.source)
        if found is None:
            name = self._free_name(target.column)
            self._check_room(name)
            found = self._overflow[target.source] = _Target(target.source, name, "renamed", None)
            self._new[name.lower()] = found
        return found

    def _free_name(self, name: str) -> str:
        number = 2
        while f"{name}_{number}".lower() in self._known or f"{name}_{number}".lower() in self._new:
            number += 1
        return f"{name}_{number}"

    def _check_room(self, name: str) -> None:
        if len(self._new) >= MAX_NEW_COLUMNS:
            raise InputError(
                f"{self.name} would get more than {MAX_NEW_COLUMNS:,} columns of its own; "
                f"the next is {name!r}.",
                hint="Are the field names data? Turn them into values first.",
            )

    def _time(self, fields: dict[str, object], shape: _Shape) -> str:
        for key in shape.times:
            value = fields[key]
            if value is None or (isinstance(value, str) and value.strip() in NO_VALUE):
                continue
            moment = self._times.read(value)
            if moment is None:
                raise Refusal(f"{key}: {shortened(value)} is no time")
            self._used_times.setdefault(key)
            return canonical(moment)
        wanted = self._time_field or "TimeGenerated, @timestamp, EventTime, TimeCreated …"
        raise Refusal(f"no time: none of {wanted} has a value")

    def _rank(self, key: str) -> int | None:
        lowered = _bare(key).lower()
        if self._time_field is None:
            return _RANK.get(lowered)
        return 0 if lowered == self._time_field.lower() else None


def _bare(key: str) -> str:
    """Return a field's name without what the portal's export writes behind the name of a time."""
    found = _PORTAL_SUFFIX.match(key)
    return found[1] if found else key.strip()


def _column_name(name: str) -> str:
    cleaned = _NOT_IN_NAMES.sub("_", name)[:MAX_NAME_CHARS] or "Column"
    return f"_{cleaned}" if cleaned[0].isdigit() else cleaned
