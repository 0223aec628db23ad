"""Automation, content hub and what else a workspace has, from a scripted Azure."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.settings import Settings

DENIED = refusal(403, "AuthorizationFailed")

PACKAGES: list[dict[str, Any]] = [
    {
        "name": "entra",
        "properties": {
            "displayName": "Microsoft Entra ID",
            "contentKind": "Solution",
            "version": "3.2.0",
            "description": "Sign-ins.",
            "author": {"name": "Microsoft"},
            "support": {"tier": "Microsoft"},
            "categories": {"domains": ["Identity"], "verticals": None},
            "dependencies": {
                "criteria": [
                    {"kind": "AnalyticsRule"},
                    {"kind": "AnalyticsRule"},
                    {"kind": "Parser"},
                ]
            },
            "isPreview": "true",
        },
    },
    {"name": "bare", "properties": None},
]


def product(name: str, version: str | None, installed: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "properties": {"displayName": name, "version": version, "installedVersion": installed},
    }


PRODUCTS = [
    product("a-current", "3.0.1", "3.0.1"),
    product("b-older", "3.0.10", "3.0.9"),
    product("c-new", "1.0.0", None),
    product("d-odd", "3.0.0-preview", "3.0.0"),
    product("e-unknown", None, "1.0.0"),
]
PARSER: dict[str, Any] = {
    "name": "pr-1",
    "properties": {
        "displayName": "PAN-OS traffic",
        "contentKind": "Parser",
        "packageName": "PAN-OS",
        "mainTemplate": {
            "resources": [
                {
                    "type": "Microsoft.OperationalInsights/workspaces/savedSearches",
                    "properties": {
                        "functionAlias": "PanOsTraffic",
                        "query": "\n".join(f"line {number}" for number in range(9)),
                    },
                }
            ]
        },
    },
}
DEPLOYED: dict[str, Any] = {
    "name": "s1",
    "properties": {
        "Category": "Parsers",
        "DisplayName": "Traffic",
        "FunctionAlias": "panostraffic",
        "FunctionParameters": "disabled:bool=False",
        "Query": "CommonSecurityLog",
    },
}
RECOMMENDATIONS: list[dict[str, Any]] = [
    {"name": "r1", "properties": {"title": "B done", "state": "CompletedByUser"}},
    {
        "name": "r2",
        "properties": {
            "title": "A to do",
            "state": "Active",
            "recommendationTypeId": "Precision_Coverage",
            "suggestions": [{"title": "Do", "action": "It"}, "odd"],
            "additionalProperties": {"threatScenario": "BEC"},
        },
    },
]
SUMMARY: dict[str, Any] = {
    "name": "ByHour",
    "systemData": {"createdBy": "ana", "createdAt": "2026-01-01T00:00:00Z"},
    "properties": {
        "isActive": False,
        "statusCode": "DataPlaneError",
        "provisioningState": "Succeeded",
        "ruleDefinition": {
            "query": "Usage | count",
            "binSize": 60,
            "binDelay": 10,
            "destinationTable": "ByHour_CL",
        },
    },
}
ROUTES: dict[str, Route] = {
    "GET contentPackages": {"value": PACKAGES},
    "GET contentProductPackages": {"value": PRODUCTS},
    "GET contentTemplates": {"value": [PARSER]},
    "GET savedSearches": {"value": [DEPLOYED, {"name": "x", "properties": {"query": "Usage"}}]},
    "GET recommendations": {"value": RECOMMENDATIONS},
    "GET summaryLogs": {"value": [SUMMARY]},
    "GET workbooks": {"value": [{"name": "w", "properties": {"displayName": "Incidents"}}]},
}


async def content(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> Any:
    return (await client.call_tool(tool, arguments)).structured_content


async def error_of(client: Client[FastMCPTransport], tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


async def test_a_package_tells_what_it_brings() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        page = await content(client, "list_content_packages")

    bare, entra = page["packages"]
    assert (page["total_count"], page["next_cursor"]) == (2, None)
    assert entra["contents"] == {"AnalyticsRule": 2, "Parser": 1}
    assert (entra["version"], entra["support"], entra["categories"], entra["preview"]) == (
        "3.2.0",
        "Microsoft",
        ["Identity"],
        True,
    )
    assert (bare["title"], bare["version"], bare["preview"]) == ("bare", None, False)


async def test_packages_are_searched_by_category_too() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        page = await content(client, "list_content_packages", text="identity")

    assert [each["id"] for each in page["packages"]] == ["entra"]


LONG = "x " * 2_000 + "needle"


@pytest.mark.parametrize(
    ("tool", "route", "properties", "listed"),
    [
        ("list_content_packages", "contentPackages", {"description": LONG}, "packages"),
        ("list_workbooks", "workbooks", {"description": LONG}, "workbooks"),
        ("list_summary_rules", "summaryLogs", {"ruleDefinition": {"query": LONG}}, "rules"),
        ("list_parsers", "savedSearches", {"functionAlias": "F", "query": LONG}, "parsers"),
    ],
)
async def test_a_text_is_found_beyond_what_the_list_shows(
    tool: str, route: str, properties: dict[str, Any], listed: str
) -> None:
    found = {"value": [{"name": "one", "properties": properties}]}
    azure = ScriptedAzure({"*": Reply({"value": []}), f"GET {route}": found})

    async with served(azure) as client:
        page = await content(client, tool, text="needle")

    assert len(page[listed]) == 1
    assert "needle" not in str(page)


async def test_versions_are_compared_as_numbers() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        page = await content(client, "list_product_packages")

    assert {each["id"]: each["state"] for each in page["packages"]} == {
        "a-current": "installed",
        "b-older": "update_available",
        "c-new": "not_installed",
        "d-odd": "installed",
        "e-unknown": "installed",
    }


async def test_the_catalogue_is_searched_by_azure_and_kept_by_state() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = await content(
            client, "list_product_packages", text="it's & more", state="update_available"
        )

    assert [each["id"] for each in page["packages"]] == ["b-older"]
    assert azure.asked()["$search"] == "it's & more"


async def test_templates_are_filtered_by_azure_a_page_at_a_time() -> None:
    def pages(request: HttpRequest) -> Reply:
        asked = parse_qs(urlsplit(request.url).query)
        if "$skipToken" in asked:
            return Reply({"value": [{"name": "last"}]})
        following = f"{request.url}&$skipToken=abc%2B1"
        return Reply({"value": [PARSER], "nextLink": following})

    azure = ScriptedAzure({"GET contentTemplates": pages})
    arguments = {"kind": "Parser", "package_id": "o'neill", "text": "pan", "limit": 7}

    async with served(azure) as client:
        first = await content(client, "list_content_templates", **arguments)
        second = await content(
            client, "list_content_templates", **arguments, cursor=first["next_cursor"]
        )
        foreign = await error_of(client, "list_content_templates", cursor=first["next_cursor"])

    assert [each["id"] for each in first["templates"]] == ["pr-1"]
    assert [each["id"] for each in second["templates"]] == ["last"]
    assert second["next_cursor"] is None
    assert foreign["code"] == "invalid_input"
    assert azure.asked(0)["$filter"] == (
        "(properties/contentKind eq 'Parser' and properties/packageId eq 'o''neill')"
    )
    assert (azure.asked(0)["$top"], azure.asked(0)["$search"]) == ("7", "pan")
    assert azure.asked(1)["$skipToken"] == "abc+1"


async def test_a_page_of_templates_that_is_too_large_goes_on_within_it() -> None:
    many = [
        {"name": f"t{number}", "properties": {"displayName": "x" * 190}} for number in range(40)
    ]
    azure = ScriptedAzure({"GET contentTemplates": {"value": many}})
    found: list[str] = []
    cursor = None

    async with served(azure, settings=Settings(max_answer_bytes=4_096)) as client:
        for _ in range(10):
            page = await content(client, "list_content_templates", limit=40, cursor=cursor)
            assert len(str(page["templates"])) < 6_000
            found += [each["id"] for each in page["templates"]]
            if (cursor := page["next_cursor"]) is None:
                break

    assert found == [each["name"] for each in many]


async def test_a_deployed_parser_names_its_package_and_is_not_shown_twice() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = await content(client, "list_parsers")

    (parser,) = page["parsers"]
    assert (parser["source"], parser["alias"], parser["id"]) == ("workspace", "panostraffic", "s1")
    assert (parser["package"], parser["parameters"]) == ("PAN-OS", "disabled:bool=False")
    asked = [azure.asked(index) for index in range(2)]
    assert {"$filter", "$expand"} <= {key for each in asked for key in each}


async def test_a_parser_that_is_not_deployed_shows_its_first_lines() -> None:
    async with served(ScriptedAzure({**ROUTES, "GET savedSearches": {"value": []}})) as client:
        page = await content(client, "list_parsers", source="content_hub", text="line 4")

    (parser,) = page["parsers"]
    assert parser["query"] == "line 0\nline 1\nline 2\nline 3\nline 4\n… [cut: 9 lines in all]"
    assert (parser["source"], parser["title"]) == ("content_hub", "PAN-OS traffic")


async def test_when_one_list_of_parsers_fails_the_other_comes() -> None:
    async with served(ScriptedAzure({**ROUTES, "GET contentTemplates": DENIED})) as client:
        page = await content(client, "list_parsers")

    assert [each["alias"] for each in page["parsers"]] == ["panostraffic"]
    assert [each["part"] for each in page["missing"]] == ["content_hub"]


async def test_a_summary_rule_tells_why_it_stands_still() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        page = await content(client, "list_summary_rules", text="byhour_cl")

    (rule,) = page["rules"]
    assert (rule["active"], rule["status"]) == (False, "DataPlaneError")
    assert (rule["bin_minutes"], rule["delay_minutes"]) == (60, 10)
    assert (rule["query"], rule["destination_table"]) == ("Usage | count", "ByHour_CL")
    assert rule["created_by"] == "ana"


async def test_workbooks_are_those_of_the_workspace() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = await content(client, "list_workbooks")

    assert [each["title"] for each in page["workbooks"]] == ["Incidents"]
    asked = azure.asked()
    assert (asked["category"], asked["api-version"]) == ("sentinel", "2023-06-01")
    assert asked["sourceId"].endswith("/workspaces/soc-logs")
    assert asked["canFetchContent"] == "false"


async def test_a_link_to_more_workbooks_is_followed_at_our_own_address() -> None:
    def pages(request: HttpRequest) -> Reply:
        if "skiptoken" in request.url.lower():
            return Reply({"value": [{"name": "w2"}]})
        link = "https://elsewhere.example/steal?$skiptoken=abc&category=other"
        return Reply({"value": [{"name": "w1"}], "nextLink": link})

    azure = ScriptedAzure({"GET workbooks": pages})

    async with served(azure) as client:
        page = await content(client, "list_workbooks")

    assert [each["name"] for each in page["workbooks"]] == ["w1", "w2"]
    assert {urlsplit(each.url).hostname for each in azure.requests} == {"management.azure.com"}
    assert azure.asked()["category"] == "sentinel"


async def test_a_list_of_workbooks_without_an_end_is_cut_and_it_is_said() -> None:
    def endless(_: HttpRequest) -> Reply:
        return Reply({"value": [{"name": "w"}], "nextLink": "https://x.example/?$skiptoken=1"})

    azure = ScriptedAzure({"GET workbooks": endless})

    async with served(azure) as client:
        page = await content(client, "list_workbooks", limit=200)

    assert len(azure.requests) == page["total_count"] == 20
    assert "Only the first 20" in page["warnings"][0]


async def test_what_is_to_be_done_is_recommended_first() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        page = await content(client, "list_recommendations")
        done = await content(client, "list_recommendations", state="CompletedByUser")

    first, second = page["recommendations"]
    assert (first["id"], second["id"]) == ("r2", "r1")
    assert first["suggestions"] == [{"title": "Do", "description": None, "action": "It"}]
    assert first["facts"] == {"threat_scenario": "BEC"}
    assert [each["id"] for each in done["recommendations"]] == ["r1"]
    assert "preview" in azure.asked()["api-version"]


LISTS = {
    "list_automation_rules": "automationRules",
    "list_content_packages": "contentPackages",
    "list_content_templates": "contentTemplates",
    "list_product_packages": "contentProductPackages",
    "list_summary_rules": "summaryLogs",
    "list_workbooks": "workbooks",
    "list_recommendations": "recommendations",
}

ITEMS = {
    "list_automation_rules": "rules",
    "list_content_packages": "packages",
    "list_product_packages": "packages",
    "list_summary_rules": "rules",
    "list_workbooks": "workbooks",
    "list_recommendations": "recommendations",
}
"""Under which name an answer has them."""


@pytest.mark.parametrize(("tool", "kind"), LISTS.items())
async def test_an_empty_workspace_has_empty_lists(tool: str, kind: str) -> None:
    async with served(ScriptedAzure({f"GET {kind}": {"value": []}})) as client:
        page = await content(client, tool)

    assert page["next_cursor"] is None
    assert all(value == [] for value in page.values() if isinstance(value, list))


async def test_a_workspace_without_parsers_has_an_empty_list() -> None:
    routes: dict[str, Route] = {"GET savedSearches": {}, "GET contentTemplates": {"value": []}}

    async with served(ScriptedAzure(routes)) as client:
        page = await content(client, "list_parsers")

    assert (page["parsers"], page["missing"]) == ([], [])


@pytest.mark.parametrize(("tool", "kind"), LISTS.items())
async def test_a_refusal_names_the_role(tool: str, kind: str) -> None:
    async with served(ScriptedAzure({f"GET {kind}": DENIED})) as client:
        error = await error_of(client, tool)

    assert error["code"] == "access_denied"
    assert "Microsoft Sentinel Reader" in error["hint"]


async def test_a_refusal_of_both_lists_of_parsers_names_the_role() -> None:
    routes = {"GET savedSearches": DENIED, "GET contentTemplates": DENIED}

    async with served(ScriptedAzure(routes)) as client:
        error = await error_of(client, "list_parsers")

    assert error["code"] == "access_denied"
    assert "Log Analytics Reader" in error["hint"]


@pytest.mark.parametrize("tool", ITEMS)
async def test_pages_follow_each_other_without_a_gap(tool: str) -> None:
    many: list[dict[str, Any]] = [{"name": f"n{number:02}"} for number in range(7)]
    found: list[str] = []
    cursor = None

    async with served(ScriptedAzure({f"GET {LISTS[tool]}": {"value": many}})) as client:
        for _ in range(4):
            page = await content(client, tool, limit=3, cursor=cursor)
            found += [each.get("id") or each["name"] for each in page[ITEMS[tool]]]
            if (cursor := page["next_cursor"]) is None:
                break

    assert found == [each["name"] for each in many]
