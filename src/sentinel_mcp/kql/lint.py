"""Advice on costly and dated ways of writing; the facts come from a syntax tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sentinel_mcp.kql.protocol import Habit, HabitKind
from sentinel_mcp.kql.results import Diagnostic, Severity


@dataclass(frozen=True, slots=True)
class _Advice:
    severity: Severity
    message: Callable[[Habit], str]
    suggestion: Callable[[Habit], str]


_ADVICE: dict[HabitKind, _Advice] = {
    "no-time-filter": _Advice(
        "warning",
        lambda habit: f"{habit.subject} is read without a filter on {habit.alternative}.",
        lambda habit: f"Add `| where {habit.alternative} > ago(1d)` right behind it.",
    ),
    "search-all": _Advice(
        "warning",
        lambda habit: f"`{habit.subject}` reads every table of the workspace.",
        lambda habit: f"Name the tables: `{habit.subject} in (SigninLogs, AuditLogs) ...`.",
    ),
    "union-all": _Advice(
        "warning",
        lambda _: "`union *` reads every table of the workspace.",
        lambda _: "Name the tables, or a pattern such as `Device*`.",
    ),
    "contains": _Advice(
        "information",
        lambda habit: f"`{_negated(habit)}contains` reads every character; `has` uses the index.",
        lambda habit: f"Use `{habit.alternative}` where {habit.subject[:60]!r} is a whole word.",
    ),
    "unfiltered-join": _Advice(
        "warning",
        lambda habit: f"A whole table is joined, on the {habit.subject}.",
        lambda _: "Filter each side, on time at least, before it is joined.",
    ),
    "deprecated-function": _Advice(
        "warning",
        lambda habit: f"`{habit.subject}` is deprecated.",
        lambda habit: f"Use `{habit.alternative}`." if habit.alternative else "",
    ),
    "absent-table": _Advice(
        "warning",
        lambda habit: f"The workspace does not list the table {habit.subject}.",
        lambda _: "Its columns are the documented ones; it may hold no rows, or be unknown there.",
    ),
}


def lint(habits: Iterable[Habit], advice: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the advice on habits, then that of Kusto's own analyzers."""
    return (*(_said(each) for each in habits), *advice)


def _said(habit: Habit) -> Diagnostic:
    advice = _ADVICE[habit.kind]
    return Diagnostic(
        code=habit.kind,
        severity=advice.severity,
        message=advice.message(habit),
        line=habit.line,
        column=habit.column,
        length=habit.length,
        suggestion=advice.suggestion(habit) or None,
    )


def _negated(habit: Habit) -> str:
    return "!" if habit.alternative.startswith("!") else ""
