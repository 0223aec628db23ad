"""The data connectors of the workspace, and the definitions of those that bring their own page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID, SUBSCRIPTION_ID, TENANT_ID, WORKSPACE_ID
from sentinel_mcp.local.scenario.names import guid

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

_ON: Body = {"state": "Enabled"}
_OFF: Body = {"state": "Disabled"}
_ALERTS: Body = {"alerts": _ON}
_TENANT: Body = {"tenantId": TENANT_ID}

GIT_DEFINITION = "NorthwindGitAudit"
ERP_DEFINITION = "NorthwindErpAudit"

_CONNECTORS: tuple[tuple[str, Body], ...] = (
    ("AzureActiveDirectory", {**_TENANT, "dataTypes": _ALERTS}),
    ("Office365", {**_TENANT, "dataTypes": {"exchange": _ON, "sharePoint": _ON, "teams": _ON}}),
    ("OfficeATP", {**_TENANT, "dataTypes": _ALERTS}),
    ("MicrosoftDefenderAdvancedThreatProtection", {**_TENANT, "dataTypes": _ALERTS}),
    (
        "MicrosoftThreatProtection",
        {
            **_TENANT,
            "dataTypes": {"alerts": _ON, "incidents": _OFF},
            "filteredProviders": {"alerts": ["microsoftDefenderForCloudApps"]},
        },
    ),
    (
        "MicrosoftCloudAppSecurity",
        {**_TENANT, "dataTypes": {"alerts": _ON, "discoveryLogs": _OFF}},
    ),
    ("AzureSecurityCenter", {"subscriptionId": SUBSCRIPTION_ID, "dataTypes": _ALERTS}),
    ("AzureAdvancedThreatProtection", {**_TENANT, "dataTypes": _ALERTS}),
    ("ThreatIntelligence", {**_TENANT, "dataTypes": {"indicators": _ON}}),
    (
        "ThreatIntelligenceTaxii",
        {
            **_TENANT,
            "workspaceId": WORKSPACE_ID,
            "friendlyName": "Industry sharing group",
            "taxiiServer": "https://taxii.sharing-group.example/api2/v21/",
            "collectionId": "135",
            "userName": None,
            "password": None,
            "pollingFrequency": "OnceAnHour",
            "dataTypes": {"taxiiClient": _ON},
        },
    ),
    (
        "AmazonWebServicesS3",
        {
            "destinationTable": "AWSCloudTrail",
            "roleArn": "arn:aws:iam::123456789012:role/NorthwindSentinel",
            "sqsUrls": ["https://sqs.eu-west-1.amazonaws.example/123456789012/northwind-trail"],
            "dataTypes": {"logs": _OFF},
        },
    ),
    (
        "RestApiPoller",
        {
            "connectorDefinitionName": GIT_DEFINITION,
            "auth": {"type": "APIKey", "apiKeyName": "Authorization"},
            "dcrConfig": {
                "dataCollectionEndpoint": "https://northwind-dce.westeurope-1.ingest.example",
                "dataCollectionRuleImmutableId": "dcr-4f0f6b2a7f9c4b39a7a1",
                "streamName": "Custom-NorthwindGitAudit_CL",
            },
            "request": {
                "apiEndpoint": "https://git.northwind.example/api/v3/audit-log",
                "httpMethod": "GET",
                "queryTimeFormat": "UnixTimestamp",
                "queryWindowInMin": 5,
                "rateLimitQPS": 10,
                "retryCount": 3,
                "timeoutInSeconds": 60,
                "headers": {"Accept": "application/json"},
                "startTimeAttributeName": "after",
                "endTimeAttributeName": "before",
            },
            "response": {"eventsJsonPaths": ["$"]},
            "paging": {"pagingType": "LinkHeader"},
        },
    ),
)

_DEFINITIONS = (
    (GIT_DEFINITION, "Northwind Git audit log", "NorthwindGitAudit_CL"),
    (ERP_DEFINITION, "Northwind ERP audit trail", "NorthwindErpAudit_CL"),
)


def documents() -> Iterable[Document]:
    """Yield connectors and definitions."""
    for kind, properties in _CONNECTORS:
        name = guid("connector", kind)
        body = _body("dataConnectors", name, kind, properties)
        yield Document("dataConnectors", name, body)
    for name, title, table in _DEFINITIONS:
        body = _body("dataConnectorDefinitions", name, "Customizable", _definition(title, table))
        yield Document("dataConnectorDefinitions", name, body)


def _body(collection: str, name: str, kind: str, properties: Body) -> Body:
    return {
        "id": f"{INSIGHTS_ID}/{collection}/{name}",
        "name": name,
        "type": f"Microsoft.SecurityInsights/{collection}",
        "kind": kind,
        "etag": "",
        "properties": properties,
    }


def _definition(title: str, table: str) -> Body:
    return {
        "connectorUiConfig": {
            "title": title,
            "publisher": "Northwind Instruments",
            "descriptionMarkdown": f"Brings the records of {title} into {table}.",
            "graphQueries": [
                {"metricName": "Total events received", "legend": title, "baseQuery": table}
            ],
            "dataTypes": [
                {
                    "name": table,
                    "lastDataReceivedQuery": f"{table}\n| summarize Time = max(TimeGenerated)\n"
                    "| where isnotempty(Time)",
                }
            ],
            "connectivityCriteria": [{"type": "HasDataConnectors", "value": None}],
            "availability": {"status": 1, "isPreview": False},
            "permissions": {
                "resourceProvider": [
                    {
                        "provider": "Microsoft.OperationalInsights/workspaces",
                        "permissionsDisplayText": "Read and write permissions are required.",
                        "providerDisplayName": "Workspace",
                        "scope": "Workspace",
                        "requiredPermissions": {
                            "write": True, "read": True, "delete": True, "action": False,
                        },
                    }
                ]
            },
            "instructionSteps": [
                {
                    "title": f"Connect {title}",
                    "description": "Enter the key of the audit interface.",
                    "instructions": [],
                }
            ],
        },
        "connectionsConfig": {"templateSpecName": "", "templateSpecVersion": ""},
    }  # fmt: skip
