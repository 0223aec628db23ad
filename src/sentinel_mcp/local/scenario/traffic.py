"""Written events of the network and of Linux machines: one function a kind."""

from __future__ import annotations

from typing import Any

from sentinel_mcp.local.scenario.clock import At
from sentinel_mcp.local.scenario.estate import Host
from sentinel_mcp.local.scenario.model import Row
from sentinel_mcp.local.scenario.names import NETBIOS
from sentinel_mcp.local.scenario.people import Person


def firewall(
    at: At, source_ip: str, target_ip: str, port: int, sent_bytes: int, received_bytes: int
) -> Row:
    """Return a session through the firewall."""
    return Row(
        "CommonSecurityLog",
        at,
        {
            **_firewall_device(),
            "DeviceEventClassID": "end",
            "Activity": "TRAFFIC",
            "LogSeverity": "1",
            "DeviceAction": "allow",
            "SimplifiedDeviceAction": "Allow",
            "SourceIP": source_ip,
            "SourcePort": 50311,
            "DestinationIP": target_ip,
            "DestinationPort": port,
            "ApplicationProtocol": "ssl",
            "Protocol": "tcp",
            "SentBytes": sent_bytes,
            "ReceivedBytes": received_bytes,
            "EventCount": 1,
            "DeviceCustomString1": "allow-web",
            "DeviceCustomString1Label": "Rule",
        },
    )


def vpn_login(at: At, who: Person, source_ip: str, given_ip: str, *, failed: bool = False) -> Row:
    """Return a login at the VPN gateway."""
    return Row(
        "CommonSecurityLog",
        at,
        {
            **_firewall_device(),
            "DeviceEventClassID": "globalprotect",
            "Activity": "GLOBALPROTECT",
            "LogSeverity": "3",
            "DeviceAction": "gateway-auth",
            "SourceIP": source_ip,
            "SourceUserName": f"{NETBIOS}\\{who.sam}",
            "SourceHostName": "DESKTOP-7Q2M1K" if not failed else "",
            "SourceTranslatedAddress": given_ip,
            "EventOutcome": "failure" if failed else "success",
            "Message": "GlobalProtect gateway user authentication",
        },
    )


def name_query(at: At, client_ip: str, name: str, kind: str, server: Host) -> Row:
    """Return a query as the name server logs it."""
    return Row(
        "DnsEvents",
        at,
        {
            "Computer": server.fqdn,
            "ClientIP": client_ip,
            "EventId": 256,
            "Name": name,
            "QueryType": kind,
            "Result": "Success",
            "ResultCode": 0,
            "SubType": "LookupQuery",
            "TaskCategory": "QUERY_RECEIVED",
        },
    )


def syslog(at: At, host: Host, process_name: str, message: str, *, level: str = "info") -> Row:
    """Return a line of a Linux machine's log."""
    return Row(
        "Syslog",
        at,
        {
            "Computer": host.name,
            "HostName": host.name,
            "HostIP": host.ip,
            "CollectorHostName": "nw-fwd-01",
            "Facility": "auth",
            "SeverityLevel": level,
            "ProcessName": process_name,
            "ProcessID": 20418,
            "SyslogMessage": message,
            "_ResourceId": host.resource_id,
        },
    )


def _firewall_device() -> dict[str, Any]:
    return {
        "DeviceVendor": "Palo Alto Networks",
        "DeviceProduct": "PAN-OS",
        "DeviceVersion": "11.1.4",
        "DeviceName": "nw-pan-01",
        "Computer": "nw-fwd-01",
        "CollectorHostName": "nw-fwd-01",
    }
