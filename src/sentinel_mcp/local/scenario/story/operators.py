"""Alerts for the operators, of which no incident is made: a server is silent."""

from __future__ import annotations

from sentinel_mcp.local.scenario.cases import RaisedAlert, raised
from sentinel_mcp.local.scenario.clock import At, Clock
from sentinel_mcp.local.scenario.estate import SILENT, SILENT_MIN, host
from sentinel_mcp.local.scenario.model import Alert

# The rule runs every hour, and rests for five after an alert.
_RAISED_MIN_AGO = (610, 310, 10)
_SEEN_MIN = 6


def alerts(clock: Clock) -> list[RaisedAlert]:
    """Return them, oldest first."""
    return [raised(_silence(ago), clock) for ago in _RAISED_MIN_AGO]


def _silence(ago_min: int) -> Alert:
    return Alert(
        key=f"silent-server-{ago_min}",
        title="Server stopped reporting",
        description="A server has sent no heartbeat for a quarter of an hour.",
        severity="Informational",
        first=At("now", minutes=-SILENT_MIN),
        last=At("now", minutes=-ago_min - _SEEN_MIN),
        tactics=("DefenseEvasion",),
        techniques=("T1562",),
        entities=(host(SILENT),),
        rule="heartbeat-lost",
        delay_min=_SEEN_MIN,
    )
