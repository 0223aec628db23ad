"""A damaged store behind the real server: every answer says what was lost until it is dismissed."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.local.stores import copied

from moment import MOMENT
from sentinel_mcp.cli.session import opened_server
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.ingest import ingest
from sentinel_mcp.settings import Settings

Connected = Client[FastMCPTransport]
LONG_AGO = "| where TimeGenerated > datetime(2020-01-01)"


@pytest.fixture
def folder(cache_dir: Path, tmp_path: Path) -> Path:
    """Return a cache folder with a store of this test's own, in which three rows were ingested."""
    copied(cache_dir / "local", tmp_path / "own" / "local")
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"TimeGenerated": "2026-01-01T00:00:00Z", "Door": 1}\n' * 3, encoding="utf-8")
    ingest(tmp_path / "own" / "local", "Doors_CL", [rows], catalog=bundled("sentinel"), now=MOMENT)
    return tmp_path / "own"


@asynccontextmanager
async def connected(folder: Path) -> AsyncGenerator[Connected]:
    async with (
        opened_server(Settings(cache_dir=folder, now=MOMENT)) as server,
        Client(server) as client,
    ):
        yield client


async def warnings_of(client: Connected, tool: str, **arguments: Any) -> list[str]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    found = answer.structured_content or answer.meta
    assert found
    text = "".join(getattr(each, "text", "") for each in answer.content)
    warnings: list[str] = found.get("warnings", [])
    # A client that shows the text alone says the same.
    assert all(each.split('"')[0] in text for each in warnings)
    return warnings


async def count(client: Connected, table: str) -> int:
    answer = await client.call_tool("run_query", {"query": f"{table} {LONG_AGO} | count"})
    assert answer.structured_content
    return answer.structured_content["tables"][0]["rows"][0][0]


async def test_a_file_that_is_no_database_is_built_anew_and_every_answer_says_so(
    folder: Path,
) -> None:
    (folder / "local" / "logs.duckdb").write_bytes(b"this is no database" * 1000)
    async with connected(folder) as client:
        assert await count(client, "SigninLogs") > 0
        for tool, arguments in (
            ("run_query", {"query": "SigninLogs | take 1"}),
            ("run_query", {"query": "this is no query"}),
            ("list_incidents", {}),
            ("get_workspace", {}),
            ("get_incident", {"incident": "999999"}),
            ("list_watchlists", {}),
        ):
            (warning,) = await warnings_of(client, tool, **arguments)
            assert "logs.duckdb was damaged" in warning
            assert "Ingest what is missing again" in warning

    async with connected(folder) as client:
        # Of the answer itself, there may be others.
        assert "was damaged" in (await warnings_of(client, "run_query", query="print 1"))[0]
        with_documents = Documents(folder / "local" / "resources.sqlite")
        with_documents.dismiss_notices()
        with_documents.close()
        # A server that runs hears of it with its next request.
        assert await warnings_of(client, "run_query", query="print 1") == []


def block_of(path: Path, table: str, column: str) -> int:
    """Return where in the file a block is that holds nothing but a column, as DuckDB says.

    One that others share, or with the first rows, may be in memory as soon as the store is open.
    """
    with closing(duckdb.connect(":memory:")) as connection:
        connection.execute(f"ATTACH '{path}' AS logs (READ_ONLY)")
        ((block,),) = connection.execute(
            "SELECT min(block_id) FROM (SELECT block_id FROM "
            f"pragma_storage_info('logs.{table}') WHERE block_id >= 0 GROUP BY block_id "
            "HAVING count(DISTINCT column_name) = 1 AND min(column_name) = ? "
            "AND min(segment_id) > 0)",
            [column],
        ).fetchall()
    return 3 * 4096 + block * 262_144


async def test_a_block_that_fails_while_the_server_runs_costs_no_ingested_row(folder: Path) -> None:
    path = folder / "local" / "logs.duckdb"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    content = bytearray(path.read_bytes())
    table, column = "AADNonInteractiveUserSignInLogs", "CorrelationId"
    content[block_of(path, table, column) + 5_000] ^= 0x01
    async with connected(folder) as client:
        await client.call_tool("run_query", {"query": "SigninLogs | take 1"})
        # As a failing disk does: without a new time of change.
        path.write_bytes(content)
        os.utime(path, ns=times)
        query = f"{table} | where TimeGenerated > ago(90d) | summarize dcount({column}) by AppId"
        answer = await client.call_tool("run_query", {"query": query})

        # The refusal of the damaged file is tried again, and by then it is built anew.
        assert answer.structured_content
        assert answer.structured_content["row_count"] > 1
        (warning, *_) = answer.structured_content["warnings"]
        assert "checksum" in warning
        assert "Doors_CL (3)" in warning
        assert await count(client, "Doors_CL") == 3
        assert await warnings_of(client, "list_incidents") == [warning]
