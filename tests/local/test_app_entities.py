"""Entities, their timelines and enrichment over HTTP, in Azure's shapes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from app_stage import ARM, GA, incident, stage
from azure.core.rest import HttpRequest

from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace

SENTINEL = ARM + identity.INSIGHTS_ID
WHOLE_YEAR = {"startTime": "2026-01-01T00:00:00Z", "endTime": "2027-01-01T00:00:00Z"}
FIRST, SECOND = incident(1), incident(2)


def entity(kind: str, name: str, parent: Document) -> Document:
    body = {
        "id": f"{identity.INSIGHTS_ID}/Entities/{name}",
        "name": name,
        "type": "Microsoft.SecurityInsights/Entities",
        "kind": kind,
        "properties": {"friendlyName": name},
    }
    return Document("entities", name, body, parent.name)


def item(name: str, kind: str, at: str) -> Document:
    return Document("entityTimelines", name, {"kind": kind, "timeGenerated": at}, "ip-1")


def expansion(source: str, target: str) -> Document:
    properties = {"inputEntityType": source, "outputEntityTypes": [target]}
    name = f"{source}-{target}"
    return Document(
        "entityQueries", name, {"name": name, "kind": "Expansion", "properties": properties}
    )


DOCUMENTS = [
    FIRST,
    SECOND,
    entity("Ip", "ip-1", FIRST),
    entity("Account", "account-1", FIRST),
    entity("Ip", "ip-1", SECOND),
    entity("Account", "account-2", SECOND),
    entity("Host", "host-1", SECOND),
    item("late", "SecurityAlert", "2026-11-20T10:00:00Z"),
    item("early", "Bookmark", "2026-11-19T10:00:00Z"),
    expansion("IP", "Account"),
    expansion("Host", "Account"),
    Document("geodata", "192.0.2.7", {"ipAddr": "192.0.2.7", "country": "romania"}),
    Document("geodata", "2001:db8::7", {"ipAddr": "2001:db8::7"}),
    Document("whois", "contoso.example", {"domain": "contoso.example"}),
    Document("alerts", "alert-1", {"name": "alert-1", "kind": "SecurityAlert"}, FIRST.name),
]


@pytest_asyncio.fixture
async def workspace(tmp_path: Path) -> AsyncGenerator[LocalWorkspace]:
    opened = stage(tmp_path, documents=DOCUMENTS)
    yield opened
    await opened.aclose()


async def send(
    workspace: LocalWorkspace, method: str, path: str, body: Any = None, *, query: str = ""
) -> tuple[int, Any]:
    request = HttpRequest(
        method,
        f"{SENTINEL}/{path}?{GA}{query}",
        json=body,
        headers={"Authorization": "Bearer any"},
    )
    answer = await AsgiTransport(workspace.app).send(request)
    assert isinstance(answer, AsgiResponse)
    return answer.status_code, answer.json()


async def test_an_entity_of_two_incidents_is_listed_once(workspace: LocalWorkspace) -> None:
    status, body = await send(workspace, "GET", "entities")

    assert status == 200
    assert [each["name"] for each in body["value"]] == ["ip-1", "account-1", "account-2", "host-1"]
    assert "etag" not in body["value"][0]


async def test_entities_come_in_pages(workspace: LocalWorkspace) -> None:
    _, body = await send(workspace, "GET", "entities", query="&$top=3")

    assert len(body["value"]) == 3
    assert "$skipToken=" in body["nextLink"]


async def test_an_alert_is_an_entity_and_an_unknown_one_is_not_found(
    workspace: LocalWorkspace,
) -> None:
    status, body = await send(workspace, "GET", "entities/alert-1")
    missing, error = await send(workspace, "GET", "entities/nobody")

    assert (status, body["kind"]) == (200, "SecurityAlert")
    assert (missing, error["error"]["code"]) == (404, "NotFound")


async def test_a_timeline_is_in_order_with_its_counts(workspace: LocalWorkspace) -> None:
    status, body = await send(workspace, "POST", "entities/ip-1/getTimeline", WHOLE_YEAR)

    assert status == 200
    assert [each["kind"] for each in body["value"]] == ["Bookmark", "SecurityAlert"]
    assert body["metaData"]["totalCount"] == 2
    assert body["metaData"]["aggregations"] == [
        {"kind": "Bookmark", "count": 1},
        {"kind": "SecurityAlert", "count": 1},
    ]
    assert all("etag" not in each for each in body["value"])


async def test_a_timeline_keeps_the_range_and_the_kinds_that_are_asked_for(
    workspace: LocalWorkspace,
) -> None:
    path = "entities/ip-1/getTimeline"
    _, day = await send(
        workspace, "POST", path, {"startTime": "2026-11-20", "endTime": "2026-11-21"}
    )
    _, kind = await send(workspace, "POST", path, {**WHOLE_YEAR, "kinds": ["Bookmark"]})
    _, other = await send(workspace, "POST", "entities/host-1/getTimeline", WHOLE_YEAR)

    assert [each["kind"] for each in day["value"]] == ["SecurityAlert"]
    assert [each["kind"] for each in kind["value"]] == ["Bookmark"]
    assert other["value"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"startTime": "2026-01-01T00:00:00Z"},
        {"startTime": "soon", "endTime": "2027-01-01T00:00:00Z"},
        {"startTime": "2027-01-01T00:00:00Z", "endTime": "2026-01-01T00:00:00Z"},
        {**WHOLE_YEAR, "kinds": ["Horoscope"]},
        {**WHOLE_YEAR, "kinds": "Bookmark"},
    ],
)
async def test_a_timeline_that_is_asked_for_wrongly_is_refused(
    workspace: LocalWorkspace, body: Any
) -> None:
    status, error = await send(workspace, "POST", "entities/ip-1/getTimeline", body)

    assert (status, error["error"]["code"]) == (400, "BadRequest")


async def test_an_expansion_leads_to_what_is_in_the_same_incidents(
    workspace: LocalWorkspace,
) -> None:
    status, body = await send(
        workspace, "POST", "entities/ip-1/expand", {"expansionId": "IP-Account"}
    )

    assert status == 200
    found = [each["name"] for each in body["value"]["entities"]]
    assert sorted(found) == ["account-1", "account-2"]
    assert len(body["value"]["edges"]) == 2
    assert body["metaData"]["aggregations"] == [{"entityKind": "Account", "count": 2}]


@pytest.mark.parametrize(
    ("expansion", "status"), [("Host-Account", 400), ("nobody", 404), ("", 400)]
)
async def test_an_expansion_of_another_kind_is_refused(
    workspace: LocalWorkspace, expansion: str, status: int
) -> None:
    got, _ = await send(workspace, "POST", "entities/ip-1/expand", {"expansionId": expansion})

    assert got == status


async def test_entity_queries_are_listed_by_kind(workspace: LocalWorkspace) -> None:
    _, every = await send(workspace, "GET", "entityQueries")
    _, none = await send(workspace, "GET", "entityQueries", query="&kind=Insight")
    status, _ = await send(workspace, "GET", "entityQueries", query="&kind=Horoscope")
    _, one = await send(workspace, "GET", "entityQueries/IP-Account")

    assert [len(every["value"]), len(none["value"]), status] == [2, 0, 400]
    assert one["name"] == "IP-Account"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("192.0.2.7", 200),
        ("2001:DB8:0::7", 200),
        ("192.0.2.8", 404),
        ("10.1.2.3", 400),
        ("127.0.0.1", 400),
        ("fe80::1", 400),
        ("192.0.2", 400),
        ("", 400),
        (7, 400),
    ],
)
async def test_an_address_is_located_not_known_or_refused(
    workspace: LocalWorkspace, address: Any, status: int
) -> None:
    got, body = await send(
        workspace, "POST", "enrichment/main/listGeodataByIp", {"ipAddress": address}
    )

    assert got == status
    assert "etag" not in body


@pytest.mark.parametrize(
    ("domain", "status"),
    [
        ("contoso.example", 200),
        ("CONTOSO.example", 200),
        ("fabrikam.example", 404),
        ("https://contoso.example", 400),
        ("contoso", 400),
        (None, 400),
    ],
)
async def test_a_domain_is_looked_up_not_known_or_refused(
    workspace: LocalWorkspace, domain: Any, status: int
) -> None:
    got, _ = await send(workspace, "POST", "enrichment/main/listWhoisByDomain", {"domain": domain})

    assert got == status


async def test_there_is_one_type_of_enrichment(workspace: LocalWorkspace) -> None:
    got, _ = await send(
        workspace, "POST", "enrichment/other/listWhoisByDomain", {"domain": "contoso.example"}
    )

    assert got == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "entities/ip-1/getInsights"),
        ("POST", "entities/ip-1/runPlaybook"),
        ("GET", "entities/ip-1/queries"),
        ("GET", "entities/ip-1/relations"),
    ],
)
async def test_what_is_not_there_is_refused_by_name(
    workspace: LocalWorkspace, method: str, path: str
) -> None:
    status, body = await send(workspace, method, path, {} if method == "POST" else None)

    assert status == 501
    assert "Entit" in body["error"]["message"]
