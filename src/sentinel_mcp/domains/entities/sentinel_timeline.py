"""The timeline of an entity as Microsoft Sentinel itself tells it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import CONTRIBUTOR, AzureCalls, Failure
from sentinel_mcp.domains.documents import Document, flattened, inner, inners, text, time, whole
from sentinel_mcp.domains.entities.findings import day_range
from sentinel_mcp.domains.entities.models import EntityTimeline, MissingPart, TimelineEvent
from sentinel_mcp.domains.entities.requests import TimelineRequest
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.errors import InputError, NotFound
from sentinel_mcp.kql.timespan import parse_timespan

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

_RESOURCE_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/[^/]+/workspaces/(?P<workspace>[^/]+)"
    r"/providers/Microsoft\.SecurityInsights/entities/(?P<name>[^/]+)/?",
    re.IGNORECASE,
)
_TIMES = ("timeGenerated", "startTimeUtc", "firstActivityTimeUTC", "eventTime", "endTimeUtc")
"""The first that an item has is its time."""

_DETAILS = ("description", "content", "notes")
_SHOWN_APART = frozenset({"kind", "displayName", "title", "severity", *_DETAILS})


async def page(
    azure: AzureCalls,
    context: AzureServicesContext,
    request: TimelineRequest,
    entity_id: str,
    now: datetime,
) -> EntityTimeline:
    """Return one page of the timeline of an entity, by its id.

    Raises:
        NotFound: Sentinel has no such entity.

    """
    name = _entity_name(context, entity_id)
    start, end = parse_timespan(request.timespan).bounds(now)
    client = context.security_insights_preview_client
    try:
        document = await azure.read(
            "read the timeline of an entity",
            lambda: client.entities_get_timeline.list(
                context.resource_group,
                context.workspace_name,
                name,
                # The type is that of JSON; the SDK writes times as they are.
                {"startTime": _wire(start), "endTime": _wire(end)},  # pyright: ignore[reportArgumentType]
            ),
            role=CONTRIBUTOR,  # an action, which the roles that only read do not have
        )
    except NotFound as error:
        raise NotFound(
            f"There is no entity {name!r} in workspace {context.config.name!r}: {error.message}",
            hint="Give its `value` instead: then the logs are searched.",
        ) from error
    events = [_item(each) for each in inners(document, "value")]
    events.sort(key=moment_of, reverse=request.order == "newest")
    part = page_of(
        events,
        PageRequest(
            request.call(context.config.name),
            request.limit,
            request.cursor,
            azure.max_answer_bytes,
        ),
    )
    return EntityTimeline(
        workspace=context.config.name,
        made_by="sentinel",
        entity_id=name,
        timespan=day_range(start, end),
        order=request.order,
        events=part.items,
        total_count=whole(inner(document, "metaData"), "totalCount"),
        next_cursor=part.next_cursor,
        missing=[
            MissingPart(
                part=" ".join(
                    filter(None, (text(each, "kind"), text(each, "queryId"))),
                ),
                error=Failure(
                    code="azure_error", message=text(each, "errorMessage") or "It failed."
                ),
            )
            for each in inners(inner(document, "metaData"), "errors")
        ],
    )


def _item(document: Document) -> TimelineEvent:
    """Return an item of Sentinel's own; of an unknown kind, all that it says, flat."""
    found = (time(document, each) for each in _TIMES)
    return TimelineEvent(
        time=next((each for each in found if each), None),
        source=text(document, "kind") or "Unknown",
        action=text(document, "displayName") or text(document, "title"),
        result=text(document, "severity"),
        detail=text(document, "description")
        or text(document, "content")
        or text(document, "notes"),
        properties=flattened(document, without=_SHOWN_APART),
    )


def _entity_name(context: AzureServicesContext, entity_id: str) -> str:
    """Return the name under which the entity is asked for.

    Raises:
        InputError: it cannot be a name, or it is the id of an entity of another workspace.

    """
    stated = entity_id.strip()
    if match := _RESOURCE_ID.fullmatch(stated):
        there = (match["subscription"], match["group"], match["workspace"])
        here = (context.subscription_id, context.resource_group, context.workspace_name)
        # ARM ids differ in case from one answer to the next.
        if [each.casefold() for each in there] != [each.casefold() for each in here]:
            raise InputError(
                f"The entity is of workspace {match['workspace']!r}, "
                f"and {context.config.name!r} was asked.",
                hint="Name its workspace in `workspace`; `list_workspaces` shows the configured.",
            )
        stated = match["name"]
    return odata.resource_name(stated)


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment_of(event: TimelineEvent) -> datetime:
    """Return when it was, the beginning of time where that is not known."""
    return event.time or datetime.min.replace(tzinfo=UTC)
