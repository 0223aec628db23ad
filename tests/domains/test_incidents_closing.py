"""Classification and closing time of listed incidents, against the table of their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import WORKSPACE, ScriptedAzure, refusal, served

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]

QUERY = f"POST v1/workspaces/{WORKSPACE.workspace_id}/query"
LATEST = (
    "SecurityIncident | summarize arg_max(LastModifiedTime, Status, Classification, "
    "ClassificationReason, ClosedTime) by IncidentNumber"
)


async def called(client: Connected, tool: str, **arguments: Any) -> dict[str, Any]:
    return (await client.call_tool(tool, arguments)).structured_content or {}


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(microsecond=0)


async def test_every_closed_incident_has_what_its_last_version_in_the_table_says(
    client: Connected,
) -> None:
    page = await called(client, "list_incidents", limit=200)
    answer = await called(client, "run_query", query=LATEST, timespan="P400D", max_rows=1000)

    [table] = answer["tables"]
    names = [each["name"] for each in table["columns"]]
    rows = (dict(zip(names, row, strict=True)) for row in table["rows"])
    expected = {
        row["IncidentNumber"]: (
            row["Classification"] or None,
            row["ClassificationReason"] or None,
            moment(row["ClosedTime"]),
        )
        for row in rows
        if row["Status"] == "Closed"
    }
    found = {
        each["number"]: (
            each["classification"],
            each["classification_reason"],
            moment(each["closed"]),
        )
        for each in page["incidents"]
        if each["status"] == "Closed"
    }
    assert found == expected
    assert len(found) > 5
    assert all(each["closed"] is None for each in page["incidents"] if each["status"] != "Closed")
    assert page["warnings"] == []


async def test_one_incident_has_the_time_that_the_list_has(client: Connected) -> None:
    page = await called(client, "list_incidents", statuses=["Closed"], limit=1)
    [listed] = page["incidents"]

    dossier = await called(client, "get_incident", incident=listed["number"], include=[])

    assert listed["closed"]
    assert dossier["incident"]["closed"] == listed["closed"]
    assert dossier["warnings"] == []


def incident(status: str) -> dict[str, Any]:
    properties = {"title": "Phish", "severity": "High", "status": status, "incidentNumber": 7}
    return {"name": "i1", "properties": {**properties, "createdTimeUtc": "2026-11-01T00:00:00Z"}}


async def test_where_the_table_cannot_be_read_the_list_says_that_the_times_are_not_known() -> None:
    azure = ScriptedAzure(
        {"GET incidents": {"value": [incident("Closed")]}, QUERY: refusal(403, "Insufficient")}
    )

    async with served(azure) as client:
        page = await called(client, "list_incidents")

    assert [each["closed"] for each in page["incidents"]] == [None]
    [warning] = page["warnings"]
    assert "closed is not known" in warning
    assert "Microsoft Sentinel Reader" in warning


async def test_where_no_incident_is_closed_the_table_is_not_asked() -> None:
    azure = ScriptedAzure({"GET incidents": {"value": [incident("New")]}})

    async with served(azure) as client:
        page = await called(client, "list_incidents")

    assert page["warnings"] == []
    assert len(azure.requests) == 1
