"""Rows that changes add to log tables: seen by queries at once, on a real store."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from azure.monitor.query import LogsQueryResult
from azure.monitor.query.aio import LogsQueryClient
from stores import built_store, copied

from moment import MOMENT, clock
from sentinel_mcp.clock import Clock
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local import identity
from sentinel_mcp.local.appended import AppendedRows
from sentinel_mcp.local.store import Store
from sentinel_mcp.local.workspace import LocalWorkspace

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = MOMENT
MINE = 'SecurityIncident | where IncidentName == "appended"'


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a store that the tests of this module change."""
    return copied(built_store(tmp_path_factory), tmp_path_factory.mktemp("appended") / "store")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def workspace(directory: Path, checker: Checker) -> AsyncGenerator[LocalWorkspace]:
    async with LocalWorkspace(
        directory, Store.open(directory, now=MOMENT), checker, clock=clock()
    ) as opened:
        yield opened


async def rows(
    workspace: LocalWorkspace, query: str, timespan: timedelta | None = None
) -> list[list[Any]]:
    async with LogsQueryClient(
        workspace.make_credential(), transport=workspace.make_transport()
    ) as client:
        answer = await client.query_workspace(identity.WORKSPACE_ID, query, timespan=timespan)
    assert isinstance(answer, LogsQueryResult)
    return [list(each) for each in answer.tables[0].rows]


def incident(number: int, **cells: Any) -> dict[str, Any]:
    return {
        "TimeGenerated": NOW.isoformat(),
        "IncidentName": "appended",
        "IncidentNumber": number,
        **cells,
    }


async def test_an_appended_row_is_in_the_next_query_with_the_types_of_its_columns(
    workspace: LocalWorkspace,
) -> None:
    before = await rows(workspace, "SecurityIncident | count")
    AppendedRows(workspace.store.documents).append(
        "SecurityIncident",
        [
            incident(
                9001,
                Title="Seen at once",
                Owner={"assignedTo": "Aiko"},
                AlertIds=["one", "two"],
                CreatedTime="2026-01-02T03:04:05.1234567Z",
            )
        ],
    )

    after = await rows(workspace, "SecurityIncident | count")
    (found,) = await rows(
        workspace,
        f"{MINE} and IncidentNumber == 9001 | project IncidentNumber + 1, Title, "
        "tostring(Owner.assignedTo), array_length(AlertIds), CreatedTime, Type, isempty(Status)",
    )

    assert after == [[before[0][0] + 1]]
    moment = datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
    assert found == [9002, "Seen at once", "Aiko", 2, moment, "SecurityIncident", True]


async def test_the_time_range_of_a_request_applies_to_appended_rows(
    workspace: LocalWorkspace,
) -> None:
    old = (NOW - timedelta(days=5)).isoformat()
    AppendedRows(workspace.store.documents).append(
        "SecurityIncident", [incident(9010, TimeGenerated=old), incident(9011)]
    )
    query = f"{MINE} and IncidentNumber in (9010, 9011) | project IncidentNumber"

    assert await rows(workspace, query, timedelta(days=1)) == [[9011]]
    assert len(await rows(workspace, query)) == 2


async def test_a_table_that_the_scenario_leaves_empty_takes_rows(
    workspace: LocalWorkspace,
) -> None:
    assert "AWSCloudTrail" not in workspace.store.tables()
    AppendedRows(workspace.store.documents).append(
        "AWSCloudTrail", [{"TimeGenerated": NOW.isoformat(), "EventName": "ConsoleLogin"}]
    )

    assert await rows(workspace, "AWSCloudTrail | project EventName") == [["ConsoleLogin"]]


