"""The machines of the company: 150 of them, named by what they do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from sentinel_mcp.local.identity import RESOURCE_GROUP, SUBSCRIPTION_ID
from sentinel_mcp.local.scenario.names import AD_DOMAIN, guid
from sentinel_mcp.local.scenario.people import DESKS, people

Role = Literal["workstation", "controller", "files", "database", "server", "linux"]

_SITE_NET = {"Leeds": 1, "Rotterdam": 2, "Gdansk": 3}

_SERVERS: tuple[tuple[str, Role], ...] = (
    ("nw-dc-01", "controller"), ("nw-dc-02", "controller"),
    ("nw-fs-01", "files"), ("nw-fs-02", "files"), ("nw-fs-03", "files"),
    ("nw-sql-01", "database"), ("nw-sql-02", "database"),
    ("nw-jmp-01", "server"), ("nw-mgt-01", "server"), ("nw-bkp-01", "server"),
    ("nw-aadc-01", "server"), ("nw-scan-01", "server"), ("nw-prn-01", "server"),
    ("nw-ca-01", "server"), ("nw-wsus-01", "server"), ("nw-vpn-01", "server"),
    ("nw-app-01", "server"), ("nw-app-02", "server"), ("nw-app-03", "server"),
    ("nw-app-04", "server"), ("nw-web-01", "server"), ("nw-web-02", "server"),
    ("nw-erp-01", "server"), ("nw-erp-02", "server"),
    ("nw-lnx-01", "linux"), ("nw-lnx-02", "linux"), ("nw-lnx-03", "linux"),
    ("nw-lnx-04", "linux"), ("nw-lnx-05", "linux"), ("nw-lnx-06", "linux"),
    ("nw-lnx-07", "linux"), ("nw-lnx-08", "linux"), ("nw-fwd-01", "linux"),
    ("nw-git-01", "linux"),
)  # fmt: skip


SILENT = "nw-app-04"
SILENT_MIN = 650
"""A server that broke down, and how many minutes ago."""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine; `owner` is the number of the person at it, None for a server."""

    number: int
    name: str
    role: Role
    ip: str
    owner: int | None = None

    @property
    def fqdn(self) -> str:
        """Its full name."""
        return f"{self.name}.{AD_DOMAIN}"

    @property
    def device_id(self) -> str:
        """Its id in Defender."""
        return guid("device", self.name).replace("-", "") + "7c1d04ab"

    @property
    def agent_id(self) -> str:
        """The id of its agent."""
        return guid("agent", self.name)

    @property
    def resource_id(self) -> str:
        """Its Azure resource; workstations have none."""
        if self.role == "workstation":
            return ""
        return (
            f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}"
            f"/providers/Microsoft.HybridCompute/machines/{self.name}"
        )

    @property
    def system(self) -> str:
        """Its operating system, as Heartbeat calls it."""
        match self.role:
            case "workstation":
                return "Windows 11 Enterprise"
            case "linux":
                return "Ubuntu"
            case _:
                return "Windows Server 2022 Datacenter"


@cache
def hosts() -> tuple[Host, ...]:
    """Return all machines, workstations first, in the order of their numbers."""
    desks = [
        Host(
            each.number,
            each.host,
            "workstation",
            f"10.20.{_SITE_NET[each.site]}.{10 + each.number}",
            each.number,
        )
        for each in people()[:DESKS]
    ]
    servers = [
        Host(DESKS + place, name, role, f"10.{12 if role == 'linux' else 10}.0.{11 + place}")
        for place, (name, role) in enumerate(_SERVERS)
    ]
    return (*desks, *servers)


@cache
def host(name: str) -> Host:
    """Return one machine by name."""
    return next(each for each in hosts() if each.name == name)
