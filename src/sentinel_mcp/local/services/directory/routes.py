"""HTTP to and from users, groups and role assignments."""

from __future__ import annotations

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.answers import Handlers
from sentinel_mcp.local.services.writing import Clock


def handlers(documents: Documents, clock: Clock) -> Handlers:
    """Return what answers each operation."""
    return {}
