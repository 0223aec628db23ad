"""One query read: bound against a schema, with everything the parent wants to know of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import cast

from sentinel_mcp.kql.protocol import Findings
from sentinel_mcp.kql.results import Column, Diagnostic
from sentinel_mcp.kql.worker.constructs import constructs
from sentinel_mcp.kql.worker.diagnosis import advise, diagnose
from sentinel_mcp.kql.worker.habits import habits
from sentinel_mcp.kql.worker.kusto import Code, Editor, Language, Node, Symbol, System, name_of
from sentinel_mcp.kql.worker.positions import Positions
from sentinel_mcp.kql.worker.sources import Sources
from sentinel_mcp.kql.worker.states import State
from sentinel_mcp.kql.worker.timerange import Ranges

_TABLES = ("TableSymbol", "ExternalTableSymbol", "MaterializedViewSymbol")

_MAX_NAMED_TABLES = 50
_MAX_FORMATTED = 64 * 1024

# Advice of Kusto's own analyzers that says nothing the lint does not say better, with names.
_SAID_BETTER = frozenset({"KS500", "KS507"})


def bind(query: str, state: State) -> Code:
    """Return the query bound; only parsed, where the binder breaks down over it."""
    try:
        return Language.KustoCode.ParseAndAnalyze(query, state.globals)
    except System.Exception:
        # `declare pattern` with an arm of too many values has the binder index out of range.
        return Language.KustoCode.Parse(query, state.globals)


def check(query: str, state: State, now: datetime) -> Findings:
    """Return all findings on a query that is asked at `now`."""
    code = bind(query, state)
    positions = Positions(query)
    found = diagnose(code, state, positions)
    guarded = constructs(code, positions)
    if not code.HasSemantics:
        return Findings(found, constructs=guarded)
    sources = Sources(code.Syntax, state)
    ranges = Ranges(code.Syntax, sources, positions, state, now)
    broken = any(each.severity == "error" for each in found)
    return Findings(
        diagnostics=(*found, *_assumptions(sources, state, positions)),
        tables=_tables(sources),
        functions=tuple(sorted(sources.functions)),
        columns=None if broken else result_columns(code.ResultType),
        formatted=None if broken else _formatted(code),
        time_range=ranges.overall(),
        other_times=ranges.other_times(),
        constructs=guarded,
        habits=habits(code, state, sources, ranges, positions),
        advice=() if broken else _advice(code, positions),
    )


def result_columns(result: Symbol) -> tuple[Column, ...] | None:
    """Return the columns of a tabular result; None where there may be more than are known."""
    if result is None or name_of(result) not in _TABLES or result.IsOpen:
        return None
    return tuple(Column(str(each.Name), scalar_name(each.Type)) for each in result.Columns)


def scalar_name(type_: Symbol) -> str:
    """Return a column type's name; `dynamic` for one that only a run could tell."""
    name = str(type_.Name)
    return "dynamic" if name == "unknown" else name


def _assumptions(sources: Sources, state: State, positions: Positions) -> Iterable[Diagnostic]:
    for source in sources.found:
        if source.name in state.assumed:
            line, column = positions.of(source.node)
            text = (
                f"{source.name} is a parser that a Content hub solution installs; "
                "whether it is there and which columns it has is not known here."
            )
            length = len(source.name)
            yield Diagnostic("assumed-function", "warning", text, line, column, length)


def _tables(sources: Sources) -> tuple[str, ...]:
    """Return the stored tables; a pattern that names more than 50 of them stands for itself."""
    by_node: dict[int, list[str]] = {}
    for source in sources.found:
        if not source.is_function and not source.remote:
            by_node.setdefault(source.node.TextStart, []).append(source.name)
    patterns = {node.TextStart: pattern for pattern, node in sources.patterns}
    named: dict[str, None] = {}
    for start, names in by_node.items():
        many = len(names) > _MAX_NAMED_TABLES and start in patterns
        named.update(dict.fromkeys([patterns[start]] if many else names))
    return tuple(named)


def _formatted(code: Code) -> str | None:
    options = Editor.FormattingOptions.Default.WithPipeOperatorStyle(Editor.PlacementStyle.NewLine)
    text = str(Editor.KustoCodeService(code).GetFormattedText(options).Text)
    return text.replace("\r\n", "\n") if len(text) <= _MAX_FORMATTED else None


def _advice(code: Code, positions: Positions) -> tuple[Diagnostic, ...]:
    said = cast(  # an IReadOnlyList of .NET
        "Iterable[Node]", Editor.KustoCodeService(code).GetAnalyzerDiagnostics(True)
    )
    return tuple(advise(each, positions) for each in said if str(each.Code) not in _SAID_BETTER)
