"""The incident tools through the front door: the whole server on the embedded workspace."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean, median
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

from moment import MOMENT
from sentinel_mcp.cli.session import opened_server
from sentinel_mcp.domains.incidents import alerts, figures, history, similar
from sentinel_mcp.domains.incidents.alert_filter import AlertFilter
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]

LOGIC_APP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/isolate-machine"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def writer(own_cache_dir: Path) -> AsyncGenerator[Connected]:
    # A workspace of its own: these tests write, and the one that the others share is only read.
    settings = Settings(
        cache_dir=own_cache_dir, now=MOMENT, allow_writes=True, validation_timeout_s=60
    )
    async with opened_server(settings) as server, Client(server) as connected:
        yield connected


async def call(client: Connected, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    assert answer.structured_content is not None
    return answer.structured_content


async def refused(client: Connected, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


async def rows(client: Connected, query: str) -> list[list[Any]]:
    answer = await call(client, "run_query", query=query, timespan="P90D")
    return answer["tables"][0]["rows"]


async def every(client: Connected, tool: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
    """Read a list to its end."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(100):
        page = await call(client, tool, **arguments, cursor=cursor)
        found += page[key]
        cursor = page.get("next_cursor") or page.get("skip_token")
        if cursor is None:
            return found
    raise AssertionError("the list has no end")


async def new_incident(client: Connected, **arguments: Any) -> dict[str, Any]:
    stated = {"title": "Made by a test", "severity": "Low", **arguments}
    return await call(client, "create_incident", **stated)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"severities": ["Low", "High"]},
        {"statuses": ["Closed"]},
        {"statuses": ["New", "Active"], "severities": ["Medium"]},
        {"owner": "priya.nair@northwind.example"},
        {"owner": "PRIYA.NAIR@northwind.example"},
        {"owner": "unassigned"},
        {"title_contains": "sign-in"},
        {"title_contains": "SIGN-IN"},
        {"labels": ["attack"]},
        {"labels": ["attack", "noise", "tuning"]},
        {"labels": ["nobody has this"]},
        {"tactics": ["CredentialAccess"]},
        {"tactics": ["CredentialAccess", "InitialAccess", "Exfiltration"]},
        {"product": "azure sentinel"},
        {"product": "Azure Sentinel", "tactics": ["InitialAccess"], "owner": "unassigned"},
        {"created_after": 3},
        {"created_before": 5},
        {"created_after": 9, "created_before": 4},
        {"modified_after": 4, "statuses": ["Closed"]},
    ],
    ids=str,
)
async def test_the_total_on_the_first_page_is_what_all_pages_hold(
    client: Connected, asked: dict[str, Any]
) -> None:
    ((newest,),) = await rows(client, "SecurityIncident | summarize max(CreatedTime)")
    moment = datetime.fromisoformat(newest)
    stated = {
        key: (moment - timedelta(days=value)).isoformat() if isinstance(value, int) else value
        for key, value in asked.items()
    }

    first = await call(client, "list_incidents", **stated, limit=1)
    listed = await every(client, "list_incidents", "incidents", **stated, limit=1)

    assert first["total_count"] == len(listed), first["total_count_note"]
    assert first["total_count_source"] == ("log" if first["skip_token"] else "list")


async def test_incidents_that_were_just_made_and_closed_are_counted_as_they_are(
    writer: Connected,
) -> None:
    before = await call(writer, "list_incidents", limit=1, statuses=["New"])
    made = await new_incident(writer, labels=["just made"])
    await new_incident(writer, labels=["just made", "twice"])

    new = await call(writer, "list_incidents", limit=1, statuses=["New"])
    labelled = await call(writer, "list_incidents", limit=1, labels=["just made", "twice"])
    await call(
        writer,
        "update_incident",
        incident=made["name"],
        status="Closed",
        classification="Undetermined",
        confirm=True,
    )
    closed = await call(writer, "list_incidents", limit=1, statuses=["New"])

    assert new["total_count"] == before["total_count"] + 2
    assert labelled["total_count"] == 2
    assert closed["total_count"] == before["total_count"] + 1


