"""Which range of time a query keeps to by itself."""

from __future__ import annotations

import pytest

from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.results import TimeRange
from sentinel_mcp.kql.validator import Checker

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def told(checker: Checker, catalog: Catalog, query: str) -> tuple[str | None, str | None]:
    check = await checker.check(query, catalog)
    assert check.valid, check.errors
    assert check.time_range is not None
    return check.time_range.start, check.time_range.end


@pytest.mark.parametrize(
    ("condition", "start", "end"),
    [
        ("TimeGenerated > ago(7d)", "ago(7d)", None),
        ("TimeGenerated >= ago(1.5d)", "ago(1.5d)", None),
        ("TimeGenerated > ago(90days)", "ago(90days)", None),
        ("TimeGenerated > now(-30d)", "now(-30d)", None),
        ("TimeGenerated > now() - 36h", "now() - 36h", None),
        ("ago(7d) <= TimeGenerated", "ago(7d)", None),
        ("now(-1d) > TimeGenerated", None, "now(-1d)"),
        ("(TimeGenerated > ago(7d)) and UserId == 'a'", "ago(7d)", None),
        ("TimeGenerated < ago(1h) and TimeGenerated > ago(1d)", "ago(1d)", "ago(1h)"),
        (
            "TimeGenerated between (datetime(2026-01-01) .. datetime(2026-03-01))",
            "datetime(2026-01-01)",
            "datetime(2026-03-01)",
        ),
        ("TimeGenerated between (ago(2d) .. 12h)", "ago(2d)", "ago(2d) + 12h"),
        ("TimeGenerated >= startofday(ago(7d))", "startofday(ago(7d))", None),
        ("bin(TimeGenerated, 1d) >= ago(7d)", "ago(7d)", None),
        ("['TimeGenerated'] > ago(7d)", "ago(7d)", None),
        ("TimeGenerated > ago(1d) and TimeGenerated > ago(5h)", "ago(5h)", None),
        ("TimeGenerated > ago(3d) // ago(365d)", "ago(3d)", None),
        ("TimeGenerated > ago(3d) and UserId == 'ago(300d)'", "ago(3d)", None),
        (
            "TimeGenerated == datetime(2026-01-01)",
            "datetime(2026-01-01)",
            "datetime(2026-01-01)",
        ),
    ],
)
async def test_a_filter_on_time_is_told_as_it_is_written(
    checker: Checker, sentinel: Catalog, condition: str, start: str | None, end: str | None
) -> None:
    query = f"SigninLogs | where {condition}\n| count"

    assert await told(checker, sentinel, query) == (start, end)


@pytest.mark.parametrize(
    ("query", "start"),
    [
        ("let w = 90d; SigninLogs | where TimeGenerated > ago(w) | count", "ago(90d)"),
        ("let w = 7d; SigninLogs | where TimeGenerated > ago(2 * w) | count", "ago(2 * 7d)"),
        ("let w = 1d + 2h; SigninLogs | where TimeGenerated > ago(2*w)", "ago(2*(1d + 2h))"),
        ("let s = ago(9d); SigninLogs | where TimeGenerated > s | count", "ago(9d)"),
        ("let s = now(); SigninLogs | where TimeGenerated > s - 4h | count", "now() - 4h"),
    ],
)
async def test_constants_are_told_by_their_values(
    checker: Checker, sentinel: Catalog, query: str, start: str
) -> None:
    assert await told(checker, sentinel, query) == (start, None)


