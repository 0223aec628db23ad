"""Changes of incidents, by the real service over the real SDK clients."""

from __future__ import annotations

from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.domains.incident_azure import NAME, PATH, SENTINEL, IncidentAzure, incident
from tests.scripted import Reply, refusal, served

from sentinel_mcp.domains.incidents.change_models import IncidentChange
from sentinel_mcp.settings import Settings

WRITES = Settings(allow_writes=True)
CLOSE = {"status": "Closed", "classification": "FalsePositive"}
REASON = {"classification_reason": "InaccurateData"}

ALERT = "0e7aa90e-f830-5d9b-85e2-70ab4df63720"
TASK: dict[str, Any] = {
    "name": "t1",
    "etag": '"1"',
    "properties": {"title": "Look", "description": "At it", "status": "New", "createdBy": {}},
}
LOGIC_APP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/isolate"

WRITERS: dict[str, dict[str, Any]] = {
    "update_incident": {"incident": 7, "severity": "High"},
    "create_incident": {"title": "New one", "severity": "Low", "owner": "ana@contoso.com"},
    "add_incident_comment": {"incident": 7, "message": "Seen"},
    "add_incident_task": {"incident": 7, "title": "Look"},
    "update_incident_task": {"incident": 7, "task": "t1", "status": "Completed"},
    "relate_to_incident": {"incident": 7, "alert": ALERT},
}
PLAYBOOK = {"incident": 7, "logic_app_id": LOGIC_APP, "tenant_id": "t"}
EVERY = [*WRITERS.items(), ("run_playbook", PLAYBOOK)]


async def change(
    client: Client[FastMCPTransport], tool: str = "update_incident", **arguments: Any
) -> IncidentChange:
    stated = {"incident": 7, **arguments} if tool == "update_incident" else arguments
    answer = await client.call_tool(tool, stated)
    return IncidentChange.model_validate(answer.structured_content)


async def refused(
    client: Client[FastMCPTransport], tool: str = "update_incident", **arguments: Any
) -> dict[str, Any]:
    stated = {"incident": 7, **arguments} if tool == "update_incident" else arguments
    answer = await client.call_tool(tool, stated, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


def azure_with_task(**more: Any) -> IncidentAzure:
    return IncidentAzure(documents={f"{PATH}/tasks/t1": TASK}, **more)


async def test_an_update_sends_the_etag_and_all_that_a_client_may_write() -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        done = await change(client, severity="High", add_labels=["vip", "MAIL"])

    assert azure.sent == ["GET incidents", f"PUT {PATH}"]
    assert azure.body() == {
        "etag": '"1"',
        "properties": {
            "title": "Phishing",
            "description": "A mail.",
            "severity": "High",
            "status": "New",
            "owner": {"objectId": None, "email": None, "assignedTo": None},
            "labels": [{"labelName": "mail"}, {"labelName": "vip"}],
            "firstActivityTimeUtc": "2026-11-20T07:00:00Z",
            "teamInformation": {"name": "Blue"},
            "somethingNew": {"of": "Azure"},
        },
    }
    assert (done.outcome, done.number, done.name, done.etag) == ("done", 7, NAME, '"2"')
    assert [(each.field, each.before, each.after) for each in done.changes] == [
        ("labels", "mail", "mail, vip"),
        ("severity", "Low", "High"),
    ]


@pytest.mark.parametrize(
    ("stated", "sent"),
    [
        ("ana@contoso.com", {"userPrincipalName": "ana@contoso.com", "email": "ana@contoso.com"}),
        (
            "42a4d377-45b7-5d43-ab7d-01d55a9edf91",
            {"objectId": "42a4d377-45b7-5d43-ab7d-01d55a9edf91"},
        ),
        ("", dict.fromkeys(("objectId", "email", "userPrincipalName", "assignedTo"))),
    ],
)
async def test_an_owner_is_named_by_whatever_is_known_of_them(
    stated: str, sent: dict[str, Any]
) -> None:
    owned = incident(owner={"objectId": "1", "assignedTo": "Bo", "email": "bo@contoso.com"})
    azure = IncidentAzure(documents={PATH: owned})

    async with served(azure, settings=WRITES) as client:
        done = await change(client, owner=stated)

    assert azure.body()["properties"]["owner"] == sent
    assert "owner.assigned_to" in {each.field for each in done.changes}


async def test_closing_sends_the_verdict_and_reopening_takes_it_back() -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        await change(client, **CLOSE, **REASON, confirm=True)
        closed = azure.body()["properties"]
        await change(client, status="Active")
        reopened = azure.body()["properties"]

    assert closed["classification"] == "FalsePositive"
    assert closed["classificationReason"] == "InaccurateData"
    assert not {"classification", "classificationReason"} & reopened.keys()


@pytest.mark.parametrize(
    ("classification", "reason"),
    [
        ("TruePositive", "SuspiciousActivity"),
        ("BenignPositive", "SuspiciousButExpected"),
        ("Undetermined", None),
    ],
)
async def test_a_reason_that_is_the_only_one_is_filled_in(
    classification: str, reason: str | None
) -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        await change(client, status="Closed", classification=classification, confirm=True)

    assert azure.body()["properties"].get("classificationReason") == reason


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "Nothing is to be changed"),
        ({"status": "Closed", "confirm": True}, "classification"),
        ({**CLOSE, "confirm": True}, "needs a reason"),
        ({**CLOSE, "classification_reason": "SuspiciousActivity"}, "cannot have the reason"),
        (
            {
                "status": "Closed",
                "classification": "Undetermined",
                "classification_reason": "InaccurateData",
            },
            "has no reason",
        ),
        ({"classification": "TruePositive"}, "only a closed one"),
        ({"status": "Active", "classification": "TruePositive"}, "has no classification"),
        ({"classification_reason": "InaccurateData"}, "without one"),
        ({"add_labels": ["A"], "remove_labels": ["a"]}, "added and removed at once"),
        ({"owner": "Ana Lind"}, "nor an object id"),
        ({"owner": "unassigned"}, "nor an object id"),
        ({"owner": "@"}, "nor an object id"),
        ({"severity": "High", "comment": " \n"}, "comment is blank"),
    ],
)
async def test_what_azure_would_not_take_is_refused_unwritten(
    arguments: dict[str, Any], said: str
) -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, **arguments)

    assert error["code"] == "invalid_input"
    assert said in error["message"]
    assert azure.written == []


