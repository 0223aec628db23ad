"""Reads records one by one, in little memory, from JSON, CSV and Parquet."""

from __future__ import annotations

import codecs
import csv
import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import orjson

from sentinel_mcp.errors import InputError
from sentinel_mcp.local.intake.parquet import rows as parquet_rows
from sentinel_mcp.local.intake.sources import Source

Fields = dict[str, object]

MAX_RECORD_BYTES = 8 * 1024 * 1024
READ_BYTES = 1024 * 1024
MAX_CSV_COLUMNS = 2_000

OnBytes = Callable[[int], None]
"""Told how many more bytes of the source were read."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record, and the line (in Parquet: the row) where it begins."""

    line: int
    fields: Fields


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that could not be read, while those after it can."""

    line: int
    reason: str


def read(source: Source, on_bytes: OnBytes) -> Iterator[Record | Unreadable]:
    """Yield the records of a source.

    Raises:
        InputError: from some place on nothing can be read any more.

    """
    with ExitStack() as opened:
        try:
            if source.format == "parquet":
                path = source.path or _unpacked(source, opened)
                on_bytes(source.size_bytes)
                for number, fields in enumerate(parquet_rows(path, source.name), start=1):
                    yield Record(number, fields)
                return
            stream = opened.enter_context(source.open())
            counted = _Counted(stream, on_bytes)
            yield from (
                _csv(counted, source.name)
                if source.format == "csv"
                else _json(counted, source.name)
            )
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise InputError(f"{source.name} is damaged: {error}.") from error


class _Counted:
    """A binary stream that tells how much was read of it."""

    def __init__(self, stream: IO[bytes], on_bytes: OnBytes) -> None:
        self._stream = stream
        self._on_bytes = on_bytes

    def read(self, size: int) -> bytes:
        block = self._stream.read(size)
        self._on_bytes(len(block))
        return block

    def lines(self, start: bytes) -> Iterator[bytes]:
        """Yield lines, none longer than a record may be; `start` was read already."""
        rest = start
        while True:
            *whole, rest = rest.split(b"\n")
            yield from whole
            if len(rest) > MAX_RECORD_BYTES:
                # Handed over as it is: the reader refuses it by its length.
                yield rest
                return
            block = self.read(READ_BYTES)
            if not block:
                yield rest
                return
            rest += block


def _unpacked(source: Source, opened: ExitStack) -> Path:
    # Parquet is read from its end, so the member needs a file, under a name that is ours.
    folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="sentinel-mcp-")))
    unpacked = folder / "member.parquet"
    with source.open() as stream, unpacked.open("wb") as target:
        shutil.copyfileobj(stream, target)
    return unpacked


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"


def _json(stream: _Counted, name: str) -> Iterator[Record | Unreadable]:
    head = stream.read(READ_BYTES)
    if _encoding(head) == "utf-8-sig":
        bare = head.removeprefix(codecs.BOM_UTF8)
        first, newline, _ = bare.lstrip().partition(b"\n")
        if newline and first[:1] == b"{" and isinstance(_loaded(first), dict):
            yield from _json_lines(stream.lines(bare), name)
            return
    yield from _json_values(stream, head, name)


def _loaded(line: bytes) -> object:
    try:
        return cast("object", orjson.loads(line))
    except orjson.JSONDecodeError:
        return None


def _json_lines(lines: Iterator[bytes], name: str) -> Iterator[Record | Unreadable]:
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_RECORD_BYTES:
            raise _too_long(name, number)
        if not line.strip():
            continue
        try:
            value = cast("object", orjson.loads(line))
        except orjson.JSONDecodeError as error:
            yield Unreadable(number, f"not JSON: {error.msg}")
            continue
        for each in cast("list[object]", value) if isinstance(value, list) else [value]:
            yield _record(number, each)


def _record(line: int, value: object) -> Record | Unreadable:
    if isinstance(value, dict):
        return Record(line, cast("Fields", value))
    return Unreadable(line, "not an object")


class _Text:
    """Decoded text of a stream, read on demand; knows the line of every place in it."""

    def __init__(self, stream: _Counted, head: bytes) -> None:
        self._stream = stream
        # What is no UTF-8 shows in the one record that has it, rather than ending all reading.
        self._decoder = codecs.getincrementaldecoder(_encoding(head))(errors="surrogateescape")
        self.text = self._decoder.decode(head)
        self.at = 0
        self.line = 1
        self.ended = False

    def more(self) -> bool:
        """Read on, forgetting what was used; say whether there was anything."""
        block = self._stream.read(READ_BYTES)
        self.text = self.text[self.at :] + self._decoder.decode(block, final=not block)
        self.at = 0
        self.ended = not block
        return not self.ended

    def advance(self, to: int) -> None:
        """Go on to a later place."""
        self.line += self.text.count("\n", self.at, to)
        self.at = to

    def skip(self, characters: str) -> str:
        """Go past these characters and return the next other one, or "" at the end."""
        while True:
            to = self.at
            while to < len(self.text) and self.text[to] in characters:
                to += 1
            self.advance(to)
            if to < len(self.text):
                return self.text[to]
            if not self.more():
                return ""


def _json_values(stream: _Counted, head: bytes, name: str) -> Iterator[Record | Unreadable]:
    """Yield the values of an array, or those that follow one another."""
    text = _Text(stream, head)
    decoder = json.JSONDecoder()
    in_array = False
    while True:
        match text.skip(" \t\r\n," if in_array else " \t\r\n"):
            case "":
                if in_array:
                    raise InputError(f"{name} ends in the middle of its array, line {text.line}.")
                return
            case "[" if not in_array:
                in_array = True
                text.advance(text.at + 1)
            case "]" if in_array:
                in_array = False
                text.advance(text.at + 1)
            case _:
                line = text.line
                yield _record(line, _decoded(text, decoder, name))


def _decoded(text: _Text, decoder: json.JSONDecoder, name: str) -> object:
    while True:
        begin = text.at
        try:
            value, end = decoder.raw_decode(text.text, begin)
        except json.JSONDecodeError as error:
            # Cut off where the text read so far ends, or wrong: more text tells.
            if len(text.text) - text.at > MAX_RECORD_BYTES:
                raise _too_long(name, text.line) from error
            if text.ended or not text.more():
                line = text.line + error.doc.count("\n", begin, error.pos)
                raise InputError(
                    f"{name} is not JSON: {error.msg}, line {line}.",
                    hint="Taken are an array, one object a line, and objects one after another.",
                ) from error
            continue
        except (RecursionError, ValueError) as error:
            raise InputError(
                f"{name} cannot be read as JSON, line {text.line}: nested too deep, or a number "
                "with too many digits."
            ) from error
        text.advance(end)
        return cast("object", value)


def _csv(stream: _Counted, name: str) -> Iterator[Record | Unreadable]:
    head = stream.read(READ_BYTES)
    lines = _csv_lines(stream, head, name)
    first = next(lines, "")
    counts = {each: first.count(each) for each in (",", ";", "\t", "|")}
    delimiter = max(counts, key=lambda each: counts[each])
    csv.field_size_limit(MAX_RECORD_BYTES)
    reader = csv.reader(_chained(first, lines), delimiter=delimiter)
    try:
        header = next(reader, None) or list[str]()
        if not any(header):
            raise InputError(f"{name} has no header line.", hint="Export it with a header.")
        if len(header) > MAX_CSV_COLUMNS:
            raise InputError(f"{name} has more than {MAX_CSV_COLUMNS:,} columns.")
        begins = reader.line_num + 1
        for row in reader:
            if row and len(row) != len(header):
                yield Unreadable(begins, f"{len(row)} fields, where the header has {len(header)}")
            elif row:
                yield Record(begins, _named(header, row))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{name} is not CSV: {error}, line {reader.line_num}.") from error


def _named(header: list[str], row: list[str]) -> Fields:
    fields: Fields = dict(zip(header, row, strict=True))
    if len(fields) < len(header):
        # A name that comes again gets a number, so that no column is lost.
        fields = {}
        for name, value in zip(header, row, strict=True):
            number = 1
            unique = name
            while unique in fields:
                number += 1
                unique = f"{name}_{number}"
            fields[unique] = value
    return fields


def _csv_lines(stream: _Counted, head: bytes, name: str) -> Iterator[str]:
    if _encoding(head) == "utf-16":
        yield from _utf16_lines(stream, head, name)
        return
    for number, line in enumerate(stream.lines(head.removeprefix(codecs.BOM_UTF8)), start=1):
        if len(line) > MAX_RECORD_BYTES:
            raise _too_long(name, number)
        yield line.decode("utf-8", "surrogateescape") + "\n"


def _utf16_lines(stream: _Counted, head: bytes, name: str) -> Iterator[str]:
    text = _Text(stream, head)
    while True:
        end = text.text.find("\n", text.at)
        if end >= 0:
            yield text.text[text.at : end + 1]
            text.advance(end + 1)
        elif len(text.text) - text.at > MAX_RECORD_BYTES:
            raise _too_long(name, text.line)
        elif text.ended or not text.more():
            yield text.text[text.at :]
            return


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _too_long(name: str, line: int) -> InputError:
    return InputError(
        f"{name} has a record of more than {MAX_RECORD_BYTES // (1024 * 1024)} MB, line {line}.",
        hint="No log record is that long; is it the right file?",
    )
