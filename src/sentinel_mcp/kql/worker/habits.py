"""Costly and dated ways of writing, as facts for the lint."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from sentinel_mcp.kql.protocol import Habit, HabitKind
from sentinel_mcp.kql.worker.kusto import Code, Node, Symbol, Syntax, name_of
from sentinel_mcp.kql.worker.positions import Positions
from sentinel_mcp.kql.worker.sources import Sources
from sentinel_mcp.kql.worker.states import State
from sentinel_mcp.kql.worker.timerange import Ranges

# What leaves fewer rows for a join than the table has.
_NARROWING = (
    "FilterOperator",
    "SummarizeOperator",
    "DistinctOperator",
    "TakeOperator",
    "TopOperator",
    "SampleOperator",
    "SampleDistinctOperator",
    "SearchOperator",
    "FindOperator",
    "CountOperator",
)

_MAX_TIME_HABITS = 5


def habits(
    code: Code, state: State, sources: Sources, ranges: Ranges, positions: Positions
) -> tuple[Habit, ...]:
    """Return those found, in the order of the text."""
    root = code.Syntax
    found = chain(
        _without_time(ranges, positions),
        _whole_workspace(sources, positions),
        _substrings(root, positions),
        _joins(root, sources, positions),
        _deprecated(sources, positions),
        _absent(sources, state, positions),
    )
    return tuple(sorted(found, key=lambda each: (each.line, each.column)))


def _habit(
    kind: HabitKind, subject: str, node: Node, positions: Positions, alternative: str = ""
) -> Habit:
    line, column = positions.of(node)
    return Habit(
        kind,
        subject,
        line,
        column,
        positions.length(node.TextStart, node.Width),
        alternative,
    )


def _without_time(ranges: Ranges, positions: Positions) -> Iterable[Habit]:
    named: set[str] = set()
    for source in ranges.unbounded():
        # All tables that one pattern names are one finding.
        subject = source.name if source.is_function else positions.source(source.node)
        if subject in named or source.name == "*" or len(named) == _MAX_TIME_HABITS:
            continue
        named.add(subject)
        yield _habit("no-time-filter", subject, source.node, positions, source.time_column or "")


def _whole_workspace(sources: Sources, positions: Positions) -> Iterable[Habit]:
    for source in sources.found:
        if source.name == "*":
            operator = "find" if name_of(source.node) == "FindOperator" else "search"
            yield _habit("search-all", operator, source.node.GetFirstToken(), positions)
    for pattern, node in sources.patterns:
        if pattern == "*":
            yield _habit("union-all", pattern, node, positions)


def _substrings(root: Node, positions: Positions) -> Iterable[Habit]:
    for node in root.GetDescendants[Syntax.BinaryExpression]():
        if str(node.Operator.Text) not in ("contains", "contains_cs"):
            continue
        value = node.Right.ConstantValue
        # `has` looks whole words up in an index that holds those of three characters and more; it
        # cannot serve text that begins within a word.
        if isinstance(value, str) and len(value) >= 3 and value[0].isalnum():
            operator = "has_cs" if str(node.Operator.Text).endswith("_cs") else "has"
            yield _habit("contains", value, node.Operator, positions, operator)


def _joins(root: Node, sources: Sources, positions: Positions) -> Iterable[Habit]:
    for node in root.GetDescendants[Syntax.JoinOperator]():
        pipe = node.Parent
        sides = {"left": pipe.Expression, "right": node.Expression}
        whole = [side for side, rows in sides.items() if _is_whole_table(rows, sources)]
        if whole:
            yield _habit("unfiltered-join", " and ".join(whole), node.JoinKeyword, positions)


def _is_whole_table(rows: Node, sources: Sources, depth: int = 0) -> bool:
    """Tell whether rows are all that a stored table holds."""
    while name_of(rows) == "ParenthesizedExpression":
        rows = rows.Expression
    kind = name_of(rows)
    if kind == "PipeExpression":
        return name_of(rows.Operator) not in _NARROWING and _is_whole_table(
            rows.Expression, sources, depth
        )
    if kind == "MaterializeExpression":
        return _is_whole_table(rows.Expression, sources, depth)
    if kind != "NameReference" or depth > 5:
        return False
    symbol = name_of(rows.ReferencedSymbol)
    if symbol == "TableSymbol":
        return True
    bound = sources.let(str(rows.SimpleName)) if symbol == "VariableSymbol" else None
    return bound is not None and _is_whole_table(bound, sources, depth + 1)


def _deprecated(sources: Sources, positions: Positions) -> Iterable[Habit]:
    for name, node in sources.functions.items():
        symbol: Symbol = node.ReferencedSymbol
        if symbol.IsObsolete:
            yield _habit(
                "deprecated-function", name, node, positions, str(symbol.Alternative or "")
            )


def _absent(sources: Sources, state: State, positions: Positions) -> Iterable[Habit]:
    named: set[str] = set()
    patterns = {node.TextStart for _, node in sources.patterns}
    for source in sources.found:
        if source.name in state.absent and source.name not in named and not source.remote:
            named.add(source.name)
            if source.node.TextStart not in patterns:
                yield _habit("absent-table", source.name, source.node, positions)
