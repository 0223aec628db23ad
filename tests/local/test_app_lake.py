"""The embedded data lake, over HTTP: Kusto's frames."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from app_stage import Script, stage
from azure.core.rest import HttpRequest

from sentinel_mcp.errors import KqlError, UnsupportedLocally
from sentinel_mcp.kql.results import Column, Diagnostic
from sentinel_mcp.local import identity
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace

LAKE = "https://api.securityplatform.microsoft.com/lake/kql/v2/rest/query"
DATABASE = f"{identity.WORKSPACE_NAME}-{identity.WORKSPACE_ID}"


class Lake:
    """Asks as a client of the lake does."""

    def __init__(self, workspace: LocalWorkspace, script: Script) -> None:
        self.script = script
        self._transport = AsgiTransport(workspace.app)

    async def ask(self, csl: Any = "Heartbeat", db: Any = DATABASE, **more: Any) -> AsgiResponse:
        request = HttpRequest(
            "POST",
            LAKE,
            json={"csl": csl, "db": db, **more},
            headers={"Authorization": "Bearer any"},
        )
        response = await self._transport.send(request)
        assert isinstance(response, AsgiResponse)
        return response

    async def refusal(self, **asked: Any) -> tuple[int, str, str]:
        response = await self.ask(**asked)
        error = response.json()["error"]
        return response.status_code, error["code"], error["innererror"]["@message"]


@pytest.fixture
async def lake(tmp_path: Path) -> AsyncGenerator[Lake]:
    script = Script()
    async with stage(tmp_path, script) as workspace:
        yield Lake(workspace, script)


async def test_rows_come_in_the_primary_result_among_the_frames(lake: Lake) -> None:
    lake.script.columns = (Column("n", "long"), Column("t", "datetime"))
    lake.script.rows = [[1, None], [2, "2026-11-20T00:00:00Z"]]
    found = (await lake.ask()).json()

    assert [each["FrameType"] for each in found] == [
        "DataSetHeader",
        "DataTable",
        "DataTable",
        "DataSetCompletion",
    ]
    assert found[1]["TableKind"] == "PrimaryResult"
    assert found[1]["Columns"] == [
        {"ColumnName": "n", "ColumnType": "long"},
        {"ColumnName": "t", "ColumnType": "datetime"},
    ]
    assert found[1]["Rows"] == [[1, None], [2, "2026-11-20T00:00:00Z"]]
    assert found[2]["TableKind"] == "QueryCompletionInformation"
    assert not found[3]["HasErrors"]


@pytest.mark.parametrize("count", [0, 30_000])
async def test_no_rows_and_many_rows_are_sound_json(lake: Lake, count: int) -> None:
    lake.script.rows = [[number] for number in range(count)]

    assert len((await lake.ask()).json()[1]["Rows"]) == count


@pytest.mark.parametrize("rows", [[], [[1]]])
async def test_a_result_that_is_cut_says_so_within_its_rows_and_at_the_end(
    lake: Lake, rows: list[list[object]]
) -> None:
    lake.script.rows = rows
    lake.script.truncated = True
    found = (await lake.ask()).json()

    assert found[1]["Rows"][:-1] == rows
    assert found[1]["Rows"][-1]["OneApiErrors"][0]["error"]["code"] == "LimitsExceeded"
    assert found[3]["HasErrors"]
    assert "result set" in found[3]["OneApiErrors"][0]["error"]["@message"]


async def test_another_database_is_not_found(lake: Lake) -> None:
    status, code, message = await lake.refusal(db="other-1")

    assert (status, code) == (400, "BadRequest_EntityNotFound")
    assert "of kind 'Database' was not found" in message


@pytest.mark.parametrize("csl", [None, " ", 3])
async def test_a_query_is_needed(lake: Lake, csl: Any) -> None:
    assert (await lake.refusal(csl=csl))[:2] == (400, "BadRequest_EmptyQuery")


async def test_a_timeout_that_is_no_time_is_refused(lake: Lake) -> None:
    asked = {"properties": {"Options": {"servertimeout": "4 minutes"}}}

    assert (await lake.refusal(**asked))[:2] == (400, "BadRequest_InvalidOption")


async def test_a_query_that_takes_longer_than_it_may_is_504(lake: Lake) -> None:
    lake.script.blocks = True
    response = await lake.ask(properties={"Options": {"servertimeout": "00:00:01"}})

    assert response.status_code == 504
    assert lake.script.interrupted.is_set()


async def test_a_wrong_query_is_told_in_kustos_words_with_its_place(lake: Lake) -> None:
    lake.script.refusal = KqlError("no")
    lake.script.diagnostics = (Diagnostic("KS001", "error", "Operator expected.", 2, 5, 1),)
    status, code, message = await lake.refusal(csl="Heartbeat\n| wher x")

    assert (status, code) == (400, "General_BadRequest")
    assert message == "Operator expected. [line:position=2:4]"


async def test_what_the_engine_cannot_run_keeps_its_name(lake: Lake) -> None:
    lake.script.refusal = UnsupportedLocally("Not here.", hint="Elsewhere.")
    error = (await lake.ask()).json()["error"]

    assert error["innererror"]["code"] == "UnsupportedLocally"
    assert error["innererror"]["hint"] == "Elsewhere."
