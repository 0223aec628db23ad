"""Content, held against Azure's own samples: what is read of them."""

from __future__ import annotations

from typing import Any

import pytest
from azure_models import REFERENCE
from tests.scripted import Route, ScriptedAzure, sample, served

pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="Azure's samples are not beside the project"
)

RULE = "73e01a99-5cd7-4139-a149-9f2736ff2ab5"
SOLUTION = "str.azure-sentinel-solution-str"


async def read(routes: dict[str, Route], tool: str, **arguments: Any) -> Any:
    async with served(ScriptedAzure(routes)) as client:
        answer = await client.call_tool(tool, arguments)
    return answer.structured_content


async def test_the_sample_automation_rules_are_read() -> None:
    listing = sample("automationRules/AutomationRules_List.json")
    one = sample("automationRules/AutomationRules_Get.json")
    routes: dict[str, Route] = {
        "GET automationRules": listing,
        f"GET automationRules/{RULE}": one,
        "GET alertRules": {"value": []},
    }

    page = await read(routes, "list_automation_rules")
    detail = await read(routes, "get_automation_rule", automation_rule=RULE)

    (listed,) = page["rules"]
    assert (listed["id"], listed["order"], listed["enabled"]) == (RULE, 1, True)
    assert listed["actions"] == ["add task 'Reset user passwords'"]
    assert listed["created_by"] == "john@contoso.com"
    assert detail["conditions"] == [
        "incident related analytic rule ids contains any of "
        "'fab3d2d4-747f-46a7-8ef0-9c0be8112bf7', '8deb8303-e94d-46ff-96e0-5fd94b33df1a'"
    ]
    assert detail["triggers"] == "Incidents Created"


async def test_the_sample_packages_are_read() -> None:
    page = await read(
        {"GET contentPackages": sample("contentPackages/GetPackages.json")}, "list_content_packages"
    )

    (package,) = page["packages"]
    assert (package["id"], package["version"], package["kind"]) == (SOLUTION, "2.0.0", "Solution")


async def test_the_sample_catalogue_is_read() -> None:
    page = await read(
        {"GET contentProductPackages": sample("productPackages/GetProductPackages.json")},
        "list_product_packages",
    )

    (package,) = page["packages"]
    assert (package["state"], package["installed_version"]) == ("installed", "2.0.0")
    assert package["contents"] == {"DataConnector": 1, "Parser": 1}
    assert (package["publisher"], package["support"]) == ("Microsoft", "Microsoft")


async def test_the_sample_templates_are_read() -> None:
    page = await read(
        {"GET contentTemplates": sample("contentTemplates/GetTemplates.json")},
        "list_content_templates",
    )

    (template,) = page["templates"]
    assert (template["title"], template["kind"]) == ("My installed template", "Workbooks")
    assert (template["package"], template["package_id"]) == ("Source name", "packageId")


async def test_a_sample_template_without_a_query_is_a_hunting_query_without_text() -> None:
    template = sample("contentTemplates/GetTemplateById.json")
    template["properties"]["contentKind"] = "HuntingQuery"  # the sample's is a rule
    routes: dict[str, Route] = {"GET contentTemplates/x": template}

    detail = await read(routes, "get_hunting_query", hunting_query="x")

    assert (detail["title"], detail["query"]) == ("My installed template", None)


async def test_the_sample_summary_rules_are_read() -> None:
    page = await read(
        {"GET summaryLogs": sample("logAnalytics-summaryLogs/SummaryLogsList.json")},
        "list_summary_rules",
    )

    first, second = page["rules"]
    assert (first["name"], first["active"], first["status"]) == (
        "summarylogs1",
        False,
        "UserAction",
    )
    assert (first["bin_minutes"], first["delay_minutes"]) == (180, 10)
    assert (second["provisioning_state"], second["destination_table"]) == (
        "Updating",
        "MyDestinationTable2_CL",
    )


async def test_the_sample_recommendations_are_read() -> None:
    page = await read(
        {"GET recommendations": sample("recommendations/GetRecommendations.json")},
        "list_recommendations",
    )

    (found,) = page["recommendations"]
    assert (found["state"], found["kind"]) == ("CompletedBySystem", "ThreatIntelligence_Example")
    assert found["created"] == "2022-02-19T03:09:03.488839Z"
    assert found["facts"] == {"some_key": "someValue"}
