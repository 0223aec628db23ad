"""Reads the rows of a Parquet file as JSON has them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast
from uuid import UUID

from sentinel_mcp.errors import InputError

BATCH_ROWS = 2_000
MEMORY_LIMIT = "250MB"
"""The reader holds a whole row group; 58 MB of one took 200 (DuckDB 2.0)."""


def rows(path: Path, name: str) -> Iterator[dict[str, object]]:
    """Yield the rows of a file, which the report calls `name`.

    Raises:
        InputError: the file is no Parquet, or is damaged.

    """
    import duckdb

    try:
        with closing(duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT})) as reader:
            # One thread keeps few row groups in memory at once.
            reader.execute("SET threads = 1; SET TimeZone = 'UTC'")
            described = reader.execute("DESCRIBE FROM read_parquet(?)", [str(path)]).fetchall()
            names = [str(column) for column, *_ in described]
            columns = ", ".join(_selected(column, kind) for column, kind, *_ in described)
            reader.execute(f"SELECT {columns} FROM read_parquet(?)", [str(path)])  # noqa: S608 - quoted
            while batch := reader.fetchmany(BATCH_ROWS):
                for row in batch:
                    yield {key: _plain(value) for key, value in zip(names, row, strict=True)}
    except duckdb.OutOfMemoryException as error:
        raise InputError(
            f"The row groups of {name} are too large to be read in {MEMORY_LIMIT}.",
            hint="Write the file again with row groups of at most 64 MB.",
        ) from error
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{name} cannot be read as Parquet: {reason}.") from error


def _selected(column: str, kind: str) -> str:
    name = '"' + column.replace('"', '""') + '"'
    if "TIME ZONE" in kind:
        # Python's side of DuckDB needs another package for these.
        return (
            f"{name} AT TIME ZONE 'UTC' AS {name}"
            if kind.startswith("TIMESTAMP")
            else (f"{name}::VARCHAR AS {name}")
        )
    return name


def _plain(value: object) -> object:
    match value:
        case None | str() | bool() | int() | float():
            return value
        case datetime():
            # Without a zone it is UTC; with one, the text says so and the column is a datetime.
            return value.isoformat() + ("" if value.tzinfo else "Z")
        case date() | time() | UUID() | Decimal():
            return str(value)
        case timedelta():
            return _timespan(value)
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(bytes(cast("bytes", value))).decode("ascii")
        case dict():
            items = cast("dict[object, object]", value).items()
            return {str(key): _plain(each) for key, each in items}
        case list() | tuple():
            return [_plain(each) for each in cast("list[object]", value)]
        case _:
            return str(value)


def _timespan(value: timedelta) -> str:
    sign = "-" if value < timedelta(0) else ""
    whole = abs(value)
    hours, rest = divmod(whole.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = f"{whole.days}." if whole.days else ""
    fraction = f".{whole.microseconds:06}" if whole.microseconds else ""
    return f"{sign}{days}{hours:02}:{minutes:02}:{seconds:02}{fraction}"
