"""Reads Kusto.Language's syntax nodes and symbols.

The nodes are .NET objects without Python types; they are `Any` here and in the modules that
walk them, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

Node = Any  # a Kusto.Language.Syntax.SyntaxNode
Symbol = Any  # a Kusto.Language.Symbols.Symbol


def kind(node: Node) -> str:
    """Return the node's syntax kind, such as `FilterOperator`."""
    return str(node.Kind)


def elements(syntax_list: Node | None) -> list[Node]:
    """Return a list's nodes without the wrappers that carry the commas."""
    if syntax_list is None:
        return []
    items = (syntax_list[index] for index in range(syntax_list.Count))
    return [getattr(item, "Element", item) for item in items]


def children(node: Node) -> list[Node]:
    """Return the children that are there."""
    found = (node.GetChild(index) for index in range(node.ChildCount))
    return [child for child in found if child is not None]


def descendants(node: Node) -> Iterator[Node]:
    """Yield the node and everything below it, in source order."""
    yield node
    for child in children(node):
        yield from descendants(child)


def text(node: Node) -> str:
    """Return the node's own source text, comments and leading blanks left out."""
    syntax: Any = import_module("Kusto.Language.Syntax")  # a .NET namespace
    return str(node.ToString(syntax.IncludeTrivia.Minimal))


def result_name(node: Node) -> str:
    """Return the name that Kusto gives an expression's column; empty where it numbers it."""
    language: Any = import_module("Kusto.Language")  # a .NET namespace
    return str(language.KustoFacts.GetExpressionResultName(node, "", None) or "")


def type_of(node: Node) -> str:
    """Return the Kusto scalar type of an expression; `unknown` where it has none."""
    result = node.ResultType
    return "unknown" if result is None else str(result.Name)


def is_tabular(node: Node) -> bool:
    """Tell whether the expression yields rows."""
    result = node.ResultType
    return result is not None and bool(result.IsTabular)


def columns_of(symbol: Symbol | None) -> list[tuple[str, str]]:
    """Return a table symbol's columns as (name, Kusto type)."""
    if symbol is None or not hasattr(symbol, "Columns"):
        return []
    return [
        (str(symbol.Columns[index].Name), str(symbol.Columns[index].Type.Name))
        for index in range(symbol.Columns.Count)
    ]


def symbol_class(symbol: Symbol | None) -> str:
    """Return what sort of symbol it is, such as `ColumnSymbol`; empty for none."""
    return "" if symbol is None else type(symbol).__name__


def parameters(node: Node) -> dict[str, Node]:
    """Return an operator's `name=value` parameters, names in lower case."""
    return {
        str(each.Name.SimpleName).lower(): each.Expression for each in elements(node.Parameters)
    }


def row_columns(node: Node) -> list[tuple[str, str]]:
    """Return the columns of the rows that the expression is computed over; none outside of any.

    At the beginning of a subquery of `mv-apply` none as well: its rows have more columns than any
    node tells.
    """
    while node is not None and node.Parent is not None:
        parent = node.Parent
        if kind(parent) == "MvApplyOperator":
            return []
        if kind(parent) == "PipeExpression" and node.Equals(parent.Operator):
            return columns_of(parent.Expression.ResultType)
        node = parent
    return []