@pytest.mark.parametrize(
    "asked",
    [{}, {"severities": ["High"]}, {"title_contains": "mail"}, {"entity": "northwind"}],
    ids=str,
)
async def test_the_total_of_alerts_is_what_all_pages_hold(
    client: Connected, asked: dict[str, Any]
) -> None:
    first = await call(client, "list_alerts", **asked, limit=1)
    listed = await every(client, "list_alerts", "alerts", **asked, limit=1)

    assert first["total_count"] == len(listed)


async def test_every_alert_of_the_log_is_listed_once_however_the_pages_are_cut(
    client: Connected,
) -> None:
    listed = await every(client, "list_alerts", "alerts", limit=7)
    ((count,),) = await rows(client, "SecurityAlert | distinct SystemAlertId | count")

    ids = [each["id"] for each in listed]
    assert len(ids) == len(set(ids)) == count
    moments = [each["generated"] for each in listed]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(
    ("arguments", "condition"),
    [
        ({"severities": ["High"]}, 'AlertSeverity == "High"'),
        ({"statuses": ["New", "InProgress"]}, 'Status in ("New", "InProgress")'),
        ({"product": "azure sentinel"}, 'ProductName == "Azure Sentinel"'),
        ({"provider": "mdatp"}, 'ProviderName == "MDATP"'),
        ({"title_contains": "powershell"}, 'AlertName has "PowerShell"'),
        ({"entity": "192.0.2.66"}, 'Entities has "192.0.2.66"'),
        ({"technique": "T1110"}, 'Techniques has "T1110"'),
    ],
)
async def test_a_filter_keeps_the_alerts_that_the_log_has_of_it(
    client: Connected, arguments: dict[str, Any], condition: str
) -> None:
    listed = await every(client, "list_alerts", "alerts", **arguments)
    found = await rows(client, f"SecurityAlert | where {condition} | distinct SystemAlertId")

    assert found
    assert sorted(each["id"] for each in listed) == sorted(row[0] for row in found)


async def test_the_alerts_of_an_incident_are_those_that_it_has(client: Connected) -> None:
    page = await call(client, "list_incidents", limit=1, severities=["High"])
    number = page["incidents"][0]["number"]
    dossier = await call(client, "get_incident", incident=number, include=["alerts"])

    listed = await every(client, "list_alerts", "alerts", incident=number)

    assert {each["id"] for each in listed} == {each["id"] for each in dossier["alerts"]["items"]}


async def test_an_alert_names_its_entities_and_its_incident(client: Connected) -> None:
    page = await call(client, "list_alerts", limit=1, title_contains="PsExec")
    found = await call(client, "get_alert", alert=page["alerts"][0]["id"].upper())

    assert found["alert"]["id"] == page["alerts"][0]["id"]
    assert {each["kind"] for each in found["entities"]} >= {"host", "account", "ip"}
    assert found["extended_properties"]["analytic_rule_name"] == found["alert"]["name"]
    (link,) = found["incidents"]
    dossier = await call(client, "get_incident", incident=link["number"], include=["alerts"])
    assert found["alert"]["id"] in {each["id"] for each in dossier["alerts"]["items"]}


async def test_an_alert_that_is_not_there_is_told_with_the_way_to_those_that_are(
    client: Connected,
) -> None:
    error = await refused(client, "get_alert", alert=str(uuid4()), days=3)

    assert error["code"] == "not_found"
    assert "3 days" in error["message"]
    assert "list_alerts" in error["hint"]


async def test_figures_are_what_counting_the_list_of_incidents_gives(client: Connected) -> None:
    after, before = "2020-01-01T00:00:00Z", "2020-06-01T00:00:00Z"
    none = await call(client, "get_incident_statistics", created_after=after, created_before=before)
    found = await call(client, "get_incident_statistics")
    listed = await every(
        client,
        "list_incidents",
        "incidents",
        created_after=found["created_after"],
        created_before=found["created_before"],
        limit=9,
    )

    waiting = [each for each in listed if each["status"] != "Closed"]
    owners = Counter(each["owner"] for each in waiting)
    days = Counter(each["created"][:10] for each in listed)
    assert found["all_count"] == len(listed) > 20
    assert found["open_count"] == len(waiting)
    assert _some(found["open_by_severity"]) == Counter(each["severity"] for each in waiting)
    assert _some(found["all_by_status"]) == Counter(each["status"] for each in listed)
    assert {each["owner"]: each["open"] for each in found["open_by_owner"]} == owners
    assert {each["day"]: each["created"] for each in found["by_day"] if each["created"]} == days
    assert sum(each["closed"] for each in found["by_day"]) == len(listed) - len(waiting)
    assert sum(found["open_by_age"].values()) == len(waiting)
    assert (none["all_count"], none["open_count"], none["time_to_close"]["mean_hours"]) == (
        0,
        0,
        None,
    )
    assert (none["created_after"], none["created_before"]) == (after, before)


