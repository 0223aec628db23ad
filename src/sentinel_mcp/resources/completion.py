"""Completes the arguments of resource templates and prompts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

from fastmcp.server.dependencies import fastmcp_request_ctx
from mcp.types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from sentinel_mcp.domains.incidents.filters import IncidentFilter
from sentinel_mcp.domains.incidents.service import Incidents
from sentinel_mcp.domains.shared.schemas import Schemas
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.resources import library
from sentinel_mcp.wiring import SERVICES

MAX_VALUES = 100
"""As many as the protocol allows in one answer."""

MAX_INCIDENTS = 50
"""The newest open ones; whoever looks for another knows its number."""

_TIMESPANS = ("PT1H", "PT12H", "P1D", "P3D", "P7D", "P14D", "P30D", "P90D")
_DAYS = ("1", "3", "7", "14", "30", "90")

T = TypeVar("T")


async def complete(
    reference: PromptReference | ResourceTemplateReference,
    argument: CompletionArgument,
    context: CompletionContext | None = None,
) -> Completion:
    """Return what the argument may be: first what begins as typed, then what contains it."""
    del context  # no argument here depends on another
    try:
        candidates = await _candidates(reference, argument.name)
    except SentinelError:
        # A client shows no error while somebody types; the call itself will tell it.
        candidates = ()
    typed = argument.value.lower()
    found = sorted(
        (each for each in candidates if typed in each.lower()),
        key=lambda each: not each.lower().startswith(typed),
    )
    return Completion(values=found[:MAX_VALUES], total=len(found), has_more=len(found) > MAX_VALUES)


async def _candidates(
    reference: PromptReference | ResourceTemplateReference, argument: str
) -> Iterable[str]:
    name = reference.name if isinstance(reference, PromptReference) else reference.uri
    match name, argument:
        case "sentinel://kql/operators/{name}", "name":
            return library.operators()
        case "sentinel://kql/examples/{scenario}", "scenario":
            return library.examples()
        case "sentinel://tables/{name}", "name":
            return await _tables()
        case "investigate_incident", "incident":
            return await _open_incidents()
        case "build_query", "timespan":
            return _TIMESPANS
        case "visualize_workspace", "days":
            return _DAYS
        case _:
            return ()


async def _tables() -> list[str]:
    """Return the tables of the workspace, then those that it could have."""
    if schemas := _service(Schemas):
        catalog = (await schemas.of("sentinel", None)).catalog
    else:
        # Building the catalogue the first time takes a moment.
        catalog = await asyncio.to_thread(bundled, "sentinel")
    return sorted(catalog.tables, key=lambda name: (not catalog.tables[name].present, name))


async def _open_incidents() -> list[str]:
    incidents = _service(Incidents)
    if incidents is None:
        return []
    listing = await incidents.page(
        IncidentFilter(statuses=("New", "Active")), limit=MAX_INCIDENTS, cursor=None, workspace=None
    )
    return [str(each.number) for each in listing.incidents if each.number is not None]


def _service(kind: type[T]) -> T | None:
    """Return the server's service of a kind; None where a server of a test has none.

    `Depends` does not reach completions (FastMCP 4.1), the request's context does.
    """
    request = fastmcp_request_ctx.get()
    opened = request.lifespan_context if request else None
    lifespan = cast("Mapping[str, Mapping[type, object]]", opened or {})
    # The server registers each service under its own type.
    return cast("T | None", lifespan.get(SERVICES, {}).get(kind))
