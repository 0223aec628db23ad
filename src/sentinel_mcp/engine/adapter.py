"""Gives the translator our function bodies: the only place that touches its tables.

duckdb-kql keeps its functions in two plain dicts, which are no promised interface; the version is
pinned, and tests/engine/test_adapter.py fails when their shape changes. The bodies are macros in
functions/*.sql. Their names begin with two underscores: the normaliser writes them, with the
types settled, and no query can call them, since its own names never reach the translator.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any

from antlr4 import InputStream
from duckdb_kql import lower
from duckdb_kql._antlr.KqlLexer import KqlLexer
from duckdb_kql.translate.functions import (
    AGGREGATE_FUNCTIONS,
    SCALAR_FUNCTIONS,
    AggregateSpec,
    FunctionSpec,
)

_MACRO = re.compile(r"CREATE OR REPLACE MACRO (__\w+)")
# In the order in which they use each other.
_FAMILIES = ("dynamics", "texts", "times", "networks", "aggregates")

# Bodies that take any number of arguments, or stand over a window: no macro can.
_TEMPLATES = {
    "__bag_pack": "json_object({})",
    "__pack_array": "to_json([{}])",
    "__array_concat": "to_json(flatten([{}]))",
    "__row_id": "row_number() OVER ()",
    "__strcat": "concat({})",
    "__matches": "coalesce(regexp_matches({}), false)",
}
# Where addresses are is read from a table of the workspace's own, where it has one.
LOCATIONS = "IpLocations"
_GEO = "__geo_info_from_ip_address"
_UNKNOWN_PLACE = f"CREATE OR REPLACE MACRO {_GEO}(address) AS CAST(NULL AS JSON);"
_KNOWN_PLACE = (
    f"CREATE OR REPLACE MACRO {_GEO}(address) AS ("  # noqa: S608 names of our own only
    "SELECT arg_max(json_object('country', l.Country, 'state', l.State, 'city', l.City, "
    "'latitude', l.Latitude, 'longitude', l.Longitude), __prefix(l.Network)) "
    f'FROM "%s".main.{LOCATIONS} l WHERE __ipv4_is_in_range(address, l.Network));'
)
# `* has "text"` and the like: the text, then the columns. What is sought has no line break, so that
# the columns can be searched as lines of one text; an expression may look for the end of its own.
_ANY = {
    "__any_has": "",
    "__any_contains": "contains(lower(concat_ws(chr(10), {columns})), lower({sought}))",
    "__any_matches": (
        'len(list_filter([{columns}], lambda "~c": regexp_matches("~c", {sought}))) > 0'
    ),
}
# The translator's own asks each argument for its type at run time: a statement of megabytes.
_STRCAT_DELIM = "__strcat_delim"
_QUOTE = "'"
_LITERAL = re.compile(r"'(?:[^']|'')+'")
NEXT = "\n"
"""Between the texts of which one is sought."""
_RANKS = {
    "__rank_desc": "row_number() OVER (PARTITION BY {0} ORDER BY {1} DESC NULLS LAST)",
    "__rank_asc": "row_number() OVER (PARTITION BY {0} ORDER BY {1} ASC NULLS FIRST)",
}


LAST_MACRO_IS_THERE = f"SELECT {_GEO}(NULL) WHERE false"
"""Fails where the macros are not made."""


@cache
def macros() -> str:
    """Return the statements that make the macros; `places` is to follow."""
    folder = resources.files("sentinel_mcp.engine.functions")
    return "\n".join(
        folder.joinpath(f"{family}.sql").read_text(encoding="utf-8") for family in _FAMILIES
    )


def places(database: str, *, known: bool) -> str:
    """Return the statement that makes geo_info_from_ip_address: null where no table is."""
    return _KNOWN_PLACE % database.replace('"', '""') if known else _UNKNOWN_PLACE


@cache
def names() -> frozenset[str]:
    """Return the names under which the translator knows our bodies."""
    return (
        frozenset(_MACRO.findall(macros()))
        | frozenset(_TEMPLATES)
        | frozenset(_ANY)
        | frozenset(_RANKS)
        | {_STRCAT_DELIM}
        | {_GEO}
    )


def tokens(text: str) -> list[str]:
    """Split a query as the translator's own lexer does; blanks and comments are left out."""
    lexer: Any = KqlLexer(InputStream(text))  # ANTLR's runtime carries no types
    lexer.removeErrorListeners()
    return [str(token.text) for token in lexer.getAllTokens() if str(token.text).strip()]


