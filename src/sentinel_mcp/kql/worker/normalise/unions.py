"""Rewrites `union`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.scopes import Scope
from sentinel_mcp.kql.worker.normalise.tree import (
    Node,
    Symbol,
    columns_of,
    descendants,
    elements,
    kind,
    parameters,
    symbol_class,
    text,
)

if TYPE_CHECKING:
    from sentinel_mcp.kql.worker.normalise.operators import Columns, Stage
    from sentinel_mcp.kql.worker.normalise.rewriter import Rewriter

# A wildcard is written out table by table; more than this is a query over everything there is.
_MAX_BRANCHES = 40


class Unions:
    """Writes unions, each branch with the columns that the result has of it."""

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter

    def write(self, node: Node, stage: Stage | None, scope: Scope) -> str:
        """Write a union, after the rows of `stage` where there is one.

        Raises:
            Refused: no right rewriting is known.

        """
        given = parameters(node)
        branches: list[tuple[str, Columns]] = []
        for each in elements(node.Expressions):
            branches += self._branches(each, scope)
        first = [] if stage is None else stage.columns
        known = node.ResultType is not None and not node.ResultType.IsOpen
        every = [first, *(columns for _, columns in branches)]
        result = columns_of(node.ResultType) if known else _merged(every)
        words = [f"{name}={text(given[name]).lower()}" for name in ("kind",) if name in given]
        source = given.get("withsource") or given.get("with_source")
        shape = result
        if source is not None:
            self._must_be_stored(node)
            label = text(source).strip("\"'")
            words.append(f"withsource={self._rewriter.names.column(label)}")
            shape = [column for column in result if column[0] != label]
        every = every if stage is not None else every[1:]
        written = [f"({self._fitted(rows, columns, shape)})" for rows, columns in branches]
        before = "" if stage is None else f"{self._fitted(stage.before, stage.columns, shape)} | "
        joined = f"{before}union {' '.join(words)}{' ' if words else ''}{', '.join(written)}"
        missing = [
            name
            for name, of in shape
            if of == "string" and any((name, of) not in columns for columns in every)
        ]
        filled = self._rewriter.filled(joined, missing)
        # The order of a union's columns is Kusto's, whatever the translator makes of it.
        return self._rewriter.operators.kept(filled, result)

    def _branches(self, node: Node, scope: Scope) -> list[tuple[str, Columns]]:
        if kind(node) == "NameReference" and kind(node.Name) == "WildcardedName":
            return self._matching(text(node))
        symbol = node.ResultType
        if symbol is None or symbol_class(symbol) == "ErrorSymbol":
            return []  # `isfuzzy` leaves out what does not exist
        return [(self._rewriter.operators.rows(node, scope), columns_of(symbol))]

    def _matching(self, pattern: str) -> list[tuple[str, Columns]]:
        found = [
            table for table in self._rewriter.catalogued() if fnmatchcase(str(table.Name), pattern)
        ]
        if not found or len(found) > _MAX_BRANCHES:
            raise Refused(f"union {pattern}", f"it stands for {len(found)} tables")
        stored = self._rewriter.operators.stored
        return [(stored(table), columns_of(table)) for table in found]

    def _fitted(self, rows: str, columns: Columns, result: Columns) -> str:
        """Rename the columns whose name several branches use for different types."""
        names = self._rewriter.names
        renames: list[str] = []
        for name, of in columns:
            if (name, of) in result or name not in {n for n, _ in result} | {
                n.rpartition("_")[0] for n, _ in result
            }:
                continue
            if (f"{name}_{of}", of) not in result:
                if name in {n for n, _ in result}:
                    raise Refused("union", f"column {name} is of several types")
                continue
            renames.append(f"{names.column(f'{name}_{of}')} = {names.column(name)}")
        return f"{rows} | project-rename {', '.join(renames)}" if renames else rows

    def _must_be_stored(self, node: Node) -> None:
        for each in elements(node.Expressions):
            symbols: list[Symbol] = [
                n.ReferencedSymbol for n in descendants(each) if kind(n) == "NameReference"
            ]
            if any(symbol_class(s) == "VariableSymbol" and s.IsTabular for s in symbols if s):
                raise Refused("union withsource", "a branch is no table of its own")


def _merged(branches: list[Columns]) -> Columns:
    """Return the columns of a union one of whose branches the binder does not know.

    Raises:
        Refused: branches have a name for different types.

    """
    merged: dict[str, str] = {}
    for name, of in (column for columns in branches for column in columns):
        if merged.setdefault(name, of) != of:
            raise Refused("union", f"column {name} is of several types")
    return list(merged.items())
