"""Threat intelligence: feeds, among which is something about the intruder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel_mcp.local.scenario import names
from sentinel_mcp.local.scenario.clock import Clock

FEED = "Industry sharing group"
OWN = "Northwind SOC"

_OTHERS = 320
_LASTS = timedelta(days=60)
_REPORT = "ISG-2026-118"


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """What a feed said once; `key` is the STIX object and its property."""

    key: str
    value: str
    what: str
    source: str
    confidence: int
    came: datetime
    until: datetime | None
    threat_types: tuple[str, ...] = ("malicious-activity",)
    phases: tuple[str, ...] = ()
    revoked: bool = False
    report: str | None = None

    @property
    def stix_id(self) -> str:
        """The id of the STIX object."""
        return f"indicator--{names.guid('indicator', self.value)}"

    @property
    def pattern(self) -> str:
        """The STIX pattern."""
        return f"[{self.key} = '{self.value}']"


# Key, value, confidence, days since it came, source, what it is, phases. The ones about the
# intruder's server came only after all was over, so no rule could have matched them.
_WRITTEN: tuple[tuple[str, str, int, float, str, str, tuple[str, ...]], ...] = (
    ("ipv4-addr:value", names.PROXY_IP, 75, 3.2, FEED,
     "Adversary-in-the-middle phishing kit", ("Delivery",)),
    ("domain-name:value", names.PROXY_HOST, 80, 3.2, FEED,
     "Adversary-in-the-middle phishing kit", ("Delivery",)),
    ("domain-name:value", names.PHISH_DOMAIN, 70, 0.8, FEED,
     "Sender of phishing mail", ("Delivery",)),
    ("ipv4-addr:value", names.SPRAY_IP, 30, 9.0, FEED, "Anonymising network exit", ()),
    ("ipv4-addr:value", names.C2_IP, 90, 0.025, FEED,
     "Command and control server", ("Command and Control",)),
    ("domain-name:value", names.C2_HOST, 90, 0.025, FEED,
     "Command and control server", ("Command and Control",)),
    ("domain-name:value", names.TUNNEL_DOMAIN, 85, 0.025, FEED,
     "DNS tunnel endpoint", ("Actions on Objectives",)),
    ("file:hashes.'SHA-256'", names.sha256(names.IMPLANT), 90, 0.025, FEED,
     "Implant that poses as OneDrive", ("Installation",)),
    ("ipv4-addr:value", names.SUSPECT_IP, 60, 11.0, FEED, "Host of unwanted software", ()),
    ("url:value", "https://parcel-tracking.example/r/118", 65, 7.4, OWN, "Parcel phishing",
     ("Delivery",)),
)  # fmt: skip

_TYPES = {
    "Anonymising network exit": ("anonymization",),
    "Host of unwanted software": ("benign", "anomalous-activity"),
}
_REPORTED = frozenset({names.C2_IP, names.C2_HOST, names.TUNNEL_DOMAIN})


def indicators(clock: Clock) -> Iterator[Indicator]:
    """Yield the indicators."""
    for key, value, confidence, days, source, what, phases in _WRITTEN:
        came = clock.now - timedelta(days=days)
        yield Indicator(
            key=key,
            value=value,
            what=what,
            source=source,
            confidence=confidence,
            came=came,
            until=came + _LASTS,
            threat_types=_TYPES.get(what, ("malicious-activity",)),
            phases=phases,
            report=_REPORT if value in _REPORTED else None,
        )
    yield from _out_of_force(clock)
    for number in range(_OTHERS):
        came = clock.now - timedelta(days=0.2 + (number * 37 % 1350) / 100)
        if number % 3:
            key, value = "domain-name:value", f"node{number:03}.botnet-{number % 7}.example"
        else:
            key, value = "file:hashes.'SHA-256'", names.sha256(f"sample {number}")
        yield Indicator(
            key=key,
            value=value,
            what="Commodity malware",
            source=FEED,
            confidence=20 + number * 13 % 75,
            came=came,
            until=came + _LASTS,
        )


def _out_of_force(clock: Clock) -> Iterator[Indicator]:
    """Yield what is over: an address that was given back, and a mistake that was withdrawn."""
    came = clock.now - timedelta(days=12.5)
    yield Indicator(
        key="ipv6-addr:value",
        value="2001:db8:66::25",
        what="Sender of phishing mail",
        source=FEED,
        confidence=55,
        came=came,
        until=came + timedelta(days=7),
    )
    yield Indicator(
        key="email-addr:value",
        value="billing@northwind-suppliers.example",
        what="Invoice fraud",
        source=OWN,
        confidence=40,
        came=came,
        until=None,
        threat_types=("attribution",),
        revoked=True,
    )
