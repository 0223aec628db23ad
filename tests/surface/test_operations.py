"""Which operations of Azure the tools send, seen on the embedded workspace, and what hangs on it.

Every tool is called in every form, the writing ones with writes allowed and the user's word. What
arrives is compared with `docs/operations_in_use.txt`, from which the page of coverage is made, with
the rights that `check_permissions` looks for, and with what the request log spells out.
"""

from __future__ import annotations

import itertools
import logging
import os
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
import pytest_asyncio
from fastmcp import Client
from forms import Arguments, forms
from starlette.types import ASGIApp, Receive, Scope, Send
from test_every_tool import CHANGES, real
from tests.embedded import server_over
from tests.local.stores import built_store, copied

from moment import clock
from sentinel_mcp.domains.workspace.rights.needs import NEEDS, QUERY, TABLES
from sentinel_mcp.domains.workspace.rights.roles import least_roles
from sentinel_mcp.effects import WRITES
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.requests import RequestLog
from sentinel_mcp.local.services.operations import Operation, operations
from sentinel_mcp.local.workspace import open_local
from sentinel_mcp.settings import Settings
from sentinel_mcp.surface import CORE

pytestmark = pytest.mark.asyncio(loop_scope="session")

WRITTEN_DOWN = Path(__file__).parents[2] / "docs" / "operations_in_use.txt"

LAST = ["delete_watchlist_item", "delete_watchlist", "delete_rule", "delete_saved_query"]
"""After the tools that read what they delete."""

NOT_THERE = {"get_task", "cancel_task"}
"""Tools that are asked for a task that there is not."""


@dataclass(slots=True)
class Record:
    """What the tools sent, and what the request log said of it."""

    tags: dict[str, frozenset[str]]
    sent: dict[str, dict[Operation, Arguments]] = field(
        default_factory=dict[str, dict[Operation, Arguments]]
    )
    """By tool: each operation, and a call of the tool that sends it."""
    logged: list[str] = field(default_factory=list[str])

    @property
    def used(self) -> set[Operation]:
        return {each for found in self.sent.values() for each in found}


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, into: list[str]) -> None:
        super().__init__(logging.INFO)
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(record.getMessage())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def record(
    tmp_path_factory: pytest.TempPathFactory, checker: Checker
) -> AsyncGenerator[Record]:
    """Call every tool in every form, and keep what it sent."""
    directory = copied(built_store(tmp_path_factory), tmp_path_factory.mktemp("used") / "store")
    workspace = await open_local(directory, checker, clock=clock())
    settings = Settings(allow_writes=True)
    server = server_over(workspace, checker, settings)
    tools = {tool.name: tool for tool in await server.list_tools()}
    kept = Record({name: frozenset(tool.tags) for name, tool in tools.items()})
    calls = sorted(forms(tools), key=lambda each: LAST.index(each[0]) if each[0] in LAST else -1)
    logger, lines = logging.getLogger("sentinel_mcp.azure.policies"), Lines(kept.logged)
    level = logger.level
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for tool, its_calls in itertools.groupby(calls, key=lambda each: each[0]):
        # A server of its own, since a server reads some things once for all of its tools.
        server = server_over(workspace, checker, settings)
        async with Client(server) as client:
            # The schema, which the server reads in the background once it is asked something.
            await client.call_tool("get_table", {"name": "SigninLogs"})
            for _, arguments in its_calls:
                workspace.request_log.clear()
                given = real(arguments, workspace)
                answer = await client.call_tool(tool, given, raise_on_error=False)
                if tool == "start_query":
                    task = (answer.structured_content or {})["id"]
                    await client.call_tool("get_task", {"task_id": task, "wait_s": 30})
                if tool not in NOT_THERE:
                    assert not answer.is_error, (tool, arguments, answer.content)
                if tool in CHANGES and tool not in kept.sent:
                    assert (answer.structured_content or {})["outcome"] == "done", tool
                known = kept.sent.setdefault(tool, {})
                for operation in matched(workspace.request_log):
                    known.setdefault(operation, arguments)
    yield kept
    logger.removeHandler(lines)
    logger.setLevel(level)
    logger.propagate = True
    await workspace.aclose()


