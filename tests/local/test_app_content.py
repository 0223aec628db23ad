"""Automation, content hub and the rest of the embedded workspace's content, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from app_stage import ARM, GA, NOW, stage
from azure.core.rest import HttpRequest

from sentinel_mcp.local import identity
from sentinel_mcp.local.scenario import (
    automation,
    content_hub,
    recommendations,
    summary_rules,
    workbooks,
)
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace

SENTINEL = f"{ARM}{identity.INSIGHTS_ID}"
WORKSPACE = f"{ARM}{identity.RESOURCE_ID}"
WORKBOOKS = (
    f"{ARM}/subscriptions/{identity.SUBSCRIPTION_ID}/resourceGroups/{identity.RESOURCE_GROUP}"
    "/providers/Microsoft.Insights/workbooks"
)
RULE: Any = {
    "properties": {
        "displayName": "Mine",
        "order": 3,
        "triggeringLogic": {
            "isEnabled": True,
            "triggersOn": "Incidents",
            "triggersWhen": "Created",
            "conditions": [],
        },
        "actions": [
            {"order": 1, "actionType": "AddIncidentTask", "actionConfiguration": {"title": "Look"}}
        ],
    }
}
LISTS = {
    f"{SENTINEL}/automationRules": 6,
    f"{SENTINEL}/contentPackages": 12,
    f"{SENTINEL}/contentProductPackages": 20,
    f"{SENTINEL}/contentTemplates": 42,
    f"{SENTINEL}/contentProductTemplates": 47,
    f"{SENTINEL}/recommendations": 4,
    f"{WORKSPACE}/summaryLogs": 3,
    f"{WORKBOOKS}?category=sentinel": 5,
}


class Api:
    """Asks the workspace as a client of the REST does."""

    def __init__(self, workspace: LocalWorkspace) -> None:
        self._transport = AsgiTransport(workspace.app)

    async def ask(self, method: str, url: str, body: Any = None) -> AsgiResponse:
        address = f"{url}{'&' if '?' in url else '?'}{GA}"
        request = HttpRequest(method, address, json=body, headers={"Authorization": "Bearer any"})
        response = await self._transport.send(request)
        assert isinstance(response, AsgiResponse)
        return response

    async def json(self, method: str, url: str, body: Any = None) -> Any:
        response = await self.ask(method, url, body)
        assert response.status_code in (200, 201), response.text()
        return response.json()

    async def titles(self, url: str) -> list[str]:
        found = await self.json("GET", url)
        return [each["properties"]["displayName"] for each in found["value"]]

    async def refused(self, method: str, url: str, body: Any = None) -> tuple[int, str]:
        response = await self.ask(method, url, body)
        return response.status_code, response.json()["error"]["code"]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncGenerator[Api]:
    documents = [
        document
        for area in (automation, content_hub, recommendations, summary_rules, workbooks)
        for document in area.documents(Clock(NOW))
    ]
    async with stage(tmp_path, documents=documents) as workspace:
        yield Api(workspace)


@pytest.mark.parametrize(("url", "count"), LISTS.items())
async def test_a_list_has_all_and_each_of_it_can_be_read(api: Api, url: str, count: int) -> None:
    found = await api.json("GET", url)

    assert len(found["value"]) == count
    assert not found.get("nextLink")
    first, address = found["value"][0], url.partition("?")[0]
    one = await api.json("GET", f"{address}/{first['name']}")
    assert one["id"] == first["id"]
    assert await api.refused("GET", f"{address}/nowhere") in (
        (404, "NotFound"),
        (404, "ResourceNotFound"),
    )


async def test_templates_come_a_page_at_a_time(api: Api) -> None:
    url = f"{SENTINEL}/contentTemplates?$top=20"
    pages: list[list[str]] = []
    while url:
        page = await api.json("GET", url)
        pages.append([each["name"] for each in page["value"]])
        url = page.get("nextLink", "").replace(f"&{GA}", "").replace(f"{GA}&", "")

    assert [len(each) for each in pages] == [20, 20, 2]
    assert len({name for each in pages for name in each}) == 42


async def test_templates_are_filtered_by_kind_and_package(api: Api) -> None:
    wanted = quote("(properties/contentKind eq 'HuntingQuery')")
    package = quote(
        "properties/contentKind eq 'Workbook' and "
        "properties/packageId eq 'azuresentinel.azure-sentinel-solution-syslog'"
    )

    queries = await api.json("GET", f"{SENTINEL}/contentTemplates?$filter={wanted}")

    assert len(queries["value"]) == 10
    assert {each["properties"]["contentKind"] for each in queries["value"]} == {"HuntingQuery"}
    assert await api.titles(f"{SENTINEL}/contentTemplates?$filter={package}") == ["Syslog overview"]


async def test_a_main_template_comes_only_where_it_is_asked_for(api: Api) -> None:
    plain = await api.json("GET", f"{SENTINEL}/contentTemplates")
    wide = await api.json("GET", f"{SENTINEL}/contentTemplates?$expand=properties/mainTemplate")
    one = await api.json("GET", f"{SENTINEL}/contentTemplates/{plain['value'][0]['name']}")

    assert all("mainTemplate" not in each["properties"] for each in plain["value"])
    assert all(each["properties"]["mainTemplate"]["resources"] for each in wide["value"])
    assert one["properties"]["mainTemplate"]["resources"]


async def test_the_catalogue_is_searched_without_case(api: Api) -> None:
    titles = await api.titles(f"{SENTINEL}/contentProductPackages?$search={quote('ZSCALER')}")

    assert titles == ["Zscaler Internet Access"]


async def test_what_is_installed_says_so_in_the_catalogue(api: Api) -> None:
    found = await api.json("GET", f"{SENTINEL}/contentProductPackages")

    versions = [
        (each["properties"].get("installedVersion"), each["properties"]["version"])
        for each in found["value"]
    ]
    assert sum(installed is None for installed, _ in versions) == 8
    assert sum(installed not in (None, newest) for installed, newest in versions) == 3


@pytest.mark.parametrize(
    "query", ["$count=true", "$expand=properties/other", "$skip=x", "$top=0", "$skipToken=zzz"]
)
async def test_a_parameter_that_cannot_be_honoured_is_refused(api: Api, query: str) -> None:
    refused = await api.refused("GET", f"{SENTINEL}/contentTemplates?{query}")

    assert refused == (400, "BadRequest")


async def test_a_list_can_be_begun_later(api: Api) -> None:
    every = await api.titles(f"{SENTINEL}/contentPackages")

    assert await api.titles(f"{SENTINEL}/contentPackages?$skip=10") == every[10:]


async def test_workbooks_are_those_of_a_category_and_a_source(api: Api) -> None:
    source = quote(identity.RESOURCE_ID.upper(), safe="")

    assert len(await api.titles(f"{WORKBOOKS}?category=sentinel&sourceId={source}")) == 5
    assert await api.titles(f"{WORKBOOKS}?category=sentinel&sourceId=elsewhere") == []
    assert await api.titles(f"{WORKBOOKS}?category=workbook") == []
    assert await api.refused("GET", WORKBOOKS) == (400, "BadRequest")


@pytest.mark.parametrize("kind", ["recommendations", "summaryLogs"])
async def test_what_has_no_etag_at_azure_has_none_here(api: Api, kind: str) -> None:
    base = WORKSPACE if kind == "summaryLogs" else SENTINEL

    found = await api.json("GET", f"{base}/{kind}")

    assert all("etag" not in each for each in found["value"])


async def test_an_automation_rule_is_written_read_back_and_deleted(api: Api) -> None:
    url = f"{SENTINEL}/automationRules/mine"

    made = await api.ask("PUT", url, RULE)
    read = await api.json("GET", url)
    first = await api.ask("DELETE", url)
    second = await api.ask("DELETE", url)

    assert made.status_code == 201
    assert read == made.json()
    assert read["properties"]["actions"] == RULE["properties"]["actions"]
    assert read["properties"]["createdBy"]["userPrincipalName"] == "analyst@northwind.example"
    assert (first.status_code, second.status_code) == (200, 204)


async def test_an_automation_rule_is_replaced_only_by_who_has_its_etag(api: Api) -> None:
    url = f"{SENTINEL}/automationRules/mine"
    made = await api.json("PUT", url, RULE)
    await api.json("PUT", url, {**RULE, "etag": made["etag"]})

    assert await api.refused("PUT", url, {**RULE, "etag": made["etag"]}) == (409, "Conflict")


@pytest.mark.parametrize(
    "more",
    [
        {"displayName": ""},
        {"order": 0},
        {"order": "1"},
        {"triggeringLogic": None},
        {"triggeringLogic": {"isEnabled": "yes"}},
        {"triggeringLogic": {**RULE["properties"]["triggeringLogic"], "triggersOn": "Mondays"}},
        {
            "triggeringLogic": {
                **RULE["properties"]["triggeringLogic"],
                "conditions": [{"conditionType": "Hunch"}],
            }
        },
        {"actions": [{"order": 1, "actionType": "RingBell"}]},
        {"actions": "none"},
    ],
)
async def test_an_automation_rule_that_cannot_be_is_refused(api: Api, more: Any) -> None:
    body = {"properties": {**RULE["properties"], **more}}

    refused = await api.refused("PUT", f"{SENTINEL}/automationRules/mine", body)

    assert refused == (400, "BadRequest")


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("PUT", f"{SENTINEL}/contentPackages/x"),
        ("DELETE", f"{SENTINEL}/contentTemplates/x"),
        ("PUT", f"{WORKSPACE}/summaryLogs/x"),
        ("PATCH", f"{SENTINEL}/recommendations/x"),
    ],
)
async def test_what_is_only_read_is_refused_by_name(api: Api, method: str, url: str) -> None:
    body: Any = None if method == "DELETE" else {"properties": {}}

    assert await api.refused(method, url, body) == (501, "NotImplemented")
