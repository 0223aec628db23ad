"""The range of time that a query keeps to by its own filters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sentinel_mcp.kql.results import OtherTimes, TimeRange
from sentinel_mcp.kql.worker.kusto import Node, Syntax, name_of
from sentinel_mcp.kql.worker.moments import Moments
from sentinel_mcp.kql.worker.positions import Positions
from sentinel_mcp.kql.worker.sources import Reading, Source, Sources
from sentinel_mcp.kql.worker.states import TIME_COLUMNS, State
from sentinel_mcp.kql.written_times import written_after

_STARTS = frozenset({"GreaterThanExpression", "GreaterThanOrEqualExpression"})
_ENDS = frozenset({"LessThanExpression", "LessThanOrEqualExpression"})

# `bin(TimeGenerated, 1d) >= ago(7d)` bounds TimeGenerated as well, by at most one bin.
_ROUNDING = frozenset(
    {
        "bin",
        "endofday",
        "floor",
        "startofday",
        "startofmonth",
        "startofweek",
        "startofyear",
        "todatetime",
    }
)


_PARTS = frozenset({"datetime_part", "dayofweek", "hourofday"})
"""What tells the time of day or of the week: a filter on it keeps to no range."""

_COMPARISONS = _STARTS | _ENDS | {"EqualExpression"}

_MAX_COLUMNS = 5
_MAX_DEPTH = 4
"""Of functions of the workspace that call each other."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range: as KQL text, and in ticks of 100 ns since year 1 where that is known."""

    text: str
    ticks: int | None


@dataclass(slots=True)
class Range:
    """The bounds that one reading of a source keeps to, the narrower of several.

    `written` is a bound on another time that its rows were written after; `unread` says that a
    filter on its time was not understood.
    """

    start: Bound | None = None
    end: Bound | None = None
    written: Bound | None = None
    unread: bool = False

    @property
    def is_open(self) -> bool:
        """Whether no filter on its time was read."""
        return self.start is None and self.end is None

    def since(self, bound: Bound) -> None:
        """Narrow the range from below."""
        self.start = bound if self.start is None else _merged([self.start, bound], latest=True)

    def until(self, bound: Bound) -> None:
        """Narrow the range from above."""
        self.end = bound if self.end is None else _merged([self.end, bound], latest=False)

    def written_since(self, bound: Bound) -> None:
        """Narrow the range by another time; where it is not known, the range is not, either."""
        if bound.ticks is None:
            self.unread = True
        else:
            known = [self.written, bound] if self.written else [bound]
            self.written = _merged(known, latest=True)

    def narrow(self, other: Range) -> None:
        """Narrow the range by another one of the same rows."""
        if other.start:
            self.since(other.start)
        if other.end:
            self.until(other.end)
        if other.written:
            self.written_since(other.written)
        self.unread = self.unread or other.unread


