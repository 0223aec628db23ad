"""What the check of a caller's query means for services that know more than our schema does."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import cast

import pytest

from sentinel_mcp.domains.caller_queries import CallerQueries
from sentinel_mcp.errors import KqlError, QueryRefused
from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.results import Check, CheckEngine, Diagnostic, Refusal
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import Lane, TaskManager

UNKNOWN = Diagnostic("KS204", "error", "The name 'NewTable' is unknown.", 1, 1, 8)
WRONG = Diagnostic("KS001", "error", "Operator expected.", 1, 3, 1)


class Verdict:
    """A checker with one verdict."""

    def __init__(self, check: Check) -> None:
        self._check = check

    async def check(self, query: str, catalog: Catalog) -> Check:
        return self._check


@pytest.fixture
async def tasks() -> AsyncGenerator[TaskManager]:
    manager = TaskManager({Lane.QUERY: 1, Lane.MANAGEMENT: 1})
    yield manager
    await manager.aclose()


def queries(tasks: TaskManager, check: Check) -> CallerQueries:
    # The stand-in has all that is used of a checker.
    return CallerQueries(tasks, Settings(), cast("Checker", Verdict(check)))


async def test_a_name_that_only_the_bundled_schema_lacks_is_a_warning(tasks: TaskManager) -> None:
    held = queries(tasks, Check("kusto_language", (UNKNOWN,)))

    assert await held.warnings("NewTable", "xdr") == [
        "Perhaps not valid: line 1, column 1: The name 'NewTable' is unknown. [KS204]"
    ]


async def test_what_no_schema_can_mend_is_an_error(tasks: TaskManager) -> None:
    held = queries(tasks, Check("kusto_language", (UNKNOWN, WRONG)))

    with pytest.raises(KqlError, match="Operator expected") as failure:
        await held.warnings("x y", "xdr")

    assert "NewTable" not in str(failure.value)


async def test_the_grammar_leaves_the_last_word_to_the_service(tasks: TaskManager) -> None:
    held = queries(tasks, Check("grammar", (WRONG,)))

    perhaps, unchecked = await held.warnings("x y", "sentinel")

    assert perhaps.startswith("Perhaps not valid:")
    assert unchecked.startswith("Only the syntax was checked")


@pytest.mark.parametrize("engine", ["grammar", "kusto_language"])
async def test_the_guard_refuses_whichever_engine_looked(
    tasks: TaskManager, engine: CheckEngine
) -> None:
    refusal = Refusal("externaldata", "It reads from an address.", 1, 1, "SETTING=x")
    held = queries(tasks, Check(engine, (WRONG,), refusals=(refusal,)))

    with pytest.raises(QueryRefused) as failure:
        await held.warnings("externaldata(a:string)['x']", "xdr")

    assert failure.value.hint == "SETTING=x would allow it."


async def test_a_query_that_only_the_grammar_has_read_is_said_to_be_so_and_no_more(
    tasks: TaskManager,
) -> None:
    held = CallerQueries(tasks, Settings(), None)

    [warning] = await held.warnings("DeviceEvents | where Timestamp > ago(1h) | take 5", "xdr")

    assert warning.startswith("Only the syntax was checked")
