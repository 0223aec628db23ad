"""What the workspaces know of an account, host, address or file, as tools take and give them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.documents import Scalar
from sentinel_mcp.domains.shared.entity import Kind, KindSource
from sentinel_mcp.domains.shared.indicators import HoldingIndicator
from sentinel_mcp.domains.shared.value_search import NotSearched
from sentinel_mcp.domains.shared.watchlist_items import Match
from sentinel_mcp.domains.untrusted import UNTRUSTED

Order = Literal["newest", "oldest"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Entity(_Frozen):
    """What was investigated."""

    value: str
    kind: Kind
    kind_from: Annotated[
        KindSource, Field(description="`workspace` and `guess`: the form alone did not tell.")
    ]
    names: Annotated[
        dict[str, list[str]], Field(description="By form: all names that logs were searched for.")
    ]
    profile: Annotated[
        dict[str, Scalar], Field(description="Of an account, as IdentityInfo has it.")
    ] = {}
    candidates: Annotated[
        list[str], Field(description="Accounts that all have the name; ask about one of them.")
    ] = []


class TableSighting(_Frozen):
    """One table in which an entity is seen."""

    table: str
    records: Annotated[
        bool, Field(description="Not events: what Sentinel and its users say of it.")
    ] = False
    events: Annotated[int, Field(description="Rows, each counted once.")]
    first: datetime | None
    last: datetime | None
    columns: Annotated[list[str], Field(description="Which of them named it.")]
    actions: list[str] = []
    latest: Annotated[dict[str, str], Field(description="The last event, in the common terms.")]


class RelatedEntity(_Frozen):
    """What was seen together with the entity."""

    kind: Kind
    value: str
    tables: list[str]


class AlertAbout(_Frozen):
    """An alert that names the entity."""

    alert_id: str
    time: datetime | None
    name: str
    severity: str | None = None
    product: str | None = None
    status: str | None = None
    tactics: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    compromised_entity: str | None = None


class IncidentAbout(_Frozen):
    """An incident with such alerts, as it is now."""

    number: int | None
    id: str
    title: str | None
    severity: str | None = None
    status: str | None = None
    owner: str | None = None
    classification: str | None = None
    created: datetime | None = None
    last_activity: datetime | None = None
    alerts: Annotated[int, Field(description="Its alerts that name the entity.")]
    url: str | None = None


class Activity(_Frozen):
    """A kind of behaviour that UEBA saw, with the most unusual of its events."""

    activity: str | None
    action: str | None
    events: int
    highest_priority: Annotated[int | None, Field(description="0 to 10, 10 most unusual.")]
    time: datetime | None
    account: str | None = None
    ip: str | None = None
    host: str | None = None
    location: str | None = None
    unusual: Annotated[list[str], Field(description="What was unusual about it.")] = []


class Behaviour(_Frozen):
    """What UEBA says."""

    events: int
    first: datetime | None
    last: datetime | None
    highest_priority: int | None
    activities: list[Activity]
    peers: list[str] = []


class WatchlistHit(_Frozen):
    """A watchlist item that has the entity."""

    watchlist: str
    title: str | None = None
    search_key: str | None = None
    match: Match
    columns: list[str]
    network: Annotated[
        str | None, Field(description="Set where the item has a network that the address is in.")
    ] = None
    item: dict[str, Scalar]


class MissingPart(_Frozen):
    """A part that could not be read."""

    part: str
    error: Failure


class EntityInvestigation(_Frozen):
    """All that a workspace knows of an entity; a part that is absent was not found or not asked."""

    untrusted: str = UNTRUSTED
    workspace: str
    entity: Entity
    summary: str
    timespan: Annotated[str, Field(description="The range searched, start/end in UTC.")]
    seen: Annotated[list[TableSighting], Field(description="Tables, most recent first.")]
    searched: Annotated[list[str], Field(description="Tables that were searched.")] = []
    not_searched: list[NotSearched] = []
    related: list[RelatedEntity] = []
    alerts: list[AlertAbout] = []
    alerts_count: int = 0
    incidents: list[IncidentAbout] = []
    incidents_count: int = 0
    behaviour: Behaviour | None = None
    watchlists: list[WatchlistHit] = []
    watchlists_count: int = 0
    indicators: list[HoldingIndicator] = []
    indicators_count: int = 0
    not_finished: Annotated[
        list[str], Field(description="Parts that the budget did not suffice for.")
    ] = []
    missing: list[MissingPart] = []
    warnings: list[str] = []


class TimelineEvent(_Frozen):
    """One event; what a source does not tell is absent."""

    time: datetime | None
    source: Annotated[str, Field(description="The table, or the kind of Sentinel's own item.")]
    action: str | None = None
    result: str | None = None
    account: str | None = None
    host: str | None = None
    ip: str | None = None
    detail: str | None = None
    matched: Annotated[str | None, Field(description="Column that names the entity.")] = None
    properties: Annotated[
        dict[str, Scalar], Field(description="Of Sentinel's own items: what else they say.")
    ] = {}


class EntityTimeline(_Frozen):
    """One page of what happened around an entity."""

    untrusted: str = UNTRUSTED
    workspace: str
    made_by: Annotated[
        Literal["logs", "sentinel"], Field(description="Searched here, or Sentinel's own.")
    ]
    entity: Entity | None = None
    entity_id: str | None = None
    timespan: str
    order: Order
    events: list[TimelineEvent]
    total_count: Annotated[int | None, Field(description="Where it is known.")] = None
    next_cursor: str | None
    searched: list[str] = []
    not_searched: list[NotSearched] = []
    missing: list[MissingPart] = []
    warnings: list[str] = []


class IpLocation(_Frozen):
    """Where an address is, and whose it is, by Microsoft's data."""

    untrusted: str = UNTRUSTED
    workspace: str
    ip: str
    country: str | None = None
    region: str | None = None
    state: str | None = None
    city: str | None = None
    continent: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    asn: str | None = None
    carrier: str | None = None
    organization: str | None = None
    organization_type: str | None = None
    routing_type: str | None = None
    confidence: Annotated[dict[str, int], Field(description="0 to 100, by what it is about.")] = {}


class DomainWhois(_Frozen):
    """The registration of a domain."""

    untrusted: str = UNTRUSTED
    workspace: str
    domain: str
    created: datetime | None = None
    updated: datetime | None = None
    expires: datetime | None = None
    registrar: dict[str, Scalar] = {}
    name_servers: list[str] = []
    statuses: list[str] = []
    contacts: Annotated[
        dict[str, dict[str, Scalar]],
        Field(description="By role: registrant, admin, tech, billing."),
    ] = {}
    server: str | None = None
