"""Reads the answer of a query while its body comes in.

The body is one JSON document, nearly all of it rows:

    {"tables":[{"name":…,"columns":[…],"rows":[[…],[…],…]},…],"render":{…},"statistics":{…}}

Parsed in one go, 45 MB of it hold the event loop for half a second, and a body that is cut short
is lost whole. So rows are parsed some hundred kilobytes at a time, and everything around them,
the frame, is kept aside with a number in the place of each table's rows. A body of another shape
ends up in the frame altogether and is parsed at its end.

    OPENING -> HEAD -> ROWS -> AFTER -> HEAD (next table) | REST

The data lake and advanced hunting answer in other shapes, which differ in a few words only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, cast

import orjson

Row = list[object]

STEP_BYTES = 128 * 1024
"""Bytes of rows parsed in one step: about 1 ms, and no slower in all than in one go."""

_BRACKET = re.compile(rb"[\[{]|[\]}](\s*,)?")
# What is between two rows as a rule; the first where a row begins with text, as most do, since
# an unescaped quote is hardly ever found there within a string. Inside a string or a nested array
# the same bytes may be, but then what comes before them, with an open string or bracket, is no
# JSON. So parsing proves the cut, and nobody looks at single bytes.
_ARRAYS = (b'],["', b"],[")
_OBJECTS = (b'},{"',)
# More than any of the patterns needs to see, but for those that search.
_GLANCE_BYTES = 256
_HEAD_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shape:
    """How an answer is put together: what to look for, and what closes it when it is cut.

    `tables` finds the objects whose `rows` are rows. A quote within a string is escaped, so the
    pattern of `rows` is never inside one.
    """

    opening: re.Pattern[bytes]
    rows: str
    begins_rows: re.Pattern[bytes]
    next_table: re.Pattern[bytes]
    separators: tuple[bytes, ...]
    closing: bytes
    tables: str | None


def _shape(opening: bytes, rows: str, closing: bytes, *, tables: str | None) -> Shape:
    return Shape(
        opening=re.compile(opening),
        rows=rows,
        begins_rows=re.compile(rb'"' + rows.encode() + rb'"\s*:\s*\['),
        next_table=re.compile(rb"\]\s*\}\s*(,\s*\{|\])"),
        separators=_ARRAYS if tables else _OBJECTS,
        closing=closing,
        tables=tables,
    )


LOGS = _shape(rb'\s*\{\s*"tables"\s*:\s*\[\s*\{', "rows", b"]}]}", tables="tables")
"""`{"tables": [{…, "rows": [[…], …]}, …], …}`"""

FRAMES = _shape(rb"\s*\[\s*\{", "Rows", b"]}]", tables="frames")
"""`[{"FrameType": …}, {…, "Rows": [[…], …]}, …]`, which `document` returns as `frames`."""

HUNT = _shape(rb"\s*\{", "results", b"]}", tables=None)
"""`{"schema": […], "results": [{…}, …]}`: one table, which is the document itself."""


class Unreadable(ValueError):
    """The body is not the JSON document of an answer, or ends before the document does."""


class TooLarge(ValueError):
    """The limit was reached before the first row, so there is nothing to keep."""


class _State(Enum):
    OPENING = auto()
    HEAD = auto()  # in a table, before its rows
    ROWS = auto()
    AFTER = auto()  # at the bracket that closes the rows
    REST = auto()  # no rows to come


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where rows end: behind the last complete one, at the comma after it, at the last bracket."""

    complete: int = 0
    comma: int | None = None
    closing: int | None = None


