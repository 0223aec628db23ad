"""Resource Manager's side of the embedded workspace, over HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from app_stage import ARM, GA, NOW, incident, stage
from azure.core.rest import HttpRequest

from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.services.operations import operations
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace

SENTINEL = ARM + identity.INSIGHTS_ID
FIRST = incident(1).name

INCIDENTS = [
    incident(1, severity="High", status="Active", title="Phishing of o'neill"),
    incident(2, severity="Low", labels=[{"labelName": "vip", "labelType": "User"}]),
    incident(3, severity="High", classification="TruePositive", status="Closed"),
    incident(4, owner={"objectId": "1", "email": "ann@contoso.com", "assignedTo": "Ann"}),
]
BOOKMARK = Document(
    "bookmarks",
    "b1",
    {
        "id": f"{identity.INSIGHTS_ID}/bookmarks/b1",
        "name": "b1",
        "type": "Microsoft.SecurityInsights/bookmarks",
        "properties": {"displayName": "Odd logon", "query": "SigninLogs | take 1"},
    },
)
RELATION = Document(
    "relations",
    "r1",
    {
        "id": f"{identity.INSIGHTS_ID}/incidents/{FIRST}/relations/r1",
        "name": "r1",
        "type": "Microsoft.SecurityInsights/incidents/relations",
        "properties": {
            "relatedResourceId": BOOKMARK.body["id"],
            "relatedResourceName": "b1",
            "relatedResourceType": "Microsoft.SecurityInsights/bookmarks",
        },
    },
    parent=FIRST,
)
ENTITIES = [
    Document("entities", f"e{n}", {"name": f"e{n}", "kind": kind, "properties": {}}, parent=FIRST)
    for n, kind in enumerate(("Account", "Host", "Account"))
]
RULE = Document("alertRules", "Rule-1", {"name": "Rule-1", "kind": "Scheduled", "properties": {}})


class Api:
    """Asks the workspace as a client of the REST does."""

    def __init__(self, workspace: LocalWorkspace) -> None:
        self.workspace = workspace
        self._transport = AsgiTransport(workspace.app)

    async def ask(
        self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> AsgiResponse:
        told = {"Authorization": "Bearer any"} if headers is None else headers
        request = HttpRequest(method, url, json=body, headers=told)
        response = await self._transport.send(request)
        assert isinstance(response, AsgiResponse)
        return response

    async def get(self, path: str, query: str = "") -> Any:
        response = await self.ask("GET", f"{SENTINEL}{path}?{GA}{query}")
        assert response.status_code == 200, response.text()
        return response.json()

    async def numbers(self, query: str) -> list[int]:
        found = await self.get("/incidents", query)
        return [each["properties"]["incidentNumber"] for each in found["value"]]

    async def refusal(self, method: str, url: str, body: Any = None) -> tuple[int, str]:
        response = await self.ask(method, url, body)
        return response.status_code, response.json()["error"]["code"]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncGenerator[Api]:
    documents = [*INCIDENTS, BOOKMARK, RELATION, *ENTITIES, RULE]
    async with stage(tmp_path, documents=documents) as workspace:
        yield Api(workspace)


def filtering(text: str) -> str:
    return f"&$filter={quote(text)}"


async def test_a_request_without_a_token_is_401(api: Api) -> None:
    response = await api.ask("GET", f"{ARM}/subscriptions?{GA}", headers={})

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "AuthenticationFailed"
    assert response.headers["www-authenticate"].startswith("Bearer ")


async def test_what_was_lost_goes_with_every_answer_in_https_header_for_people(api: Api) -> None:
    documents = api.workspace.store.documents
    path = f"{SENTINEL}/incidents"
    silent = (await api.ask("GET", f"{path}?{GA}")).headers
    documents.add_notice('Table "A\\B" lost\n3 rows \u2013 in part.')
    found = (await api.ask("GET", f"{path}?{GA}")).headers["warning"]
    refused = (await api.ask("GET", f"{path}/none?{GA}")).headers["warning"]
    for number in range(9):
        documents.add_notice(f"{number} " + "x" * 9_000)
    many = (await api.ask("GET", f"{path}?{GA}")).headers["warning"]
    documents.dismiss_notices()
    after = (await api.ask("GET", f"{path}?{GA}")).headers

    assert "warning" not in silent
    assert found == refused == '199 sentinel-mcp "Table \\"A\\\\B\\" lost 3 rows ? in part."'
    assert len(many) < 8_000
    assert "6 more" in many
    assert "warning" not in after


async def test_a_token_of_another_scheme_is_401(api: Api) -> None:
    response = await api.ask(
        "GET", f"{ARM}/subscriptions?{GA}", headers={"Authorization": "Basic eDp5"}
    )

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "InvalidAuthenticationToken"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "MissingApiVersionParameter"),
        ("?api-version=", "MissingApiVersionParameter"),
        ("?api-version=latest", "InvalidApiVersionParameter"),
    ],
)
async def test_a_request_needs_an_api_version(api: Api, query: str, code: str) -> None:
    assert await api.refusal("GET", f"{SENTINEL}/incidents{query}") == (400, code)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/subscriptions/other", "SubscriptionNotFound"),
        (
            identity.RESOURCE_ID.replace(identity.RESOURCE_GROUP, "other"),
            "ResourceGroupNotFound",
        ),
        (identity.RESOURCE_ID.replace(identity.WORKSPACE_NAME, "other"), "ResourceNotFound"),
        (f"{identity.RESOURCE_ID}/tables/Other", "ResourceNotFound"),
        (f"{identity.INSIGHTS_ID}/incidents/other", "NotFound"),
        (f"{identity.INSIGHTS_ID}/incidents/{FIRST}/comments/other", "NotFound"),
        (f"{identity.INSIGHTS_ID}/alertRules/other", "NotFound"),
        (f"{identity.INSIGHTS_ID}/onboardingStates/other", "NotFound"),
    ],
)
async def test_what_is_not_there_is_404_with_its_own_code(api: Api, path: str, code: str) -> None:
    assert await api.refusal("GET", f"{ARM}{path}?{GA}") == (404, code)


async def test_paths_and_names_are_compared_without_case(api: Api) -> None:
    shouted = identity.INSIGHTS_ID.upper().replace("/PROVIDERS/", "/Providers/")

    rule = await api.ask("GET", f"{ARM}{shouted}/ALERTRULES/rule-1?{GA}")
    table = await api.ask("GET", f"{ARM}{identity.RESOURCE_ID.lower()}/tables/HEARTBEAT?{GA}")

    assert rule.json()["name"] == "Rule-1"
    assert table.json()["name"] == "Heartbeat"


async def test_every_operation_that_is_not_answered_is_refused_by_name(api: Api) -> None:
    values = {
        "subscription": identity.SUBSCRIPTION_ID,
        "resource_group": identity.RESOURCE_GROUP,
        "workspace": identity.WORKSPACE_NAME,
        "workspace_id": identity.WORKSPACE_ID,
    }
    for operation in operations():
        if operation.area:
            continue
        path = re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "x"), operation.path)
        response = await api.ask(operation.method, f"{ARM}{path}?{GA}")
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (501, "NotImplemented"), operation
        assert error["innererror"]["code"] == "UnsupportedLocally"
        assert operation.name in error["message"]
        assert "2025-09-01" in error["message"]


async def test_an_operation_that_nobody_knows_is_refused_by_its_resource_type(api: Api) -> None:
    response = await api.ask("GET", f"{SENTINEL}/flyingSaucers/1/crew?{GA}")

    assert response.status_code == 501
    assert "Microsoft.SecurityInsights/flyingSaucers/crew" in response.json()["error"]["message"]


async def test_a_method_that_a_resource_does_not_have_is_refused(api: Api) -> None:
    assert await api.refusal("POST", f"{SENTINEL}/incidents/{FIRST}?{GA}") == (
        501,
        "NotImplemented",
    )


async def test_every_answer_has_a_request_id(api: Api) -> None:
    response = await api.ask("GET", f"{SENTINEL}/incidents/other?{GA}")

    assert len(response.headers["x-ms-request-id"]) == 36


async def test_requests_are_logged_with_method_path_and_status(api: Api) -> None:
    await api.get("/incidents", filtering("properties/severity eq 'High'"))
    await api.ask("GET", f"{SENTINEL}/incidents/other?{GA}")

    assert [(each.method, each.path, each.status) for each in api.workspace.request_log] == [
        ("GET", f"{identity.INSIGHTS_ID}/incidents", 200),
        ("GET", f"{identity.INSIGHTS_ID}/incidents/other", 404),
    ]


async def test_the_workspace_tells_the_id_that_its_logs_are_queried_by(api: Api) -> None:
    one = await api.ask("GET", f"{ARM}{identity.RESOURCE_ID}?{GA}")
    listed = await api.ask(
        "GET",
        f"{ARM}/subscriptions/{identity.SUBSCRIPTION_ID}"
        f"/providers/Microsoft.OperationalInsights/workspaces?{GA}",
    )

    assert one.json()["properties"]["customerId"] == identity.WORKSPACE_ID
    assert listed.json()["value"] == [one.json()]


async def test_a_table_tells_its_columns_in_resource_managers_spelling(api: Api) -> None:
    response = await api.ask("GET", f"{ARM}{identity.RESOURCE_ID}/tables?{GA}")

    (table,) = response.json()["value"]
    columns = {
        each["name"]: each["type"] for each in table["properties"]["schema"]["standardColumns"]
    }
    assert columns == {"TimeGenerated": "dateTime", "Computer": "string"}


async def test_incidents_come_newest_first_where_no_order_is_asked_for(api: Api) -> None:
    assert await api.numbers("") == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("properties/severity eq 'High'", [3, 1]),
        ("properties/severity ne 'High'", [4, 2]),
        ("not (properties/severity eq 'High')", [4, 2]),
        ("properties/severity eq 'High' and properties/status eq 'Active'", [1]),
        ("properties/severity eq 'Low' or properties/status eq 'Closed'", [3, 2]),
        # `and` binds closer than `or`
        (
            "properties/severity eq 'Low' or properties/severity eq 'High' "
            "and properties/status eq 'Closed'",
            [3, 2],
        ),
        ("contains(properties/title, 'o''neill')", [1]),
        ("startswith(properties/title,'Incident')", [4, 3, 2]),
        ("contains(properties/title, 'phishing')", []),  # text compares with case
        ("properties/incidentNumber gt 2", [4, 3]),
        ("properties/incidentNumber le 2", [2, 1]),
        ("properties/createdTimeUtc ge 2026-11-03T08:00:00Z", [4, 3]),
        ("properties/createdTimeUtc lt 2026-11-03T09:00:00+02:00", [2, 1]),
        ("properties/classification eq null", [4, 2, 1]),
        ("properties/owner/email eq 'ann@contoso.com'", [4]),
        ("properties/labels/any(l: l/labelName eq 'vip')", [2]),
        ("properties/labels/any(l: l/labelName eq 'vip') and properties/status eq 'New'", [2]),
        ("properties/additionalData/tactics/any(t: t eq 'Execution')", [4, 3, 2, 1]),
    ],
)
async def test_a_filter_keeps_what_it_says(api: Api, text: str, numbers: list[int]) -> None:
    assert await api.numbers(filtering(text)) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "High' or 1==1 //",
        "properties/severity eq 'High",
        "properties/severity eq",
        "properties/severity = 'High'",
        "properties/severity eq 'High' properties/status eq 'New'",
        "(properties/severity eq 'High'",
        "properties/colour eq 'red'",
        "name eq 'x'",
        "properties/incidentNumber eq '1'",
        "properties/createdTimeUtc ge '2026-11-03T08:00:00Z'",
        "properties/createdTimeUtc ge 2026-02-30T00:00:00Z",
        "contains(properties/incidentNumber, '1')",
        "substringof('x', properties/title)",
        "properties/labels eq 'vip'",
        "properties/labels/all(l: l/labelName eq 'vip')",
        "properties/severity/any(s: s eq 'High')",
        "properties/labels/any(l: l/colour eq 'vip')",
        # As the service: any() is taken once and first, and without `or` in it.
        "properties/severity eq 'High' and properties/labels/any(l: l/labelName eq 'vip')",
        "properties/labels/any(l: l/labelName eq 'a' or l/labelName eq 'b')",
        "(" * 5000,
        "not " * 5000 + "properties/severity eq 'High'",
        "\x00",
    ],
)
async def test_a_filter_that_is_not_sound_is_400(api: Api, text: str) -> None:
    assert await api.refusal("GET", f"{SENTINEL}/incidents?{GA}{filtering(text)}") == (
        400,
        "BadRequest",
    )


async def test_incidents_are_sorted_by_several_properties(api: Api) -> None:
    order = quote("properties/severity asc,properties/incidentNumber desc")

    assert await api.numbers(f"&$orderby={order}") == [3, 1, 2, 4]


@pytest.mark.parametrize("order", ["properties/colour", "properties/title up", "", "properties"])
async def test_an_order_that_is_not_sound_is_400(api: Api, order: str) -> None:
    url = f"{SENTINEL}/incidents?{GA}&$orderby={quote(order + ',')}"

    assert await api.refusal("GET", url) == (400, "BadRequest")


async def test_pages_follow_one_another_on_the_host_that_was_asked(api: Api) -> None:
    url = f"{SENTINEL}/incidents?{GA}&$top=3&$orderby=properties/incidentNumber"
    first = (await api.ask("GET", url.replace(ARM, "https://127.0.0.1:8443"))).json()
    second = (await api.ask("GET", first["nextLink"])).json()

    assert first["nextLink"].startswith("https://127.0.0.1:8443/subscriptions/")
    assert [each["properties"]["incidentNumber"] for each in first["value"]] == [1, 2, 3]
    assert [each["properties"]["incidentNumber"] for each in second["value"]] == [4]
    assert "nextLink" not in second


async def test_an_incident_that_comes_in_between_shifts_no_page(api: Api) -> None:
    first = await api.get("/incidents", "&$top=2")
    new = incident(9)
    api.workspace.store.documents.put("incidents", new.name, new.body)
    second = (await api.ask("GET", first["nextLink"])).json()

    assert [each["properties"]["incidentNumber"] for each in second["value"]] == [2, 1]


@pytest.mark.parametrize(
    "query",
    ["$top=0", "$top=-1", "$top=x", "$top=99999999999999", "$skipToken=%F0", "$skipToken=e30"],
)
async def test_a_page_that_cannot_be_is_400(api: Api, query: str) -> None:
    assert await api.refusal("GET", f"{SENTINEL}/incidents?{GA}&{query}") == (400, "BadRequest")


async def test_entities_are_counted_by_kind(api: Api) -> None:
    response = await api.ask("POST", f"{SENTINEL}/incidents/{FIRST}/entities?{GA}")

    assert response.json()["metaData"] == [
        {"entityKind": "Account", "count": 2},
        {"entityKind": "Host", "count": 1},
    ]


async def test_an_incidents_bookmarks_are_those_it_is_related_to(api: Api) -> None:
    related = await api.ask("POST", f"{SENTINEL}/incidents/{FIRST}/bookmarks?{GA}")
    other = await api.ask("POST", f"{SENTINEL}/incidents/{incident(2).name}/bookmarks?{GA}")

    (bookmark,) = related.json()["value"]
    assert (bookmark["kind"], bookmark["properties"]["friendlyName"]) == ("Bookmark", "Odd logon")
    assert other.json()["value"] == []


async def test_a_comment_is_created_changed_and_counted(api: Api) -> None:
    url = f"{SENTINEL}/incidents/{FIRST}/comments/c1?{GA}"
    created = await api.ask("PUT", url, {"properties": {"message": "looking"}})
    changed = await api.ask("PUT", url, {"properties": {"message": "found"}})
    listed = await api.get(f"/incidents/{FIRST}/comments")
    counted = await api.get(f"/incidents/{FIRST}")

    assert (created.status_code, changed.status_code) == (201, 200)
    assert [each["properties"]["message"] for each in listed["value"]] == ["found"]
    assert listed["value"][0]["properties"]["author"]["name"]
    assert counted["properties"]["additionalData"]["commentsCount"] == 1


@pytest.mark.parametrize("body", [{}, {"properties": {}}, {"properties": {"message": " "}}, []])
async def test_a_comment_without_a_message_is_400(api: Api, body: Any) -> None:
    response = await api.ask("PUT", f"{SENTINEL}/incidents/{FIRST}/comments/c1?{GA}", body)

    assert response.status_code == 400


async def test_a_comment_on_an_incident_that_is_not_there_is_404(api: Api) -> None:
    url = f"{SENTINEL}/incidents/none/comments/c1?{GA}"

    assert await api.refusal("PUT", url, {"properties": {"message": "x"}}) == (404, "NotFound")


async def test_a_task_is_created_and_completed(api: Api) -> None:
    url = f"{SENTINEL}/incidents/{FIRST}/tasks/t1?{GA}"
    created = await api.ask("PUT", url, {"properties": {"title": "Reset", "status": "New"}})
    done = await api.ask("PUT", url, {"properties": {"title": "Reset", "status": "Completed"}})
    wrong = await api.ask("PUT", url, {"properties": {"title": "Reset", "status": "Half"}})
    listed = await api.get(f"/incidents/{FIRST}/tasks")

    assert (created.status_code, done.status_code, wrong.status_code) == (201, 200, 400)
    assert [each["properties"]["status"] for each in listed["value"]] == ["Completed"]


async def test_an_incident_is_changed_only_as_it_was_read(api: Api) -> None:
    url = f"{SENTINEL}/incidents/{FIRST}?{GA}"
    read = (await api.ask("GET", url)).json()
    read["properties"] |= {"status": "Closed", "classification": "Undetermined"}
    first = await api.ask("PUT", url, read)
    second = await api.ask("PUT", url, read)

    assert first.status_code == 200
    assert first.json()["etag"] != read["etag"]
    assert first.json()["properties"]["incidentNumber"] == 1
    assert (second.status_code, second.json()["error"]["code"]) == (409, "Conflict")


async def test_an_etag_in_the_header_counts_too(api: Api) -> None:
    url = f"{SENTINEL}/incidents/{FIRST}?{GA}"
    body = {"properties": {"title": "x", "severity": "Low", "status": "New"}}

    response = await api.ask(
        "PUT", url, body, headers={"Authorization": "Bearer any", "If-Match": '"old"'}
    )

    assert response.status_code == 409


async def test_what_only_the_service_writes_is_not_taken_from_a_client(api: Api) -> None:
    url = f"{SENTINEL}/incidents/{FIRST}?{GA}"
    body = {
        "properties": {
            "title": "x",
            "severity": "Low",
            "status": "New",
            "incidentNumber": 999,
            "createdTimeUtc": "2001-01-01T00:00:00Z",
        }
    }
    written = (await api.ask("PUT", url, body)).json()["properties"]

    assert written["incidentNumber"] == 1
    assert written["createdTimeUtc"] == "2026-11-01T08:00:00Z"
    assert written["lastModifiedTimeUtc"].startswith(NOW.strftime("%Y-%m-%dT%H:%M"))


async def test_a_new_incident_gets_the_next_number(api: Api) -> None:
    body = {"properties": {"title": "x", "severity": "Low", "status": "New"}}
    response = await api.ask("PUT", f"{SENTINEL}/incidents/mine?{GA}", body)

    assert response.status_code == 201
    assert response.json()["properties"]["incidentNumber"] == 5


@pytest.mark.parametrize(
    "properties",
    [
        {"severity": "Low", "status": "New"},
        {"title": "x", "status": "New"},
        {"title": "x", "severity": "Terrible", "status": "New"},
        {"title": "x", "severity": "Low", "status": "New", "labels": ["vip"]},
        {"title": "x", "severity": "Low", "status": "New", "owner": "ann"},
        {"title": 7, "severity": "Low", "status": "New"},
    ],
)
async def test_an_incident_that_cannot_be_is_400(api: Api, properties: Any) -> None:
    url = f"{SENTINEL}/incidents/{FIRST}?{GA}"

    assert await api.refusal("PUT", url, {"properties": properties}) == (400, "BadRequest")


async def test_a_body_that_is_too_large_is_413(api: Api) -> None:
    url = f"{SENTINEL}/incidents/{FIRST}/comments/c1?{GA}"
    body = {"properties": {"message": "x" * (5 * 1024 * 1024)}}

    assert await api.refusal("PUT", url, body) == (413, "RequestEntityTooLarge")
