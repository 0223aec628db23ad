"""Where logs have the values that were looked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sentinel_mcp.domains.documents import Document, text, time, whole
from sentinel_mcp.domains.threat_intel.holders import hosts_above, written_forms
from sentinel_mcp.domains.threat_intel.models import Sighting
from sentinel_mcp.domains.threat_intel.observables import Value
from sentinel_mcp.domains.threat_intel.places import Sought


def sought(values: Iterable[Value]) -> Sought:
    """Return what the logs are asked for."""
    forms: dict[str, set[str]] = {}
    for value in values:
        forms.setdefault(value.type, set()).update(written_forms(value))
    addresses = forms.get("ipv4-addr", set()) | forms.get("ipv6-addr", set())
    return Sought(
        addresses=sorted(addresses),
        hosts=sorted(forms.get("domain-name", ())),
        urls=sorted(forms.get("url", ())),
        emails=sorted(forms.get("email-addr", ())),
        hashes=sorted(forms.get("file", ())),
    )


def read_sightings(rows: Iterable[Document], values: Sequence[Value]) -> dict[str, list[Sighting]]:
    """Return the places by value as it was given, the most recent first.

    What is under a domain counts as the domain's.
    """
    given: dict[str, list[str]] = {}
    for value in values:
        for form in written_forms(value):
            given.setdefault(form, []).append(value.given)
    found: dict[str, dict[tuple[str, str], Sighting]] = {}
    for row in rows:
        seen = text(row, "Value") or ""
        sighting = Sighting(
            table=text(row, "Place", 200) or "",
            column=text(row, "Field", 200) or "",
            events=whole(row, "Events") or 0,
            first_seen=time(row, "First"),
            last_seen=time(row, "Last"),
        )
        place = sighting.table, sighting.column
        for form in (seen, *hosts_above(seen)):
            for each in given.get(form, ()):
                places = found.setdefault(each, {})
                before = places.get(place)
                places[place] = _together(before, sighting) if before else sighting
    return {each: sorted(places.values(), key=_recency) for each, places in found.items()}


def _together(one: Sighting, other: Sighting) -> Sighting:
    firsts = [each.first_seen for each in (one, other) if each.first_seen]
    lasts = [each.last_seen for each in (one, other) if each.last_seen]
    return Sighting(
        table=one.table,
        column=one.column,
        events=one.events + other.events,
        first_seen=min(firsts, default=None),
        last_seen=max(lasts, default=None),
    )


def _recency(sighting: Sighting) -> tuple[float, str, str]:
    last: datetime | None = sighting.last_seen
    return -last.timestamp() if last else 0.0, sighting.table, sighting.column
