"""A solution of the content hub as its maker describes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sentinel_mcp.local.scenario.names import guid

Kind = Literal["DataConnector", "AnalyticsRule", "HuntingQuery", "Workbook", "Parser", "Playbook"]


@dataclass(frozen=True, slots=True)
class Template:
    """A piece of content of a solution; hunting queries and parsers have a query."""

    kind: Kind
    title: str
    tactics: Sequence[str] = ()
    techniques: Sequence[str] = ()
    query: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Solution:
    """A solution of the catalogue; `installed` is the version that the workspace has."""

    slug: str
    name: str
    version: str
    installed: str | None
    description: str
    domains: Sequence[str]
    templates: Sequence[Template] = ()
    tier: Literal["Microsoft", "Partner", "Community"] = "Microsoft"
    publisher: str = "Microsoft"
    preview: bool = False

    @property
    def id(self) -> str:
        """Its content id, which is its name in Azure, too."""
        return f"azuresentinel.azure-sentinel-solution-{self.slug}"

    @property
    def product_id(self) -> str:
        """The id of it and its version."""
        return f"{self.id}-sl-{guid('solution', self.slug)[:13].replace('-', '')}"
