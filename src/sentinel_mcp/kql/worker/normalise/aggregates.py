"""Rewrites `summarize` and the aggregates in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.scopes import Scope
from sentinel_mcp.kql.worker.normalise.tree import (
    Node,
    columns_of,
    elements,
    kind,
    text,
    type_of,
)

if TYPE_CHECKING:
    from sentinel_mcp.kql.worker.normalise.operators import Columns, Stage
    from sentinel_mcp.kql.worker.normalise.rewriter import Rewriter

_ALIASES = {
    "argmax": "arg_max",
    "argmin": "arg_min",
    "any": "take_any",
    "anyif": "take_anyif",
    "count_distinct": "dcount",
    "count_distinctif": "dcountif",
    "makelist": "make_list",
    "makeset": "make_set",
    "make_dictionary": "make_bag",
}
# What the two old spellings keep at most.
_OLD_LIMIT = 128
_NO_LIMIT = 1_048_576
_COLLECTING = frozenset(
    {"make_list", "make_list_if", "make_set", "make_set_if", "make_bag", "make_bag_if"}
)
# Aggregates of one value, with an `if` form that the engine has under its own name.
_SINGLE = frozenset({"min", "max", "take_any", "sum", "avg", "stdev", "variance"})
_SINGLE_IF = frozenset(f"{name}if" for name in _SINGLE)
_OF_NUMBERS = frozenset({"sum", "avg", "stdev", "variance", "stdevp", "variancep", "percentile"})
AGGREGATES = (
    frozenset(
        {"count", "countif", "dcount", "dcountif", "arg_max", "arg_min", "percentile"}
        | {"percentiles", "binary_all_or", "binary_all_and", "stdevp", "variancep"}
    )
    | _COLLECTING
    | _SINGLE
    | _SINGLE_IF
    | frozenset(_ALIASES)
)


class Aggregates:
    """Writes calls of aggregates."""

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter
        self._lifted: list[str] | None = None

    def lifted(self, node: Node, scope: Scope) -> tuple[str, list[str]]:
        """Write an expression over aggregates; returns it, and the aggregates it reads by name."""
        self._lifted = []
        try:
            return self._rewriter.scalars.write(node, scope), self._lifted
        finally:
            self._lifted = None

    def write(self, node: Node, scope: Scope) -> str:
        """Write an aggregate that yields one column.

        Raises:
            Refused: no right rewriting is known.

        """
        outer, self._lifted = self._lifted, None
        written = self._written(node, scope)
        self._lifted = outer
        if outer is None:
            return written
        own = self._rewriter.names.fresh("aggregate")
        outer.append(f"{own} = {written}")
        return own

    def _written(self, node: Node, scope: Scope) -> str:
        spelled = str(node.Name.SimpleName)
        name = _ALIASES.get(spelled, spelled)
        arguments = elements(node.ArgumentList.Expressions)
        scalars = self._rewriter.scalars
        if name == "count":
            return "count()"
        if name == "countif":
            return f"countif({scalars.as_bool(arguments[0], scope)})"
        if name in ("dcount", "dcountif"):
            return self._dcount(name, arguments, scope)
        if name in _COLLECTING:
            return self._collecting(name, spelled, arguments, scope)
        if name in _SINGLE_IF:
            return self._single(name.removesuffix("if"), arguments[0], arguments[1], scope)
        if name in _SINGLE:
            if len(arguments) != 1 or kind(arguments[0]) == "StarExpression":
                raise Refused(f"{spelled} of several columns", "name each column's aggregate")
            return self._single(name, arguments[0], None, scope)
        if name == "percentile":
            value = self._numeric(arguments[0], scope)
            return f"percentile({value}, {scalars.write(arguments[1], scope)})"
        if name in ("stdevp", "variancep", "binary_all_or", "binary_all_and"):
            return f"__{name}({self._numeric(arguments[0], scope)})"
        raise Refused(spelled, "an aggregate of several columns inside an expression")

    def _numeric(self, node: Node, scope: Scope) -> str:
        return self._rewriter.scalars.as_number(node, scope)

    def _dcount(self, name: str, arguments: list[Node], scope: Scope) -> str:
        scalars = self._rewriter.scalars
        value = (
            scalars.as_string(arguments[0], scope)
            if type_of(arguments[0]) == "dynamic"
            else scalars.write(arguments[0], scope)
        )
        if name == "dcount":
            return f"dcount({value})"
        return f"dcountif({value}, {scalars.as_bool(arguments[1], scope)})"

    def _single(self, name: str, value: Node, condition: Node | None, scope: Scope) -> str:
        of = type_of(value)
        if name in _OF_NUMBERS:
            if of not in ("int", "long", "real", "dynamic", "timespan", "bool"):
                raise Refused(f"{name}({of})", "the embedded engine does not have it")
            written = self._numeric(value, scope)
            suffix = "_timespan" if of == "timespan" else ""
        else:
            if of == "dynamic" and name in ("min", "max"):
                raise Refused(f"{name}(dynamic)", "the order of dynamic values is not Kusto's")
            written, suffix = self._rewriter.scalars.write(value, scope), ""
        kept = "true" if condition is None else self._rewriter.scalars.as_bool(condition, scope)
        if condition is None and not suffix and name != "avg":
            return f"{name}({written})"
        return f"__{name}{suffix}({written}, {kept})"

    def _collecting(self, name: str, spelled: str, arguments: list[Node], scope: Scope) -> str:
        scalars, value = self._rewriter.scalars, arguments[0]
        conditional = name.endswith("_if")
        kept = [scalars.as_bool(arguments[1], scope)] if conditional else []
        rest = arguments[2 if conditional else 1 :]
        limit = _OLD_LIMIT if spelled in ("makelist", "makeset") else _NO_LIMIT
        written_limit = scalars.write(rest[0], scope) if rest else str(limit)
        what = name.removesuffix("_if")
        of = type_of(value)
        if what == "make_bag":
            return f"__make_bag({scalars.write(value, scope)}, {(kept or ['true'])[0]})"
        if of != "string":
            kept.append(f"not(isnull({scalars.write(value, scope)}))")
        suffix = "_dynamic" if what == "make_set" and of == "dynamic" else ""
        return (
            f"__{what}{suffix}({self._rewriter.calls.as_dynamic(value, scope)}, "
            f"({' and '.join(kept) or 'true'}), {written_limit})"
        )


class Summaries:
    """Writes `summarize`."""

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter

    def write(self, stage: Stage, also_by: tuple[str, ...] = ()) -> str:
        """Write the operator; `also_by` are columns to group by besides.

        Raises:
            Refused: no right rewriting is known.

        """
        node, names = stage.node, self._rewriter.names
        result = columns_of(node.ResultType)
        by = elements(node.ByClause.Expressions) if node.ByClause is not None else []
        aggregates = elements(node.Aggregates)
        widths = self._widths(aggregates, len(result) - len(by))
        prepared: list[str] = []
        renamed: list[tuple[str, str]] = []
        written: list[str] = []
        computed: list[str] = []
        position = len(by)
        for each, width in zip(aggregates, widths, strict=True):
            given = result[position : position + width]
            value = _called(each)
            if _name(value) in AGGREGATES:
                written += self._aggregate(each, given, stage, prepared, renamed)
            else:
                after, parts = self._rewriter.aggregates.lifted(value, stage.scope)
                written += parts
                computed.append(f"{names.column(given[0][0])} = {after}")
            position += width
        keys = [
            self._key(each, name, stage, prepared, renamed)
            for each, (name, _) in zip(by, result, strict=False)
        ]
        keys = [*also_by, *keys]
        before = stage.before
        if prepared:
            before += f" | extend {', '.join(prepared)}"
        after = f"{before} | summarize {', '.join(written)}"
        if keys:
            after += f" by {', '.join(keys)}"
        if renamed or computed:
            pairs = ", ".join(f"{new} = {old}" for new, old in renamed)
            after += f" | project-rename {pairs}" if renamed else ""
            after += f" | extend {', '.join(computed)}" if computed else ""
            listed = [*also_by, *(names.column(name) for name, _ in result)]
            after += f" | project {', '.join(listed)}"
        return after

    def _key(
        self,
        node: Node,
        name: str,
        stage: Stage,
        prepared: list[str],
        renamed: list[tuple[str, str]],
    ) -> str:
        own = self._rewriter.names.column(name)
        value = node.Expression if kind(node) == "SimpleNamedExpression" else node
        written = self._rewriter.scalars.write(value, stage.scope)
        if written == own:
            return own
        # A key is computed before the grouping: in DuckDB its name could also be that of a column
        # that an aggregate beside it reads.
        fresh = self._rewriter.names.fresh("key")
        prepared.append(f"{fresh} = {written}")
        renamed.append((own, fresh))
        return fresh

    def _widths(self, aggregates: list[Node], total: int) -> list[int]:
        widths: list[int | None] = [_width(each) for each in aggregates]
        open_ones = widths.count(None)
        if open_ones > 1:
            raise Refused("summarize", "several aggregates of all columns")
        rest = total - sum(width or 0 for width in widths)
        if rest < 0 or (not open_ones and rest):
            raise Refused("summarize", "the columns of its result do not come one by one")
        return [rest if width is None else width for width in widths]

    def _aggregate(
        self,
        node: Node,
        given: Columns,
        stage: Stage,
        prepared: list[str],
        renamed: list[tuple[str, str]],
    ) -> list[str]:
        names = self._rewriter.names
        call = _called(node)
        name = _name(call)
        own = [names.column(each) for each, _ in given]
        if name in ("arg_max", "arg_min"):
            return self._extreme(name, call, own, stage, prepared, renamed)
        if name == "percentiles":
            value, *points = elements(call.ArgumentList.Expressions)
            number = self._rewriter.scalars.as_number(value, stage.scope)
            at = [self._rewriter.scalars.write(each, stage.scope) for each in points]
            return [f"{n} = percentile({number}, {p})" for n, p in zip(own, at, strict=True)]
        if name == "take_any" and len(given) != 1:
            return self._any(call, own, stage)
        if len(own) != 1:
            raise Refused(text(node)[:40], "an aggregate of several columns")
        value = node.Expression if kind(node) == "SimpleNamedExpression" else node
        return [f"{own[0]} = {self._rewriter.scalars.write(value, stage.scope)}"]

    def _any(self, call: Node, own: list[str], stage: Stage) -> list[str]:
        arguments = elements(call.ArgumentList.Expressions)
        if any(kind(each) == "StarExpression" for each in arguments):
            return [f"{name} = take_any({name})" for name in own]
        values = [self._rewriter.scalars.write(each, stage.scope) for each in arguments]
        return [f"{n} = take_any({v})" for n, v in zip(own, values, strict=True)]

    def _extreme(
        self,
        name: str,
        call: Node,
        own: list[str],
        stage: Stage,
        prepared: list[str],
        renamed: list[tuple[str, str]],
    ) -> list[str]:
        arguments = elements(call.ArgumentList.Expressions)
        scalars, names = self._rewriter.scalars, self._rewriter.names
        if type_of(arguments[0]) == "dynamic":
            raise Refused(f"{name}(dynamic)", "the order of dynamic values is not Kusto's")
        if any(kind(each) == "StarExpression" for each in arguments[1:]):
            key = scalars.write(arguments[0], stage.scope)
            plain = {names.column(each) for each, _ in stage.columns}
            if len(arguments) == 2 and own[0] == key and plain.issuperset(own):
                return [f"{name}({key}, *)"]
            values = [key, *self._all_of(arguments[0], call, stage, len(own) - 1)]
        else:
            values = [scalars.write(each, stage.scope) for each in arguments]
        fresh = [names.fresh("arg") for _ in values]
        prepared += [f"{f} = {v}" for f, v in zip(fresh, values, strict=True)]
        renamed += list(zip(own, fresh, strict=True))
        return [f"{name}({', '.join(fresh)})"]

    def _all_of(self, key: Node, call: Node, stage: Stage, count: int) -> list[str]:
        """Return the columns that `*` stands for: all but those grouped by and the one compared."""
        if len(elements(call.ArgumentList.Expressions)) != 2:
            raise Refused("arg_max of * and more", "name the columns")
        clause = stage.node.ByClause
        by = {
            str(each.SimpleName)
            for each in (elements(clause.Expressions) if clause is not None else [])
            if kind(each) == "NameReference"
        }
        rest = [name for name, _ in stage.columns if name not in by]
        if len(rest) != count and kind(key) == "NameReference":
            rest = [name for name in rest if name != str(key.SimpleName)]
        if len(rest) != count:
            raise Refused("arg_max(…, *)", "what the * stands for is not known for certain")
        return [self._rewriter.names.column(name) for name in rest]


def _called(node: Node) -> Node:
    if kind(node) in ("SimpleNamedExpression", "CompoundNamedExpression"):
        return node.Expression
    return node


def _name(node: Node) -> str:
    if kind(node) != "FunctionCallExpression":
        return ""
    spelled = str(node.Name.SimpleName)
    return _ALIASES.get(spelled, spelled)


def _width(node: Node) -> int | None:
    """Return how many columns an aggregate yields; None for all that there are."""
    call = _called(node)
    name = _name(call)
    if name not in ("arg_max", "arg_min", "percentiles", "take_any"):
        return 1
    arguments = elements(call.ArgumentList.Expressions)
    if any(kind(each) == "StarExpression" for each in arguments):
        return None
    return len(arguments) - 1 if name == "percentiles" else len(arguments)
