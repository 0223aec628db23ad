"""Identity tools."""

from fastmcp.server.providers import LocalProvider

identity = LocalProvider()
