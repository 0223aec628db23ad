"""Entity tools."""

from fastmcp.server.providers import LocalProvider

entities = LocalProvider()
