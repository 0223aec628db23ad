"""What callers ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sentinel_mcp.domains.entities.models import Order
from sentinel_mcp.domains.shared.entity import Kind


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller asks for."""

    value: str
    kind: Kind | None
    timespan: str
    budget_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRequest:
    """What a caller asks for; either a value or an entity id."""

    value: str | None
    kind: Kind | None
    entity_id: str | None
    timespan: str
    order: Order
    limit: int
    cursor: str | None

    def call(self, workspace: str) -> Mapping[str, object]:
        """Return what a cursor is bound to."""
        return {
            "tool": "get_entity_timeline",
            "workspace": workspace,
            "value": self.value,
            "kind": self.kind,
            "entity_id": self.entity_id,
            "timespan": self.timespan,
            "order": self.order,
        }
