"""Threat intelligence, held against Azure's own samples and models: what is read, what is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure_models import REFERENCE, Models, json_type, members_of
from tests.scripted import Reply, ScriptedAzure, sample, served

from sentinel_mcp.domains.threat_intel.models import (
    IndicatorDetail,
    IndicatorListing,
    IndicatorMetrics,
)
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="Azure's samples are not beside the project"
)

FOLDER = "threatIntelligence"
BASE = "threatIntelligence/main"
MODELS = "securityinsight-2.0.0b4-models.txt"


def asked_in(name: str, parameter: str) -> dict[str, Any]:
    """Return the body of an official sample's request."""
    path = REFERENCE / "examples" / FOLDER / name
    return json.loads(path.read_text(encoding="utf-8"))["parameters"][parameter]


def unlike(sent: dict[str, Any], official: dict[str, Any], path: str = "") -> list[str]:
    """Return what is sent and is not in the sample, or is there of another type."""
    told: list[str] = []
    for key, value in sent.items():
        if key not in official:
            told.append(f"{path}.{key}: not in the sample")
        elif (inner := members_of(value)) is not None:
            told += unlike(inner, members_of(official[key]) or {}, f"{path}.{key}")
        elif json_type(value) != json_type(official[key]):
            told.append(f"{path}.{key}: {json_type(value)}, not {json_type(official[key])}")
    return told


async def test_the_sample_of_a_search_is_read() -> None:
    body = sample(f"{FOLDER}/QueryThreatIntelligence.json")
    azure = ScriptedAzure({f"POST {BASE}/queryIndicators": body})

    async with served(azure) as client:
        answer = await client.call_tool("search_indicators", {"include_inactive": True})

    listing = IndicatorListing.model_validate(answer.structured_content)
    assert [each.name for each in listing.indicators] == [each["name"] for each in body["value"]]
    first = listing.indicators[0]
    assert (first.title, first.confidence, first.pattern_type) == ("new schema 2", 90, "url")
    assert first.tags == ["new schema"]
    assert first.threat_types == ["compromised"]


async def test_the_sample_of_an_indicator_is_read() -> None:
    body = sample(f"{FOLDER}/GetThreatIntelligenceById.json")
    azure = ScriptedAzure({f"GET {BASE}/indicators/{body['name']}": body})

    async with served(azure) as client:
        answer = await client.call_tool("get_indicator", {"indicator": body["name"]})

    detail = IndicatorDetail.model_validate(answer.structured_content)
    assert (detail.id, detail.etag) == (body["id"], body["etag"])
    assert detail.stix_id == body["properties"]["externalId"]
    assert [each.value for each in detail.observables] == ["https://abc.com"]
    assert detail.notices == []


async def test_the_sample_of_the_metrics_is_read() -> None:
    body = sample(f"{FOLDER}/CollectThreatIntelligenceMetrics.json")
    azure = ScriptedAzure({f"GET {BASE}/metrics": body})

    async with served(azure) as client:
        answer = await client.call_tool("get_indicator_metrics")

    metrics = IndicatorMetrics.model_validate(answer.structured_content)
    assert [(each.name, each.count) for each in metrics.by_source] == [
        ("Azure Sentinel", 10_315),
        ("zinga", 2),
    ]
    assert metrics.total_count == 10_317


async def test_the_criteria_of_a_search_are_named_and_typed_as_azures() -> None:
    azure = ScriptedAzure({f"POST {BASE}/queryIndicators": {"value": []}})

    async with served(azure) as client:
        await client.call_tool(
            "search_indicators",
            {
                "value": "192.0.2.1",
                "pattern_type": "url",
                "source": "Azure Sentinel",
                "threat_type": "compromised",
                "min_confidence": 25,
                "max_confidence": 80,
            },
        )

    sent = json.loads(azure.requests[-1].content)
    models = Models(MODELS)
    assert models.problems(sent, "ThreatIntelligenceFilteringCriteria") == []
    official = asked_in("QueryThreatIntelligence.json", "ThreatIntelligenceFilteringCriteria")
    assert unlike({key: value for key, value in sent.items() if key in official}, official) == []
    assert sent["sortBy"] == official["sortBy"]
    assert azure.asked()["api-version"] == "2025-09-01"


async def test_what_creates_an_indicator_is_named_and_typed_as_azures() -> None:
    created = sample(f"{FOLDER}/CreateThreatIntelligence.json")
    azure = ScriptedAzure(
        {
            f"POST {BASE}/queryIndicators": {"value": []},
            f"POST {BASE}/createIndicator": Reply(created, 201),
        }
    )

    async with served(azure, settings=Settings(allow_writes=True)) as client:
        answer = await client.call_tool(
            "create_indicator",
            {
                "value": "https://www.contoso.com",
                "description": "debugging indicators",
                "threat_types": ["compromised"],
                "tags": ["new schema"],
                "confidence": 78,
                "valid_until": "2999-01-01T00:00:00Z",
            },
        )

    sent = json.loads(azure.requests[-1].content)
    official = asked_in("CreateThreatIntelligence.json", "ThreatIntelligenceProperties")
    models = Models(MODELS)
    assert models.problems(sent, "ThreatIntelligenceInformation") == []
    # The sample leaves the id to the service; the model lets a client say it.
    assert unlike(sent, official) == [".properties.externalId: not in the sample"]
    assert sent["properties"]["pattern"] == official["properties"]["pattern"]
    assert sent["properties"]["patternType"] == official["properties"]["patternType"]
    assert answer.structured_content
    assert answer.structured_content["name"] == created["name"]


async def test_what_tags_an_indicator_is_of_azures_models() -> None:
    document = sample(f"{FOLDER}/GetThreatIntelligenceById.json")
    one = f"{BASE}/indicators/{document['name']}"
    azure = ScriptedAzure(
        {
            f"GET {one}": document,
            f"POST {one}/appendTags": Reply(None),
            f"POST {one}/replaceTags": document,
        }
    )
    tag = {"indicator": document["name"], "tags": ["mine"]}

    async with served(azure, settings=Settings(allow_writes=True)) as client:
        await client.call_tool("tag_indicator", tag)
        await client.call_tool("tag_indicator", {**tag, "mode": "replace"})

    appended, replaced = (
        json.loads(each.content) for each in azure.requests if each.method == "POST"
    )
    models = Models(MODELS)
    assert models.problems(appended, "ThreatIntelligenceAppendTags") == []
    assert models.problems(replaced, "ThreatIntelligenceInformation") == []
    assert replaced["etag"] == document["etag"]
