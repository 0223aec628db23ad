"""Lists of incidents, by the real service over the real SDK clients, from a scripted Azure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from hypothesis import given
from hypothesis import strategies as st
from tests.scripted import WORKSPACE, Reply, ScriptedAzure, another, refusal, sample, served

from sentinel_mcp.domains.incidents.filters import IncidentFilter
from sentinel_mcp.domains.incidents.models import SecurityIncidentListing
from sentinel_mcp.errors import InputError
from sentinel_mcp.settings import Settings


def document(number: int, **properties: object) -> dict[str, Any]:
    """Make an incident as Azure sends it; the higher its number, the younger it is."""
    return {
        "id": f"/subscriptions/s/…/incidents/incident-{number}",
        "name": f"incident-{number}",
        "type": "Microsoft.SecurityInsights/incidents",
        "etag": f'"{number}"',
        "properties": {
            "title": f"Incident {number}",
            "severity": "High",
            "status": "New",
            "incidentNumber": number,
            "createdTimeUtc": f"2026-11-{number // 24 + 1:02}T{number % 24:02}:00:00.1234567Z",
            "lastModifiedTimeUtc": "2026-11-20T09:00:00Z",
            "incidentUrl": f"https://portal.azure.com/#incident-{number}",
            "owner": {"objectId": None, "email": None, "assignedTo": None},
            "labels": [{"labelName": "mail", "labelType": "User"}],
            "additionalData": {"alertsCount": 2, "tactics": ["InitialAccess"]},
            **properties,
        },
    }


def pages(documents: list[dict[str, Any]], page_size: int = 50) -> Callable[[HttpRequest], Reply]:
    """Answer as Azure's list does, with at most `page_size` at once, `$top` and `$skipToken`."""

    def answer(request: HttpRequest) -> Reply:
        asked = ScriptedAzure({})
        asked.requests.append(request)
        query = asked.asked()
        start = int(query.get("$skipToken", "0"))
        end = start + min(int(query["$top"]), page_size)
        body: dict[str, Any] = {"value": documents[start:end]}
        if end < len(documents):
            url = request.url.partition("?")[0]
            body["nextLink"] = f"{url}?api-version=2025-09-01&$skipToken={end}"
        return Reply(body)

    return answer


async def listed(client: Client[FastMCPTransport], **arguments: Any) -> SecurityIncidentListing:
    answer = await client.call_tool("list_incidents", arguments)
    return SecurityIncidentListing.model_validate(answer.structured_content)


def listings(azure: ScriptedAzure) -> list[dict[str, str]]:
    """Return the parameters of each request for a page of incidents."""
    return [
        azure.asked(index)
        for index, each in enumerate(azure.requests)
        if each.method == "GET" and each.url.partition("?")[0].endswith("/incidents")
    ]


async def read_to_the_end(client: Client[FastMCPTransport], **arguments: Any) -> list[int | None]:
    """Follow `skip_token` until there is none."""
    numbers: list[int | None] = []
    cursor: str | None = None
    for _ in range(200):
        page = await listed(client, **arguments, cursor=cursor)
        numbers += [each.number for each in page.incidents]
        cursor = page.skip_token
        if cursor is None:
            return numbers
    raise AssertionError("the list has no end")


async def test_an_incident_of_a_list_carries_what_triage_needs() -> None:
    owner = {"userPrincipalName": "ana@contoso.com", "email": None, "assignedTo": "Ana"}
    azure = ScriptedAzure({"GET incidents": {"value": [document(7, owner=owner)]}})

    async with served(azure) as client:
        page = await listed(client)

    assert page.incidents[0].model_dump(mode="json") == {
        "workspace": "soc",
        "number": 7,
        "id": "incident-7",
        "title": "Incident 7",
        "severity": "High",
        "status": "New",
        "owner": "ana@contoso.com",
        "labels": ["mail"],
        "tactics": ["InitialAccess"],
        "created": "2026-11-01T07:00:00.123456Z",
        "modified": "2026-11-20T09:00:00Z",
        "closed": None,
        "classification": None,
        "classification_reason": None,
        "alerts_count": 2,
        "url": "https://portal.azure.com/#incident-7",
    }


async def test_a_page_is_one_call_for_incidents() -> None:
    azure = ScriptedAzure({"GET incidents": pages([document(each) for each in range(120)])})

    async with served(azure) as client:
        page = await listed(client, limit=40)

    (asked,) = listings(azure)
    assert asked["$top"] == "40"
    assert asked["$orderby"] == "properties/createdTimeUtc desc"
    assert "$filter" not in asked
    assert len(page.incidents) == 40