async def test_closing_is_not_done_before_the_user_agrees() -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, **CLOSE, **REASON)

    assert error["code"] == "confirmation_needed"
    assert "'7 Phishing'" in error["message"]
    assert "'New' -> 'Closed'" in error["message"]
    assert azure.written == []


async def test_a_change_made_meanwhile_is_told_and_nothing_is_written() -> None:
    def meddle(azure: IncidentAzure) -> None:
        azure.documents[PATH] = {**incident(title="Spear phishing", status="Active"), "etag": '"9"'}

    azure = IncidentAzure(before_write=meddle)

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, severity="High", comment="Mine.")

    assert error["code"] == "conflict"
    assert "title: 'Phishing' -> 'Spear phishing'" in error["message"]
    assert "status: 'New' -> 'Active'" in error["message"]
    assert azure.documents[PATH]["properties"]["severity"] == "Low"
    assert azure.of("comments") == []


async def test_an_etag_that_is_no_longer_the_newest_is_refused_unsent() -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, severity="High", etag='"0"')
        done = await change(client, severity="High", etag="1")

    assert error["code"] == "conflict"
    assert done.outcome == "done"
    assert azure.written == [f"PUT {PATH}"]


async def test_a_lost_answer_is_found_written_although_azure_filled_the_owner_in() -> None:
    class Resolving(IncidentAzure):
        def _put(self, path: str, body: dict[str, Any]) -> Reply:
            reply = super()._put(path, body)
            if reply.status < 300:
                owner = self.documents[path]["properties"]["owner"]
                owner |= {"objectId": "o", "assignedTo": "Ana"}
            return reply

    azure = Resolving(lost=f"PUT {PATH}")

    async with served(azure, settings=WRITES) as client:
        done = await change(client, owner="ana@contoso.com")

    # The pipeline sends it again, with an etag that is not the newest any more.
    assert azure.written == [f"PUT {PATH}"] * 2
    assert azure.documents[PATH]["etag"] == '"2"'
    assert done.outcome == "done"
    assert done.notices == ["Its answer was lost; it was found written."]


async def test_a_comment_is_added_once_the_incident_is_changed() -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        done = await change(client, status="Active", comment="Mine now.")

    (comment,) = azure.of("comments")
    assert azure.written == [f"PUT {PATH}", f"PUT {PATH}/comments/{done.comment_id}"]
    assert comment["properties"] == {"message": "Mine now."}
    assert (done.outcome, done.comment_error) == ("done", None)
    assert done.etag is None


async def test_a_comment_that_fails_after_the_change_is_told_with_what_to_do() -> None:
    no = refusal(403, "AuthorizationFailed")
    azure = IncidentAzure(refusals={f"PUT {PATH}/comments": no})

    async with served(azure, settings=WRITES) as client:
        done = await change(client, status="Active", comment="Mine now.")

    assert done.outcome == "done"
    assert done.comment_id is None
    assert done.comment_error
    assert done.comment_error.code == "access_denied"
    assert "comment_id=" in (done.comment_error.hint or "")
    assert "the comment was NOT added" in done.notices[0]
    assert azure.documents[PATH]["properties"]["status"] == "Active"


