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
from sentinel_mcp.domains.shared.entity import TAKEN
from sentinel_mcp.domains.shared.event_columns import usual_tables
from sentinel_mcp.domains.shared.value_search import MAX_UNASKED, QUERIES, RECORDS
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.settings import Settings

QUERY = f"POST v1/workspaces/{WORKSPACE.workspace_id}/query"
METADATA = f"GET v1/workspaces/{WORKSPACE.workspace_id}/metadata"

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')

Rows = list[dict[str, Any]]
Word = Rows | Reply | None
"""What a query that has a word is answered with: rows, a refusal, or None for never.

Of rows that say in which table they are, those whose table the query reads.
"""

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
DIRECTORY = {**SCHEMA, "IdentityInfo": [*SCHEMA["IdentityInfo"], "AccountDisplayName",
                                        "AccountDomain"]}  # fmt: skip
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
INDICATOR: dict[str, Any] = {
    "Id": "x---indicator--1",
    "ObservableKey": "ipv4-addr:value",
    "ObservableValue": "192.0.2.7",
    "Confidence": 30,
    "Active": True,
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
                if found is None:
                    return never()
                return answered([each for each in found if is_asked_for(each, query)])
        return answered([])

    routes: dict[str, Route] = {
        QUERY: answer,
        METADATA: metadata(schema),
        "GET tables": {"value": []},
        **(more or {}),
    }
    return ScriptedAzure(routes)


def is_asked_for(row: Mapping[str, Any], query: str) -> bool:
    table = row.get("Seen")
    return table is None or f"({table}\n" in query or f"({table} |" in query


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
    "ThreatIntelIndicators": [INDICATOR],
    "Watchlist": [{"WatchlistAlias": "Ranges", "Item": '{"Range Subnet": "192.0.2.0/24"}'}],
    "BehaviorAnalytics": [
        {"Events": 3, "Priority": 8, "ActivityInsights": '{"FirstTime": "True", "No": "False"}'}
    ],
}


async def test_what_is_found_is_put_together_and_told_in_one_sentence() -> None:
    async with served(workspace(EVERYTHING)) as client:
        found = await investigated(client, "192.0.2.7")

    (seen,) = found.seen
    assert (seen.table, seen.events, seen.columns) == ("SigninLogs", 7, ["IPAddress"])
    assert not seen.records
    assert [(each.kind, each.value) for each in found.related] == [("account", "a@x.example")]
    assert (found.alerts[0].name, found.incidents[0].number) == ("Spray", 42)
    assert found.incidents[0].owner == "priya@x.example"
    assert found.behaviour
    assert found.behaviour.activities[0].unusual == ["FirstTime"]
    (item,) = found.watchlists
    assert (item.match, item.columns, item.network) == (
        "network",
        ["Range Subnet"],
        "192.0.2.0/24",
    )
    assert item.item == {"range_subnet": "192.0.2.0/24"}
    (indicator,) = found.indicators
    assert (indicator.relation, indicator.value, indicator.confidence, indicator.active) == (
        "same",
        "192.0.2.7",
        30,
        True,
    )
    assert found.summary == (
        "ip 192.0.2.7: seen in 1 table (7 events, first 2026-11-20T10:00:00Z, "
        "last 2026-11-20T11:00:00Z); 1 alert, 1 incident (#42), 1 watchlist item, 1 indicator, "
        "UEBA priority up to 8 of 10."
    )
    assert (found.not_finished, found.missing, found.warnings) == ([], [], [])


async def test_records_of_sentinel_are_told_from_events() -> None:
    alert = {**SIGHTING, "Seen": "SecurityAlert", "Events": 3}

    async with served(workspace({"by Seen": [SIGHTING, alert]})) as client:
        found = await investigated(client, "192.0.2.7")

    assert {each.table: each.records for each in found.seen} == {
        "SigninLogs": False,
        "SecurityAlert": True,
    }
    assert "seen in 1 table (7 events" in found.summary


