"""Alerts and figures, by the real service over the real clients, from a scripted log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.domains.incident_azure import NAME, PATH, incident
from tests.scripted import Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.incidents.alert_models import AlertDetail, AlertListing
from sentinel_mcp.domains.incidents.figure_models import IncidentStatistics
from sentinel_mcp.domains.incidents.models import IncidentDossier
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.scenario import names
from sentinel_mcp.local.scenario.people import person
from sentinel_mcp.settings import Settings

Row = Mapping[str, Any]

ENTITIES: list[dict[str, Any]] = [
    {"$id": "2", "HostName": "ws-1", "Type": "host", "OSFamily": "Windows"},
    {"$id": "3", "ProcessId": "42", "Host": {"$ref": "2"}, "Type": "process"},
    {"$id": "4", "Name": "ana", "UPNSuffix": "contoso.com", "Type": "account"},
    {"$id": "5", "Spin": {"Up": 1}, "Type": "quantum-device"},
    {"$ref": "4"},
]
ALERT: dict[str, Any] = {
    "SystemAlertId": "a1",
    "Generated": "2026-11-20T08:00:00.123Z",
    "TimeGenerated": "2026-11-21T08:00:00.1234567Z",
    "DisplayName": "Mail with malware",
    "AlertSeverity": "High",
    "Status": "New",
    "ProductName": "Azure Sentinel",
    "ProviderName": "ASI Scheduled Alerts",
    "Tactics": "InitialAccess, Execution",
    "Techniques": '["T1566"]',
    "Entities": json.dumps(ENTITIES),
    "ExtendedProperties": json.dumps({"Query Period": "PT1H", "Analytic Rule Ids": '["r"]'}),
    "ExtendedLinks": json.dumps([{"Href": "https://contoso.com/a", "Label": "x"}]),
    "RemediationSteps": '["Reset the password"]',
    "Versions": 3,
}


def tables(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Write rows as Log Analytics does: columns of text are enough for whoever reads by name."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [
        {
            "name": "PrimaryResult",
            "columns": [{"name": name, "type": "string"} for name in names],
            "rows": [[row.get(name) for name in names] for row in rows],
        }
    ]


def table(rows: Sequence[Row]) -> Reply:
    return Reply({"tables": tables(rows)})


def query_of(request: HttpRequest) -> str:
    return json.loads(request.content)["query"]


def logs(alerts: Sequence[Row] | Reply = (), incidents: Sequence[Row] | Reply = ()) -> Route:
    """Answer by the table that the query begins with; what else is asked finds nothing."""

    def answer(request: HttpRequest) -> Reply:
        query = query_of(request)
        about = "let AlertsAbout" in query
        rows = alerts if about or query.startswith("SecurityAlert") else incidents
        if query.startswith(("IdentityInfo", "union isfuzzy")):
            return table([])
        return rows if isinstance(rows, Reply) else table(rows)

    return answer


def azure(**found: Any) -> ScriptedAzure:
    return ScriptedAzure({"POST query": logs(**found)})


async def listed(client: Client[FastMCPTransport], **arguments: Any) -> AlertListing:
    answer = await client.call_tool("list_alerts", arguments)
    return AlertListing.model_validate(answer.structured_content)


async def got(client: Client[FastMCPTransport], **arguments: Any) -> AlertDetail:
    answer = await client.call_tool("get_alert", {"alert": "a1", **arguments})
    return AlertDetail.model_validate(answer.structured_content)


async def counted(client: Client[FastMCPTransport], **arguments: Any) -> IncidentStatistics:
    answer = await client.call_tool("get_incident_statistics", arguments)
    return IncidentStatistics.model_validate(answer.structured_content)


async def error_of(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


async def test_a_list_of_alerts_is_one_query_and_tells_what_triage_needs() -> None:
    scripted = azure(alerts=[ALERT])

    async with served(scripted) as client:
        page = await listed(client, created_after="2026-11-01T00:00:00Z")

    (alert,) = page.alerts
    assert len(scripted.requests) == 1
    assert (alert.id, alert.severity, alert.tactics, alert.techniques) == (
        "a1",
        "High",
        ["InitialAccess", "Execution"],
        ["T1566"],
    )
    assert page.model_dump(mode="json")["created_after"] == "2026-11-01T00:00:00Z"
    assert (page.total_count, page.next_cursor) == (1, None)


async def test_no_alerts_are_an_empty_list() -> None:
    async with served(azure()) as client:
        page = await listed(client)

    assert (page.alerts, page.total_count, page.next_cursor, page.warnings) == ([], 0, None, [])


async def test_a_filters_text_is_a_literal_whatever_is_in_it() -> None:
    scripted = azure()
    hostile = '") or true // \\ \n | take 1'

    async with served(scripted) as client:
        await listed(client, title_contains=hostile, product=hostile)

    query = query_of(scripted.requests[0])
    written = '"\\") or true // \\\\ \\n | take 1"'
    assert f"DisplayName contains {written}" in query
    assert f"ProductName =~ {written}" in query
    assert query.count("\n| take") == 1


ENTITY_FORMS = [
    "ana@contoso.com",
    "CONTOSO\\ana",
    "ana",
    "admin",
    "Ana Lima",
    "S-1-5-21-1-2-3-1001",
    "f19d1d76-900e-5052-88bf-6def30c936af",
    "ws-1",
    "ws-1.contoso.com",
    "server",
    "WEB$",
    "192[.]0[.]2[.]1:443",
    "::ffff:192.0.2.1",
    "192.0.2.0/25",
    "2001:db8::/33",
    "evil.example",
    "hxxps://evil[.]example/a",
    "C:\\Temp\\x.exe",
    "x.exe",
    "d41d8cd98f00b204e9800998ecf8427e",
    "mailto:ana@contoso.com",
    'https://evil.example/"|take-1//',
    "https://evil.example/'\\(.*)",
    "o'brien@contoso.com",
]


@pytest.mark.asyncio(loop_scope="session")
async def test_every_form_of_an_entity_narrows_the_list_by_kql_that_is_valid(
    checker: Checker,
) -> None:
    scripted = azure()

    async with served(scripted) as client:
        for each in ENTITY_FORMS:
            page = await listed(client, entity=each)
            assert page.alerts == []
    sent = [query_of(each) for each in scripted.requests if each.url.endswith("/query")]
    checks = [await checker.check(each, bundled("sentinel")) for each in sent]

    listing = [each for each in sent if "\n| take" in each]
    assert len(listing) == len(ENTITY_FORMS)
    assert all("\n| where SystemAlertId in (AlertsAbout)\n" in each for each in listing)
    assert [each.message for check in checks for each in check.errors] == []
    read = {name for check in checks for name in check.tables}
    assert read == {"SecurityAlert", "IdentityInfo", "Heartbeat", "DeviceInfo"}


async def test_an_entity_that_is_none_is_refused_before_the_log_is_asked() -> None:
    scripted = azure()

    async with served(scripted) as client:
        error = await error_of(client, "list_alerts", entity="http://")

    assert error["code"] == "invalid_input"
    assert not any(each.url.endswith("/query") for each in scripted.requests)


async def test_alerts_about_somebody_are_listed_although_the_directory_does_not_answer() -> None:
    def answer(request: HttpRequest) -> Reply:
        no = refusal(403, "InsufficientAccessError")
        return no if query_of(request).startswith("IdentityInfo") else table([ALERT])

    async with served(ScriptedAzure({"POST query": answer})) as client:
        page = await listed(client, entity="ana@contoso.com")

    assert [each.id for each in page.alerts] == ["a1"]
    assert any("directory could not be asked" in each for each in page.warnings)


Connected = Client[FastMCPTransport]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("name", ["daniel.reyes", "priya.nair", "aiko.tanaka"])
async def test_a_person_has_the_same_alerts_by_upn_account_name_domain_form_and_sid(
    client: Connected, name: str
) -> None:
    who = person(name)
    spelled = [who.upn, who.upn.upper(), who.sam, f"NORTHWIND\\{who.sam}", who.sid, who.id]

    lists = [
        {each.id for each in (await listed(client, entity=one, limit=100)).alerts}
        for one in spelled
    ]

    # Counted apart: whatever the JSON of an alert's entities says of the person.
    local, _, suffix = who.upn.partition("@")
    query = f"""SecurityAlert | mv-expand E = todynamic(Entities)
        | where (tostring(E.Name) =~ "{local}" and tostring(E.UPNSuffix) =~ "{suffix}")
            or tostring(E.AadUserId) =~ "{who.id}" or tostring(E.Sid) =~ "{who.sid}"
        | distinct SystemAlertId"""
    answer = await client.call_tool("run_query", {"query": query, "timespan": "P30D"})
    assert answer.structured_content
    counted_apart = {row[0] for row in answer.structured_content["tables"][0]["rows"]}

    assert lists == [lists[0]] * len(spelled)
    assert lists[0] >= counted_apart


@pytest.mark.asyncio(loop_scope="session")
async def test_alerts_are_found_by_a_network_that_their_addresses_are_in(
    client: Connected,
) -> None:
    ip = names.SPRAY_IP
    network = f"{ip.rpartition('.')[0]}.0/24"

    of_ip = {each.id for each in (await listed(client, entity=ip, limit=100)).alerts}
    of_port = {each.id for each in (await listed(client, entity=f"{ip}:443", limit=100)).alerts}
    of_network = {each.id for each in (await listed(client, entity=network, limit=100)).alerts}

    assert of_ip
    assert of_port == of_ip
    assert of_network >= of_ip


async def test_alerts_of_one_moment_are_neither_lost_nor_told_twice() -> None:
    moments = ["2026-11-20T08:00:00.003Z"] * 5 + ["2026-11-20T08:00:00.001Z"] * 2
    rows = [
        {**ALERT, "SystemAlertId": f"a{index}", "Generated": moment}
        for index, moment in enumerate(moments)
    ]

    def answer(request: HttpRequest) -> Reply:
        query = query_of(request)
        count = int(query.rpartition("| take ")[2]) if "| take " in query else 0
        late = "<= datetime(2026-11-20T08:00:00.001" in query
        return table([row for row in rows if not late or ".001Z" in row["Generated"]][:count])

    async with served(ScriptedAzure({"POST query": answer})) as client:
        ids: list[str] = []
        cursor: str | None = None
        for _ in range(10):
            page = await listed(client, limit=2, cursor=cursor)
            ids += [each.id for each in page.alerts]
            cursor = page.next_cursor
            if cursor is None:
                break

    assert ids == [f"a{index}" for index in range(7)]


async def test_a_cursor_is_good_for_its_own_list_only() -> None:
    scripted = azure(alerts=[{**ALERT, "SystemAlertId": f"a{each}"} for each in range(3)])

    async with served(scripted) as client:
        cursor = (await listed(client, limit=2)).next_cursor
        foreign = await error_of(client, "list_alerts", limit=2, cursor=cursor, product="x")
        made_up = await error_of(client, "list_alerts", cursor="bm90IG9uZSBvZiBvdXJz")

    assert cursor
    assert (foreign["code"], made_up["code"]) == ("invalid_input", "invalid_input")


async def test_a_list_too_large_for_an_answer_goes_on_in_the_next() -> None:
    rows = [{**ALERT, "SystemAlertId": f"a{each}", "Techniques": '["T1"]'} for each in range(40)]

    async with served(azure(alerts=rows), settings=Settings(max_answer_bytes=4096)) as client:
        page = await listed(client, limit=40)

    assert 0 < len(page.alerts) < 40
    assert page.next_cursor
    assert len(page.model_dump_json()) < 6_000


async def test_times_that_exclude_each_other_are_refused_unsent() -> None:
    scripted = azure()
    wrong = {"created_after": "2026-11-21", "created_before": "2026-11-20"}

    async with served(scripted) as client:
        errors = [
            await error_of(client, tool, **wrong)
            for tool in ("list_alerts", "get_incident_statistics")
        ]
        year = await error_of(client, "get_incident_statistics", created_after="2020-01-01")

    assert {each["code"] for each in (*errors, year)} == {"invalid_input"}
    assert scripted.requests == []


async def test_an_alert_comes_with_its_entities_by_name_and_its_properties_flat() -> None:
    link = {"IncidentNumber": 7, "IncidentName": NAME, "Title": "Phishing", "Status": "New"}
    scripted = azure(alerts=[ALERT], incidents=[link])

    async with served(scripted) as client:
        found = await got(client)

    assert len(scripted.requests) == 2
    assert [(each.kind, each.name) for each in found.entities] == [
        ("host", "ws-1"),
        ("process", "42"),
        ("account", "ana@contoso.com"),
        ("quantum-device", None),
    ]
    assert found.entities[1].properties == {"process_id": "42", "host": "ws-1"}
    assert found.entities[3].properties == {"spin_up": 1}
    assert found.extended_properties == {"query_period": "PT1H", "analytic_rule_ids": '["r"]'}
    assert found.alert.extended_links == ["https://contoso.com/a"]
    assert found.alert.remediation_steps == ["Reset the password"]
    assert found.alert.versions == 3
    assert [(each.number, each.id) for each in found.incidents] == [(7, NAME)]


async def test_an_alert_whose_json_is_broken_comes_without_it() -> None:
    odd = {
        **ALERT,
        "Entities": "[{",
        "ExtendedProperties": "[1]",
        "Techniques": "T1566",
        "Tactics": None,
    }

    async with served(azure(alerts=[odd])) as client:
        found = await got(client)

    assert (found.entities, found.extended_properties) == ([], {})
    assert (found.alert.techniques, found.alert.tactics) == (["T1566"], [])


async def test_an_alert_comes_although_its_incidents_cannot_be_read() -> None:
    broken = Reply({"error": {"code": "Broken", "message": "No."}}, 502)

    async with served(azure(alerts=[ALERT], incidents=broken)) as client:
        found = await got(client)

    assert found.alert.id == "a1"
    assert found.incidents_error
    assert found.incidents_error.code == "unavailable"


async def test_an_alert_too_large_for_an_answer_loses_its_longest_parts_and_says_so() -> None:
    wide = {f"p{each}": "x" * 900 for each in range(30)}
    many = [{"Address": f"192.0.2.{each}", "Type": "ip"} for each in range(60)]
    heavy = {**ALERT, "ExtendedProperties": json.dumps(wide), "Entities": json.dumps(many)}

    async with served(azure(alerts=[heavy]), settings=Settings(max_answer_bytes=4096)) as client:
        found = await got(client)

    assert len(found.model_dump_json()) <= 4096
    assert found.extended_properties == {}
    assert "extended_properties" in found.notices[0]
    assert found.entities
    assert [f"{len(found.entities)} of 60 entities" in each for each in found.notices] == [
        False,
        True,
    ]


async def test_an_alert_that_is_not_there_is_told() -> None:
    async with served(azure()) as client:
        error = await error_of(client, "get_alert", alert="a1")

    assert error["code"] == "not_found"


async def test_a_refusal_names_the_role_that_reads_the_log() -> None:
    no = Reply({"error": {"code": "InsufficientAccessError", "message": "No."}}, 403)

    async with served(azure(alerts=no, incidents=no)) as client:
        errors = [
            await error_of(client, "list_alerts"),
            await error_of(client, "get_alert", alert="a1"),
            await error_of(client, "get_incident_statistics"),
        ]

    assert {each["code"] for each in errors} == {"access_denied"}
    assert all("Log Analytics Reader" in each["hint"] for each in errors)


def state(**more: Any) -> dict[str, Any]:
    return {
        "Severity": "Low",
        "Status": "New",
        "OwnerText": "",
        "CreatedTime": "2026-11-10T08:00:00Z",
        "ClosedTime": None,
        "Acknowledged": None,
        **more,
    }


async def test_figures_are_those_of_the_last_states() -> None:
    closed = {
        "Status": "Closed",
        "Classification": "TruePositive",
        "Acknowledged": "2026-11-10T09:00:00Z",
    }
    rows = [
        state(),
        state(
            Severity="High", Status="Active", OwnerText="ana", Acknowledged="2026-11-10T12:00:00Z"
        ),
        state(**closed, ClosedTime="2026-11-10T10:00:00Z"),
        state(**closed, ClosedTime="2026-11-11T08:00:00Z"),
        state(Severity="Odd", CreatedTime=None),
    ]

    async with served(azure(incidents=rows)) as client:
        found = await counted(
            client, created_after="2026-11-10T00:00:00Z", created_before="2026-11-12T00:00:00Z"
        )

    assert (found.all_count, found.open_count, found.closed_count) == (5, 3, 2)
    assert found.open_by_severity == {
        "High": 1,
        "Medium": 0,
        "Low": 1,
        "Informational": 0,
        "Odd": 1,
    }
    assert found.all_by_status == {"New": 2, "Active": 1, "Closed": 2}
    assert [(each.owner, each.open) for each in found.open_by_owner] == [(None, 2), ("ana", 1)]
    assert found.closed_by_classification == {"TruePositive": 2}
    assert found.time_to_acknowledge.model_dump() == {
        "count": 3,
        "mean_hours": 2.0,
        "median_hours": 1.0,
    }
    assert found.time_to_close.model_dump() == {
        "count": 2,
        "mean_hours": 13.0,
        "median_hours": 13.0,
    }
    assert sum(found.all_by_severity.values()) == 5
    assert [(str(each.day), each.created, each.closed) for each in found.by_day] == [
        ("2026-11-10", 4, 1),
        ("2026-11-11", 0, 1),
        ("2026-11-12", 0, 0),
    ]


async def test_days_before_the_log_begins_are_left_out_and_part_days_are_marked() -> None:
    rows = [state(LogBegins="2020-03-04T06:00:00Z", CreatedTime="2020-03-05T08:00:00Z")]

    async with served(azure(incidents=rows)) as client:
        found = await counted(
            client, created_after="2020-03-01T00:00:00Z", created_before="2020-03-07T12:00:00Z"
        )

    assert found.model_dump(mode="json")["log_begins"] == "2020-03-04T06:00:00Z"
    assert [(str(each.day), each.created, each.is_whole) for each in found.by_day] == [
        ("2020-03-04", 0, False),
        ("2020-03-05", 1, True),
        ("2020-03-06", 0, True),
        ("2020-03-07", 0, False),
    ]


async def test_figures_of_nothing_are_noughts() -> None:
    async with served(azure()) as client:
        found = await counted(client)

    assert (found.all_count, found.open_count, found.open_by_owner) == (0, 0, [])
    assert found.time_to_close.mean_hours is None
    assert len(found.by_day) == 31


async def test_figures_from_a_partial_answer_say_so() -> None:
    error = {"code": "PartialError", "message": "A part is missing."}
    partial = {"tables": tables([state()]), "error": error}

    async with served(azure(incidents=Reply(partial))) as client:
        found = await counted(client)

    assert found.all_count == 1
    assert "only in part" in found.warnings[0]


HISTORY = [
    {"LastModifiedTime": "2026-11-20T08:00:00Z", "Status": "New", "Severity": "Low", "Title": "P"},
    {
        "LastModifiedTime": "2026-11-20T09:00:00Z",
        "Status": "Active",
        "Severity": "Low",
        "Title": "P",
        "Owner": json.dumps({"userPrincipalName": "ana@contoso.com"}),
        "ModifiedBy": "ana@contoso.com",
    },
    {
        "LastModifiedTime": "2026-11-20T11:00:00Z",
        "Status": "Closed",
        "Severity": "Low",
        "Title": "P",
        "Owner": json.dumps({"userPrincipalName": "ana@contoso.com"}),
        "Classification": "TruePositive",
        "ClassificationReason": "SuspiciousActivity",
    },
]
ROUTES: dict[str, Route] = {
    "GET incidents": {"value": [incident()]},
    f"POST {PATH}/alerts": {
        "value": [
            {
                "name": "a1",
                "properties": {
                    "alertDisplayName": "Mail",
                    "severity": "High",
                    "startTimeUtc": "2026-11-20T07:00:00Z",
                },
            }
        ]
    },
    f"POST {PATH}/entities": {
        "entities": [
            {"kind": "Ip", "properties": {"address": "192.0.2.66", "friendlyName": "192.0.2.66"}},
            {"kind": "Ip", "properties": {"address": "192.0.2.66"}},
            {"kind": "Process", "properties": {"commandLine": "x", "friendlyName": "x"}},
            {"kind": "Account", "properties": {"accountName": "ana", "sid": 'S-1"'}},
        ]
    },
    f"GET {PATH}/comments": {
        "value": [
            {
                "name": "c1",
                "properties": {"message": "Hm.", "createdTimeUtc": "2026-11-20T10:00:00Z"},
            }
        ]
    },
    f"GET {PATH}/tasks": {
        "value": [
            {
                "name": "t1",
                "properties": {
                    "title": "Look",
                    "status": "Completed",
                    "createdTimeUtc": "2026-11-20T08:30:00Z",
                    "lastModifiedTimeUtc": "2026-11-20T10:30:00Z",
                },
            }
        ]
    },
    f"POST {PATH}/bookmarks": {"value": []},
    "POST query": logs(incidents=HISTORY),
}


async def dossier(scripted: ScriptedAzure, *include: str) -> IncidentDossier:
    async with served(scripted) as client:
        answer = await client.call_tool("get_incident", {"incident": 7, "include": list(include)})
    return IncidentDossier.model_validate(answer.structured_content)


async def test_a_timeline_is_one_list_in_the_order_of_time() -> None:
    scripted = ScriptedAzure(ROUTES)

    found = await dossier(scripted, "timeline", "alerts")

    assert found.timeline
    assert [(each.kind, each.text) for each in found.timeline.items] == [
        ("alert", "Mail (High, ?)"),
        ("created", "created as New, severity Low"),
        ("task", "added: Look"),
        ("status", "status: New -> Active"),
        ("owner", "owner: nobody -> ana@contoso.com"),
        ("comment", "Hm."),
        ("task", "completed: Look"),
        ("status", "status: Active -> Closed; TruePositive / SuspiciousActivity"),
    ]
    assert found.timeline.notice is None
    # The alerts are asked for once, though two sections are made of them.
    assert len(scripted.requests) == 6


async def test_a_timeline_comes_without_the_part_that_fails_and_says_so() -> None:
    broken: dict[str, Route] = {"POST query": refusal(403, "InsufficientAccessError")}

    found = await dossier(ScriptedAzure({**ROUTES, **broken}), "timeline")
    none = await dossier(ScriptedAzure({"GET incidents": ROUTES["GET incidents"]}), "timeline")

    assert found.timeline
    assert len(found.timeline.items) == 4
    assert "Without history" in (found.timeline.notice or "")
    assert none.timeline
    assert none.timeline.error


async def test_a_long_timeline_keeps_its_latest_events() -> None:
    comments = [
        {
            "name": f"c{each}",
            "properties": {
                "message": f"{each} " + "x" * 200,
                "createdTimeUtc": f"2026-11-20T{each // 60:02}:{each % 60:02}:00Z",
            },
        }
        for each in range(300)
    ]
    azure_ = ScriptedAzure({**ROUTES, f"GET {PATH}/comments": {"value": comments}})

    found = await dossier(azure_, "timeline")

    assert found.timeline
    assert found.timeline.total == len(comments) + 7
    assert "The latest" in (found.timeline.notice or "")
    assert len(found.timeline.items) <= 200
    assert found.timeline.items[-1].text.startswith("status: Active -> Closed")


SIMILAR_ALERTS = [
    {"SystemAlertId": "A9", "e0": True, "e1": False},
    {"SystemAlertId": "a8", "e0": True, "e1": True},
]


def candidate(number: int, **more: Any) -> dict[str, Any]:
    return {
        "IncidentName": f"i{number}",
        "IncidentNumber": number,
        "Title": "Other",
        "AlertIds": "[]",
        "RelatedAnalyticRuleIds": "[]",
        "Tactics": "[]",
        **more,
    }


async def test_incidents_are_ranked_by_what_they_share_and_the_reasons_are_told() -> None:
    ours = incident(
        relatedAnalyticRuleIds=["/x/alertRules/R1"], additionalData={"tactics": ["Impact"]}
    )
    rows = [
        candidate(1, Title="PHISHING"),
        candidate(2, AlertIds='["a9"]'),
        candidate(3, AlertIds='["a8"]', RelatedAnalyticRuleIds='["/y/r1"]', Tactics='["Impact"]'),
        candidate(4, AlertIds="broken", Tactics='["Impact", "Discovery", "Execution"]'),
        candidate(5),
    ]
    scripted = ScriptedAzure(
        {
            **ROUTES,
            "GET incidents": {"value": [ours]},
            "POST query": logs(alerts=SIMILAR_ALERTS, incidents=rows),
        }
    )

    found = await dossier(scripted, "similar")

    assert found.similar
    assert [(each.number, each.score) for each in found.similar.items] == [
        (3, 90),
        (2, 30),
        (1, 10),
    ]
    assert found.similar.items[0].reasons == [
        'same entities: ip 192.0.2.66, account S-1"',
        "same rule",
        "same tactics: Impact",
    ]
    assert len(scripted.requests) == 4
    query = next(
        query_of(each)
        for each in scripted.requests
        if each.url.endswith("query") and "SecurityAlert" in query_of(each)
    )
    assert 'e1 = Entities has_any ("S-1\\\\\\"")' in query


async def test_at_most_ten_similar_incidents_are_told_of_how_many() -> None:
    rows = [candidate(each, Title="Phishing") for each in range(30)]
    scripted = ScriptedAzure({**ROUTES, "POST query": logs(incidents=rows)})

    found = await dossier(scripted, "similar")

    assert found.similar
    assert (len(found.similar.items), found.similar.total) == (10, 30)
    assert [each.number for each in found.similar.items[:2]] == [29, 28]


async def test_without_entities_incidents_are_compared_by_the_rest() -> None:
    rows = [candidate(1, Title="Phishing")]
    broken = {f"POST {PATH}/entities": refusal(403, "AuthorizationFailed")}
    scripted = ScriptedAzure({**ROUTES, **broken, "POST query": logs(incidents=rows)})

    found = await dossier(scripted, "similar")

    assert found.similar
    assert [each.number for each in found.similar.items] == [1]
    assert "Without entities" in (found.similar.notice or "")
    assert len(scripted.requests) == 3


async def test_nothing_to_compare_with_is_an_empty_section_and_no_log_an_error() -> None:
    empty = await dossier(ScriptedAzure({**ROUTES, "POST query": logs()}), "similar")
    no = {"POST query": refusal(403, "InsufficientAccessError")}
    failed = await dossier(ScriptedAzure({**ROUTES, **no}), "similar")

    assert empty.similar
    assert (empty.similar.items, empty.similar.total, empty.similar.error) == ([], 0, None)
    assert failed.similar
    assert failed.similar.error
    assert failed.similar.error.code == "access_denied"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("list_alerts", {"created_before": "0001-01-05T00:00:00Z"}),
        ("list_alerts", {"created_before": "0001-01-01", "incident": 1}),
        ("get_incident_statistics", {"created_before": "0001-01-10"}),
        (
            "get_incident_statistics",
            {"created_before": "0001-02-01", "created_after": "0001-01-01"},
        ),
    ],
)
async def test_the_beginning_of_time_is_a_time_like_any_other(
    tool: str, arguments: dict[str, Any]
) -> None:
    scripted = azure()

    async with served(scripted) as client:
        answer = await client.call_tool(tool, arguments)

    assert not answer.is_error
    assert "datetime(0001-01-01T00:00:00" in query_of(scripted.requests[0])


async def test_incident_nought_keeps_the_alerts_of_no_incident() -> None:
    scripted = azure()

    async with served(scripted) as client:
        await listed(client, incident=0)

    assert "IncidentNumber == 0" in query_of(scripted.requests[0])


async def test_a_log_that_begins_late_does_not_call_its_first_version_the_making() -> None:
    late = [{**each, "CreatedTime": "2026-09-01T08:00:00Z"} for each in reversed(HISTORY)]
    scripted = ScriptedAzure({**ROUTES, "POST query": logs(incidents=late)})

    found = await dossier(scripted, "timeline")

    assert found.timeline
    told = [(each.kind, each.text) for each in found.timeline.items]
    assert ("state", "by then New, severity Low") in told
    assert ("status", "status: New -> Active") in told
    assert "created" not in {kind for kind, _ in told}


async def test_a_history_too_long_is_read_from_its_latest_changes_and_says_so() -> None:
    versions = [
        {"LastModifiedTime": f"2026-11-20T{each // 60:02}:{each % 60:02}:00Z", "Status": "New"}
        for each in range(500)
    ]
    scripted = ScriptedAzure({**ROUTES, "POST query": logs(incidents=versions)})

    found = await dossier(scripted, "timeline")

    assert found.timeline
    assert "Only the latest 500 changes were read." in (found.timeline.notice or "")
    assert "sort by LastModifiedTime desc" in query_of(scripted.requests[-1])


@pytest.mark.parametrize("letter", ["x", "字"])
async def test_the_limit_of_an_answer_is_in_bytes_whatever_the_script(letter: str) -> None:
    rows = [
        {**ALERT, "SystemAlertId": f"a{each}", "DisplayName": letter * 250} for each in range(9)
    ]

    async with served(azure(alerts=rows), settings=Settings(max_answer_bytes=4096)) as client:
        page = await listed(client)

    assert page.next_cursor
    assert sum(len(each.model_dump_json().encode()) for each in page.alerts) <= 4096


async def test_an_incident_that_was_made_in_the_year_one_has_a_timeline() -> None:
    odd = incident(createdTimeUtc="0001-01-01T00:00:00Z")
    scripted = ScriptedAzure({**ROUTES, "GET incidents": {"value": [odd]}})

    found = await dossier(scripted, "timeline")

    assert found.timeline
    assert found.timeline.items


@pytest.mark.parametrize("tool", ["list_alerts", "get_alert", "get_incident"])
async def test_json_nested_deeper_than_can_be_read_is_left_out(tool: str) -> None:
    deep = dict.fromkeys(("Entities", "Techniques", "AlertIds", "Owner"), "[" * 100_000)
    row = {**ALERT, **deep, "IncidentName": "i", "LastModifiedTime": "2026-11-20T08:00:00Z"}
    scripted = ScriptedAzure({**ROUTES, "POST query": logs(alerts=[row], incidents=[row])})
    stated: dict[str, dict[str, Any]] = {
        "get_alert": {"alert": "a1"},
        "get_incident": {"incident": 7, "include": ["similar", "timeline"]},
    }

    async with served(scripted) as client:
        answer = await client.call_tool(tool, stated.get(tool, {}))

    assert not answer.is_error
