"""Log Analytics' side of the embedded workspace, over HTTP and through LogsQueryClient."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import tracemalloc
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from app_stage import LOGS, Script, endless, stage
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.monitor.query import LogsQueryPartialResult, LogsQueryResult
from azure.monitor.query.aio import LogsQueryClient

from sentinel_mcp.errors import InputError, KqlError, UnsupportedLocally
from sentinel_mcp.kql.results import Column, Diagnostic
from sentinel_mcp.local import identity
from sentinel_mcp.local.services.logs.rows import CHUNK_BYTES, RowWriter
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace


class Logs:
    """Asks the workspace as a client of the REST does."""

    def __init__(self, workspace: LocalWorkspace, script: Script) -> None:
        self.workspace = workspace
        self.script = script
        self.transport = AsgiTransport(workspace.app)

    async def ask(
        self, body: Any, *, prefer: str = "", stream: bool = False, **headers: str
    ) -> AsgiResponse:
        told = {"Authorization": "Bearer any", "Prefer": prefer, **headers}
        request = HttpRequest("POST", f"{LOGS}/query", json=body, headers=told)
        response = await self.transport.send(request, stream=stream)
        assert isinstance(response, AsgiResponse)
        return response

    async def refusal(self, body: Any, *, prefer: str = "") -> tuple[int, dict[str, Any]]:
        response = await self.ask(body, prefer=prefer)
        return response.status_code, response.json()["error"]


@asynccontextmanager
async def logs(directory: Path, script: Script | None = None) -> AsyncGenerator[Logs]:
    script = script or Script()
    async with stage(directory, script) as workspace:
        yield Logs(workspace, script)


async def leave(api: Logs) -> None:
    """Ask, and leave as soon as the query runs."""
    call = asyncio.ensure_future(api.ask({"query": "x"}))
    await asyncio.to_thread(api.script.started.acquire)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


def innermost(error: dict[str, Any]) -> dict[str, Any]:
    while "innererror" in error:
        error = error["innererror"]
    return error


async def test_rows_come_under_the_columns_of_the_query(tmp_path: Path) -> None:
    columns = (Column("Computer", "string"), Column("n", "long"))
    script = Script(columns=columns, rows=[["a", 1], ["b", None]])
    async with logs(tmp_path, script) as api:
        response = await api.ask({"query": "Heartbeat"})

    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json() == {
        "tables": [
            {
                "name": "PrimaryResult",
                "columns": [
                    {"name": "Computer", "type": "string"},
                    {"name": "n", "type": "long"},
                ],
                "rows": [["a", 1], ["b", None]],
            }
        ]
    }


async def test_an_answer_without_rows_is_sound_json(tmp_path: Path) -> None:
    async with logs(tmp_path, Script(rows=[])) as api:
        response = await api.ask({"query": "Heartbeat"})

    assert response.json()["tables"][0]["rows"] == []


@pytest.mark.parametrize("separator", [",", ";", " ", ", "])
async def test_statistics_and_render_come_where_they_are_preferred(
    tmp_path: Path, separator: str
) -> None:
    script = Script(visualization={"visualization": "piechart"})
    prefer = separator.join(["wait=30", "include-statistics=true", "include-render=true"])
    async with logs(tmp_path, script) as api:
        plain = (await api.ask({"query": "x"})).json()
        rich = (await api.ask({"query": "x"}, prefer=prefer)).json()

    assert plain.keys() == {"tables"}
    assert rich["render"] == {"visualization": "piechart"}
    query = rich["statistics"]["query"]
    assert query["resourceUsage"]["cpu"]["totalCpu"] == "00:00:00.2500000"
    assert query["inputDatasetStatistics"]["rows"]["scanned"] == 7
    assert query["datasetStatistics"] == [{"tableRowCount": 2, "tableSize": 7}]


async def test_the_timespan_reaches_the_engine(tmp_path: Path) -> None:
    async with logs(tmp_path) as api:
        await api.ask({"query": "x", "timespan": "PT1H"})
        await api.ask({"query": "x", "timespan": "2026-01-01T00:00:00Z/PT1H"})
        await api.ask({"query": "x"})

    hour, interval, none = api.script.timespans
    assert hour
    assert hour.iso == "PT1H"
    assert interval
    assert interval.iso == "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z"
    assert none is None


@pytest.mark.parametrize(
    "timespan", ["banana", "7d", "7 days ago", "P1Q", "2026-02-30/P1D", "2026-02-01/2026-01-01", 7]
)
async def test_a_timespan_that_is_none_is_400(tmp_path: Path, timespan: Any) -> None:
    async with logs(tmp_path) as api:
        status, error = await api.refusal({"query": "x", "timespan": timespan})

    assert (status, error["code"]) == (400, "BadArgumentError")
    assert innermost(error)["code"] == "InvalidTimespan"


@pytest.mark.parametrize("body", [{}, {"query": ""}, {"query": 7}, {"query": None}])
async def test_a_request_without_a_query_is_400(tmp_path: Path, body: Any) -> None:
    async with logs(tmp_path) as api:
        status, error = await api.refusal(body)

    assert (status, error["code"]) == (400, "BadArgumentError")


async def test_a_body_that_is_not_json_is_400(tmp_path: Path) -> None:
    async with logs(tmp_path) as api:
        request = HttpRequest(
            "POST", f"{LOGS}/query", content=b'{"query', headers={"Authorization": "Bearer any"}
        )
        response = await api.transport.send(request)

    assert response.status_code == 400


async def test_a_syntax_error_tells_line_position_and_token(tmp_path: Path) -> None:
    query = "Heartbeat\n| wher Computer"
    finding = Diagnostic("KS006", "error", "Expected an operator", 2, 3, 4)
    async with logs(tmp_path, Script(refusal=KqlError("no"), diagnostics=(finding,))) as api:
        status, error = await api.refusal({"query": query})

    assert (status, error["code"]) == (400, "BadArgumentError")
    assert error["innererror"]["code"] == "SyntaxError"
    assert innermost(error) == {
        "code": "SYN0002",
        "message": "Expected an operator",
        "line": 2,
        "pos": 2,
        "token": "wher",
    }


async def test_what_does_not_parse_comes_before_what_does_not_bind(tmp_path: Path) -> None:
    unbound = Diagnostic("KS142", "error", "Unknown name 'completely'", 1, 1, 10)
    unparsed = Diagnostic("KS005", "error", "Expected: ;", 1, 12, 7)
    script = Script(refusal=KqlError("no"), diagnostics=(unbound, unparsed))
    async with logs(tmp_path, script) as api:
        _, error = await api.refusal({"query": "completely invalid syntax"})

    # What api.loganalytics.io answered to the same query (recorded for azure-sdk-for-js, 2021).
    inner = innermost(error)
    assert (inner["code"], inner["line"], inner["pos"], inner["token"]) == (
        "SYN0002",
        1,
        11,
        "invalid",
    )


async def test_a_name_that_does_not_bind_is_a_semantic_error(tmp_path: Path) -> None:
    finding = Diagnostic("KS142", "error", "Unknown name 'x'", 1, 1, 1)
    async with logs(tmp_path, Script(refusal=KqlError("no"), diagnostics=(finding,))) as api:
        _, error = await api.refusal({"query": "x"})

    assert error["innererror"]["code"] == "SemanticError"
    assert innermost(error)["message"] == "Unknown name 'x'"


async def test_what_the_engine_finds_wrong_with_a_sound_query_is_told(tmp_path: Path) -> None:
    async with logs(tmp_path, Script(refusal=KqlError("division by zero"))) as api:
        _, error = await api.refusal({"query": "x"})

    assert innermost(error)["message"] == "division by zero"


async def test_what_the_engine_cannot_run_is_named_innermost(tmp_path: Path) -> None:
    refusal = UnsupportedLocally("The operator 'evaluate' cannot be run.", hint="Use summarize.")
    async with logs(tmp_path, Script(refusal=refusal)) as api:
        status, error = await api.refusal({"query": "x"})

    assert status == 400
    assert innermost(error) == {
        "code": "UnsupportedLocally",
        "message": "The operator 'evaluate' cannot be run.",
        "hint": "Use summarize.",
    }


async def test_the_sdk_shows_what_the_engine_cannot_run(tmp_path: Path) -> None:
    script = Script(refusal=UnsupportedLocally("The operator 'evaluate' cannot be run."))
    async with logs(tmp_path, script) as api, sdk(api) as client:
        with pytest.raises(HttpResponseError) as raised:
            await client.query_workspace(identity.WORKSPACE_ID, "x", timespan=None)

    assert raised.value.error
    assert raised.value.error.innererror["code"] == "UnsupportedLocally"


async def test_a_query_that_the_checker_does_not_take_is_400(tmp_path: Path) -> None:
    refusal = InputError("The query is too long.", hint="Shorten it.")
    async with logs(tmp_path, Script(refusal=refusal)) as api:
        status, error = await api.refusal({"query": "x"})

    assert (status, error["code"]) == (400, "BadArgumentError")
    assert innermost(error)["message"] == "The query is too long."


async def test_a_damaged_block_has_the_store_read_through(tmp_path: Path) -> None:
    script = Script(
        refusal=UnsupportedLocally("cannot run"),
        cause=RuntimeError("Corrupt database file: computed checksum 1 does not match"),
    )
    async with logs(tmp_path, script) as api:
        status, error = await api.refusal({"query": "x"})

    assert (status, error["code"]) == (500, "InternalServerError")
    assert "damaged" in error["message"]
    assert len(script.doubted) == 1


async def test_another_workspace_cannot_be_queried_along(tmp_path: Path) -> None:
    async with logs(tmp_path) as api:
        _, error = await api.refusal({"query": "x", "workspaces": ["elsewhere"]})
        own = await api.ask({"query": "x", "workspaces": [identity.RESOURCE_ID.upper()]})

    assert innermost(error)["code"] == "UnsupportedLocally"
    assert own.status_code == 200


@pytest.mark.parametrize("truncated", [True, False])
async def test_a_result_that_was_cut_is_a_partial_error(tmp_path: Path, truncated: bool) -> None:
    async with logs(tmp_path, Script(truncated=truncated)) as api, sdk(api) as client:
        result = await client.query_workspace(identity.WORKSPACE_ID, "x", timespan=None)

    if not truncated:
        assert isinstance(result, LogsQueryResult)
        return
    assert isinstance(result, LogsQueryPartialResult)
    error = cast("Any", result.partial_error)  # typed as if it could be None
    assert error.code == "PartialError"
    (detail,) = error.details
    assert "500000" in detail["innererror"]["message"]
    assert len(result.partial_data[0].rows) == 2


async def test_rows_without_end_are_cut_at_azures_row_limit(tmp_path: Path) -> None:
    script = Script(rows=cast("Any", endless(lambda n: [n])))
    async with logs(tmp_path, script) as api:
        answer = (await api.ask({"query": "x"})).json()

    assert len(answer["tables"][0]["rows"]) == 500_000
    assert "record count limit 500000" in json.dumps(answer["error"])


async def test_wide_rows_are_cut_at_azures_size_limit_in_flat_memory(tmp_path: Path) -> None:
    script = Script(rows=cast("Any", endless(lambda n: ["x" * 5000])))
    async with logs(tmp_path, script) as api:
        size_bytes, end = 0, b""
        gc.collect()
        tracemalloc.start()
        response = await api.ask({"query": "x"}, stream=True)
        async for chunk in response.iter_bytes():
            size_bytes += len(chunk)
            end = (end + chunk)[-1000:]
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert 90 * 2**20 < size_bytes < 101 * 2**20
    assert b"data size limit" in end
    assert peak_bytes < 16 * 2**20


async def test_chunks_are_small_whatever_the_rows_are() -> None:
    for cell in ("x", "x" * 20_000):
        writer = RowWriter([[cell]] * 1000, 1)
        sizes: list[int] = []
        while not writer.done:
            sizes.append(len(writer.take()))
        assert sum(sizes) == writer.size_bytes
        assert max(sizes[1:], default=0) <= CHUNK_BYTES * 1.1


async def test_a_client_that_leaves_ends_the_query(tmp_path: Path) -> None:
    script = Script(blocks=True)
    async with logs(tmp_path, script) as api:
        await leave(api)

        assert script.interrupted.is_set()
        assert script.closed_engines == 1


async def test_a_client_that_stops_reading_ends_the_rows(tmp_path: Path) -> None:
    ended: list[bool] = []

    def rows() -> Iterator[list[object]]:
        try:
            yield from endless(lambda n: [n])
        finally:
            ended.append(True)

    script = Script(rows=cast("Any", rows()))
    async with logs(tmp_path, script) as api:
        response = await api.ask({"query": "x"}, stream=True)
        await anext(aiter(response.iter_bytes()))
        await response.close()

        assert ended == [True]


async def test_a_query_that_takes_longer_than_it_may_is_504(tmp_path: Path) -> None:
    script = Script(blocks=True)
    async with logs(tmp_path, script) as api:
        status, error = await api.refusal({"query": "x"}, prefer="wait=1")

        assert (status, error["code"]) == (504, "GatewayTimeout")
        assert script.interrupted.is_set()


async def test_an_engine_serves_query_after_query_until_it_was_interrupted(tmp_path: Path) -> None:
    script = Script()
    async with logs(tmp_path, script) as api:
        for _ in range(3):
            await api.ask({"query": "x"})
        assert script.made_engines == 1
        script.started = threading.Semaphore(0)
        script.blocks = True
        await leave(api)
        script.blocks = False
        await api.ask({"query": "x"})

        assert (script.made_engines, script.closed_engines) == (2, 1)


async def test_queries_at_the_same_time_have_an_engine_each(tmp_path: Path) -> None:
    script = Script(blocks=True)
    async with logs(tmp_path, script) as api:
        calls = [asyncio.ensure_future(api.ask({"query": "x"})) for _ in range(3)]
        for _ in calls:
            await asyncio.to_thread(script.started.acquire)
        script.interrupted.set()
        answers = await asyncio.gather(*calls)

    assert script.made_engines == 3
    assert [each.status_code for each in answers] == [200, 200, 200]


async def test_closing_the_workspace_ends_its_queries(tmp_path: Path) -> None:
    script = Script(blocks=True)
    async with logs(tmp_path, script) as api:
        call = asyncio.ensure_future(api.ask({"query": "x"}))
        await asyncio.to_thread(script.started.acquire)

    assert script.interrupted.is_set()
    assert (await call).status_code == 200


async def test_a_store_that_was_replaced_gets_new_engines(tmp_path: Path) -> None:
    script = Script()
    async with logs(tmp_path, script) as api:
        await api.ask({"query": "x"})
        (tmp_path / "logs.duckdb").write_bytes(b"another")
        await api.ask({"query": "x"})

        assert (script.made_engines, script.closed_engines) == (2, 1)


async def test_a_wait_that_is_no_number_is_400(tmp_path: Path) -> None:
    async with logs(tmp_path) as api:
        status, _ = await api.refusal({"query": "x"}, prefer="wait=long")

    assert status == 400


async def test_a_bug_is_500_in_azures_shape(tmp_path: Path) -> None:
    script = Script(rows=[[object()]])
    async with logs(tmp_path, script) as api:
        status, error = await api.refusal({"query": "x"})

    assert (status, error["code"]) == (500, "InternalServerError")


async def test_a_token_of_another_scheme_is_403(tmp_path: Path) -> None:
    async with logs(tmp_path) as api:
        response = await api.ask({"query": "x"}, Authorization="Basic eDp5")

    assert response.status_code == 403
    assert response.json()["error"]["code"] == "InvalidAuthenticationToken"


async def test_another_workspaces_id_is_404(tmp_path: Path) -> None:
    async with logs(tmp_path) as api, sdk(api) as client:
        with pytest.raises(HttpResponseError) as raised:
            await client.query_workspace(identity.TENANT_ID, "x", timespan=None)

    assert raised.value.status_code == 404
    assert raised.value.error
    assert raised.value.error.code == "PathNotFoundError"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_schema_tells_tables_columns_and_the_workspace(
    tmp_path: Path, method: str
) -> None:
    async with logs(tmp_path) as api:
        request = HttpRequest(method, f"{LOGS}/metadata", headers={"Authorization": "Bearer any"})
        response = await api.transport.send(request)
        assert isinstance(response, AsgiResponse)
        schema = response.json()

    (table,) = schema["tables"]
    assert table["name"] == "Heartbeat"
    assert table["timespanColumn"] == "TimeGenerated"
    assert table["columns"] == [
        {"name": "TimeGenerated", "type": "datetime"},
        {"name": "Computer", "type": "string", "description": "Name of the computer."},
    ]
    assert schema["workspaces"][0]["id"] == identity.WORKSPACE_ID


@asynccontextmanager
async def sdk(api: Logs) -> AsyncGenerator[LogsQueryClient]:
    client = LogsQueryClient(
        api.workspace.make_credential(),
        transport=api.workspace.make_transport(),
        retry_total=0,
    )
    async with client:
        yield client
