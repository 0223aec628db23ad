"""The anomaly rules of the workspace, and what was set in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.names import guid

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that can be set, with its bounds."""

    name: str
    description: str
    value: str
    minimum: str
    maximum: str


@dataclass(frozen=True, slots=True)
class Anomaly:
    """An anomaly rule; `copy_of` is the key of the rule that it is a tuned copy of."""

    key: str
    title: str
    description: str
    tables: Sequence[str]
    connector: str
    tactics: Sequence[str]
    techniques: Sequence[str]
    thresholds: Sequence[Threshold] = ()
    enabled: bool = True
    status: str = "Production"
    frequency: str = "P1D"
    version: str = "1.1.2"
    copy_of: str | None = None


_DEVIATIONS = Threshold(
    "Standard deviations", "How far from the usual counts as unusual.", "3", "2", "10"
)

ANOMALIES = (
    Anomaly(
        "region",
        "Sign-in from a region that is rarely seen",
        "An account signs in from a region that none of its peers used in 14 days.",
        ("SigninLogs",),
        "AzureActiveDirectory",
        ("InitialAccess",),
        ("T1078",),
        (_DEVIATIONS,),
    ),
    Anomaly(
        "failures",
        "Unusual number of failed sign-ins",
        "An account fails to sign in far more often than in the 21 days before.",
        ("SigninLogs",),
        "AzureActiveDirectory",
        ("CredentialAccess",),
        ("T1110",),
        (
            _DEVIATIONS,
            Threshold("Failures", "Fewer failures in a day are no anomaly.", "25", "5", "500"),
        ),
    ),
    Anomaly(
        "failures-tuned",
        "Unusual number of failed sign-ins - tuned for the service desk",
        "As its original, with room for the people who reset passwords all day.",
        ("SigninLogs",),
        "AzureActiveDirectory",
        ("CredentialAccess",),
        ("T1110",),
        (
            _DEVIATIONS,
            Threshold("Failures", "Fewer failures in a day are no anomaly.", "60", "5", "500"),
        ),
        status="Flighting",
        copy_of="failures",
    ),
    Anomaly(
        "transfer",
        "Unusually much sent out",
        "A machine sends more to the outside than it did on any of the 14 days before.",
        ("CommonSecurityLog",),
        "PaloAltoNetworks",
        ("Exfiltration",),
        ("T1030", "T1048"),
        (
            _DEVIATIONS,
            Threshold("Daily megabytes", "Less in a day is no anomaly.", "250", "1", "10000"),
        ),
    ),
    Anomaly(
        "beacon",
        "Connections at an even pace",
        "A machine calls one address again and again, and the pauses are all but equal.",
        ("CommonSecurityLog",),
        "PaloAltoNetworks",
        ("CommandAndControl",),
        ("T1071", "T1573"),
        (_DEVIATIONS,),
    ),
    Anomaly(
        "dga",
        "Names that look generated",
        "A machine asks for many names that no person would choose and that do not exist.",
        ("DnsEvents",),
        "DNS",
        ("CommandAndControl",),
        ("T1568",),
        (Threshold("Names", "Fewer of them in a day are no anomaly.", "40", "10", "1000"),),
    ),
    Anomaly(
        "process",
        "Process that is new to a machine",
        "A machine runs a program that neither it nor its peers ran in 21 days.",
        ("SecurityEvent",),
        "SecurityEvents",
        ("Execution",),
        ("T1059",),
        (_DEVIATIONS,),
        enabled=False,
    ),
    Anomaly(
        "privilege",
        "Unusual work by a privileged account",
        "An administrator does something in the subscription that is not their habit.",
        ("AzureActivity",),
        "AzureActivity",
        ("PrivilegeEscalation", "Persistence"),
        ("T1098",),
        (_DEVIATIONS,),
    ),
    Anomaly(
        "mailbox",
        "Unusual work in a mailbox",
        "An account does things with mail that it did not do in the 21 days before.",
        ("OfficeActivity",),
        "Office365",
        ("Collection",),
        ("T1114",),
        (_DEVIATIONS,),
    ),
    Anomaly(
        "mfa",
        "Refused prompts in a row",
        "An account refuses an unusual number of sign-in prompts, then accepts one.",
        ("SigninLogs",),
        "AzureActiveDirectory",
        ("CredentialAccess",),
        ("T1621",),
        (Threshold("Prompts", "Fewer in an hour are no anomaly.", "5", "3", "50"),),
        frequency="PT1H",
    ),
)


def documents(clock: Clock) -> Iterable[Document]:
    """Yield the settings of the anomaly rules."""
    for number, each in enumerate(ANOMALIES):
        name = _name(each.key)
        body = {
            "name": name,
            "type": "Microsoft.SecurityInsights/securityMLAnalyticsSettings",
            "etag": "",
            "id": f"{INSIGHTS_ID}/securityMLAnalyticsSettings/{name}",
            "kind": "Anomaly",
            "properties": _properties(each, wire(clock.now - timedelta(days=90 - 7 * number))),
        }
        yield Document("securityMLAnalyticsSettings", name, body)


def _name(key: str) -> str:
    return guid("anomaly", key)


def _properties(anomaly: Anomaly, modified: str) -> Body:
    return {
        "description": anomaly.description,
        "anomalySettingsVersion": 0 if anomaly.copy_of is None else 2,
        "anomalyVersion": anomaly.version,
        "customizableObservations": {
            "multiSelectObservations": None,
            "prioritizeExcludeObservations": None,
            "singleSelectObservations": None,
            "singleValueObservations": None,
            "thresholdObservations": [
                {
                    "name": each.name,
                    "description": each.description,
                    "maximum": each.maximum,
                    "minimum": each.minimum,
                    "rerun": "RerunAlways",
                    "sequenceNumber": place,
                    "value": each.value,
                }
                for place, each in enumerate(anomaly.thresholds, start=1)
            ],
        },
        "displayName": anomaly.title,
        "enabled": anomaly.enabled,
        "frequency": anomaly.frequency,
        "isDefaultSettings": anomaly.copy_of is None,
        "lastModifiedUtc": modified,
        "requiredDataConnectors": [
            {"connectorId": anomaly.connector, "dataTypes": list(anomaly.tables)}
        ],
        "settingsDefinitionId": _name(anomaly.copy_of or anomaly.key),
        "settingsStatus": anomaly.status,
        "tactics": list(anomaly.tactics),
        "techniques": list(anomaly.techniques),
    }
