"""Which time a caller's query is run over, and what to say where that may not be what it means."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sentinel_mcp.kql.results import Check, OtherTimes
from sentinel_mcp.kql.timespan import Timespan, parse_timespan

DEFAULT = timedelta(days=1)
"""What a query covers when neither the caller nor its own text says; the portal's default too."""

SLACK = timedelta(days=1)
"""By how much a row may be dated before a time that it was written after: clocks differ."""

LONGEST = timedelta(days=3_650)
"""Of a range that is widened; what is older than any retention takes no range at all."""

_TOLERANCE_S = 1.0

# Only for text whose names did not bind.
_TIME_FILTER = re.compile(
    r"\bTimeGenerated\s*(?:[<>]=?|==|!?between\b|in\b|from\b)|[<>]=?\s*TimeGenerated\b"
)


@dataclass(frozen=True, slots=True)
class AppliedRange:
    """The range to send (None: no limit), where it is from, and the warnings that go with it."""

    requested: str | None
    applied: str | None
    in_query: str | None
    source: Literal["argument", "query", "default", "none"]
    warnings: tuple[str, ...] = ()


def applied_range(query: str, requested: str | None, check: Check, now: datetime) -> AppliedRange:
    """Decide the range: the caller's, else the query's own, else a day.

    Sending nothing makes the service go by the query text alone; a default sent beside a range
    in the text would silently cut it, so it is sent only where the text has none.

    Raises:
        InputError: `requested` is not a range of time.

    """
    in_query = text_of(check)
    if requested is not None:
        timespan = parse_timespan(requested)
        return AppliedRange(
            requested, timespan.iso, in_query, "argument", narrowed(requested, timespan, check, now)
        )
    if in_query is not None:
        return AppliedRange(None, None, in_query, "query", whole_tables(check))
    if check.engine == "grammar" or check.errors:
        return _unbound(query)
    if check.other_times is None and not check.tables:
        return AppliedRange(None, None, None, "none")
    if check.other_times is None or not check.other_times.says_anything:
        return AppliedRange(None, Timespan.of(DEFAULT).iso, None, "default")
    return _by_other_times(check.other_times)


def text_of(check: Check) -> str | None:
    """Return the range that the query keeps TimeGenerated to, as it is written."""
    if check.time_range is None:
        return None
    return f"{check.time_range.start or '…'} to {check.time_range.end or '…'}"


def _unbound(query: str) -> AppliedRange:
    """Decide where names did not bind: which column a filter names is then not known."""
    if _TIME_FILTER.search(query):
        return AppliedRange(None, None, None, "query")
    warnings: tuple[str, ...] = ()
    if any(each in query for each in ("ago(", "now(", "datetime(")):
        warnings = (
            f"Only the last {_words(DEFAULT)} were searched: what the query itself says of time "
            "could not be read. Give `timespan` for more.",
        )
    return AppliedRange(None, Timespan.of(DEFAULT).iso, None, "default", warnings)


def _by_other_times(others: OtherTimes) -> AppliedRange:
    if others.unread:
        return AppliedRange(
            None,
            None,
            None,
            "query",
            (
                "All that is kept was searched: how far back the query's filter on time goes could "
                "not be read. `where TimeGenerated > ago(7d)` or `timespan` makes it faster.",
            ),
        )
    columns = " and ".join(others.columns)
    back = None if others.start_ago_s is None else timedelta(seconds=others.start_ago_s)
    if back is not None and back > LONGEST:
        warning = f"All that is kept was searched: the query filters {columns}, not TimeGenerated."
        return AppliedRange(None, None, None, "query", (warning,))
    wide = DEFAULT if back is None else max(DEFAULT, _whole_hours(back + SLACK))
    span = Timespan.of(wide).iso
    if others.covers:
        warning = (
            f"The query filters {columns}, not TimeGenerated: it was run over the last "
            f"{_words(wide)} of TimeGenerated, which hold every such row."
        )
        return AppliedRange(None, span, None, "query", (warning,))
    warning = (
        f"Only the last {_words(wide)} of TimeGenerated were searched: the query filters "
        f"{columns}, which does not tell how far back its rows were written. Give `timespan` "
        "(P90D) for more."
    )
    return AppliedRange(None, span, None, "default", (warning,))


def whole_tables(check: Check) -> tuple[str, ...]:
    """Say which tables are read whole, of a query that is sent without a range."""
    return tuple(
        f"Read as far back as it is kept: {each.message}"
        for each in check.lint
        if each.code == "no-time-filter"
    )


def narrowed(requested: str, timespan: Timespan, check: Check, now: datetime) -> tuple[str, ...]:
    """Say that the caller's range cuts what the query asks for."""
    start, end = timespan.bounds(now)
    start_ago_s, end_ago_s = (now - start).total_seconds(), (now - end).total_seconds()
    others = check.other_times
    if check.time_range is not None:
        own, own_start, own_end = (
            text_of(check),
            check.time_range.start_ago_s,
            check.time_range.end_ago_s or 0.0,
        )
    elif others is not None and others.start is not None:
        own, own_start, own_end = f"{others.start} to …", others.start_ago_s, end_ago_s
    else:
        return ()
    cut_before = own_start is not None and own_start > start_ago_s + _TOLERANCE_S
    cut_behind = own_end < end_ago_s - _TOLERANCE_S
    if not (cut_before or cut_behind):
        return ()
    return (
        f"`timespan` {requested} is narrower than what the query asks for ({own}): only what both "
        "hold was searched. Leave `timespan` out to let the query decide.",
    )


def _whole_hours(span: timedelta) -> timedelta:
    return timedelta(hours=math.ceil(span / timedelta(hours=1)))


def _words(span: timedelta) -> str:
    hours = round(span / timedelta(hours=1))
    return f"{hours // 24} days" if hours % 24 == 0 and hours > 24 else f"{hours} hours"
