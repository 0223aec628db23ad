"""The workspace's set-up, rights and metrics, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from app_stage import ARM, GA, stage
from azure.core.rest import HttpRequest
from stores import built_store, copied

from moment import MOMENT, clock
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.store import Store
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace

SENTINEL = ARM + identity.INSIGHTS_ID
HERE = ARM + identity.RESOURCE_ID
BATCH = f"{ARM}/subscriptions/{identity.SUBSCRIPTION_ID}/metrics:getBatch"
METRICS = f"{HERE}/providers/Microsoft.Insights/metrics"


async def ask(workspace: LocalWorkspace, method: str, url: str, body: Any = None) -> AsgiResponse:
    request = HttpRequest(method, url, json=body, headers={"Authorization": "Bearer any"})
    response = await AsgiTransport(workspace.app).send(request)
    assert isinstance(response, AsgiResponse)
    return response


def metadata(number: int, kind: str) -> Document:
    name = f"m{number}"
    return Document("metadata", name, {"name": name, "properties": {"kind": kind}})


@pytest.fixture
async def staged(tmp_path: Path) -> AsyncGenerator[LocalWorkspace]:
    documents = [metadata(each, "Workbook" if each % 2 else "Parser") for each in range(10)]
    async with stage(tmp_path, documents=documents) as workspace:
        yield workspace


async def names(staged: LocalWorkspace, query: str) -> tuple[list[str], str | None]:
    response = await ask(staged, "GET", f"{SENTINEL}/metadata?{GA}{query}")
    assert response.status_code == 200, response.text()
    return [each["name"] for each in response.json()["value"]], response.json().get("nextLink")


async def test_metadata_is_filtered_sorted_and_cut_as_asked(staged: LocalWorkspace) -> None:
    kind = "&$filter=properties/kind%20eq%20'Workbook'"

    assert await names(staged, kind) == (["m1", "m3", "m5", "m7", "m9"], None)
    assert (await names(staged, f"{kind}&$skip=3"))[0] == ["m7", "m9"]
    assert (await names(staged, "&$orderby=properties/kind%20desc&$top=1"))[0] == ["m1"]


async def test_the_link_of_a_page_of_metadata_leads_to_the_rest(staged: LocalWorkspace) -> None:
    found, link = await names(staged, "&$top=4&$skip=2")
    assert found == ["m2", "m3", "m4", "m5"]
    assert link

    response = await ask(staged, "GET", link)

    assert [each["name"] for each in response.json()["value"]] == ["m6", "m7", "m8", "m9"]
    assert "nextLink" not in response.json()


@pytest.mark.parametrize("query", ["&$skip=-1", "&$top=0", "&$skip=x", "&$filter=nonsense"])
async def test_a_list_of_metadata_that_cannot_be_is_refused(
    staged: LocalWorkspace, query: str
) -> None:
    response = await ask(staged, "GET", f"{SENTINEL}/metadata?{GA}{query}")

    assert response.status_code == 400


@pytest.mark.parametrize(
    "path", ["metadata/x", "sourcecontrols/x", "settings/x", "securityMLAnalyticsSettings/x"]
)
async def test_what_is_not_there_is_not_found(staged: LocalWorkspace, path: str) -> None:
    response = await ask(staged, "GET", f"{SENTINEL}/{path}?{GA}")

    assert response.status_code == 404


async def test_the_rights_are_those_of_an_owner(staged: LocalWorkspace) -> None:
    url = f"{HERE}/providers/microsoft.authorization/PERMISSIONS?{GA}"

    response = await ask(staged, "GET", url)

    assert response.json()["value"][0]["actions"] == ["*"]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("&metricnames=Nope", {"resourceids": [identity.RESOURCE_ID]}),
        ("", {"resourceids": [identity.RESOURCE_ID]}),
        ("&metricnames=Ingestion%20Volume", {}),
        ("&metricnames=Ingestion%20Volume&interval=PT7M", {"resourceids": [identity.RESOURCE_ID]}),
        ("&metricnames=Ingestion%20Volume&aggregation=sum", {"resourceids": ["x"]}),
        ("&metricnames=Ingestion%20Volume&metricnamespace=x", {"resourceids": ["x"]}),
        ("&metricnames=Ingestion%20Volume&starttime=soon", {"resourceids": ["x"]}),
        (
            "&metricnames=Ingestion%20Volume&starttime=2020-01-01&endtime=2026-01-01",
            {"resourceids": ["x"]},
        ),
        (
            "&metricnames=Ingestion%20Volume&starttime=2026-01-02&endtime=2026-01-01",
            {"resourceids": ["x"]},
        ),
    ],
)
async def test_metrics_that_cannot_be_are_refused(
    staged: LocalWorkspace, query: str, body: dict[str, Any]
) -> None:
    response = await ask(staged, "POST", f"{BATCH}?{GA}{query}", body)

    assert response.status_code == 400


async def test_metrics_of_another_resource_are_not_found(staged: LocalWorkspace) -> None:
    url = f"{BATCH}?{GA}&metricnames=Ingestion%20Volume"

    response = await ask(staged, "POST", url, {"resourceids": ["/subscriptions/other"]})

    assert response.status_code == 404


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def full(
    tmp_path_factory: pytest.TempPathFactory, checker: Checker
) -> AsyncGenerator[LocalWorkspace]:
    directory = copied(built_store(tmp_path_factory), tmp_path_factory.mktemp("metrics") / "store")
    store = Store.open(directory, now=MOMENT)
    async with LocalWorkspace(directory, store, checker, clock=clock()) as workspace:
        yield workspace


@pytest.mark.asyncio(loop_scope="session")
async def test_both_ways_to_ask_for_a_metric_have_the_same_values(full: LocalWorkspace) -> None:
    end = full.store.anchor.replace(minute=0, second=0, tzinfo=None).isoformat()
    start = full.store.anchor.replace(hour=0, minute=0, second=0, tzinfo=None).isoformat()
    asked = "metricnames=Ingestion%20Volume&interval=PT1H&aggregation=total,count"

    batch = await ask(
        full,
        "POST",
        f"{BATCH}?{GA}&{asked}&starttime={start}Z&endtime={end}Z",
        {"resourceids": [identity.RESOURCE_ID]},
    )
    single = await ask(full, "GET", f"{METRICS}?{GA}&{asked}&timespan={start}Z/{end}Z")

    assert batch.json()["values"][0]["value"] == single.json()["value"]
    (series,) = single.json()["value"][0]["timeseries"]
    connection = full.store.connect()
    total = 0
    for name, schema in full.store.tables().items():
        if any(each.name == "TimeGenerated" for each in schema.columns):
            ((found,),) = connection.execute(
                f'SELECT count(*) FROM "{name}" WHERE TimeGenerated >= ? AND TimeGenerated < ?',
                [start, end],
            ).fetchall()
            total += found
    connection.close()
    assert sum(each.get("total", 0) for each in series["data"]) == total


@pytest.mark.asyncio(loop_scope="session")
async def test_what_came_in_today_is_that_of_the_usage_table(full: LocalWorkspace) -> None:
    (found,) = (await ask(full, "GET", f"{HERE}/usages?{GA}")).json()["value"]

    midnight = full.store.anchor.replace(hour=0, minute=0, second=0, tzinfo=None)
    connection = full.store.connect()
    ((megabytes,),) = connection.execute(
        'SELECT sum("Quantity") FROM "Usage" WHERE "StartTime" >= ?', [midnight]
    ).fetchall()
    connection.close()
    assert found["currentValue"] == pytest.approx((megabytes or 0) * 1e6, abs=1)
