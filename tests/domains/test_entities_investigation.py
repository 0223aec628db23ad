"""An investigation, by the real service, from a scripted Azure that answers by a query's words."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Mapping
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import WORKSPACE, Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.entities.models import EntityInvestigation, EntityTimeline
from sentinel_mcp.domains.entities.sources.model import GROUPS
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.settings import Settings

QUERY = f"POST v1/workspaces/{WORKSPACE.workspace_id}/query"
METADATA = f"GET v1/workspaces/{WORKSPACE.workspace_id}/metadata"

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')

Rows = list[dict[str, Any]]
Word = Rows | Reply | None
"""What a query that has a word is answered with: rows, a refusal, or None for never."""

SCHEMA: dict[str, list[str]] = {
    "SigninLogs": ["UserPrincipalName", "IPAddress", "ResultType", "UserId"],
    "DnsEvents": ["ClientIP", "Name", "Computer"],
    "SecurityAlert": ["Entities"],
    "SecurityIncident": ["AlertIds"],
    "Watchlist": ["WatchlistItem"],
    "ThreatIntelIndicators": ["ObservableValue"],
    "BehaviorAnalytics": ["SourceIPAddress", "UserPrincipalName"],
    "IdentityInfo": ["AccountUPN", "AccountName", "AccountObjectId", "AccountSID", "JobTitle"],
    "Heartbeat": ["Computer"],
    "Unheard_CL": ["x"],
}
SIGHTING: dict[str, Any] = {
    "Seen": "SigninLogs",
    "Events": 7,
    "First": "2026-11-20T10:00:00.1234567Z",
    "TimeGenerated": "2026-11-20T11:00:00Z",
    "Accounts": '["a@x.example"]',
    "Hosts": "[]",
    "Ips": '["192.0.2.7"]',
    "Actions": '["Portal"]',
    "Columns": '["IPAddress"]',
    "Account": "a@x.example",
    "Result": "0",
}
ALERT: dict[str, Any] = {
    "SystemAlertId": "1",
    "TimeGenerated": "2026-11-20T10:00:00Z",
    "AlertName": "Spray",
    "AlertSeverity": "High",
}
INCIDENT: dict[str, Any] = {
    "IncidentName": "i",
    "IncidentNumber": 42,
    "Title": "Break-in",
    "Owner": '{"userPrincipalName": "priya@x.example"}',
    "Alerts": 1,
}
PERSON: dict[str, Any] = {
    "AccountUPN": "a@x.example",
    "AccountName": "adele",
    "AccountObjectId": "f19d1d76-900e-5052-88bf-6def30c936af",
    "AccountSID": "S-1-5-21-1-2-3-4",
    "JobTitle": "Accountant",
    "GroupMembership": '["All staff", "Finance"]',
}


def metadata(schema: Mapping[str, list[str]] = SCHEMA) -> dict[str, Any]:
    return {
        "tables": [
            {
                "name": table,
                "columns": [
                    {"name": each, "type": "string"} for each in ["TimeGenerated", *columns]
                ],
            }
            for table, columns in schema.items()
        ]
    }


def documented() -> dict[str, list[str]]:
    """Return every table that Microsoft documents, with its columns."""
    tables = bundled("sentinel").tables
    return {name: [each.name for each in table.columns] for name, table in tables.items()}


def answered(rows: Rows) -> Reply:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return Reply(
        {
            "tables": [
                {
                    "name": "PrimaryResult",
                    "columns": [{"name": each, "type": "string"} for each in names],
                    "rows": [[row.get(each) for each in names] for row in rows],
                }
            ]
        }
    )


def workspace(
    words: Mapping[str, Word],
    schema: Mapping[str, list[str]] = SCHEMA,
    more: Mapping[str, Route] | None = None,
) -> ScriptedAzure:
    """Answer a query by the first of `words` that it has; one that has none finds nothing."""

    def answer(request: HttpRequest) -> Reply | Awaitable[Reply]:
        query = query_of(request)
        for word, found in words.items():
            if word in query:
                if isinstance(found, Reply):
                    return found
                return never() if found is None else answered(found)
        return answered([])

    routes: dict[str, Route] = {QUERY: answer, METADATA: metadata(schema), **(more or {})}
    return ScriptedAzure(routes)


async def never() -> Reply:
    await asyncio.Event().wait()
    raise RuntimeError("the event is never set")


def query_of(request: HttpRequest) -> str:
    return json.loads(request.content)["query"]  # pyright: ignore[reportArgumentType] bytes, as sent


def queries(azure: ScriptedAzure) -> list[str]:
    return [query_of(each) for each in azure.requests if each.url.endswith("/query")]


async def investigated(
    client: Client[FastMCPTransport], value: str, **arguments: Any
) -> EntityInvestigation:
    answer = await client.call_tool("investigate_entity", {"value": value, **arguments})
    return EntityInvestigation.model_validate(answer.structured_content)


EVERYTHING: dict[str, Word] = {
    "by Seen": [SIGHTING],
    "SecurityIncident": [INCIDENT],
    "SecurityAlert": [ALERT],
    "ThreatIntelIndicators": [{"Id": "t", "ObservableValue": "192.0.2.7", "Confidence": 30}],
    "Watchlist": [{"WatchlistAlias": "Vips", "Item": '{"User Name": "a"}', "Network": ""}],
    "BehaviorAnalytics": [
        {"Events": 3, "Priority": 8, "ActivityInsights": '{"FirstTime": "True", "No": "False"}'}
    ],
}


async def test_what_is_found_is_put_together_and_told_in_one_sentence() -> None:
    schema = {each: SCHEMA[each] for each in SCHEMA if each != "DnsEvents"}

    async with served(workspace(EVERYTHING, schema)) as client:
        found = await investigated(client, "192.0.2.7")

    (seen,) = found.seen
    assert (seen.table, seen.events, seen.columns) == ("SigninLogs", 7, ["IPAddress"])
    assert [(each.kind, each.value) for each in found.related] == [("account", "a@x.example")]
    assert (found.alerts[0].name, found.incidents[0].number) == ("Spray", 42)
    assert found.incidents[0].owner == "priya@x.example"
    assert found.behaviour
    assert found.behaviour.activities[0].unusual == ["FirstTime"]
    assert found.watchlists[0].item == {"user_name": "a"}
    assert found.indicators[0].confidence == 30
    assert found.summary == (
        "ip 192.0.2.7: seen in 1 table (7 events, first 2026-11-20T10:00:00Z, "
        "last 2026-11-20T11:00:00Z); 1 alert, 1 incident (#42), 1 watchlist item, 1 indicator, "
        "UEBA priority up to 8 of 10."
    )
    assert (found.not_finished, found.missing, found.warnings) == ([], [], [])


async def test_nothing_found_is_an_answer_that_says_where_was_searched() -> None:
    async with served(workspace({})) as client:
        found = await investigated(client, "192.0.2.7")

    assert (found.seen, found.alerts, found.behaviour, found.related) == ([], [], None, [])
    assert found.tables_without == ["DnsEvents", "SigninLogs"]
    assert "seen in 0 tables" in found.summary


async def test_only_tables_and_columns_that_are_there_are_asked_for() -> None:
    azure = workspace({}, {"SigninLogs": ["IPAddress"]})

    async with served(azure) as client:
        await investigated(client, "192.0.2.7")

    (query,) = queries(azure)
    assert "SigninLogs" in query
    assert "UserPrincipalName" not in query


async def test_the_schema_is_read_once_and_an_unreadable_one_costs_a_warning_only() -> None:
    azure = workspace(EVERYTHING)
    blind = ScriptedAzure({QUERY: answered([]), METADATA: refusal(400, "BadArgumentError")})

    async with served(azure) as client:
        await investigated(client, "192.0.2.7")
        await investigated(client, "192.0.2.8")
    async with served(blind) as client:
        found = await investigated(client, "192.0.2.7")

    assert sum(each.url.endswith("/metadata") for each in azure.requests) == 1
    assert "all were tried" in found.warnings[0]
    assert any("DeviceNetworkEvents" in each for each in queries(blind))


async def test_a_table_that_may_be_in_no_union_is_left_out_and_named() -> None:
    def plan(table: str, name: str) -> dict[str, Any]:
        return {"name": table, "properties": {"plan": name}}

    plans = {"value": [plan("DnsEvents", "Basic"), plan("SigninLogs", "Analytics")]}
    azure = workspace({}, more={"GET tables": plans})

    async with served(azure) as client:
        found = await investigated(client, "192.0.2.7")

    assert found.tables_without == ["SigninLogs"]
    assert not any("DnsEvents" in each for each in queries(azure))
    assert "DnsEvents" in found.warnings[0]


async def test_what_the_budget_does_not_suffice_for_is_listed_and_the_rest_comes() -> None:
    words: dict[str, Word] = {**EVERYTHING, "by Seen": None}

    async with served(workspace(words)) as client:
        found = await investigated(client, "192.0.2.7", budget_s=1)

    assert found.not_finished == ["identity tables", "network tables"]
    assert (found.seen, found.alerts_count) == ([], 1)
    assert "Without: identity tables, network tables." in found.summary
    assert found.tables_without == []


async def test_every_query_is_given_no_more_time_than_the_budget_has() -> None:
    azure = workspace({})

    async with served(azure) as client:
        await investigated(client, "192.0.2.7", budget_s=20)

    waits = [each.headers["Prefer"] for each in azure.requests if each.url.endswith("/query")]
    assert all(0 < int(each.partition("wait=")[2].partition(",")[0]) <= 20 for each in waits)


async def test_a_part_that_fails_says_so_and_the_rest_comes() -> None:
    words = {**EVERYTHING, "SecurityIncident": refusal(400, "BadArgumentError", "No such table.")}

    async with served(workspace(words)) as client:
        found = await investigated(client, "192.0.2.7")

    assert [each.part for each in found.missing] == ["incidents"]
    assert found.alerts_count == 1
    assert "Without: incidents." in found.summary


async def test_a_refusal_of_everything_names_the_role_that_is_missing() -> None:
    refused = refusal(403, "InsufficientAccessError")

    async with served(ScriptedAzure({QUERY: refused, METADATA: refused})) as client:
        for tool in ("investigate_entity", "get_entity_timeline"):
            answer = await client.call_tool(tool, {"value": "192.0.2.7"}, raise_on_error=False)

            assert answer.is_error
            assert answer.meta
            assert answer.meta["error"]["code"] == "access_denied"
            assert "Microsoft Sentinel Reader" in answer.meta["error"]["hint"]


async def test_an_account_is_searched_for_under_all_names_that_the_directory_has() -> None:
    azure = workspace({"IdentityInfo": [PERSON]})

    async with served(azure) as client:
        found = await investigated(client, "a@x.example")

    assert found.entity.names["sam_name"] == ["adele"]
    assert found.entity.names["object_id"] == [PERSON["AccountObjectId"]]
    assert found.entity.profile["job_title"] == "Accountant"
    assert found.entity.profile["group_membership"] == "All staff, Finance"
    (identity,) = (each for each in queries(azure) if "by Seen" in each)
    assert PERSON["AccountObjectId"] in identity


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ([], "IdentityInfo has no such account"),
        ([PERSON, {**PERSON, "AccountUPN": "b@x.example"}], "several such accounts"),
        (refusal(400, "BadArgumentError"), "could not be asked"),
    ],
)
async def test_an_account_that_the_directory_does_not_tell_is_searched_as_given(
    rows: Word, note: str
) -> None:
    async with served(workspace({"IdentityInfo": rows})) as client:
        found = await investigated(client, "X\\adele")

    assert found.entity.names == {"sam_name": ["adele"], "nt_name": ["X\\adele"]}
    assert any(note in each for each in found.warnings)


@pytest.mark.parametrize(
    ("counted", "kind", "source"),
    [
        ([{"Kind": "account", "Events": 1}, {"Kind": "host", "Events": 0}], "account", "workspace"),
        ([{"Kind": "account", "Events": 0}, {"Kind": "host", "Events": 3}], "host", "workspace"),
        ([], "domain", "guess"),
    ],
)
async def test_the_workspace_tells_what_a_name_names_where_its_form_does_not(
    counted: Rows, kind: str, source: str
) -> None:
    async with served(workspace({"by Kind": counted})) as client:
        found = await investigated(client, "adele.marsh")

    assert (found.entity.kind, found.entity.kind_from) == (kind, source)
    assert any("Guessed" in each for each in found.warnings) == (source == "guess")


async def test_a_given_kind_is_not_guessed_and_must_fit_the_value() -> None:
    azure = workspace({})

    async with served(azure) as client:
        found = await investigated(client, "adele.marsh", kind="host")
        wrong = await client.call_tool(
            "investigate_entity", {"value": "adele", "kind": "ip"}, raise_on_error=False
        )
        empty = await client.call_tool("investigate_entity", {"value": " "}, raise_on_error=False)

    assert (found.entity.kind, found.entity.kind_from) == ("host", "given")
    assert not any("by Kind" in each for each in queries(azure))
    assert [each.is_error for each in (wrong, empty)] == [True, True]


async def test_a_value_that_was_made_unclickable_is_searched_for_as_it_was() -> None:
    azure = workspace({})

    async with served(azure) as client:
        found = await investigated(client, "192[.]0[.]2[.]7")

    assert (found.entity.kind, found.entity.value) == ("ip", "192.0.2.7")
    assert found.warnings == ["Searched for as '192.0.2.7'."]


async def test_a_refusal_of_a_guess_asks_for_the_kind() -> None:
    async with served(workspace({})) as client:
        answer = await client.call_tool(
            "investigate_entity", {"value": "a\nb"}, raise_on_error=False
        )

    assert answer.meta
    assert answer.meta["error"]["hint"].startswith("Say its `kind`")


async def test_an_alert_with_a_bare_account_name_counts_where_the_directory_knows_the_name() -> (
    None
):
    known, unknown = workspace({"IdentityInfo": [PERSON]}), workspace({})

    for azure in (known, unknown):
        async with served(azure) as client:
            await investigated(client, "a@x.example")

    bare = 'tostring(Entity.Name) =~ "adele" and isempty(tostring(Entity.UPNSuffix))'
    assert any(bare in each for each in queries(known) if "SecurityIncident" in each)
    assert not any("UPNSuffix))" in each for each in queries(unknown) if "isempty" in each)


@pytest.mark.parametrize(
    "value", ["192.0.2.7", "a@x.example", "nw-ws-041", "x.example", "https://x.example/a", "d" * 64]
)
async def test_an_investigation_takes_few_queries_each_of_bounded_rows(value: str) -> None:
    azure = workspace({"IdentityInfo": [PERSON]}, documented())

    async with served(azure) as client:
        await investigated(client, value)
        asked = queries(azure)
        await investigated(client, value)

    # Two to find out what it is, one per group of tables, six of what is known of it.
    assert len(asked) <= 2 + len(GROUPS) + 6
    assert all(re.search(r"\| take \d+$|by Seen$|by Kind$", each) for each in asked)
    assert len(queries(azure)) == 2 * len(asked)
    others = [each for each in azure.requests if not each.url.endswith("/query")]
    assert len(others) == 2


async def test_a_hostile_value_reaches_a_query_as_a_literal_only() -> None:
    azure = workspace({})
    hostile = 'https://x.example/"); Secrets | take 1 //'.replace(" ", "%20")

    async with served(azure) as client:
        await investigated(client, hostile)

    asked = queries(azure)
    assert any("Secrets" in each for each in asked)
    assert all("Secrets" not in STRING.sub('""', each) for each in asked)


async def test_a_long_list_is_cut_and_says_so() -> None:
    alerts = [{**ALERT, "SystemAlertId": str(each), "AlertName": "x" * 300} for each in range(60)]

    async with served(
        workspace({"SecurityIncident": [], "SecurityAlert": alerts}),
        settings=Settings(max_answer_bytes=4_096),
    ) as client:
        found = await investigated(client, "192.0.2.7")

    assert found.alerts_count == 60
    assert 0 < len(found.alerts) < 25
    assert len(found.model_dump_json()) <= 4_096
    assert any("too large" in each for each in found.warnings)


async def test_progress_is_told_part_by_part() -> None:
    told: list[tuple[float, float | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total))

    async with served(workspace(EVERYTHING)) as client:
        await client.call_tool("investigate_entity", {"value": "192.0.2.7"}, progress_handler=note)

    assert told[-1] == (7, 7)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


async def test_odd_rows_do_not_cost_the_answer() -> None:
    odd: Rows = [{"Seen": None, "Events": "many", "Accounts": "[", "TimeGenerated": "soon"}]
    words: dict[str, Word] = dict.fromkeys(EVERYTHING, odd)

    async with served(workspace(words)) as client:
        found = await investigated(client, "192.0.2.7")

    assert found.seen[0].table == ""
    assert found.behaviour is not None


async def test_a_timeline_of_the_logs_says_what_part_it_lacks() -> None:
    event = {"TimeGenerated": "2026-11-20T11:00:00Z", "Seen": "SigninLogs", "Action": "Portal"}
    words: dict[str, Word] = {
        "(SecurityAlert": refusal(400, "BadArgumentError", "No."),
        "(SigninLogs": [event],
    }

    async with served(workspace(words)) as client:
        answer = await client.call_tool("get_entity_timeline", {"value": "192.0.2.7"})

    found = EntityTimeline.model_validate(answer.structured_content)
    assert [each.part for each in found.missing] == ["alerts"]
    assert [each.action for each in found.events] == ["Portal"]


async def test_events_of_one_moment_are_each_shown_once_over_the_pages() -> None:
    moment = "2026-11-20T11:00:00.0000001Z"
    events: Rows = [
        {"TimeGenerated": moment, "Seen": "SigninLogs", "Action": str(each)} for each in range(5)
    ]

    async with served(workspace({"(SigninLogs": events})) as client:
        shown: list[str | None] = []
        cursor: str | None = None
        while True:
            answer = await client.call_tool(
                "get_entity_timeline", {"value": "192.0.2.7", "limit": 2, "cursor": cursor}
            )
            page = EntityTimeline.model_validate(answer.structured_content)
            shown += [each.action for each in page.events]
            cursor = page.next_cursor
            if cursor is None:
                break
        foreign = await client.call_tool(
            "get_entity_timeline", {"value": "192.0.2.8", "cursor": "AAAA"}, raise_on_error=False
        )

    assert shown == ["0", "1", "2", "3", "4"]
    assert foreign.is_error