async def test_a_comment_alone_that_fails_is_an_error() -> None:
    azure = IncidentAzure(refusals={f"PUT {PATH}/comments": refusal(403, "AuthorizationFailed")})

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, comment="Mine now.")

    assert error["code"] == "access_denied"
    assert azure.written[0].startswith(f"PUT {PATH}/comments/")


async def test_what_is_so_already_is_not_written() -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        done = await change(client, severity="Low", add_labels=["Mail"], remove_labels=["x"])

    assert done.outcome == "unchanged"
    assert azure.written == []


@pytest.mark.parametrize(("tool", "arguments"), WRITERS.items())
async def test_a_dry_run_sends_no_write(tool: str, arguments: dict[str, Any]) -> None:
    azure = azure_with_task()

    async with served(azure, settings=WRITES) as client:
        shown = await change(client, tool, **arguments, dry_run=True)

    assert shown.outcome == "preview"
    assert shown.changes
    assert azure.written == []


@pytest.mark.parametrize(("tool", "arguments"), EVERY)
async def test_without_writes_nothing_is_sent_that_changes_something(
    tool: str, arguments: dict[str, Any]
) -> None:
    azure = azure_with_task()
    confirmed = {"confirm": True} if tool == "run_playbook" else {}

    async with served(azure) as client:
        error = await refused(client, tool, **arguments, **confirmed)

    assert error["code"] == "read_only"
    assert azure.written == []


@pytest.mark.parametrize(("tool", "arguments"), EVERY)
async def test_a_refusal_of_azure_names_the_role_that_writes(
    tool: str, arguments: dict[str, Any]
) -> None:
    no = refusal(403, "AuthorizationFailed")
    azure = azure_with_task(refusals={"PUT ": no, "POST ": no})
    confirmed = {"confirm": True} if tool == "run_playbook" else {}

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, tool, **arguments, **confirmed)

    role = "Playbook Operator" if tool == "run_playbook" else "Responder"
    assert error["code"] == "access_denied"
    assert f"Microsoft Sentinel {role}" in error["hint"]


@pytest.mark.parametrize(("tool", "arguments"), WRITERS.items())
async def test_a_lost_answer_makes_no_second_thing(tool: str, arguments: dict[str, Any]) -> None:
    azure = azure_with_task(lost="PUT ")
    before = len(azure.documents)

    async with served(azure, settings=WRITES) as client:
        done = await change(client, tool, **arguments)

    made = 0 if tool.startswith("update") else 1
    assert done.outcome == "done"
    assert len(azure.documents) == before + made
    assert len(azure.written) == 2
    assert len(set(azure.written)) == 1


@pytest.mark.parametrize(
    ("tool", "arguments", "path", "properties"),
    [
        (
            "create_incident",
            {"title": "A", "severity": "Low", "incident_id": "i9"},
            "incidents/i9",
            {"title": "B"},
        ),
        (
            "add_incident_comment",
            {"incident": 7, "message": "A", "comment_id": "c9"},
            f"{PATH}/comments/c9",
            {"message": "B"},
        ),
        (
            "add_incident_task",
            {"incident": 7, "title": "A", "task_id": "t9"},
            f"{PATH}/tasks/t9",
            {"title": "B"},
        ),
    ],
)
async def test_an_id_that_something_else_has_is_a_conflict_and_it_stays(
    tool: str, arguments: dict[str, Any], path: str, properties: dict[str, Any]
) -> None:
    azure = IncidentAzure(documents={path: {"name": "9", "etag": '"4"', "properties": properties}})

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, tool, **arguments)

    assert error["code"] == "conflict"
    assert "There is another" in error["message"]
    assert azure.written == []


async def test_a_task_changed_meanwhile_is_told() -> None:
    def meddle(azure: IncidentAzure) -> None:
        properties = {**TASK["properties"], "title": "Look again"}
        azure.documents[f"{PATH}/tasks/t1"] = {**TASK, "etag": '"5"', "properties": properties}

    azure = azure_with_task(before_write=meddle)

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, "update_incident_task", **WRITERS["update_incident_task"])

    assert error["code"] == "conflict"
    assert "title: 'Look' -> 'Look again'" in error["message"]


async def test_a_task_that_is_not_there_is_told() -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, "update_incident_task", **WRITERS["update_incident_task"])
        idle = await refused(client, "update_incident_task", incident=7, task="t1")

    assert (error["code"], idle["code"]) == ("not_found", "invalid_input")
    assert azure.written == []


async def test_a_hundred_comments_are_the_most_that_azure_takes() -> None:
    azure = IncidentAzure(documents={PATH: incident(additionalData={"commentsCount": 100})})

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, "add_incident_comment", incident=7, message="One more")
        both = await refused(client, severity="High", comment="One more")

    assert "100 comments" in error["message"]
    assert "100 comments" in both["message"]
    assert azure.written == []


