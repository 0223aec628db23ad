"""The provider of the workspace tools."""

from __future__ import annotations

from sentinel_mcp.area import Area

workspace = Area()
