"""The range of time that a query keeps to by its own filters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sentinel_mcp.kql.results import TimeRange
from sentinel_mcp.kql.worker.kusto import Node, Syntax, name_of
from sentinel_mcp.kql.worker.moments import Moments
from sentinel_mcp.kql.worker.positions import Positions
from sentinel_mcp.kql.worker.sources import Reading, Source, Sources
from sentinel_mcp.kql.worker.states import TIME_COLUMNS

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


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range: as KQL text, and in ticks of 100 ns since year 1 where that is known."""

    text: str
    ticks: int | None


@dataclass(slots=True)
class Range:
    """The bounds that one reading of a source keeps to, the narrower of several."""

    start: Bound | None = None
    end: Bound | None = None

    def since(self, bound: Bound) -> None:
        """Narrow the range from below."""
        self.start = bound if self.start is None else _merged([self.start, bound], latest=True)

    def until(self, bound: Bound) -> None:
        """Narrow the range from above."""
        self.end = bound if self.end is None else _merged([self.end, bound], latest=False)


class Ranges:
    """Works out the ranges of a query's sources."""

    def __init__(self, sources: Sources, positions: Positions, now: datetime) -> None:
        self._sources = sources
        self._moments = Moments(sources, positions, now)
        self.by_source: list[tuple[Source, list[Range]]] = [
            (source, [self._range(source, reading) for reading in sources.readings(source)])
            for source in sources.found
            if source.time_column and not source.remote
        ]

    def overall(self) -> TimeRange | None:
        """Return the widest range that is read; None where no filter names a time.

        A bound is None where some source is read without it.
        """
        ranges = [each for _, readings in self.by_source for each in readings]
        if not any(each.start or each.end for each in ranges):
            return None
        starts = [each.start for each in ranges]
        ends = [each.end for each in ranges]
        start = _widest(starts, latest=False)
        end = _widest(ends, latest=True)
        return TimeRange(start.text if start else None, end.text if end else None)

    def unbounded(self) -> list[Source]:
        """Return the sources that some reading takes without any filter on time."""
        return [
            source
            for source, readings in self.by_source
            if any(not each.start and not each.end for each in readings)
        ]

    def _range(self, source: Source, reading: Reading) -> Range:
        found = Range()
        if source.is_function:
            self._by_arguments(source, reading, found)
        for condition in reading.conditions:
            self._by_condition(condition, reading.calls, found)
        return found

    def _by_condition(self, condition: Node, calls: Sequence[Node], found: Range) -> None:
        kind = name_of(condition)
        if kind == "ParenthesizedExpression":
            self._by_condition(condition.Expression, calls, found)
        elif kind == "BetweenExpression":
            if str(condition.Kind) == "BetweenExpression" and _is_time(condition.Left):
                self._by_between(condition.Right, calls, found)
        elif kind == "BinaryExpression":
            operator = str(condition.Kind)
            if operator == "AndExpression":
                self._by_condition(condition.Left, calls, found)
                self._by_condition(condition.Right, calls, found)
            else:
                self._by_comparison(condition, operator, calls, found)

    def _by_between(self, couple: Node, calls: Sequence[Node], found: Range) -> None:
        first = self._moments.bound(couple.First, calls)
        found.since(Bound(*first))
        text, ticks = self._moments.bound(couple.Second, calls)
        if self._moments.is_span(couple.Second):
            text = f"{first[0]} + {text}"
            ticks = None if first[1] is None or ticks is None else first[1] + ticks
        found.until(Bound(text, ticks))

    def _by_comparison(
        self, condition: Node, operator: str, calls: Sequence[Node], found: Range
    ) -> None:
        left, right = condition.Left, condition.Right
        if _is_time(left) and not _names_time(right):
            bound, since, until = right, operator in _STARTS, operator in _ENDS
        elif _is_time(right) and not _names_time(left):
            bound, since, until = left, operator in _ENDS, operator in _STARTS
        else:
            return
        if operator == "EqualExpression":
            since = until = True
        if since:
            found.since(Bound(*self._moments.bound(bound, calls)))
        if until:
            found.until(Bound(*self._moments.bound(bound, calls)))

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


def _widest(bounds: Sequence[Bound | None], *, latest: bool) -> Bound | None:
    stated = [each for each in bounds if each is not None]
    if not stated or len(stated) < len(bounds):
        return None
    return _merged(stated, latest=latest)


def _merged(bounds: Sequence[Bound], *, latest: bool) -> Bound:
    """Return the latest or the earliest bound; where that is not known, the KQL that says it."""
    distinct = list({each.text: each for each in bounds}.values())
    known = [(each.ticks, each) for each in distinct if each.ticks is not None]
    if len(known) == len(distinct):
        pick = max if latest else min
        return pick(known, key=lambda pair: pair[0])[1]
    texts = ", ".join(each.text for each in distinct)
    return Bound(f"{'max_of' if latest else 'min_of'}({texts})", None)