async def test_what_azure_can_filter_goes_into_one_filter() -> None:
    azure = ScriptedAzure({"GET incidents": {"value": []}})

    async with served(azure) as client:
        await listed(
            client,
            severities=["High", "Medium"],
            statuses=["New"],
            owner="ana@contoso.com",
            title_contains="O'Brien' or 1 eq 1",
            labels=["mail", "mail"],
            created_after="2026-11-01T00:00:00Z",
            created_before="2026-11-02T00:00:00+01:00",
            modified_after="2026-11-01",
            order_by="modified_asc",
        )

    assert listings(azure)[-1]["$filter"] == (
        "(properties/labels/any(label: label/labelName eq 'mail')"
        " and (properties/severity eq 'High' or properties/severity eq 'Medium')"
        " and properties/status eq 'New'"
        " and (properties/owner/userPrincipalName eq 'ana@contoso.com'"
        " or properties/owner/email eq 'ana@contoso.com'"
        " or properties/owner/assignedTo eq 'ana@contoso.com'"
        " or properties/owner/objectId eq 'ana@contoso.com')"
        " and contains(properties/title, 'O''Brien'' or 1 eq 1')"
        " and properties/createdTimeUtc ge 2026-11-01T00:00:00Z"
        " and properties/createdTimeUtc le 2026-11-01T23:00:00Z"
        " and properties/lastModifiedTimeUtc ge 2026-11-01T00:00:00Z)"
    )
    assert listings(azure)[-1]["$orderby"] == "properties/lastModifiedTimeUtc asc"


@given(text=st.text(min_size=1) | st.text(alphabet="' ()/orandeq1%\\\"", min_size=1))
def test_no_text_of_a_caller_gets_out_of_its_literal(text: str) -> None:
    try:
        made = IncidentFilter(title_contains=text, labels=(text,), owner=text).as_filter()
    except InputError:
        return

    outside = "".join((made or "").split("'")[::2])
    without_quotes = IncidentFilter(title_contains="x", labels=("x",), owner="x").as_filter()
    if text != "unassigned":
        assert outside == "".join((without_quotes or "").split("'")[::2])


async def test_text_that_no_url_can_carry_is_refused_before_anything_is_sent() -> None:
    azure = ScriptedAzure({"GET incidents": {"value": []}})

    async with served(azure, configured=[WORKSPACE, another("dmz")]) as client:
        for workspace in (None, "*"):
            answer = await client.call_tool(
                "list_incidents",
                {"title_contains": "a\x00b", "workspace": workspace},
                raise_on_error=False,
            )
            assert answer.is_error

    assert azure.requests == []


@pytest.mark.parametrize(("page_size", "limit"), [(50, 200), (50, 7), (3, 2), (200, 1)])
async def test_following_the_token_reads_every_incident_once(page_size: int, limit: int) -> None:
    documents = [document(number) for number in range(57, 0, -1)]
    azure = ScriptedAzure({"GET incidents": pages(documents, page_size)})

    async with served(azure) as client:
        numbers = await read_to_the_end(client, limit=limit)

    assert numbers == list(range(57, 0, -1))


async def test_an_answer_too_large_is_cut_and_nothing_is_lost_by_it() -> None:
    documents = [document(number, title="x" * 250) for number in range(40, 0, -1)]
    azure = ScriptedAzure({"GET incidents": pages(documents)})

    async with served(azure, settings=Settings(max_answer_bytes=4096)) as client:
        first = await listed(client, limit=40)
        numbers = await read_to_the_end(client, limit=40)

    assert 0 < len(first.incidents) < 40
    assert first.skip_token
    assert len(first.model_dump_json()) < 6000
    assert numbers == list(range(40, 0, -1))


QUERY = f"POST v1/workspaces/{WORKSPACE.workspace_id}/query"


def counted(number: int, **fault: object) -> dict[str, Any]:
    columns = [{"name": "Count", "type": "long"}]
    return {
        "tables": [{"name": "PrimaryResult", "columns": columns, "rows": [[number]]}],
        **fault,
    }


async def test_the_total_is_the_list_s_own_where_it_is_whole_and_else_the_log_s() -> None:
    documents = [document(each) for each in range(9)]
    azure = ScriptedAzure({"GET incidents": pages(documents), QUERY: counted(11)})

    async with served(azure) as client:
        whole = await listed(client, limit=9)
        part = await listed(client, limit=5)
        rest = await listed(client, limit=5, cursor=part.skip_token)

    assert (whole.total_count, whole.total_count_source, whole.total_count_note) == (
        9,
        "list",
        None,
    )
    assert (part.total_count, part.total_count_source) == (11, "log")
    assert "SecurityIncident" in (part.total_count_note or "")
    assert "retention" in (part.total_count_note or "")
    assert (rest.total_count, rest.total_count_source) == (None, None)
    assert "The first page" in (rest.total_count_note or "")
    assert rest.skip_token is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refusal(403, "InsufficientAccessError"), "Azure refused"),
        (Reply(counted(3, error={"code": "PartialError", "message": "Half."})), "Half."),
        (Reply(counted(2)), "fewer than the list"),
    ],
)
async def test_a_count_that_fails_leaves_the_page_as_it_is_and_says_why(
    answer: Reply, reason: str
) -> None:
    documents = [document(each) for each in range(9)]
    azure = ScriptedAzure({"GET incidents": pages(documents), QUERY: answer})

    async with served(azure) as client:
        page = await listed(client, limit=5)

    assert len(page.incidents) == 5
    assert page.skip_token
    assert (page.total_count, page.total_count_source) == (None, None)
    assert reason in (page.total_count_note or "")


