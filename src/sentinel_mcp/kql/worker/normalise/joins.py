"""Rewrites `join` and `lookup`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.tree import (
    Node,
    columns_of,
    elements,
    kind,
    parameters,
    text,
)

if TYPE_CHECKING:
    from sentinel_mcp.kql.worker.normalise.operators import Columns, Stage
    from sentinel_mcp.kql.worker.normalise.rewriter import Rewriter

_LEFT_ONLY = frozenset({"leftsemi", "leftanti", "leftantisemi", "anti"})
_RIGHT_ONLY = frozenset({"rightsemi", "rightanti", "rightantisemi"})
_SAME = {"leftantisemi": "leftanti", "anti": "leftanti", "rightantisemi": "rightanti"}
_MAY_MISS_RIGHT = frozenset({"leftouter", "fullouter"})
_MAY_MISS_LEFT = frozenset({"rightouter", "fullouter"})


class Joins:
    """Writes joins.

    Kusto numbers the columns of the right side that the left side has too; here they get their
    final names before the join, so that both sides never share one.
    """

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter

    def join(self, stage: Stage) -> str:
        """Write `join`.

        Raises:
            Refused: no right rewriting is known.

        """
        node = stage.node
        given = parameters(node).get("kind")
        how = "innerunique" if given is None else text(given).lower()
        how = _SAME.get(how, how)
        left, right = stage.columns, self._right_columns(node)
        result = columns_of(node.ResultType)
        finals = [name for name, _ in right]
        if how not in _LEFT_ONLY | _RIGHT_ONLY:
            if len(result) != len(left) + len(right):
                raise Refused(f"join kind={how}", "its columns do not come side by side")
            finals = [name for name, _ in result[len(left) :]]
        rows, keys = self._sides(stage, right, finals)
        written = f"{stage.before} | join kind={how} ({rows}) on {', '.join(keys)}"
        missing: list[str] = []
        if how in _MAY_MISS_RIGHT:
            missing += [f for f, (_, of) in zip(finals, right, strict=True) if of == "string"]
        if how in _MAY_MISS_LEFT:
            missing += [name for name, of in left if of == "string"]
        return self._rewriter.filled(written, missing)

    def lookup(self, stage: Stage) -> str:
        """Write `lookup`.

        Raises:
            Refused: no right rewriting is known.

        """
        node = stage.node
        given = parameters(node).get("kind")
        how = "leftouter" if given is None else text(given).lower()
        left, right = stage.columns, self._right_columns(node)
        key_columns = {pair[1] for pair in self._pairs(node)}
        added = [(name, of) for name, of in right if name not in key_columns]
        result = columns_of(node.ResultType)
        if len(result) != len(left) + len(added):
            raise Refused("lookup", "its columns do not come side by side")
        final = dict(zip((n for n, _ in added), (n for n, _ in result[len(left) :]), strict=True))
        finals = [final.get(name, name) for name, _ in right]
        rows, keys = self._sides(stage, right, finals)
        written = f"{stage.before} | lookup kind={how} ({rows}) on {', '.join(keys)}"
        missing = [final[name] for name, of in added if of == "string"]
        return self._rewriter.filled(written, missing if how == "leftouter" else [])

    def _right_columns(self, node: Node) -> Columns:
        return columns_of(node.Expression.ResultType)

    def _sides(self, stage: Stage, right: Columns, finals: list[str]) -> tuple[str, list[str]]:
        names = self._rewriter.names
        rows = self._rewriter.operators.rows(stage.node.Expression, stage.scope)
        own = {name: names.column(final) for (name, _), final in zip(right, finals, strict=True)}
        renames = [
            f"{new} = {names.column(name)}"
            for name, new in own.items()
            if new != names.column(name)
        ]
        if renames:
            rows += f" | project-rename {', '.join(renames)}"
        keys = [
            names.column(one)
            if names.column(one) == own[other]
            else f"$left.{names.column(one)} == $right.{own[other]}"
            for one, other in self._pairs(stage.node)
        ]
        return rows, keys

    def _pairs(self, node: Node) -> list[tuple[str, str]]:
        clause = node.ConditionClause if hasattr(node, "ConditionClause") else node.LookupClause
        if clause is None or not hasattr(clause, "Expressions"):
            raise Refused("join", "it has no `on`")
        pairs: list[tuple[str, str]] = []
        for each in elements(clause.Expressions):
            pairs += _equalities(each)
        return pairs


def _equalities(node: Node) -> list[tuple[str, str]]:
    what = kind(node)
    if what == "NameReference":
        return [(str(node.SimpleName), str(node.SimpleName))]
    if what == "ParenthesizedExpression":
        return _equalities(node.Expression)
    if what == "AndExpression":
        return [*_equalities(node.Left), *_equalities(node.Right)]
    if what == "EqualExpression":
        sides = dict((_side(node.Left), _side(node.Right)))
        if set(sides) == {"$left", "$right"}:
            return [(sides["$left"], sides["$right"])]
    raise Refused("join on", f"{text(node)[:60]} is not an equality of two columns")


def _side(node: Node) -> tuple[str, str]:
    if kind(node) != "PathExpression" or kind(node.Selector) != "NameReference":
        raise Refused("join on", f"{text(node)[:60]} is not a column of one side")
    return text(node.Expression), str(node.Selector.SimpleName)