async def test_nothing_found_is_an_answer_that_says_where_was_searched() -> None:
    async with served(workspace({})) as client:
        found = await investigated(client, "192.0.2.7")

    assert (found.seen, found.alerts, found.behaviour, found.related) == ([], [], None, [])
    assert (found.searched, found.not_searched) == (sorted(SCHEMA), [])
    assert "seen in 0 tables" in found.summary


async def test_only_tables_and_columns_that_are_there_are_asked_for() -> None:
    azure = workspace({}, {"SigninLogs": ["IPAddress"], "Mine_CL": ["Anything"]})

    async with served(azure) as client:
        found = await investigated(client, "192.0.2.7")

    asked = queries(azure)
    assert found.searched == ["Mine_CL", "SigninLogs"]
    assert not any(each in query for query in asked for each in ("UserPrincipalName", "Watchlist"))
    assert any("(Mine_CL\n" in each for each in asked)


async def test_the_schema_is_read_once() -> None:
    azure = workspace(EVERYTHING)

    async with served(azure) as client:
        await investigated(client, "192.0.2.7")
        await investigated(client, "192.0.2.8")

    assert sum(each.url.endswith("/metadata") for each in azure.requests) == 1


async def test_of_an_unreadable_schema_the_usual_tables_are_searched_and_all_others_named() -> None:
    blind = ScriptedAzure({QUERY: answered([]), METADATA: refusal(400, "BadArgumentError")})

    async with served(blind) as client:
        found = await investigated(client, "192.0.2.7")
        timeline = await client.call_tool("get_entity_timeline", {"value": "192.0.2.7"})

    page = EntityTimeline.model_validate(timeline.structured_content)
    assert [(each.table, each.reason) for each in found.not_searched] == [
        ("(all others)", "schema_unknown")
    ]
    assert ("(all others)", "schema_unknown") in {
        (each.table, each.reason) for each in page.not_searched
    }
    assert set(found.searched) == set(usual_tables())
    # A timeline has events and alerts.
    assert set(found.searched) - set(page.searched) <= RECORDS - {"SecurityAlert"}
    asked = queries(blind)
    for table in ("SecurityAlert", "SecurityIncident", "Watchlist", "ThreatIntelIndicators"):
        assert any(f"{table}\n| " in each and "by Seen" not in each for each in asked), table
    assert "1 table not searched" in found.summary


@pytest.mark.parametrize("plan_name", ["Basic", "Auxiliary"])
async def test_a_table_that_may_be_in_no_union_is_named_and_costs_the_others_nothing(
    plan_name: str,
) -> None:
    def plan(table: str, name: str) -> dict[str, Any]:
        return {"name": table, "properties": {"plan": name}}

    plans = {"value": [plan("DnsEvents", plan_name), plan("SigninLogs", "Analytics")]}
    azure = workspace({"by Seen": [SIGHTING]}, more={"GET tables": plans})

    async with served(azure) as client:
        found = await investigated(client, "192.0.2.7")

    assert [(each.table, each.reason) for each in found.not_searched] == [("DnsEvents", "plan")]
    assert plan_name in found.not_searched[0].message
    assert found.searched == sorted(SCHEMA.keys() - {"DnsEvents"})
    assert [each.table for each in found.seen] == ["SigninLogs"]
    assert not any("DnsEvents" in each for each in queries(azure))
    assert "1 table not searched" in found.summary


async def test_plans_that_cannot_be_read_are_said_and_every_table_is_tried() -> None:
    azure = workspace({}, more={"GET tables": refusal(403, "AuthorizationFailed")})

    async with served(azure) as client:
        found = await investigated(client, "192.0.2.7")

    assert found.searched == sorted(SCHEMA)
    assert "plans of the tables could not be read" in found.warnings[0]


async def test_a_table_that_fails_costs_only_itself() -> None:
    azure = workspace(
        {"(DnsEvents\n": refusal(400, "BadArgumentError", "Broken."), "by Seen": [SIGHTING]}
    )

    async with served(azure) as client:
        found = await investigated(client, "192.0.2.7")

    assert [(each.table, each.reason) for each in found.not_searched] == [("DnsEvents", "failed")]
    assert found.searched == sorted(SCHEMA.keys() - {"DnsEvents"})
    assert [each.table for each in found.seen] == ["SigninLogs"]
    assert found.missing == []
    assert "1 table not searched" in found.summary