async def test_the_total_of_all_workspaces_is_the_sum_of_lists_and_counts() -> None:
    azure = ScriptedAzure(
        {
            of("soc"): pages([document(each) for each in (9, 8, 7)]),
            of("dmz"): pages([document(1)]),
            QUERY: counted(3),
        }
    )

    async with served(azure, configured=[WORKSPACE, another("dmz")]) as client:
        page = await listed(client, workspace="*", limit=2)

    assert (page.total_count, page.total_count_source) == (4, "log")


async def test_a_token_is_refused_with_other_filters_and_when_it_is_made_up() -> None:
    azure = ScriptedAzure({"GET incidents": pages([document(each) for each in range(9)])})

    async with served(azure) as client:
        token = (await listed(client, limit=5)).skip_token
        assert token
        before = len(azure.requests)
        for arguments in (
            {"cursor": token, "severities": ["Low"]},
            {"cursor": token, "workspace": "*"},
            {"cursor": token[:-2]},
            {"cursor": "https://evil.example/?$skipToken=1"},
        ):
            answer = await client.call_tool("list_incidents", arguments, raise_on_error=False)
            assert answer.is_error, arguments
            assert answer.meta
            assert answer.meta["error"]["code"] == "invalid_input"

    assert len(azure.requests) == before


async def test_what_azure_does_not_filter_is_filtered_here_and_said() -> None:
    documents = [
        document(
            number,
            additionalData={
                "tactics": ["Execution"] if number % 10 == 0 else ["Discovery"],
                "alertProductNames": ["Azure Sentinel"],
            },
        )
        for number in range(120, 0, -1)
    ]
    azure = ScriptedAzure({"GET incidents": pages(documents)})

    async with served(azure) as client:
        page = await listed(client, tactics=["Execution"], product="azure sentinel", limit=3)
        numbers = await read_to_the_end(client, tactics=["Execution"], limit=5)
        none = await listed(client, product="Something else")

    assert [each.number for each in page.incidents] == [120, 110, 100]
    assert "tactics, product" in page.warnings[0]
    assert numbers == list(range(120, 0, -10))
    assert (none.incidents, none.total_count) == ([], 0)


async def test_no_more_than_five_pages_are_looked_through_for_one_answer() -> None:
    azure = ScriptedAzure({"GET incidents": pages([document(each) for each in range(400)])})

    async with served(azure) as client:
        page = await listed(client, tactics=["Impact"])

    assert len(listings(azure)) == 5
    assert page.incidents == []
    assert page.skip_token
    assert page.total_count is None
    assert "Incidents looked at for this page: 250." in page.warnings[0]


async def test_a_long_list_within_an_incident_is_cut_and_says_so() -> None:
    labels = [{"labelName": f"label {each}"} for each in range(60)]
    azure = ScriptedAzure({"GET incidents": {"value": [document(1, labels=labels)]}})

    async with served(azure) as client:
        page = await listed(client)

    assert page.incidents[0].labels[0] == "label 0"
    assert page.incidents[0].labels[-1] == "… [cut: 60 in all]"


async def test_unassigned_incidents_are_those_without_any_owner() -> None:
    mine = document(2, owner={"objectId": None, "email": None, "assignedTo": "Ana"})
    azure = ScriptedAzure(
        {"GET incidents": {"value": [document(3), mine, document(1, owner=None)]}}
    )

    async with served(azure) as client:
        page = await listed(client, owner="unassigned")

    assert [each.number for each in page.incidents] == [3, 1]


async def test_an_odd_document_hides_no_incident() -> None:
    odd = [
        {"name": "bare", "properties": None},
        document(
            5, title=None, labels=[None, {"labelName": None}], owner="Ana", createdTimeUtc="?"
        ),
        document(4, severity="Critical", status="Triaged", incidentNumber="4", additionalData=[]),
        document(3, title="\ud800 half a pair", createdTimeUtc="0001-01-01T00:00:00+05:00"),
    ]
    azure = ScriptedAzure({"GET incidents": {"value": odd}})

    async with served(azure) as client:
        page = await listed(client)

    assert [each.id for each in page.incidents] == [
        "bare",
        "incident-5",
        "incident-4",
        "incident-3",
    ]
    assert [each.severity for each in page.incidents] == ["Unknown", "High", "Critical", "High"]
    assert page.incidents[2].number == 4
    assert page.incidents[3].title == "? half a pair"


