"""Arguments that several of the rule tools take, described once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sentinel_mcp.domains.rules.drafts import Alerts, Operator
from sentinel_mcp.domains.rules.models import MappingInput, Severity

RuleId = Annotated[str, Field(min_length=1, max_length=600, description="`name` or full id.")]
Tactic = Annotated[str | None, Field(max_length=40, description="Such as `InitialAccess`.")]
TechniqueId = Annotated[
    str | None, Field(max_length=12, description="Such as T1110; its sub-techniques too.")
]
Words = Annotated[str | None, Field(min_length=1, max_length=200, description="Part of the title.")]

# What a rule is made of; the same of a new one and of a change.
Title = Annotated[str | None, Field(min_length=1, max_length=256, description="Its title.")]
Description = Annotated[str | None, Field(max_length=5_000, description="What it finds.")]
Kql = Annotated[str | None, Field(min_length=1, max_length=10_000, description="KQL.")]
Frequency = Annotated[str | None, Field(max_length=20, description="PT5M to P14D.")]
Period = Annotated[
    str | None, Field(max_length=20, description="Looks back so far; at least the frequency.")
]
OperatorOf = Annotated[Operator | None, Field(description="Results, against the threshold.")]
SeverityOf = Annotated[Severity | None, Field(description="Of its alerts.")]
Threshold = Annotated[int | None, Field(ge=0, le=10_000, description="Results to alert.")]
Tactics = Annotated[list[str] | None, Field(max_length=17, description="Of ATT&CK.")]
Techniques = Annotated[list[str] | None, Field(max_length=25, description="T1110, T1110.003.")]
Entities = Annotated[
    list[MappingInput] | None, Field(max_length=10, description="Who and what it is about.")
]
Details = Annotated[
    dict[str, str] | None, Field(max_length=20, description="Custom details: name to column.")
]
PerAlert = Annotated[Alerts | None, Field(description="One alert a run, or one per result.")]
SuppressFor = Annotated[
    str | None, Field(max_length=20, description="Pause after an alert, to P1D; or `off`.")
]
GroupBy = Annotated[
    list[str] | None,
    Field(max_length=10, description="Entity types that join alerts in an incident; [] none."),
]
Incidents = Annotated[bool | None, Field(description="Alerts make incidents.")]
Enabled = Annotated[bool, Field(description="Whether it runs.")]
