"""The constructs of a query that reach beyond the workspace's logs, for the guard."""

from __future__ import annotations

from sentinel_mcp.kql.protocol import Construct, ConstructKind
from sentinel_mcp.kql.reach import CALLS, EXTERNAL_TABLES, LOCAL_PLUGINS
from sentinel_mcp.kql.worker.kusto import Code, Node, Syntax, text_of
from sentinel_mcp.kql.worker.positions import Positions


def constructs(code: Code, positions: Positions) -> tuple[Construct, ...]:
    """Return them all, in the order of the text.

    Names are compared as they are written, never by what they are bound to, so a query that
    could not be bound is judged as well; upper and lower case count as one.
    """
    root = code.Syntax
    found: list[tuple[int, Construct]] = []

    def note(node: Node, kind: ConstructKind, name: str, *arguments: str | None) -> None:
        line, column = positions.of(node)
        found.append((node.TextStart, Construct(kind, name, arguments, line, column)))

    if str(code.Kind) == "Command":
        note(root, "management", "management command")
    for node in root.GetDescendants[Syntax.Directive]():
        note(node, "management", "directive")
    for external in (Syntax.ExternalDataExpression, Syntax.InlineExternalTableExpression):
        for node in root.GetDescendants[external]():
            note(node, "externaldata", "externaldata")
    for node in root.GetDescendants[Syntax.EvaluateOperator]():
        for call in node.GetDescendants[Syntax.FunctionCallExpression]():
            name = str(call.Name.SimpleName)
            if name.lower() not in LOCAL_PLUGINS:
                note(call, "http_request", f"evaluate {name}")
            break
    for call in root.GetDescendants[Syntax.FunctionCallExpression]():
        name = str(call.Name.SimpleName)
        kind = CALLS.get(name.lower())
        if kind is not None:
            note(call, kind, name, *(_constant(each) for each in call.ArgumentList.Expressions))
    # Text that this parser could not place is judged by its words: the service's might place it.
    for skipped in root.GetDescendants[Syntax.SkippedTokens]():
        for token in skipped.GetTokens():
            word = text_of(token, "ValueText").lower()
            kind = CALLS.get(word) or ("externaldata" if word in EXTERNAL_TABLES else None)
            if kind is not None:
                note(token, kind, word, None)
    return tuple(each for _, each in sorted(found, key=lambda pair: pair[0]))


def _constant(item: Node) -> str | None:
    value = item.Element.ConstantValue
    if value is None and item.Element.IsLiteral:
        value = item.Element.LiteralValue
    return value if isinstance(value, str) else None