class Ranges:
    """Works out the ranges of a query's sources; `root` is the query, or a function's body."""

    def __init__(
        self,
        root: Node,
        sources: Sources,
        positions: Positions,
        state: State,
        now: datetime,
        depth: int = 0,
    ) -> None:
        self._root = root
        self._sources = sources
        self._state = state
        self._now = now
        self._depth = depth
        self._moments = Moments(sources, positions, now)
        self.by_source: list[tuple[Source, list[Range]]] = [
            (source, [self._range(source, reading) for reading in sources.readings(source)])
            for source in sources.found
            if source.time_column and not source.remote
        ]
        self._all = [
            *(each for _, readings in self.by_source for each in readings),
            *self._of_functions(),
        ]

    def overall(self) -> TimeRange | None:
        """Return the widest range that is read; None where no filter names a time.

        A bound is None where some source is read without it.
        """
        if all(each.is_open for each in self._all):
            return None
        start = _widest([each.start for each in self._all], latest=False)
        end = _widest([each.end for each in self._all], latest=True)
        return TimeRange(
            start.text if start else None,
            end.text if end else None,
            self._moments.ago_s(start.ticks) if start else None,
            self._moments.ago_s(end.ticks) if end else None,
        )

    def other_times(self) -> OtherTimes | None:
        """Return what a query that keeps TimeGenerated to no range says of time.

        None where it has a range, and where it reads no rows that have a time.
        """
        if not self._all or not all(each.is_open for each in self._all):
            return None
        compared = list(self._compared())
        unread = any(each.unread for each in self._all)
        written = _widest([each.written for each in self._all], latest=False)
        known = [bound for _, bound in compared if bound.ticks is not None]
        start = written or (_merged(known, latest=False) if known else None)
        return OtherTimes(
            columns=tuple(dict.fromkeys(column for column, _ in compared))[:_MAX_COLUMNS],
            start=start.text if start else None,
            start_ago_s=self._moments.ago_s(start.ticks) if start else None,
            covers=written is not None,
            unread=unread,
        )

    def unbounded(self) -> list[Source]:
        """Return the sources that some reading takes without any filter on time."""
        return [
            source for source, readings in self.by_source if any(each.is_open for each in readings)
        ]

    def _of_functions(self) -> Iterable[Range]:
        """Yield the ranges of functions of the workspace: their own, and what is asked of them."""
        for source in self._sources.found:
            if source.time_column or source.remote or self._depth == _MAX_DEPTH:
                continue
            body = self._sources.called_body(source)
            inner = [Range()] if body is None else self._within(body)
            if body is None and not _has_time(source):
                continue
            for reading in self._sources.readings(source):
                asked = self._range(source, reading) if _has_time(source) else Range()
                for each in inner:
                    found = replace(each)
                    found.narrow(asked)
                    yield found

    def _within(self, body: Node) -> list[Range]:
        positions = Positions(str(body.Root.ToString()))
        sources = Sources(body, self._state)
        return Ranges(body, sources, positions, self._state, self._now, self._depth + 1)._all

    def _compared(self) -> Iterable[tuple[str, Bound]]:
        """Yield each column that is compared with a moment, and the moment."""
        for node in self._root.GetDescendants[Syntax.BinaryExpression]():
            if str(node.Kind) in _COMPARISONS:
                for column, moment in ((node.Left, node.Right), (node.Right, node.Left)):
                    yield from self._pair(column, moment)
        for node in self._root.GetDescendants[Syntax.BetweenExpression]():
            yield from self._pair(node.Left, node.Right.First)
        for node in self._root.GetDescendants[Syntax.MakeSeriesFromToStepClause]():
            begin = node.MakeSeriesFromClause
            if begin is not None:
                yield from self._pair(node.Parent.OnClause.Expression, begin.Expression)

    def _pair(self, column: Node, moment: Node) -> Iterable[tuple[str, Bound]]:
        name = _column_in(column)
        if name is not None and _is_moment(column) and _column_in(moment) is None:
            yield name, Bound(*self._moments.bound(moment, ()))

    def _range(self, source: Source, reading: Reading) -> Range:
        found = Range()
        if source.is_function:
            self._by_arguments(source, reading, found)
        for condition in reading.conditions:
            self._by_condition(condition, source, reading.calls, found)
        if reading.series is not None:
            self._by_series(reading.series, source, reading.calls, found)
        return found

    def _by_series(self, series: Node, source: Source, calls: Sequence[Node], found: Range) -> None:
        """Take the ends of a `make-series`, which leaves out the rows before and behind them."""
        clause, column = series.RangeClause, series.OnClause.Expression
        if name_of(clause) == "MakeSeriesInRangeClause":
            given = [each.Element for each in clause.Arguments.Expressions]
            begin, end = (given[0], given[1]) if len(given) == 3 else (None, None)
        elif name_of(clause) == "MakeSeriesFromToStepClause":
            first, last = clause.MakeSeriesFromClause, clause.MakeSeriesToClause
            begin, end = first and first.Expression, last and last.Expression
        else:
            return
        if _is_time(column):
            if begin is not None:
                found.since(Bound(*self._moments.bound(begin, calls)))
            if end is not None:
                found.until(Bound(*self._moments.bound(end, calls)))
        elif begin is not None and _is_written_after(column, source):
            found.written_since(Bound(*self._moments.bound(begin, calls)))

    def _by_condition(
        self, condition: Node, source: Source, calls: Sequence[Node], found: Range
    ) -> None:
        kind = name_of(condition)
        if kind == "ParenthesizedExpression":
            self._by_condition(condition.Expression, source, calls, found)
        elif kind == "BinaryExpression" and str(condition.Kind) == "AndExpression":
            self._by_condition(condition.Left, source, calls, found)
            self._by_condition(condition.Right, source, calls, found)
        elif kind == "BetweenExpression" and str(condition.Kind) == "BetweenExpression":
            if _is_time(condition.Left):
                self._by_between(condition.Right, calls, found)
            elif _is_written_after(condition.Left, source):
                bound = self._moments.bound(condition.Right.First, calls)
                found.written_since(Bound(*bound))
            elif _ranges_over_time(condition):
                found.unread = True
        elif kind == "BinaryExpression" and self._by_comparison(condition, source, calls, found):
            return
        elif _ranges_over_time(condition):
            found.unread = True

    def _by_between(self, couple: Node, calls: Sequence[Node], found: Range) -> None:
        first = self._moments.bound(couple.First, calls)
        found.since(Bound(*first))
        text, ticks = self._moments.bound(couple.Second, calls)
        if self._moments.is_span(couple.Second):
            text = f"{first[0]} + {text}"
            ticks = None if first[1] is None or ticks is None else first[1] + ticks
        found.until(Bound(text, ticks))

    def _by_comparison(
        self, condition: Node, source: Source, calls: Sequence[Node], found: Range
    ) -> bool:
        """Narrow the range by a comparison; return whether it is one that is understood."""
        operator = str(condition.Kind)
        if operator not in _COMPARISONS:
            return False
        left, right = condition.Left, condition.Right
        if _is_time(left) and not _names_time(right):
            bound, since, until = right, operator in _STARTS, operator in _ENDS
        elif _is_time(right) and not _names_time(left):
            bound, since, until = left, operator in _ENDS, operator in _STARTS
        elif operator not in _ENDS and _is_written_after(left, source):
            found.written_since(Bound(*self._moments.bound(right, calls)))
            return True
        elif operator not in _STARTS and _is_written_after(right, source):
            found.written_since(Bound(*self._moments.bound(left, calls)))
            return True
        else:
            return False
        if operator == "EqualExpression":
            since = until = True
        if since:
            found.since(Bound(*self._moments.bound(bound, calls)))
        if until:
            found.until(Bound(*self._moments.bound(bound, calls)))
        return True

    def _by_arguments(self, source: Source, reading: Reading, found: Range) -> None:
        call = source.node.Parent
        if name_of(call) != "FunctionCallExpression":
            return
        names = [str(each.Name) for each in source.node.ReferencedSymbol.Signatures[0].Parameters]
        for position, item in enumerate(call.ArgumentList.Expressions):
            argument = item.Element
            name = names[position] if position < len(names) else ""
            if name_of(argument) == "SimpleNamedExpression":
                name, argument = str(argument.Name.SimpleName), argument.Expression
            if name == "starttime":
                found.since(Bound(*self._moments.bound(argument, reading.calls)))
            elif name == "endtime":
                found.until(Bound(*self._moments.bound(argument, reading.calls)))


