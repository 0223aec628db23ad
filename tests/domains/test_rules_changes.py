"""Changes of rules: previewed, agreed to, checked, and never made twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.changes import ChangeReport
from sentinel_mcp.settings import Settings

WRITES = Settings(allow_writes=True)
RULE: dict[str, Any] = {
    "id": "/x/alertRules/spray",
    "name": "spray",
    "kind": "Scheduled",
    "etag": '"1"',
    "properties": {
        "displayName": "Password spray",
        "enabled": True,
        "severity": "High",
        "query": "SigninLogs",
        "queryFrequency": "PT1H",
        "queryPeriod": "PT1H",
        "triggerOperator": "GreaterThan",
        "triggerThreshold": 0,
        "suppressionDuration": "PT5H",
        "suppressionEnabled": False,
        "tactics": ["CredentialAccess"],
        "techniques": ["T1110"],
        "alertRuleTemplateName": None,
        "lastModifiedUtc": "2026-11-01T00:00:00Z",
        "someNewFlag": True,
    },
}
FUSION: dict[str, Any] = {
    "name": "BuiltInFusion",
    "kind": "Fusion",
    "etag": '"7"',
    "properties": {
        "alertRuleTemplateName": "f71a",
        "displayName": "Multistage attacks",
        "severity": "High",
        "tactics": ["Impact"],
        "enabled": True,
        "lastModifiedUtc": "2026-11-01T00:00:00Z",
    },
}
PRODUCT: dict[str, Any] = {
    "name": "product",
    "kind": "MicrosoftSecurityIncidentCreation",
    "etag": '"8"',
    "properties": {"displayName": "Cloud Apps", "enabled": True, "productFilter": "MCAS"},
}
TEMPLATE: dict[str, Any] = {
    "name": "t1",
    "kind": "Scheduled",
    "properties": {
        "displayName": "From the gallery",
        "description": "Finds it.",
        "severity": "Low",
        "query": "AuditLogs",
        "queryFrequency": "PT6H",
        "queryPeriod": "P1D",
        "triggerOperator": "GreaterThan",
        "triggerThreshold": 2,
        "tactics": ["Persistence"],
        "techniques": ["T1098", "T1098.001"],
        "version": "1.4.0",
        "status": "Available",
        "requiredDataConnectors": [{"connectorId": "AzureActiveDirectory"}],
        "entityMappings": [
            {
                "entityType": "Account",
                "fieldMappings": [{"identifier": "Name", "columnName": "Who"}],
            }
        ],
    },
}
NEW = {"title": "New one", "query": "Heartbeat", "confirm": True}


class Kept:
    """Rules that Azure keeps: reads, writes with etags, and loses answers when it is told to.

    `meanwhile` happens before each write; what it returns, if anything, is the answer instead.
    """

    def __init__(
        self,
        *rules: Mapping[str, Any],
        lose: bool = False,
        meanwhile: Callable[[Kept], Reply | None] = lambda _: None,
    ) -> None:
        self.rules = {str(each["name"]): dict(each) for each in rules}
        self.written: list[dict[str, Any]] = []
        self._lose = lose
        self._meanwhile = meanwhile

    def routes(self) -> dict[str, Route]:
        names = [*self.rules, "mine"]
        reads: dict[str, Route] = {f"GET alertRules/{name}": self.read for name in names}
        deletes: dict[str, Route] = {f"DELETE alertRules/{name}": self.delete for name in names}
        templates: dict[str, Route] = {
            "GET alertRuleTemplates/t1": TEMPLATE,
            "GET alertRuleTemplates/fusion": {"name": "fusion", "kind": "Fusion"},
        }
        return {**reads, **deletes, **templates}

    def read(self, request: HttpRequest) -> Reply:
        found = self.rules.get(_name(request))
        return Reply(found) if found else refusal(404, "NotFound")

    def write(self, request: HttpRequest) -> Reply:
        if answer := self._meanwhile(self):
            return answer
        body: dict[str, Any] = json.loads(request.content)
        name = _name(request)
        before = self.rules.get(name)
        if before and body.get("etag") not in (None, before["etag"]):
            return refusal(409, "Conflict", "The etag is old.")
        self.written.append(body)
        etag = f'"{len(self.written) + 1}"'
        self.rules[name] = {**body, "name": name, "etag": etag}
        return refusal(503, "ServiceUnavailable") if self._lose else Reply(self.rules[name])

    def delete(self, request: HttpRequest) -> Reply:
        if answer := self._meanwhile(self):
            return answer
        self.rules.pop(_name(request), None)
        return refusal(503, "ServiceUnavailable") if self._lose else Reply({})


class Azure(ScriptedAzure):
    """A scripted Azure that takes a rule of any name."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(kept.routes())
        self._kept = kept

    async def send(self, request: HttpRequest, **kwargs: Any) -> Any:
        if request.method == "PUT":
            self._routes[f"PUT alertRules/{_name(request)}"] = self._kept.write
            self._routes[f"GET alertRules/{_name(request)}"] = self._kept.read
        return await super().send(request, **kwargs)

    @property
    def writes(self) -> list[str]:
        return [each for each in self.sent if not each.startswith("GET")]


