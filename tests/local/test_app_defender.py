"""The embedded Defender XDR, over HTTP, as Microsoft Graph answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from app_stage import Script, stage
from azure.core.rest import HttpRequest

from sentinel_mcp.errors import KqlError, TimedOut, UnsupportedLocally
from sentinel_mcp.kql.results import Column, Diagnostic
from sentinel_mcp.local.scenario.alerts import rows as alert_rows
from sentinel_mcp.local.scenario.cases import cases
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.defender_incidents import FIRST_ID, documents
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace

CLOCK = Clock(datetime(2026, 11, 22, 12, tzinfo=UTC))
SECURITY = "https://graph.microsoft.com/v1.0/security"


class Defender:
    """Asks as a client of Graph does."""

    def __init__(self, workspace: LocalWorkspace, script: Script) -> None:
        self.script = script
        self._transport = AsgiTransport(workspace.app)

    async def ask(self, url: str, body: Any = None) -> AsgiResponse:
        method = "GET" if body is None else "POST"
        headers = {"Authorization": "Bearer any"}
        response = await self._transport.send(HttpRequest(method, url, json=body, headers=headers))
        assert isinstance(response, AsgiResponse)
        return response

    async def get(self, path: str) -> Any:
        response = await self.ask(path if path.startswith("https:") else f"{SECURITY}{path}")
        assert response.status_code == 200, response.text()
        return response.json()

    async def hunt(self, query: str = "DeviceEvents", **more: Any) -> AsgiResponse:
        return await self.ask(f"{SECURITY}/runHuntingQuery", {"Query": query, **more})


@pytest.fixture
async def defender(tmp_path: Path) -> AsyncGenerator[Defender]:
    script = Script()
    async with stage(tmp_path, script, list(documents(CLOCK))) as workspace:
        yield Defender(workspace, script)


async def test_incidents_come_newest_first_and_counted(defender: Defender) -> None:
    page = await defender.get("/incidents?$count=true")

    times = [each["createdDateTime"] for each in page["value"]]
    assert times == sorted(times, reverse=True)
    assert page["@odata.count"] == len(times)
    assert "alerts" not in page["value"][0]
    assert "etag" not in page["value"][0]


async def test_each_incident_is_one_of_the_workspaces_with_its_defender_alerts(
    defender: Defender,
) -> None:
    page = await defender.get("/incidents?$expand=alerts")
    by_number = {case.number: case for case in cases(CLOCK)}

    assert page["value"]
    for each in page["value"]:
        case = by_number[int(each["id"]) - FIRST_ID]
        vendors = {
            row["VendorOriginalId"]
            for row in alert_rows(case, CLOCK)
            if row["ProductName"] != "Azure Sentinel"
        }
        assert each["displayName"] == case.episode.title
        assert {alert["providerAlertId"] for alert in each["alerts"]} == vendors
        assert {alert["incidentId"] for alert in each["alerts"]} == {each["id"]}


async def test_links_of_security_lists_continue_by_number(defender: Defender) -> None:
    seen: list[str] = []
    link: str | None = f"{SECURITY}/alerts_v2?$top=4"
    while link:
        page = await defender.get(link)
        seen += [each["id"] for each in page["value"]]
        link = page.get("@odata.nextLink")
        assert link is None or "$skip=" in link

    everything = await defender.get("/alerts_v2")
    assert seen == [each["id"] for each in everything["value"]]
    assert len(seen) == len(set(seen)) > 4


@pytest.mark.parametrize(
    "filter_text",
    [
        "severity eq 'high'",
        "severity eq 'HIGH' and status ne 'resolved'",
        "createdDateTime ge 2026-11-20T00:00:00Z",
        "(severity eq 'high' or severity eq 'medium') and serviceSource ne 'x'",
    ],
)
async def test_alerts_are_filtered(defender: Defender, filter_text: str) -> None:
    everything = await defender.get("/alerts_v2")
    page = await defender.get(f"/alerts_v2?$filter={quote(filter_text)}")

    assert 0 < len(page["value"]) < len(everything["value"])


async def test_one_alert_is_found_by_its_id(defender: Defender) -> None:
    (first, *_) = (await defender.get("/alerts_v2"))["value"]

    assert await defender.get(f"/alerts_v2/{first['id']}") == first


@pytest.mark.parametrize("path", ["/incidents/1", "/alerts_v2/none"])
async def test_what_is_not_there_is_404(defender: Defender, path: str) -> None:
    assert (await defender.ask(SECURITY + path)).status_code == 404


@pytest.mark.parametrize("path", ["/incidents?$expand=comments", "/incidents?$top=51"])
async def test_what_the_list_cannot_do_is_400(defender: Defender, path: str) -> None:
    assert (await defender.ask(SECURITY + path)).status_code == 400


async def test_a_hunt_answers_with_objects_under_types_of_dotnet(defender: Defender) -> None:
    defender.script.columns = (Column("Timestamp", "datetime"), Column("n", "long"))
    defender.script.rows = [["2026-11-20T00:00:00Z", 1], [None, None]]
    answer = (await defender.hunt()).json()

    assert answer["schema"] == [
        {"name": "Timestamp", "type": "DateTime"},
        {"name": "n", "type": "Int64"},
    ]
    assert answer["results"] == [
        {"Timestamp": "2026-11-20T00:00:00Z", "n": 1},
        {"Timestamp": None, "n": None},
    ]


async def test_a_long_hunt_is_sound_json_however_it_is_sent(defender: Defender) -> None:
    defender.script.rows = [[number] for number in range(30_000)]
    answer = (await defender.hunt()).json()

    assert [each["n"] for each in answer["results"]] == list(range(30_000))


async def test_a_hunt_without_a_range_covers_thirty_days(defender: Defender) -> None:
    await defender.hunt()
    await defender.hunt(Timespan="P7D")

    assert [each.iso for each in defender.script.timespans if each] == ["P30D", "P7D"]


@pytest.mark.parametrize("body", [{}, {"Query": " "}, {"Query": 1}, {"Query": "x", "Timespan": 3}])
async def test_a_hunt_that_asks_nothing_is_400(defender: Defender, body: Any) -> None:
    response = await defender.ask(f"{SECURITY}/runHuntingQuery", body)

    assert (response.status_code, response.json()["error"]["code"]) == (400, "BadRequest")


async def test_a_wrong_query_is_told_in_one_sentence(defender: Defender) -> None:
    defender.script.refusal = KqlError("no")
    defender.script.diagnostics = (
        Diagnostic("KS142", "error", "The name 'Foo' is unknown.", 1, 3, 3),
    )
    response = await defender.hunt()

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "BadRequest")
    assert error["message"] == "The name 'Foo' is unknown."


async def test_what_the_engine_cannot_run_keeps_its_name_and_its_hint(defender: Defender) -> None:
    defender.script.refusal = UnsupportedLocally("Not here.", hint="Elsewhere.")
    error = (await defender.hunt()).json()["error"]

    assert error["message"] == "Not here."
    assert (error["innerError"]["code"], error["innerError"]["hint"]) == (
        "UnsupportedLocally",
        "Elsewhere.",
    )


async def test_a_hunt_that_takes_too_long_is_504(defender: Defender) -> None:
    defender.script.refusal = TimedOut("late")

    assert (await defender.hunt()).status_code == 504