def _is_time(node: Node) -> bool:
    kind = name_of(node)
    if kind == "ParenthesizedExpression":
        return _is_time(node.Expression)
    if kind == "FunctionCallExpression":
        arguments = node.ArgumentList.Expressions
        return (
            str(node.Name.SimpleName) in _ROUNDING
            and arguments.Count > 0
            and _is_time(arguments[0].Element)
        )
    return (
        kind == "NameReference"
        and str(node.SimpleName) in TIME_COLUMNS
        and name_of(node.ReferencedSymbol) == "ColumnSymbol"
    )


def _names_time(node: Node) -> bool:
    names: Iterable[Node] = node.GetDescendantsOrSelf[Syntax.NameReference]()
    return any(_is_time(each) for each in names)


def _is_written_after(node: Node, source: Source) -> bool:
    """Tell whether an expression is a time that rows of the source were written after."""
    return (
        name_of(node) == "NameReference"
        and str(node.SimpleName) in written_after(source.name)
        and name_of(node.ReferencedSymbol) == "ColumnSymbol"
    )


def _ranges_over_time(condition: Node) -> bool:
    """Tell whether a condition sets the time of rows against a moment or a duration."""
    if not _names_time(condition):
        return False
    calls = [
        str(each.Name.SimpleName)
        for each in condition.GetDescendantsOrSelf[Syntax.FunctionCallExpression]()
    ]
    if any(each in _PARTS for each in calls):
        return False
    literals: Iterable[Node] = condition.GetDescendantsOrSelf[Syntax.LiteralExpression]()
    return any(each in ("ago", "now", "datetime_diff") for each in calls) or any(
        str(each.Kind) in ("DateTimeLiteralExpression", "TimespanLiteralExpression")
        for each in literals
    )


def _column_in(node: Node) -> str | None:
    """Return the first column that an expression names."""
    names: Iterable[Node] = node.GetDescendantsOrSelf[Syntax.NameReference]()
    columns = (
        str(each.SimpleName) for each in names if name_of(each.ReferencedSymbol) == "ColumnSymbol"
    )
    return next(columns, None)


def _is_moment(node: Node) -> bool:
    return node.ResultType is not None and str(node.ResultType.Name) == "datetime"


def _has_time(source: Source) -> bool:
    """Tell whether the answer of a function has the time of events."""
    node = source.node
    call = node.Parent if name_of(node.Parent) == "FunctionCallExpression" else node
    columns: Iterable[Node] = getattr(call.ResultType, "Columns", ())
    return any(str(each.Name) in TIME_COLUMNS for each in columns)


def _widest(bounds: Sequence[Bound | None], *, latest: bool) -> Bound | None:
    stated = [each for each in bounds if each is not None]
    if not stated or len(stated) < len(bounds):
        return None
    return _merged(stated, latest=latest)


def _merged(bounds: Sequence[Bound], *, latest: bool) -> Bound:
    """Return the latest or the earliest bound; where that is not known, the KQL that says it."""
    distinct = list({each.text: each for each in bounds}.values())
    if len(distinct) == 1:
        return distinct[0]
    known = [(each.ticks, each) for each in distinct if each.ticks is not None]
    if len(known) == len(distinct):
        pick = max if latest else min
        return pick(known, key=lambda pair: pair[0])[1]
    texts = ", ".join(each.text for each in distinct)
    return Bound(f"{'max_of' if latest else 'min_of'}({texts})", None)
