"""The Azure clouds: where each service is and which scope its tokens carry.

A closed set. Users choose a cloud by name and never give an address, so no setting can send a
token to a host that is not in this table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sentinel_mcp.errors import ConfigError
from sentinel_mcp.settings import CloudName


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An origin (`https://host`) and the scope of the tokens that are sent to it."""

    origin: str
    scope: str


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud's endpoints; `lake` is None where the Sentinel data lake is not offered.

    `defender` says whether its Graph has Microsoft Defender XDR.
    """

    name: CloudName
    authority: str
    arm: Endpoint
    logs: Endpoint
    graph: Endpoint
    lake: Endpoint | None
    metrics_domain: str
    defender: bool = True

    def metrics(self, location: str) -> Endpoint:
        """Return the regional endpoint that answers metrics of resources in `location`.

        Raises:
            ConfigError: `location` is not the name of a region.

        """
        region = location.replace(" ", "").lower()
        if not re.fullmatch(r"[a-z][a-z0-9]{2,40}", region):
            raise ConfigError(
                f"The workspace's location {location!r} is not the name of an Azure region.",
                hint="Use a name as `az account list-locations` shows it, such as westeurope.",
            )
        return Endpoint(
            origin=f"https://{region}.{self.metrics_domain}",
            scope=f"https://{self.metrics_domain}/.default",
        )


def _endpoint(origin: str, scope: str | None = None) -> Endpoint:
    return Endpoint(origin=origin, scope=scope or f"{origin}/.default")


CLOUDS: dict[CloudName, Cloud] = {
    "public": Cloud(
        name="public",
        authority="login.microsoftonline.com",
        arm=_endpoint("https://management.azure.com"),
        logs=_endpoint("https://api.loganalytics.io"),
        graph=_endpoint("https://graph.microsoft.com"),
        # The lake's application has no URI of its own; its scope names it by id.
        lake=_endpoint(
            "https://api.securityplatform.microsoft.com",
            "4500ebfb-89b6-4b14-a480-7f749797bfcd/.default",
        ),
        metrics_domain="metrics.monitor.azure.com",
    ),
    "usgov": Cloud(
        name="usgov",
        authority="login.microsoftonline.us",
        # Tokens for this ARM are issued to another name than the one it is reached by.
        arm=_endpoint(
            "https://management.usgovcloudapi.net",
            "https://management.core.usgovcloudapi.net/.default",
        ),
        logs=_endpoint("https://api.loganalytics.us"),
        graph=_endpoint("https://graph.microsoft.us"),
        lake=None,
        metrics_domain="metrics.monitor.azure.us",
    ),
    "china": Cloud(
        name="china",
        authority="login.chinacloudapi.cn",
        arm=_endpoint("https://management.chinacloudapi.cn"),
        logs=_endpoint("https://api.loganalytics.azure.cn"),
        graph=_endpoint("https://microsoftgraph.chinacloudapi.cn"),
        lake=None,
        metrics_domain="metrics.monitor.azure.cn",
        defender=False,
    ),
}
