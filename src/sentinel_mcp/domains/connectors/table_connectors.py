"""Which connector fills a table, as Microsoft's reference of data connectors has it.

Many of them leave no document among a workspace's connections: diagnostic settings, the rules of
the Azure Monitor Agent and Defender's own switches are kept elsewhere.
"""

from __future__ import annotations

UNKNOWN = "unknown"

_AGENT = "Azure Monitor Agent"
_DEFENDER = "Microsoft Defender XDR"
_ENTRA = "Microsoft Entra ID"
_SENTINEL = "Microsoft Sentinel"
_UEBA = "Microsoft Sentinel UEBA"
_INTELLIGENCE = "Threat intelligence"

_BY_TABLE = {
    "AACAudit": "Azure resource diagnostic settings",
    "AWSCloudTrail": "Amazon Web Services",
    "AWSCloudWatch": "Amazon Web Services S3",
    "AWSGuardDuty": "Amazon Web Services S3",
    "AWSVPCFlow": "Amazon Web Services S3",
    "AlertEvidence": _DEFENDER,
    "AlertInfo": _DEFENDER,
    "Anomalies": _SENTINEL,
    "AuditLogs": _ENTRA,
    "AzureActivity": "Azure Activity",
    "AzureDiagnostics": "Azure resource diagnostic settings",
    "AzureMetrics": "Azure resource diagnostic settings",
    "BehaviorAnalytics": _UEBA,
    "CloudAppEvents": _DEFENDER,
    "CommonSecurityLog": "Common Event Format (CEF) via AMA",
    "DnsEvents": "DNS",
    "DnsInventory": "DNS",
    "Dynamics365Activity": "Dynamics 365",
    "EmailAttachmentInfo": _DEFENDER,
    "EmailEvents": _DEFENDER,
    "EmailPostDeliveryEvents": _DEFENDER,
    "EmailUrlInfo": _DEFENDER,
    "Event": _AGENT,
    "GCPAuditLogs": "GCP Pub/Sub Audit Logs",
    "Heartbeat": _AGENT,
    "HuntingBookmark": _SENTINEL,
    "IdentityInfo": _UEBA,
    "McasShadowItReporting": "Microsoft Defender for Cloud Apps",
    "MicrosoftGraphActivityLogs": _ENTRA,
    "MicrosoftPurviewInformationProtection": "Microsoft Purview Information Protection",
    "OfficeActivity": "Microsoft 365",
    "Operation": "Log Analytics",
    "Perf": _AGENT,
    "PowerBIActivity": "Microsoft Power BI",
    "ProjectActivity": "Microsoft Project",
    "ProtectionStatus": "Microsoft Defender for Cloud",
    "SecurityAlert": "Microsoft Sentinel, Microsoft Defender XDR and its products",
    "SecurityBaseline": "Microsoft Defender for Cloud",
    "SecurityEvent": "Windows Security Events via AMA",
    "SecurityIncident": _SENTINEL,
    "SecurityRecommendation": "Microsoft Defender for Cloud",
    "SentinelAudit": _SENTINEL,
    "SentinelHealth": _SENTINEL,
    "SigninLogs": _ENTRA,
    "StorageBlobLogs": "Azure Storage Account",
    "StorageFileLogs": "Azure Storage Account",
    "Syslog": "Syslog via AMA",
    "ThreatIntelIndicators": _INTELLIGENCE,
    "ThreatIntelObjects": _INTELLIGENCE,
    "ThreatIntelligenceIndicator": _INTELLIGENCE,
    "UrlClickEvents": _DEFENDER,
    "Usage": "Log Analytics",
    "UserAccessAnalytics": _UEBA,
    "UserPeerAnalytics": _UEBA,
    "W3CIISLog": _AGENT,
    "Watchlist": _SENTINEL,
    "WindowsEvent": "Windows Forwarded Events",
    "WindowsFirewall": "Windows Firewall",
}

_BY_BEGINNING = (
    ("AADProvisioning", _ENTRA),
    ("AADManagedIdentity", _ENTRA),
    ("AADNonInteractive", _ENTRA),
    ("AADRisky", "Microsoft Entra ID Protection"),
    ("AADServicePrincipal", _ENTRA),
    ("AADUserRisk", "Microsoft Entra ID Protection"),
    ("ASimDnsActivityLogs", "Windows DNS Events via AMA"),
    ("AZFW", "Azure Firewall"),
    ("AZKV", "Azure Key Vault"),
    ("Device", _DEFENDER),
    ("IdentityDirectoryEvents", _DEFENDER),
    ("IdentityLogonEvents", _DEFENDER),
    ("IdentityQueryEvents", _DEFENDER),
)
"""For families of tables that one connector fills."""


def documented_connector(table: str) -> str:
    """Return the connector that is documented to fill a table; `unknown` where none is known."""
    if named := _BY_TABLE.get(table):
        return named
    return next((name for start, name in _BY_BEGINNING if table.startswith(start)), UNKNOWN)