@cache
def install() -> None:
    """Tell the translator of our bodies; once is enough."""
    folder = resources.files("sentinel_mcp.engine.functions")
    aggregates = _MACRO.findall(folder.joinpath("aggregates.sql").read_text(encoding="utf-8"))
    for name in names() - frozenset(aggregates):
        template = _TEMPLATES.get(name, f"{name}({{}})")
        SCALAR_FUNCTIONS[name] = FunctionSpec(name, "template", template)
    for name, template in _ANY.items():
        SCALAR_FUNCTIONS[name] = _AnyColumn(name, "template", template)
    SCALAR_FUNCTIONS["__has"] = _Has("__has", "template", "")
    SCALAR_FUNCTIONS[_STRCAT_DELIM] = _Joined(_STRCAT_DELIM, "template", "")
    for name, template in _RANKS.items():
        SCALAR_FUNCTIONS[name] = FunctionSpec(name, "template", template, (2,))
    for name in aggregates:
        AGGREGATE_FUNCTIONS[name] = _Aggregate(name, "")
    lower.__dict__["_find_all"] = find_all


def find_all(node: Any, class_name: str) -> list[Any]:
    """Return the topmost nodes of a kind, in order, as the translator's own function does.

    Its own, which goes through the whole tree dozens of times, takes a third of a translation.
    """
    wanted, found, left = f"{class_name}Context", list[Any](), [node]
    while left:
        each = left.pop()
        if type(each).__name__ == wanted:
            found.append(each)
        elif below := getattr(each, "children", None):
            left += reversed(below)
    return found


class _AnyColumn(FunctionSpec):
    """A condition that holds where one of the columns meets it."""

    def render(self, args: list[str]) -> str:
        """Write it; the arguments are what is sought, and the columns as `name:type,name:type`."""
        sought, listed = args
        columns = ", ".join(_as_text(*each.split(":")) for each in listed[1:-1].split(","))
        if self.name != "__any_has":
            return f"({self.template.format(sought=sought, columns=columns)})"
        row, several = f"concat_ws(chr(10), {columns})", sought[1:-1].split(NEXT)
        if len(several) > 1 and all(each.isascii() for each in several):
            return f"regexp_matches({row}, {_words(several)})"
        return f"({' OR '.join(_has(row, _QUOTE + each + _QUOTE) for each in several)})"


class _Has(FunctionSpec):
    """Whether a text has another as a whole word or words."""

    def render(self, args: list[str]) -> str:
        """Write it."""
        source, sought = args
        return _has(source, sought)


class _Joined(FunctionSpec):
    """Texts with a delimiter between them; one that is null is an empty one, as Kusto has it."""

    def render(self, args: list[str]) -> str:
        """Write it; the delimiter comes first."""
        delimiter, *texts = args
        written = ", ".join(f"coalesce({each}, '')" for each in texts)
        return f"concat_ws(coalesce({delimiter}, ''), {written})"


def _as_text(name: str, of: str) -> str:
    column = f'"{name}"'  # the rewriter's names are letters, digits and underscores
    if of == "string":
        return column
    return f"__dynamic_text({column})" if of == "dynamic" else f"CAST({column} AS VARCHAR)"


def _has(source: str, sought: str) -> str:
    """Write `__has`; of a text that is known, without the macro: DuckDB takes 10 ms to bind one."""
    if not (_LITERAL.fullmatch(sought) and sought.isascii()):
        return f"__has({source}, {sought})"
    known = sought[1:-1]
    return (
        f"(CASE WHEN contains(lower({source}), '{known.lower()}') "
        f"THEN regexp_matches({source}, {_words([known])}) ELSE false END)"
    )


def _words(sought: list[str]) -> str:
    """Write the expression that finds one of several texts as `__has` finds one."""
    by_edges: dict[tuple[bool, bool], list[str]] = {}
    for quoted in sought:
        each = quoted.replace("''", "'")
        by_edges.setdefault((each[0].isalnum(), each[-1].isalnum()), []).append(re.escape(each))
    found = [
        (r"(?:^|[^\pL\pN])" if first else "")
        + f"(?:{'|'.join(texts)})"
        + (r"(?:$|[^\pL\pN])" if last else "")
        for (first, last), texts in by_edges.items()
    ]
    return "'(?i)" + "|".join(found).replace("'", "''") + "'"


class _Aggregate(AggregateSpec):
    """An aggregate macro with as many arguments as it is given."""

    def render(self, args: list[str]) -> str:
        """Write the call."""
        return f"{self.name}({', '.join(args)})"
