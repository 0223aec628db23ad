"""Whether rules run and fire: rules, SentinelHealth, SecurityAlert and SentinelAudit together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import Reply, Route, ScriptedAzure, refusal, served
from tests.without_dotnet import REASON

from sentinel_mcp.domains.rules import health_queries
from sentinel_mcp.domains.rules.health_models import RuleHealth, RuleHealthListing
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker

IDS = "/subscriptions/s/resourcegroups/g/providers/x/workspaces/w/providers/y/alertrules/"
LAST = "2026-11-22T11:00:00Z"


def rule(name: str, kind: str = "Scheduled", **properties: Any) -> dict[str, Any]:
    stated = {"displayName": name.title(), "enabled": True, **properties}
    return {"name": name, "kind": kind, "properties": stated}


RULES = [
    rule("Busy"),
    rule("failing"),
    rule("silent", "NRT"),
    rule("off", enabled=False),
    rule("tired", enabled=False, displayName="AUTO DISABLED - Tired"),
    rule("fresh"),
    rule("BuiltInFusion", "Fusion"),
    rule("product", "MicrosoftSecurityIncidentCreation"),
]
RUN_COLUMNS = ("ResourceId", "Runs", "Failed", "MeanDelay", "LastRun", "LastStatus")
RUNS = [
    [f"{IDS}busy", 24, 1, 312.04, LAST, "Success"],
    [f"{IDS}failing", 24, 5, None, LAST, "Failure"],
    [f"{IDS}silent", 24, 0, 120.0, LAST, "success"],
]
FAILURES = [
    [f"{IDS}failing", "The query timed out.", 4, LAST],
    [f"{IDS}failing", "A table is missing.", 1, "2026-11-21T11:00:00Z"],
    [f"{IDS}busy", "", 1, None],
]
ALERTS = [
    ['["busy"]', 7, "2026-11-01T09:00:00Z", "2026-11-22T09:00:00Z"],
    ['["BuiltInFusion", "failing"]', 2, "2026-11-19T09:00:00Z", "2026-11-20T09:00:00Z"],
    ["BuiltInFusion", 1, "2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z"],
    ["", 3, None, None],
]
CHANGES = [
    [LAST, "Microsoft.SecurityInsights/alertRules/Write", "ann@contoso.example"],
    [None, "", ""],
]


def unresolved(table: str) -> Reply:
    """Answer as Log Analytics does where a table has never had a row."""
    told = f"'where' operator: Failed to resolve table or column expression named '{table}'"
    inner = {"code": "SEM0100", "message": told}
    semantic = {"code": "SemanticError", "message": "A semantic error occurred."}
    error = {"code": "BadArgumentError", "message": "The request had some invalid properties"}
    return Reply({"error": {**error, "innererror": {**semantic, "innererror": inner}}}, 400)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Reply:
    described = [{"name": each, "type": "string"} for each in columns]
    return Reply({"tables": [{"name": "PrimaryResult", "columns": described, "rows": list(rows)}]})


@dataclass
class Logs:
    """Answers each of the queries by what it summarizes; keeps what was asked."""

    replies: Mapping[str, Reply] = field(default_factory=dict[str, Reply])
    asked: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def __call__(self, request: HttpRequest) -> Reply:
        body: dict[str, str] = json.loads(request.content)
        self.asked.append(body)
        query = body["query"]
        if "MeanDelay" in query:
            return self.replies.get("runs") or table(RUN_COLUMNS, RUNS)
        if query.startswith("SentinelHealth"):
            return self.replies.get("failures") or table(
                ("ResourceId", "Why", "Runs", "Last"), FAILURES
            )
        if query.startswith("SecurityAlert"):
            return self.replies.get("alerts") or table(
                ("RuleIds", "Alerts", "First", "Last"), ALERTS
            )
        return self.replies.get("changes") or table(
            ("TimeGenerated", "OperationName", "Caller"), CHANGES
        )


def routes(logs: Logs) -> dict[str, Route]:
    return {
        "GET alertRules": {"value": RULES},
        "GET alertRules/failing": RULES[1],
        "GET alertRules/BuiltInFusion": RULES[6],
        "POST query": logs,
    }


async def told(client: Client[FastMCPTransport], **arguments: Any) -> RuleHealthListing:
    answer = await client.call_tool("get_rule_health", arguments)
    return RuleHealthListing.model_validate(answer.structured_content)


async def health(logs: Logs, **arguments: Any) -> RuleHealthListing:
    async with served(ScriptedAzure(routes(logs))) as client:
        return await told(client, **arguments)


def by_name(listing: RuleHealthListing) -> dict[str, RuleHealth]:
    return {each.name: each for each in listing.rules}


async def test_rules_in_trouble_come_first_each_with_its_state() -> None:
    logs = Logs()
    listing = await health(logs, days=3)

    assert [(each.name, each.state) for each in listing.rules] == [
        ("failing", "failing"),
        ("tired", "auto_disabled"),
        ("silent", "silent"),
        ("fresh", "unknown"),
        ("product", "unknown"),
        ("off", "disabled"),
        ("BuiltInFusion", "ok"),
        ("Busy", "ok"),
    ]
    assert listing.states == {
        "ok": 2,
        "failing": 1,
        "silent": 1,
        "disabled": 1,
        "auto_disabled": 1,
        "unknown": 2,
    }
    assert (listing.monitoring, listing.missing, listing.notices) == ("on", [], [])
    assert {each.get("timespan") for each in logs.asked if "Health" in each["query"]} == {"P3D"}
    (alerts,) = [each for each in logs.asked if each["query"].startswith("SecurityAlert")]
    assert "timespan" not in alerts
    assert "ago(3d)" in alerts["query"]


async def test_a_rule_tells_its_runs_its_failures_with_reasons_and_its_delay() -> None:
    found = by_name(await health(Logs()))

    failing = found["failing"]
    assert (failing.runs, failing.failed_runs, failing.last_status) == (24, 5, "Failure")
    assert [(each.reason, each.runs) for each in failing.failures] == [
        ("The query timed out.", 4),
        ("A table is missing.", 1),
    ]
    assert failing.last_run == datetime(2026, 11, 22, 11, tzinfo=UTC)
    # Azure's rows carry ids in small letters.
    assert (found["Busy"].mean_delay_s, found["Busy"].failures[0].reason) == (
        312.0,
        "No reason is given.",
    )


async def test_alerts_are_counted_for_each_rule_that_they_name() -> None:
    found = by_name(await health(Logs()))

    assert {name: each.alerts for name, each in found.items()} == {
        "Busy": 7,
        "failing": 2,
        "silent": 0,
        "off": 0,
        "tired": 0,
        "fresh": 0,
        "BuiltInFusion": 3,
        "product": None,
    }
    assert [name for name, each in found.items() if each.never_fired] == ["silent", "fresh"]
    assert found["BuiltInFusion"].last_alert == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert found["product"].never_fired is None


async def test_a_rule_that_fired_before_these_days_is_silent_and_has_fired() -> None:
    rows = [['["silent"]', 0, "2026-09-01T09:00:00Z", "2026-09-02T09:00:00Z"]]
    listing = await health(Logs({"alerts": table(("RuleIds", "Alerts", "First", "Last"), rows)}))

    found = by_name(listing)["silent"]
    assert (found.state, found.alerts, found.never_fired) == ("silent", 0, False)
    assert found.last_alert == datetime(2026, 9, 2, 9, tzinfo=UTC)
    assert listing.alerts_since == datetime(2026, 9, 1, 9, tzinfo=UTC)


async def test_alerts_that_azure_told_in_part_leave_open_which_rules_never_fired() -> None:
    part = table(("RuleIds", "Alerts", "First", "Last"), ALERTS)
    body = {**cast("dict[str, Any]", part.content), "error": {"code": "PartialError"}}
    found = by_name(await health(Logs({"alerts": Reply(body)})))

    assert (found["Busy"].never_fired, found["silent"].never_fired) == (False, None)


async def test_one_rule_is_told_with_its_last_changes_and_only_it_is_asked_for() -> None:
    logs = Logs()
    listing = await health(logs, rule="failing")

    (found,) = listing.rules
    assert [(each.operation, each.by) for each in found.changes] == [
        ("Write", "ann@contoso.example"),
        ("unknown", None),
    ]
    assert len(logs.asked) == 4
    assert all("failing" in each["query"] for each in logs.asked)


async def test_only_a_state_that_is_asked_for_is_listed_and_the_others_are_counted() -> None:
    listing = await health(Logs(), state="silent")

    assert [each.name for each in listing.rules] == ["silent"]
    assert (listing.total_count, sum(listing.states.values())) == (1, len(RULES))


async def test_pages_of_rules_join_to_the_whole_list() -> None:
    async with served(ScriptedAzure(routes(Logs()))) as client:
        first = await told(client, limit=5)
        second = await told(client, limit=5, cursor=first.next_cursor)

    assert [len(first.rules), len(second.rules)] == [5, 3]
    assert second.next_cursor is None
    assert not {each.name for each in first.rules} & {each.name for each in second.rules}


@pytest.mark.parametrize(
    "reply", [table(RUN_COLUMNS, []), unresolved("SentinelHealth")], ids=["no rows", "no table"]
)
async def test_monitoring_that_is_off_is_said_and_no_rule_is_called_failing(reply: Reply) -> None:
    listing = await health(Logs({"runs": reply, "failures": table(("ResourceId",), [])}))

    assert listing.monitoring == "no_data"
    assert "health monitoring is off" in listing.notices[0]
    assert listing.missing == []
    assert by_name(listing)["Busy"].state == "ok"
    assert by_name(listing)["silent"].state == "unknown"


async def test_a_workspace_that_never_had_an_alert_has_rules_that_never_fired() -> None:
    listing = await health(Logs({"alerts": unresolved("SecurityAlert")}))

    assert {each.alerts for each in listing.rules} == {0, None}
    assert by_name(listing)["Busy"].never_fired
    assert "no rule has ever raised an alert" in listing.notices[0]
    assert listing.missing == []


async def test_a_rule_without_runs_of_its_own_does_not_accuse_the_monitoring() -> None:
    listing = await health(
        Logs({"runs": table(RUN_COLUMNS, []), "failures": table(("ResourceId",), [])}),
        rule="BuiltInFusion",
    )

    assert listing.monitoring == "unknown"
    assert listing.notices == ["Rules of kind Fusion have no runs that are recorded."]


async def test_a_log_that_may_not_be_read_is_missing_and_the_rest_is_told() -> None:
    denied = refusal(403, "InsufficientAccessError")
    listing = await health(Logs({"alerts": denied}))

    assert [(each.part, each.error.code) for each in listing.missing] == [
        ("alerts", "access_denied")
    ]
    assert by_name(listing)["silent"].state == "unknown"
    assert by_name(listing)["failing"].state == "failing"
    assert not any(each.never_fired for each in listing.rules)


async def test_runs_that_may_not_be_read_are_not_taken_for_monitoring_that_is_off() -> None:
    denied = refusal(403, "InsufficientAccessError")
    listing = await health(Logs({"runs": denied, "failures": denied}))

    assert listing.monitoring == "unknown"
    assert {each.part for each in listing.missing} == {"runs", "failures"}


async def test_a_workspace_without_rules_has_no_health_to_tell() -> None:
    azure = ScriptedAzure({**routes(Logs()), "GET alertRules": {"value": []}})

    async with served(azure) as client:
        listing = await told(client)

    assert (listing.rules, listing.total_count, listing.states) == ([], 0, {})


async def test_a_rule_that_is_not_there_is_not_found() -> None:
    async with served(ScriptedAzure(routes(Logs()))) as client:
        answer = await client.call_tool("get_rule_health", {"rule": "gone"}, raise_on_error=False)

    assert answer.meta
    assert answer.meta["error"]["code"] == "not_found"


@pytest.mark.asyncio(loop_scope="session")
async def test_every_query_of_ours_is_sound_kql_whatever_the_rule_is_called(
    checker: Checker,
) -> None:
    if await checker.engine() != "kusto_language":
        pytest.skip(REASON)
    catalog = bundled("sentinel")
    hostile = 'x" | union * //'
    queries = [
        query
        for name in (None, "73e01a99", hostile)
        for query in (
            health_queries.runs(name),
            health_queries.failures(name),
            health_queries.alerts(name, 7),
        )
    ]
    for query in [*queries, health_queries.changes(hostile)]:
        check = await checker.check(query, catalog)
        assert check.errors == ()
        assert len(check.tables) == 1
