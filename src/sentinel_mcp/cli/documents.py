"""Finds the queries in files: `.kql`, `.yaml` rules and `.jsonl` with a `query` field."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sentinel_mcp.errors import InputError

if TYPE_CHECKING:
    import yaml


@dataclass(frozen=True, slots=True)
class Document:
    """One query and where it comes from.

    `first_line` and `indent` place the query's own lines in the file. `problem` stands in the
    place of a query that could not be read, so that a bad line does not end the others.
    """

    id: str | int
    file: str
    query: str
    first_line: int = 1
    indent: int = 0
    problem: str | None = None

    def place(self, line: int, column: int) -> str:
        """Return where in the file a line and column of the query are."""
        return f"{self.file}:{self.first_line + line - 1}:{self.indent + column}"


def read_documents(name: str) -> Iterator[Document]:
    """Yield the queries of one file, in order; `-` is the standard input and holds one query.

    Raises:
        InputError: the file cannot be read, or is of a kind that holds no queries.

    """
    if name == "-":
        yield Document(id="-", file="stdin", query=sys.stdin.read())
        return
    readers: dict[str, Callable[[Path], Iterator[Document]]] = {
        ".kql": _kql,
        ".csl": _kql,
        ".txt": _kql,
        ".yaml": _yaml,
        ".yml": _yaml,
        ".jsonl": read_jsonl,
        ".ndjson": read_jsonl,
    }
    path = Path(name)
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{name!r} is not a kind of file that queries are read from.",
            hint="Give .kql, .yaml, .jsonl, or - for standard input.",
        )
    try:
        yield from reader(path)
    except OSError as error:
        raise InputError(f"{name!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name!r} is not UTF-8 text: byte {error.start}.", hint="Save it as UTF-8."
        ) from error


def read_jsonl(path: Path) -> Iterator[Document]:
    """Yield the `query` of each line; its id is the line's `id`, else the line's number."""
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _of_line(str(path), number, line)


def _of_line(file: str, number: int, line: str) -> Document:
    try:
        record: object = json.loads(line)
    except ValueError as error:
        return Document(number, file, "", number, problem=f"the line is not JSON: {error}")
    fields: Mapping[str, object] = {}
    if isinstance(record, dict):
        fields = cast("Mapping[str, object]", record)
    named = fields.get("id")
    identity = named if isinstance(named, str | int) else number
    query = fields.get("query")
    if not isinstance(query, str):
        return Document(identity, file, "", number, problem="the line has no text `query`")
    return Document(identity, file, query, number)


def _kql(path: Path) -> Iterator[Document]:
    yield Document(id=str(path), file=str(path), query=path.read_text(encoding="utf-8-sig"))


def _yaml(path: Path) -> Iterator[Document]:
    """Yield the `query` of each rule in the file."""
    import yaml

    text = path.read_text(encoding="utf-8-sig")
    try:
        # Nodes, and not plain values: they keep their place in the file.
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise InputError(f"{str(path)!r} is not YAML: {error}.") from error
    lines = text.splitlines()
    for number, node in enumerate(nodes, start=1):
        identity = str(path) if len(nodes) == 1 else f"{path}#{number}"
        value = _scalar(node, "query")
        if value is None:
            yield Document(identity, str(path), "", problem="there is no text `query` in it")
            continue
        first_line, indent = _place(value, lines)
        yield Document(identity, str(path), value.text, first_line, indent)


@dataclass(frozen=True, slots=True)
class _Scalar:
    """A text in a YAML file; `line` counts from 0 and is where it is announced."""

    text: str
    style: str | None
    line: int


def _scalar(node: yaml.Node, key: str) -> _Scalar | None:
    import yaml

    if not isinstance(node, yaml.MappingNode):
        return None
    # The stubs leave the type of `value` open: it is a list of pairs of nodes.
    for name, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):  # pyright: ignore[reportUnknownMemberType]
        if name.value == key and isinstance(value, yaml.ScalarNode):
            return _Scalar(str(value.value), value.style, value.start_mark.line)
    return None


def _place(value: _Scalar, lines: list[str]) -> tuple[int, int]:
    """Return the file's line of the query's first line, and by how much the query is indented.

    Exact for a literal block (`query: |`), which is how rules are written; folded and quoted
    text does not keep its lines, so the place is that of the key.
    """
    if value.style != "|":
        return value.line + 1, 0
    first = value.line + 1
    while first < len(lines) and not lines[first].strip():
        first += 1
    own = value.text.lstrip("\n")
    leading = len(value.text) - len(own)
    indent = len(lines[first]) - len(lines[first].lstrip(" ")) if first < len(lines) else 0
    return first + 1 - leading, indent - (len(own) - len(own.lstrip(" ")))
