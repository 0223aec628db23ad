"""Advice on costly and dated ways of writing."""

from __future__ import annotations

import pytest

from sentinel_mcp.kql.catalog import Catalog, TableSchema
from sentinel_mcp.kql.results import Column, Diagnostic
from sentinel_mcp.kql.validator import Checker

pytestmark = pytest.mark.asyncio(loop_scope="session")

RECENT = "where TimeGenerated > ago(1d)"


async def advice(checker: Checker, catalog: Catalog, query: str, code: str) -> list[Diagnostic]:
    check = await checker.check(query, catalog)
    assert check.valid, check.errors
    return [each for each in check.lint if each.code == code]


@pytest.mark.parametrize(
    ("query", "code", "column", "message", "suggestion"),
    [
        (
            "SigninLogs | count",
            "no-time-filter",
            1,
            "SigninLogs is read without a filter on TimeGenerated.",
            "Add `| where TimeGenerated > ago(1d)` right behind it.",
        ),
        ("union Device* | count", "no-time-filter", 7, "Device* is read", "ago(1d)"),
        ("_Im_Dns | count", "no-time-filter", 1, "_Im_Dns is read", "ago(1d)"),
        ("search 'mimikatz'", "search-all", 1, "`search` reads every table", "search in ("),
        ("find where Id == 'x'", "search-all", 1, "`find` reads every table", "find in ("),
        (f"union * | {RECENT} | count", "union-all", 7, "`union *` reads every", "Device*"),
        (
            f"SigninLogs | {RECENT} and UserId contains 'admin'",
            "contains",
            55,
            "`contains` reads every character",
            "Use `has` where 'admin' is a whole word.",
        ),
        (
            f"SigninLogs | {RECENT} and UserId contains_cs 'admin'",
            "contains",
            55,
            "reads every character",
            "Use `has_cs`",
        ),
        (
            f"SigninLogs | {RECENT} | join AuditLogs on CorrelationId",
            "unfiltered-join",
            46,
            "A whole table is joined, on the right.",
            "Filter each side",
        ),
        (
            "let T = SigninLogs; T | join (AuditLogs) on CorrelationId",
            "unfiltered-join",
            25,
            "on the left and right.",
            "Filter each side",
        ),
        (
            f"SigninLogs | {RECENT} | summarize makeset(UserId)",
            "deprecated-function",
            56,
            "`makeset` is deprecated.",
            "Use `make_set`.",
        ),
        (
            f"SigninLogs | {RECENT} | extend a = parsejson(UserId)",
            "deprecated-function",
            57,
            "`parsejson` is deprecated.",
            "Use `parse_json`.",
        ),
    ],
)
async def test_a_costly_or_dated_way_of_writing_is_told_with_a_better_one(
    checker: Checker,
    sentinel: Catalog,
    query: str,
    code: str,
    column: int,
    message: str,
    suggestion: str,
) -> None:
    found = (await advice(checker, sentinel, query, code))[0]

    assert (found.line, found.column) == (1, column)
    assert message in found.message
    assert suggestion in (found.suggestion or "")
    assert found.severity != "error"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (f"SigninLogs | {RECENT} | count", "no-time-filter"),
        ("print x = 1", "no-time-filter"),
        ("_GetWatchlist('a') | count", "no-time-filter"),
        ("search in (SigninLogs) 'x'", "search-all"),
        (f"SigninLogs | {RECENT} | search 'x'", "search-all"),
        (f"union Device*, SigninLogs | {RECENT}", "union-all"),
        (f"SigninLogs | {RECENT} and UserId contains '.exe'", "contains"),
        (f"SigninLogs | {RECENT} and UserId contains 'ab'", "contains"),
        (f"SigninLogs | {RECENT} and UserId contains AppId", "contains"),
        (f"SigninLogs | {RECENT} and UserId has 'admin'", "contains"),
        (
            f"SigninLogs | {RECENT} | join (AuditLogs | {RECENT}) on CorrelationId",
            "unfiltered-join",
        ),
        (
            f"let T = AuditLogs | {RECENT}; SigninLogs | {RECENT} | join T on CorrelationId",
            "unfiltered-join",
        ),
        (
            f"SigninLogs | {RECENT} | join (datatable(UserId:string)['a']) on UserId",
            "unfiltered-join",
        ),
        (
            f"SigninLogs | {RECENT} | join (AuditLogs | summarize count() by CorrelationId) "
            "on CorrelationId",
            "unfiltered-join",
        ),
        (f"SigninLogs | {RECENT} | summarize make_set(UserId)", "deprecated-function"),
    ],
)
async def test_nothing_is_said_of_the_better_way(
    checker: Checker, sentinel: Catalog, query: str, code: str
) -> None:
    assert await advice(checker, sentinel, query, code) == []


async def test_each_table_is_told_once(checker: Checker, sentinel: Catalog) -> None:
    query = "union SigninLogs, SigninLogs, AuditLogs | count"

    found = await advice(checker, sentinel, query, "no-time-filter")

    assert [each.column for each in found] == [7, 31]


async def test_a_documented_table_that_the_workspace_does_not_list_is_told(
    checker: Checker, sentinel: Catalog
) -> None:
    live = sentinel.with_tables([TableSchema("AuditLogs", (Column("Id", "string"),))])

    found = await advice(checker, live, f"SigninLogs | {RECENT} | count", "absent-table")

    assert [(each.line, each.column) for each in found] == [(1, 1)]
    assert await advice(checker, live, f"AuditLogs | {RECENT} | count", "absent-table") == []


async def test_the_advice_of_kustos_own_analyzers_comes_along(
    checker: Checker, sentinel: Catalog
) -> None:
    query = f"SigninLogs | {RECENT} and isnull(UserId) | count"

    assert (await advice(checker, sentinel, query, "KS501"))[0].column == 48
