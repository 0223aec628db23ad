"""The part of OData that Microsoft Sentinel's lists take: `$filter` and `$orderby`.

    either   := both ("or" both)*
    both     := one ("and" one)*
    one      := "not" one | "(" either ")" | call | any | operand operator operand
    call     := ("contains" | "startswith" | "endswith") "(" operand "," operand ")"
    any      := path "/any(" name ":" either ")"
    operand  := path | text | number | time | "true" | "false" | "null"

A filter is compiled into a function of one document. Its paths must be among those that may be
filtered by, and the two sides of a comparison of one kind. Text compares case-sensitively.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NoReturn, cast

from sentinel_mcp.local.services.faults import Body, bad_request

Kind = Literal["string", "number", "time", "bool", "null", "collection"]

Properties = Mapping[str, Kind]
"""The paths that may be filtered by; what is within a collection's elements follows `path/*`."""

Predicate = Callable[[Body], bool]

MAX_DEPTH = 32

_DOCUMENT = ""
_Names = Mapping[str, Any]  # Any: JSON; the document itself, and the element an `any` is at
_Condition = Callable[[_Names], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^']|'')*')
      | (?P<time>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?)(?![\w-])
      | (?P<number>-?\d+(?:\.\d+)?)(?![\w.])
      | (?P<name>[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*)
      | (?P<mark>[(),:])
    )""",
    re.VERBOSE,
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_CALLS: dict[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_CONSTANTS: dict[str, tuple[Kind, bool | None]] = {
    "true": ("bool", True),
    "false": ("bool", False),
    "null": ("null", None),
}


def parse_filter(text: str, properties: Properties) -> Predicate:
    """Compile a `$filter`; one that is not sound is refused as Azure does, with 400."""
    return _Parser(text, properties).parse()


def parse_orderby(text: str, properties: Properties) -> Callable[[Sequence[Body]], list[Body]]:
    """Compile an `$orderby` into a function that sorts; what lacks the property comes first."""
    keys: list[tuple[str, Kind, bool]] = []
    for part in text.split(","):
        path, *direction = part.split() or [""]
        kind = properties.get(path, "collection")
        if kind == "collection" or direction not in ([], ["asc"], ["desc"]):
            raise bad_request(f"The $orderby clause {part.strip()!r} is not valid.")
        keys.append((path, kind, direction == ["desc"]))

    def ordered(documents: Sequence[Body]) -> list[Body]:
        found = list(documents)
        for path, kind, backwards in reversed(keys):  # the sort is stable: the last key first
            read = _reader(_DOCUMENT, path, kind)
            found.sort(
                key=lambda each, read=read: _rank(read({_DOCUMENT: each})), reverse=backwards
            )
        return found

    return ordered


def _rank(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class _Operand:
    kind: Kind
    read: Callable[[_Names], Any]


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    end = len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None:
            raise bad_request(f"OData query syntax error at position {position}.")
        kind = found.lastgroup or ""
        yield _Token(kind, found[kind], found.start(kind))
        position = found.end()
    yield _Token("end", "", end)


class _Parser:
    """Recursive descent over the grammar above."""

    def __init__(self, text: str, properties: Properties) -> None:
        self._properties = properties
        self._tokens = tuple(_tokens(text))
        self._index = 0
        self._depth = 0
        self._conditions = 0
        self._element: tuple[str, str] | None = None

    def parse(self) -> Predicate:
        found = self._either()
        if self._next.kind != "end":
            self._fail("an operator")
        return lambda document: found({_DOCUMENT: document})

    @property
    def _next(self) -> _Token:
        return self._tokens[self._index]

    def _take(self, text: str | None = None) -> _Token:
        token = self._next
        if text is not None and token.text != text:
            self._fail(repr(text))
        if token.kind != "end":
            self._index += 1
        return token

    def _fail(self, expected: str) -> NoReturn:
        found = self._next
        raise bad_request(
            f"OData query syntax error: expected {expected} at position {found.position}, "
            f"found {found.text or 'the end'!r}."
        )

    def _either(self) -> _Condition:
        parts = [self._both()]
        while self._next.text == "or":
            if self._element:
                # The service fails on it: github.com/Azure/azure-rest-api-specs/issues/15391
                self._fail("')': `or` within any() is not supported")
            self._take()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda names: any(part(names) for part in parts)

    def _both(self) -> _Condition:
        parts = [self._one()]
        while self._next.text == "and":
            self._take()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda names: all(part(names) for part in parts)

    def _one(self) -> _Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise bad_request("The $filter is nested too deeply.")
        found = self._condition()
        self._depth -= 1
        return found

    def _condition(self) -> _Condition:
        token = self._next
        if token.text == "not" and token.kind == "name":
            self._take()
            denied = self._one()
            return lambda names: not denied(names)
        if token.text == "(":
            self._take()
            grouped = self._either()
            self._take(")")
            return grouped
        if token.kind == "name" and self._tokens[self._index + 1].text == "(":
            return self._any() if "/" in token.text else self._call()
        return self._comparison()

    def _call(self) -> _Condition:
        name = self._take().text
        if name not in _CALLS:
            self._index -= 1
            self._fail(f"one of {', '.join(_CALLS)}")
        holds = _CALLS[name]
        self._take("(")
        whole = self._operand()
        self._take(",")
        part = self._operand()
        self._take(")")
        self._conditions += 1
        if {whole.kind, part.kind} != {"string"}:
            raise bad_request(f"The function {name!r} takes two strings.")

        def called(names: _Names) -> bool:
            left, right = whole.read(names), part.read(names)
            return left is not None and right is not None and holds(left, right)

        return called

    def _any(self) -> _Condition:
        path, _, quantifier = self._take().text.rpartition("/")
        if quantifier != "any" or self._properties.get(path) != "collection":
            self._index -= 1
            self._fail("a collection's any()")
        if self._conditions or self._element:
            # The service takes one any(), and only as the first condition:
            # github.com/Azure/azure-rest-api-specs/issues/26569 and 15391
            self._index -= 1
            self._fail("any() to be the first condition, and the only any()")
        self._take("(")
        variable = self._take().text
        self._take(":")
        self._element = (variable, path)
        holds = self._either()
        self._element = None
        self._take(")")

        def among(names: _Names) -> bool:
            elements = _at(names[_DOCUMENT], path)
            return isinstance(elements, list) and any(
                holds({**names, variable: each}) for each in cast("list[Any]", elements)
            )

        return among

    def _comparison(self) -> _Condition:
        left = self._operand()
        sign = self._next.text
        if sign not in _COMPARISONS:
            self._fail(f"one of {', '.join(_COMPARISONS)}")
        self._take()
        right = self._operand()
        self._conditions += 1
        if left.kind != right.kind and "null" not in (left.kind, right.kind):
            raise bad_request(
                "A binary operator with incompatible types was detected: "
                f"{left.kind} and {right.kind} for operator {sign!r}."
            )
        holds = _COMPARISONS[sign]
        ordered = sign not in ("eq", "ne")

        def compared(names: _Names) -> bool:
            one, other = left.read(names), right.read(names)
            return not (ordered and (one is None or other is None)) and holds(one, other)

        return compared

    def _operand(self) -> _Operand:
        token = self._next
        match token.kind:
            case "string":
                value: Any = token.text[1:-1].replace("''", "'")
                kind: Kind = "string"
            case "number":
                value, kind = float(token.text), "number"
            case "time":
                value, kind = _time(token.text), "time"
                if value is None:
                    self._fail("a date that exists")
            case "name" if token.text in _CONSTANTS:
                kind, value = _CONSTANTS[token.text]
            case "name":
                return self._path()
            case _:
                self._fail("a property or a value")
        self._take()
        return _Operand(kind, lambda names: value)

    def _path(self) -> _Operand:
        text = self._next.text
        first, _, within = text.partition("/")
        root, path, known = _DOCUMENT, text, text
        if self._element and first == self._element[0]:
            root, path = first, within
            known = f"{self._element[1]}/*" + (f"/{within}" if within else "")
        kind = self._properties.get(known, "collection")
        if kind == "collection":
            self._fail("a property that can be compared")
        self._take()
        return _Operand(kind, _reader(root, path, kind))


def _reader(root: str, path: str, kind: Kind) -> Callable[[_Names], Any]:
    def read(names: _Names) -> Any:
        value = _at(names[root], path)
        if kind == "time":
            return _time(value) if isinstance(value, str) else None
        wanted = {"string": str, "number": (int, float), "bool": bool}[kind]
        return value if isinstance(value, wanted) else None

    return read


def _at(value: Any, path: str) -> Any:
    for step in path.split("/") if path else ():
        if not isinstance(value, dict):
            return None
        value = cast("Body", value).get(step)
    return value


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
