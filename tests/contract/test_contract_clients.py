"""The official clients, from another process, read the workspace that is served on loopback."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from azure.mgmt.loganalytics.aio import LogAnalyticsManagementClient
from azure.monitor.query import LogsQueryResult
from azure.monitor.query.aio import LogsQueryClient

from moment import clock
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local import identity
from sentinel_mcp.local.server import Loopback, serve_loopback
from sentinel_mcp.local.workspace import LocalWorkspace, open_local

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATIENCE_S = 60

# What differs from a program for Azure: the endpoint, the credential and the trusted certificate.
CLIENT = """
import json, sys
from datetime import timedelta

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.mgmt.securityinsight import SecurityInsightsMgmtClient
from azure.monitor.query import LogsQueryClient

endpoint, authority, subscription, group, workspace, workspace_id = sys.argv[1:]


class Credential:
    def get_token(self, *scopes, **options):
        return AccessToken("any", 4_102_444_800)


logs = LogsQueryClient(Credential(), endpoint=endpoint, connection_verify=authority)
sentinel = SecurityInsightsMgmtClient(
    Credential(),
    subscription,
    base_url=endpoint,
    api_version="2025-09-01",
    connection_verify=authority,
)
counted = logs.query_workspace(
    workspace_id, "Heartbeat | count", timespan=timedelta(days=60), include_statistics=True
)
try:
    logs.query_workspace(workspace_id, "Heartbeat | wher x", timespan=None)
    refusal = None
except HttpResponseError as error:
    refusal = [error.status_code, error.error.code]
incidents = list(sentinel.incidents.list(group, workspace, top=7))
first = sentinel.incidents.get(group, workspace, incidents[0].name)
alerts = sentinel.incidents.list_alerts(group, workspace, first.name).value
rules = list(sentinel.alert_rules.list(group, workspace))
connectors = list(sentinel.data_connectors.list(group, workspace))
print(
    json.dumps(
        {
            "heartbeats": counted.tables[0].rows[0][0],
            "statistics": counted.statistics,
            "refusal": refusal,
            "incidents": [each.name for each in incidents],
            "first": first.as_dict()["properties"]["title"],
            "alerts": len(alerts),
            "rules": len(rules),
            "connectors": len(connectors),
        }
    )
)
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def workspace(cache_dir: Path, checker: Checker) -> AsyncGenerator[LocalWorkspace]:
    async with await open_local(cache_dir / "local", checker, clock=clock()) as opened:
        yield opened


async def read_by_another_process(served: Loopback) -> Any:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CLIENT,
        served.url,
        str(served.authority),
        identity.SUBSCRIPTION_ID,
        identity.RESOURCE_GROUP,
        identity.WORKSPACE_NAME,
        identity.WORKSPACE_ID,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            printed, complaint = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, complaint.decode()
    return json.loads(printed)


async def test_the_official_clients_read_logs_and_incidents(workspace: LocalWorkspace) -> None:
    documents = workspace.store.documents
    kept = documents.list("incidents")
    async with serve_loopback(workspace) as served:
        read = await read_by_another_process(served)

    newest = max(kept, key=lambda each: each["properties"]["createdTimeUtc"])
    assert sorted(read["incidents"]) == sorted(each["name"] for each in kept)
    assert read["first"] == newest["properties"]["title"]
    assert read["alerts"] == len(documents.list("alerts", newest["name"]))
    assert read["rules"] == len(documents.list("alertRules"))
    assert read["connectors"] == len(documents.list("dataConnectors"))
    assert read["heartbeats"] > 0
    assert read["statistics"]["query"]["executionTime"] > 0
    assert read["refusal"] == [400, "BadArgumentError"]


async def test_the_management_client_reads_the_workspace_in_this_process(
    workspace: LocalWorkspace,
) -> None:
    async with LogAnalyticsManagementClient(
        workspace.make_credential(),
        identity.SUBSCRIPTION_ID,
        transport=workspace.make_transport(),
    ) as client:
        listed = [each async for each in client.workspaces.list()]
        one = await client.workspaces.get(identity.RESOURCE_GROUP, identity.WORKSPACE_NAME)
        tables = [
            each.name
            async for each in client.tables.list_by_workspace(
                identity.RESOURCE_GROUP, identity.WORKSPACE_NAME
            )
        ]

    assert [each.name for each in listed] == [identity.WORKSPACE_NAME]
    assert one.as_dict()["properties"]["customerId"] == identity.WORKSPACE_ID
    assert sorted(map(str, tables)) == sorted(workspace.store.tables())


async def test_a_table_of_the_store_is_not_empty_when_it_is_queried(
    workspace: LocalWorkspace,
) -> None:
    name = next(iter(workspace.store.tables()))
    connection = workspace.store.connect()
    ((stored,),) = connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()
    connection.close()
    async with LogsQueryClient(
        workspace.make_credential(), transport=workspace.make_transport()
    ) as client:
        answer = await client.query_workspace(
            identity.WORKSPACE_ID, f"{name} | count", timespan=None
        )

    assert isinstance(answer, LogsQueryResult)
    assert answer.tables[0].rows[0][0] == stored > 0
