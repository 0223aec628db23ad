"""An analytics rule as its author writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sentinel_mcp.local.scenario.model import Severity
from sentinel_mcp.local.scenario.names import guid

Kind = Literal["Scheduled", "NRT", "Fusion", "MicrosoftSecurityIncidentCreation"]
EntityType = Literal["Account", "Host", "IP", "Process", "FileHash", "Mailbox", "DNS"]

Fields = Mapping[str, str]
"""Which column holds which identifier of an entity."""


RESTS_MIN = 300
NRT_WINDOW_MIN = 2
LAG_S: Mapping[Kind, int] = {"Scheduled": 300, "NRT": 120}
"""Sentinel waits for late data: a run looks at a window that ended that long before."""

_UNITS = {"D": 24 * 60, "H": 60, "M": 1}


def minutes(duration: str) -> int:
    """Return the minutes of a duration as the scenario writes them, such as `PT2H` or `P14D`."""
    found = re.fullmatch(r"PT?(\d+)([DHM])", duration)
    if found is None:
        raise ValueError(duration)
    return int(found[1]) * _UNITS[found[2]]


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
    query_before: str = ""
    """What it asked until its last change, where that changed the query."""
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
    def rests(self) -> bool:
        """Whether it rests for five hours after an alert: else it would find the same again."""
        return self.kind == "Scheduled" and minutes(self.period) > minutes(self.frequency)

    @property
    def window_min(self) -> int:
        """How much a run looks at."""
        return minutes(self.period) if self.kind == "Scheduled" else NRT_WINDOW_MIN

    @property
    def id(self) -> str:
        """Its name in Azure."""
        return "BuiltInFusion" if self.kind == "Fusion" else guid("rule", self.key)
