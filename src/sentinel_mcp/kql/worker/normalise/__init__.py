"""Rewrites a bound query into the KQL that the embedded engine runs rightly."""

from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.rewriter import normalise

__all__ = ["Refused", "normalise"]
