"""The provider that the modules of incident tools add their tools to."""

from __future__ import annotations

from sentinel_mcp.area import Area

incidents = Area()
