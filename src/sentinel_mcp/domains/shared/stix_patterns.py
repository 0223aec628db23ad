"""STIX patterns: what they compare, and how one is written for a single value.

pattern      := observation (("AND" | "OR" | "FOLLOWEDBY") observation)*
observation  := ("[" comparisons "]" | "(" pattern ")") qualifier*
qualifier    := "WITHIN" n "SECONDS" | "REPEATS" n "TIMES" | "START" time "STOP" time
comparisons  := one (("AND" | "OR") one)*
one          := "(" comparisons ")" | "EXISTS" path | path "NOT"? operator value
path         := type ":" step (("." step) | "[" (n | "*") "]")*
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from sentinel_mcp.errors import InputError

MAX_CHARS = 10_000
MAX_DEPTH = 30

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<typed>[htb]'(?:[^'\\]|\\.)*')
      | (?P<text>'(?:[^'\\]|\\.)*')
      | (?P<number>[+-]?\d+(?:\.\d+)?)(?![\w.])
      | (?P<word>[A-Za-z_][\w-]*)
      | (?P<sign>!=|<>|<=|>=|==|[=<>\[\]().:,*])
    )""",
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = {
    "=": "=",
    "==": "=",
    "!=": "!=",
    "<>": "!=",
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
}
_WORD_OPERATORS = ("IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET")
_OF_TEXT = frozenset({"LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"})
_BETWEEN = ("AND", "OR", "FOLLOWEDBY")
_PLAIN_STEP = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of a pattern: `file:hashes.'SHA-256' = '…'`; `EXISTS` has no value."""

    object_type: str
    path: str
    operator: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


def parse(pattern: str) -> tuple[Comparison, ...]:
    """Return the comparisons of a pattern, in its order.

    Raises:
        InputError: it is not a STIX pattern; the message says where it goes wrong.

    """
    if len(pattern) > MAX_CHARS:
        raise InputError(
            f"The STIX pattern has {len(pattern):,} characters; {MAX_CHARS:,} are read.",
            hint="Write several indicators instead of one.",
        )
    return tuple(_Parser(pattern).pattern())


def quoted(text: str) -> str:
    """Return the text as a literal of a pattern."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def of_value(object_type: str, path: str, value: str) -> str:
    """Return the pattern that compares one property with one value.

    `path` has its steps between dots; those that STIX wants in quotes get them.
    """
    steps = [each if _PLAIN_STEP.fullmatch(each) else quoted(each) for each in path.split(".")]
    return f"[{object_type}:{'.'.join(steps)} = {quoted(value)}]"


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._tokens = _tokens(pattern)
        self._index = 0
        self._depth = 0

    def pattern(self) -> list[Comparison]:
        found = self._observations()
        if self._next.kind != "end":
            self._fail("the end, or AND, OR or FOLLOWEDBY")
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._index]

    def _observations(self) -> list[Comparison]:
        found = self._observation()
        while self._next.text in _BETWEEN and self._next.kind == "word":
            self._index += 1
            found += self._observation()
        return found

    def _observation(self) -> list[Comparison]:
        if self._next.text == "(":
            self._enter("(")
            found = self._observations()
            self._leave(")")
        else:
            self._enter("[")
            found, _ = self._comparisons()
            self._leave("]")
        while self._qualifier():
            pass
        return found

    def _qualifier(self) -> bool:
        match self._next.text if self._next.kind == "word" else "":
            case "WITHIN":
                self._words("WITHIN", "number", "SECONDS")
            case "REPEATS":
                self._words("REPEATS", "number", "TIMES")
            case "START":
                self._words("START", "typed", "STOP", "typed")
            case _:
                return False
        return True

    def _words(self, *wanted: str) -> None:
        for each in wanted:
            token = self._next
            if each not in (token.text, token.kind):
                self._fail({"number": "a number", "typed": "a time such as t'…'"}.get(each, each))
            self._index += 1

    def _comparisons(self) -> tuple[list[Comparison], set[str]]:
        """Return comparisons, and the types of which one object may fulfil them all."""
        found, types = self._all()
        while self._next.text == "OR" and self._next.kind == "word":
            self._index += 1
            more, others = self._all()
            found, types = [*found, *more], types | others
        return found, types

    def _all(self) -> tuple[list[Comparison], set[str]]:
        found, types = self._one()
        while self._next.text == "AND" and self._next.kind == "word":
            self._index += 1
            more, others = self._one()
            if not types & others:
                self._fail(f"what AND joins to be of one object, {min(types)}")
            found, types = [*found, *more], types & others
        return found, types

    def _one(self) -> tuple[list[Comparison], set[str]]:
        if self._next.text == "(":
            self._enter("(")
            found = self._comparisons()
            self._leave(")")
            return found
        exists = self._next.text == "EXISTS" and self._next.kind == "word"
        if exists:
            self._index += 1
        object_type, path = self._path()
        if exists:
            return [Comparison(object_type, path, "EXISTS", ())], {object_type}
        negated = self._next.text == "NOT" and self._next.kind == "word"
        if negated:
            self._index += 1
        operator = self._operator()
        found = Comparison(object_type, path, operator, self._values(operator), negated)
        return [found], {object_type}

    def _path(self) -> tuple[str, str]:
        object_type = self._take("word", "an object's type, such as ipv4-addr")
        self._sign(":")
        path = self._step()
        while self._next.text in (".", "["):
            if self._next.text == ".":
                self._index += 1
                path += f".{self._step()}"
            else:
                path += self._place()
        return object_type, path

    def _step(self) -> str:
        token = self._next
        if token.kind not in ("word", "text"):
            self._fail("a property")
        self._index += 1
        return token.text if token.kind == "word" else _unquoted(token.text)

    def _place(self) -> str:
        self._sign("[")
        token = self._next
        if token.kind != "number" and token.text != "*":
            self._fail("a number or *")
        self._index += 1
        self._sign("]")
        return f"[{token.text}]"

    def _operator(self) -> str:
        token = self._next
        found = _OPERATORS.get(token.text) if token.kind == "sign" else None
        if found is None and token.kind == "word" and token.text in _WORD_OPERATORS:
            found = token.text
        if found is None:
            self._fail(f"an operator: =, !=, <, >, <=, >=, {', '.join(_WORD_OPERATORS)}")
        self._index += 1
        return found

    def _values(self, operator: str) -> tuple[str, ...]:
        if operator != "IN":
            return (self._value(text_only=operator in _OF_TEXT),)
        self._sign("(")
        found = [self._value()]
        while self._next.text == "," and self._next.kind == "sign":
            self._index += 1
            found.append(self._value())
        self._sign(")")
        return tuple(found)

    def _value(self, *, text_only: bool = False) -> str:
        token = self._next
        is_constant = token.kind == "word" and token.text in ("true", "false")
        if token.kind != "text" and (
            text_only or not (is_constant or token.kind in ("number", "typed"))
        ):
            self._fail("a text in single quotes" if text_only else "a value")
        self._index += 1
        return _unquoted(token.text) if token.kind in ("text", "typed") else token.text

    def _take(self, kind: str, wanted: str) -> str:
        token = self._next
        if token.kind != kind:
            self._fail(wanted)
        self._index += 1
        return token.text

    def _sign(self, sign: str) -> None:
        if self._next.kind != "sign" or self._next.text != sign:
            self._fail(repr(sign))
        self._index += 1

    def _enter(self, sign: str) -> None:
        self._sign(sign)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail("fewer parentheses within each other")

    def _leave(self, sign: str) -> None:
        self._sign(sign)
        self._depth -= 1

    def _fail(self, wanted: str) -> NoReturn:
        token = self._next
        found = repr(token.text[:40]) if token.kind != "end" else "the end"
        raise InputError(
            f"The STIX pattern is not valid at character {token.position + 1}: "
            f"{wanted} expected, {found} found.",
            hint="A pattern looks like [ipv4-addr:value = '192.0.2.1'] or "
            "[file:hashes.'SHA-256' = '…'].",
        )


def _tokens(pattern: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while match := _TOKEN.match(pattern, position):
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind], match.start(kind)))
        position = match.end()
    rest = pattern[position:].lstrip()
    if rest:
        position = len(pattern) - len(rest)
        return [*found, _Token("unknown", rest[:1], position)]
    return [*found, _Token("end", "", len(pattern))]


def _unquoted(literal: str) -> str:
    inner = literal.partition("'")[2][:-1]
    return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)