async def test_a_comment_longer_than_azure_takes_is_refused_unsent() -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, "add_incident_comment", incident=7, message="x" * 30_001)
        done = await change(client, "add_incident_comment", incident=7, message="x" * 30_000)

    assert error["code"] == "invalid_input"
    assert done.outcome == "done"


@pytest.mark.parametrize(
    ("arguments", "resource"),
    [
        ({"alert": ALERT}, f"entities/{ALERT}"),
        ({"alert": f"{SENTINEL.upper()}/Entities/{ALERT}"}, f"entities/{ALERT}"),
        ({"bookmark": "b1"}, "bookmarks/b1"),
        ({"bookmark": f"{SENTINEL}/bookmarks/b1"}, "bookmarks/b1"),
    ],
)
async def test_a_relation_names_the_resource_by_its_id(
    arguments: dict[str, Any], resource: str
) -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        await change(client, "relate_to_incident", incident=7, **arguments)

    assert azure.body() == {"properties": {"relatedResourceId": f"{SENTINEL}/{resource}"}}


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"alert": ALERT, "bookmark": "b1"},
        {"alert": f"{SENTINEL}/bookmarks/b1"},
        {"bookmark": f"{SENTINEL}/entities/{ALERT}"},
        {"alert": f"{SENTINEL.replace('soc-logs', 'other')}/entities/{ALERT}"},
        {"alert": "../incidents"},
        {"bookmark": "b1/../../x"},
    ],
)
async def test_what_cannot_be_related_is_refused_unwritten(arguments: dict[str, Any]) -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, "relate_to_incident", incident=7, **arguments)

    assert error["code"] == "invalid_input"
    assert azure.written == []


async def test_what_is_related_already_is_refused() -> None:
    relation = {
        "name": "r1",
        "properties": {"relatedResourceId": f"{SENTINEL}/Entities/{ALERT.upper()}"},
    }
    azure = IncidentAzure(documents={f"{PATH}/relations/r1": relation})

    async with served(azure, settings=WRITES) as client:
        error = await refused(client, "relate_to_incident", incident=7, alert=ALERT)

    assert error["code"] == "invalid_input"
    assert "already" in error["message"]
    assert azure.written == []


async def test_a_playbook_gets_the_logic_app_and_the_tenant() -> None:
    azure = IncidentAzure()
    arguments = {"incident": 7, "logic_app_id": LOGIC_APP, "confirm": True}

    async with served(azure, settings=WRITES) as client:
        homeless = await refused(client, "run_playbook", **arguments)
        done = await change(client, "run_playbook", **arguments, tenant_id="t")

    assert "tenant" in homeless["message"]
    assert azure.written == [f"POST {PATH}/runPlaybook"]
    assert azure.body() == {"tenantId": "t", "logicAppsResourceId": LOGIC_APP}
    assert (done.outcome, done.action, done.name) == ("done", "run", "isolate")


@pytest.mark.parametrize("lost", [True, False])
async def test_a_playbook_is_never_started_a_second_time(lost: bool) -> None:
    broken = {} if lost else {"POST ": refusal(503, "ServiceUnavailable")}
    azure = IncidentAzure(lost="POST " if lost else None, refusals=broken)

    async with served(azure, settings=WRITES) as client:
        error = await refused(
            client,
            "run_playbook",
            incident=7,
            logic_app_id=LOGIC_APP,
            tenant_id="t",
            confirm=True,
        )

    assert error["code"] == "unavailable"
    assert "not known" in error["message"]
    assert azure.written == [f"POST {PATH}/runPlaybook"]


@pytest.mark.parametrize(
    "logic_app",
    [
        "isolate",
        f"{LOGIC_APP}/triggers/x",
        "/subscriptions/s/../providers/Microsoft.Logic",
        "https://x",
    ],
)
async def test_what_is_no_logic_app_is_refused_unsent(logic_app: str) -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        error = await refused(
            client, "run_playbook", incident=7, logic_app_id=logic_app, tenant_id="t", confirm=True
        )

    assert error["code"] == "invalid_input"
    assert azure.requests == []


async def test_a_comment_tells_its_id_once_it_is_there() -> None:
    azure = IncidentAzure()
    stated = WRITERS["add_incident_comment"]

    async with served(azure, settings=WRITES) as client:
        shown = await change(client, "add_incident_comment", **stated, dry_run=True)
        done = await change(client, "add_incident_comment", **stated)

    assert shown.comment_id is None
    assert done.comment_id == done.name


async def test_a_new_incident_under_a_used_id_is_told_by_that_id() -> None:
    azure = IncidentAzure()

    async with served(azure, settings=WRITES) as client:
        error = await refused(
            client, "create_incident", title="Other", severity="Low", incident_id=NAME
        )

    assert NAME in error["message"]
    assert azure.written == []
