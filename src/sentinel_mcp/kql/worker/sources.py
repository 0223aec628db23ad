"""Which rows a query reads, and which filters they pass on their way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sentinel_mcp.kql.worker.kusto import Node, Syntax, name_of
from sentinel_mcp.kql.worker.states import TIME_COLUMNS, State

# Operators that leave a row's time of the event what it was, so that a filter on it further down
# narrows what is read.
_TRANSPARENT_OPERATORS = """AsOperator ConsumeOperator DistinctOperator EvaluateOperator
ExtendOperator FilterOperator InvokeOperator JoinOperator LookupOperator MvApplyOperator
MvExpandOperator ParseKvOperator ParseOperator ParseWhereOperator ProjectAwayOperator
ProjectKeepOperator ProjectOperator ProjectRenameOperator ProjectReorderOperator SearchOperator
SerializeOperator SortOperator UnionOperator"""
_TRANSPARENT = frozenset(_TRANSPARENT_OPERATORS.split())

# What rows pass through on the way up the tree.
_CONTAINERS = frozenset(
    {
        "FindInClause",
        "FunctionBody",
        "FunctionDeclaration",
        "MaterializeExpression",
        "ParenthesizedExpression",
        "UnionOperator",
    }
)

# One query may use a `let` table many times over, in further `let` tables that do the same.
_MAX_READINGS = 200


@dataclass(slots=True)
class Reading:
    """One way that rows of a source take to the result.

    `calls` are the calls of the query's own functions that it passes, innermost first; their
    arguments stand for the parameters that conditions name.
    """

    conditions: list[Node] = field(default_factory=list[Node])
    calls: list[Node] = field(default_factory=list[Node])
    series: Node | None = None
    """The `make-series` that the rows end in: it takes those of its own range only."""


@dataclass(frozen=True, slots=True)
class Source:
    """A place where a query names stored rows: a table, or a function of the workspace."""

    name: str
    node: Node
    time_column: str | None
    is_function: bool
    remote: bool


class Sources:
    """The stored rows that a bound query, or the body of a function, reads.

    A `search` or `find` over the whole workspace is a source of the name `*`.
    """

    def __init__(self, root: Node, state: State) -> None:
        self._globals = state.globals
        self._lets: dict[str, Node] = {}
        for statement in root.GetDescendants[Syntax.LetStatement]():
            self._lets.setdefault(str(statement.Name.SimpleName), statement)
        self._uses: dict[str, list[Node]] = {}
        self.found: list[Source] = []
        self.patterns: list[tuple[str, Node]] = []
        self.functions: dict[str, Node] = {}
        for node in root.GetDescendants[Syntax.NameReference]():
            self._sort_in(node, state)
        for kind in (Syntax.SearchOperator, Syntax.FindOperator):
            for node in root.GetDescendants[kind]():
                piped = name_of(node.Parent) == "PipeExpression" and node.IndexInParent > 0
                if node.InClause is None and not piped:
                    self.found.append(
                        Source("*", node, TIME_COLUMNS[0], is_function=False, remote=False)
                    )

    def let(self, name: str) -> Node | None:
        """Return what `let` binds a name to."""
        statement = self._lets.get(name)
        return None if statement is None else statement.Expression

    def readings(self, source: Source) -> list[Reading]:
        """Return the ways from a source to the result, each with the filters it passes."""
        node = source.node.Parent if source.is_function and _is_call(source.node) else source.node
        found: list[Reading] = []
        own = [node.Condition] if source.name == "*" and node.Condition is not None else []
        self._climb(node, Reading(own), frozenset(), found)
        return found

    def called_body(self, source: Source) -> Node | None:
        """Return the text behind a function of the workspace, as the binder has it expanded."""
        if not source.is_function:
            return None
        node = source.node.Parent if _is_call(source.node) else source.node
        return node.GetCalledFunctionBody()

    def _sort_in(self, node: Node, state: State) -> None:
        name = str(node.SimpleName)
        symbol = node.ReferencedSymbol
        if symbol is None:
            return
        kind = name_of(symbol)
        if kind in ("TableSymbol", "GroupSymbol", "ExternalTableSymbol"):
            self._add_tables(node, name, state)
        elif kind == "FunctionSymbol" and name not in self._lets:
            self.functions.setdefault(name, node)
            if name in state.declared:
                time_column = _time_column(node, symbol)
                self.found.append(
                    Source(name, node, time_column, is_function=True, remote=_is_remote(node))
                )
        elif name in self._lets:
            self._uses.setdefault(name, []).append(node)

    def _add_tables(self, node: Node, name: str, state: State) -> None:
        symbol = node.ReferencedSymbol
        remote = _is_remote(node)
        if name_of(symbol) == "GroupSymbol":
            self.patterns.append((str(node.Name.SimpleName), node))
            members = [each for each in symbol.Members if name_of(each) == "TableSymbol"]
        else:
            if name_of(node.Name) == "WildcardedName":
                self.patterns.append((name, node))
            members = [symbol]
        for table in members:
            if not remote and not self._globals.IsDatabaseTable(table):
                continue
            self.found.append(
                Source(
                    str(table.Name),
                    node,
                    state.time_columns.get(str(table.Name)),
                    is_function=False,
                    remote=remote,
                )
            )

    def _climb(
        self, node: Node, reading: Reading, passed: frozenset[str], found: list[Reading]
    ) -> None:
        child, parent = node, node.Parent
        while parent is not None and len(found) < _MAX_READINGS:
            kind = name_of(parent)
            if kind == "PipeExpression":
                if child.IndexInParent == 0 and not _passes(parent.Operator, reading):
                    if name_of(parent.Operator) == "MakeSeriesOperator":
                        reading.series = parent.Operator
                    break
            elif kind in ("FindOperator", "SearchOperator"):
                if parent.Condition is not None:
                    reading.conditions.append(parent.Condition)
            elif kind == "LetStatement":
                self._follow_uses(str(parent.Name.SimpleName), reading, passed, found)
                return
            elif kind not in _CONTAINERS and not kind.startswith(("SyntaxList", "Separated")):
                break
            child, parent = parent, parent.Parent
        found.append(reading)

    def _follow_uses(
        self, name: str, reading: Reading, passed: frozenset[str], found: list[Reading]
    ) -> None:
        if name in passed:
            return
        for use in self._uses.get(name, ()):
            calls = list(reading.calls)
            start = use
            if _is_call(use):
                start = use.Parent
                calls.append(start)
            self._climb(start, Reading(list(reading.conditions), calls), passed | {name}, found)


def _passes(operator: Node, reading: Reading) -> bool:
    """Note the filter that an operator is; tell whether rows keep their time behind it."""
    kind = name_of(operator)
    if kind == "FilterOperator" or (kind == "SearchOperator" and operator.Condition is not None):
        reading.conditions.append(operator.Condition)
    return kind in _TRANSPARENT


def _is_call(name: Node) -> bool:
    return name_of(name.Parent) == "FunctionCallExpression" and name.IndexInParent == 0


def _is_remote(node: Node) -> bool:
    owner = node.Parent if _is_call(node) else node
    path = owner.Parent
    return name_of(path) == "PathExpression" and owner.IndexInParent > 0


def _time_column(node: Node, symbol: Node) -> str | None:
    """Return the time column of a function's answer, if its rows can be narrowed by one."""
    signature = symbol.Signatures[0]
    if not any(str(each.Name) == "starttime" for each in signature.Parameters):
        return None
    call = node.Parent if _is_call(node) else node
    columns: Iterable[Node] = getattr(call.ResultType, "Columns", ())
    names = {str(each.Name) for each in columns}
    return next((each for each in TIME_COLUMNS if each in names), None)
