"""HTTP to and from them: analytics rules, their templates and actions."""

from __future__ import annotations

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.answers import Handlers
from sentinel_mcp.local.services.resources.routes import shelves
from sentinel_mcp.local.services.writing import Clock


def handlers(documents: Documents, clock: Clock) -> Handlers:
    """Return what answers each operation."""
    return shelves(documents, {"AlertRules": ("alertRules", "Alert rule")})
