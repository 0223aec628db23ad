"""Which operations of Azure the tools send, seen on the embedded workspace, written down for docs.

Every tool is called, the writing ones with writes allowed and the user's word; what arrives is
compared with `docs/operations_in_use.txt`, from which the page of coverage is made.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from test_every_tool import CHANGES, READS, agreed, real
from tests.embedded import server_over
from tests.local.stores import built_store, copied

from moment import clock
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.requests import RequestLog
from sentinel_mcp.local.services.operations import Operation, operations
from sentinel_mcp.local.workspace import LocalWorkspace, open_local
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

Connected = Client[FastMCPTransport]
Call = tuple[str, dict[str, Any]]

WRITTEN_DOWN = Path(__file__).parents[2] / "docs" / "operations_in_use.txt"

SECTIONS = ["alerts", "entities", "comments", "tasks", "bookmarks", "relations", "rule", "similar"]

MORE: list[Call] = [
    ("get_incident", {"incident": "main", "include": [*SECTIONS, "timeline"]}),
    ("get_incident", {"incident": "incidents"}),
    ("list_hunts", {"include": ["relations", "comments"]}),
    ("get_entity_timeline", {"entity_id": "entity"}),
    ("update_incident", {"incident": "main", "severity": "Medium", "comment": "Less bad."}),
    ("relate_to_incident", {"incident": 1171, "alert": "alert"}),
    ("tag_indicator", {"indicator": "indicators", "tags": ["only"], "mode": "replace"}),
]
"""What another path of a tool sends."""

LAST = ["delete_watchlist_item", "delete_watchlist", "delete_rule", "delete_saved_query"]
"""After the tools that read what they delete."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def embedded(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[tuple[LocalWorkspace, Connected]]:
    directory = copied(built_store(tmp_path_factory), tmp_path_factory.mktemp("used") / "store")
    checker = Checker(timeout_s=30)
    workspace = await open_local(directory, checker, clock=clock())
    server = server_over(workspace, checker, Settings(allow_writes=True))
    async with Client(server) as client:
        yield workspace, client
    await workspace.aclose()
    await checker.aclose()


def matched(log: RequestLog) -> set[Operation]:
    known = [(re.compile(_pattern(each.path), re.IGNORECASE), each) for each in operations()]
    found: set[Operation] = set()
    for record in log:
        fitting = [
            each
            for pattern, each in known
            if each.method == record.method and pattern.fullmatch(record.path)
        ]
        assert fitting, f"{record.method} {record.path}"
        # The route that is registered first answers, as in the application.
        found.add(fitting[0])
    return found


def _pattern(path: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))


async def test_every_writing_tool_writes_and_what_all_tools_send_is_written_down(
    embedded: tuple[LocalWorkspace, Connected],
) -> None:
    workspace, client = embedded
    used: set[Operation] = set()
    changes = sorted(CHANGES, key=lambda name: LAST.index(name) if name in LAST else -1)
    calls = [*READS.items(), *MORE, *((name, CHANGES[name]) for name in changes)]
    for tool, arguments in calls:
        workspace.request_log.clear()
        answer = await client.call_tool(
            tool, real(arguments, workspace) | agreed(tool), raise_on_error=False
        )
        if tool not in ("get_task", "cancel_task"):
            assert not answer.is_error, (tool, answer.content)
        if tool in CHANGES:
            assert (answer.structured_content or {})["outcome"] == "done", tool
        used |= matched(workspace.request_log)

    lines = sorted(f"{each.method} {each.path} {each.name}" for each in used)
    told = "\n".join(lines) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        WRITTEN_DOWN.write_text(told, encoding="utf-8")
    assert told == WRITTEN_DOWN.read_text(encoding="utf-8"), "set UPDATE_SNAPSHOTS=1, then docs"