def _name(request: HttpRequest) -> str:
    return request.url.partition("?")[0].rpartition("/")[2]


async def done(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> ChangeReport:
    answer = await client.call_tool(tool, arguments)
    return ChangeReport.model_validate(answer.structured_content)


async def refused(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


async def test_a_new_rule_has_what_was_said_and_what_is_usual() -> None:
    kept = Kept()

    async with served(Azure(kept), settings=WRITES) as client:
        report = await done(
            client,
            "create_rule",
            **NEW,
            tactics=["initial access"],
            techniques=["T1078.004", "T1110"],
            frequency="15m",
            period="PT30M",
            entities=[{"entity": "host", "columns": {"FullName": "Computer"}}],
            details={"Version": "Version"},
            alerts="per_result",
            suppress_for="PT2H",
            group_by=["Host"],
        )

    (body,) = kept.written
    assert body == {
        "kind": "Scheduled",
        "properties": {
            "displayName": "New one",
            "query": "Heartbeat",
            "enabled": True,
            "severity": "Medium",
            "queryFrequency": "PT15M",
            "queryPeriod": "PT30M",
            "triggerOperator": "GreaterThan",
            "triggerThreshold": 0,
            "tactics": ["InitialAccess"],
            "techniques": ["T1078", "T1110"],
            "subTechniques": ["T1078.004"],
            "suppressionDuration": "PT2H",
            "suppressionEnabled": True,
            "eventGroupingSettings": {"aggregationKind": "AlertPerResult"},
            "customDetails": {"Version": "Version"},
            "entityMappings": [
                {
                    "entityType": "Host",
                    "fieldMappings": [{"identifier": "FullName", "columnName": "Computer"}],
                }
            ],
            "incidentConfiguration": {
                "createIncident": True,
                "groupingConfiguration": {
                    "enabled": True,
                    "reopenClosedIncident": False,
                    "lookbackDuration": "PT5H",
                    "matchingMethod": "Selected",
                    "groupByEntities": ["Host"],
                },
            },
        },
    }
    assert (report.outcome, report.action, report.etag) == ("done", "create", '"2"')
    assert report.name in kept.rules


async def test_an_nrt_rule_has_no_schedule() -> None:
    kept = Kept()

    async with served(Azure(kept), settings=WRITES) as client:
        await done(client, "create_rule", **NEW, kind="NRT")
        error = await refused(client, "create_rule", **NEW, kind="NRT", frequency="PT5M")

    (body,) = kept.written
    assert body["kind"] == "NRT"
    assert not {"queryFrequency", "queryPeriod", "triggerOperator"} & body["properties"].keys()
    assert "NRT" in error["message"]


async def test_a_rule_from_a_template_is_the_templates_but_for_what_is_said() -> None:
    kept = Kept()

    async with served(Azure(kept), settings=WRITES) as client:
        await done(client, "create_rule", template="t1", severity="High", confirm=True)

    (body,) = kept.written
    properties = body["properties"]
    assert (properties["displayName"], properties["severity"]) == ("From the gallery", "High")
    assert (properties["alertRuleTemplateName"], properties["templateVersion"]) == ("t1", "1.4.0")
    assert (properties["queryFrequency"], properties["triggerThreshold"]) == ("PT6H", 2)
    assert (properties["techniques"], properties["subTechniques"]) == (["T1098"], ["T1098.001"])
    assert properties["entityMappings"] == TEMPLATE["properties"]["entityMappings"]
    assert not {"status", "version", "requiredDataConnectors"} & properties.keys()


BAD: list[tuple[dict[str, Any], str]] = [
    ({"frequency": "PT4M"}, "frequency"),
    ({"frequency": "P15D"}, "frequency"),
    ({"frequency": "soon"}, "frequency"),
    ({"frequency": "PT2H", "period": "PT1H"}, "in between"),
    ({"frequency": "PT30M", "period": "P2D"}, "once an hour"),
    ({"techniques": ["T1110"]}, "tactics"),
    ({"techniques": ["brute force"], "tactics": ["Impact"]}, "brute force"),
    ({"tactics": ["Sorcery"]}, "Sorcery"),
    ({"suppress_for": "P2D"}, "suppress_for"),
    ({"entities": [{"entity": "Ghost", "columns": {"Name": "Who"}}]}, "Ghost"),
    ({"group_by": ["Ghost"]}, "Ghost"),
    ({"group_by": ["Host"]}, "Host"),
    ({"entities": [{"entity": "Host", "columns": {}}]}, "no column"),
    ({"query": " \n"}, "query"),
    ({"title": "  "}, "title"),
    ({"template": "t1", "kind": "NRT"}, "Scheduled"),
    ({"template": "fusion"}, "Fusion"),
    ({"template": "t9"}, "t9"),
    ({"query": None}, "query"),
    ({"title": None}, "title"),
    ({"rule": "a/b"}, "a/b"),
]


@pytest.mark.parametrize(("arguments", "named"), BAD)
async def test_what_azure_would_refuse_is_refused_here_and_nothing_is_written(
    arguments: dict[str, Any], named: str
) -> None:
    azure = Azure(Kept())

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, "create_rule", **{**NEW, **arguments})

    assert error["code"] in ("invalid_input", "not_found")
    assert named in error["message"]
    assert error["hint"]
    assert azure.writes == []


TOO_MANY: list[dict[str, Any]] = [
    {"entities": [{"entity": "Host", "columns": {"FullName": "Computer"}}] * 11},
    {"entities": [{"entity": "Host", "columns": dict.fromkeys("abcd", "Computer")}]},
    {"query": "x" * 10_001},
    {"threshold": 10_001},
    {"title": "x" * 257},
]


@pytest.mark.parametrize("arguments", TOO_MANY)
async def test_more_than_azure_takes_is_no_argument(arguments: dict[str, Any]) -> None:
    azure = Azure(Kept())

    async with served(azure, settings=WRITES) as client:
        answer = await client.call_tool("create_rule", {**NEW, **arguments}, raise_on_error=False)

    assert answer.is_error
    assert azure.requests == []


async def test_what_azure_says_of_a_query_is_told() -> None:
    said = refusal(400, "BadRequest", "One of the tables does not exist.")

    async with served(Azure(Kept(meanwhile=lambda _: said)), settings=WRITES) as client:
        error = await refused(client, "create_rule", **NEW)

    assert error["code"] == "invalid_input"
    assert "One of the tables does not exist." in error["message"]


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("create_rule", {"title": "New one", "query": "Heartbeat"}),
    ("update_rule", {"rule": "spray", "severity": "Low"}),
    ("set_rule_enabled", {"rule": "spray", "enabled": False}),
    ("delete_rule", {"rule": "spray"}),
]


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_a_dry_run_shows_the_change_and_sends_no_write(
    tool: str, arguments: dict[str, Any]
) -> None:
    azure = Azure(Kept(RULE))

    async with served(azure, settings=WRITES) as client:
        report = await done(client, tool, **arguments, dry_run=True)

    assert (report.outcome, azure.writes) == ("preview", [])
    assert report.changes


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_without_the_users_word_nothing_is_written(
    tool: str, arguments: dict[str, Any]
) -> None:
    azure = Azure(Kept(RULE))

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, tool, **arguments)

    assert error["code"] == "confirmation_needed"
    assert ("New one" if tool == "create_rule" else "Password spray") in error["message"]
    assert azure.writes == []


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_a_read_only_server_writes_nothing_and_says_so(
    tool: str, arguments: dict[str, Any]
) -> None:
    azure = Azure(Kept(RULE))

    async with served(azure) as client:
        error = await refused(client, tool, **arguments, confirm=True)

    assert error["code"] == "read_only"
    assert azure.writes == []


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_a_refusal_of_azure_names_the_role_that_writes_rules(
    tool: str, arguments: dict[str, Any]
) -> None:
    denied = refusal(403, "AuthorizationFailed")
    kept = Kept(RULE, meanwhile=lambda _: denied)

    async with served(Azure(kept), settings=WRITES) as client:
        error = await refused(client, tool, **arguments, confirm=True)

    assert error["code"] == "access_denied"
    assert "Microsoft Sentinel Contributor" in error["hint"]


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_a_lost_answer_is_found_out_by_reading_and_makes_no_second_rule(
    tool: str, arguments: dict[str, Any]
) -> None:
    kept = Kept(RULE, lose=True)

    async with served(Azure(kept), settings=WRITES) as client:
        report = await done(client, tool, **arguments, confirm=True)

    assert report.outcome == "done"
    assert "answer was lost" in report.notices[0]
    assert len(kept.rules) == (2 if tool == "create_rule" else 0 if tool == "delete_rule" else 1)