async def test_tables_that_are_asked_together_with_one_that_fails_lose_no_row() -> None:
    schema = {f"T{each}_CL": ["Ip"] for each in range(18)}
    rows: Rows = [{**SIGHTING, "Seen": each} for each in schema]
    azure = workspace(
        {"(T7_CL\n": refusal(400, "BadArgumentError", "Broken."), "by Seen": rows}, schema
    )

    async with served(azure) as client:
        found = await investigated(client, "192.0.2.7")

    assert {each.table for each in found.seen} == schema.keys() - {"T7_CL"}
    assert [each.table for each in found.not_searched] == ["T7_CL"]


@pytest.mark.parametrize("status", [429, 503])
async def test_tables_that_azure_has_no_room_for_are_not_asked_one_by_one(status: int) -> None:
    azure = workspace({"(DnsEvents\n": refusal(status, "Busy", "Later."), "by Seen": [SIGHTING]})

    async with served(azure) as client:
        found = await investigated(client, "192.0.2.7")

    failed = [each for each in found.not_searched if each.reason == "failed"]
    assert "DnsEvents" in {each.table for each in failed}
    assert len({each for each in queries(azure) if "(DnsEvents\n" in each}) == 1
    assert [each.table for each in found.seen] == ["SigninLogs"]


async def test_of_many_tables_those_with_rows_are_asked_and_all_count_as_searched() -> None:
    schema = {f"T{each}_CL": ["Ip"] for each in range(MAX_UNASKED + 1)}
    counts: Rows = [{"Seen": each, "Events": 0} for each in schema if each != "T5_CL"]
    rows: Rows = [{**SIGHTING, "Seen": "T5_CL"}]
    azure = workspace({"by Seen": rows, "Events = count()": counts}, schema)

    async with served(azure) as client:
        found = await investigated(client, "192.0.2.7")

    asked = [each for each in queries(azure) if "by Seen" in each]
    assert [each.table for each in found.seen] == ["T5_CL"]
    assert sum(each.count("_CL\n") for each in asked) == 1
    assert found.not_searched == []


async def test_of_many_tables_all_are_asked_where_it_is_not_known_which_have_rows() -> None:
    schema = {f"T{each}_CL": ["Ip"] for each in range(MAX_UNASKED + 1)}
    azure = workspace({"by Seen": [], "Events = count()": refusal(400, "BadArgumentError")}, schema)

    async with served(azure) as client:
        found = await investigated(client, "192.0.2.7")

    assert found.searched == sorted(schema)


async def test_what_the_budget_does_not_suffice_for_is_listed_and_the_rest_comes() -> None:
    words: dict[str, Word] = {**EVERYTHING, "by Seen": None}

    async with served(workspace(words)) as client:
        found = await investigated(client, "192.0.2.7", budget_s=3)

    assert found.not_finished == [f"logs {each}" for each in range(1, QUERIES + 1)]
    assert (found.seen, found.alerts_count, found.indicators_count) == ([], 1, 1)
    assert "Without: logs 1, " in found.summary
    assert found.searched == []
    assert {each.table for each in found.not_searched} == set(SCHEMA)
    assert {each.reason for each in found.not_searched} == {"no_time"}


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
    azure = workspace({"IdentityInfo\n| where": [PERSON]})

    async with served(azure) as client:
        found = await investigated(client, "a@x.example")

    assert found.entity.names["sam_name"] == ["adele"]
    assert found.entity.names["object_id"] == [PERSON["AccountObjectId"]]
    assert found.entity.profile["job_title"] == "Accountant"
    assert found.entity.profile["group_membership"] == "All staff, Finance"
    searches = [each for each in queries(azure) if "by Seen" in each]
    assert searches
    assert all(
        re.escape(PERSON["AccountObjectId"]).replace("\\", "\\\\") in each for each in searches
    )


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ([], "IdentityInfo has no such account"),
        (refusal(400, "BadArgumentError"), "could not be asked"),
    ],
)
async def test_an_account_that_the_directory_does_not_tell_is_searched_as_given(
    rows: Word, note: str
) -> None:
    async with served(workspace({"IdentityInfo\n| where": rows})) as client:
        found = await investigated(client, "X\\adele")

    assert found.entity.names == {"sam_name": ["adele"], "nt_name": ["X\\adele"]}
    assert any(note in each for each in found.warnings)