async def test_hours_until_closed_are_those_between_the_incidents_own_times(
    client: Connected,
) -> None:
    found = await call(client, "get_incident_statistics")
    closed = await every(
        client,
        "list_incidents",
        "incidents",
        statuses=["Closed"],
        created_after=found["created_after"],
        created_before=found["created_before"],
    )

    # Nothing in the scenario happens to an incident after it was closed.
    hours = [
        (_time(each["modified"]) - _time(each["created"])) / timedelta(hours=1) for each in closed
    ]
    assert found["time_to_close"] == {
        "count": len(closed),
        "mean_hours": round(fmean(hours), 2),
        "median_hours": round(median(hours), 2),
    }
    acknowledged = found["time_to_acknowledge"]
    assert acknowledged["count"] >= len(closed)
    assert acknowledged["mean_hours"] < found["time_to_close"]["mean_hours"]


async def test_similar_incidents_say_what_they_share(client: Connected) -> None:
    page = await call(client, "list_incidents", title_contains="SSH", limit=3)
    newest, *others = [each["number"] for each in page["incidents"]]

    dossier = await call(client, "get_incident", incident=newest, include=["similar"])

    items = dossier["similar"]["items"]
    assert {each["number"] for each in items[: len(others)]} == set(others)
    assert newest not in {each["number"] for each in items}
    assert len(items) <= 10
    assert "same rule" in items[0]["reasons"]
    assert any(each.startswith("same entities: ") for each in items[0]["reasons"])
    scores = [each["score"] for each in items]
    assert scores == sorted(scores, reverse=True)


async def test_labels_are_found_together_with_other_filters(writer: Connected) -> None:
    made = await new_incident(writer, labels=["one label", "O'Neill"])

    for labels in (["one label"], ["O'Neill", "another"]):
        page = await call(writer, "list_incidents", labels=labels, severities=["Low"])
        assert [each["id"] for each in page["incidents"]] == [made["name"]]


async def test_a_timeline_tells_alerts_comments_tasks_and_changes_in_order(
    client: Connected,
) -> None:
    page = await call(client, "list_incidents", title_contains="Multi-stage", limit=1)
    number = page["incidents"][0]["number"]

    dossier = await call(client, "get_incident", incident=number, include=["timeline"])

    items = dossier["timeline"]["items"]
    assert dossier["timeline"]["notice"] is None
    assert {each["kind"] for each in items} >= {
        "alert",
        "comment",
        "task",
        "bookmark",
        "created",
        "status",
        "owner",
    }
    assert [each["time"] for each in items] == sorted(each["time"] for each in items)


async def test_a_change_is_seen_in_the_incident_and_in_the_log(writer: Connected) -> None:
    made = await new_incident(writer, labels=["old"])
    number = made["number"]
    done = await call(
        writer,
        "update_incident",
        incident=number,
        status="Active",
        severity="High",
        owner="priya.nair@northwind.example",
        add_labels=["vip"],
        remove_labels=["OLD"],
        comment="Taken.",
    )

    read = await call(writer, "get_incident", incident=number, include=["comments", "timeline"])
    logged = await rows(
        writer,
        f"SecurityIncident | where IncidentNumber == {number}"
        " | summarize arg_max(TimeGenerated, *) by IncidentName"
        " | project Status, Severity, tostring(Owner.assignedTo), array_length(Comments)",
    )
    incident = read["incident"]
    assert done["outcome"] == "done"
    assert (incident["status"], incident["severity"]) == ("Active", "High")
    assert incident["owner_detail"]["name"] == "Priya Nair"
    assert incident["labels"] == ["vip"]
    assert [each["message"] for each in read["comments"]["items"]] == ["Taken."]
    assert logged == [["Active", "High", "Priya Nair", 1]]
    assert {each["kind"] for each in read["timeline"]["items"]} >= {"created", "status", "owner"}


