"""The fall-back without .NET: syntax only, by the pure-Python grammar of duckdb-kql.

The grammar knows less KQL than Kusto does: of 700 published queries it rejects nine that Kusto
accepts (`table("T") | ...` and `count` as a name among them). So only what no KQL can be is
called an error here; whatever else it trips over is told as a warning.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sentinel_mcp.kql.dotnet import remedy
from sentinel_mcp.kql.nearest import did_you_mean, nearest
from sentinel_mcp.kql.operators import OPERATORS
from sentinel_mcp.kql.protocol import Construct, ConstructKind, Findings
from sentinel_mcp.kql.reach import CALLS, EXTERNAL_TABLES, LOCAL_PLUGINS
from sentinel_mcp.kql.results import SYNTAX_ONLY, UNREAD, Diagnostic

_OPENING = {"(": ")", "[": "]", "{": "}"}
_BEFORE_A_SOURCE = frozenset({"(", ",", ";", "=", "{", "|", "union", "join", "lookup", "in"})
_BEHIND_A_SOURCE = frozenset({")", ",", ";", "|", "}", "on"})

_WANTING_MORE = frozenset(OPERATORS) - {"consume", "count", "getschema", "serialize"}

# The parser's time grows faster than the text; tokens are cheap at any length.
_MAX_PARSED_CHARS = 64 * 1024

_NO_NAMES = "Names and types were not checked: there is no usable .NET runtime."


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int
    column: int

    @property
    def word(self) -> str:
        """The token in lower case, a quoted name without its quotes."""
        return self.text.strip("'\"").lower()


def check(query: str, tables: Collection[str]) -> Findings:
    """Return what tokens and grammar tell of a query; `tables` are the known ones."""
    tokens, unread = _tokens(query)
    found = [*unread, *_unbalanced(tokens), *_dangling(tokens)]
    if not tokens:
        found.append(_diagnostic("no-result", "The query is empty.", 1, 1, 0))
    if not found:
        found = _unparsed(query, tokens)
    return Findings(
        diagnostics=(
            *found,
            Diagnostic(SYNTAX_ONLY, "information", _NO_NAMES, 1, 1, 0, remedy()),
        ),
        tables=_sources(tokens, tables),
        constructs=_constructs(tokens),
    )


def _tokens(query: str) -> tuple[list[_Token], list[Diagnostic]]:
    from antlr4 import InputStream
    from antlr4.error.ErrorListener import ErrorListener

    # duckdb-kql is pinned to one version; its lexer is the part of it that has no public name.
    from duckdb_kql._antlr.KqlLexer import KqlLexer

    unread: list[Diagnostic] = []

    class Listener(ErrorListener):
        def syntaxError(  # noqa: N802 ANTLR's name
            self,
            recognizer: Any,
            offendingSymbol: Any,  # noqa: N803 ANTLR's name
            line: int,
            column: int,
            msg: str,
            e: Any,
        ) -> None:
            start = msg.partition("'")[2][:1]
            if start in ("'", '"', "`", "~", "@"):
                text = "A string literal begins here and does not end."
                unread.append(_diagnostic("unterminated-string", text, line, column + 1, 1))

    lexer = cast("Any", KqlLexer(InputStream(query)))  # ANTLR's Python runtime has no types
    lexer.removeErrorListeners()
    lexer.addErrorListener(Listener())
    names: list[str] = lexer.symbolicNames
    read: list[Any] = lexer.getAllTokens()
    tokens = [
        _Token(names[int(each.type)], str(each.text), each.line, each.column + 1)
        for each in read
        if each.channel == 0
    ]
    return tokens, unread


def _unbalanced(tokens: Sequence[_Token]) -> list[Diagnostic]:
    open_: list[_Token] = []
    for token in tokens:
        if token.text in _OPENING:
            open_.append(token)
        elif token.text in _OPENING.values():
            if not open_ or _OPENING[open_[-1].text] != token.text:
                text = f"`{token.text}` closes nothing."
                return [_diagnostic("unbalanced", text, token.line, token.column, 1)]
            open_.pop()
    if not open_:
        return []
    last = open_[-1]
    return [_diagnostic("unbalanced", f"`{last.text}` is never closed.", last.line, last.column, 1)]


def _dangling(tokens: Sequence[_Token]) -> list[Diagnostic]:
    """Return the pipes that no operator follows."""
    found: list[Diagnostic] = []
    for index, token in enumerate(tokens):
        if token.kind != "BAR":
            continue
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        if after is None or after.kind in ("BAR", "SEMICOLON", "CLOSEPAREN", "CLOSEBRACE"):
            found.append(_operator_expected(token, None))
        elif after.kind == "IDENTIFIER":
            found.append(_operator_expected(after, after.text))
        elif after is tokens[-1] and after.text.lower() in _WANTING_MORE:
            text = f"`{after.text}` wants something behind it."
            size = len(after.text)
            found.append(_diagnostic("incomplete", text, after.line, after.column, size))
    return found


def _operator_expected(token: _Token, written: str | None) -> Diagnostic:
    meant = nearest(written, OPERATORS) if written else ()
    return Diagnostic(
        "operator-expected",
        "error",
        "A query operator is expected here.",
        token.line,
        token.column,
        len(token.text),
        did_you_mean(meant),
    )


def _unparsed(query: str, tokens: Sequence[_Token]) -> list[Diagnostic]:
    if tokens[0].kind == "DOT" or len(query) > _MAX_PARSED_CHARS:
        return [_unjudged(1, 1, "it is no query" if tokens[0].kind == "DOT" else "it is too long")]
    import duckdb_kql

    try:
        said = duckdb_kql.validate(query)
    except RecursionError:
        return [_unjudged(1, 1, "it is nested too deeply")]
    if not said:
        return []
    first = said[0].span
    last = tokens[-1]
    if (first.line, first.column + 1) >= (last.line, last.column + len(last.text)):
        text = "The query ends before it is complete."
        return [_diagnostic("incomplete", text, first.line, first.column + 1, 0)]
    return [_unjudged(first.line, first.column + 1, "the fall-back grammar cannot read it here")]


def _unjudged(line: int, column: int, why: str) -> Diagnostic:
    text = f"The syntax could not be checked: {why}. Kusto may accept the query."
    return Diagnostic(UNREAD, "warning", text, line, column, 0)


def _constructs(tokens: Sequence[_Token]) -> tuple[Construct, ...]:
    """Return what the guard decides on, by the words of the query; strings and comments are none.

    A function that the query itself defines under one of these names is taken for the service's.
    """
    found: list[Construct] = []

    def note(token: _Token, kind: ConstructKind, name: str, *arguments: str | None) -> None:
        found.append(Construct(kind, name, arguments, token.line, token.column))

    if tokens and tokens[0].kind == "DOT":
        note(tokens[0], "management", "management command")
    plugin_next = False
    for index, token in enumerate(tokens):
        following = [each.text for each in tokens[index + 1 : index + 4]]
        called = following[:1] == ["("] or following[:2] == ["]", "("]
        if plugin_next and called:
            if token.word not in LOCAL_PLUGINS:
                note(token, "http_request", f"evaluate {token.word}")
            plugin_next = False
        if token.kind == "EVALUATE":
            plugin_next = True
        elif token.word in EXTERNAL_TABLES and token.kind != "STRINGLITERAL":
            note(token, "externaldata", token.word)
        elif called and token.word in CALLS:
            inner = following[1] if following[:1] == ["("] and len(following) > 1 else ""
            quoted = len(inner) > 1 and inner[0] in "'\"" and "\\" not in inner
            note(token, CALLS[token.word], token.word, inner[1:-1] if quoted else None)
    return tuple(found)


def _sources(tokens: Sequence[_Token], tables: Collection[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text.lower() if index else ";"
        behind = tokens[index + 1].text if index + 1 < len(tokens) else ";"
        if (
            token.text in tables
            and behind in _BEHIND_A_SOURCE
            and (
                before in _BEFORE_A_SOURCE or behind == "on" or token.line > tokens[index - 1].line
            )
        ):
            found[token.text] = None
    return tuple(found)


def _diagnostic(code: str, message: str, line: int, column: int, length: int) -> Diagnostic:
    return Diagnostic(code, "error", message, line, column, length)
