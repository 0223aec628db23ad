"""Refuses what the translator gets wrong without a word, where no bound tree has repaired it.

Without .NET a query reaches the translator as it is written. What is listed here was measured
with duckdb-kql 1.1.2 against rows that Kusto gave; it is found among the translator's own tokens
and in its parse tree, never in the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NoReturn

import duckdb_kql

from sentinel_mcp.engine import adapter
from sentinel_mcp.errors import KqlError, UnsupportedLocally
from sentinel_mcp.kql.dotnet import remedy

# Whose meaning depends on types that only the bound tree knows, or that the translator reads
# otherwise than Kusto: the old `replace` takes a pattern first, `parse_json` keeps text that is
# no JSON, `coalesce` skips empty strings, `makeset` collects what is no array.
_FUNCTIONS: Final = frozenset(
    {
        "replace": "its arguments come in another order",
        "parse_json": "text that is no JSON is lost",
        "todynamic": "text that is no JSON is lost",
        "coalesce": "empty strings are not skipped",
        "make_set": "text that looks like a list is taken apart",
        "array_sort_asc": "numbers are sorted as text",
        "array_sort_desc": "numbers are sorted as text",
        "strrep": "its length is not bounded",
        "floor": "bins of time begin at another moment",
    }.items()
)
_REASONS: Final = dict(_FUNCTIONS)
_WHOLE_BINS_S: Final = 86_400
_UNITS_S: Final = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def check(text: str) -> None:
    """Refuse an unbound query that would be answered wrongly.

    Raises:
        KqlError: it does not parse.
        UnsupportedLocally: it has a construct whose answer would be wrong.

    """
    try:
        tree: Any = duckdb_kql.parse(text).tree  # ANTLR's trees carry no types
    except duckdb_kql.KqlSyntaxError as error:
        raise KqlError(str(error), hint="Correct the query at that place.") from error
    if tree is None:
        _refuse("a management command", "the embedded workspace answers queries only")
    _check_literals(text)
    for node in _nodes(tree):
        _check_node(node)


def _refuse(construct: str, reason: str) -> NoReturn:
    raise UnsupportedLocally(
        f"The embedded engine would answer {construct} wrongly here: {reason}.",
        hint=f"It needs Kusto.Language. {remedy()}",
    )


def _check_literals(text: str) -> None:
    for word in adapter.tokens(text):
        if word[:2].lower() in ("h'", 'h"', "h@"):
            _refuse("an obfuscated string literal", "its prefix stays in the string")
        if word.startswith(("```", "~~~")):
            _refuse("a multi-line string literal", "its fences stay in the string")
        if word[:1] in "\"'" and _has_code_point(word):
            _refuse("a \\u escape in a string", "it is not decoded")


def _has_code_point(word: str) -> bool:
    position = 0
    while position < len(word) - 1:
        if word[position] == "\\":
            if word[position + 1] in "uUxab01234567fv":
                return True
            position += 2
        else:
            position += 1
    return False


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    children: list[Any] = getattr(node, "children", None) or []
    for child in children:
        yield from _nodes(child)


def _class(node: Any) -> str:
    return type(node).__name__.removesuffix("Context")


def _check_node(node: Any) -> None:
    what = _class(node)
    if what in ("LetFunctionDeclaration", "InvokeOperator"):
        _refuse("a function of the query", "named arguments are bound by position")
    elif what == "RangeExpression":
        _refuse("range", "its length is not bounded")
    elif what == "LookupOperator":
        _refuse("lookup", "strings that find no match come back null")
    elif what == "JoinOperator":
        words = str(node.getText()).lower()
        if any(f"kind={how}" in words for how in ("leftouter", "rightouter", "fullouter")):
            _refuse("an outer join", "strings that find no match come back null")
    elif what == "UnionOperator":
        _refuse("union", "strings that a branch lacks come back null")
    elif what in ("ParseOperator", "ParseWhereOperator"):
        _refuse("parse", "strings that do not match come back null")
    elif what == "NamedFunctionCallExpression":
        _check_call(node)


def _check_call(node: Any) -> None:
    name, _, rest = str(node.getText()).partition("(")
    reason = _REASONS.get(name.lower())
    if reason is not None:
        _refuse(f"{name}()", reason)
    if name.lower() == "bin":
        size = rest.rpartition(",")[2].removesuffix(")")
        if not _divides_a_day(size):
            _refuse("bin()", "bins of this size begin at another moment")


def _divides_a_day(size: str) -> bool:
    """Tell whether a bin's size is a plain number, or a whole part of a day in whole seconds."""
    try:
        float(size)
    except ValueError:
        unit = size.lstrip("0123456789.")
        amount = size.removesuffix(unit)
        seconds = float(amount) * _UNITS_S.get(unit, 0) if amount else 0
        return seconds >= 1 and seconds == int(seconds) and _WHOLE_BINS_S % int(seconds) == 0
    return True
