"""Threat intelligence tools."""

from fastmcp.server.providers import LocalProvider

threat_intel = LocalProvider()