@pytest.mark.parametrize(
    ("query", "start"),
    [
        # a filter holds for rows that reach it, wherever they come from
        ("union SigninLogs, AuditLogs | where TimeGenerated > ago(3d) | count", "ago(3d)"),
        ("SigninLogs | union AuditLogs | where TimeGenerated > ago(3d) | count", "ago(3d)"),
        (
            "let T = SigninLogs | project TimeGenerated; T | where TimeGenerated > ago(3d)",
            "ago(3d)",
        ),
        ("SigninLogs | extend a = 1 | sort by Id | where TimeGenerated > ago(3d)", "ago(3d)"),
        ("search in (SigninLogs, AuditLogs) TimeGenerated > ago(3d) and 'x'", "ago(3d)"),
        ("search TimeGenerated > ago(3d) and 'x'", "ago(3d)"),
        # the widest of several
        (
            "union (SigninLogs | where TimeGenerated > ago(1d)), "
            "(AuditLogs | where TimeGenerated > ago(1h)) | count",
            "ago(1d)",
        ),
        (
            "let T = materialize(SigninLogs | where TimeGenerated > ago(14d)); "
            "T | where TimeGenerated > ago(1d) | join (T | where TimeGenerated < ago(1d)) on Id",
            "ago(14d)",
        ),
        (
            "SigninLogs | where TimeGenerated > ago(1d) "
            "| join (AuditLogs | where TimeGenerated > datetime(2020-01-01)) on CorrelationId",
            "datetime(2020-01-01)",
        ),
        # functions of the query, with arguments, names and defaults
        (
            "let f = (w:timespan = 3d) { SigninLogs | where TimeGenerated > ago(w) }; "
            "union f(), f(10d), f(w = 2d) | count",
            "ago(10d)",
        ),
        ("let f = (w:timespan = 3d) { SigninLogs | where TimeGenerated > ago(w) }; f()", "ago(3d)"),
        # parsers that take the range as arguments
        ("_Im_Dns(starttime=ago(2d)) | count", "ago(2d)"),
        ("_Im_Dns(ago(2d)) | count", "ago(2d)"),
    ],
)
async def test_the_range_is_the_widest_that_is_read(
    checker: Checker, sentinel: Catalog, query: str, start: str
) -> None:
    assert await told(checker, sentinel, query) == (start, None)


async def test_a_bound_that_only_a_run_could_tell_is_told_as_kql(
    checker: Checker, sentinel: Catalog
) -> None:
    query = (
        "let began = toscalar(AuditLogs | where TimeGenerated > ago(1d) "
        "| summarize min(TimeGenerated)); SigninLogs | where TimeGenerated > began | count"
    )

    start, _ = await told(checker, sentinel, query)

    assert start is not None
    assert start.startswith("min_of(ago(1d), ")
    check = await checker.check(f"print x = {start}", sentinel)
    assert check.valid


@pytest.mark.parametrize(
    "query",
    [
        "SigninLogs | count",
        "SigninLogs | where TimeGenerated !between (ago(7d) .. now())",
        "SigninLogs | where TimeGenerated > ago(7d) or UserId == 'a'",
        "SigninLogs | where CreatedDateTime > ago(7d)",
        "SigninLogs | summarize TimeGenerated = max(TimeGenerated) by Id "
        "| where TimeGenerated > ago(1d)",
        "SigninLogs | take 10 | where TimeGenerated > ago(1d)",
        "// ago(365d)\nSigninLogs | where UserId == 'ago(30d)'",
        "print now()",
    ],
)
async def test_what_bounds_no_reading_is_no_range(
    checker: Checker, sentinel: Catalog, query: str
) -> None:
    check = await checker.check(query, sentinel)

    assert check.valid
    assert check.time_range is None


@pytest.mark.parametrize(
    "query",
    [
        "SigninLogs | where TimeGenerated > ago(7d) | join AuditLogs on CorrelationId",
        "union (SigninLogs | where TimeGenerated > ago(7d)), AuditLogs",
        "let T = SigninLogs; T | where TimeGenerated > ago(7d) | join (T | take 1) on Id",
    ],
)
async def test_a_bound_is_open_where_one_reading_has_none(
    checker: Checker, sentinel: Catalog, query: str
) -> None:
    check = await checker.check(query, sentinel)

    assert check.time_range == TimeRange(None, None)


async def test_defender_counts_time_by_its_own_column(checker: Checker, xdr: Catalog) -> None:
    query = "DeviceEvents | where Timestamp > ago(7d) | count"

    assert await told(checker, xdr, query) == ("ago(7d)", None)
