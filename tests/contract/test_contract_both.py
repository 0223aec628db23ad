"""What the tools may rely on, of the embedded workspace and, with `--live`, of the user's own.

`pytest tests/contract --live` reads the settings as the server does and runs the same expectations
against Azure. Only tools that read are called.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

from moment import MOMENT
from sentinel_mcp.cli.session import opened_server
from sentinel_mcp.effects import WRITES
from sentinel_mcp.server import create_server
from sentinel_mcp.settings import Settings, Workspace, load

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]

NOWHERE = Workspace(
    name="nowhere", subscription_id="s", resource_group="g", workspace_name="w", workspace_id="i"
)


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["embedded", "live"])
async def sentinel(request: pytest.FixtureRequest, cache_dir: Path) -> AsyncGenerator[Connected]:
    live = request.param == "live"
    if live and not request.config.getoption("--live"):
        pytest.skip("runs against Azure with --live and settings of your own")
    settings = load(allow_writes=False) if live else Settings(cache_dir=cache_dir, now=MOMENT)
    if live and settings.is_local:
        pytest.fail("--live needs the settings of a workspace in Azure")
    async with opened_server(settings) as server, Client(server) as client:
        yield client


@dataclass(frozen=True)
class Kind:
    """A kind of thing: how it is listed, and how one of the list is read."""

    listing: str
    items: str
    required: tuple[str, ...]
    """What every item has at Azure, and no reader may lose."""
    getter: str | None = None
    argument: str = ""
    key: str = "name"
    cursor: str = "next_cursor"
    arguments: tuple[tuple[str, str], ...] = ()


KINDS = [
    Kind(
        "list_incidents",
        "incidents",
        ("number", "title", "severity", "status", "created"),
        "get_incident",
        "incident",
        "number",
        "skip_token",
    ),
    Kind("list_alerts", "alerts", ("id", "name", "severity"), "get_alert", "alert", "id"),
    Kind("list_rules", "rules", ("name", "kind", "title"), "get_rule", "rule"),
    Kind(
        "list_rule_templates",
        "templates",
        ("name", "kind", "title"),
        "get_rule_template",
        "template",
    ),
    Kind(
        "list_hunting_queries",
        "queries",
        ("id", "title"),
        "get_hunting_query",
        "hunting_query",
        "id",
    ),
    Kind("list_saved_searches", "searches", ("id",), "get_saved_search", "saved_search", "id"),
    Kind("list_bookmarks", "bookmarks", ("id", "title"), "get_bookmark", "bookmark", "id"),
    Kind("list_hunts", "hunts", ("id", "title")),
    Kind("list_connectors", "connectors", ("name", "kind"), "get_connector", "connector"),
    Kind("list_watchlists", "watchlists", ("alias", "name"), "get_watchlist", "watchlist", "alias"),
    Kind("search_indicators", "indicators", ("name",), "get_indicator", "indicator"),
    Kind(
        "list_source_controls", "source_controls", ("name",), "get_source_control", "source_control"
    ),
    Kind("list_metadata", "metadata", ("name", "kind"), "get_metadata", "metadata"),
    Kind(
        "list_anomaly_settings",
        "anomaly_settings",
        ("name",),
        "get_anomaly_setting",
        "anomaly_setting",
    ),
    Kind("list_automation_rules", "rules", ("id",), "get_automation_rule", "automation_rule", "id"),
    Kind("list_content_packages", "packages", ()),
    Kind("list_content_templates", "templates", ()),
    Kind("list_product_packages", "packages", ()),
    Kind("list_summary_rules", "rules", ()),
    Kind("list_workbooks", "workbooks", ()),
    Kind("list_parsers", "parsers", ()),
    Kind("list_recommendations", "recommendations", ()),
]


async def answered(client: Connected, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    assert answer.structured_content is not None
    return answer.structured_content


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.listing)
async def test_items_have_what_azure_always_tells(sentinel: Connected, kind: Kind) -> None:
    page = await answered(sentinel, kind.listing, limit=5)

    for item in page[kind.items]:
        lacking = [name for name in kind.required if item[name] in (None, "")]
        assert not lacking, (lacking, item)


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.listing)
async def test_a_second_page_repeats_nothing_of_the_first(sentinel: Connected, kind: Kind) -> None:
    first = await answered(sentinel, kind.listing, limit=1)
    if not first[kind.cursor]:
        pytest.skip("there is one page")
    second = await answered(sentinel, kind.listing, limit=1, cursor=first[kind.cursor])

    assert not [item for item in second[kind.items] if item in first[kind.items]]


@pytest.mark.parametrize("kind", [each for each in KINDS if each.getter], ids=lambda e: e.listing)
async def test_what_is_listed_can_be_read(sentinel: Connected, kind: Kind) -> None:
    page = await answered(sentinel, kind.listing, limit=1)
    if not page[kind.items]:
        pytest.skip("there is none")
    item = page[kind.items][0]

    detail = await answered(sentinel, str(kind.getter), **{kind.argument: item[kind.key]})

    assert str(item[kind.key]) in str(detail)


@pytest.mark.parametrize("kind", [each for each in KINDS if each.getter], ids=lambda e: e.listing)
async def test_what_does_not_exist_is_told_so(sentinel: Connected, kind: Kind) -> None:
    name: Any = 999_999_999 if kind.key == "number" else "00000000-0000-0000-0000-00000000dead"
    answer = await sentinel.call_tool(str(kind.getter), {kind.argument: name}, raise_on_error=False)

    assert answer.is_error
    assert (answer.meta or {})["error"]["code"] == "not_found", answer.content


async def test_a_query_answers_with_typed_columns_and_its_range(sentinel: Connected) -> None:
    query = "print n = 1, t = datetime(2026-01-01), d = dynamic({'a': [1]}), s = 'x', b = true"
    answer = await answered(sentinel, "run_query", query=query, timespan="PT1H")

    columns = {each["name"]: each["type"] for each in answer["tables"][0]["columns"]}
    assert columns["t"] == "datetime"
    assert columns["d"] == "dynamic"
    assert columns["s"] == "string"
    assert answer["timespan"]["applied"] == "PT1H"
    assert answer["row_count"] == 1


async def test_a_wrong_query_is_told_before_it_is_sent(sentinel: Connected) -> None:
    answer = await sentinel.call_tool(
        "run_query", {"query": "SigninLogs | wher true"}, raise_on_error=False
    )

    assert (answer.meta or {})["error"]["code"] == "invalid_query"


OVERVIEWS = [
    "get_incident_statistics",
    "get_mitre_coverage",
    "get_rule_health",
    "check_data_freshness",
    "check_permissions",
    "get_usage_report",
    "get_sentinel_settings",
    "get_workspace",
    "get_indicator_metrics",
    "check_connection",
    "list_workspaces",
    "search_tables",
    "query_metrics",
]
"""Tools that say something of any workspace, without a name of what is in it."""

OTHERS: Mapping[str, str] = {
    "run_query": "has a test of its own here",
    "run_queries": "run_query several times",
    "start_query": "run_query in the background",
    "validate_query": "asks for no more than the schema",
    "run_hunting_query": "runs whatever a user has stored",
    "list_watchlist_items": "needs the name of a watchlist",
    "get_watchlist_item": "the same",
    "find_in_watchlists": "needs a value",
    "match_indicators": "needs a value",
    "investigate_entity": "needs a value",
    "get_entity_timeline": "needs a value",
    "get_ip_location": "needs a right that readers lack",
    "get_domain_whois": "needs a right that readers lack",
    "get_table": "needs the name of a table",
    "list_users": "needs Microsoft Graph",
    "get_user": "needs Microsoft Graph",
    "list_groups": "needs Microsoft Graph",
    "get_group": "needs Microsoft Graph",
    "get_role_assignments": "needs Microsoft Graph",
    "run_advanced_hunting": "needs Defender XDR",
    "list_defender_incidents": "needs Defender XDR",
    "get_defender_incident": "needs Defender XDR",
    "list_defender_alerts": "needs Defender XDR",
    "query_lake": "needs the data lake",
    "list_tasks": "asks this server",
    "get_task": "asks this server",
    "cancel_task": "asks this server",
}
"""Tools that nothing is expected of here, and why."""


@pytest.mark.parametrize("tool", OVERVIEWS)
async def test_an_overview_answers(sentinel: Connected, tool: str) -> None:
    await answered(sentinel, tool)


async def test_every_tool_that_reads_is_called_here_or_has_its_reason() -> None:
    tools = await create_server(Settings(), workspaces=[NOWHERE]).list_tools()
    reading = {each.name for each in tools if WRITES not in each.tags}
    called = [name for each in KINDS for name in (each.listing, each.getter) if name]

    assert sorted([*called, *OVERVIEWS, *OTHERS]) == sorted(reading)