class AnswerReader:
    """Takes a body piece by piece: `feed`, then `steps`, and at last `end`, then `steps`.

    At `max_bytes` of body, or with more than `max_rows` rows, it is `full`: the complete rows
    are kept, what follows is not wanted any more.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        max_rows: int | None = None,
        step_bytes: int = STEP_BYTES,
        shape: Shape = LOGS,
    ) -> None:
        self.full = False
        self.size_bytes = 0
        self._max_bytes = max_bytes
        self._max_rows = max_rows
        self._step_bytes = step_bytes
        self._shape = shape
        self._wanted = step_bytes
        self._state = _State.OPENING
        self._ended = False
        self._buffer = bytearray()
        self._frame = bytearray()
        self._rows: list[list[Row]] = []
        self._count = 0
        # How much of the frame to keep when the rest is cut off: up to the last rows begun.
        self._kept = 0

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the body, as far as the limit allows."""
        room = self._max_bytes - self.size_bytes
        if len(piece) > room:
            piece = piece[:room]
            self.full = True
        self.size_bytes += len(piece)
        self._buffer += piece

    def end(self) -> None:
        """Say that nothing more comes."""
        self._ended = True

    def steps(self) -> Iterator[None]:
        """Do the work that can be done by now, a bounded part at a time.

        Raises:
            Unreadable: the body is not JSON.

        """
        while self._step():
            yield

    def _step(self) -> bool:
        match self._state:
            case _State.OPENING:
                return self._open()
            case _State.HEAD:
                return self._find_rows()
            case _State.ROWS:
                return self._take_rows()
            case _State.AFTER:
                return self._leave_table()
            case _State.REST:
                self._move(len(self._buffer), _State.REST)
                return False

    def document(self) -> dict[str, Any]:
        """Return the whole document, its tables with their rows, once there is no work left.

        Raises:
            Unreadable: the body ended early, or is not the document of an answer.
            TooLarge: the limit was reached before the first row.

        """
        frame = bytes(self._frame)
        if self.full:
            if not self._kept:
                raise TooLarge
            frame = frame[: self._kept] + self._shape.closing
        # Any: the document is Azure's; each part is looked at before it is used.
        parsed: Any = _loads(frame)
        if self._shape is FRAMES and isinstance(parsed, list):
            parsed = {"frames": cast("list[Any]", parsed)}
        if not isinstance(parsed, dict):
            raise Unreadable("the body is not the document of an answer")
        document = cast("dict[str, Any]", parsed)
        self._put_rows_back(document.get(self._shape.tables) if self._shape.tables else [document])
        return document

    def _open(self) -> bool:
        if found := self._shape.opening.match(self._buffer):
            return self._move(found.end(), _State.HEAD)
        if len(self._buffer) < _GLANCE_BYTES and not self._ended:
            return False
        return self._move(0, _State.REST)

    def _find_rows(self) -> bool:
        if found := self._shape.begins_rows.search(self._buffer):
            self._move(found.end(), _State.ROWS)
            self._frame += b"%d" % len(self._rows)
            self._rows.append([])
            self._kept = len(self._frame)
            return True
        if len(self._buffer) < _HEAD_BYTES and not self._ended:
            return False
        return self._move(0, _State.REST)

    def _take_rows(self) -> bool:
        if len(self._buffer) < self._wanted:
            return self._take_last_rows() if self._ended else False
        for separator in self._shape.separators:
            comma = self._buffer.rfind(separator, 0, self._wanted) + 1
            if comma:
                with suppress(orjson.JSONDecodeError):
                    rows = orjson.loads(b"[" + self._buffer[:comma] + b"]")
                    return self._add(rows, comma + 1)
        cut = _scan(bytes(self._buffer[: self._wanted]))
        if cut.closing is not None:
            return self._close_rows(cut.closing)
        if cut.comma is not None:
            return self._add(_loads(b"[" + self._buffer[: cut.comma] + b"]"), cut.comma + 1)
        self._wanted *= 2  # one row is longer than a step
        return len(self._buffer) >= self._wanted or self._ended

    def _take_last_rows(self) -> bool:
        cut = _scan(bytes(self._buffer))
        if cut.closing is not None:
            return self._close_rows(cut.closing)
        if not self.full:
            raise Unreadable("the body ends within the rows")
        rows = _loads(b"[" + self._buffer[: cut.complete] + b"]")
        self._add(rows, len(self._buffer))
        self._state = _State.REST
        return False

    def _close_rows(self, closing: int) -> bool:
        rows = _loads(b"[" + self._buffer[:closing] + b"]")
        self._state = _State.AFTER
        return self._add(rows, closing)

    def _leave_table(self) -> bool:
        if found := self._shape.next_table.match(self._buffer):
            last = found[1] == b"]"
            return self._move(found.end(), _State.REST if last else _State.HEAD)
        if len(self._buffer) < _GLANCE_BYTES and not self._ended:
            return False
        return self._move(0, _State.REST)

    def _add(self, rows: list[Row], used: int) -> bool:
        del self._buffer[:used]
        self._wanted = self._step_bytes
        self._count += len(rows)
        surplus = self._count - self._max_rows if self._max_rows is not None else 0
        if surplus > 0:
            del rows[len(rows) - surplus :]
            self.full = True
            self._state = _State.REST
        self._rows[-1].extend(rows)
        return True

    def _move(self, size: int, state: _State) -> bool:
        self._frame += self._buffer[:size]
        del self._buffer[:size]
        self._state = state
        return True

    def _put_rows_back(self, tables: Any) -> None:
        put = 0
        left = self._max_rows
        for table in _dicts(tables):
            rows: Any = table.get(self._shape.rows)
            if not isinstance(rows, list):
                continue
            rows = cast("list[Any]", rows)
            if len(rows) == 1 and type(rows[0]) is int and put < len(self._rows):
                table[self._shape.rows] = rows = self._rows[put]
                put += 1
            if left is not None:
                self.full = self.full or len(rows) > left
                del rows[left:]
                left -= len(rows)
        if put != len(self._rows):
            raise Unreadable("the rows of the body are not where rows belong")