async def test_a_rule_made_twice_under_one_id_is_made_once() -> None:
    kept = Kept()

    async with served(Azure(kept), settings=WRITES) as client:
        first = await done(client, "create_rule", **NEW, rule="mine")
        second = await done(client, "create_rule", **NEW, rule="mine")
        error = await refused(client, "create_rule", **{**NEW, "query": "Usage"}, rule="mine")

    assert (first.outcome, second.outcome) == ("done", "unchanged")
    assert len(kept.written) == 1
    assert error["code"] == "conflict"


async def test_an_update_sends_the_whole_rule_with_its_etag_and_without_what_is_only_read() -> None:
    kept = Kept(RULE)

    async with served(Azure(kept), settings=WRITES) as client:
        report = await done(
            client, "update_rule", rule="spray", severity="Low", suppress_for="off", confirm=True
        )

    (body,) = kept.written
    assert body["etag"] == '"1"'
    assert body.keys() == {"kind", "etag", "properties"}
    assert body["properties"]["someNewFlag"] is True
    assert body["properties"]["query"] == "SigninLogs"
    assert "lastModifiedUtc" not in body["properties"]
    assert [(each.field, each.before, each.after) for each in report.changes] == [
        ("severity", "High", "Low")
    ]


async def test_a_change_is_checked_together_with_what_stays() -> None:
    azure = Azure(Kept(RULE))

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, "update_rule", rule="spray", frequency="PT2H", confirm=True)
        without = await refused(client, "update_rule", rule="spray", tactics=[], confirm=True)

    assert "in between" in error["message"]
    assert "tactics" in without["message"]
    assert azure.writes == []


