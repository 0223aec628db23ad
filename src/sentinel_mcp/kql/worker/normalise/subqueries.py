"""Rewrites `mv-apply`: a subquery over the elements of one row at a time.

Each row gets a number; the subquery then runs over the elements of all rows at once, and keeps
them apart by that number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.tree import (
    Node,
    columns_of,
    elements,
    kind,
    text,
    type_of,
)

if TYPE_CHECKING:
    from sentinel_mcp.kql.worker.normalise.operators import Stage
    from sentinel_mcp.kql.worker.normalise.rewriter import Rewriter

_ROW_BY_ROW = frozenset({"FilterOperator", "ExtendOperator", "MvExpandOperator", "ParseOperator"})
# What an aggregate without a row to it yields.
_OF_NOTHING = {
    "count": "0",
    "countif": "0",
    "dcount": "0",
    "dcountif": "0",
    "make_list": "dynamic([])",
    "make_set": "dynamic([])",
    "make_list_if": "dynamic([])",
    "make_set_if": "dynamic([])",
    "makelist": "dynamic([])",
    "makeset": "dynamic([])",
}


class Subqueries:
    """Writes mv-apply."""

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter

    def write(self, stage: Stage) -> str:
        """Write the operator.

        Raises:
            Refused: no right rewriting is known.

        """
        from sentinel_mcp.kql.worker.normalise.operators import Stage as Applied

        node, names = stage.node, self._rewriter.names
        if elements(node.Parameters) or node.ContextIdClause is not None:
            raise Refused("mv-apply", "its parameters are not known")
        outer = stage.columns
        row = names.fresh("row")
        base = self._rewriter.hoisted(
            f"{stage.before} | extend {row} = __row_id()", "rows", materialize=True
        )
        operators = _operators(node.Subquery.Expression)
        columns = columns_of(operators[0].ResultType)
        names_inside = {name for name, _ in columns} | {name for name, _ in outer}
        written = self._rewriter.expansions.expanded(
            Applied(node, base, outer, stage.scope), [], names_inside
        )
        for position, operator in enumerate(operators):
            what = kind(operator)
            inner = Applied(operator, written, columns, stage.scope)
            if what in _ROW_BY_ROW:
                written, _ = self._rewriter.operators.piped(
                    operator, written, operator.ResultType, stage.scope
                )
                columns = columns_of(operator.ResultType)
            elif what == "SummarizeOperator":
                written = self._summarized(inner, base, row)
                columns = columns_of(operator.ResultType)
            elif what == "TopOperator":
                written = self._topmost(inner, row)
            elif (
                what in ("ProjectOperator", "ProjectAwayOperator")
                and position == len(operators) - 1
            ):
                written = self._projected(inner)
            else:
                raise Refused(f"mv-apply on ({text(operator).split()[0]})", "it is not done by row")
        return self._rewriter.operators.kept(written, columns_of(node.ResultType))

    def _projected(self, stage: Stage) -> str:
        if kind(stage.node) == "ProjectAwayOperator":
            return stage.before
        pairs = self._rewriter.operators.named(elements(stage.node.Expressions), stage)
        written = [
            f"{self._rewriter.names.column(name)} = {value}"
            for name, value in pairs
            if self._rewriter.names.column(name) != value
        ]
        return f"{stage.before} | extend {', '.join(written)}" if written else stage.before

    def _topmost(self, stage: Stage, row: str) -> str:
        count = stage.node.Expression.ConstantValue
        by = stage.node.ByExpression
        value, descending = by, True
        if kind(by) == "OrderedExpression":
            value = by.Expression
            word = by.Ordering.AscOrDescKeyword
            descending = word is None or text(word) == "desc"
        if count is None or type_of(value) == "dynamic":
            raise Refused("mv-apply on (top)", "its count or its order is not known")
        rank = self._rewriter.names.fresh("rank")
        function = "__rank_desc" if descending else "__rank_asc"
        key = self._rewriter.scalars.write(value, stage.scope)
        return (
            f"{stage.before} | extend {rank} = {function}({row}, {key}) "
            f"| where {rank} <= {int(count)} | project-away {rank}"
        )

    def _summarized(self, stage: Stage, base: str, row: str) -> str:
        node, names = stage.node, self._rewriter.names
        grouped = self._rewriter.summaries.write(stage, also_by=(row,))
        result = columns_of(node.ResultType)
        # The aggregates' names may be those of columns of the row; the row's give way.
        own = [names.column(name) for name, _ in result]
        fresh = [names.fresh("sum") for _ in own]
        renamed = ", ".join(f"{f} = {o}" for f, o in zip(fresh, own, strict=True))
        right = f"{grouped} | project-rename {renamed}"
        numbered = names.fresh("row")
        right += f" | project-rename {numbered} = {row}"
        by_key = node.ByClause is not None
        how = "inner" if by_key else "leftouter"
        joined = f"{base} | join kind={how} ({right}) on $left.{row} == $right.{numbered}"
        values = fresh if by_key else self._defaults(node, fresh, result)
        back = ", ".join(f"{o} = {v}" for o, v in zip(own, values, strict=True))
        return f"{joined} | extend {back}"

    def _defaults(self, node: Node, fresh: list[str], result: list[tuple[str, str]]) -> list[str]:
        aggregates = elements(node.Aggregates)
        if len(aggregates) != len(result):
            raise Refused("mv-apply on (summarize)", "an aggregate of several columns")
        values: list[str] = []
        for each, name, (_, of) in zip(aggregates, fresh, result, strict=True):
            call = each.Expression if kind(each) == "SimpleNamedExpression" else each
            function = str(call.Name.SimpleName) if kind(call) == "FunctionCallExpression" else ""
            if function in _OF_NOTHING:
                values.append(f"coalesce({name}, {_OF_NOTHING[function]})")
            elif function in ("max", "min", "take_any", "any"):
                values.append(f'coalesce({name}, "")' if of == "string" else name)
            else:
                raise Refused(f"mv-apply on (summarize {function})", "its value of no row")
        return values


def _operators(node: Node) -> list[Node]:
    found: list[Node] = []
    while kind(node) == "PipeExpression":
        found.append(node.Operator)
        node = node.Expression
    found.append(node)
    return list(reversed(found))
