"""One worker for all tests of queries: it takes a second to start."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from tests.without_dotnet import REASON

from sentinel_mcp.kql.catalog import Catalog, bundled
from sentinel_mcp.kql.validator import Checker


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def checker() -> AsyncGenerator[Checker]:
    """Return a checker with a worker; tests that use it share its event loop."""
    checker = Checker(timeout_s=60)
    if await checker.engine() != "kusto_language":
        pytest.skip(REASON)
    yield checker
    await checker.aclose()


@pytest.fixture(scope="session")
def sentinel() -> Catalog:
    return bundled("sentinel")


@pytest.fixture(scope="session")
def xdr() -> Catalog:
    return bundled("xdr")
