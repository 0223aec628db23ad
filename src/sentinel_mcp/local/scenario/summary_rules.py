"""Summary rules: what is counted at intervals into tables of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import RESOURCE_ID
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.people import person

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

_AUTHOR = "hana.kovacs"

_RULES: tuple[tuple[str, str, str, int, int, str, Body], ...] = (
    (
        "FirewallByHour",
        "Firewall sessions by hour",
        "Sessions and bytes by source, destination and action, for reports over months.",
        60,
        10,
        """CommonSecurityLog
| summarize Sessions = count(), Sent = sum(SentBytes), Received = sum(ReceivedBytes)
    by SourceIP, DestinationIP, DeviceAction""",
        {"isActive": True, "provisioningState": "Succeeded"},
    ),
    (
        "SignInsByDay",
        "Sign-ins by day",
        "Successes and failures by account and network.",
        1440,
        30,
        """SigninLogs
| summarize Successes = countif(ResultType == "0"), Failures = countif(ResultType != "0")
    by UserPrincipalName, AutonomousSystemNumber""",
        {"isActive": True, "provisioningState": "Succeeded"},
    ),
    (
        "DnsByDomain",
        "Name queries by domain",
        "Stopped: the source was moved to another table plan.",
        20,
        10,
        """DnsEvents
| where SubType == "LookupQuery"
| summarize Queries = count(), Names = dcount(Name) by ClientIP""",
        {"isActive": False, "statusCode": "DataPlaneError", "provisioningState": "Succeeded"},
    ),
)


def documents(clock: Clock) -> Iterable[Document]:
    """Yield the summary rules."""
    for number, (name, title, description, size, delay, query, state) in enumerate(_RULES):
        made = wire(clock.now - timedelta(days=90 - 20 * number))
        body: Body = {
            "id": f"{RESOURCE_ID}/summaryLogs/{name}",
            "name": name,
            "systemData": {"createdBy": person(_AUTHOR).id, "createdAt": made},
            "properties": {
                "ruleType": "User",
                "displayName": title,
                "description": description,
                "ruleDefinition": {
                    "query": query,
                    "binSize": size,
                    "binDelay": delay,
                    "binStartTime": made,
                    "timeSelector": "TimeGenerated",
                    "destinationTable": f"{name}_CL",
                },
                **state,
            },
        }
        yield Document("summaryLogs", name, body)
