"""A rule template as its publisher writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sentinel_mcp.local.scenario.model import Severity
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.scenario.rules.model import EntityType, Fields

Connector = Literal[
    "AWS",
    "AzureActiveDirectory",
    "AzureActiveDirectoryIdentityProtection",
    "AzureActivity",
    "AzureKeyVault",
    "CefAma",
    "DNS",
    "MicrosoftThreatProtection",
    "Office365",
    "SecurityEvents",
    "SyslogAma",
    "ThreatIntelligence",
    "WindowsFirewall",
]

Entities = Sequence[tuple[EntityType, Fields]]

USER: Entities = (("Account", {"FullName": "UserPrincipalName"}),)
USER_IP: Entities = (*USER, ("IP", {"Address": "IPAddress"}))
CALLER: Entities = (("Account", {"FullName": "Caller"}), ("IP", {"Address": "CallerIpAddress"}))
COMPUTER: Entities = (("Host", {"FullName": "Computer"}), ("Account", {"FullName": "Account"}))
DEVICE: Entities = (("Host", {"FullName": "DeviceName"}),)
MAIL_USER: Entities = (("Account", {"FullName": "UserId"}), ("IP", {"Address": "ClientIP"}))


@dataclass(frozen=True, slots=True)
class Template:
    """A template; techniques with a dot are sub-techniques."""

    key: str
    name: str
    severity: Severity
    tactics: Sequence[str]
    techniques: Sequence[str]
    connector: Connector
    tables: Sequence[str]
    query: str
    entities: Entities = ()
    version: str = "1.0.0"
    kind: Literal["Scheduled", "NRT"] = "Scheduled"
    frequency: str = "P1D"
    period: str = "P1D"

    @property
    def id(self) -> str:
        """Its name in Azure."""
        return guid("template", self.key)