async def test_a_row_of_another_process_is_seen_by_a_workspace_that_is_already_open(
    workspace: LocalWorkspace, directory: Path
) -> None:
    query = f"{MINE} and IncidentNumber == 9020 | count"
    assert await rows(workspace, query) == [[0]]
    code = (
        "import sys; from pathlib import Path\n"
        "from sentinel_mcp.local.appended import AppendedRows\n"
        "from sentinel_mcp.local.documents import Documents\n"
        "documents = Documents(Path(sys.argv[1]) / 'resources.sqlite')\n"
        "AppendedRows(documents).append('SecurityIncident', [{'TimeGenerated': sys.argv[2],\n"
        "    'IncidentName': 'appended', 'IncidentNumber': 9020}])\n"
    )

    subprocess.run(  # noqa: ASYNC221 nothing else runs on this loop
        [sys.executable, "-c", code, str(directory), NOW.isoformat()], check=True
    )

    assert await rows(workspace, query) == [[1]]


async def test_a_second_workspace_on_the_same_directory_sees_what_the_first_appended(
    workspace: LocalWorkspace, directory: Path, checker: Checker
) -> None:
    AppendedRows(workspace.store.documents).append("SecurityIncident", [incident(9030)])

    async with LocalWorkspace(
        directory, Store.open(directory, now=MOMENT), checker, clock=clock()
    ) as second:
        found = await rows(second, f"{MINE} and IncidentNumber == 9030 | count")

    assert found == [[1]]


async def test_appended_rows_outlive_a_rebuild_of_the_scenario(
    directory: Path, tmp_path: Path, checker: Checker
) -> None:
    place = copied(directory, tmp_path / "store")
    with Store.open(place, now=MOMENT) as store:
        AppendedRows(store.documents).append("SecurityIncident", [incident(9040)])
        build = store.documents.build
    later = MOMENT + timedelta(days=3)

    rebuilt = Store.open(place, now=later)
    assert rebuilt.documents.build != build
    async with LocalWorkspace(place, rebuilt, checker, clock=Clock(later)) as opened:
        found = await rows(opened, f"{MINE} and IncidentNumber == 9040 | count")

    assert found == [[1]]


async def test_many_rows_are_seen_whole(workspace: LocalWorkspace) -> None:
    at = NOW.isoformat()
    AppendedRows(workspace.store.documents).append(
        "Watchlist",
        [{"TimeGenerated": at, "WatchlistAlias": "Many", "SearchKey": str(n)} for n in range(2000)],
    )
    query = 'Watchlist | where WatchlistAlias == "Many" | summarize count(), dcount(SearchKey, 4)'

    assert await rows(workspace, query) == [[2000, 2000]]


@pytest.mark.parametrize(
    ("table", "cells", "error", "told"),
    [
        ("NoSuchTable", {}, LookupError, "NoSuchTable"),
        ("SecurityIncident", {"Titel": "x"}, LookupError, "'Titel'"),
        ("SecurityIncident", {"TimeGenerated": None}, ValueError, "TimeGenerated"),
        ("SecurityIncident", {"IncidentNumber": "7"}, ValueError, "IncidentNumber is int"),
        ("SecurityIncident", {"IncidentNumber": 2**31}, ValueError, "IncidentNumber is int"),
        ("SecurityIncident", {"Title": 7}, ValueError, "Title is string"),
        ("SecurityIncident", {"ClosedTime": "yesterday"}, ValueError, "yesterday"),
        ("SecurityIncident", {"ClosedTime": 7}, ValueError, "ClosedTime is datetime"),
        ("ThreatIntelIndicators", {"IsActive": 1}, ValueError, "IsActive is bool"),
    ],
)
async def test_a_row_that_does_not_fit_its_table_is_refused_and_nothing_is_kept(
    workspace: LocalWorkspace,
    table: str,
    cells: dict[str, Any],
    error: type[Exception],
    told: str,
) -> None:
    documents = workspace.store.documents
    before = documents.last_appended([table])
    fitting = {"TimeGenerated": NOW.isoformat()}

    with pytest.raises(error, match=told):
        AppendedRows(documents).append(table, [fitting, {**fitting, **cells}])

    assert documents.last_appended([table]) == before
