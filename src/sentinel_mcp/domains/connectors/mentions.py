"""Which tables a rule's query begins a pipeline with, found without binding the query."""

from __future__ import annotations

import re
from collections.abc import Collection

# Comments and texts are skipped whole; what is in them names no table.
_TOKEN = re.compile(
    r"""(?P<skip>//[^\n]*|```.*?```|~~~.*?~~~|[hH]?@"(?:[^"]|"")*"|[hH]?@'(?:[^']|'')*'
        |[hH]?"(?:\\.|[^"\\\n])*"|[hH]?'(?:\\.|[^'\\\n])*')
      |\[\s*(?P<quote>["'])(?P<quoted>[^"'\n]*)(?P=quote)\s*\]
      |(?P<name>[A-Za-z_]\w*)
      |(?P<sign>[|(){};,]|=(?![=~>]))
      |(?P<other>\S)""",
    re.VERBOSE | re.DOTALL,
)
# Words whose brackets hold a query, though they may stand right before them.
_OPENERS = frozenset({"join", "union", "lookup", "in", "toscalar", "materialize", "fork", "facet"})
_ENDS = frozenset({"|", ")", "}", ";", ""})


def tables_named(query: str, known: Collection[str]) -> set[str]:
    """Return the known tables that stand where a pipeline begins.

    A column that is called like a table does not count. What a saved function reads is not seen.
    """
    tokens = [_token(each) for each in _TOKEN.finditer(query) if not each["skip"]]
    found: set[str] = set()
    scopes = [_Scope()]
    for place, (text, adjacent) in enumerate(tokens):
        scope = scopes[-1]
        following = tokens[place + 1][0] if place + 1 < len(tokens) else ""
        before = tokens[place - 1][0] if place else ""
        if text == "(":
            is_call = adjacent and _is_word(before) and before not in _OPENERS
            scopes.append(_Scope(open=not is_call))
        elif text == "{":
            scopes.append(_Scope())
        elif text in (")", "}"):
            if len(scopes) > 1:
                scopes.pop()
            scopes[-1].open = False
        elif text == ";":
            scope.open, scope.in_union = True, False
        elif text == "|":
            scope.open = scope.in_union = False
        elif text == "union":
            scope.open = scope.in_union = True
        elif text == ",":
            scope.open = scope.in_union
        elif text == "=":
            # `let name = Table`; in a union it is an option, whose value is no table.
            scope.open = place > 1 and tokens[place - 2][0] == "let"
            scope.skips_value = scope.in_union and not scope.open
        elif scope.skips_value:
            scope.skips_value, scope.open = False, True
        elif scope.open:
            ends = following in _ENDS or (scope.in_union and following == ",")
            if text in known and ends:
                found.add(text)
            scope.open = scope.in_union and following == "="
    return found


class _Scope:
    """What is known between two brackets: whether a pipeline may begin here."""

    __slots__ = ("in_union", "open", "skips_value")

    def __init__(self, *, open: bool = True) -> None:  # noqa: A002 it is what the scope is
        self.open = open
        self.in_union = False
        self.skips_value = False


def _token(found: re.Match[str]) -> tuple[str, bool]:
    """Return a token's text, and whether it follows on the one before without a space."""
    start = found.start()
    adjacent = start > 0 and not found.string[start - 1].isspace()
    return found["quoted"] or found[0], adjacent


def _is_word(text: str) -> bool:
    return text[:1].isalpha() or text[:1] == "_"
