"""Entity tools."""

from typing import Annotated

from fastmcp.dependencies import CurrentContext, Depends
from fastmcp.server.context import Context
from pydantic import Field

from sentinel_mcp.area import Area
from sentinel_mcp.domains.arguments import Cursor, WorkspaceName
from sentinel_mcp.domains.entities.models import (
    DomainWhois,
    EntityInvestigation,
    EntityTimeline,
    IpLocation,
    Order,
)
from sentinel_mcp.domains.entities.requests import TimelineRequest, Wanted
from sentinel_mcp.domains.entities.service import Entities
from sentinel_mcp.domains.shared.entity import Kind
from sentinel_mcp.effects import READS_AZURE
from sentinel_mcp.wiring import progress_to, service

entities = Area()

EntityKind = Annotated[Kind | None, Field(description="Default: guessed.")]
Timespan = Annotated[str, Field(max_length=100, description="`7d`, `start/end`.")]


@entities.tool("Investigate", READS_AZURE, {"entities", "core"}, timeout=150)
async def investigate_entity(
    value: Annotated[
        str,
        Field(max_length=2_000, description="UPN, SID, IP, URL, hash …"),
    ],
    kind: EntityKind = None,
    timespan: Timespan = "7d",
    budget_s: Annotated[int, Field(ge=1, le=120, description="Seconds in all.")] = 45,
    workspace: WorkspaceName = None,
    context: Context = CurrentContext(),
    store: Entities = Depends(service(Entities)),
) -> EntityInvestigation:
    """Look a name, address or hash up in logs, alerts, incidents, UEBA, watchlists, indicators.

    Start here.
    """
    wanted = Wanted(value, kind, timespan, budget_s)
    return await store.investigations.run(wanted, workspace=workspace, watcher=progress_to(context))


@entities.tool("Get the timeline of an entity", READS_AZURE, {"entities"}, timeout=180)
async def get_entity_timeline(
    value: Annotated[
        str | None,
        Field(max_length=2_000, description="As `investigate_entity` takes it."),
    ] = None,
    kind: EntityKind = None,
    entity_id: Annotated[
        str | None,
        Field(max_length=1_000, description="Instead: Sentinel's own timeline."),
    ] = None,
    timespan: Timespan = "24h",
    order: Annotated[Order, Field(description="What comes first.")] = "newest",
    limit: Annotated[int, Field(ge=1, le=200, description="Per page.")] = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Entities = Depends(service(Entities)),
) -> EntityTimeline:
    """List what an entity did, over all tables, in order of time.

    Use it after `investigate_entity`, on the hours that matter.
    """
    request = TimelineRequest(
        value=value, kind=kind, entity_id=entity_id, timespan=timespan, order=order,
        limit=limit, cursor=cursor,
    )  # fmt: skip
    return await store.timelines.page(request, workspace=workspace)


@entities.tool("Locate an IP address", READS_AZURE, {"entities"}, timeout=90)
async def get_ip_location(
    ip: Annotated[
        str, Field(min_length=2, max_length=45, description="A public IPv4 or IPv6 address.")
    ],
    workspace: WorkspaceName = None,
    store: Entities = Depends(service(Entities)),
) -> IpLocation:
    """Tell where a public IP address is and whose network it belongs to.

    Use it to judge a sign-in or connection; `investigate_entity` tells where it is seen.
    """
    return await store.enrichment.location(ip, workspace=workspace)


@entities.tool("Get the registration of a domain", READS_AZURE, {"entities"}, timeout=90)
async def get_domain_whois(
    domain: Annotated[
        str,
        Field(min_length=3, max_length=2_000, description="A domain, or a URL or address in it."),
    ],
    workspace: WorkspaceName = None,
    store: Entities = Depends(service(Entities)),
) -> DomainWhois:
    """Tell who registered a domain and when, from WHOIS.

    Use it on a suspicious link or sender: a domain registered days ago is telling.
    """
    return await store.enrichment.whois(domain, workspace=workspace)
