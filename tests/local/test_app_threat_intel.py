"""Indicators of the embedded workspace, over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from app_stage import ARM, GA, NOW, stage
from azure.core.rest import HttpRequest

from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.indicator_documents import documents, rows
from sentinel_mcp.local.scenario.intelligence import OWN
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace

TI = f"{ARM}{identity.INSIGHTS_ID}/threatIntelligence/main"
SCENARIO = list(documents(Clock(NOW)))

Holds = Callable[[dict[str, Any]], bool]
"""Whether an indicator's properties are among what is asked for."""

INDICATOR: dict[str, Any] = {
    "kind": "indicator",
    "properties": {
        "source": "Test",
        "displayName": "Made by a test",
        "pattern": "[url:value = 'https://test.example/it\\'s']",
        "patternType": "url",
        "confidence": 70,
        "threatTypes": ["benign"],
        "threatIntelligenceTags": ["one"],
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "",
        "externalId": "indicator--made",
    },
}


class Api:
    """Asks the workspace as a client of the REST does."""

    def __init__(self, workspace: LocalWorkspace) -> None:
        self.workspace = workspace
        self._transport = AsgiTransport(workspace.app)

    async def ask(self, method: str, url: str, body: Any = None) -> AsgiResponse:
        headers = {"Authorization": "Bearer any"}
        request = HttpRequest(method, url, json=body, headers=headers)
        response = await self._transport.send(request)
        assert isinstance(response, AsgiResponse)
        return response

    async def told(self, method: str, path: str, body: Any = None, query: str = "") -> Any:
        response = await self.ask(method, f"{TI}{path}?{GA}{query}", body)
        assert response.status_code in (200, 201), response.text()
        return response.json()

    async def found(self, **criteria: Any) -> list[Any]:
        body = {"pageSize": 1_000, **criteria}
        return (await self.told("POST", "/queryIndicators", body))["value"]

    async def refusal(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        response = await self.ask(method, f"{TI}{path}?{GA}", body)
        return response.status_code, response.json()["error"]["code"]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What changes have added to the logs' table, in order."""
        store = self.workspace.store.documents
        appended = store.appended_rows("ThreatIntelIndicators", after=0)
        return [json.loads(cells) for _, cells in appended]


@pytest_asyncio.fixture
async def api(tmp_path: Path) -> AsyncGenerator[Api]:
    async with stage(tmp_path, documents=SCENARIO) as workspace:
        yield Api(workspace)


def test_the_documents_tell_of_the_same_indicators_as_the_table() -> None:
    by_id = {row["Id"].rpartition("---")[2]: row for row in rows(Clock(NOW))}

    assert len(SCENARIO) == len(by_id) >= 330
    for each in SCENARIO:
        properties = each.body["properties"]
        row = by_id[properties["externalId"]]
        assert row["Pattern"] == properties["pattern"]
        assert row["ObservableKey"].startswith(properties["patternType"])
        assert f"'{row['ObservableValue']}'" in properties["pattern"]
        assert (row["Confidence"], row["Source"]) == (
            properties["confidence"],
            properties["source"],
        )
        assert (row["ValidUntil"] or "").replace(" ", "T") == properties.get(
            "validUntil", ""
        ).removesuffix("Z")
        assert row["Data"]["pattern"] == properties["pattern"]


async def test_the_list_has_the_last_changed_first_and_pages_by_its_link(api: Api) -> None:
    first = await api.told("GET", "/indicators", query="&$top=200")
    second = (await api.ask("GET", first["nextLink"])).json()

    stamps = [each["properties"]["lastUpdatedTimeUtc"] for each in first["value"] + second["value"]]
    assert stamps == sorted(stamps, reverse=True)
    assert len(stamps) == len(SCENARIO)
    assert "nextLink" not in second


async def test_the_list_filters_and_orders_as_odata_says(api: Api) -> None:
    query = "&$filter=properties/confidence%20ge%2085&$orderby=properties/confidence"
    found = await api.told("GET", "/indicators", query=query)

    confidences = [each["properties"]["confidence"] for each in found["value"]]
    assert confidences
    assert min(confidences) >= 85
    assert confidences == sorted(confidences)


CRITERIA: list[tuple[dict[str, Any], Holds]] = [
    ({"sources": [OWN]}, lambda it: it["source"] == OWN),
    ({"patternTypes": ["url", "ipv4-addr"]}, lambda it: it["patternType"] in "url ipv4-addr"),
    ({"minConfidence": 70, "maxConfidence": 80}, lambda it: 70 <= it["confidence"] <= 80),
    ({"threatTypes": ["anonymization"]}, lambda it: "anonymization" in it["threatTypes"]),
    ({"keywords": ["BOTNET-3"]}, lambda it: "botnet-3" in it["pattern"]),
    ({"keywords": ["198.51.100.211"]}, lambda it: "198.51.100.211" in it["pattern"]),
    ({"minValidUntil": "2027-01-20T00:00:00Z"}, lambda it: it["validUntil"] >= "2027-01-20"),
]  # fmt: skip


@pytest.mark.parametrize(("criteria", "holds"), CRITERIA)
async def test_criteria_keep_what_meets_them_and_all_of_it(
    api: Api, criteria: dict[str, Any], holds: Holds
) -> None:
    found = await api.found(includeDisabled=True, **criteria)

    names = [each["name"] for each in found]
    wanted = [
        each.name
        for each in SCENARIO
        if "validUntil" in each.body["properties"] or "minValidUntil" not in criteria
        if holds(each.body["properties"])
    ]
    assert names
    assert sorted(names) == sorted(wanted)


async def test_what_is_revoked_or_over_comes_only_when_asked_for(api: Api) -> None:
    everything, in_force = await api.found(includeDisabled=True), await api.found()

    left_out = {each["name"] for each in everything} - {each["name"] for each in in_force}
    assert len(left_out) == 2
    assert len(everything) == len(SCENARIO)


async def test_criteria_sort_by_several_keys(api: Api) -> None:
    sort_by = [
        {"itemKey": "confidence", "sortOrder": "descending"},
        {"itemKey": "displayName", "sortOrder": "ascending"},
    ]

    found = [each["properties"] for each in await api.found(sortBy=sort_by)]

    keys = [(-each["confidence"], each["displayName"]) for each in found]
    assert keys == sorted(keys)


async def test_a_search_goes_on_with_the_token_of_its_link_in_the_body(api: Api) -> None:
    seen: list[str] = []
    criteria: dict[str, Any] = {"pageSize": 100, "includeDisabled": True}
    while True:
        page = await api.told("POST", "/queryIndicators", criteria)
        seen += [each["name"] for each in page["value"]]
        if "nextLink" not in page:
            break
        criteria["skipToken"] = page["nextLink"].partition("$skipToken=")[2]

    assert len(seen) == len(set(seen)) == len(SCENARIO)


@pytest.mark.parametrize(
    "criteria",
    [
        {"pageSize": 0},
        {"minConfidence": "high"},
        {"sources": "Feed"},
        {"keywords": [1]},
        {"includeDisabled": "yes"},
        {"minValidUntil": "soon"},
        {"sortBy": [{"itemKey": "secret"}]},
        {"skipToken": "%%%"},
    ],
)
async def test_criteria_that_are_none_are_refused(api: Api, criteria: dict[str, Any]) -> None:
    assert await api.refusal("POST", "/queryIndicators", criteria) == (400, "BadRequest")


async def test_metrics_count_what_there_is(api: Api) -> None:
    (metrics,) = (await api.told("GET", "/metrics"))["value"]

    counted = {
        kind: sum(each["metricValue"] for each in metrics["properties"][kind])
        for kind in ("sourceMetrics", "patternTypeMetrics")
    }
    assert counted == {"sourceMetrics": len(SCENARIO), "patternTypeMetrics": len(SCENARIO)}


async def test_an_indicator_that_is_created_has_a_name_a_row_and_no_double(api: Api) -> None:
    first = await api.ask("POST", f"{TI}/createIndicator?{GA}", INDICATOR)
    again = await api.ask("POST", f"{TI}/createIndicator?{GA}", INDICATOR)

    assert (first.status_code, again.status_code) == (201, 200)
    document = first.json()
    assert again.json()["name"] == document["name"]
    assert "validUntil" not in document["properties"]
    assert document["properties"]["parsedPattern"][0]["patternTypeKey"] == "url"
    assert await api.told("GET", f"/indicators/{document['name']}") == again.json()
    row = api.rows[0]
    assert (row["ObservableKey"], row["ObservableValue"]) == (
        "url:value",
        "https://test.example/it's",
    )
    assert (row["IsActive"], row["IsDeleted"], row["Confidence"]) == (True, False, 70)
    assert row["Id"] == "VGVzdA==---indicator--made"


@pytest.mark.parametrize(
    "change",
    [
        {"pattern": "nothing"},
        {"pattern": None},
        {"source": ""},
        {"displayName": None},
        {"confidence": 101},
        {"validFrom": "yesterday"},
        {"validFrom": "9999-12-31T23:59:59-14:00"},
        {"threatTypes": "benign"},
        {"threatIntelligenceTags": [None]},
        {"killChainPhases": ["delivery"]},
        {"revoked": "no"},
    ],
)
async def test_an_indicator_that_is_none_is_refused(api: Api, change: dict[str, Any]) -> None:
    body = {**INDICATOR, "properties": {**INDICATOR["properties"], **change}}

    assert await api.refusal("POST", "/createIndicator", body) == (400, "BadRequest")
    assert api.rows == []


async def test_an_indicator_is_replaced_on_the_version_that_is_named(api: Api) -> None:
    document = await api.told("POST", "/createIndicator", INDICATOR)
    path = f"/indicators/{document['name']}"
    revoked = {**INDICATOR["properties"], "revoked": True}

    changed = await api.told(
        "PUT", path, {**INDICATOR, "etag": document["etag"], "properties": revoked}
    )
    stale = await api.refusal(
        "PUT", path, {**INDICATOR, "etag": document["etag"], "properties": revoked}
    )

    assert stale == (409, "Conflict")
    assert changed["properties"]["created"] == document["properties"]["created"]
    assert [each["IsActive"] for each in api.rows] == [True, False]


async def test_tags_are_appended_and_replaced_with_a_row_each(api: Api) -> None:
    document = await api.told("POST", "/createIndicator", INDICATOR)
    path = f"/indicators/{document['name']}"

    tags = {"threatIntelligenceTags": ["one", "two"]}
    appended = await api.ask("POST", f"{TI}{path}/appendTags?{GA}", tags)
    both = await api.told("GET", path)
    replacing = {"etag": both["etag"], "properties": {"threatIntelligenceTags": ["three"]}}
    replaced = await api.told("POST", f"{path}/replaceTags", replacing)
    stale = await api.refusal("POST", f"{path}/replaceTags", replacing)

    assert (appended.status_code, appended.text()) == (200, "")
    assert both["properties"]["threatIntelligenceTags"] == ["one", "two"]
    assert replaced["properties"]["threatIntelligenceTags"] == ["three"]
    assert stale == (409, "Conflict")
    assert [each["Tags"] for each in api.rows] == ["one", "one, two", "three"]


async def test_a_deleted_indicator_is_gone_and_its_last_row_says_so(api: Api) -> None:
    name = SCENARIO[0].name

    gone = await api.ask("DELETE", f"{TI}/indicators/{name}?{GA}")

    assert gone.status_code == 200
    assert await api.refusal("GET", f"/indicators/{name}") == (404, "NotFound")
    assert await api.refusal("DELETE", f"/indicators/{name}") == (404, "NotFound")
    (row,) = api.rows
    assert (row["IsDeleted"], row["IsActive"]) == (True, False)


def condition(field: str, operator: str, *values: str) -> dict[str, Any]:
    return {"clauses": [{"field": field, "operator": operator, "values": list(values)}]}


CONDITIONS: list[tuple[dict[str, Any], Holds]] = [
    ({"clauses": []}, lambda it: True),
    ({"clauses": [], "stixObjectType": "threat-actor"}, lambda it: False),
    (condition("source", "Equals", "northwind soc"), lambda it: it["source"] == OWN),
    (condition("source", "NotEquals", OWN), lambda it: it["source"] != OWN),
    (condition("confidence", "GreaterThanEqual", "85"), lambda it: it["confidence"] >= 85),
    (condition("pattern", "StringContains", "net-3"), lambda it: "net-3" in it["pattern"]),
    (condition("pattern", "StringNotContains", "net"), lambda it: "net" not in it["pattern"]),
    (condition("labels", "ArrayContains", "Parcel phishing"),
     lambda it: "Parcel phishing" in it["threatIntelligenceTags"]),
    (condition("revoked", "IsTrue"), lambda it: it["revoked"]),
    (condition("validUntil", "IsNull"), lambda it: "validUntil" not in it),
    (condition("created", "OnOrAfterAbsolute", "2026-11-20T00:00:00Z"),
     lambda it: it["created"] >= "2026-11-20"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "holds"), CONDITIONS)
async def test_conditions_count_the_objects_that_meet_them(
    api: Api, asked: dict[str, Any], holds: Holds
) -> None:
    counted = await api.told("POST", "/count", {"condition": asked})

    assert counted == {"count": sum(bool(holds(each.body["properties"])) for each in SCENARIO)}


async def test_conditions_joined_by_or_need_one_of_them(api: Api) -> None:
    clauses = [
        *condition("revoked", "IsTrue")["clauses"],
        *condition("patternType", "Equals", "url")["clauses"],
    ]

    either = await api.told(
        "POST", "/count", {"condition": {"clauses": clauses, "conditionConnective": "Or"}}
    )
    both = await api.told("POST", "/count", {"condition": {"clauses": clauses}})

    assert (either, both) == ({"count": 2}, {"count": 0})


async def test_objects_come_as_stix_under_the_name_that_the_table_has(api: Api) -> None:
    asked = {
        "condition": condition("pattern", "StringContains", "198.51.100.211"),
        "sortBy": {"field": "created", "direction": "ASC"},
        "maxPageSize": 10,
    }

    (found,) = (await api.told("POST", "/query", asked))["value"]

    assert found["kind"] == "Indicator"
    assert found["properties"]["data"]["pattern"] == "[ipv4-addr:value = '198.51.100.211']"
    assert found["observables"] == [{"type": "ipv4-addr", "value": "198.51.100.211"}]
    assert found["name"] in {row["Id"] for row in rows(Clock(NOW))}


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"condition": condition("secret", "Equals", "x")}, (400, "BadRequest")),
        ({"condition": condition("confidence", "LessThan", "many")}, (400, "BadRequest")),
        ({"condition": {"clauses": "all"}}, (400, "BadRequest")),
        ({"condition": condition("created", "AfterAbsolute", "then")}, (400, "BadRequest")),
    ],
)
async def test_conditions_that_are_none_are_refused(
    api: Api, body: dict[str, Any], refused: tuple[int, str]
) -> None:
    assert await api.refusal("POST", "/count", body) == refused


async def test_an_operator_that_is_not_here_is_refused_by_name(api: Api) -> None:
    asked = {"condition": condition("created", "OnOrAfterRelative", "7")}
    response = await api.ask("POST", f"{TI}/count?{GA}", asked)

    assert "OnOrAfterRelative" in response.json()["error"]["innererror"]["message"]


async def test_three_thousand_indicators_are_paged_through(tmp_path: Path) -> None:
    many = [
        Document(
            "indicators",
            f"n{each:04}",
            {
                **SCENARIO[0].body,
                "name": f"n{each:04}",
                "properties": {**SCENARIO[0].body["properties"], "validUntil": "2999-01-01"},
            },
        )
        for each in range(3_000)
    ]
    async with stage(tmp_path, documents=many) as workspace:
        api = Api(workspace)
        seen: list[str] = []
        criteria: dict[str, Any] = {"pageSize": 1_000}
        while True:
            page = await api.told("POST", "/queryIndicators", criteria)
            seen += [each["name"] for each in page["value"]]
            if "nextLink" not in page:
                break
            criteria["skipToken"] = page["nextLink"].partition("$skipToken=")[2]

    assert seen == [each.name for each in many]
