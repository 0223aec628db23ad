"""The kinds of connector whose documents name neither their title nor their tables.

The kinds are the SDK's, the tables those that Microsoft documents for the connector. A kind that
is not here is shown under its own name, its tables unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ALERTS = {"alerts": "SecurityAlert"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of connector is called, and the table of each of its data types."""

    title: str
    tables: Mapping[str, str] | None = None


KINDS: Mapping[str, Kind] = {
    "AmazonWebServicesCloudTrail": Kind("Amazon Web Services", {"logs": "AWSCloudTrail"}),
    "AmazonWebServicesS3": Kind("Amazon Web Services S3"),
    "AzureActiveDirectory": Kind("Microsoft Entra ID Protection", _ALERTS),
    "AzureAdvancedThreatProtection": Kind("Microsoft Defender for Identity", _ALERTS),
    "AzureSecurityCenter": Kind("Microsoft Defender for Cloud", _ALERTS),
    "Dynamics365": Kind("Dynamics 365", {"dynamics365CdsActivities": "Dynamics365Activity"}),
    "IOT": Kind("Microsoft Defender for IoT", _ALERTS),
    "MicrosoftCloudAppSecurity": Kind(
        "Microsoft Defender for Cloud Apps", {**_ALERTS, "discoveryLogs": "McasShadowItReporting"}
    ),
    "MicrosoftDefenderAdvancedThreatProtection": Kind("Microsoft Defender for Endpoint", _ALERTS),
    "MicrosoftPurviewInformationProtection": Kind(
        "Microsoft Purview Information Protection",
        {"logs": "MicrosoftPurviewInformationProtection"},
    ),
    "MicrosoftThreatIntelligence": Kind(
        "Microsoft Defender Threat Intelligence",
        {"microsoftEmergingThreatFeed": "ThreatIntelIndicators"},
    ),
    "MicrosoftThreatProtection": Kind(
        "Microsoft Defender XDR", {**_ALERTS, "incidents": "SecurityIncident"}
    ),
    "Office365": Kind(
        "Microsoft 365",
        {"exchange": "OfficeActivity", "sharePoint": "OfficeActivity", "teams": "OfficeActivity"},
    ),
    "Office365Project": Kind("Microsoft Project", {"logs": "ProjectActivity"}),
    "OfficeATP": Kind("Microsoft Defender for Office 365", _ALERTS),
    "OfficeIRM": Kind("Microsoft Purview Insider Risk Management", _ALERTS),
    "OfficePowerBI": Kind("Microsoft Power BI", {"logs": "PowerBIActivity"}),
    "ThreatIntelligence": Kind(
        "Threat intelligence platforms", {"indicators": "ThreatIntelIndicators"}
    ),
    "ThreatIntelligenceTaxii": Kind(
        "Threat intelligence - TAXII", {"taxiiClient": "ThreatIntelIndicators"}
    ),
}


def title_of(kind: str) -> str:
    """Return what a kind is called; an unknown one by its own name in words."""
    if known := KINDS.get(kind):
        return known.title
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind)


def table_of(kind: str, data_type: str) -> str | None:
    """Return the table that a kind's data type is kept in, where it is known."""
    known = KINDS.get(kind)
    return known.tables.get(data_type) if known and known.tables else None
