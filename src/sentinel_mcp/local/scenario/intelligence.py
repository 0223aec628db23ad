"""Threat intelligence: feeds, among which is something about the intruder."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.identity import TENANT_ID, WORKSPACE_ID
from sentinel_mcp.local.scenario import names
from sentinel_mcp.local.scenario.clock import Clock, wire

Body = dict[str, Any]
"""The cells of a row. Any: they are of many kinds."""

_FEED = "Industry sharing group"
_OWN = "Northwind SOC"

# Key, value, confidence, days since it came, source, what it is. The one about the intruder's
# server came only after all was over, so no rule could have matched it.
_WRITTEN: tuple[tuple[str, str, int, float, str, str], ...] = (
    ("ipv4-addr:value", names.PROXY_IP, 75, 3.2, _FEED, "Adversary-in-the-middle phishing kit"),
    ("domain-name:value", names.PROXY_HOST, 80, 3.2, _FEED, "Adversary-in-the-middle phishing kit"),
    ("domain-name:value", names.PHISH_DOMAIN, 70, 0.8, _FEED, "Sender of phishing mail"),
    ("ipv4-addr:value", names.SPRAY_IP, 30, 9.0, _FEED, "Anonymising network exit"),
    ("ipv4-addr:value", names.C2_IP, 90, 0.025, _FEED, "Command and control server"),
    ("domain-name:value", names.C2_HOST, 90, 0.025, _FEED, "Command and control server"),
    ("domain-name:value", names.TUNNEL_DOMAIN, 85, 0.025, _FEED, "DNS tunnel endpoint"),
    (
        "file:hashes.'SHA-256'", names.sha256(names.IMPLANT), 90, 0.025, _FEED,
        "Implant that poses as OneDrive",
    ),
    ("ipv4-addr:value", names.SUSPECT_IP, 60, 11.0, _FEED, "Host of unwanted software"),
    ("url:value", "https://parcel-tracking.example/r/118", 65, 7.4, _OWN, "Parcel phishing"),
)  # fmt: skip

_OTHERS = 320


def rows(clock: Clock) -> Iterable[Body]:
    """Yield the indicators."""
    for key, value, confidence, days, source, what in _WRITTEN:
        yield _row(clock, key, value, confidence, days, source, what)
    for number in range(_OTHERS):
        days = 0.2 + (number * 37 % 1350) / 100
        if number % 3:
            key, value = "domain-name:value", f"node{number:03}.botnet-{number % 7}.example"
        else:
            key, value = "file:hashes.'SHA-256'", names.sha256(f"sample {number}")
        yield _row(clock, key, value, 20 + number * 13 % 75, days, _FEED, "Commodity malware")


def _row(
    clock: Clock, key: str, value: str, confidence: int, days: float, source: str, what: str
) -> Body:
    came = clock.now - timedelta(days=days)
    until = came + timedelta(days=60)
    stix = f"indicator--{names.guid('indicator', value)}"
    pattern = f"[{key} = '{value}']"
    return {
        "TimeGenerated": str(came),
        "Id": stix,
        "ObservableKey": key,
        "ObservableValue": value,
        "Pattern": pattern,
        "Confidence": confidence,
        "Created": str(came),
        "Modified": str(came),
        "ValidFrom": str(came),
        "ValidUntil": str(until),
        "IsActive": True,
        "IsDeleted": False,
        "Revoked": False,
        "LastUpdateMethod": "IngestionRules",
        "Source": source,
        "Tags": what,
        "WorkspaceId": WORKSPACE_ID,
        "AzureTenantId": TENANT_ID,
        "AdditionalFields": {"TLPLevel": "amber"},
        "Data": {
            "type": "indicator",
            "spec_version": "2.1",
            "id": stix,
            "created": wire(came),
            "modified": wire(came),
            "name": what,
            "description": f"{what}, seen by {source}.",
            "indicator_types": ["malicious-activity"],
            "pattern": pattern,
            "pattern_type": "stix",
            "valid_from": wire(came),
            "valid_until": wire(until),
            "confidence": confidence,
            "labels": [what],
        },
    }