def _dicts(values: Any) -> list[dict[str, Any]]:
    found = cast("list[Any]", values) if isinstance(values, list) else []
    return [cast("dict[str, Any]", each) for each in found if isinstance(each, dict)]


def _scan(window: bytes) -> _Cut:
    """Find where rows end in bytes that begin at a row, strings and nesting considered."""
    # Same length, without escapes: every quote left begins or ends a string.
    plain = window.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    complete, comma, depth, offset = 0, None, 0, 0
    for index, part in enumerate(plain.split(b'"')):
        if index % 2 == 0 and part != b",":
            for bracket in _BRACKET.finditer(part):
                if bracket[0] in (b"[", b"{"):
                    depth += 1
                    continue
                depth -= 1
                at = offset + bracket.start()
                if depth < 0:
                    return _Cut(complete, comma, at)
                if depth == 0:
                    complete = at + 1
                    comma = offset + bracket.end() - 1 if bracket[1] else comma
        offset += len(part) + 1
    return _Cut(complete, comma)


def _loads(text: bytes) -> Any:
    # Any: what JSON holds.
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _loads_leniently(text)


def _loads_leniently(text: bytes) -> Any:
    """Parse what orjson refuses and log sources produce: lone surrogates, bare NaN, bad UTF-8.

    One such cell must not cost the whole answer. Lone surrogates become U+FFFD, whole numbers that
    no answer of ours could carry become real ones.
    """
    try:
        parsed = json.loads(
            text.decode("utf-8", "replace"),
            parse_constant=str,
            parse_int=_whole,
            strict=False,
        )
    except (json.JSONDecodeError, RecursionError) as error:
        raise Unreadable("the body is not JSON, or ends early") from error
    return _without_surrogates(parsed) if b"\\ud" in text.lower() else parsed


def _whole(digits: str) -> int | float:
    # Python's own limit of 4,300 digits is far beyond what can be written again.
    found = int(digits) if len(digits) < 20 else None
    return found if found is not None and -(2**63) <= found < 2**63 else float(digits)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return {_without_surrogates(key): _without_surrogates(each) for key, each in pairs}
    return value
