"""A shift, from the queue to a closed incident, by an analyst whose assistant has all the tools."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import FastMCPTransport
from tests.local.stores import own_cache

from moment import MOMENT
from sentinel_mcp.cli.session import opened_server
from sentinel_mcp.settings import Settings
from sentinel_mcp.surface import Choice

RANKS = ("High", "Medium", "Low", "Informational")
REMARK = (
    "Seen in the traffic of a workstation; the address is on an indicator of the sharing group."
)


@dataclass
class Analyst:
    """Somebody at a client with every tool, who agrees to what they are asked."""

    client: Client[FastMCPTransport]
    questions: list[str] = field(default_factory=list[str])

    async def do(self, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await self.client.call_tool(tool, arguments)
        assert answer.structured_content is not None
        return answer.structured_content

    async def rows(self, query: str) -> list[dict[str, Any]]:
        answer = await self.do("run_query", query=query, timespan="P1D")
        names = [each["name"] for each in answer["tables"][0]["columns"]]
        return [dict(zip(names, row, strict=True)) for row in answer["tables"][0]["rows"]]


@pytest.fixture
async def analyst(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Analyst]:
    questions: list[str] = []

    async def agree(message: str, *_: Any) -> ElicitResult[dict[str, bool]]:
        questions.append(message)
        return ElicitResult[dict[str, bool]](action="accept", content={"value": True})

    settings = Settings(
        now=MOMENT, cache_dir=own_cache(tmp_path_factory, "shift"), allow_writes=True
    )
    choice = Choice(toolsets=("all",), writes=True)
    opened = opened_server(settings, choice)
    async with opened as server, Client(server, elicitation_handler=agree) as client:
        yield Analyst(client, questions)


def external(address: str) -> bool:
    return not address.startswith(("10.", "192.168.", "172.16."))


async def test_an_incident_is_worked_from_the_queue_to_its_end(analyst: Analyst) -> None:
    # Triage: the worst that is open.
    queue = await analyst.do("list_incidents", statuses=["New", "Active"], limit=100)
    opened = queue["incidents"]
    worst = min(opened, key=lambda each: (RANKS.index(each["severity"]), -each["alerts_count"]))
    number = worst["number"]
    assert worst["severity"] == "High"

    # Its dossier, with the rule that raised it, what came before, and what happened when.
    sections = ["alerts", "entities", "rule", "similar", "timeline"]
    dossier = await analyst.do("get_incident", incident=number, include=sections)
    assert all(dossier[each]["error"] is None for each in sections)
    assert dossier["alerts"]["total"] == worst["alerts_count"]
    assert len(dossier["timeline"]["items"]) >= worst["alerts_count"]
    times = [each["time"] for each in dossier["timeline"]["items"]]
    assert times == sorted(times)
    raised_by = dossier["rule"]["items"][0]
    rule = await analyst.do("get_rule", rule=raised_by["id"])
    assert rule["title"] == raised_by["name"]

    # Hunt the same technique.
    alerts = (await analyst.do("list_alerts", incident=number, limit=50))["alerts"]
    assert len(alerts) == worst["alerts_count"]
    techniques = {technique for each in alerts for technique in each["techniques"]}
    hunts = [
        hunt
        for technique in sorted(techniques)
        for hunt in (await analyst.do("list_hunting_queries", technique=technique))["queries"]
    ]
    assert hunts
    hunted = await analyst.do("run_hunting_query", hunting_query=hunts[0]["id"], timespan="P14D")
    assert hunted["columns"]
    assert not hunted["partial"]

    # The attacker's address: in an indicator, in no watchlist yet.
    held: dict[str, dict[str, Any]] = {}
    for entity in dossier["entities"]["items"]:
        if entity["kind"] == "Ip" and external(entity["name"]):
            found = await analyst.do("search_indicators", value=entity["name"])
            if found["indicators"]:
                held[entity["name"]] = found["indicators"][0]
    address, indicator = max(held.items(), key=lambda each: each[1]["confidence"])
    assert indicator["state"] == "active"
    before = await analyst.do("find_in_watchlists", value=address)
    assert before["exact_count"] == 0
    known = await analyst.do("investigate_entity", value=address)
    assert f"#{number}" in known["summary"]

    # Put it on a watchlist of its own, and see KQL find it there.
    await analyst.do(
        "create_watchlist",
        watchlist="Blocked",
        name="Blocked addresses",
        search_key="Address",
        rows=[{"Address": "192.0.2.1", "Why": "Scanner"}],
    )
    added = await analyst.do(
        "upsert_watchlist_item",
        watchlist="Blocked",
        values={"Address": address, "Why": f"Incident {number}"},
    )
    assert added["outcome"] == "done"
    listed = await analyst.rows("_GetWatchlist('Blocked') | project Address, Why")
    assert {"Address": address, "Why": f"Incident {number}"} in listed
    after = await analyst.do("find_in_watchlists", value=address)
    assert after["exact_count"] == 1

    # Comment, take over, close with what it was.
    commented = await analyst.do("add_incident_comment", incident=number, message=REMARK)
    assert commented["outcome"] == "done"
    taken = await analyst.do(
        "update_incident", incident=number, owner="priya.nair@northwind.example"
    )
    assert taken["outcome"] in ("done", "unchanged")
    closing = {
        "incident": number,
        "status": "Closed",
        "classification": "TruePositive",
        "classification_reason": "SuspiciousActivity",
        "classification_comment": "Account reset, machine rebuilt.",
    }
    preview = await analyst.do("update_incident", **closing, dry_run=True)
    assert preview["outcome"] == "preview"
    assert not analyst.questions
    closed = await analyst.do("update_incident", **closing, etag=preview["etag"])
    assert closed["outcome"] == "done"
    assert len(analyst.questions) == 1
    assert {each["field"]: (each["before"], each["after"]) for each in closed["changes"]}[
        "status"
    ] == ("Active", "Closed")

    # Read all of it back: by the API, and in the logs.
    final = await analyst.do("get_incident", incident=number, include=["comments", "timeline"])
    assert final["incident"]["status"] == "Closed"
    assert final["incident"]["classification"] == "TruePositive"
    assert final["comments"]["items"][0]["message"] == REMARK
    still_open = await analyst.do("list_incidents", statuses=["New", "Active"], limit=100)
    assert number not in [each["number"] for each in still_open["incidents"]]
    logged = await analyst.rows(
        f"SecurityIncident | where IncidentNumber == {number} "
        "| summarize arg_max(LastModifiedTime, Status, Classification)"
    )
    assert (logged[0]["Status"], logged[0]["Classification"]) == ("Closed", "TruePositive")
    items = await analyst.do("list_watchlist_items", watchlist="Blocked")
    assert items["total_count"] in (2, None)
    assert len(items["items"]) == 2
