"""Which requests only read: the closed list behind the read-only guard and the retry policy."""

from __future__ import annotations

import re
from urllib.parse import urlsplit


def _paths(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


# Each pattern is the whole path, or its end after a fixed parent. None matches on a last word
# alone: a POST to `…/sourcecontrols/query` must not pass because it ends in `query`.
_QUERIES = _paths(
    r"/v1/workspaces/[^/]+/(query|search)",
    r"/v1/subscriptions/.+/query",
    r"/v1\.0/security/runHuntingQuery",
    r"/lake/kql/v2/rest/query",
)
_SENTINEL = r".+/providers/Microsoft\.SecurityInsights"
_LISTINGS = _paths(
    r"/v1/workspaces/[^/]+/metadata",
    _SENTINEL + r"/incidents/[^/]+/(alerts|entities|bookmarks)",
    _SENTINEL + r"/threatIntelligence/[^/]+/(query|count|queryIndicators)",
    _SENTINEL + r"/entities/[^/]+/getTimeline",
    _SENTINEL + r"/enrichment/[^/]+/(listGeodataByIp|listWhoisByDomain)",
    r"/providers/Microsoft\.ResourceGraph/resources",
    r"/subscriptions/[^/]+/metrics:getBatch",
    r"/v1\.0/directoryObjects/getByIds",
)

# What could make a server see another path than the one compared here.
_DISGUISE = re.compile(r"%(00|23|25|2e|2f|3b|3f|5c)|\\|/\.{1,2}(/|$)|//|;", re.IGNORECASE)


def only_reads(method: str, url: str) -> bool:
    """Return whether a request changes nothing at Azure, judged by method and path."""
    return method.upper() in ("GET", "HEAD") or _posts_to(method, url, _QUERIES + _LISTINGS)


def runs_query(method: str, url: str) -> bool:
    """Return whether a request runs a query: it reads, and running it twice costs twice."""
    return _posts_to(method, url, _QUERIES)


def _posts_to(method: str, url: str, paths: tuple[re.Pattern[str], ...]) -> bool:
    path = urlsplit(url).path
    return (
        method.upper() == "POST"
        and not _DISGUISE.search(path)
        and any(pattern.fullmatch(path) for pattern in paths)
    )
