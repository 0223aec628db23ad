"""What is covered of MITRE ATT&CK, as the tool gives it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.attack import Matrix
from sentinel_mcp.domains.rules.models import MissingPart


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Named(_Frozen):
    """A rule or a template, by its id and its title."""

    name: str
    title: str


class Counts(_Frozen):
    """How many there are of each, every one counted once."""

    enabled_rules: int = 0
    disabled_rules: int = 0
    templates: int = 0
    hunting_queries: int = 0


class TacticCoverage(Counts):
    """A tactic: what is tagged with it, and how many of its techniques have an enabled rule."""

    tactic: str
    matrix: Matrix
    techniques: int
    techniques_covered: int


class SubTechniqueCoverage(Counts):
    """A sub-technique that is named by something."""

    technique: str
    name: str | None


class TechniqueCoverage(Counts):
    """A technique; what names one of its sub-techniques counts for it, too."""

    technique: str
    name: Annotated[str | None, Field(description="Null where ATT&CK has no such technique.")]
    tactics: list[str]
    sub_techniques: list[SubTechniqueCoverage] = []
    rules: Annotated[
        list[Named], Field(description="Enabled rules, when a tactic is asked for.")
    ] = []


class Remedy(_Frozen):
    """What would close a gap: a rule to enable, a template to make one of."""

    disabled_rules: list[Named] = []
    templates: list[Named] = []
    templates_count: int = 0
    hunting_queries: int = 0


class TacticGap(Remedy):
    """A tactic without an enabled rule."""

    tactic: str


class TechniqueGap(Remedy):
    """A technique without an enabled rule."""

    technique: str
    name: str | None
    tactics: list[str]


class MitreCoverage(_Frozen):
    """What is detected by tactic and technique, and what is not."""

    workspace: str
    tactic: Annotated[str | None, Field(description="The one that was asked for.")] = None
    totals: Counts
    tactics: list[TacticCoverage]
    techniques: Annotated[
        list[TechniqueCoverage],
        Field(description="Those with a rule or hunting query; of a tactic asked for, all."),
    ]
    tactic_gaps: list[TacticGap]
    gaps: Annotated[
        list[TechniqueGap], Field(description="Techniques without an enabled rule, best first.")
    ]
    gap_count: int
    unknown_tags: Annotated[
        list[str], Field(description="Tactics and techniques that ATT&CK does not have.")
    ] = []
    untagged_rules: Annotated[int, Field(description="Enabled rules without a tactic.")] = 0
    missing: list[MissingPart] = []
    notices: list[str] = []
