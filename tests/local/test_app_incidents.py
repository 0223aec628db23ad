"""Incidents of the embedded workspace as Azure's REST has them, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from app_stage import ARM, GA, incident, stage
from azure.core.rest import HttpRequest

from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.scenario.people import person
from sentinel_mcp.local.services.incidents.held import HeldIncidents
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace

INSIGHTS = identity.INSIGHTS_ID
FIRST, SECOND = incident(1).name, incident(2).name
ALERT = Document(
    "alerts",
    "a1",
    {
        "name": "a1",
        "kind": "SecurityAlert",
        "properties": {"systemAlertId": "a1", "productName": "X", "tactics": ["Impact"]},
    },
    parent=SECOND,
)
ENTITY = Document("entities", "e1", {"name": "e1", "kind": "Host", "properties": {}}, parent=SECOND)
ABOUT = Document("alertEntities", "a1", {"name": "a1", "properties": {"entities": ["e1"]}})
BOOKMARK = Document(
    "bookmarks",
    "b1",
    {"id": f"{INSIGHTS}/bookmarks/b1", "name": "b1", "properties": {"displayName": "Odd"}},
)
LOGIC_APP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/isolate"


class Api:
    """Asks the workspace as a client of the REST does."""

    def __init__(self, workspace: LocalWorkspace) -> None:
        self.documents = workspace.store.documents
        self._transport = AsgiTransport(workspace.app)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> AsgiResponse:
        request = HttpRequest(
            method,
            f"{ARM}{INSIGHTS}/{path}{'&' if '?' in path else '?'}{GA}",
            json=body,
            headers={"Authorization": "Bearer any", **headers},
        )
        response = await self._transport.send(request)
        assert isinstance(response, AsgiResponse)
        return response

    async def status(self, method: str, path: str, body: Any = None) -> int:
        return (await self.ask(method, path, body)).status_code

    async def properties(self, name: str = FIRST) -> dict[str, Any]:
        return (await self.ask("GET", f"incidents/{name}")).json()["properties"]

    async def write(self, **properties: Any) -> AsgiResponse:
        body = {"properties": {**(await self.properties()), **properties}}
        return await self.ask("PUT", f"incidents/{FIRST}", body)

    def logged(self) -> list[str]:
        """Return what was written into SecurityIncident, as JSON."""
        return [cells for _, cells in self.documents.appended_rows("SecurityIncident", after=0)]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncGenerator[Api]:
    documents = [incident(1), incident(2), ALERT, ENTITY, ABOUT, BOOKMARK]
    async with stage(tmp_path, documents=documents) as workspace:
        yield Api(workspace)


def relation(kind: str, name: str) -> dict[str, Any]:
    return {"properties": {"relatedResourceId": f"{INSIGHTS}/{kind}/{name}"}}


async def test_what_only_the_service_writes_stays_whatever_a_client_sends(api: Api) -> None:
    response = await api.write(
        title="New title", incidentNumber=99, createdTimeUtc="2000-01-01T00:00:00Z"
    )

    properties = response.json()["properties"]
    assert response.status_code == 200
    assert properties["title"] == "New title"
    assert properties["incidentNumber"] == 1
    assert properties["createdTimeUtc"] == "2026-11-01T08:00:00Z"


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"status": "Closed"}, 400),
        ({"status": "Closed", "classification": "Undetermined"}, 200),
        (
            {
                "status": "Closed",
                "classification": "TruePositive",
                "classificationReason": "InaccurateData",
            },
            400,
        ),
        (
            {
                "status": "Closed",
                "classification": "FalsePositive",
                "classificationReason": "InaccurateData",
            },
            200,
        ),
        ({"classificationReason": "InaccurateData"}, 400),
        ({"severity": "Critical"}, 400),
        ({"owner": "ana"}, 400),
        ({"owner": {"objectId": "Ana Lind"}}, 400),
        ({"firstActivityTimeUtc": "yesterday"}, 400),
        ({"firstActivityTimeUtc": "2026-11-20T07:00:00.1234567Z"}, 200),
        ({"labels": [{"labelName": "vip", "labelType": "Odd"}]}, 400),
    ],
)
async def test_a_verdict_is_taken_as_azure_pairs_it(
    api: Api, properties: dict[str, Any], status: int
) -> None:
    assert (await api.write(**properties)).status_code == status


@pytest.mark.parametrize("field", ["objectId", "userPrincipalName", "email"])
async def test_an_owner_is_told_whole_by_whatever_names_them(api: Api, field: str) -> None:
    who = person("priya.nair")
    stated = who.id if field == "objectId" else who.upn.upper()

    owner = (await api.write(owner={field: stated})).json()["properties"]["owner"]

    assert owner == {
        "objectId": who.id,
        "email": who.upn,
        "userPrincipalName": who.upn,
        "assignedTo": who.name,
    }


async def test_an_incident_is_deleted_with_its_etag_and_its_alerts_stay(api: Api) -> None:
    stale = await api.ask("DELETE", f"incidents/{SECOND}", **{"If-Match": '"old"'})
    gone = await api.status("DELETE", f"incidents/{SECOND}")
    again = await api.status("DELETE", f"incidents/{SECOND}")

    assert (stale.status_code, gone, again) == (409, 200, 204)
    assert await api.status("GET", f"incidents/{SECOND}") == 404
    # An alert is not of the incident alone: it can be related to another one.
    assert (
        await api.status("PUT", f"incidents/{FIRST}/relations/r", relation("entities", "a1")) == 201
    )


async def test_a_related_alert_brings_its_entities_and_takes_them_along(api: Api) -> None:
    path = f"incidents/{FIRST}/relations/r1"
    made = await api.ask("PUT", path, relation("Entities", "A1"))
    told = await api.properties()
    entities = (await api.ask("POST", f"incidents/{FIRST}/entities")).json()
    removed = [await api.status("DELETE", path) for _ in range(2)]
    after = (await api.ask("POST", f"incidents/{FIRST}/entities")).json()

    assert made.status_code == 201
    assert made.json()["properties"]["relatedResourceName"] == "a1"
    assert made.json()["properties"]["relatedResourceKind"] == "SecurityAlert"
    assert told["additionalData"]["alertsCount"] == 1
    assert told["additionalData"]["tactics"] == ["Impact"]
    assert [each["name"] for each in entities["entities"]] == ["e1"]
    assert (removed, after["entities"]) == ([200, 204], [])


async def test_a_related_bookmark_says_in_which_incident_it_is(api: Api) -> None:
    path = f"incidents/{FIRST}/relations/r1"
    made = await api.status("PUT", path, relation("bookmarks", "b1"))
    marked = (await api.ask("GET", "bookmarks/b1")).json()["properties"]
    listed = (await api.ask("POST", f"incidents/{FIRST}/bookmarks")).json()
    await api.ask("DELETE", path)
    free = (await api.ask("GET", "bookmarks/b1")).json()["properties"]

    assert made == 201
    assert marked["incidentInfo"]["incidentId"] == FIRST
    assert [each["name"] for each in listed["value"]] == ["b1"]
    assert "incidentInfo" not in free


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (relation("entities", "nope"), 404),
        (relation("bookmarks", "nope"), 404),
        (relation("alertRules", "r"), 400),
        ({"properties": {"relatedResourceId": "/elsewhere/entities/a1"}}, 400),
        ({"properties": {}}, 400),
        ({}, 400),
    ],
)
async def test_what_is_not_in_the_workspace_cannot_be_related(
    api: Api, body: dict[str, Any], status: int
) -> None:
    assert await api.status("PUT", f"incidents/{FIRST}/relations/r1", body) == status


async def test_what_is_related_already_is_a_conflict_under_another_name(api: Api) -> None:
    first = await api.status("PUT", f"incidents/{FIRST}/relations/r1", relation("bookmarks", "b1"))
    same = await api.status("PUT", f"incidents/{FIRST}/relations/r1", relation("bookmarks", "b1"))
    other = await api.status("PUT", f"incidents/{FIRST}/relations/r2", relation("bookmarks", "B1"))

    assert (first, same, other) == (201, 200, 409)


async def test_comments_have_azures_limits_and_can_be_deleted(api: Api) -> None:
    def comment(text: str) -> dict[str, Any]:
        return {"properties": {"message": text}}

    folder = f"incidents/{FIRST}/comments"
    too_long = await api.status("PUT", f"{folder}/long", comment("x" * 30_001))
    made = [await api.status("PUT", f"{folder}/c{each}", comment("x")) for each in range(100)]
    one_more = await api.status("PUT", f"{folder}/c100", comment("x"))
    changed = await api.status("PUT", f"{folder}/c0", comment("y"))
    deleted = [await api.status("DELETE", f"{folder}/c0") for _ in range(2)]

    assert (too_long, set(made), one_more, changed) == (400, {201}, 400, 200)
    assert deleted == [200, 204]
    assert (await api.properties())["additionalData"]["commentsCount"] == 99


async def test_a_task_can_be_deleted(api: Api) -> None:
    path = f"incidents/{FIRST}/tasks/t1"
    body = {"properties": {"title": "Look", "status": "New"}}
    statuses = [await api.status("PUT", path, body), await api.status("DELETE", path)]

    assert statuses == [201, 200]
    assert await api.status("GET", path) == 404
    assert await api.status("DELETE", "incidents/nope/tasks/t1") == 404


async def test_a_playbook_that_is_started_is_written_down(api: Api) -> None:
    path = f"incidents/{FIRST}/runPlaybook"
    started = await api.ask("POST", path, {"tenantId": "t", "logicAppsResourceId": LOGIC_APP})
    refused = [
        await api.status("POST", path, {"tenantId": "t"}),
        await api.status("POST", path, {"logicAppsResourceId": "isolate"}),
        await api.status("POST", "incidents/nope/runPlaybook", {"logicAppsResourceId": LOGIC_APP}),
    ]

    (run,) = api.documents.list("playbookRuns", FIRST)
    assert (started.status_code, started.text()) == (204, "")
    assert refused == [400, 400, 404]
    assert run["properties"]["logicAppsResourceId"] == LOGIC_APP


async def test_every_write_adds_a_row_to_the_log_of_incidents(api: Api) -> None:
    folder = f"incidents/{FIRST}"
    await api.write(severity="High")
    await api.ask("PUT", f"{folder}/comments/c1", {"properties": {"message": "Hm."}})
    await api.ask("PUT", f"{folder}/tasks/t1", {"properties": {"title": "L", "status": "New"}})
    await api.ask("PUT", f"{folder}/relations/r1", relation("entities", "a1"))
    await api.ask("DELETE", f"{folder}/relations/r1")
    await api.ask("PUT", f"{folder}/relations/r2", {})
    await api.write(status="Closed", classification="Undetermined")

    logged = api.logged()
    assert len(logged) == 6
    assert '"Severity":"High"' in logged[0]
    assert '"Hm."' in logged[1]
    assert '"AlertIds":["a1"]' in logged[3]
    assert '"AlertIds":[]' in logged[4]
    assert '"ClosedTime":"2026-11-22 12:00:00"' in logged[5]
    assert "ClosedTime" not in logged[4]


async def test_a_new_incident_has_the_next_number_and_a_row(api: Api) -> None:
    body = {"properties": {"title": "New", "severity": "Low", "status": "New"}}
    made = await api.ask("PUT", "incidents/new", body)

    assert made.status_code == 201
    assert made.json()["properties"]["incidentNumber"] == 3
    assert '"IncidentNumber":3' in api.logged()[0]


async def test_a_list_shows_what_was_just_written(api: Api) -> None:
    before = (await api.ask("GET", "incidents")).json()["value"]
    await api.write(title="New title")
    after = (await api.ask("GET", "incidents")).json()["value"]

    assert "New title" not in {each["properties"]["title"] for each in before}
    assert "New title" in {each["properties"]["title"] for each in after}


async def test_pages_of_thousands_of_incidents_have_each_of_them_once(tmp_path: Path) -> None:
    def numbered(number: int) -> Document:
        name = f"i{number:05}"
        body = {
            **incident(1).body,
            "name": name,
            "properties": {**incident(1).body["properties"], "incidentNumber": number},
        }
        return Document("incidents", name, body)

    async with stage(tmp_path, documents=[numbered(each) for each in range(5_000)]) as workspace:
        names = await _all_names(Api(workspace))

    assert len(names) == len(set(names)) == 5_000


async def test_incidents_are_read_anew_after_a_write_only(api: Api) -> None:
    held = HeldIncidents(api.documents)
    order = "properties/incidentNumber desc"

    first = held.ordered(order)
    second = held.ordered(order)
    await api.write(title="New title")
    third = held.ordered(order)

    assert first is second
    assert third is not second
    assert [each["name"] for each in third] == [SECOND, FIRST]


async def _all_names(api: Api) -> list[str]:
    names: list[str] = []
    token = ""
    for _ in range(101):
        page = (await api.ask("GET", f"incidents?$top=50{token}")).json()
        names += [each["name"] for each in page["value"]]
        if "nextLink" not in page:
            break
        token = f"&$skipToken={page['nextLink'].partition('$skipToken=')[2]}"
    return names
