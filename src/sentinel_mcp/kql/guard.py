"""Decides which constructs of a query may run; the constructs come from a syntax tree."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sentinel_mcp.kql.protocol import Construct, ConstructKind
from sentinel_mcp.kql.results import Refusal

_REASONS: dict[ConstructKind, str] = {
    "management": "It is no query: it can show or change how the database is set up.",
    "externaldata": "It reads from an address that the query names.",
    "http_request": "It may send rows of the workspace to another service.",
    "cluster": "It reads from a service or a database that is not this workspace.",
    "workspace": "It reads from another workspace or application.",
}

_ALLOW = "SENTINEL_ALLOW_KQL"
_ALLOW_WORKSPACES = "SENTINEL_ALLOWED_REMOTE_WORKSPACES"


def refusals(
    constructs: Iterable[Construct],
    *,
    allow: Collection[str],
    allowed_workspaces: Collection[str],
) -> tuple[Refusal, ...]:
    """Return a refusal for each construct that no setting allows.

    A workspace is allowed by the name or the id that the query calls it by, in any case; one that
    is not written as a plain text is never allowed, since what it names is not known.
    """
    known = {each.casefold() for each in allowed_workspaces}
    return tuple(
        _refusal(each)
        for each in constructs
        if each.kind not in allow and not _is_known_workspace(each, known)
    )


def _is_known_workspace(construct: Construct, known: Collection[str]) -> bool:
    names = construct.arguments
    return (
        construct.kind == "workspace"
        and len(names) == 1
        and names[0] is not None
        and names[0].casefold() in known
    )


def _refusal(construct: Construct) -> Refusal:
    if construct.kind == "workspace":
        named = next((each for each in construct.arguments if each), None)
        allowed_by = f"{_ALLOW_WORKSPACES}={named}" if named else None
    else:
        allowed_by = f"{_ALLOW}={construct.kind}"
    return Refusal(
        construct=construct.name,
        reason=_REASONS[construct.kind],
        line=construct.line,
        column=construct.column,
        allowed_by=allowed_by,
    )
