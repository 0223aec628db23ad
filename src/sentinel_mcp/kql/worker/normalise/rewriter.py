"""Walks a bound query and writes it anew, piece by piece.

Only what is known to run rightly is written; everything else is refused by name. The result is
KQL still: the translator to SQL reads it, and the functions in it that begin with two underscores
are the engine's own, with the types settled here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sentinel_mcp.kql.results import UNTIMED
from sentinel_mcp.kql.worker.normalise.aggregates import Aggregates, Summaries
from sentinel_mcp.kql.worker.normalise.calls import Calls
from sentinel_mcp.kql.worker.normalise.expansions import Expansions
from sentinel_mcp.kql.worker.normalise.joins import Joins
from sentinel_mcp.kql.worker.normalise.names import Names
from sentinel_mcp.kql.worker.normalise.operators import Operators
from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.scalars import Scalars
from sentinel_mcp.kql.worker.normalise.scopes import Binding, Scope
from sentinel_mcp.kql.worker.normalise.subqueries import Subqueries
from sentinel_mcp.kql.worker.normalise.tree import (
    Node,
    Symbol,
    columns_of,
    elements,
    is_tabular,
    kind,
    text,
)
from sentinel_mcp.kql.worker.normalise.unions import Unions
from sentinel_mcp.kql.worker.normalise.workspace import Workspace

_HARMLESS_OPTIONS = frozenset({"notruncation", "norequesttimeout", "query_results_cache_max_age"})


class Rewriter:
    """The state of one rewriting, and its parts."""

    def __init__(self, globals_: Any) -> None:
        self._globals = globals_
        self.names = Names()
        self.tables: dict[str, None] = {}
        self.visualization: str | None = None
        self._prelude: list[str] = []
        self.scalars = Scalars(self)
        self.calls = Calls(self)
        self.aggregates = Aggregates(self)
        self.summaries = Summaries(self)
        self.operators = Operators(self)
        self.joins = Joins(self)
        self.unions = Unions(self)
        self.expansions = Expansions(self)
        self.subqueries = Subqueries(self)
        self.workspace = Workspace(self)

    def query(self, block: Node) -> str:
        """Write a whole query.

        Raises:
            Refused: no right rewriting is known.

        """
        statements = elements(block.Statements)
        results = [each for each in statements if kind(each) == "ExpressionStatement"]
        if len(results) != 1:
            raise Refused("query", f"it has {len(results)} results, and one is answered")
        before = statements[: statements.index(results[0])]
        scope = self.statements(before, Scope(), hoisting=True)
        expression = results[0].Expression
        if is_tabular(expression):
            written = self.operators.rows(expression, scope)
            if not expression.ResultType.IsOpen:
                # The result's columns are read by position; this makes the positions certain.
                written = self.operators.kept(written, columns_of(expression.ResultType))
        else:
            written = f"print print_0 = {self.scalars.write(expression, scope)}"
        if self.visualization:
            written += f" | {self.visualization}"
        return "\n".join([*self._prelude, written])

    def statements(self, statements: Iterable[Node], scope: Scope, *, hoisting: bool) -> Scope:
        """Take in the statements before a result; returns the scope that they make.

        Raises:
            Refused: a statement that is not known.

        """
        for each in statements:
            what = kind(each)
            if what == "LetStatement":
                name = str(each.Name.SimpleName)
                scope = scope.having({name: self._let(name, each.Expression, scope, hoisting)})
            elif what == "SetOptionStatement":
                self._option(each)
            else:
                raise Refused(text(each).split()[0], "the embedded engine has no such statement")
        return scope

    def _option(self, node: Node) -> None:
        name = str(node.Name.SimpleName) if hasattr(node.Name, "SimpleName") else text(node.Name)
        if name.lower() not in _HARMLESS_OPTIONS:
            raise Refused(f"set {name}", "the embedded engine does not follow this option")

    def _let(self, name: str, node: Node, scope: Scope, hoisting: bool) -> Binding:  # noqa: FBT001 - internal
        if kind(node) == "FunctionDeclaration":
            return Binding("", scope=scope)
        if kind(node) == "MaterializeExpression":
            rows = self.operators.rows(node.Expression, scope)
            return Binding(self.hoisted(rows, name, materialize=True), tabular=True)
        if is_tabular(node):
            return Binding(self.hoisted(self.operators.rows(node, scope), name), tabular=True)
        written = self.scalars.write(node, scope)
        if hoisting and "toscalar(" in written:
            own = self.names.fresh("value")
            self._prelude.append(f"let {own} = {written};")
            return Binding(own)
        return Binding(written)

    def hoisted(self, rows: str, stem: str, *, materialize: bool = False) -> str:
        """Give rows a name of their own ahead of the query; returns the name."""
        plain = "".join(char for char in stem if char.isascii() and char.isalnum())
        name = self.names.fresh(f"{plain}_")
        body = f"materialize({rows})" if materialize else rows
        self._prelude.append(f"let {name} = {body};")
        return name

    def filled(self, rows: str, columns: list[str]) -> str:
        """Write the empty string where DuckDB leaves a string column null.

        Kusto's strings are never null: where an outer join, a union or a parse yields nothing,
        they are empty.
        """
        if not columns:
            return rows
        own = [self.names.column(name) for name in columns]
        return f"{rows} | extend {', '.join(f'{n} = __text({n})' for n in own)}"

    def catalogued(self) -> list[Symbol]:
        """Return the tables that there are."""
        tables = self._globals.Database.Tables
        return [tables[index] for index in range(tables.Count)]

    def bound(self, query: str) -> Node:
        """Bind KQL of our own against the same tables; returns the expression of its result."""
        # Importing it starts .NET, which whoever has bound the query has done already.
        from sentinel_mcp.kql.worker.kusto import Language

        code = Language.KustoCode.ParseAndAnalyze(query, self._globals)
        return elements(code.Syntax.Statements)[-1].Expression

    def table(self, name: str) -> Symbol | None:
        """Return a table of the catalog, None where there is none of that name."""
        return self._globals.Database.GetTable(name)


def normalise(
    code: Any, globals_: Any, tables: Iterable[str]
) -> tuple[str, tuple[str, ...], tuple[tuple[str, str], ...] | None]:
    """Rewrite a bound query without errors for the embedded engine.

    `code` is the KustoCode, `globals_` the GlobalState it was bound with. Returns the text, the
    stored tables it reads, and the result's columns as (name, Kusto type); these are None where
    the binder does not know them all.

    Raises:
        Refused: a construct that the embedded engine would run wrongly, or not at all.

    """
    rewriter = Rewriter(globals_)
    written = rewriter.query(code.Syntax)
    known = set(tables)
    read = tuple(
        name for name in rewriter.tables if not known or name.removeprefix(UNTIMED) in known
    )
    result = code.ResultType
    if result is None or not hasattr(result, "Columns"):
        return written, read, None
    return written, read, None if result.IsOpen else tuple(columns_of(result))