def matched(log: RequestLog) -> set[Operation]:
    return {found(each.method, each.path) for each in log}


def found(method: str, path: str) -> Operation:
    """Return the operation of a request: of the routes that fit, the first, which answers."""
    return next(
        each
        for each in operations()
        if each.method == method and _pattern(each.path).fullmatch(path)
    )


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)), re.IGNORECASE)


async def test_every_writing_tool_writes_and_what_all_tools_send_is_written_down(
    record: Record,
) -> None:
    lines = sorted(f"{each.method} {each.path} {each.name}" for each in record.used)
    text = "\n".join(lines) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        WRITTEN_DOWN.write_text(text, encoding="utf-8")
    assert text == WRITTEN_DOWN.read_text(encoding="utf-8"), "set UPDATE_SNAPSHOTS=1, then docs"


async def test_the_request_log_spells_out_azure_s_words_and_nothing_else(record: Record) -> None:
    logged = {re.sub(r"^(\w+) [^/]+", r"\1 ", line.partition(" -> ")[0]) for line in record.logged}
    # The kind of an enrichment is an argument, of which there is one value.
    known = [each.path.replace("enrichment/{type}", "enrichment/main") for each in record.used]
    words = {re.sub(r"{[^}]*}", "{}", path) for path in known}
    methods = {each.method for each in record.used}

    assert {each.partition(" ")[0] for each in logged} == methods
    assert folded(each.partition(" ")[2] for each in logged) == folded(iter(words))


NO_OPERATION: Mapping[str, str] = {
    "Subscriptions_List": "Azure lists those that the identity can see, be it none",
    "Permissions_ListForResource": "check_permissions tries the tools where it is refused",
}
"""What needs no right that a role could give, and why."""

OF_ANOTHER_NAME: Mapping[str, tuple[str, ...]] = {
    # The Log Analytics API has operations of its own: one for queries, and one for each table.
    "Query_Execute": (QUERY, TABLES),
    "Metadata_Get": (QUERY,),
    # Azure's list of operations has no action of these names; Reader sees them in the portal.
    "Incidents_ListAlerts": ("Microsoft.SecurityInsights/incidents/read",),
    "Incidents_ListBookmarks": ("Microsoft.SecurityInsights/incidents/read",),
    "Incidents_ListEntities": ("Microsoft.SecurityInsights/incidents/read",),
    # The regional endpoint reads what Resource Manager's metrics are.
    "Metrics_Batch": ("Microsoft.Insights/metrics/read",),
}
"""What Azure checks under another name than that of the path."""

ASKED_ELSEWHERE: Mapping[str, str] = {
    "Microsoft.Logic/workflows/triggers/listCallbackUrl/action": "Azure asks for it itself, on "
    "the playbook that an incident is to run",
}
"""Rights that no request of ours shows, and why they are needed."""


def rights_of(operation: Operation) -> tuple[str, ...]:
    """Return Azure's names of the rights to an operation, as Resource Manager makes them.

    Of a path the last provider and the types count, without the names between them: a GET is
    `…/read`, a PUT `…/write`, a DELETE `…/delete` and a POST `…/<its last word>/action`.
    """
    if operation.name in NO_OPERATION or operation.path.startswith(("/v1.0/", "/lake/")):
        return ()
    if found := OF_ANOTHER_NAME.get(operation.name):
        return found
    provider, *segments = operation.path.rpartition("/providers/")[2].split("/")
    types = "/".join((provider, *segments[::2]))
    verb = {"GET": "read", "PUT": "write", "DELETE": "delete", "POST": "action"}[operation.method]
    return (f"{types}/{verb}",)


def needed(record: Record, toolset: str) -> tuple[set[str], set[str]]:
    """Return what the tools of a toolset need to read, and what else to write."""
    reads: set[str] = set()
    writes: set[str] = set()
    for tool, tags in record.tags.items():
        if toolset in tags:
            rights = {right for each in record.sent[tool] for right in rights_of(each)}
            (writes if WRITES in tags else reads).update(rights)
    return reads, writes - reads