async def test_a_rule_that_is_so_already_is_left_alone() -> None:
    azure = Azure(Kept(RULE))

    async with served(azure, settings=WRITES) as client:
        report = await done(client, "update_rule", rule="spray", severity="High", confirm=True)
        switched = await done(client, "set_rule_enabled", rule="spray", enabled=True, confirm=True)

    assert (report.outcome, switched.outcome, azure.writes) == ("unchanged", "unchanged", [])


UPDATES: list[tuple[str, dict[str, Any]]] = [
    ("update_rule", {"rule": "spray", "severity": "Low"}),
    ("set_rule_enabled", {"rule": "spray", "enabled": False}),
]


@pytest.mark.parametrize(("tool", "arguments"), UPDATES)
async def test_a_change_that_somebody_overtook_is_not_made_and_theirs_is_told(
    tool: str, arguments: dict[str, Any]
) -> None:
    def tuned(kept: Kept) -> None:
        properties = {**RULE["properties"], "description": "Tuned by Ann"}
        kept.rules["spray"] = {**RULE, "etag": '"9"', "properties": properties}

    kept = Kept(RULE, meanwhile=tuned)

    async with served(Azure(kept), settings=WRITES) as client:
        error = await refused(client, tool, **arguments, confirm=True)

    assert error["code"] == "conflict"
    assert "Tuned by Ann" in error["message"]
    assert kept.written == []


@pytest.mark.parametrize(("tool", "arguments"), [*UPDATES, CALLS[3]])
async def test_a_version_that_is_not_there_any_more_is_not_changed(
    tool: str, arguments: dict[str, Any]
) -> None:
    azure = Azure(Kept(RULE))

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, tool, **arguments, etag='"0"', confirm=True)

    assert error["code"] == "conflict"
    assert azure.writes == []


