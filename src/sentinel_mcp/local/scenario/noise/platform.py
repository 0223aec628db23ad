"""What Azure and Sentinel write about themselves: heartbeats, activity, health."""

from __future__ import annotations

from sentinel_mcp.local.identity import (
    RESOURCE_GROUP,
    RESOURCE_ID,
    SUBSCRIPTION_ID,
    WORKSPACE_ID,
)
from sentinel_mcp.local.scenario.noise.stream import Stream

_OPERATIONS = """[
    {'op': 'MICROSOFT.COMPUTE/VIRTUALMACHINES/START/ACTION', 'name': 'Start Virtual Machine', 'provider': 'MICROSOFT.COMPUTE', 'kind': 'Administrative'},
    {'op': 'MICROSOFT.COMPUTE/VIRTUALMACHINES/DEALLOCATE/ACTION', 'name': 'Deallocate Virtual Machine', 'provider': 'MICROSOFT.COMPUTE', 'kind': 'Administrative'},
    {'op': 'MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE', 'name': 'Create/Update Storage Account', 'provider': 'MICROSOFT.STORAGE', 'kind': 'Administrative'},
    {'op': 'MICROSOFT.RESOURCES/DEPLOYMENTS/WRITE', 'name': 'Create Deployment', 'provider': 'MICROSOFT.RESOURCES', 'kind': 'Administrative'},
    {'op': 'MICROSOFT.INSIGHTS/DIAGNOSTICSETTINGS/WRITE', 'name': 'Create or update resource diagnostic setting', 'provider': 'MICROSOFT.INSIGHTS', 'kind': 'Administrative'},
    {'op': 'MICROSOFT.AUTHORIZATION/POLICIES/AUDIT/ACTION', 'name': 'audit Policy action', 'provider': 'MICROSOFT.AUTHORIZATION', 'kind': 'Policy'}]"""  # noqa: E501 - one operation a line

_GROUPS = f"['{RESOURCE_GROUP}', 'rg-northwind-erp', 'rg-northwind-web', 'rg-northwind-backup']"

STREAMS = (
    Stream(
        "AzureActivity",
        {
            "OperationName": "o.name",
            "OperationNameValue": "o.op",
            "ActivityStatus": "status",
            "ActivityStatusValue": "status",
            "ActivitySubstatusValue": "CASE WHEN status = 'Success' THEN 'OK' ELSE '' END",
            "Caller": "admin.upn",
            "CallerIpAddress": "admin.egress",
            "CategoryValue": "o.kind",
            "Category": "o.kind",
            "CorrelationId": "guid(i // 2, 'correlation')",
            "EventDataId": "guid(i, 'event')",
            "EventSubmissionTimestamp": "t",
            "Level": "'Information'",
            "ResourceGroup": "area",
            "ResourceProvider": "o.provider",
            "ResourceProviderValue": "o.provider",
            "SubscriptionId": f"'{SUBSCRIPTION_ID}'",
            "_SubscriptionId": f"'{SUBSCRIPTION_ID}'",
            "_ResourceId": f"'/subscriptions/{SUBSCRIPTION_ID}/resourcegroups/' || area",
            "Properties_d": "json_object('eventCategory', o.kind, 'resource', area)",
            "Authorization_d": f"json_object('action', o.op, 'scope', '/subscriptions/{SUBSCRIPTION_ID}/resourcegroups/' || area)",  # noqa: E501 - one expression
        },
        rows=3_600,
        given={
            "o": f"pick(i, 'operation', {_OPERATIONS})",
            "area": f"pick(i, 'group', {_GROUPS})",
            "status": "pick(i, 'status', ['Start', 'Success', 'Success', 'Success', 'Failure'])",
            "admin": (
                "(SELECT q FROM person q WHERE q.sam = "
                "pick(i, 'admin', ['hana.kovacs', 'hana.kovacs', 'adm-hkovacs']))"
            ),
        },
        billed_bytes=(1800, 3200),
    ),
    Stream(
        "Heartbeat",
        {
            "Computer": "CASE WHEN m.role = 'linux' THEN m.name ELSE m.fqdn END",
            "ComputerEnvironment": "'Non-Azure'",
            "ComputerIP": "'198.51.100.20'",
            "ComputerPrivateIPs": "json_array(m.ip)",
            "Category": "'Azure Monitor Agent'",
            "OSType": "CASE WHEN m.role = 'linux' THEN 'Linux' ELSE 'Windows' END",
            "OSName": "m.system",
            "OSMajorVersion": "CASE WHEN m.role = 'linux' THEN '22' ELSE '10' END",
            "OSMinorVersion": "CASE WHEN m.role = 'linux' THEN '04' ELSE '0' END",
            "RemoteIPCountry": "'Netherlands'",
            "Resource": "m.name",
            "ResourceGroup": f"'{RESOURCE_GROUP}'",
            "ResourceId": "m.resource_id",
            "_ResourceId": "m.resource_id",
            "ResourceProvider": "'Microsoft.HybridCompute'",
            "ResourceType": "'machines'",
            "SCAgentChannel": "'Direct'",
            "Solutions": "'security'",
            "SubscriptionId": f"'{SUBSCRIPTION_ID}'",
            "_SubscriptionId": f"'{SUBSCRIPTION_ID}'",
            "Version": "CASE WHEN m.role = 'linux' THEN '1.33.1' ELSE '1.31.0' END",
            "VMUUID": "m.agent_id",
        },
        # Every five minutes, where the agent writes every minute: enough for any rule on silence.
        source=(
            "(SELECT m.number * 10000 + beat AS i, {now} - to_minutes(5 * beat) "
            "- to_seconds(m.number % 60) AS t, m FROM machine m, range(14 * 288) beats(beat) "
            "WHERE m.role <> 'workstation' "
            "AND NOT (m.name = '{silent}' AND 5 * beat < {silent_min}))"
        ),
        billed_bytes=(250, 260),
    ),
)