async def test_closing_asks_and_reopening_takes_the_verdict_back(writer: Connected) -> None:
    number = (await new_incident(writer))["number"]
    close = {
        "incident": number,
        "status": "Closed",
        "classification": "TruePositive",
        "classification_comment": "It was one.",
    }

    unconfirmed = await refused(writer, "update_incident", **close)
    unclassified = await refused(
        writer, "update_incident", incident=number, status="Closed", confirm=True
    )
    await call(writer, "update_incident", **close, confirm=True)
    closed = await call(writer, "get_incident", incident=number, include=[])
    again = await call(writer, "update_incident", **close, confirm=True)
    await call(writer, "update_incident", incident=number, status="Active")
    reopened = await call(writer, "get_incident", incident=number, include=[])

    assert unconfirmed["code"] == "confirmation_needed"
    assert "classification" in unclassified["message"]
    assert closed["incident"]["classification_reason"] == "SuspiciousActivity"
    assert again["outcome"] == "unchanged"
    assert reopened["incident"]["classification"] is None


async def test_an_owner_is_taken_away_by_an_empty_one(writer: Connected) -> None:
    number = (await new_incident(writer, owner="jonas.weber@northwind.example"))["number"]

    await call(writer, "update_incident", incident=number, owner="")

    read = await call(writer, "get_incident", incident=number, include=[])
    assert read["incident"]["owner"] is None


async def test_the_same_id_again_makes_no_second_incident_comment_or_task(
    writer: Connected,
) -> None:
    one, two, three = (str(uuid4()) for _ in range(3))
    owned = {"owner": "jonas.weber@northwind.example"}
    first = await new_incident(writer, incident_id=one, **owned)
    second = await new_incident(writer, incident_id=one, **owned)
    other = await refused(
        writer, "create_incident", title="Another", severity="High", incident_id=one
    )
    outcomes = [
        (await call(writer, tool, incident=one, **arguments))["outcome"]
        for tool, arguments in (
            ("add_incident_comment", {"message": "Seen", "comment_id": two}),
            ("add_incident_comment", {"message": "Seen", "comment_id": two}),
            ("add_incident_task", {"title": "Look", "task_id": three}),
            ("add_incident_task", {"title": "Look", "task_id": three}),
        )
    ]
    read = await call(writer, "get_incident", incident=one, include=["comments", "tasks"])

    assert (first["outcome"], second["outcome"]) == ("done", "unchanged")
    assert first["number"] == second["number"]
    assert other["code"] == "conflict"
    assert outcomes == ["done", "unchanged"] * 2
    assert len(read["comments"]["items"]) == len(read["tasks"]["items"]) == 1


async def test_a_task_is_completed_and_what_is_not_given_stays(writer: Connected) -> None:
    number = (await new_incident(writer))["number"]
    task = await call(writer, "add_incident_task", incident=number, title="Look", description="At")

    done = await call(
        writer, "update_incident_task", incident=number, task=task["name"], status="Completed"
    )

    read = await call(writer, "get_incident", incident=number, include=["tasks"])
    (found,) = read["tasks"]["items"]
    assert [each["field"] for each in done["changes"]] == ["status"]
    assert (found["status"], found["title"], found["description"]) == ("Completed", "Look", "At")


