"""Hunting tools."""

from fastmcp.server.providers import LocalProvider

hunting = LocalProvider()
