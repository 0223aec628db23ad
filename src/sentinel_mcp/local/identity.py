"""Who the embedded workspace is: the fixed ids by which its URLs and tokens name it."""

from __future__ import annotations

TENANT_ID = "6d1f2c40-8a35-4b7e-9c02-51e0a7d3b964"
SUBSCRIPTION_ID = "2b9e4d71-3c58-4f06-a1d7-90c6e85f12ab"
RESOURCE_GROUP = "rg-northwind-soc"
WORKSPACE_NAME = "law-northwind-sentinel"
WORKSPACE_ID = "c47a0f93-615d-4e28-b3a9-7f80d2164ce5"
LOCATION = "westeurope"

RESOURCE_ID = (
    f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}"
    f"/providers/Microsoft.OperationalInsights/workspaces/{WORKSPACE_NAME}"
)
"""The ARM id of the workspace."""

INSIGHTS_ID = f"{RESOURCE_ID}/providers/Microsoft.SecurityInsights"
"""The ARM id under which everything of Sentinel is."""