async def test_an_alert_and_a_bookmark_become_part_of_an_incident(writer: Connected) -> None:
    number = (await new_incident(writer))["number"]
    listed = await call(writer, "list_alerts", limit=1, title_contains="PsExec")
    alert = listed["alerts"][0]["id"]
    page = await call(writer, "list_incidents", title_contains="Multi-stage", limit=1)
    story = await call(
        writer, "get_incident", incident=page["incidents"][0]["number"], include=["bookmarks"]
    )
    bookmark = story["bookmarks"]["items"][0]["id"]

    await call(writer, "relate_to_incident", incident=number, alert=alert)
    await call(writer, "relate_to_incident", incident=number, bookmark=bookmark)
    again = await refused(writer, "relate_to_incident", incident=number, alert=alert.upper())
    unknown = await refused(writer, "relate_to_incident", incident=number, alert=str(uuid4()))

    read = await call(writer, "get_incident", incident=number)
    logged = await rows(
        writer,
        f"SecurityIncident | where IncidentNumber == {number}"
        " | summarize arg_max(TimeGenerated, *) by IncidentName"
        " | project tostring(AlertIds[0]), tostring(BookmarkIds[0])",
    )
    assert [each["id"] for each in read["alerts"]["items"]] == [alert]
    assert [each["id"] for each in read["bookmarks"]["items"]] == [bookmark]
    assert {each["kind"] for each in read["entities"]["items"]} >= {"Host", "Account"}
    assert read["incident"]["alerts_count"] == read["incident"]["bookmarks_count"] == 1
    assert logged == [[alert, bookmark]]
    assert (again["code"], "already" in again["message"]) == ("invalid_input", True)
    assert unknown["code"] == "not_found"


async def test_a_playbook_is_started_once_the_user_agrees(writer: Connected) -> None:
    number = (await new_incident(writer))["number"]
    arguments = {"incident": number, "logic_app_id": LOGIC_APP}

    preview = await call(writer, "run_playbook", **arguments, dry_run=True)
    unconfirmed = await refused(writer, "run_playbook", **arguments)
    done = await call(writer, "run_playbook", **arguments, confirm=True)

    assert (preview["outcome"], done["outcome"]) == ("preview", "done")
    assert unconfirmed["code"] == "confirmation_needed"
    assert done["name"] == "isolate-machine"


async def test_a_preview_shows_the_change_and_writes_nothing(writer: Connected) -> None:
    number = (await new_incident(writer))["number"]
    before = await call(writer, "get_incident", incident=number)

    shown = await call(
        writer,
        "update_incident",
        incident=number,
        severity="High",
        comment="Later.",
        dry_run=True,
    )

    after = await call(writer, "get_incident", incident=number)
    assert shown["outcome"] == "preview"
    assert [(each["field"], each["before"], each["after"]) for each in shown["changes"]] == [
        ("severity", "Low", "High"),
        ("comment", None, "Later."),
    ]
    assert after == before


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("update_incident", {"incident": 1200, "severity": "High"}),
        ("update_incident", {"incident": 1200, "comment": "x"}),
        ("create_incident", {"title": "x", "severity": "Low"}),
        ("add_incident_comment", {"incident": 1200, "message": "x"}),
        ("add_incident_task", {"incident": 1200, "title": "x"}),
        ("run_playbook", {"incident": 1200, "logic_app_id": LOGIC_APP, "confirm": True}),
    ],
)
async def test_a_server_without_writes_refuses_each_of_them(
    client: Connected, tool: str, arguments: dict[str, Any]
) -> None:
    error = await refused(client, tool, **arguments)

    assert error["code"] == "read_only"


async def test_every_query_of_the_area_is_valid(cache_dir: Path, checker: Checker) -> None:
    now = datetime.fromisoformat("2026-11-22T00:00:00+00:00")
    hostile = 'a"b\\c\n| take 1'
    everything = AlertFilter(
        severities=("High",),
        statuses=("New",),
        product=hostile,
        provider=hostile,
        title_contains=hostile,
        entity=hostile,
        technique=hostile,
        created_before=now,
        incident=7,
    )
    traits = [similar.Trait("ip", (hostile, "192.0.2.1")), similar.Trait("host", ("nw-ws-1",))]
    queries = [
        everything.query(now, until=now, max_rows=3),
        AlertFilter().query(now, until=None, max_rows=3),
        alerts.alert_query(hostile, now),
        alerts.incidents_query(hostile, now),
        figures.figures_query(now, now),
        history.history_query(hostile, now, 5),
        similar.alerts_query(traits, now),
        similar.incidents_query(hostile, now),
    ]
    checks = [await checker.check(each, bundled("sentinel")) for each in queries]

    assert [(each.errors, each.refusals) for each in checks] == [((), ())] * len(queries)


def _some(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
