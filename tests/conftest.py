"""What tests of several areas share."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.local.stores import built_store, copied

from moment import MOMENT, VARIABLE
from sentinel_mcp.cli.session import opened_server
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import LOCAL, Settings

# The machine may be busy, so no example is too slow; in CI the examples are the same each time.
hypothesis.settings.register_profile("house", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("house")
# A machine that is busy with other tests checks slowly, and starts the checker slowly.
os.environ.setdefault("SENTINEL_VALIDATION_TIMEOUT_S", "60")


pytest_plugins = ["tests.without_dotnet"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--live", action="store_true", help="also run the contract tests against your workspace"
    )


def pytest_report_header() -> str:
    return (
        f"the scenario's moment: {MOMENT:%A} {MOMENT:%Y-%m-%dT%H:%M:%SZ} "
        f"(again: {VARIABLE}={MOMENT:%Y-%m-%dT%H:%M:%SZ})"
    )


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an embedded workspace that all test processes of a run share.

    It is there before a tool is called: building it would take from the deadline of the call.
    """
    return built_store(tmp_path_factory).parent


@pytest.fixture(scope="module")
def own_cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an embedded workspace that the tests of a module may change."""
    folder = tmp_path_factory.mktemp("own")
    copied(built_store(tmp_path_factory), folder / LOCAL)
    return folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def checker() -> AsyncGenerator[Checker]:
    """Share one worker process: its start takes longer than most tests.

    A test that uses it must share its event loop: `pytest.mark.asyncio(loop_scope="session")`.
    """
    # A machine that is busy with other tests checks slowly.
    opened = Checker(timeout_s=120)
    yield opened
    await opened.aclose()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(cache_dir: Path) -> AsyncGenerator[Client[FastMCPTransport]]:
    """Connect to the whole server on the embedded workspace, as `serve --local` has it.

    A test that uses it must share its event loop: `pytest.mark.asyncio(loop_scope="session")`.
    """
    # A machine that is busy with other tests starts the checker slowly.
    settings = Settings(cache_dir=cache_dir, now=MOMENT, validation_timeout_s=60)
    async with opened_server(settings) as server, Client(server) as connected:
        yield connected