async def test_several_accounts_of_one_display_name_are_listed_and_none_is_taken() -> None:
    others = [{**PERSON, "AccountDisplayName": "Adele Marsh", "AccountUPN": f"{each}@x.example"}
              for each in ("a", "b")]  # fmt: skip

    async with served(workspace({"IdentityInfo\n| where": others}, DIRECTORY)) as client:
        found = await investigated(client, "Adele Marsh")

    assert found.entity.kind == "account"
    assert found.entity.candidates == ["a@x.example", "b@x.example"]
    assert found.entity.names == {"display_name": ["Adele Marsh"]}
    assert any("2 accounts have this name: a@x.example, b@x.example" in each
               for each in found.warnings)  # fmt: skip


async def test_an_account_of_a_display_name_is_searched_for_under_all_its_names() -> None:
    person = {**PERSON, "AccountDisplayName": "Adele Marsh"}
    azure = workspace({"IdentityInfo\n| where": [person]}, DIRECTORY)

    async with served(azure) as client:
        found = await investigated(client, "adele marsh")

    assert (found.entity.kind, found.entity.kind_from) == ("account", "workspace")
    assert found.entity.candidates == []
    assert found.entity.names["upn"] == ["a@x.example"]
    assert any("a@x\\\\.example" in each for each in queries(azure) if "by Seen" in each)


async def test_of_accounts_of_one_name_the_one_of_the_domain_is_meant() -> None:
    both = [{**PERSON, "AccountDomain": each, "AccountUPN": f"adele@{each}.example"}
            for each in ("x", "y")]  # fmt: skip

    async with served(workspace({"IdentityInfo\n| where": both}, DIRECTORY)) as client:
        found = await investigated(client, "Y\\adele")

    assert found.entity.names["upn"] == ["adele@y.example"]


@pytest.mark.parametrize(
    ("accounts", "hosts", "kind", "source"),
    [
        ([{**PERSON, "AccountName": "adele.marsh"}], [], "account", "workspace"),
        ([], [{"Host": "ADELE.MARSH"}], "host", "workspace"),
        ([], [{"Host": "adele.marsh.example"}], "domain", "guess"),
        ([{**PERSON, "AccountName": "adele.marsh"}], [{"Host": "adele.marsh"}], "account",
         "workspace"),
        ([], [], "domain", "guess"),
    ],
)  # fmt: skip
async def test_the_workspace_tells_what_a_name_names_where_its_form_does_not(
    accounts: Rows, hosts: Rows, kind: str, source: str
) -> None:
    words: dict[str, Word] = {"IdentityInfo\n| where": accounts, "distinct Host": hosts}

    async with served(workspace(words)) as client:
        found = await investigated(client, "adele.marsh")

    assert (found.entity.kind, found.entity.kind_from) == (kind, source)
    assert any("Guessed" in each for each in found.warnings) == (source == "guess")
    both = bool(accounts and hosts)
    assert any("There is an account and a host" in each for each in found.warnings) == both


async def test_a_given_kind_is_not_guessed_and_must_fit_the_value() -> None:
    azure = workspace({})

    async with served(azure) as client:
        found = await investigated(client, "adele.marsh", kind="host")
        wrong = await client.call_tool(
            "investigate_entity", {"value": "adele", "kind": "ip"}, raise_on_error=False
        )
        empty = await client.call_tool("investigate_entity", {"value": " "}, raise_on_error=False)

    assert (found.entity.kind, found.entity.kind_from) == ("host", "given")
    assert not any("distinct Host" in each for each in queries(azure))
    assert [each.is_error for each in (wrong, empty)] == [True, True]


