"""Who asks: requests to the embedded workspace are taken to come from one analyst."""

from __future__ import annotations

from sentinel_mcp.local.services.faults import Body

NAME = "Local Analyst"
EMAIL = "analyst@northwind.example"
OBJECT_ID = "5d0e3b7a-92c4-4f18-8a6d-1b7f40c9e235"


def caller() -> Body:
    """Return the analyst as comments and tasks name their author."""
    return {
        "objectId": OBJECT_ID,
        "email": EMAIL,
        "name": NAME,
        "userPrincipalName": EMAIL,
    }
