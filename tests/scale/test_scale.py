"""A large workspace: every list in pages, no answer too large, no request too many."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.embedded import server_over
from tests.local.stores import built_store, copied

from moment import clock
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.documents import Body, Documents
from sentinel_mcp.local.workspace import LocalWorkspace, open_local
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAX_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Large:
    """The server over the large workspace."""

    client: Client[FastMCPTransport]
    workspace: LocalWorkspace

    @property
    def number(self) -> int:
        """The number of the intrusion's incident, which depends on the day of the week."""
        incidents = self.workspace.store.documents.list("incidents")
        found = next(each for each in incidents if "Multi-stage" in each["properties"]["title"])
        return found["properties"]["incidentNumber"]

    async def do(self, tool: str, **arguments: Any) -> tuple[dict[str, Any], list[str]]:
        """Call a tool; return its answer, and the paths that Azure was asked for."""
        self.workspace.request_log.clear()
        answer = await self.client.call_tool(tool, arguments)
        assert answer.structured_content is not None
        assert len(json.dumps(answer.structured_content, separators=(",", ":"))) <= 1.1 * (
            MAX_ANSWER_BYTES
        ), tool
        asked = [f"{each.method} {each.path}" for each in self.workspace.request_log]
        return answer.structured_content, asked


def multiply(
    documents: Documents, kind: str, count: int, change: Callable[[Body, int], None]
) -> None:
    """Add copies of what there is of a kind, each changed by its number, up to `count` in all."""
    first = documents.list(kind)
    for number in range(count - len(first)):
        body = json.loads(json.dumps(first[number % len(first)]))
        name = str(uuid5(NAMESPACE_DNS, f"{kind}/{number}"))
        body["id"] = body["id"].replace(body["name"], name)
        body["name"] = name
        change(body, number)
        documents.put(kind, name, body)


def enlarge(documents: Documents) -> None:
    def incident(body: Body, number: int) -> None:
        body["properties"] |= {"incidentNumber": 10_000 + number, "title": f"Copy {number}"}

    def titled(body: Body, number: int) -> None:
        body["properties"]["displayName"] = f"Copy {number} of {body['properties']['displayName']}"

    multiply(documents, "incidents", 5_000, incident)
    multiply(documents, "indicators", 3_000, titled)
    multiply(documents, "alertRuleTemplates", 700, titled)
    watchlist = documents.list("watchlists")[0]["properties"]["watchlistAlias"]
    items = documents.list("watchlistItems", watchlist)
    for number in range(2_000 - len(items)):
        body = json.loads(json.dumps(items[number % len(items)]))
        name = str(uuid5(NAMESPACE_DNS, f"item/{number}"))
        body |= {"id": body["id"].replace(body["name"], name), "name": name}
        body["properties"]["watchlistItemId"] = name
        documents.put("watchlistItems", name, body, parent=watchlist)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def large(
    tmp_path_factory: pytest.TempPathFactory, checker: Checker
) -> AsyncGenerator[Large]:
    directory = copied(built_store(tmp_path_factory), tmp_path_factory.mktemp("large") / "store")
    workspace = await open_local(directory, checker, clock=clock())
    enlarge(workspace.store.documents)
    server = server_over(workspace, checker, Settings(max_answer_bytes=MAX_ANSWER_BYTES))
    async with Client(server) as client:
        # The schema and the plans are read once; here they would be counted with the first.
        await client.call_tool("search_tables", {})
        await client.call_tool("match_indicators", {"values": ["203.0.113.9"]})
        yield Large(client, workspace)
    await workspace.aclose()


@dataclass(frozen=True)
class Listing:
    """A tool that lists, where its items are, and how many requests a page may cost."""

    tool: str
    items: str
    key: str
    requests: int
    total: int
    limit: int = 100
    cursor: str = "next_cursor"
    arguments: tuple[tuple[str, object], ...] = ()


LISTINGS = [
    Listing("list_incidents", "incidents", "number", 2, 5_000, cursor="skip_token"),
    Listing(
        "search_indicators",
        "indicators",
        "name",
        requests=2,
        total=3_000,
        arguments=(("include_inactive", True),),
    ),
    Listing("list_watchlist_items", "items", "id", 2, 2_000),
    Listing("list_rule_templates", "templates", "name", 3, 700),
]


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda each: each.tool)
async def test_every_item_of_a_long_list_comes_once_page_by_page(
    large: Large, listing: Listing
) -> None:
    arguments: dict[str, Any] = {"limit": listing.limit, **dict(listing.arguments)}
    if listing.tool == "list_watchlist_items":
        arguments["watchlist"] = large.workspace.store.documents.list("watchlists")[0]["name"]
    seen: list[Any] = []
    pages = 0
    while True:
        page, asked = await large.do(listing.tool, **arguments)
        pages += 1
        seen += [each[listing.key] for each in page[listing.items]]
        assert len(asked) <= listing.requests, asked
        if page[listing.cursor] is None:
            break
        arguments["cursor"] = page[listing.cursor]

    assert len(seen) == listing.total
    assert len(set(seen)) == listing.total
    assert pages <= 2 * listing.total / listing.limit


async def test_what_is_like_an_incident_and_when_cost_nine_requests_at_most(large: Large) -> None:
    _, asked = await large.do(
        "get_incident", incident=large.number, include=["similar", "timeline"]
    )

    assert len(asked) <= 9, asked


async def test_the_sections_of_a_dossier_cost_one_request_each(large: Large) -> None:
    sections = ["alerts", "entities", "comments", "tasks", "bookmarks", "relations"]
    dossier, asked = await large.do("get_incident", incident=large.number, include=sections)

    assert all(dossier[each]["error"] is None for each in sections)
    assert len(asked) == 1 + len(sections), asked


@pytest.mark.parametrize(
    ("tool", "arguments", "requests"),
    [
        ("get_incident_statistics", {}, 2),
        ("get_mitre_coverage", {}, 4),
        ("get_rule_health", {}, 4),
        ("check_data_freshness", {}, 15),
        ("get_usage_report", {}, 3),
        ("find_in_watchlists", {"value": "10.10.0.14"}, 7),
        ("match_indicators", {"values": ["198.51.100.211", "x.example"]}, 11),
        ("investigate_entity", {"value": "198.51.100.211"}, 15),
        ("check_permissions", {}, 2),
        ("list_hunting_queries", {}, 3),
        ("list_connectors", {}, 2),
    ],
)
async def test_an_overview_asks_azure_a_bounded_number_of_times(
    large: Large, tool: str, arguments: dict[str, Any], requests: int
) -> None:
    _, asked = await large.do(tool, **arguments)

    assert len(asked) <= requests, asked