def folded(rights: Iterator[str]) -> set[str]:
    return {each.casefold() for each in rights}


async def test_what_a_toolset_needs_is_what_its_tools_were_seen_to_send(record: Record) -> None:
    toolsets = {tag for tags in record.tags.values() for tag in tags} - {WRITES, CORE}
    stated = {each.toolset: each for each in NEEDS}

    assert set(stated) == toolsets
    assert len(stated) == len(NEEDS)
    for toolset, need in stated.items():
        reads, writes = needed(record, toolset)
        assert folded(iter(need.read)) == folded(iter(reads)), toolset
        others = {each for each in need.write if each not in ASKED_ELSEWHERE}
        assert folded(iter(others)) == folded(iter(writes)), toolset


async def test_the_probe_of_a_toolset_needs_no_more_than_the_toolset(record: Record) -> None:
    workspace = "{group}/workspaces/{workspace}".replace(
        "{group}",
        "/subscriptions/{subscription}/resourceGroups/{g}/providers/Microsoft.OperationalInsights",
    )
    for need in NEEDS:
        if need.probe is not None:
            [right] = rights_of(Operation("probe", "GET", workspace + need.probe))
            assert right.casefold() in folded(iter(need.read)), need.toolset
        assert need.query is None or QUERY in need.read, need.toolset


REFUSED = b'{"error": {"code": "AuthorizationFailed", "message": "Refused in a test."}}'


class Refusing:
    """The embedded workspace, but for one operation, which it refuses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.operation: Operation | None = None
        self.refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or found(scope["method"], scope["path"]) != self.operation:
            await self._app(scope, receive, send)
            return
        self.refused += 1
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": REFUSED})


DOES_WITHOUT: Mapping[tuple[str, str], str] = {
    ("get_connector", "DataConnectorDefinitions_Get"): "the connection of that name answers",
    ("start_query", "Query_Execute"): "answers before Azure does; the task says it",
    ("upsert_watchlist_item", "Query_Execute"): "reads the items one by one instead",
}
"""What a tool answers without when it is refused, as if nothing were, and why."""


QUERIES = {"Query_Execute", "Lake_Query"}

AT_THE_SAME_PATH = {"AuditLog.Read.All"}
"""Permissions for further fields of what another one reads, which is refused with it here."""


async def test_whatever_azure_refuses_the_answer_names_the_least_role_that_allows_it(
    record: Record, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, checker: Checker
) -> None:
    silent: dict[tuple[str, str], str] = {}
    refused: set[Operation] = set()
    permissions: dict[str, set[str]] = {}
    directory = copied(built_store(tmp_path_factory), tmp_path / "store")
    async with await open_local(directory, checker, clock=clock()) as workspace:
        app = Refusing(workspace.app)
        for tool, sent in record.sent.items():
            # A server of its own, which knows no schema yet; queries last, for they make it known.
            server = server_over(workspace, checker, Settings(allow_writes=True), app=app)
            async with Client(server) as client:
                for operation in sorted(sent, key=lambda each: (each.name in QUERIES, each.name)):
                    app.operation, app.refused = operation, 0
                    call = real(sent[operation], workspace)
                    answer = await client.call_tool(tool, call, raise_on_error=False)
                    text = f"{answer.content} {answer.meta} {answer.structured_content}"
                    roles = least_roles(rights_of(operation))
                    if app.refused and not all(f"`{each}`" in text for each in roles):
                        silent[tool, operation.name] = f"{roles}: {text[:500]}"
                    refused.add(operation)
                    for toolset in record.tags[tool]:
                        named = re.findall(r"`(\w+\.Read\.All)`", text)
                        permissions.setdefault(toolset, set()).update(named)
    assert silent.keys() == DOES_WITHOUT.keys(), silent
    assert refused == record.used
    for need in NEEDS:
        assert permissions[need.toolset] == set(need.graph) - AT_THE_SAME_PATH, need.toolset
