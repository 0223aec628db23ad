"""What an expression that stands for a moment or a duration is, as text and in ticks.

A tick is 100 ns; a moment counts them from the year 1, as Kusto does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sentinel_mcp.kql.worker.kusto import Node, Syntax, name_of
from sentinel_mcp.kql.worker.positions import Positions
from sentinel_mcp.kql.worker.sources import Sources

_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_DAY = 864_000_000_000
_WEEK = 7 * _DAY
_MAX_DEPTH = 12
_MAX_TEXT = 200


def _day(ticks: int) -> int:
    return ticks - ticks % _DAY


def _week(ticks: int) -> int:
    # Kusto's weeks begin on Sunday; the year 1 began on a Monday.
    return _day(ticks) - (ticks // _DAY + 1) % 7 * _DAY


def _month(ticks: int, months: int) -> int | None:
    """Return the first moment of the month that is so many months later."""
    moment = _EPOCH + timedelta(days=ticks // _DAY)
    count = moment.year * 12 + moment.month - 1 + months
    if not 12 <= count < 12 * 10_000:
        return None
    return _ticks(moment.replace(year=count // 12, month=count % 12 + 1, day=1) - _EPOCH)


def _year(ticks: int) -> int:
    moment = _EPOCH + timedelta(days=ticks // _DAY)
    return _ticks(moment.replace(month=1, day=1) - _EPOCH)


_STARTS: dict[str, Callable[[int], int]] = {"startofday": _day, "startofweek": _week}
_LENGTHS = {"endofday": ("startofday", _DAY), "endofweek": ("startofweek", _WEEK)}
_CALENDAR = {
    "startofmonth": (1, 0, 0),
    "endofmonth": (1, 1, -1),
    "startofyear": (12, 0, 0),
    "endofyear": (12, 12, -1),
}
"""By function: months in its unit, months to the moment after, and ticks from there."""
_UNITS = {
    "day": _DAY,
    "hour": _DAY // 24,
    "minute": _DAY // 1440,
    "second": _DAY // 86_400,
    "week": _WEEK,
}


class Moments:
    """Reads expressions of one query, with its `let` constants put in."""

    def __init__(self, sources: Sources, positions: Positions, now: datetime) -> None:
        self._sources = sources
        self._positions = positions
        self._now = _ticks(now - _EPOCH)

    def ago_s(self, ticks: int | None) -> float | None:
        """Return how many seconds before now a moment is."""
        return None if ticks is None else (self._now - ticks) / 10_000_000

    def bound(self, node: Node, calls: Sequence[Node]) -> tuple[str, int | None]:
        """Return an expression's text and its ticks, None where only a run could tell."""
        text = self._text(node, calls, 0)
        return text, self._ticks(node, calls, 0)

    def is_span(self, node: Node) -> bool:
        """Tell whether an expression is a duration."""
        return node.ResultType is not None and str(node.ResultType.Name) == "timespan"

    def _text(self, node: Node, calls: Sequence[Node], depth: int) -> str:
        """Return the expression as written, with constants in place of their names."""
        written: list[str] = []
        at = node.TextStart
        for name in node.GetDescendantsOrSelf[Syntax.NameReference]():
            meant = self._meaning(name, calls)
            if meant is None or depth > _MAX_DEPTH:
                continue
            expression, outer = meant
            replacement = self._text(expression, outer, depth + 1)
            if len(replacement) > _MAX_TEXT:
                continue
            if name_of(expression) == "BinaryExpression" and name is not node:
                replacement = f"({replacement})"
            written += [self._positions.slice(at, name.TextStart - at), replacement]
            at = name.TextStart + name.Width
        written.append(self._positions.slice(at, node.TextStart + node.Width - at))
        return " ".join("".join(written).split())

    def _meaning(self, name: Node, calls: Sequence[Node]) -> tuple[Node, Sequence[Node]] | None:
        """Return the constant behind a name, and the calls that its own names lie under."""
        kind = name_of(name.ReferencedSymbol)
        if kind == "VariableSymbol":
            expression = self._sources.let(str(name.SimpleName))
            if expression is not None and name_of(expression) != "FunctionDeclaration":
                return expression, ()
        elif kind == "ParameterSymbol" and calls:
            argument = self._argument(str(name.SimpleName), calls[0])
            if argument is not None:
                return argument, calls[1:]
        return None

    def _argument(self, parameter: str, call: Node) -> Node | None:
        declaration = self._sources.let(str(call.Name.SimpleName))
        if declaration is None or name_of(declaration) != "FunctionDeclaration":
            return None
        declared = [each.Element for each in declaration.Parameters.Parameters]
        names = [str(each.NameAndType.Name.SimpleName) for each in declared]
        if parameter not in names:
            return None
        position = names.index(parameter)
        given = [each.Element for each in call.ArgumentList.Expressions]
        for argument in given:
            if (
                name_of(argument) == "SimpleNamedExpression"
                and str(argument.Name.SimpleName) == parameter
            ):
                return argument.Expression
        if position < len(given) and name_of(given[position]) != "SimpleNamedExpression":
            return given[position]
        default = declared[position].DefaultValue
        return None if default is None else default.Value

    def _ticks(self, node: Node, calls: Sequence[Node], depth: int) -> int | None:
        if depth > _MAX_DEPTH:
            return None
        kind = name_of(node)
        match kind:
            case "LiteralExpression":
                return _literal(node)
            case "ParenthesizedExpression":
                return self._ticks(node.Expression, calls, depth + 1)
            case "PrefixUnaryExpression":
                value = self._ticks(node.Expression, calls, depth + 1)
                negative = str(node.Kind) == "UnaryMinusExpression"
                return -value if value is not None and negative else value
            case "NameReference":
                meant = self._meaning(node, calls)
                return None if meant is None else self._ticks(*meant, depth + 1)
            case "BinaryExpression":
                return self._arithmetic(node, calls, depth)
            case "FunctionCallExpression":
                return self._call(node, calls, depth)
            case _:
                return None

    def _arithmetic(self, node: Node, calls: Sequence[Node], depth: int) -> int | None:
        left = self._ticks(node.Left, calls, depth + 1)
        right = self._ticks(node.Right, calls, depth + 1)
        if left is None or right is None:
            return None
        match str(node.Kind):
            case "AddExpression":
                return left + right
            case "SubtractExpression":
                return left - right
            case "MultiplyExpression":
                return left * right
            case "DivideExpression":
                return left // right if right else None
            case _:
                return None

    def _call(self, node: Node, calls: Sequence[Node], depth: int) -> int | None:
        name = str(node.Name.SimpleName)
        if name == "datetime_add":
            return self._added(node, calls, depth)
        arguments = [
            self._ticks(each.Element, calls, depth + 1) for each in node.ArgumentList.Expressions
        ]
        if any(each is None for each in arguments):
            return None
        values = [each for each in arguments if each is not None]
        if name == "ago" and values:
            return self._now - values[0]
        if name == "now":
            return self._now + (values[0] if values else 0)
        if name in ("bin", "floor") and len(values) == 2:
            return values[0] - values[0] % values[1] if values[1] > 0 else None
        if name in _STARTS | _LENGTHS and values:
            start, length = _LENGTHS.get(name, (name, 0))
            begin = _STARTS[start](values[0])
            offset = values[1] if len(values) > 1 else 0
            unit = _WEEK if start == "startofweek" else _DAY
            return begin + offset * unit + (length - 1 if length else 0)
        if name in _CALENDAR and values:
            unit, ahead, offset = _CALENDAR[name]
            months = unit * (values[1] if len(values) > 1 else 0) + ahead
            first = _month(values[0] if unit == 1 else _year(values[0]), months)
            return None if first is None else first + offset
        if name in ("min_of", "max_of") and values:
            return min(values) if name == "min_of" else max(values)
        if name in ("todatetime", "totimespan", "tolong", "toint") and values:
            return values[0]
        return None

    def _added(self, node: Node, calls: Sequence[Node], depth: int) -> int | None:
        """Return the moment of `datetime_add("day", -7, …)`; of months and years it is not told."""
        given = [each.Element for each in node.ArgumentList.Expressions]
        if len(given) != 3 or name_of(given[0]) != "LiteralExpression":
            return None
        unit = _UNITS.get(str(given[0].LiteralValue).casefold())
        count = self._ticks(given[1], calls, depth + 1)
        start = self._ticks(given[2], calls, depth + 1)
        if unit is None or count is None or start is None:
            return None
        return start + unit * count


def _literal(node: Node) -> int | None:
    """Return a literal's ticks; a plain number is itself."""
    value = node.LiteralValue
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return _text_ticks(value) if str(node.Kind) == "StringLiteralExpression" else None
    ticks = getattr(value, "Ticks", None)
    return None if ticks is None else int(ticks)


def _text_ticks(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _ticks((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH)


def _ticks(span: timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * 10_000_000 + span.microseconds * 10