@pytest.mark.parametrize(("tool", "arguments"), CALLS[1:])
async def test_a_rule_that_is_not_there_is_not_changed(
    tool: str, arguments: dict[str, Any]
) -> None:
    azure = Azure(Kept())

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, tool, **arguments, confirm=True)

    assert error["code"] == "not_found"
    assert azure.writes == []


async def test_fusion_is_switched_off_without_what_microsoft_writes_of_it() -> None:
    kept = Kept(FUSION)

    async with served(Azure(kept), settings=WRITES) as client:
        report = await done(
            client, "set_rule_enabled", rule="BuiltInFusion", enabled=False, confirm=True
        )

    assert report.outcome == "done"
    assert kept.written == [
        {
            "kind": "Fusion",
            "etag": '"7"',
            "properties": {"alertRuleTemplateName": "f71a", "enabled": False},
        }
    ]


OF_KINDS: list[tuple[str, dict[str, Any]]] = [
    ("BuiltInFusion", {"title": "Mine"}),
    ("BuiltInFusion", {"description": ""}),
    ("BuiltInFusion", {"query": "Heartbeat"}),
    ("product", {"severity": "Low"}),
    ("product", {"group_by": []}),
]


@pytest.mark.parametrize(("rule", "arguments"), OF_KINDS)
async def test_what_a_kind_of_rule_does_not_have_cannot_be_changed(
    rule: str, arguments: dict[str, Any]
) -> None:
    azure = Azure(Kept(FUSION, PRODUCT))

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, "update_rule", rule=rule, **arguments, confirm=True)

    assert error["code"] == "invalid_input"
    assert "set_rule_enabled" in error["hint"]
    assert azure.writes == []


async def test_the_title_of_a_microsoft_security_rule_can_be_changed() -> None:
    kept = Kept(PRODUCT)

    async with served(Azure(kept), settings=WRITES) as client:
        await done(client, "update_rule", rule="product", title="Of Cloud Apps", confirm=True)

    assert kept.written[0]["properties"]["displayName"] == "Of Cloud Apps"


async def test_a_rule_that_azure_switched_off_is_enabled_with_a_warning() -> None:
    title = "AUTO DISABLED Password spray"
    properties = {**RULE["properties"], "enabled": False, "displayName": title}
    kept = Kept({**RULE, "properties": properties})

    async with served(Azure(kept), settings=WRITES) as client:
        report = await done(client, "set_rule_enabled", rule="spray", enabled=True, confirm=True)

    assert kept.rules["spray"]["properties"]["enabled"] is True
    assert "get_rule_health" in report.notices[0]


async def test_a_deleted_rule_tells_what_is_lost() -> None:
    kept = Kept(RULE)

    async with served(Azure(kept), settings=WRITES) as client:
        report = await done(client, "delete_rule", rule="spray", confirm=True)

    assert (report.outcome, kept.rules) == ("done", {})
    assert ("query", "SigninLogs") in {(each.field, each.before) for each in report.changes}


@pytest.mark.parametrize(
    ("stated", "period"), [({"frequency": "1d"}, "P1D"), ({}, "PT1H"), ({"period": "P2D"}, "P2D")]
)
async def test_a_new_rule_looks_back_as_far_as_it_runs_apart(
    stated: dict[str, Any], period: str
) -> None:
    kept = Kept()

    async with served(Azure(kept), settings=WRITES) as client:
        await done(client, "create_rule", **NEW, **stated)

    assert kept.written[0]["properties"]["queryPeriod"] == period


async def test_a_mapping_that_the_grouping_needs_is_not_taken_away() -> None:
    grouping = {"enabled": True, "matchingMethod": "Selected", "groupByEntities": ["Host"]}
    mapped = [{"entityType": "Host", "fieldMappings": [{"identifier": "a", "columnName": "b"}]}]
    properties = {
        **RULE["properties"],
        "entityMappings": mapped,
        "incidentConfiguration": {"createIncident": True, "groupingConfiguration": grouping},
    }
    azure = Azure(Kept({**RULE, "properties": properties}))

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, "update_rule", rule="spray", entities=[], confirm=True)

    assert "Host" in error["message"]
    assert azure.writes == []


async def test_an_update_that_says_nothing_is_refused_unsent() -> None:
    azure = Azure(Kept(RULE))

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, "update_rule", rule="spray", confirm=True)

    assert error["code"] == "invalid_input"
    assert azure.requests == []
