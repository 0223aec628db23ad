"""query_metrics: at the workspace's region, or at Resource Manager where that is not known."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import WORKSPACE, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.workspace.metrics import MetricsAnswer
from sentinel_mcp.settings import Settings

LOCATED = WORKSPACE.model_copy(update={"location": "West Europe"})
BATCH = f"POST subscriptions/{WORKSPACE.subscription_id}/metrics:getBatch"
VOLUME: dict[str, Any] = {
    "name": {"value": "Ingestion Volume"},
    "unit": "Count",
    "errorCode": "Success",
    "timeseries": [
        {
            "metadatavalues": [{"name": {"value": "Table Name"}, "value": "Syslog"}],
            "data": [
                {"timeStamp": "2026-11-22T08:00:00Z", "total": 12.0, "novelty": 1},
                {"timeStamp": "2026-11-22T09:00:00Z"},
                {"timeStamp": "2026-11-22T10:00:00Z", "total": 0, "average": None},
            ],
        }
    ],
}
ROUTES: dict[str, Route] = {
    BATCH: {"values": [{"interval": "PT1H", "value": [VOLUME]}]},
    "GET metrics": {"interval": "PT1H", "value": [VOLUME]},
    "GET metricDefinitions": {
        "value": [
            {
                "name": {"value": "Ingestion Volume"},
                "unit": "Count",
                "primaryAggregationType": "Total",
                "supportedAggregationTypes": ["Total", "Average"],
                "metricAvailabilities": [{"timeGrain": "PT1H"}],
                "dimensions": [{"value": "Table Name"}],
            },
            {"name": None},
        ]
    },
}
ASKED: dict[str, Any] = {"metrics": ["Ingestion Volume"], "aggregations": ["total"]}


async def query(client: Client[FastMCPTransport], **arguments: Any) -> MetricsAnswer:
    answer = await client.call_tool("query_metrics", arguments)
    return MetricsAnswer.model_validate(answer.structured_content)


async def test_without_names_the_metrics_there_are_are_listed() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        found = await query(client)

    assert [(each.name, each.aggregations) for each in found.available] == [
        ("Ingestion Volume", ["total", "average"]),
        ("", []),
    ]
    assert found.available[0].dimensions == ["Table Name"]
    assert found.metrics == []


async def test_values_are_asked_for_at_the_workspace_s_region() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure, configured=[LOCATED]) as client:
        found = await query(client, **ASKED, timespan="2026-11-22T08:00Z/PT3H", granularity="PT1H")

    assert azure.requests[0].url.startswith("https://westeurope.metrics.monitor.azure.com/")
    assert azure.asked() == {
        "api-version": "2024-02-01",
        "starttime": "2026-11-22T08:00:00Z",
        "endtime": "2026-11-22T11:00:00Z",
        "interval": "PT1H",
        "metricnames": "Ingestion Volume",
        "aggregation": "total",
        "metricnamespace": "Microsoft.OperationalInsights/workspaces",
    }
    assert WORKSPACE.resource_id in str(azure.requests[0].content)
    (series,) = found.metrics
    assert series.points == [
        {"time": "2026-11-22T08:00:00Z", "total": 12.0},
        {"time": "2026-11-22T10:00:00Z", "total": 0.0},
    ]
    assert (series.dimensions, series.error) == ({"Table Name": "Syslog"}, None)
    assert found.notices == []


async def test_without_a_location_resource_manager_is_asked_and_it_is_said() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        found = await query(client, **ASKED)

    assert azure.requests[0].url.startswith("https://management.azure.com/")
    assert len(found.metrics[0].points) == 2
    assert "`location`" in found.notices[0]


async def test_the_regional_request_counts_as_one_that_only_reads() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure, configured=[LOCATED], settings=Settings()) as client:
        found = await query(client, **ASKED)

    assert found.metrics


async def test_no_values_are_an_empty_answer() -> None:
    azure = ScriptedAzure({BATCH: {"values": []}})

    async with served(azure, configured=[LOCATED]) as client:
        found = await query(client, **ASKED)

    assert found.metrics == []


async def test_a_metric_that_failed_says_so_beside_the_others() -> None:
    failed: dict[str, object] = {
        "name": {"value": "X"},
        "errorCode": "Oops",
        "errorMessage": "No.",
        "timeseries": [],
    }
    azure = ScriptedAzure({BATCH: {"values": [{"value": [failed, VOLUME]}]}})

    async with served(azure, configured=[LOCATED]) as client:
        found = await query(client, **ASKED)

    assert [(each.name, each.error) for each in found.metrics] == [
        ("X", "Oops: No."),
        ("Ingestion Volume", None),
    ]


async def test_more_values_than_an_answer_holds_are_refused_unsent() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure, configured=[LOCATED]) as client:
        answer = await client.call_tool(
            "query_metrics",
            {**ASKED, "timespan": "30d", "granularity": "PT1M"},
            raise_on_error=False,
        )

    assert answer.meta
    assert "granularity" in answer.meta["error"]["hint"]
    assert azure.requests == []


@pytest.mark.parametrize("name", ["", "a,b", "a\nb"])
async def test_a_name_that_is_none_is_refused_unsent(name: str) -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure, configured=[LOCATED]) as client:
        answer = await client.call_tool("query_metrics", {"metrics": [name]}, raise_on_error=False)

    assert answer.is_error
    assert azure.requests == []


async def test_the_oldest_values_are_left_out_of_an_answer_too_large() -> None:
    data = [
        {"timeStamp": f"2026-11-22T{each // 60:02}:{each % 60:02}:00Z", "total": each}
        for each in range(600)
    ]
    long = {**VOLUME, "timeseries": [{"data": data}]}
    azure = ScriptedAzure({BATCH: {"values": [{"value": [long]}]}})

    async with served(
        azure, configured=[LOCATED], settings=Settings(max_answer_bytes=8_192)
    ) as client:
        found = await query(client, **ASKED)

    assert len(found.model_dump_json()) < 8_192
    assert found.metrics[0].points[-1]["total"] == 599
    assert found.metrics[0].points_count == 600
    assert "left out" in found.notices[0]


@pytest.mark.parametrize("arguments", [{}, ASKED])
async def test_a_refusal_names_the_role(arguments: dict[str, Any]) -> None:
    no = refusal(403, "AuthorizationFailed")
    azure = ScriptedAzure({BATCH: no, "GET metricDefinitions": no})

    async with served(azure, configured=[LOCATED]) as client:
        answer = await client.call_tool("query_metrics", arguments, raise_on_error=False)

    assert answer.meta
    assert answer.meta["error"]["code"] == "access_denied"
    assert "`Monitoring Reader`" in str(answer.content)


@pytest.mark.asyncio(loop_scope="session")
async def test_on_the_scenario_the_volume_is_the_number_of_rows(
    client: Client[FastMCPTransport],
) -> None:
    names = [each.name for each in (await query(client)).available]
    assert names == ["Ingestion Volume", "Ingestion Time"]
    found = await query(
        client, metrics=names, timespan="6h", granularity="PT1H", aggregations=["total", "average"]
    )
    volume, latency = found.metrics
    start, end = found.start, found.end
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    minute = start.replace(second=0, microsecond=0).isoformat().replace("+00:00", "Z")
    last = end.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    direct = await client.call_tool(
        "run_query",
        {
            "query": f"SigninLogs | where TimeGenerated >= datetime({minute}) "
            f"and TimeGenerated < datetime({last}) | count",
            "timespan": "P1D",
        },
    )

    ((signins,),) = (direct.structured_content or {})["tables"][0]["rows"]
    assert sum(float(each["total"]) for each in volume.points) > signins > 0
    assert all(20 <= float(each["average"]) <= 110 for each in latency.points)


@pytest.mark.asyncio(loop_scope="session")
async def test_a_metric_comes_as_it_is_meant_where_no_aggregation_is_asked_for(
    client: Client[FastMCPTransport],
) -> None:
    found = await query(client, metrics=["Ingestion Volume", "Ingestion Time"], timespan="2h")

    volume, latency = found.metrics
    assert {key for each in volume.points for key in each} == {"time", "total"}
    assert {key for each in latency.points for key in each} == {"time", "average"}
