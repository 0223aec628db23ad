"""Alerts: as documents of their incident, and as rows of the SecurityAlert table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sentinel_mcp.local.identity import (
    INSIGHTS_ID,
    LOCATION,
    RESOURCE_GROUP,
    SUBSCRIPTION_ID,
    TENANT_ID,
    WORKSPACE_ID,
    WORKSPACE_NAME,
)
from sentinel_mcp.local.scenario.cases import Case, RaisedAlert
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.entities import alert_json
from sentinel_mcp.local.scenario.estate import Host
from sentinel_mcp.local.scenario.model import Product
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.scenario.people import Person
from sentinel_mcp.local.scenario.rules.all import rule
from sentinel_mcp.local.scenario.rules.model import Kind

Body = dict[str, Any]
"""A JSON object, or the cells of a row. Any: the values are of many kinds."""

# What the table calls the service behind a product.
_PROVIDERS: dict[Product, str] = {
    "Microsoft Defender Advanced Threat Protection": "MDATP",
    "Office 365 Advanced Threat Protection": "OATP",
    "Azure Active Directory Identity Protection": "IPC",
    "Microsoft Cloud App Security": "MCAS",
}
_COMPONENTS: dict[Kind, tuple[str, str]] = {
    "Scheduled": ("ASI Scheduled Alerts", "Scheduled Alerts"),
    "NRT": ("ASI NRT Alerts", "NRT Alerts"),
    "Fusion": ("ASI Fusion", "Fusion"),
}
_STATUS = {"New": "New", "Active": "InProgress", "Closed": "Resolved"}


def documents(case: Case, clock: Clock) -> Iterable[tuple[str, Body]]:
    """Yield the alerts of an incident as its entities, with their ids."""
    for each in case.alerts:
        yield each.id, _document(each, _STATUS[case.versions[-1].status], clock)


def rows(case: Case, clock: Clock) -> Iterable[Body]:
    """Yield the alerts of an incident as rows."""
    for each in case.alerts:
        yield row(each, _STATUS[case.versions[-1].status], clock)


def row(each: RaisedAlert, status: str, clock: Clock) -> Body:
    """Return an alert as a row."""
    alert = each.alert
    provider, component = _source(each)
    return {
        "TimeGenerated": str(each.raised),
        "ProcessingEndTime": str(each.raised),
        "StartTime": str(each.start),
        "EndTime": str(each.end),
        "DisplayName": alert.title,
        "AlertName": alert.title,
        "AlertSeverity": alert.severity,
        "Description": alert.description,
        "ProviderName": provider,
        "VendorName": "Microsoft",
        "VendorOriginalId": guid("vendor", alert.key),
        "ProductName": alert.product,
        "ProductComponentName": component,
        "SystemAlertId": each.id,
        "AlertType": _type(each),
        "AlertLink": _link(each),
        "CompromisedEntity": _compromised(each),
        "ConfidenceLevel": "Unknown",
        "IsIncident": False,
        "Status": status,
        "Entities": json.dumps(alert_json(alert.entities, clock)),
        "ExtendedProperties": json.dumps(_extended(each)),
        "ExtendedLinks": "",
        "RemediationSteps": "",
        "ResourceId": "",
        "Tactics": ", ".join(alert.tactics),
        "Techniques": json.dumps(list(alert.techniques)),
        "SubTechniques": "[]",
        "WorkspaceSubscriptionId": SUBSCRIPTION_ID,
        "WorkspaceResourceGroup": RESOURCE_GROUP,
    }


def _document(each: RaisedAlert, status: str, clock: Clock) -> Body:
    alert = each.alert
    _, component = _source(each)
    return {
        "id": f"{INSIGHTS_ID}/Entities/{each.id}",
        "name": each.id,
        "type": "Microsoft.SecurityInsights/Entities",
        "kind": "SecurityAlert",
        "properties": {
            "systemAlertId": each.id,
            "alertDisplayName": alert.title,
            "description": alert.description,
            "confidenceLevel": "Unknown",
            "severity": alert.severity,
            "vendorName": "Microsoft",
            "productName": alert.product,
            "productComponentName": component,
            "alertType": _type(each),
            "providerAlertId": guid("vendor", alert.key),
            "processingEndTime": wire(each.raised),
            "status": status,
            "startTimeUtc": wire(each.start),
            "endTimeUtc": wire(each.end),
            "timeGenerated": wire(each.raised),
            "tactics": list(alert.tactics),
            "intent": alert.tactics[0] if alert.tactics else "Unknown",
            "compromisedEntity": _compromised(each),
            "alertLink": _link(each),
            "resourceIdentifiers": [
                {
                    "type": "LogAnalytics",
                    "workspaceId": WORKSPACE_ID,
                    "subscriptionId": SUBSCRIPTION_ID,
                    "resourceGroup": RESOURCE_GROUP,
                },
                {"type": "AAD", "aadTenantId": TENANT_ID},
            ],
            "additionalData": _extended(each),
            "friendlyName": alert.title,
        },
    }


def _source(each: RaisedAlert) -> tuple[str, str]:
    if each.alert.rule:
        return _COMPONENTS[rule(each.alert.rule).kind]
    return _PROVIDERS[each.alert.product], ""


def _type(each: RaisedAlert) -> str:
    return f"{WORKSPACE_ID}_{each.rule_id}" if each.rule_id else each.alert.key.replace("-", "_")


def _link(each: RaisedAlert) -> str:
    return (
        "https://portal.azure.com/#blade/Microsoft_Azure_Security/AlertBlade/alertId/"
        f"{each.id}/subscriptionId/{SUBSCRIPTION_ID}/{RESOURCE_GROUP}/{WORKSPACE_NAME}"
        f"/referencedFrom/alertDeepLink/location/{LOCATION}"
    )


def _compromised(each: RaisedAlert) -> str:
    for entity in each.alert.entities:
        if isinstance(entity, Person):
            return entity.upn
        if isinstance(entity, Host):
            return entity.fqdn
    return ""


def _extended(each: RaisedAlert) -> dict[str, str]:
    """Return what the service adds to an alert; every value is a text there."""
    added = {"ProcessedBySentinel": "True", "Alert generation status": "Full alert created"}
    if not each.alert.rule:
        return added
    by = rule(each.alert.rule)
    added |= {
        "Analytic Rule Ids": json.dumps([by.id]),
        "Analytic Rule Name": by.name,
        "Event Grouping": "SingleAlert",
        "Search Query Results Overall Count": "1",
        "Trigger Operator": "GreaterThan",
        "Trigger Threshold": "0",
        "Correlation Id": guid("correlation", each.alert.key),
        "Data Sources": json.dumps([WORKSPACE_NAME]),
    }
    if by.query:
        added |= {
            "Query": by.query,
            "Query Start Time UTC": wire(each.window[0]),
            "Query End Time UTC": wire(each.window[1]),
        }
    return added
