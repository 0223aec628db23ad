"""Data connectors, as tools take and give them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.connectors.silence import State
from sentinel_mcp.domains.documents import Scalar
from sentinel_mcp.domains.untrusted import UNTRUSTED

Source = Literal["connection", "definition"]
"""A connection brings data in; a definition, from the content hub, is what can be connected."""

Connected = Literal["yes", "no", "unknown"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class DataType(_Frozen):
    """A kind of data that a connector brings, and where it is kept."""

    name: str
    state: Annotated[str | None, Field(description="`Enabled` or `Disabled`, where known.")] = None
    table: Annotated[str | None, Field(description="Table for `run_query`, where known.")] = None


class Connector(_Frozen):
    """A data connector as a list shows it."""

    name: Annotated[str, Field(description="What `get_connector` takes.")]
    source: Annotated[
        Source,
        Field(description="A connection brings data; a definition only offers to."),
    ]
    kind: str
    title: str
    connected: Annotated[
        Connected, Field(description="As configured; that data arrives is another question.")
    ]
    data_types: list[DataType]
    publisher: str | None = None
    definition: Annotated[
        str | None, Field(description="Name of the definition that this connection is of.")
    ] = None


class MissingPart(_Frozen):
    """One of the two lists that could not be read."""

    source: Source
    error: Failure


class ConnectorListing(_Frozen):
    """One page of connectors, in order of title."""

    workspace: str
    connectors: list[Connector]
    total_count: Annotated[int, Field(description="Connectors that match, on all pages.")]
    next_cursor: str | None
    missing: list[MissingPart] = []
    warnings: list[str] = []


class ConnectorDetail(Connector):
    """A connector with all that its resource says; secrets are left out."""

    workspace: str
    description: str | None = None
    connections: Annotated[
        list[str], Field(description="Names of a definition's connections.")
    ] = []
    connected_when: Annotated[
        list[str], Field(description="KQL by which the portal tells whether data arrives.")
    ] = []
    permissions: list[str] = []
    steps: Annotated[list[str], Field(description="How it is connected, as its maker says.")] = []
    properties: Annotated[
        dict[str, Scalar], Field(description="The other settings of the resource, flat.")
    ]
    etag: str | None = None
    warnings: list[str] = []


class TableFreshness(_Frozen):
    """Whether a table still gets data as it usually does."""

    table: str
    state: State
    last_event: datetime | None
    silence_h: Annotated[float | None, Field(description="Hours since the last event.")]
    usual_gap_h: Annotated[int | None, Field(description="95 % of its gaps are no longer.")]
    longest_gap_h: int | None
    gb_per_day: Annotated[float | None, Field(description="As accounted for over 14 days.")]
    connectors: Annotated[list[str], Field(description="Connections that feed it, where known.")]
    usual_connector: Annotated[
        str, Field(description="Which connector fills such a table, as documented; or `unknown`.")
    ]
    rules_count: Annotated[int, Field(description="Enabled rules that read it.")]
    blind_rules: Annotated[
        list[str], Field(description="Enabled rules that read it, where it is silent or never was.")
    ] = []
    note: str | None = None


class MissingSource(_Frozen):
    """Something that the report is made of and that could not be read."""

    part: Literal["usage", "last_events", "tables", "connections", "rules"]
    error: Failure


class SilentMachine(_Frozen):
    """A host or device that no longer reports to a table to which it usually does."""

    machine: str
    table: str
    last_event: datetime
    silence_h: Annotated[float, Field(description="Hours since its last event.")]
    usual_gap_h: Annotated[int, Field(description="95 % of its own gaps are no longer.")]
    longest_gap_h: int | None


class MissingMachines(_Frozen):
    """A table whose machines were not looked at, and why."""

    table: str
    reason: str
    error: Failure | None = None


class MachineReport(_Frozen):
    """Hosts and devices that have stopped, the longest silence first."""

    tables: Annotated[list[str], Field(description="Whose machines were looked at.")]
    silent_count: int
    silent: list[SilentMachine]
    not_looked_at: list[MissingMachines] = []
    warnings: list[str] = []


class FreshnessReport(_Frozen):
    """The tables' freshness, the worst first."""

    untrusted: str = UNTRUSTED
    workspace: str
    counts: dict[str, int]
    blind_rules_count: int
    tables: list[TableFreshness]
    total_count: int
    next_cursor: str | None
    machines: Annotated[
        MachineReport | None,
        Field(description="Hosts and devices that stopped; on the first page."),
    ] = None
    judged: str
    missing: list[MissingSource] = []
    warnings: list[str] = []
