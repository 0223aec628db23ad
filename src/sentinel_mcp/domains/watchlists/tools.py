"""Watchlist tools."""

from fastmcp.server.providers import LocalProvider

watchlists = LocalProvider()
