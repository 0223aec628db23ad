"""What a check of a caller's KQL means for the call: refused, invalid, or what to say of it."""

from __future__ import annotations

from collections.abc import Iterable

from sentinel_mcp.errors import KqlError, QueryRefused
from sentinel_mcp.kql.dotnet import remedy
from sentinel_mcp.kql.results import Check, Diagnostic

UNKNOWN_NAMES = frozenset({"KS142", "KS204", "KS205", "KS211"})
"""Kusto.Language's codes for a name that the schema does not have."""

_TOLD = 5


def require_allowed(check: Check) -> None:
    """Raise what the guard refuses.

    Raises:
        QueryRefused: the query has a construct that may not run.

    """
    if not check.refusals:
        return
    first = check.refusals[0]
    raise QueryRefused(
        f"The query may not run: {first.construct} at line {first.line}, column {first.column}. "
        f"{first.reason}",
        hint=f"{first.allowed_by} would allow it." if first.allowed_by else "Leave it out.",
    )


def require_none(errors: Iterable[Diagnostic], *, hint: str) -> None:
    """Raise the first errors of a query, if there are any.

    Raises:
        KqlError: there are.

    """
    found = list(errors)
    if not found:
        return
    told = [told_diagnostic(each) for each in found[:_TOLD]]
    if len(found) > len(told):
        told.append(f"and {len(found) - len(told)} more")
    raise KqlError(f"The query is not valid: {'; '.join(told)}", hint=hint)


def syntax_only_warnings(check: Check) -> list[str]:
    """Return the warning that names were not checked, where only the syntax was."""
    if check.engine == "kusto_language":
        return []
    return [f"Only the syntax was checked, no names and no types. {remedy()}"]


def told_diagnostic(each: Diagnostic) -> str:
    """Return a diagnostic as a sentence says it."""
    suggestion = f" {each.suggestion}" if each.suggestion else ""
    return f"line {each.line}, column {each.column}: {each.message}{suggestion} [{each.code}]"
