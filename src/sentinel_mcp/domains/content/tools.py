"""Content tools."""

from fastmcp.server.providers import LocalProvider

content = LocalProvider()
