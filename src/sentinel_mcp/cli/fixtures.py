"""Loads tables from a JSON file into memory, for queries that must not touch anything kept.

    {"tables": {NAME: {"columns": [{"name": …, "type": …}, …], "rows": [[…], …]}, …}}

A cell is a JSON value, or an object with one key for what JSON has no value for:
`{"$datetime": "2024-01-01T10:05:00"}`, `{"$timespan_s": 1.5}`. A dynamic cell is a JSON value, or
text that holds one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sentinel_mcp.engine.types import KUSTO_TO_DUCKDB
from sentinel_mcp.errors import InputError
from sentinel_mcp.kql.catalog import Catalog, TableSchema, bundled
from sentinel_mcp.kql.results import Column

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class _Column(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    type: str


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True)

    columns: Annotated[list[_Column], Field(min_length=1)]
    rows: list[list[Any]]  # JSON: checked against the column's type when it is stored


class _Fixtures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    tables: dict[str, _Table]


def load_fixtures(path: Path, connection: DuckDBPyConnection) -> Catalog:
    """Fill `connection` with the tables of a file; return what queries may name.

    The bundled tables may be named too, and are empty.

    Raises:
        InputError: the file is not of that form; names the first place that is wrong.

    """
    fixtures = _read(path)
    for name, table in fixtures.tables.items():
        _create(connection, name, table)
        _fill(connection, name, table, path)
    known = bundled("sentinel")
    tables = {name: replace(table, present=False) for name, table in known.tables.items()}
    for name, table in fixtures.tables.items():
        columns = tuple(Column(each.name, each.type) for each in table.columns)
        tables[name] = TableSchema(name, columns)
    return replace(known, tables=tables)


def _read(path: Path) -> _Fixtures:
    try:
        return _Fixtures.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{str(path)!r} does not hold tables: {first['msg']}{f' at {where}' if where else ''}.",
            hint='It must be {"tables": {NAME: {"columns": [{"name", "type"}], "rows": [[…]]}}}.',
        ) from error


def _create(connection: DuckDBPyConnection, name: str, table: _Table) -> None:
    for column in table.columns:
        if column.type not in KUSTO_TO_DUCKDB:
            raise InputError(
                f"Column {column.name!r} of fixture {name!r} has the type {column.type!r}.",
                hint=f"Kusto's types are {', '.join(KUSTO_TO_DUCKDB)}.",
            )
    columns = ", ".join(
        f"{_quoted(each.name)} {KUSTO_TO_DUCKDB[each.type]}" for each in table.columns
    )
    connection.execute(f"CREATE TABLE {_quoted(name)} ({columns})")


def _fill(connection: DuckDBPyConnection, name: str, table: _Table, path: Path) -> None:
    if not table.rows:
        return
    width = len(table.columns)
    rows: list[list[object]] = []
    for number, row in enumerate(table.rows, start=1):
        if len(row) != width:
            raise InputError(
                f"Row {number} of fixture {name!r} has {len(row)} cells; there are {width} columns."
            )
        rows.append(
            [_stored(cell, each.type) for cell, each in zip(row, table.columns, strict=True)]
        )
    import duckdb

    places = ", ".join("?" for _ in table.columns)
    try:
        # The name is quoted and the cells are bound.
        connection.executemany(f"INSERT INTO {_quoted(name)} VALUES ({places})", rows)  # noqa: S608
    except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
        raise InputError(
            f"A row of fixture {name!r} in {str(path)!r} does not fit its columns: {error}"
        ) from error


def _stored(cell: object, kind: str) -> object:
    if cell is None:
        # Kusto's text has no null.
        return "" if kind == "string" else None
    if kind == "dynamic":
        return cell if isinstance(cell, str) and _is_json(cell) else json.dumps(cell)
    if isinstance(cell, dict):
        tagged = cast("Mapping[str, object]", cell)
        match list(tagged.items()):
            case [("$datetime", str() as text)]:
                return _utc(text)
            case [("$timespan_s", int() | float() as seconds)]:
                return timedelta(seconds=seconds)
            case _:
                raise InputError(f"A cell of type {kind} cannot be {json.dumps(cell)}.")
    if kind == "datetime" and isinstance(cell, str):
        return _utc(cell)
    return cell


def _utc(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not a date and time of ISO 8601.") from error
    return when if when.tzinfo is None else when.astimezone(UTC).replace(tzinfo=None)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
