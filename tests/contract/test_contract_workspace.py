"""Azure's own samples of the workspace's set-up, read by our tools through the official clients."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from azure.monitor.querymetrics.aio import MetricsClient
from tests.scripted import WORKSPACE, Route, ScriptedAzure, sample, served

from moment import MOMENT, clock
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local import identity
from sentinel_mcp.local.workspace import LocalWorkspace, open_local

LOCATED = WORKSPACE.model_copy(update={"location": "eastus"})

# Transcribed in its structure from the samples of metrics:getBatch, version 2024-02-01.
BATCH: dict[str, Any] = {
    "values": [
        {
            "starttime": "2023-02-01T20:00:00.123Z",
            "endtime": "2023-02-01T23:00:00.345Z",
            "interval": "PT15M",
            "value": [
                {
                    "id": "/subscriptions/s/providers/Microsoft.Insights/metrics/Ingress",
                    "type": "Microsoft.Insights/metrics",
                    "name": {"value": "Ingress", "localizedValue": "Ingress"},
                    "displayDescription": "The amount of ingress data.",
                    "unit": "Bytes",
                    "timeseries": [
                        {
                            "metadatavalues": [
                                {
                                    "name": {"value": "apiname", "localizedValue": "apiname"},
                                    "value": "GetBlob",
                                }
                            ],
                            "data": [
                                {
                                    "timeStamp": "2023-02-01T20:00:00Z",
                                    "average": 437,
                                    "minimum": 437,
                                    "maximum": 583,
                                },
                                {"timeStamp": "2023-02-01T20:15:00Z"},
                            ],
                        }
                    ],
                    "errorCode": "Success",
                }
            ],
            "namespace": "microsoft.storage/storageaccounts",
            "resourceregion": "eastus",
            "resourceid": "/subscriptions/s",
        }
    ]
}


async def told(routes: dict[str, Route], tool: str, **arguments: Any) -> Any:
    async with served(ScriptedAzure(routes), configured=[LOCATED]) as client:
        return (await client.call_tool(tool, arguments)).structured_content


async def test_the_samples_of_source_controls_are_read() -> None:
    one = sample("sourcecontrols/GetSourceControlById.json")
    routes: dict[str, Route] = {
        "GET sourcecontrols": sample("sourcecontrols/GetSourceControls.json"),
        f"GET sourcecontrols/{one['name']}": one,
    }

    page = await told(routes, "list_source_controls")
    found = await told(routes, "get_source_control", source_control=one["name"])

    assert page["source_controls"][0]["title"] == "My Source Control"
    assert (found["kind"], found["branch"], found["etag"]) == ("Github", "master", one["etag"])
    assert found["last_deployment"]["result"] == "Success"
    assert found["properties"]["pull_request_state"] == "Open"


async def test_the_samples_of_metadata_are_read() -> None:
    routes: dict[str, Route] = {
        "GET metadata": sample("metadata/GetAllMetadata.json"),
        "GET metadata/metadataName": sample("metadata/GetMetadata.json"),
    }

    page = await told(routes, "list_metadata")
    found = await told(routes, "get_metadata", metadata="metadataName")

    assert [each["kind"] for each in page["metadata"]] == [
        "AnalyticsRule",
        "AnalyticsRule",
        "Workbook",
    ]
    assert found["source_name"] == "Contoso Solution 1.0"
    assert len(found["dependencies"]) == 3
    assert found["dependencies"][0].count(" OR ") == 2
    assert found["techniques"] == ["T1548", "T1548.001"]
    assert found["properties"]["support_tier"] == "Partner"


async def test_the_samples_of_anomaly_settings_are_read() -> None:
    one = sample("securityMLAnalyticsSettings/GetAnomalySecurityMLAnalyticsSetting.json")
    routes: dict[str, Route] = {
        "GET securityMLAnalyticsSettings": sample(
            "securityMLAnalyticsSettings/GetAllSecurityMLAnalyticsSettings.json"
        ),
        f"GET securityMLAnalyticsSettings/{one['name']}": one,
    }

    page = await told(routes, "list_anomaly_settings")
    found = await told(routes, "get_anomaly_setting", anomaly_setting=one["name"])

    assert page["anomaly_settings"][0]["title"] == "Login from unusual region"
    assert {each["name"]: each["value"] for each in found["observations"]} == {
        "Device vendor": "Palo Alto Networks",
        "Daily data transfer threshold in MB": "25",
        "Number of standard deviations": "3",
    }
    assert found["tables"] == ["AWSCloudTrail"]


async def test_the_samples_of_settings_are_read() -> None:
    routes: dict[str, Route] = {
        "GET settings": sample("settings/GetAllSettings.json"),
        "GET onboardingStates/default": sample("onboardingStates/GetSentinelOnboardingState.json"),
    }

    found = await told(routes, "get_sentinel_settings")

    assert found["onboarding"]["onboarded"] is True
    assert {"kind": "EyesOn", "enabled": True, "properties": {}, "sources": []} in found["features"]


async def test_an_answer_of_the_regional_endpoint_is_read() -> None:
    path = f"POST subscriptions/{WORKSPACE.subscription_id}/metrics:getBatch"

    found = await told({path: BATCH}, "query_metrics", metrics=["Ingress"], timespan="PT1H")

    (series,) = found["metrics"]
    assert (series["name"], series["unit"]) == ("Ingress", "Bytes")
    assert series["dimensions"] == {"apiname": "GetBlob"}
    assert series["points"] == [
        {"time": "2023-02-01T20:00:00Z", "average": 437, "minimum": 437, "maximum": 583}
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def workspace(cache_dir: Path, checker: Checker) -> AsyncGenerator[LocalWorkspace]:
    async with await open_local(cache_dir / "local", checker, clock=clock()) as opened:
        yield opened


@pytest.mark.asyncio(loop_scope="session")
async def test_the_official_metrics_client_reads_the_embedded_workspace(
    workspace: LocalWorkspace,
) -> None:
    async with MetricsClient(
        f"https://{identity.LOCATION}.metrics.monitor.azure.com",
        workspace.make_credential(),
        transport=workspace.make_transport(),
    ) as client:
        (found,) = await client.query_resources(
            resource_ids=[identity.RESOURCE_ID],
            metric_namespace="Microsoft.OperationalInsights/workspaces",
            metric_names=["Ingestion Volume", "Ingestion Time"],
            # The client would count a duration back from the time of the machine.
            timespan=(MOMENT - timedelta(hours=6), MOMENT),
            granularity=timedelta(hours=1),
            aggregations=["Total", "Average"],
        )

    assert [each.name for each in found.metrics] == ["Ingestion Volume", "Ingestion Time"]
    volume = found.metrics[0].timeseries[0].data
    assert len(volume) in (6, 7)
    assert sum(each.total or 0 for each in volume) > 0
    assert found.resource_region == identity.LOCATION
