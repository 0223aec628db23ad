"""Which range of time a query keeps to by itself."""

from __future__ import annotations

import pytest

from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.functions import FunctionSchema
from sentinel_mcp.kql.results import OtherTimes, TimeRange
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
        ("TimeGenerated >= startofmonth(now(), -1)", "startofmonth(now(), -1)", None),
        ("TimeGenerated > datetime_add('day', -7, now())", "datetime_add('day', -7, now())", None),
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


@pytest.mark.parametrize(
    ("clause", "start", "end"),
    [
        ("from ago(14d) to now() step 1d", "ago(14d)", "now()"),
        ("from ago(14d) step 1d", "ago(14d)", None),
        ("in range(ago(3d), now(), 1h)", "ago(3d)", "now()"),
    ],
)
async def test_a_series_over_time_keeps_to_its_own_ends(
    checker: Checker, sentinel: Catalog, clause: str, start: str, end: str | None
) -> None:
    query = f"SigninLogs | make-series n = count() on TimeGenerated {clause} by UserId"

    assert await told(checker, sentinel, query) == (start, end)


SAVED = [
    FunctionSchema("Month", "", "body", body="SigninLogs | where TimeGenerated > ago(30d)"),
    FunctionSchema("Nested", "", "body", body="union Month, (AuditLogs | take 1)"),
    FunctionSchema(
        "Since", "w:timespan = 3d", "body", body="SigninLogs | where TimeGenerated > ago(w)"
    ),
    FunctionSchema("Whole", "", "body", body="SigninLogs | project TimeGenerated, UserId"),
]


@pytest.mark.parametrize(
    ("query", "start"),
    [
        ("Month | count", "ago(30d)"),
        ("Month() | where TimeGenerated > ago(5d)", "ago(5d)"),
        ("union Month, (AuditLogs | where TimeGenerated > ago(1d)) | count", "ago(30d)"),
        ("Whole | where TimeGenerated > ago(7d) | count", "ago(7d)"),
        ("Since(10d) | count", "ago(w)"),
        ("Nested | count", None),
    ],
)
async def test_what_a_saved_function_keeps_to_counts_as_the_query_s_own(
    checker: Checker, sentinel: Catalog, query: str, start: str | None
) -> None:
    catalog = sentinel.with_functions(SAVED)

    assert await told(checker, catalog, query) == (start, None)


async def test_a_saved_function_without_a_range_says_nothing_of_time(
    checker: Checker, sentinel: Catalog
) -> None:
    check = await checker.check("Whole | count", sentinel.with_functions(SAVED))

    assert (check.time_range, check.other_times) == (None, OtherTimes(()))


def days(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 86_400, 1)


@pytest.mark.parametrize(
    ("query", "columns", "back", "covers"),
    [
        ("SecurityIncident | where CreatedTime > ago(10d)", ("CreatedTime",), 10, True),
        ("SecurityIncident | where ago(10d) <= CreatedTime", ("CreatedTime",), 10, True),
        ("SecurityIncident | where CreatedTime < ago(10d)", ("CreatedTime",), 10, False),
        (
            "SecurityAlert | where StartTime between (ago(9d) .. now()) and EndTime > ago(8d)",
            ("EndTime", "StartTime"),
            8,
            True,
        ),
        (
            "SecurityAlert | make-series count() on StartTime from ago(5d) to now() step 1d",
            ("StartTime",),
            5,
            True,
        ),
        (
            "SecurityIncident | where CreatedTime > ago(4d) "
            "| join (SecurityAlert | where StartTime > ago(6d)) on Title",
            ("CreatedTime", "StartTime"),
            6,
            True,
        ),
        (
            "SecurityIncident | where CreatedTime > ago(4d) | join SecurityAlert on Title",
            ("CreatedTime",),
            4,
            False,
        ),
        ("ThreatIntelIndicators | where ValidUntil > ago(3d)", ("ValidUntil",), 3, False),
        (
            "SigninLogs | summarize began = min(TimeGenerated) by UserId | where began > ago(1d)",
            ("began",),
            1,
            False,
        ),
        ("SigninLogs | where UserId == 'ago(3d)'", (), None, False),
        ("SigninLogs | where hourofday(TimeGenerated) > 18", (), None, False),
    ],
)
async def test_other_times_are_told_with_the_earliest_moment_they_are_compared_with(
    checker: Checker,
    sentinel: Catalog,
    query: str,
    columns: tuple[str, ...],
    back: float | None,
    covers: bool,
) -> None:
    check = await checker.check(query, sentinel)

    others = check.other_times
    assert others is not None
    assert others.columns == columns
    assert days(others.start_ago_s) == back
    assert (others.covers, others.unread) == (covers, False)


@pytest.mark.parametrize(
    "condition",
    [
        "TimeGenerated > ago(7d) or UserId == 'a'",
        "not(TimeGenerated < ago(7d))",
        "now() - TimeGenerated < 7d",
        "datetime_diff('day', now(), TimeGenerated) < 7",
        "TimeGenerated !between (ago(7d) .. now())",
        "CreatedDateTime > toscalar(print ago(7d))",
    ],
)
async def test_a_filter_on_time_that_is_not_understood_is_said_to_be_there(
    checker: Checker, sentinel: Catalog, condition: str
) -> None:
    check = await checker.check(f"SigninLogs | where {condition}", sentinel)

    assert check.time_range is None
    assert check.other_times is not None
    assert check.other_times.unread


async def test_defender_counts_time_by_its_own_column(checker: Checker, xdr: Catalog) -> None:
    query = "DeviceEvents | where Timestamp > ago(7d) | count"

    assert await told(checker, xdr, query) == ("ago(7d)", None)
