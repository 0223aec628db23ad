"""Finds the one incident that a caller means: by its number, its name or its ARM id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import Document
from sentinel_mcp.errors import InputError, NotFound

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

_RESOURCE_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/[^/]+/workspaces/(?P<workspace>[^/]+)"
    r"/providers/Microsoft\.SecurityInsights/(?P<type>[^/]+)/(?P<name>[^/]+)/?",
    re.IGNORECASE,
)


async def find_incident(
    calls: AzureCalls, context: AzureServicesContext, incident: int | str
) -> Document:
    """Return the incident's document, by one request.

    Raises:
        NotFound: there is no such incident in the workspace.
        InputError: it cannot be an incident's name, or is of another workspace.

    """
    number = _number(incident)
    if number is None:
        return await _by_name(calls, context, str(incident))
    client = context.security_insights_client
    documents, _ = await calls.read_page(
        "find an incident by its number",
        lambda: client.incidents.list(
            context.resource_group,
            context.workspace_name,
            filter=odata.eq("properties/incidentNumber", number),
            top=1,
        ),
    )
    if not documents:
        raise _no_incident(context, number)
    return documents[0]


def name_within(context: AzureServicesContext, stated: str, *, types: tuple[str, ...]) -> str:
    """Return the name of a resource that is stated by its name or by its ARM id.

    Raises:
        InputError: it cannot be a name, or the id is of another type or workspace.

    """
    found = stated.strip()
    if match := _RESOURCE_ID.fullmatch(found):
        if match["type"].casefold() not in [each.casefold() for each in types]:
            raise InputError(
                f"The id is of {match['type']!r}; one of {types[0]!r} is needed.",
                hint="Take the id from a list of what is meant.",
            )
        _same_workspace(context, match)
        found = match["name"]
    return odata.resource_name(found)


def _same_workspace(context: AzureServicesContext, match: re.Match[str]) -> None:
    there = (match["subscription"], match["group"], match["workspace"])
    here = (context.subscription_id, context.resource_group, context.workspace_name)
    # ARM ids differ in case from one answer to the next.
    if [each.casefold() for each in there] != [each.casefold() for each in here]:
        raise InputError(
            f"The id is of workspace {match['workspace']!r}, "
            f"and {context.config.name!r} was asked.",
            hint="Name its workspace in `workspace`; `list_workspaces` shows the configured.",
        )


async def _by_name(calls: AzureCalls, context: AzureServicesContext, incident: str) -> Document:
    resource = name_within(context, incident, types=("incidents",))
    client = context.security_insights_client
    try:
        return await calls.read(
            "read an incident",
            lambda: client.incidents.get(context.resource_group, context.workspace_name, resource),
        )
    except NotFound as error:
        # What is missing may be the workspace itself, and Azure's sentence tells which.
        raise _no_incident(context, resource, said=error.message) from error


def _no_incident(
    context: AzureServicesContext, incident: int | str, *, said: str | None = None
) -> NotFound:
    reason = f": {said}" if said else "."
    return NotFound(
        f"There is no incident {incident!r} in workspace {context.config.name!r}{reason}",
        hint="`list_incidents` shows the numbers and ids there are.",
    )


def _number(incident: int | str) -> int | None:
    if isinstance(incident, int):
        return incident
    stated = incident.strip().removeprefix("#")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 10 else None
