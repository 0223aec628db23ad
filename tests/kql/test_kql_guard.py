"""Which constructs the guard refuses, with either engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.validator import Checker

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALLOW = "SENTINEL_ALLOW_KQL"
WORKSPACES = "SENTINEL_ALLOWED_REMOTE_WORKSPACES"

REFUSED = [
    (".show tables", 1, 1, f"{ALLOW}=management"),
    ("// x\n.drop table SigninLogs", 2, 1, f"{ALLOW}=management"),
    ("externaldata(a:string)['https://x']", 1, 1, f"{ALLOW}=externaldata"),
    ("union SigninLogs, (externaldata(a:string)['https://x'])", 1, 20, f"{ALLOW}=externaldata"),
    ("let x = externaldata(a:string)['h']; SigninLogs", 1, 9, f"{ALLOW}=externaldata"),
    ("external_table('x') | take 1", 1, 1, f"{ALLOW}=externaldata"),
    ("SigninLogs | evaluate http_request('https://x')", 1, 23, f"{ALLOW}=http_request"),
    ("SigninLogs | evaluate http_request_post('https://x')", 1, 23, f"{ALLOW}=http_request"),
    ("SigninLogs | evaluate sql_request('x', 'y')", 1, 23, f"{ALLOW}=http_request"),
    ("SigninLogs | evaluate cosmosdb_sql_request('x', 'y')", 1, 23, f"{ALLOW}=http_request"),
    ("SigninLogs | evaluate python(typeof(*), 'x')", 1, 23, f"{ALLOW}=http_request"),
    ("SigninLogs | evaluate made_up_tomorrow('x')", 1, 23, f"{ALLOW}=http_request"),
    ("cluster('c').database('d').T | take 1", 1, 1, f"{ALLOW}=cluster"),
    ("['cluster']('c').database('d').T", 1, 1, f"{ALLOW}=cluster"),
    ("CLUSTER('c').database('d').T", 1, 1, f"{ALLOW}=cluster"),
    ("database('d').T | take 1", 1, 1, f"{ALLOW}=cluster"),
    ("adx('https://c/d').T | take 1", 1, 1, f"{ALLOW}=cluster"),
    ("arg('').Resources | take 1", 1, 1, f"{ALLOW}=cluster"),
    ("let f = () { cluster('c').database('d').T }; f()", 1, 14, f"{ALLOW}=cluster"),
    ("SigninLogs | where Id in ((cluster('c').database('d').T))", 1, 28, f"{ALLOW}=cluster"),
    ("SigninLogs | where Id in ((workspace('w').T | project Id))", 1, 28, f"{WORKSPACES}=w"),
    ("union SigninLogs, workspace('w').SigninLogs", 1, 19, f"{WORKSPACES}=w"),
    ("app('a').requests | take 1", 1, 1, f"{WORKSPACES}=a"),
    ("resource('/subscriptions/s').T | take 1", 1, 1, f"{WORKSPACES}=/subscriptions/s"),
]

HARMLESS = [
    "SigninLogs | where UserId == 'externaldata' // cluster('x').database('y')",
    "SigninLogs | where UserId has 'workspace(\"x\").T' and Id == @'.show tables'",
    "SigninLogs | extend cluster = 1, workspace = 2, app = 3 | project cluster",
    "CommonSecurityLog | evaluate bag_unpack(todynamic(Message))",
    "SigninLogs | evaluate pivot(ResultType, count(), UserId)",
    "AzureActivity | where ResourceId has 'x' or true",
    "print 'h', h'http_request(1)', ```cluster('x')```",
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lenient() -> AsyncGenerator[Checker]:
    """A checker that lets everything through that a setting can allow."""
    checker = Checker(
        timeout_s=60,
        allow=("externaldata", "http_request", "cluster", "management"),
        allowed_workspaces=("soc", "/subscriptions/S/resourceGroups/g"),
    )
    yield checker
    await checker.aclose()


@pytest.fixture(scope="session")
def by_grammar() -> Checker:
    return Checker(prefer_grammar=True, timeout_s=60)


@pytest.mark.parametrize(("query", "line", "column", "setting"), REFUSED)
async def test_what_reaches_beyond_the_workspace_is_refused_and_the_setting_named(
    checker: Checker, sentinel: Catalog, query: str, line: int, column: int, setting: str
) -> None:
    refusal = (await checker.check(query, sentinel)).refusals[0]

    assert (refusal.line, refusal.column, refusal.allowed_by) == (line, column, setting)
    assert refusal.construct
    assert refusal.reason


@pytest.mark.parametrize(("query", "line", "column", "setting"), REFUSED)
async def test_the_grammar_refuses_the_same(
    by_grammar: Checker, sentinel: Catalog, query: str, line: int, column: int, setting: str
) -> None:
    refusal = (await by_grammar.check(query, sentinel)).refusals[0]

    assert refusal.line == line
    assert refusal.allowed_by == setting
    assert abs(refusal.column - column) <= 1  # it points into a bracketed name


@pytest.mark.parametrize("query", HARMLESS)
async def test_words_in_strings_comments_and_names_are_no_constructs(
    checker: Checker, by_grammar: Checker, sentinel: Catalog, query: str
) -> None:
    assert (await checker.check(query, sentinel)).refusals == ()
    assert (await by_grammar.check(query, sentinel)).refusals == ()


@pytest.mark.parametrize(
    "query",
    [
        *(query for query, _, _, setting in REFUSED if setting.startswith(ALLOW)),
        "workspace('soc').SigninLogs | take 1",
        "workspace('SOC').SigninLogs | take 1",
        "let w = 'soc'; workspace('soc').SigninLogs | take 1",
        "resource('/subscriptions/s/resourcegroups/G').T | take 1",
    ],
)
async def test_a_setting_allows_what_it_names(
    lenient: Checker, sentinel: Catalog, query: str
) -> None:
    assert (await lenient.check(query, sentinel)).refusals == ()


@pytest.mark.parametrize(
    ("query", "allowed_by"),
    [
        ("workspace('other').SigninLogs", f"{WORKSPACES}=other"),
        ("workspace('soc-2').SigninLogs", f"{WORKSPACES}=soc-2"),
        ("workspace(strcat('s', 'oc')).SigninLogs", None),
        ("SigninLogs | extend w = 'soc' | where Id in ((workspace(w).T))", None),
        ("workspace().SigninLogs", None),
        ("workspace('soc', 'other').SigninLogs", f"{WORKSPACES}=soc"),
    ],
)
async def test_only_a_listed_workspace_named_in_plain_text_is_allowed(
    lenient: Checker, sentinel: Catalog, query: str, allowed_by: str | None
) -> None:
    refusals = (await lenient.check(query, sentinel)).refusals

    assert [each.allowed_by for each in refusals] == [allowed_by]


async def test_a_query_with_mistakes_is_guarded_all_the_same(
    checker: Checker, sentinel: Catalog
) -> None:
    broken = "SigninLogs | where Nowhere == 1 ) | union (externaldata(a:string)['h']), cluster('c')"

    check = await checker.check(broken, sentinel)

    assert not check.valid
    assert {each.construct for each in check.refusals} >= {"externaldata", "cluster"}


async def test_a_query_too_deep_to_bind_is_guarded_all_the_same(
    checker: Checker, sentinel: Catalog
) -> None:
    terms = " or ".join(f"Id == '{index}'" for index in range(800))

    check = await checker.check(f"cluster('c').database('d').T | where {terms}", sentinel)

    assert [each.construct for each in check.refusals] == ["cluster", "database"]