# The runs of the rules; written when all that they look at is there.
RULE_RUNS = Stream(
    "SentinelHealth",
    {
        "OperationName": "kind || ' analytics rule run'",
        "Status": "CASE WHEN failed THEN 'Failure' ELSE 'Success' END",
        "Description": "CASE WHEN failed THEN 'Rule execution failed: the query timed out.' ELSE 'Rule executed successfully.' END",  # noqa: E501 - one expression
        "Reason": "CASE WHEN failed THEN 'The query was blocked as it was consuming too many resources.' ELSE '' END",  # noqa: E501 - as the service writes it
        "SentinelResourceId": f"'{RESOURCE_ID}/providers/Microsoft.SecurityInsights/alertRules/' || id",  # noqa: E501 - one expression
        "SentinelResourceKind": "kind",
        "SentinelResourceName": "name",
        "SentinelResourceType": "'Analytics Rule'",
        "RecordId": "guid(i, 'record')",
        "WorkspaceId": f"'{WORKSPACE_ID}'",
        "ExtendedProperties": "json_object('RuleId', id, 'QueryStartTimeUTC', strftime(a, '%Y-%m-%dT%H:%M:%SZ'), 'QueryEndTimeUTC', strftime(b, '%Y-%m-%dT%H:%M:%SZ'), 'AlertsGeneratedAmount', CASE WHEN raising THEN 1 ELSE 0 END, 'QueryResultAmount', amount, 'ExecutionDurationMs', 400 + n(i, 'ms', 4000))",  # noqa: E501 - one expression
    },
    source="recorded_run",
    name="rules",
    billed_bytes=(700, 1000),
)

# Sentinel's own cost report; computed last, from what is there.
USAGE = Stream(
    "Usage",
    {
        "DataType": "data_type",
        "Quantity": "bytes / 1e6",
        "QuantityUnit": "'MBytes'",
        "IsBillable": "billable",
        "StartTime": "hour",
        "EndTime": "hour + INTERVAL 1 HOUR",
        "Solution": "CASE WHEN data_type IN ('SecurityEvent', 'SecurityAlert', 'SecurityIncident') THEN 'Security' ELSE 'LogManagement' END",  # noqa: E501 - one expression
        "ResourceUri": f"'{RESOURCE_ID}'",
        "TotalBatches": "1 + events // 500",
        "BatchesWithinSla": "1 + events // 500",
        "AvgLatencyInSeconds": "20 + n(i, 'latency', 90)",
    },
    source=(
        "(SELECT row_number() OVER (ORDER BY hour, data_type, billable) AS i, "
        "least(hour + INTERVAL 1 HOUR, {now}) AS t, * FROM ({usage}))"
    ),
    billed_bytes=(300, 400),
)