async def test_a_value_that_was_made_unclickable_is_searched_for_as_it_was() -> None:
    azure = workspace({})

    async with served(azure) as client:
        found = await investigated(client, "192[.]0[.]2[.]7")

    assert (found.entity.kind, found.entity.value) == ("ip", "192.0.2.7")
    assert found.warnings == ["Searched for as '192.0.2.7'."]


@pytest.mark.parametrize("tool", ["investigate_entity", "get_entity_timeline"])
@pytest.mark.parametrize("value", ["a\nb", "999.1.1.1", "192.0.2.0/33", "$$$"])
async def test_a_value_that_is_nothing_is_refused_before_azure_is_asked(
    tool: str, value: str
) -> None:
    azure = workspace({})

    async with served(azure) as client:
        answer = await client.call_tool(tool, {"value": value}, raise_on_error=False)

    assert answer.meta
    assert answer.meta["error"]["code"] == "invalid_input"
    assert answer.meta["error"]["hint"] == TAKEN
    assert azure.requests == []


async def test_a_network_is_searched_for_as_a_range() -> None:
    azure = workspace({"by Seen": [SIGHTING]})

    async with served(azure) as client:
        found = await investigated(client, "192.0.2.9/24")

    assert (found.entity.kind, found.entity.names) == ("network", {"network": ["192.0.2.0/24"]})
    assert [each.table for each in found.seen] == ["SigninLogs"]
    assert "Taken as the network 192.0.2.0/24." in found.warnings


async def test_a_name_that_texts_are_full_of_is_looked_for_in_naming_columns_and_says_so() -> None:
    azure = workspace({})

    async with served(azure) as client:
        found = await investigated(client, "root", kind="account")

    asked = [each for each in queries(azure) if "by Seen" in each]
    assert any("UserPrincipalName matches regex" in each for each in asked)
    assert not any("* matches regex" in each for each in asked)
    assert any("'root' is in too many texts" in each for each in found.warnings)


async def test_an_alert_with_a_bare_account_name_counts_where_the_directory_knows_the_name() -> (
    None
):
    known, unknown = workspace({"IdentityInfo\n| where": [PERSON]}), workspace({})

    for azure in (known, unknown):
        async with served(azure) as client:
            await investigated(client, "a@x.example")

    bare = 'tostring(Entity.Name) in~ ("adele")'
    assert any(bare in each for each in queries(known) if "SecurityIncident" in each)
    assert not any(bare in each for each in queries(unknown))


@pytest.mark.parametrize(
    "value", ["192.0.2.7", "a@x.example", "nw-ws-041", "x.example", "https://x.example/a", "d" * 64]
)
async def test_an_investigation_takes_few_queries_however_many_tables_there_are(value: str) -> None:
    azure = workspace({"IdentityInfo\n| where": [PERSON]}, documented())

    async with served(azure) as client:
        await investigated(client, value)
        asked = queries(azure)
        await investigated(client, value)

    # Two to find out what it is, the tables with rows, the tables, six of what is known of it.
    assert len(asked) <= 2 + 2 * QUERIES + 6
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
        workspace({"by Seen": [], "SecurityIncident": [], "SecurityAlert": alerts}),
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

    assert told[-1] == (QUERIES + 5, QUERIES + 5)
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
        "(SecurityAlert\n": refusal(400, "BadArgumentError", "No."),
        "(SigninLogs\n": [event],
    }

    async with served(workspace(words)) as client:
        answer = await client.call_tool("get_entity_timeline", {"value": "192.0.2.7"})

    found = EntityTimeline.model_validate(answer.structured_content)
    assert [each.table for each in found.not_searched if each.reason == "failed"] == [
        "SecurityAlert"
    ]
    assert "SigninLogs" in found.searched
    assert [each.action for each in found.events] == ["Portal"]


async def test_events_of_one_moment_are_each_shown_once_over_the_pages() -> None:
    moment = "2026-11-20T11:00:00.0000001Z"
    events: Rows = [
        {"TimeGenerated": moment, "Seen": "SigninLogs", "Action": str(each)} for each in range(5)
    ]

    async with served(workspace({"(SigninLogs\n": events})) as client:
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
