"""The scenario's promises, on the store that the tests of this run share, at the run's moment."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
import scenario_facts
from stores import built_store

from moment import MOMENT
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.scenario.resources import write_documents
from sentinel_mcp.local.store import Store

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def built(
    tmp_path_factory: pytest.TempPathFactory, checker: Checker
) -> AsyncGenerator[scenario_facts.Built]:
    if await checker.engine() != "kusto_language":
        pytest.skip("there is no .NET here to bind the queries")
    with Store.open(built_store(tmp_path_factory), now=MOMENT) as store:
        catalog = bundled("sentinel").with_tables(store.tables().values())
        connection = store.connect()
        documents = write_documents(store.anchor)
        yield scenario_facts.Built(store.anchor, connection, catalog, documents, checker)
        connection.close()


@pytest.mark.parametrize("fact", scenario_facts.FACTS, ids=lambda fact: fact.__name__)
async def test_a_promise_of_the_scenario_holds(
    built: scenario_facts.Built, fact: scenario_facts.Fact
) -> None:
    assert await fact(built) == []
