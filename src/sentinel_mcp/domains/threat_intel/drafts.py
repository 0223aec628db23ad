"""An indicator as somebody describes it, before it is created."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sentinel_mcp.domains.documents import Document, inner, time
from sentinel_mcp.domains.shared.stix_patterns import parse
from sentinel_mcp.domains.threat_intel.observables import ValueType, recognised, typed
from sentinel_mcp.errors import InputError

SOURCE = "Microsoft Sentinel"
"""Where an indicator comes from that is written by hand, as the portal calls it."""

_NAMESPACE = uuid.UUID("4a1d4a1e-6f0b-5c8e-9d0e-6a2f4f6c7b11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be created: a value, with its type or without, or a pattern."""

    value: str | None = None
    value_type: ValueType | None = None
    pattern: str | None = None
    title: str | None = None
    description: str | None = None
    threat_types: Sequence[str] = ()
    confidence: int | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    tags: Sequence[str] = ()
    source: str = SOURCE

    def written(self, found: Document | None, now: datetime) -> dict[str, Any]:
        """Return the document that is sent; what is not stated is taken from `found`, or set.

        Any: JSON. The id is made of source and pattern, so that sending it twice names one thing.

        Raises:
            InputError: neither or both of value and pattern, or one that is not valid.

        """
        pattern, pattern_type, called = self._pattern()
        there = inner(found or {}, "properties")
        since = _moment(self.valid_from, there, "validFrom") or there.get("validFrom")
        self._check_validity(now)
        stated = {
            "source": self.source,
            "displayName": self.title or there.get("displayName") or called,
            "description": self.description,
            "threatTypes": list(self.threat_types),
            "confidence": self.confidence,
            "threatIntelligenceTags": list(self.tags),
            "pattern": pattern,
            "patternType": pattern_type,
            "revoked": False,
            "validFrom": since or _wire(now),
            "validUntil": _moment(self.valid_until, there, "validUntil"),
            "externalId": there.get("externalId") if found else stix_id(self.source, pattern),
        }
        properties = {key: value for key, value in stated.items() if value not in (None, [])}
        return {"kind": "indicator", "properties": properties}

    @property
    def called(self) -> str:
        """What it is called where nobody says: the value that it looks for first."""
        return self._pattern()[2]

    def _pattern(self) -> tuple[str, str, str]:
        """Return the pattern, its type, and what it is called where nobody says."""
        if (self.value is None) == (self.pattern is None):
            raise InputError(
                "Give either `value` or `pattern`.",
                hint="`value` for one address, domain, URL, hash or e-mail; `pattern` for STIX.",
            )
        if self.value is not None:
            value = (
                typed(self.value_type, self.value) if self.value_type else recognised(self.value)
            )
            return value.pattern, value.type, value.text
        pattern = (self.pattern or "").strip()
        first = parse(pattern)[0]
        if self.value_type and self.value_type != first.object_type:
            raise InputError(
                f"The pattern is of {first.object_type!r}, not of {self.value_type!r}.",
                hint="Leave `value_type` out; it is taken from the pattern.",
            )
        return pattern, first.object_type, first.values[0] if first.values else pattern

    def _check_validity(self, now: datetime) -> None:
        if self.valid_until is not None and self.valid_until <= (self.valid_from or now):
            raise InputError(
                "The indicator would never be valid: it ends before it begins.",
                hint="Give a `valid_until` after `valid_from`, which is now unless stated.",
            )


def stix_id(source: str, pattern: str) -> str:
    """Return the STIX id of the indicator of a source for a pattern."""
    named = uuid.uuid5(_NAMESPACE, "\n".join((source, pattern)))
    return f"indicator--{named}"


def _moment(stated: datetime | None, there: Document, key: str) -> str | None:
    """Return a time as it is sent: as it is written there already, where it is the same."""
    if stated is None:
        return None
    return str(there[key]) if time(there, key) == stated else _wire(stated)


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
