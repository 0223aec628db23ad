"""The embedded workspace read in two ways: by the server's tools, and by SQL over its files."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncGenerator, Generator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
import pytest_asyncio
from fastmcp import Client
from tests.truth.reading import Connected, Store

from sentinel_mcp.cli.session import opened_server
from sentinel_mcp.settings import Settings


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def client(cache_dir: Path) -> AsyncGenerator[Connected]:
    """Connect to the whole server on the embedded workspace; one for all tests of this folder."""
    async with opened_server(Settings(cache_dir=cache_dir)) as server, Client(server) as connected:
        # The workspace is built when it is first asked for something.
        await connected.call_tool("run_query", {"query": "print 1"})
        yield connected


@pytest.fixture(scope="package")
def store(
    client: Connected, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Store]:
    """Open copies of the files that the server reads; nobody writes while these tests run."""
    (logs,) = cache_dir.rglob("logs.duckdb")
    copied = tmp_path_factory.mktemp("store") / logs.name
    shutil.copyfile(logs, copied)
    with (
        duckdb.connect(str(copied), read_only=True) as tables,
        closing(sqlite3.connect(logs.with_name("resources.sqlite"))) as original,
        closing(sqlite3.connect(":memory:")) as documents,
    ):
        original.backup(documents)
        yield Store(tables, documents)
