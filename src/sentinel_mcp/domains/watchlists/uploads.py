"""What is uploaded to make a watchlist: CSV, of rows or of text, checked before it is sent."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sentinel_mcp.errors import InputError
from sentinel_mcp.kql import literals

MAX_CONTENT_BYTES = 3_800_000
"""What Azure takes as `rawContent` (learn.microsoft.com/azure/sentinel/watchlists)."""

Row = Mapping[str, object]

# Columns that `_GetWatchlist` adds; one of the watchlist's own of that name would break it.
_TAKEN = frozenset({"_DTItemId", "LastUpdatedTimeUTC", "SearchKey", "WatchlistItem"})

# learn.microsoft.com/azure/sentinel/watchlists, limitations; for alias and name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{1,62}[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Upload:
    """The content, its columns, and how many items it has; `repeated` keys are there twice."""

    content: str
    columns: tuple[str, ...]
    count: int
    repeated: int


def check_name(what: str, text: str) -> None:
    """Refuse an alias or a name that Azure would refuse.

    Raises:
        InputError: it is too short or long, or has other characters than are allowed.

    """
    if not _NAME.fullmatch(text):
        raise InputError(
            f"{text[:80]!r} cannot be the {what} of a watchlist.",
            hint="Give 3 to 64 letters, digits, blanks, hyphens and underscores, the first and "
            "the last a letter or digit.",
        )


def of_rows(rows: Sequence[Row], search_key: str) -> Upload:
    """Return the upload of rows; a column that a row leaves out is empty there.

    Raises:
        InputError: Azure would refuse it.

    """
    if not rows:
        raise InputError("There are no items.", hint="Give at least one in `rows`.")
    columns = tuple(dict.fromkeys(column for row in rows for column in row))
    lines = [[as_text(row.get(column)) for column in columns] for row in rows]
    return _upload(columns, lines, search_key)


def of_text(text: str, search_key: str) -> Upload:
    """Return the upload of CSV text whose first line names the columns.

    Raises:
        InputError: it is no such text, or Azure would refuse it.

    """
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise InputError(f"The text is not CSV: {error}.", hint="Give `rows` instead.") from error
    if not lines:
        raise InputError("The CSV text is empty.", hint="Name the columns in its first line.")
    columns = tuple(each.strip().removeprefix("\ufeff") for each in lines[0])
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(columns):
            raise InputError(
                f"Row {number} of the CSV text: the values are {len(line)}, "
                f"and the columns {len(columns)}.",
                hint='Put values with commas in quotes: "a, b".',
            )
    return _upload(columns, lines[1:], search_key)


def as_text(value: object) -> str:
    """Return a value as Azure keeps it: values of watchlists are texts.

    Raises:
        InputError: it is a list or an object.

    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value)
        case _:
            raise InputError(
                f"{str(value)[:80]!r} cannot be a value of a watchlist.",
                hint="Give texts, numbers, true or false; write a list as one text.",
            )


def _upload(columns: tuple[str, ...], lines: Sequence[Sequence[str]], search_key: str) -> Upload:
    _check_columns(columns, search_key)
    keys = [line[columns.index(search_key)] for line in lines]
    if not lines:
        raise InputError("There are no items.", hint="Give at least one below the header.")
    if without := [number for number, key in enumerate(keys, start=1) if not key]:
        raise InputError(
            f"Item {without[0]} of {len(lines)} has no {search_key!r}, the search key.",
            hint="Give each item a value of it.",
        )
    content = _written([columns, *lines])
    literals.require_encodable(content, what="The content")
    if (size := len(content.encode())) > MAX_CONTENT_BYTES:
        raise InputError(
            f"The items take {size:,} bytes as CSV; Azure takes {MAX_CONTENT_BYTES:,}.",
            hint="Make several watchlists, or upload the file in the portal.",
        )
    return Upload(content, columns, len(lines), len(keys) - len(set(keys)))


def _check_columns(columns: tuple[str, ...], search_key: str) -> None:
    for column in columns:
        literals.identifier(column)
        if column in _TAKEN or columns.count(column) > 1:
            raise InputError(
                f"The column {column!r} is there twice.",
                hint=f"Rename it; `_GetWatchlist` adds {', '.join(sorted(_TAKEN))}.",
            )
    if search_key not in columns:
        raise InputError(
            f"The search key {search_key!r} is not a column.",
            hint=f"The columns are {', '.join(columns)[:300]}.",
        )


def _written(lines: Iterable[Iterable[str]]) -> str:
    written = io.StringIO()
    # Azure finds no items in text with bare line feeds (github.com/Azure/Azure-Sentinel, 5040).
    csv.writer(written, lineterminator="\r\n").writerows(lines)
    return written.getvalue()
