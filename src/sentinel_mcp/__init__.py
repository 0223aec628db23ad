"""The Model Context Protocol server for Microsoft Sentinel."""

__version__ = "0.1.0"
