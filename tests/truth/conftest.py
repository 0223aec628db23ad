"""The embedded workspace read in two ways: by the server's tools, and by SQL over its files."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Generator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
import pytest_asyncio
from fastmcp import Client
from tests.local.stores import own_cache
from tests.truth.reading import Connected, Store

from moment import MOMENT
from sentinel_mcp.cli.session import opened_server
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.settings import LOCAL, Settings


@pytest.fixture(scope="package")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a store that only these tests read, with a rule that never fired.

    What other tests write would be in its tables, too; and every rule of the scenario fires.
    """
    folder = own_cache(tmp_path_factory, "truth")
    documents = Documents(folder / LOCAL / "resources.sqlite")
    scheduled = next(each for each in documents.list("alertRules") if each["kind"] == "Scheduled")
    rule = json.loads(json.dumps(scheduled).replace(scheduled["name"], NEVER_FIRED))
    rule["properties"] |= {"displayName": "Added for the test", "enabled": True}
    documents.put("alertRules", NEVER_FIRED, rule)
    documents.close()
    return folder


NEVER_FIRED = "7f0d2c4e-5f0b-4b53-9a53-0c8f6c1f2e11"


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def client(cache_dir: Path) -> AsyncGenerator[Connected]:
    """Connect to the whole server on the embedded workspace; one for all tests of this folder."""
    settings = Settings(cache_dir=cache_dir, now=MOMENT, validation_timeout_s=60)
    async with opened_server(settings) as server, Client(server) as connected:
        # The workspace is opened when it is first asked for something.
        await connected.call_tool("run_query", {"query": "print 1"})
        yield connected


@pytest.fixture(scope="package")
def store(
    client: Connected, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Store]:
    """Open copies of the files that the server reads; nobody writes while these tests run."""
    (logs,) = cache_dir.rglob("logs.duckdb")
    copied = tmp_path_factory.mktemp("copy") / logs.name
    shutil.copyfile(logs, copied)
    with (
        duckdb.connect(str(copied), read_only=True) as tables,
        closing(sqlite3.connect(logs.with_name("resources.sqlite"))) as original,
        closing(sqlite3.connect(":memory:")) as documents,
    ):
        original.backup(documents)
        yield Store(tables, documents)
