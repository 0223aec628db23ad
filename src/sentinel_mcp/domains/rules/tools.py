"""Analytics rule tools."""

from fastmcp.server.providers import LocalProvider

rules = LocalProvider()
