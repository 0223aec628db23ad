"""The fall-back without .NET: what it can tell, and what it leaves open."""

from __future__ import annotations

import pytest

from sentinel_mcp.errors import InputError, KqlError
from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.validator import Checker

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def by_grammar() -> Checker:
    return Checker(prefer_grammar=True, timeout_s=60)


async def test_every_answer_says_that_only_the_syntax_was_checked(
    by_grammar: Checker, sentinel: Catalog
) -> None:
    check = await by_grammar.check("SigninLogs | where Nowhere == 1 | take 5", sentinel)

    assert check.engine == "grammar"
    assert await by_grammar.engine() == "grammar"
    assert check.valid is None
    assert check.columns is None
    assert check.formatted is None
    assert [(each.code, each.severity) for each in check.diagnostics] == [
        ("syntax-only", "information")
    ]


@pytest.mark.parametrize(
    ("query", "code", "line", "column", "suggestion"),
    [
        ("", "no-result", 1, 1, None),
        ("// nothing", "no-result", 1, 1, None),
        ("SigninLogs\n| whre UserId == 1", "operator-expected", 2, 3, "Did you mean 'where'?"),
        ("SigninLogs | | take 1", "operator-expected", 1, 12, None),
        ("SigninLogs |", "operator-expected", 1, 12, None),
        ("SigninLogs | where", "incomplete", 1, 14, None),
        ("SigninLogs | where UserId == 'open", "unterminated-string", 1, 30, None),
        ("SigninLogs | where (UserId == ''", "unbalanced", 1, 20, None),
        ("SigninLogs | where UserId == '')", "unbalanced", 1, 32, None),
        ("SigninLogs | take 1 ]", "unbalanced", 1, 21, None),
    ],
)
async def test_what_no_kql_can_be_is_an_error_with_its_place(
    by_grammar: Checker,
    sentinel: Catalog,
    query: str,
    code: str,
    line: int,
    column: int,
    suggestion: str | None,
) -> None:
    check = await by_grammar.check(query, sentinel)

    assert check.valid is False
    found = check.errors[0]
    assert (found.code, found.line, found.column) == (code, line, column)
    assert found.suggestion == suggestion


@pytest.mark.parametrize(
    "query",
    [
        "table('SigninLogs') | take 1",
        "SigninLogs | summarize count() by UserId | top 20 by count asc",
        "print x = " + "(" * 300 + "1" + ")" * 300,
        "SigninLogs | where UserId in (" + ", ".join(["'x'"] * 20_000) + ")",
    ],
)
async def test_what_the_grammar_cannot_judge_is_a_warning_never_an_error(
    by_grammar: Checker, sentinel: Catalog, query: str
) -> None:
    check = await by_grammar.check(query, sentinel)

    assert check.valid is None
    assert {each.severity for each in check.diagnostics} <= {"warning", "information"}


async def test_known_tables_are_found_by_their_place(
    by_grammar: Checker, sentinel: Catalog
) -> None:
    query = (
        "let T = SecurityEvent | where Account == 'AuditLogs';\n"
        "union T, (SigninLogs | take 1) | join kind=inner Heartbeat on Computer // OfficeActivity"
    )

    check = await by_grammar.check(query, sentinel)

    assert check.tables == ("SecurityEvent", "SigninLogs", "Heartbeat")


async def test_what_cannot_be_rewritten_is_handed_on_as_not_bound(
    by_grammar: Checker, sentinel: Catalog
) -> None:
    normalised = await by_grammar.normalise("SigninLogs | take 1", sentinel)

    assert not normalised.bound
    assert normalised.text == "SigninLogs | take 1"
    assert normalised.tables == ("SigninLogs",)
    assert normalised.columns is None
    with pytest.raises(KqlError, match="Line 1, column 12"):
        await by_grammar.normalise("SigninLogs |", sentinel)


async def test_the_same_text_is_refused_with_either_engine(
    by_grammar: Checker, sentinel: Catalog
) -> None:
    for query in ("x" * 1_000_000, "print '\0'", "print '\ud800'"):
        with pytest.raises(InputError):
            await by_grammar.check(query, sentinel)
