"""Lists of Azure that are not what they should be."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scripted import Reply, Route, ScriptedAzure, served

OFFICE: dict[str, Any] = {"name": "office", "kind": "Office365", "properties": {}}


@pytest.mark.parametrize("odd", [3, "text", None, [1]])
async def test_what_is_no_object_in_a_list_costs_no_other_item(odd: object) -> None:
    routes: dict[str, Route] = {
        "GET dataConnectors": Reply({"value": [odd, OFFICE]}),
        "GET dataConnectorDefinitions": Reply({"value": []}),
    }

    async with served(ScriptedAzure(routes)) as client:
        answer = await client.call_tool("list_connectors", {})

    listed = (answer.structured_content or {})["connectors"]
    assert [each["name"] for each in listed] == ["office"]


@pytest.mark.parametrize("body", [{"value": None}, None, [], [1], "text", 3])
async def test_an_answer_without_a_list_is_unavailable_and_no_empty_list(body: object) -> None:
    routes = {"GET automationRules": Reply(body)}

    async with served(ScriptedAzure(routes)) as client:
        answer = await client.call_tool("list_automation_rules", {}, raise_on_error=False)

    assert answer.is_error
    assert (answer.meta or {})["error"]["code"] == "unavailable"
