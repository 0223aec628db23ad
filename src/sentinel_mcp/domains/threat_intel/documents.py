"""Reads Azure's indicators and their metrics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sentinel_mcp.domains.documents import (
    Document,
    Scalar,
    cut,
    flag,
    flattened,
    inner,
    inners,
    name,
    text,
    texts,
    time,
    whole,
)
from sentinel_mcp.domains.shared.stix_patterns import parse
from sentinel_mcp.domains.threat_intel.models import (
    Count,
    Indicator,
    IndicatorDetail,
    IndicatorMetrics,
    KillChainPhase,
    Observable,
    Reference,
    State,
)
from sentinel_mcp.errors import InputError

PATTERN_CHARS = 600
MAX_OBSERVABLES = 50
MAX_ITEMS = 20
MAX_COUNTS = 100

_TOLD = frozenset(
    {
        "confidence",
        "created",
        "createdByRef",
        "description",
        "displayName",
        "externalId",
        "externalReferences",
        "granularMarkings",
        "killChainPhases",
        "labels",
        "lastUpdatedTimeUtc",
        "modified",
        "parsedPattern",
        "pattern",
        "patternType",
        "revoked",
        "source",
        "threatIntelligenceTags",
        "threatTypes",
        "validFrom",
        "validUntil",
    }
)


def read_indicator(document: Document, now: datetime) -> Indicator:
    """Return an indicator as a list shows it."""
    properties = inner(document, "properties")
    return Indicator(
        name=name(document),
        title=text(properties, "displayName", 200),
        pattern=text(properties, "pattern", PATTERN_CHARS),
        pattern_type=text(properties, "patternType", 100),
        state=state_of(document, now),
        confidence=whole(properties, "confidence"),
        source=text(properties, "source", 200),
        threat_types=texts(properties, "threatTypes", 100),
        tags=texts(properties, "threatIntelligenceTags", 100),
        valid_from=time(properties, "validFrom"),
        valid_until=time(properties, "validUntil"),
        updated=time(properties, "lastUpdatedTimeUtc"),
    )


def read_detail(document: Document, workspace: str, now: datetime) -> IndicatorDetail:
    """Return an indicator with all that its resource says."""
    properties = inner(document, "properties")
    observables, notice = _observables(properties)
    return IndicatorDetail(
        workspace=workspace,
        indicator=read_indicator(document, now),
        id=text(document, "id") or "",
        stix_id=text(properties, "externalId", 300),
        description=text(properties, "description"),
        observables=observables,
        kill_chain_phases=[
            KillChainPhase(
                kill_chain=text(each, "killChainName", 200), phase=text(each, "phaseName", 200)
            )
            for each in inners(properties, "killChainPhases")[:MAX_ITEMS]
        ],
        external_references=[
            Reference(
                source=text(each, "sourceName", 200),
                description=text(each, "description", 500),
                url=text(each, "url", 1_000),
                external_id=text(each, "externalId", 200),
            )
            for each in inners(properties, "externalReferences")[:MAX_ITEMS]
        ],
        labels=texts(properties, "labels", 200),
        created=time(properties, "created"),
        created_by=text(properties, "createdByRef", 200),
        modified=time(properties, "modified"),
        properties=_others(document, properties),
        etag=text(document, "etag"),
        notices=[notice] if notice else [],
    )


def state_of(document: Document, now: datetime) -> State:
    """Return whether the indicator is in force at that time."""
    properties = inner(document, "properties")
    if flag(properties, "revoked"):
        return "revoked"
    until, since = time(properties, "validUntil"), time(properties, "validFrom")
    if until is not None and until <= now:
        return "expired"
    return "not_yet_valid" if since is not None and since > now else "active"


def read_metrics(documents: Sequence[Document], workspace: str) -> IndicatorMetrics:
    """Return what Azure counted; of several countings, the latest is told."""
    countings = [inner(each, "properties") for each in documents]
    nothing: Document = {}
    latest = max(
        countings, key=lambda each: text(each, "lastUpdatedTimeUtc") or "", default=nothing
    )
    sources, cuts = _counts(latest, "sourceMetrics", "sources")
    patterns, more = _counts(latest, "patternTypeMetrics", "pattern types")
    threats, most = _counts(latest, "threatTypeMetrics", "threat types")
    total = sum(each.count for each in _all_counts(latest, "sourceMetrics"))
    return IndicatorMetrics(
        workspace=workspace,
        updated=time(latest, "lastUpdatedTimeUtc"),
        total_count=total if latest else None,
        by_source=sources,
        by_pattern_type=patterns,
        by_threat_type=threats,
        notices=[*cuts, *more, *most] if latest else ["Azure has counted no indicators yet."],
    )


def _counts(counting: Document, key: str, what: str) -> tuple[list[Count], list[str]]:
    found = sorted(_all_counts(counting, key), key=lambda each: (-each.count, each.name))
    if len(found) <= MAX_COUNTS:
        return found, []
    return found[:MAX_COUNTS], [f"Of {len(found)} {what}, the largest {MAX_COUNTS} are shown."]


def _all_counts(counting: Document, key: str) -> list[Count]:
    return [
        Count(name=text(each, "metricName", 200) or "", count=whole(each, "metricValue") or 0)
        for each in inners(counting, key)
    ]


def _observables(properties: Document) -> tuple[list[Observable], str | None]:
    pattern = properties.get("pattern")
    if not isinstance(pattern, str) or not pattern:
        return [], None
    try:
        comparisons = parse(pattern)
    except InputError as error:
        return [], f"The pattern is not taken apart: {error.message}"
    found = [
        Observable(
            type=cut(each.object_type, 100),
            property=cut(each.path, 200),
            operator=each.operator,
            value=cut(value, 500) if value is not None else None,
            negated=each.negated,
        )
        for each in comparisons
        for value in (each.values or (None,))
    ]
    if len(found) <= MAX_OBSERVABLES:
        return found, None
    return found[:MAX_OBSERVABLES], f"{MAX_OBSERVABLES} of {len(found)} observables are shown."


def _others(document: Document, properties: Document) -> dict[str, Scalar]:
    known = {"id", "name", "type", "etag", "properties"}
    outside = {key: value for key, value in document.items() if key not in known}
    return flattened({**outside, **properties}, without=_TOLD)
