"""Every writing tool, with an answer of Azure lost on the way: done once, or told as not known."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.transport import AsyncHttpTransport
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from test_every_tool import CHANGES, agreed, real
from tests.local.stores import built_store, copied

from moment import clock
from sentinel_mcp.azure.reads import only_reads
from sentinel_mcp.cli.embedded import WORKSPACE
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.workspace import LocalWorkspace, open_local
from sentinel_mcp.server import create_server
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]

MAY_NOT_KNOW = {"run_playbook"}
"""What Azure does each time it is asked, and shows nowhere: it is asked once, and that is told."""


class Losing(AsyncHttpTransport[Any, Any]):
    """Carries every request to its end, and loses the answer to the first that writes."""

    def __init__(self, inner: AsyncHttpTransport[Any, Any]) -> None:
        self._inner = inner
        self.lost: str | None = None

    async def send(self, request: Any, **kwargs: Any) -> Any:  # whatever the SDKs send
        response = await self._inner.send(request, **kwargs)
        if self.lost is None and not only_reads(request.method, request.url):
            self.lost = f"{request.method} {request.url}"
            raise ServiceResponseError("the connection was closed")
        return response

    async def open(self) -> None:
        await self._inner.open()

    async def close(self) -> None:
        await self._inner.close()

    async def __aexit__(self, *_: object) -> None:
        await self.close()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_store(tmp_path_factory)


@asynccontextmanager
async def opened(
    directory: Path, checker: Checker, *, losing: bool
) -> AsyncGenerator[tuple[LocalWorkspace, Connected, Losing | None]]:
    workspace = await open_local(directory, checker, clock=clock())
    lossy = Losing(workspace.make_transport()) if losing else None

    def make_transport() -> AsyncHttpTransport[Any, Any]:
        return lossy or workspace.make_transport()

    server = create_server(
        Settings(allow_writes=True),
        workspaces=[WORKSPACE],
        make_transport=make_transport,
        make_credential=workspace.make_credential,
        checker=checker,
        clock=workspace.clock,
    )
    async with workspace, Client(server) as client:
        yield workspace, client, lossy


def counted(directory: Path) -> dict[str, int]:
    """Return how many documents of each kind there are."""
    with closing(sqlite3.connect(directory / "resources.sqlite")) as connection:
        rows = connection.execute(
            "SELECT kind, count(*) FROM document WHERE origin != 'deleted' GROUP BY kind"
        )
        return dict(rows.fetchall())


@pytest.mark.parametrize("tool", CHANGES)
async def test_a_change_whose_answer_is_lost_is_made_once(
    tmp_path: Path, store: Path, checker: Checker, tool: str
) -> None:
    after: list[dict[str, int]] = []
    for losing in (False, True):
        directory = copied(store, tmp_path / f"losing-{losing}")
        async with opened(directory, checker, losing=losing) as (workspace, client, lossy):
            arguments = real(CHANGES[tool], workspace) | agreed(tool)
            answer = await client.call_tool(tool, arguments, raise_on_error=False)
        after.append(counted(directory))
        if lossy:
            assert lossy.lost, "nothing was written"
        if losing and tool in MAY_NOT_KNOW:
            assert (answer.meta or {})["error"]["code"] == "unavailable", answer.content
        else:
            assert not answer.is_error, answer.content
            assert (answer.structured_content or {})["outcome"] == "done"

    assert after[0] == after[1]
