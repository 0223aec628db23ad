"""Microsoft Defender XDR tools."""

from fastmcp.server.providers import LocalProvider

defender = LocalProvider()
