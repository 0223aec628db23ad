"""An analytics rule as its author writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sentinel_mcp.local.scenario.model import Severity
from sentinel_mcp.local.scenario.names import guid

Kind = Literal["Scheduled", "NRT", "Fusion", "MicrosoftSecurityIncidentCreation"]
EntityType = Literal["Account", "Host", "IP", "Process", "FileHash", "Mailbox", "DNS"]

Fields = Mapping[str, str]
"""Which column holds which identifier of an entity."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; the durations are ISO 8601, as in Azure's documents."""

    key: str
    name: str
    description: str
    severity: Severity = "Medium"
    tactics: Sequence[str] = ()
    techniques: Sequence[str] = ()
    query: str = ""
    entities: Sequence[tuple[EntityType, Fields]] = ()
    kind: Kind = "Scheduled"
    frequency: str = "PT1H"
    period: str = "PT2H"
    enabled: bool = True
    details: Fields = field(default_factory=dict[str, str])
    group_by: Sequence[EntityType] = ()
    creates_incident: bool = True
    product: str = ""
    """Of which product a Microsoft security rule takes the alerts."""

    @property
    def id(self) -> str:
        """Its name in Azure."""
        return "BuiltInFusion" if self.kind == "Fusion" else guid("rule", self.key)
