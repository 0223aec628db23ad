"""Data lake tools."""

from fastmcp.server.providers import LocalProvider

lake = LocalProvider()
