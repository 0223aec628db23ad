"""All tables that are searched for an entity: reviewed against Microsoft's table reference."""

from __future__ import annotations

from collections.abc import Mapping

from sentinel_mcp.domains.entities.sources import machines, people
from sentinel_mcp.domains.entities.sources.model import Source

SOURCES: tuple[Source, ...] = (*people.SOURCES, *machines.SOURCES)

BY_TABLE: Mapping[str, Source] = {each.table: each for each in SOURCES}
