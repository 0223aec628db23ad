"""Threat intelligence: STIX indicators and where they are seen, as tools take and give them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.documents import Scalar
from sentinel_mcp.domains.shared.entity import Kind
from sentinel_mcp.domains.shared.indicators import HoldingIndicator, Table
from sentinel_mcp.domains.shared.value_search import NotSearched
from sentinel_mcp.domains.untrusted import UNTRUSTED

PatternType = Literal[
    "ipv4-addr", "ipv6-addr", "domain-name", "url", "file", "email-addr", "network-traffic"
]
Sort = Literal["updated", "created", "confidence", "expiry"]
"""Newest or highest first; by expiry the soonest first."""

State = Literal["active", "expired", "revoked", "not_yet_valid"]
TagMode = Literal["append", "replace"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Observable(_Frozen):
    """What an indicator looks for: one comparison of its pattern."""

    type: Annotated[str, Field(description="STIX object, such as `ipv4-addr`.")]
    property: str
    operator: str
    value: str | None
    negated: bool = False


class Indicator(_Frozen):
    """An indicator as a list shows it."""

    name: Annotated[str, Field(description="What `get_indicator` takes.")]
    title: str | None
    pattern: str | None
    pattern_type: str | None
    state: State
    confidence: Annotated[int | None, Field(description="0 to 100.")]
    source: str | None
    threat_types: list[str]
    tags: list[str]
    valid_from: datetime | None
    valid_until: datetime | None
    updated: datetime | None


class IndicatorListing(_Frozen):
    """One page of indicators."""

    untrusted: str = UNTRUSTED
    workspace: str
    indicators: list[Indicator]
    total_count: Annotated[
        int | None,
        Field(description="Null where there are more pages: Azure counts no search."),
    ]
    next_cursor: str | None
    notices: list[str] = []


class KillChainPhase(_Frozen):
    """A phase of a kill chain."""

    kill_chain: str | None
    phase: str | None


class Reference(_Frozen):
    """Where else the indicator is described."""

    source: str | None
    description: str | None
    url: str | None
    external_id: str | None


class IndicatorDetail(_Frozen):
    """An indicator with all that its resource says."""

    untrusted: str = UNTRUSTED
    workspace: str
    indicator: Indicator
    id: Annotated[str, Field(description="ARM id.")]
    stix_id: str | None
    description: str | None
    observables: Annotated[list[Observable], Field(description="The pattern, taken apart.")]
    kill_chain_phases: list[KillChainPhase]
    external_references: list[Reference]
    labels: list[str]
    created: datetime | None
    created_by: str | None
    modified: datetime | None
    properties: Annotated[dict[str, Scalar], Field(description="What else it says, flat.")]
    etag: str | None
    notices: list[str] = []


class Count(_Frozen):
    """How many indicators there are of something."""

    name: str
    count: int


class IndicatorMetrics(_Frozen):
    """How many indicators there are, counted by Azure."""

    untrusted: str = UNTRUSTED
    workspace: str
    updated: Annotated[datetime | None, Field(description="When Azure counted.")]
    total_count: Annotated[int | None, Field(description="Sum over the sources.")]
    by_source: list[Count]
    by_pattern_type: list[Count]
    by_threat_type: Annotated[
        list[Count], Field(description="An indicator of several types counts in each.")
    ]
    notices: list[str] = []


class Sighting(_Frozen):
    """A table in which a value was seen."""

    table: str
    records: Annotated[
        bool, Field(description="Not events: what Sentinel and its users say of it.")
    ] = False
    columns: Annotated[list[str], Field(description="Which of them named it.")]
    events: Annotated[int, Field(description="Rows, each counted once.")]
    first_seen: datetime | None
    last_seen: datetime | None


class ValueMatch(_Frozen):
    """What is known of one value."""

    given: str
    kind: Kind
    names: Annotated[list[str], Field(description="What was looked for.")]
    indicators: list[HoldingIndicator]
    indicators_count: int
    events: Annotated[int, Field(description="Log rows with the value, each counted once.")]
    records: Annotated[
        int, Field(description="Rows of alerts, incidents, the directory and watchlists.")
    ]
    sightings: list[Sighting]
    sightings_count: int


class UnusableValue(_Frozen):
    """A value that was not looked up."""

    given: str
    reason: str


class MissingPart(_Frozen):
    """A part that could not be looked up."""

    part: str
    error: Failure


class MatchReport(_Frozen):
    """Values, the indicators that hold them, and where logs have them."""

    untrusted: str = UNTRUSTED
    workspace: str
    days: int
    indicator_table: Annotated[
        Table | None, Field(description="Where indicators were looked up; null: nowhere.")
    ]
    matches: Annotated[
        list[ValueMatch], Field(description="Values that an indicator or a log has.")
    ]
    nothing_found: Annotated[
        list[str], Field(description="Nothing in any indicator or table, and all were searched.")
    ]
    undecided: Annotated[
        list[str], Field(description="Nothing so far, but see `not_searched` and `missing`.")
    ]
    unusable: list[UnusableValue]
    searched: Annotated[list[str], Field(description="Tables that were searched.")] = []
    not_searched: list[NotSearched] = []
    missing: list[MissingPart] = []
    notices: list[str] = []