async def test_a_refusal_of_azure_names_the_least_role() -> None:
    azure = ScriptedAzure({"GET incidents": refusal(403, "AuthorizationFailed")})

    async with served(azure) as client:
        answer = await client.call_tool("list_incidents", raise_on_error=False)

    assert answer.is_error
    assert answer.meta
    assert answer.meta["error"]["code"] == "access_denied"
    assert "`Microsoft Sentinel Reader`" in answer.meta["error"]["hint"]


async def test_a_workspace_that_is_not_configured_is_told_with_those_that_are() -> None:
    async with served(ScriptedAzure({}), configured=[WORKSPACE, another("dmz")]) as client:
        answer = await client.call_tool(
            "list_incidents", {"workspace": "lab"}, raise_on_error=False
        )

    assert answer.is_error
    assert "soc, dmz" in str(answer.content)


def of(workspace: str) -> str:
    return f"GET {workspace}-logs/providers/Microsoft.SecurityInsights/incidents"


async def test_a_star_asks_every_workspace_and_merges_their_incidents() -> None:
    azure = ScriptedAzure(
        {
            of("soc"): pages([document(each) for each in (9, 6, 3)]),
            of("dmz"): pages([document(each) for each in (8, 7, 2)]),
        }
    )

    async with served(azure, configured=[WORKSPACE, another("dmz")]) as client:
        page = await listed(client, workspace="*", limit=4)

    assert [(each.number, each.workspace) for each in page.incidents] == [
        (9, "soc"),
        (8, "dmz"),
        (7, "dmz"),
        (6, "soc"),
    ]
    assert [(each.workspace, each.count, each.more) for each in page.workspaces] == [
        ("soc", 2, True),
        ("dmz", 2, True),
    ]
    assert len(listings(azure)) == 2


@pytest.mark.parametrize("limit", [1, 3, 10, 200])
async def test_pages_of_all_workspaces_lose_and_repeat_nothing(limit: int) -> None:
    numbers = list(range(60, 0, -1))
    azure = ScriptedAzure(
        {
            of("soc"): pages([document(each) for each in numbers if each % 3 == 0], 7),
            of("dmz"): pages([document(each) for each in numbers if each % 3 == 1], 4),
            of("lab"): pages([document(each) for each in numbers if each % 3 == 2]),
        }
    )

    async with served(azure, configured=[WORKSPACE, another("dmz"), another("lab")]) as client:
        found = await read_to_the_end(client, workspace="*", limit=limit)

    assert sorted(found, key=lambda each: each or 0, reverse=True) == numbers


async def test_one_workspace_that_fails_does_not_keep_the_others_back() -> None:
    azure = ScriptedAzure(
        {
            of("soc"): pages([document(each) for each in (3, 2, 1)]),
            of("dmz"): refusal(403, "AuthorizationFailed"),
        }
    )

    async with served(azure, configured=[WORKSPACE, another("dmz")]) as client:
        page = await listed(client, workspace="*", limit=2)
        rest = await listed(client, workspace="*", limit=2, cursor=page.skip_token)

    failed = page.workspaces[1]
    assert [each.number for each in page.incidents] == [3, 2]
    assert page.total_count is None
    assert (failed.workspace, failed.count) == ("dmz", 0)
    assert failed.error
    assert failed.error.code == "access_denied"
    assert "1 of 2 workspaces did not answer" in page.warnings[0]
    assert [each.number for each in rest.incidents] == [1]
    assert rest.skip_token is None


async def test_the_official_sample_of_a_list_is_read() -> None:
    azure = ScriptedAzure({"GET incidents": sample("incidents/GetIncidents.json")})

    async with served(azure) as client:
        page = await listed(client)

    found = page.incidents[0]
    assert (found.number, found.owner, found.tactics) == (3177, "john@contoso.com", ["Persistence"])
    assert page.total_count == 1


async def test_several_labels_are_looked_for_here_since_azure_takes_one() -> None:
    documents = [
        document(1, labels=[{"labelName": "vip"}]),
        document(2, labels=[{"labelName": "VIP"}, None, {"labelName": 5}]),
        document(3),
    ]
    azure = ScriptedAzure({"GET incidents": pages(documents)})

    async with served(azure) as client:
        page = await listed(client, labels=["mail", "vip"], severities=["High"])

    assert [each.number for each in page.incidents] == [1, 3]
    assert listings(azure)[-1]["$filter"] == "properties/severity eq 'High'"
    assert "labels" in page.warnings[0]
