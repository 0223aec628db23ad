"""The repositories from which the content of the workspace is deployed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID, TENANT_ID, WORKSPACE_ID
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.names import DOMAIN, guid

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

_FORGE = f"https://git.{DOMAIN}/security"
_BOARDS = f"https://devops.{DOMAIN}/security"


@dataclass(frozen=True, slots=True)
class Repository:
    """A connected repository; `result` is that of its last deployment, None before the first."""

    key: str
    title: str
    description: str
    content: Sequence[str]
    url: str
    result: str | None
    message: str
    age_h: float
    kind: str = "Github"
    branch: str = "main"
    deployment: str = "0"


REPOSITORIES = (
    Repository(
        key="detections",
        title="Northwind detections",
        description="Analytics rules and hunting queries, reviewed by two people each.",
        content=("AnalyticsRule", "HuntingQuery", "Parser"),
        url=f"{_FORGE}/detections",
        result="Success",
        message="24 of 24 resources were deployed.",
        age_h=50,
        deployment="7315522108",
    ),
    Repository(
        key="response",
        title="Northwind response",
        description="Playbooks and automation rules.",
        content=("AutomationRule", "Playbook"),
        url=f"{_FORGE}/response",
        result="Failed",
        message="2 of 6 resources were not deployed: the connection 'mail' is not authorised.",
        age_h=29,
        deployment="7322190467",
    ),
    Repository(
        key="workbooks",
        title="Northwind workbooks",
        description="Workbooks for the weekly report.",
        content=("Workbook",),
        url=f"{_BOARDS}/_git/workbooks",
        result=None,
        message="Nothing was deployed yet.",
        age_h=400,
        kind="AzureDevOps",
        branch="release",
    ),
)


def documents(clock: Clock) -> Iterable[Document]:
    """Yield the source controls."""
    for each in REPOSITORIES:
        name = guid("source control", each.key)
        yield Document("sourcecontrols", name, _body(each, name, clock))


def _body(repository: Repository, name: str, clock: Clock) -> Body:
    made = wire(clock.now - timedelta(days=160))
    changed = wire(clock.now - timedelta(hours=repository.age_h))
    is_forge = repository.kind == "Github"
    logs = f"{repository.url}/{'actions' if is_forge else '_build'}"
    return {
        "id": f"{INSIGHTS_ID}/sourcecontrols/{name}",
        "version": "V2",
        "name": name,
        "type": "Microsoft.SecurityInsights/SourceControls",
        "etag": "",
        "properties": {
            "id": name,
            "displayName": repository.title,
            "description": repository.description,
            "repoType": repository.kind,
            "contentTypes": list(repository.content),
            "repository": {
                "url": repository.url,
                "branch": repository.branch,
                "displayUrl": repository.url,
                "deploymentLogsUrl": logs,
            },
            "workloadIdentityFederation": {
                "id": guid("federation", repository.key),
                "tenantId": TENANT_ID,
                "appId": guid("deployer", repository.key),
                "subject": f"repo:security/{repository.key}:ref:refs/heads/{repository.branch}",
                "issuer": f"https://token.git.{DOMAIN}",
            },
            "repositoryResourceInfo": {
                "webhook": {
                    "webhookId": guid("webhook", repository.key),
                    "webhookUrl": f"https://hooks.{DOMAIN}/workspaces/{WORKSPACE_ID}/{name}",
                    "webhookSecretUpdateTime": made,
                },
                "gitHubResourceInfo": {"appInstallationId": "4471"} if is_forge else None,
                "azureDevOpsResourceInfo": None
                if is_forge
                else {"pipelineId": "12", "serviceConnectionId": guid("service connection")},
            },
            "lastDeploymentInfo": _deployment(repository, logs, changed),
        },
        "systemData": {
            "createdBy": f"hana.kovacs@{DOMAIN}",
            "createdByType": "User",
            "createdAt": made,
            "lastModifiedBy": f"hana.kovacs@{DOMAIN}",
            "lastModifiedByType": "User",
            "lastModifiedAt": changed,
        },
    }


def _deployment(repository: Repository, logs: str, changed: str) -> Body | None:
    if repository.result is None:
        return None
    return {
        "deploymentFetchStatus": "Success",
        "deployment": {
            "deploymentId": repository.deployment,
            "deploymentState": "Completed",
            "deploymentResult": repository.result,
            "deploymentTime": changed,
            "deploymentLogsUrl": logs,
        },
        "message": repository.message,
    }
