"""Resources that explain KQL and show it at work; the same for every workspace."""

import difflib
import logging
from collections.abc import Mapping

from fastmcp.exceptions import ResourceError
from fastmcp.server.providers import LocalProvider

from sentinel_mcp.resources import library

knowledge = LocalProvider()

MARKDOWN = "text/markdown"


@knowledge.resource(
    "sentinel://kql/reference", name="kql_reference", title="KQL in brief", mime_type=MARKDOWN
)
async def kql_reference() -> str:
    """Explain the language for somebody who hunts with it: time, text, nesting, joins, mistakes."""
    return library.reference()


@knowledge.resource(
    "sentinel://kql/operators", name="kql_operators", title="KQL operators", mime_type=MARKDOWN
)
async def kql_operators() -> str:
    """List the operators that are explained."""
    lines = [f"- [{name}](sentinel://kql/operators/{name})" for name in library.operators()]
    return "\n".join(["# KQL operators", "", *lines, ""])


@knowledge.resource(
    "sentinel://kql/operators/{name}",
    name="kql_operator",
    title="One KQL operator",
    mime_type=MARKDOWN,
)
async def kql_operator(name: str) -> str:
    """Explain one operator, with a query that uses it."""
    return _one("operator", name.lower(), library.operators())


@knowledge.resource(
    "sentinel://kql/examples", name="kql_examples", title="Hunts in KQL", mime_type=MARKDOWN
)
async def kql_examples() -> str:
    """List the scenarios for which there are queries."""
    lines = [
        f"- [{library.title(text)}](sentinel://kql/examples/{name})"
        for name, text in library.examples().items()
    ]
    return "\n".join(["# Hunts", "", *lines, ""])


@knowledge.resource(
    "sentinel://kql/examples/{scenario}",
    name="kql_example",
    title="One hunt in KQL",
    mime_type=MARKDOWN,
)
async def kql_example(scenario: str) -> str:
    """Show the queries that hunt one scenario, and how to read their answers."""
    return _one("scenario", scenario.lower().replace("_", "-"), library.examples())


def _one(kind: str, name: str, known: Mapping[str, str]) -> str:
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    # The framework masks what it does not know; its own error carries the sentence through.
    raise ResourceError(
        f"There is no {kind} {name!r}. "
        + (f"Did you mean {near[0]!r}? " if near else "")
        + f"There are: {', '.join(known)}.",
        log_level=logging.DEBUG,
    )
