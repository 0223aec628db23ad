"""A column that the store leaves empty is read once a row fills it: appended or taken in."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from azure.monitor.query import LogsQueryResult
from azure.monitor.query.aio import LogsQueryClient
from tests.local.stores import built_store, copied

from moment import MOMENT, clock
from sentinel_mcp.engine.tables import stored_tables
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local import identity
from sentinel_mcp.local.appended import AppendedRows
from sentinel_mcp.local.ingest import ingest
from sentinel_mcp.local.store import Store
from sentinel_mcp.local.workspace import LocalWorkspace

pytestmark = pytest.mark.asyncio(loop_scope="session")

TABLE = "SecurityEvent"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def workspace(
    tmp_path_factory: pytest.TempPathFactory, checker: Checker
) -> AsyncGenerator[LocalWorkspace]:
    store = copied(built_store(tmp_path_factory), tmp_path_factory.mktemp("changes") / "store")
    async with LocalWorkspace(
        store, Store.open(store, now=MOMENT), checker, clock=clock()
    ) as opened:
        yield opened


async def counted(workspace: LocalWorkspace, condition: str) -> object:
    async with LogsQueryClient(
        workspace.make_credential(), transport=workspace.make_transport()
    ) as client:
        query = f"{TABLE} | where {condition} | count"
        answer = await client.query_workspace(identity.WORKSPACE_ID, query, timespan=None)
    assert isinstance(answer, LogsQueryResult)
    return answer.tables[0].rows[0][0]


async def test_a_column_that_is_empty_in_the_store_is_read_when_rows_come(
    workspace: LocalWorkspace, tmp_path: Path
) -> None:
    with workspace.store.connect() as connection:
        column = min(each for each in stored_tables(connection)[TABLE].empty if each[0] != "_")
    sought = (f"{column} == 'seldom-1'", "* has 'seldom'", "* matches regex '^seldom-[0-9]$'")
    assert [await counted(workspace, each) for each in sought] == [0, 0, 0]

    at = MOMENT.isoformat()
    AppendedRows(workspace.store.documents).append(
        TABLE, [{"TimeGenerated": at, column: "seldom-1"}]
    )
    assert [await counted(workspace, each) for each in sought] == [1, 1, 1]

    file = tmp_path / "more.json"
    file.write_text(json.dumps([{"TimeGenerated": at, column: "seldom-2"}]), encoding="utf-8")
    report = ingest(workspace.directory, TABLE, [file], catalog=bundled("sentinel"), now=MOMENT)

    assert [each.rows for each in report.tables] == [1]
    assert [await counted(workspace, each) for each in sought] == [1, 2, 2]
