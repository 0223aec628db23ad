"""What Kusto.Language finds wrong with a query, told to people: where, and what was meant."""

from __future__ import annotations

from sentinel_mcp.kql.results import Diagnostic, Severity
from sentinel_mcp.kql.worker.kusto import Code, Node, Syntax, name_of, text_of
from sentinel_mcp.kql.worker.positions import Positions
from sentinel_mcp.kql.worker.states import State
from sentinel_mcp.kql.worker.suggestions import Suggestions

_SEVERITIES: dict[str, Severity] = {"Error": "error", "Warning": "warning"}

_MAX_DIAGNOSTICS = 50

# Kusto.Language binds no tree deeper than 500 levels (measured), 500 terms of `or` for one; the
# service does. The query is not wrong for that.
_TOO_DEEP = "KS245"
_UNKNOWN_NAME, _UNKNOWN_TABLE = "KS142", "KS204"
_UNKNOWN_IN_UNION = "KS205"  # a warning: `union isfuzzy=true` reads what there is


def diagnose(code: Code, state: State, positions: Positions) -> tuple[Diagnostic, ...]:
    """Return the findings in Kusto's order, the first 50 at most."""
    suggestions = Suggestions(code, state)
    found: list[Diagnostic] = []
    left = 0
    for each in code.GetDiagnostics():
        if len(found) == _MAX_DIAGNOSTICS:
            left += 1
        elif (told := _told(code, each, state, positions, suggestions)) is not None:
            found.append(told)
    if left:
        found.append(_about_all("more", "information", f"{left} more findings are left out."))
    if not code.HasSemantics and not any(each.code == _TOO_DEEP for each in found):
        text = "Only the syntax was checked: Kusto's binder broke down over this query."
        found.append(_about_all("unchecked", "warning", text))
    if not any(each.severity == "error" for each in found) and _yields_nothing(code):
        text = "The query has no statement that yields rows."
        found.append(_about_all("no-result", "error", text))
    return tuple(found)


def advise(said: Node, positions: Positions) -> Diagnostic:
    """Return what one of Kusto's own analyzers says."""
    return _as_said(said, positions)


def _told(
    code: Code, each: Node, state: State, positions: Positions, suggestions: Suggestions
) -> Diagnostic | None:
    said = _as_said(each, positions)
    if said.severity != "error" and said.code != _UNKNOWN_IN_UNION:
        return said
    written = positions.slice(each.Start, each.Length)
    if said.code == _UNKNOWN_NAME and _is_enriched_column(code, each, written, state):
        return None
    if _may_be_custom_table(code, each, said.code, written, state):
        text = f"{written} is a custom table, whose columns are not known here."
        return Diagnostic(said.code, "warning", text, said.line, said.column, said.length)
    suggestion = suggestions.of(said.code, each.Start, written)
    if suggestion is None:
        return said
    return Diagnostic(
        said.code, said.severity, said.message, said.line, said.column, said.length, suggestion
    )


def _as_said(each: Node, positions: Positions) -> Diagnostic:
    line, column = positions.place(each.Start)
    code = str(each.Code)
    severity = _SEVERITIES.get(str(each.Severity), "information")
    return Diagnostic(
        code,
        "warning" if code == _TOO_DEEP else severity,
        text_of(each, "Message") or "This is no KQL.",
        line,
        column,
        positions.length(each.Start, each.Length),
    )


def _may_be_custom_table(code: Code, each: Node, found: str, written: str, state: State) -> bool:
    """Tell whether an unknown name may be a table of the workspace's own; nobody was asked."""
    if not state.assumes_custom_tables or not written.endswith("_CL"):
        return False
    if found == _UNKNOWN_TABLE:
        return True
    token = code.Syntax.GetTokenAt(each.Start)
    if found != _UNKNOWN_NAME or token is None:
        return False
    statement = token.GetFirstAncestor[Syntax.ExpressionStatement]()
    return statement is not None and statement.Width == each.Length


def _is_enriched_column(code: Code, each: Node, written: str, state: State) -> bool:
    """Tell whether an unknown name is a column given to a function that takes columns.

    `invoke FileProfile(SHA1, 1000)` runs in Defender; KQL itself has no such argument.
    """
    token = code.Syntax.GetTokenAt(each.Start)
    invoke = None if token is None else token.GetFirstAncestor[Syntax.InvokeOperator]()
    if invoke is None or name_of(invoke.Parent) != "PipeExpression":
        return False
    call = invoke.GetFirstDescendant[Syntax.FunctionCallExpression]()
    if call is None or str(call.Name.SimpleName) not in state.enrichers:
        return False
    columns = getattr(invoke.Parent.Expression.ResultType, "Columns", ())
    return any(str(column.Name) == written for column in columns)


def _yields_nothing(code: Code) -> bool:
    """Tell whether no statement has rows for a result; Kusto.Language finds nothing amiss."""
    if str(code.Kind) != "Query" or not code.HasSemantics:
        return False
    return code.ResultType is None or bool(code.ResultType.IsScalar)


def _about_all(code: str, severity: Severity, text: str) -> Diagnostic:
    return Diagnostic(code, severity, text, 1, 1, 0)
