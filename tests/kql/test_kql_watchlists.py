"""`_GetWatchlist` bound with the columns of the watchlists that a workspace has."""

from __future__ import annotations

import pytest

from sentinel_mcp.errors import UnsupportedLocally
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.results import UNTIMED
from sentinel_mcp.kql.validator import Checker

KNOWN = bundled("sentinel").with_watchlists(
    {
        "VIPs": {"User Name": "string", "Level": "long", "SearchKey": "string"},
        "Odd": {"x": "dynamic"},
    }
)
FIXED = ["_DTItemId", "LastUpdatedTimeUTC", "SearchKey", "WatchlistItem"]


pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_known_watchlist_yields_its_own_columns_behind_the_fixed_ones(
    checker: Checker,
) -> None:
    vips = await checker.check("_GetWatchlist('VIPs')", KNOWN)
    odd = await checker.check("let a = 'Odd'; _GetWatchlist(a)", KNOWN)
    absent = await checker.check("_GetWatchlist('vips')", KNOWN)

    assert vips.columns
    assert odd.columns
    assert absent.columns
    assert [(each.name, each.type) for each in vips.columns[4:]] == [
        ("User Name", "string"),
        ("Level", "long"),
    ]
    assert [each.name for each in odd.columns] == [*FIXED, "x"]
    assert [each.name for each in absent.columns] == FIXED


async def test_a_column_that_the_watchlist_lacks_is_an_error(checker: Checker) -> None:
    wrong = await checker.check("_GetWatchlist('VIPs') | project Levle", KNOWN)
    right = await checker.check("_GetWatchlist('VIPs') | project Level, ['User Name']", KNOWN)
    elsewhere = await checker.check("_GetWatchlist('Odd') | project Level", KNOWN)

    assert ["'Levle'" in each.message for each in wrong.errors] == [True]
    assert right.errors == ()
    assert len(elsewhere.errors) == 1


async def test_where_no_watchlist_is_known_any_column_may_be_there(checker: Checker) -> None:
    found = await checker.check("_GetWatchlist('VIPs') | project Anything", bundled("sentinel"))

    assert found.errors == ()


async def test_the_parameter_of_a_function_stands_for_whichever_alias_it_is_called_with(
    checker: Checker,
) -> None:
    found = await checker.check(
        "let f = (a:string) { _GetWatchlist(a) | project Level }; f('VIPs')", KNOWN
    )

    assert found.errors == ()


async def test_another_column_makes_another_catalog() -> None:
    same = bundled("sentinel").with_watchlists({"Odd": {"x": "dynamic"}})
    other = bundled("sentinel").with_watchlists({"Odd": {"x": "string"}})

    assert len({same.version, other.version, bundled("sentinel").version}) == 3


async def test_a_rewritten_call_reads_the_whole_table_whatever_the_range(checker: Checker) -> None:
    query = "_GetWatchlist('VIPs') | where Level == 1 | project ['User Name']"

    found = await checker.normalise(query, KNOWN)

    assert found.tables == (f"{UNTIMED}Watchlist",)


async def test_a_call_whose_columns_are_known_at_run_time_only_is_refused(checker: Checker) -> None:
    query = "let a = toscalar(Usage | project DataType); _GetWatchlist(a)"

    with pytest.raises(UnsupportedLocally, match="_GetWatchlist"):
        await checker.normalise(query, KNOWN)
