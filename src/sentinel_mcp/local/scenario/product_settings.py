"""Which features of Microsoft Sentinel are on in the workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "Anomalies": {"isEnabled": True},
    "EntityAnalytics": {"entityProviders": ["AzureActiveDirectory"]},
    "EyesOn": {"isEnabled": True},
    "Ueba": {"dataSources": ["AuditLogs", "AzureActivity", "SecurityEvent", "SigninLogs"]},
}
"""Properties by kind. Any: each kind has its own."""


def documents() -> Iterable[Document]:
    """Yield the settings; each is called by its kind."""
    for kind, properties in SETTINGS.items():
        body = {
            "id": f"{INSIGHTS_ID}/settings/{kind}",
            "name": kind,
            "type": "Microsoft.SecurityInsights/settings",
            "kind": kind,
            "etag": "",
            "properties": dict(properties),
        }
        yield Document("settings", kind, body)
