"""Rewrites tabular expressions: what rows come from and what is piped over them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel_mcp.kql.results import UNTIMED
from sentinel_mcp.kql.worker.normalise import literals, tree
from sentinel_mcp.kql.worker.normalise.names import bracketed, is_plain
from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.scopes import Binding, Scope
from sentinel_mcp.kql.worker.normalise.tree import (
    Node,
    Symbol,
    columns_of,
    elements,
    kind,
    symbol_class,
    text,
    type_of,
)

if TYPE_CHECKING:
    from sentinel_mcp.kql.worker.normalise.rewriter import Rewriter

Columns = list[tuple[str, str]]
# As many rows of a range are made at once; each costs eight bytes.
_LISTED = 100_000
_NUMBERED = re.compile(r"(?:Column|print_)[0-9]+\Z")


@dataclass(slots=True)
class Stage:
    """One operator, with the rows it is applied to and the names in reach."""

    node: Node
    before: str
    columns: Columns
    scope: Scope


class Operators:
    """Writes pipelines."""

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter

    def rows(self, node: Node, scope: Scope) -> str:
        """Write an expression that yields rows, as a pipeline without parentheses.

        Raises:
            Refused: no right rewriting is known.

        """
        return self._rows(node, scope)[0]

    def first_column(self, node: Node) -> str:
        """Return the type of the first column that a tabular expression yields."""
        columns = columns_of(node.ResultType)
        return columns[0][1] if columns else "unknown"

    def _rows(self, node: Node, scope: Scope) -> tuple[str, Scope]:
        what = kind(node)
        if what == "PipeExpression":
            before, scope = self._rows(node.Expression, scope)
            return self.piped(node.Operator, before, node.Expression.ResultType, scope)
        if what == "ParenthesizedExpression":
            return self._rows(node.Expression, scope)
        handler = self._sources.get(what)
        if handler is None:
            raise Refused(what, "the embedded engine does not know this source of rows")
        return handler(self, node, scope), scope

    def piped(self, operator: Node, before: str, rows: Symbol, scope: Scope) -> tuple[str, Scope]:
        """Write one operator after the rows `before`; returns the scope that follows it too."""
        what = kind(operator)
        stage = Stage(operator, before, columns_of(rows), scope)
        if what == "AsOperator":
            name = self._rewriter.hoisted(before, "as")
            return name, scope.having({str(operator.Name.SimpleName): Binding(name, tabular=True)})
        handler = self._operators.get(what)
        if handler is None:
            keyword = text(operator).split()[0]
            raise Refused(keyword, "the embedded engine does not have this operator")
        return handler(self, stage), scope

    # -- sources -----------------------------------------------------------------------------

    def _reference(self, node: Node, scope: Scope) -> str:
        name = str(node.SimpleName)
        symbol = node.ReferencedSymbol
        if symbol_class(symbol) == "TableSymbol":
            return self.stored(symbol)
        bound = scope.get(name)
        if bound is not None and bound.tabular:
            return bound.text
        if node.GetCalledFunctionBody() is not None:
            return self._rewriter.calls.named(node)
        if symbol_class(symbol) == "FunctionSymbol":
            return self._rewriter.workspace.function(name, node, [], scope)
        raise Refused(name, "it stands for nothing that the embedded engine has here")

    def stored(self, symbol: Symbol, *, untimed: bool = False) -> str:
        """Write a stored table, its columns under the names they go by here.

        `untimed` reads all of it, whatever time range the request is for.
        """
        name = f"{UNTIMED}{symbol.Name}" if untimed else str(symbol.Name)
        self._rewriter.tables[name] = None
        renames = [
            f"{own} = {column if is_plain(column) else bracketed(column)}"
            for column, _ in columns_of(symbol)
            if (own := self._rewriter.names.column(column)) != column
        ]
        source = name if is_plain(name) else bracketed(name)
        return f"{source} | project-rename {', '.join(renames)}" if renames else source

    def _call(self, node: Node, scope: Scope) -> str:
        name = str(node.Name.SimpleName)
        if node.GetCalledFunctionBody() is not None:
            return self._rewriter.calls.inlined(node, scope)[0]
        arguments = elements(node.ArgumentList.Expressions)
        if name == "table" and arguments:
            return self._named_table(node, arguments)
        if name == "materialize":
            return self.rows(arguments[0], scope)
        return self._rewriter.workspace.function(name, node, arguments, scope)

    def _named_table(self, node: Node, arguments: list[Node]) -> str:
        symbol = node.ResultType
        name = arguments[0].ConstantValue
        if symbol_class(symbol) != "TableSymbol" or str(symbol.Name) != name:
            raise Refused("table()", "its name is known at run time only")
        return self.stored(symbol)

    def _path(self, node: Node, scope: Scope) -> str:
        del scope
        raise Refused(text(node.Expression).strip(), "only this workspace's tables are here")

    def _datatable(self, node: Node, scope: Scope) -> str:
        columns = columns_of(node.ResultType)
        declared = [f"{self._rewriter.names.column(name)}:{of}" for name, of in columns]
        types = [of for _, of in columns]
        values = [
            self._cell(each, types[index % len(types)], scope)
            for index, each in enumerate(elements(node.Values))
        ]
        return f"datatable({', '.join(declared)})[{', '.join(values)}]"

    def _cell(self, node: Node, of: str, scope: Scope) -> str:
        if of == "dynamic" and kind(node) != "DynamicExpression":
            return literals.dynamic(node)
        return self._rewriter.scalars.write(node, scope)

    def _print(self, node: Node, scope: Scope) -> str:
        names = [name for name, _ in columns_of(node.ResultType)]
        written = [
            self._rewriter.scalars.write(_unnamed(each), scope)
            for each in elements(node.Expressions)
        ]
        if len(names) != len(written):
            raise Refused("print", "an expression with several names")
        pairs = zip(names, written, strict=True)
        return "print " + ", ".join(f"{self._rewriter.names.column(n)} = {w}" for n, w in pairs)

    def _range(self, node: Node, scope: Scope) -> str:
        name = self._rewriter.names.column(str(node.Name.SimpleName))
        write = self._rewriter.scalars.write
        start, stop, step = (write(each, scope) for each in (node.From, node.To, node.Step))
        bounds = [each.ConstantValue for each in (node.From, node.To, node.Step)]
        if all(isinstance(each, int) for each in bounds) and bounds[2]:
            count = (bounds[1] - bounds[0]) // bounds[2] + 1
            if count > _LISTED:
                return self._long_range(name, bounds, count)
        last = f"__range_end({start}, {stop}, {step})"
        return f"range {name} from {start} to {last} step {step}"

    def _long_range(self, name: str, bounds: list[int], count: int) -> str:
        """Write a range as a product of two: the translator makes a list of each, in memory."""
        if count > _LISTED * _LISTED:
            raise Refused("range", f"it has {count} rows")
        names = self._rewriter.names
        high, low, one, other = (names.fresh(stem) for stem in ("high", "low", "one", "one"))
        start, stop, step = bounds
        value = f"({start} + (({high} * {_LISTED}) + {low}) * {step})"
        rows = (
            f"range {high} from 0 to {(count - 1) // _LISTED} step 1 | extend {one} = 1 "
            f"| join kind=inner (range {low} from 0 to {_LISTED - 1} step 1 | extend {other} = 1) "
            f"on $left.{one} == $right.{other} | project {name} = {value}"
        )
        return f"{rows} | where {name} {'<=' if step > 0 else '>='} {stop}"

    def _materialize(self, node: Node, scope: Scope) -> str:
        return self._rewriter.hoisted(self.rows(node.Expression, scope), "rows", materialize=True)

    def _union_source(self, node: Node, scope: Scope) -> str:
        return self._rewriter.unions.write(node, None, scope)

    def _external(self, node: Node, scope: Scope) -> str:
        del node, scope
        raise Refused("externaldata", "the embedded engine reads no address")

    # -- operators ---------------------------------------------------------------------------

    def _where(self, stage: Stage) -> str:
        condition = self._rewriter.scalars.as_bool(stage.node.Condition, stage.scope)
        return f"{stage.before} | where {condition}"

    def named(self, nodes: list[Node], stage: Stage) -> list[tuple[str, str]]:
        """Return the (KQL) name that each expression's column gets, and the expression written."""
        before = {name for name, _ in stage.columns}
        numbered = [
            name
            for name, _ in columns_of(stage.node.ResultType)
            if _NUMBERED.match(name) and name not in before
        ]
        names = [_column_name(each) for each in nodes]
        if names.count("") > len(numbered):
            raise Refused(text(stage.node).split()[0], "a column without a name; give it one")
        spare = iter(numbered)
        return [
            (name or next(spare), self._rewriter.scalars.write(_unnamed(each), stage.scope))
            for name, each in zip(names, nodes, strict=True)
        ]

    def _project(self, stage: Stage) -> str:
        return f"{stage.before} | project {self._assignments(stage)}"

    def _extend(self, stage: Stage) -> str:
        expressions = elements(stage.node.Expressions)
        return (
            f"{stage.before} | extend {self._assignments(stage)}" if expressions else stage.before
        )

    def _serialize(self, stage: Stage) -> str:
        return self._extend(stage)

    def _assignments(self, stage: Stage) -> str:
        expressions = elements(stage.node.Expressions)
        named = iter(self.named([e for e in expressions if kind(e) != "StarExpression"], stage))
        written: list[str] = []
        for each in expressions:
            if kind(each) == "StarExpression":
                written += [self._rewriter.names.column(name) for name, _ in stage.columns]
                continue
            name, value = next(named)
            own = self._rewriter.names.column(name)
            written.append(own if own == value else f"{own} = {value}")
        return ", ".join(written)

    def kept(self, before: str, columns: Columns) -> str:
        """Write a projection to exactly these columns, in this order."""
        return f"{before} | project {', '.join(self._rewriter.names.column(n) for n, _ in columns)}"

    def _reshaped(self, stage: Stage) -> str:
        return self.kept(stage.before, columns_of(stage.node.ResultType))

    def _rename(self, stage: Stage) -> str:
        names = self._rewriter.names
        pairs: list[str] = []
        for each in elements(stage.node.Expressions):
            if kind(each) != "SimpleNamedExpression":
                raise Refused("project-rename", "a list of names on one side")
            new = names.column(str(each.Name.SimpleName))
            pairs.append(f"{new} = {names.column(str(each.Expression.SimpleName))}")
        return f"{stage.before} | project-rename {', '.join(pairs)}"

    def _take(self, stage: Stage) -> str:
        count = stage.node.Expression.ConstantValue
        if count is None:
            raise Refused("take", "its count is known at run time only")
        return f"{stage.before} | take {int(count)}"

    def _count(self, stage: Stage) -> str:
        (name, _), *_ = columns_of(stage.node.ResultType)
        return (
            f"{stage.before} | count | project-rename {self._rewriter.names.column(name)} = Count"
            if self._rewriter.names.column(name) != "Count"
            else f"{stage.before} | count"
        )

    def _distinct(self, stage: Stage) -> str:
        expressions = elements(stage.node.Expressions)
        if len(expressions) == 1 and kind(expressions[0]) == "StarExpression":
            names = [self._rewriter.names.column(name) for name, _ in stage.columns]
            return f"{stage.before} | distinct {', '.join(names)}"
        if all(kind(each) == "NameReference" for each in expressions):
            names = [self._rewriter.names.column(str(each.SimpleName)) for each in expressions]
            return f"{stage.before} | distinct {', '.join(names)}"
        pairs = self.named(expressions, stage)
        own = [self._rewriter.names.column(name) for name, _ in pairs]
        values = [f"{name} = {value}" for name, (_, value) in zip(own, pairs, strict=True)]
        return f"{stage.before} | project {', '.join(values)} | distinct {', '.join(own)}"

    def _sort(self, stage: Stage) -> str:
        keys = [self._key(each, stage.scope) for each in elements(stage.node.Expressions)]
        return f"{stage.before} | sort by {', '.join(keys)}"

    def _top(self, stage: Stage) -> str:
        count = stage.node.Expression.ConstantValue
        if count is None:
            raise Refused("top", "its count is known at run time only")
        key = self._key(stage.node.ByExpression, stage.scope)
        return f"{stage.before} | top {int(count)} by {key}"

    def _key(self, node: Node, scope: Scope) -> str:
        direction, nulls = "desc", None
        value = node
        if kind(node) == "OrderedExpression":
            value, ordering = node.Expression, node.Ordering
            word = text(ordering.AscOrDescKeyword) if ordering.AscOrDescKeyword else ""
            direction = "asc" if word in ("asc", "granny-asc") else "desc"
            if ordering.NullsClause is not None:
                nulls = text(ordering.NullsClause).split()[-1]
        nulls = nulls or ("first" if direction == "asc" else "last")
        written = self._rewriter.scalars.write(value, scope)
        if type_of(value) == "dynamic":
            raise Refused("sort by dynamic", "the order of dynamic values is not Kusto's")
        return f"{written} {direction} nulls {nulls}"

    def _invoke(self, stage: Stage) -> str:
        call = stage.node.Function
        if call.GetCalledFunctionBody() is None:
            raise Refused(f"invoke {call.Name.SimpleName}", "the embedded engine does not have it")
        source = self._rewriter.hoisted(stage.before, "rows")
        return self._rewriter.calls.inlined(call, stage.scope, source)[0]

    def _summarize(self, stage: Stage) -> str:
        return self._rewriter.summaries.write(stage)

    def _join(self, stage: Stage) -> str:
        return self._rewriter.joins.join(stage)

    def _lookup(self, stage: Stage) -> str:
        return self._rewriter.joins.lookup(stage)

    def _union(self, stage: Stage) -> str:
        return self._rewriter.unions.write(stage.node, stage, stage.scope)

    def _mv_expand(self, stage: Stage) -> str:
        return self._rewriter.expansions.mv_expand(stage)

    def _mv_apply(self, stage: Stage) -> str:
        return self._rewriter.expansions.mv_apply(stage)

    def _parse(self, stage: Stage) -> str:
        return self._rewriter.expansions.parse(stage)

    def _getschema(self, stage: Stage) -> str:
        rows = [
            f"{literals.string(name)}, {index}, {literals.string(_NET_TYPES.get(of, of))}, "
            f"{literals.string(of)}"
            for index, (name, of) in enumerate(stage.columns)
        ]
        shape = "ColumnName:string, ColumnOrdinal:int, DataType:string, ColumnType:string"
        return f"datatable({shape})[{', '.join(rows)}]"

    def _render(self, stage: Stage) -> str:
        self._rewriter.visualization = text(stage.node)
        return stage.before

    def _same(self, stage: Stage) -> str:
        return stage.before

    _sources: dict[str, Callable[[Operators, Node, Scope], str]] = {  # noqa: RUF012 - never changed
        "NameReference": _reference,
        "FunctionCallExpression": _call,
        "PathExpression": _path,
        "DataTableExpression": _datatable,
        "PrintOperator": _print,
        "RangeOperator": _range,
        "MaterializeExpression": _materialize,
        "UnionOperator": _union_source,
        "ExternalDataExpression": _external,
    }
    _operators: dict[str, Callable[[Operators, Stage], str]] = {  # noqa: RUF012 - never changed
        "FilterOperator": _where,
        "ProjectOperator": _project,
        "ExtendOperator": _extend,
        "SerializeOperator": _serialize,
        "ProjectAwayOperator": _reshaped,
        "ProjectKeepOperator": _reshaped,
        "ProjectReorderOperator": _reshaped,
        "ProjectRenameOperator": _rename,
        "TakeOperator": _take,
        "CountOperator": _count,
        "DistinctOperator": _distinct,
        "SortOperator": _sort,
        "TopOperator": _top,
        "InvokeOperator": _invoke,
        "SummarizeOperator": _summarize,
        "JoinOperator": _join,
        "LookupOperator": _lookup,
        "UnionOperator": _union,
        "MvExpandOperator": _mv_expand,
        "MvApplyOperator": _mv_apply,
        "ParseOperator": _parse,
        "ParseWhereOperator": _parse,
        "GetSchemaOperator": _getschema,
        "RenderOperator": _render,
        "ConsumeOperator": _same,
    }


_NET_TYPES = {
    "string": "System.String",
    "long": "System.Int64",
    "int": "System.Int32",
    "real": "System.Double",
    "bool": "System.SByte",
    "datetime": "System.DateTime",
    "timespan": "System.TimeSpan",
    "dynamic": "System.Object",
    "guid": "System.Guid",
    "decimal": "System.Data.SqlTypes.SqlDecimal",
}


def _unnamed(node: Node) -> Node:
    return node.Expression if kind(node) == "SimpleNamedExpression" else node


def _column_name(node: Node) -> str:
    """Return the name that an expression's column gets; empty where Kusto numbers it."""
    if kind(node) == "CompoundNamedExpression":
        raise Refused("(a, b) = …", "several names for one expression")
    if kind(node) == "SimpleNamedExpression":
        return str(node.Name.SimpleName)
    return tree.result_name(node)
