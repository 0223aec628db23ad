"""Ordinary events of Defender's sensor on servers."""

from __future__ import annotations

from sentinel_mcp.local.scenario.names import NETBIOS
from sentinel_mcp.local.scenario.noise.stream import Stream

_SERVERS = ("controller", "files", "database", "server")

_DEVICE = {
    "DeviceId": "m.device_id",
    "DeviceName": "m.fqdn",
    "ReportId": "i",
    "MachineGroup": "'Servers'",
}

_SYSTEM = {
    "InitiatingProcessAccountDomain": "'nt authority'",
    "InitiatingProcessAccountName": "'system'",
    "InitiatingProcessAccountSid": "'S-1-5-18'",
    "InitiatingProcessId": "800 + n(i, 'initiator', 4000)",
    "InitiatingProcessIntegrityLevel": "'System'",
    "InitiatingProcessTokenElevation": "'TokenElevationTypeDefault'",
}

_SERVICES = r"""[
    {'file': 'svchost.exe', 'line': 'svchost.exe -k netsvcs -p -s BITS', 'parent': 'services.exe'},
    {'file': 'taskhostw.exe', 'line': 'taskhostw.exe', 'parent': 'svchost.exe'},
    {'file': 'WmiPrvSE.exe', 'line': 'wmiprvse.exe -secured -Embedding', 'parent': 'svchost.exe'},
    {'file': 'powershell.exe', 'line': 'powershell.exe -NoProfile -File C:\Ops\Inventory.ps1', 'parent': 'svchost.exe'},
    {'file': 'cmd.exe', 'line': 'cmd.exe /c C:\Ops\rotate-logs.cmd', 'parent': 'taskeng.exe'},
    {'file': '7z.exe', 'line': '7z.exe a -mx1 D:\backup\logs.7z C:\inetpub\logs', 'parent': 'cmd.exe'},
    {'file': 'MonitoringHost.exe', 'line': 'MonitoringHost.exe -Embedding', 'parent': 'HealthService.exe'},
    {'file': 'sc.exe', 'line': 'sc query wuauserv', 'parent': 'cmd.exe'}]"""  # noqa: E501 - command lines are long

_TARGETS = """[
    {'url': 'update.vendor.example', 'ip': '198.51.100.120', 'port': 443, 'by': 'svchost.exe'},
    {'url': 'telemetry.vendor.example', 'ip': '198.51.100.121', 'port': 443, 'by': 'MsSense.exe'},
    {'url': 'nw-dc-01.corp.northwind.example', 'ip': '10.10.0.11', 'port': 389, 'by': 'lsass.exe'},
    {'url': 'nw-sql-01.corp.northwind.example', 'ip': '10.10.0.16', 'port': 1433, 'by': 'w3wp.exe'},
    {'url': 'nw-bkp-01.corp.northwind.example', 'ip': '10.10.0.20', 'port': 9392, 'by': 'agent.exe'}]"""  # noqa: E501 - one target a line

STREAMS = (
    Stream(
        "DeviceProcessEvents",
        {
            **_DEVICE,
            **_SYSTEM,
            "ActionType": "'ProcessCreated'",
            "AccountDomain": "'nt authority'",
            "AccountName": "'system'",
            "AccountSid": "'S-1-5-18'",
            "FileName": "c.file",
            "FolderPath": "'C:\\Windows\\System32\\' || c.file",
            "ProcessCommandLine": "c.line",
            "ProcessId": "2000 + n(i, 'pid', 20000)",
            "ProcessCreationTime": "t",
            "ProcessIntegrityLevel": "'System'",
            "ProcessTokenElevation": "'TokenElevationTypeDefault'",
            "InitiatingProcessFileName": "c.parent",
            "InitiatingProcessCommandLine": "c.parent",
            "SHA256": "sha256(c.file)",
            "SHA1": "sha1(c.file)",
            "MD5": "md5(c.file)",
            "InitiatingProcessSHA256": "sha256(c.parent)",
        },
        name="servers",
        rows=7_000,
        rhythm="servers",
        machines=_SERVERS,
        given={"c": f"pick(i, 'service', {_SERVICES})"},
        billed_bytes=(1500, 2500),
    ),
    Stream(
        "DeviceNetworkEvents",
        {
            **_DEVICE,
            **_SYSTEM,
            "ActionType": "'ConnectionSuccess'",
            "InitiatingProcessFileName": "c.by",
            "InitiatingProcessCommandLine": "c.by",
            "LocalIP": "m.ip",
            "LocalIPType": "'Private'",
            "LocalPort": "49152 + n(i, 'port', 16000)",
            "Protocol": "'Tcp'",
            "RemoteIP": "c.ip",
            "RemoteIPType": "CASE WHEN c.ip LIKE '10.%' THEN 'Private' ELSE 'Public' END",
            "RemotePort": "c.port",
            "RemoteUrl": "c.url",
        },
        name="servers",
        rows=8_000,
        rhythm="servers",
        machines=_SERVERS,
        given={"c": f"pick(i, 'target', {_TARGETS})"},
        billed_bytes=(1200, 1900),
    ),
    Stream(
        "DeviceLogonEvents",
        {
            **_DEVICE,
            "ActionType": "'LogonSuccess'",
            "AccountDomain": f"lower('{NETBIOS}')",
            "AccountName": "p.sam",
            "AccountSid": "p.sid",
            "LogonType": "'Network'",
            "IsLocalAdmin": "p.department = 'IT'",
            "Protocol": "pick(i, 'protocol', ['Kerberos', 'Kerberos', 'NTLM'])",
            "RemoteIP": "w.ip",
            "RemoteIPType": "'Private'",
            "RemoteDeviceName": "p.host",
            "InitiatingProcessFileName": "'lsass.exe'",
            "InitiatingProcessAccountName": "'system'",
        },
        name="servers",
        rows=7_000,
        people=True,
        machines=("files", "server"),
        billed_bytes=(900, 1400),
    ),
)
