"""Which indicators are searched for: what Azure is asked, and what is kept of its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentinel_mcp.domains.documents import Document, inner, strings, text
from sentinel_mcp.domains.shared.entity import Subject, read_value, without_scheme
from sentinel_mcp.domains.shared.text_patterns import text_pattern
from sentinel_mcp.domains.threat_intel.documents import state_of
from sentinel_mcp.domains.threat_intel.models import PatternType, Sort
from sentinel_mcp.errors import InputError

Criteria = dict[str, Any]
"""Azure's `ThreatIntelligenceFilteringCriteria`. Any: JSON."""

_SORTING: dict[Sort, tuple[str, str]] = {
    "updated": ("lastUpdatedTimeUtc", "descending"),
    "created": ("created", "descending"),
    "confidence": ("confidence", "descending"),
    "expiry": ("validUntil", "ascending"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorFilter:
    """What a caller asks for; nothing set keeps every indicator that is in force."""

    value: str | None = None
    pattern_type: PatternType | None = None
    source: str | None = None
    threat_type: str | None = None
    keyword: str | None = None
    min_confidence: int | None = None
    max_confidence: int | None = None
    valid_at: datetime | None = None
    include_inactive: bool = False
    sort: Sort = "updated"

    def check(self) -> None:
        """Refuse what cannot hold.

        Raises:
            InputError: the bounds exclude each other.

        """
        low, high = self.min_confidence or 0, self.max_confidence
        if high is not None and low > high:
            raise InputError(
                f"No confidence is at least {low} and at most {high}.", hint="Swap the two."
            )

    @property
    def criteria(self) -> Criteria:
        """What Azure is asked.

        Of a value Azure takes a keyword, which it looks for in patterns, names and more; that it
        is in the pattern is looked at here. A time of validity is not sent: Azure's bound on
        `validUntil` would leave out what never expires.
        """
        key, order = _SORTING[self.sort]
        keyword = self._searched or self.keyword
        stated = {
            "minConfidence": self.min_confidence,
            "maxConfidence": self.max_confidence,
            "patternTypes": [self.pattern_type] if self.pattern_type else None,
            "sources": [self.source] if self.source else None,
            "threatTypes": [self.threat_type] if self.threat_type else None,
            "keywords": [keyword] if keyword else None,
            "includeDisabled": self.include_inactive or self.valid_at is not None,
            "sortBy": [{"itemKey": key, "sortOrder": order}],
        }
        return {key: value for key, value in stated.items() if value is not None}

    @property
    def local(self) -> list[str]:
        """The arguments that are looked at here, page by page, not by Azure alone."""
        return [name for name in ("value", "valid_at") if getattr(self, name) is not None]

    @property
    def subject(self) -> Subject | None:
        """What `value` names; None where nothing is looked for.

        Raises:
            InputError: it is nothing that can be looked for.

        """
        return read_value(self.value) if self.value else None

    @property
    def _searched(self) -> str | None:
        """What every pattern with the value has in it, as far as that is one text."""
        subject = self.subject
        if subject is None:
            return None
        match subject.kind:
            case "network":
                # A pattern that names one of its addresses has the beginning of the network.
                return _beginning(subject.names["network"][0])
            case "url":
                return without_scheme(subject.value)
            case "ip":
                return subject.names["address"][0]
            case "domain":
                return subject.names["domain"][0]
            case _:
                return subject.value

    def keeps(self, document: Document, now: datetime) -> bool:
        """Whether an indicator that Azure sent passes."""
        properties = inner(document, "properties")
        subject = self.subject
        if subject and not _holds(properties.get("pattern"), subject, self._searched):
            return False
        if self._searched and self.keyword and not _mentions(properties, self.keyword):
            return False
        if self.include_inactive and self.valid_at is None:
            return True
        state = state_of(document, self.valid_at or now)
        return state == "active" or (self.include_inactive and state == "revoked")


def _holds(pattern: object, subject: Subject, piece: str | None) -> bool:
    if not isinstance(pattern, str):
        return False
    plain = pattern.replace("\\'", "'").replace("\\\\", "\\")
    names = text_pattern(subject)
    if names.names and names.is_in(plain):
        return True
    # A piece of a name is looked for, too; a piece of an address would be another address.
    is_text = subject.kind not in ("ip", "network")
    return is_text and bool(piece) and (piece or "").casefold() in plain.casefold()


def _beginning(network: str) -> str | None:
    """Return the text that all addresses of a network begin with."""
    address, _, prefix = network.partition("/")
    if ":" in address:
        return address.partition("::")[0].partition(":")[0] or None
    octets = address.split(".")[: int(prefix) // 8]
    return ".".join(octets) or None


def _mentions(properties: Document, keyword: str) -> bool:
    told = [text(properties, each) for each in ("displayName", "description", "pattern", "source")]
    tags = strings(properties, "threatIntelligenceTags")
    return keyword.casefold() in "\n".join(filter(None, [*told, *tags])).casefold()
