"""Ordinary events of Defender's sensor on workstations and servers."""

from __future__ import annotations

from sentinel_mcp.local.scenario.names import NETBIOS
from sentinel_mcp.local.scenario.noise.stream import Stream

_DEVICE = {
    "DeviceId": "w.device_id",
    "DeviceName": "w.fqdn",
    "ReportId": "i",
    "MachineGroup": "'Workstations'",
}

_PROGRAMS = r"""[
    {'file': 'msedge.exe', 'folder': 'C:\Program Files (x86)\Microsoft\Edge\Application', 'line': '"msedge.exe" --type=renderer --lang=en-GB', 'parent': 'msedge.exe', 'company': 'Microsoft Corporation'},
    {'file': 'msedge.exe', 'folder': 'C:\Program Files (x86)\Microsoft\Edge\Application', 'line': '"msedge.exe" --profile-directory=Default', 'parent': 'explorer.exe', 'company': 'Microsoft Corporation'},
    {'file': 'OUTLOOK.EXE', 'folder': 'C:\Program Files\Microsoft Office\root\Office16', 'line': '"OUTLOOK.EXE"', 'parent': 'explorer.exe', 'company': 'Microsoft Corporation'},
    {'file': 'EXCEL.EXE', 'folder': 'C:\Program Files\Microsoft Office\root\Office16', 'line': '"EXCEL.EXE" "C:\Users\Public\Documents\plan.xlsx"', 'parent': 'explorer.exe', 'company': 'Microsoft Corporation'},
    {'file': 'ms-teams.exe', 'folder': 'C:\Program Files\WindowsApps\MSTeams', 'line': '"ms-teams.exe" msteams:system-initiated', 'parent': 'explorer.exe', 'company': 'Microsoft Corporation'},
    {'file': 'svchost.exe', 'folder': 'C:\Windows\System32', 'line': 'svchost.exe -k UnistackSvcGroup', 'parent': 'services.exe', 'company': 'Microsoft Corporation'},
    {'file': 'backgroundTaskHost.exe', 'folder': 'C:\Windows\System32', 'line': 'backgroundTaskHost.exe -ServerName:App', 'parent': 'svchost.exe', 'company': 'Microsoft Corporation'},
    {'file': 'RuntimeBroker.exe', 'folder': 'C:\Windows\System32', 'line': 'RuntimeBroker.exe -Embedding', 'parent': 'svchost.exe', 'company': 'Microsoft Corporation'},
    {'file': 'powershell.exe', 'folder': 'C:\Windows\System32\WindowsPowerShell\v1.0', 'line': 'powershell.exe -ExecutionPolicy Bypass -File \\nw-mgt-01\netlogon\mapdrives.ps1', 'parent': 'gpscript.exe', 'company': 'Microsoft Corporation'},
    {'file': 'NorthwindErp.exe', 'folder': 'C:\Program Files\Northwind\ERP', 'line': '"NorthwindErp.exe" /session', 'parent': 'explorer.exe', 'company': 'Northwind Instruments'},
    {'file': 'Acrobat.exe', 'folder': 'C:\Program Files\Adobe\Acrobat DC\Acrobat', 'line': '"Acrobat.exe" "C:\Users\Public\Downloads\invoice.pdf"', 'parent': 'msedge.exe', 'company': 'Adobe Inc.'}]"""  # noqa: E501 - command lines are long

_SITES = """[
    {'url': 'outlook.office.example', 'ip': '198.51.100.101', 'port': 443},
    {'url': 'teams.office.example', 'ip': '198.51.100.102', 'port': 443},
    {'url': 'sharepoint.office.example', 'ip': '198.51.100.103', 'port': 443},
    {'url': 'login.identity.example', 'ip': '198.51.100.104', 'port': 443},
    {'url': 'update.vendor.example', 'ip': '198.51.100.120', 'port': 443},
    {'url': 'cdn.news.example', 'ip': '192.0.2.180', 'port': 443},
    {'url': 'maps.travel.example', 'ip': '192.0.2.181', 'port': 443},
    {'url': 'telemetry.vendor.example', 'ip': '198.51.100.121', 'port': 443},
    {'url': 'shop.supplies.example', 'ip': '192.0.2.190', 'port': 443},
    {'url': 'nw-fs-01.corp.northwind.example', 'ip': '10.10.0.13', 'port': 445},
    {'url': 'nw-dc-01.corp.northwind.example', 'ip': '10.10.0.11', 'port': 389},
    {'url': 'nw-erp-01.corp.northwind.example', 'ip': '10.10.0.33', 'port': 8443}]"""

_CLIENTS = """['msedge.exe', 'msedge.exe', 'OUTLOOK.EXE', 'ms-teams.exe', 'svchost.exe',
    'NorthwindErp.exe']"""
_KINDS = "['Interactive', 'CachedInteractive', 'Unlock', 'Network']"
_NAMES = "['report', 'orders', 'quote', 'drawing', 'minutes', 'budget']"
_ENDINGS = "['.docx', '.xlsx', '.pdf', '.tmp']"
_EDITORS = "['EXCEL.EXE', 'WINWORD.EXE', 'OneDrive.exe', 'explorer.exe']"

_INITIATOR = {
    "InitiatingProcessAccountDomain": f"lower('{NETBIOS}')",
    "InitiatingProcessAccountName": "p.sam",
    "InitiatingProcessAccountSid": "p.sid",
    "InitiatingProcessAccountUpn": "p.upn",
    "InitiatingProcessAccountObjectId": "p.id",
    "InitiatingProcessId": "1200 + n(i, 'initiator', 9000)",
    "InitiatingProcessCreationTime": "t - to_seconds(60 + n(i, 'age', 20000))",
    "InitiatingProcessIntegrityLevel": "'Medium'",
    "InitiatingProcessTokenElevation": "'TokenElevationTypeLimited'",
}

STREAMS = (
    Stream(
        "DeviceProcessEvents",
        {
            **_DEVICE,
            **_INITIATOR,
            "ActionType": "'ProcessCreated'",
            "AccountDomain": f"lower('{NETBIOS}')",
            "AccountName": "p.sam",
            "AccountSid": "p.sid",
            "AccountUpn": "p.upn",
            "AccountObjectId": "p.id",
            "FileName": "c.file",
            "FolderPath": "c.folder || '\\' || c.file",
            "FileSize": "200000 + n(c.file, 'size', 4000000)",
            "ProcessCommandLine": "c.line",
            "ProcessId": "2000 + n(i, 'pid', 20000)",
            "ProcessCreationTime": "t",
            "ProcessIntegrityLevel": "'Medium'",
            "ProcessTokenElevation": "'TokenElevationTypeLimited'",
            "ProcessVersionInfoCompanyName": "c.company",
            "ProcessVersionInfoOriginalFileName": "c.file",
            "InitiatingProcessFileName": "c.parent",
            "InitiatingProcessCommandLine": "'\"' || c.parent || '\"'",
            "InitiatingProcessFolderPath": "'c:\\windows\\' || lower(c.parent)",
            "InitiatingProcessParentFileName": "pick(i, 'grandparent', ['userinit.exe', 'services.exe', 'explorer.exe'])",  # noqa: E501 - one expression
            "LogonId": "100000 + p.number * 977",
            "SHA256": "sha256(c.file)",
            "SHA1": "sha1(c.file)",
            "MD5": "md5(c.file)",
            "InitiatingProcessSHA256": "sha256(c.parent)",
            "InitiatingProcessSHA1": "sha1(c.parent)",
        },
        rows=30_000,
        people=True,
        given={"c": f"pick(i, 'program', {_PROGRAMS})"},
        billed_bytes=(1800, 3000),
    ),
    Stream(
        "DeviceNetworkEvents",
        {
            **_DEVICE,
            **_INITIATOR,
            "ActionType": "pick(i, 'action', ['ConnectionSuccess', 'ConnectionSuccess', 'ConnectionSuccess', 'ConnectionFailed'])",  # noqa: E501 - one expression
            "InitiatingProcessFileName": "client",
            "InitiatingProcessCommandLine": "'\"' || client || '\"'",
            "InitiatingProcessSHA256": "sha256(client)",
            "LocalIP": "w.ip",
            "LocalIPType": "'Private'",
            "LocalPort": "49152 + n(i, 'port', 16000)",
            "Protocol": "'Tcp'",
            "RemoteIP": "c.ip",
            "RemoteIPType": "CASE WHEN c.ip LIKE '10.%' THEN 'Private' ELSE 'Public' END",
            "RemotePort": "c.port",
            "RemoteUrl": "c.url",
        },
        rows=34_000,
        people=True,
        given={"c": f"pick(i, 'site', {_SITES})", "client": f"pick(i, 'client', {_CLIENTS})"},
        billed_bytes=(1300, 2100),
    ),
    Stream(
        "DeviceLogonEvents",
        {
            **_DEVICE,
            "ActionType": "CASE WHEN failed THEN 'LogonFailed' ELSE 'LogonSuccess' END",
            "AccountDomain": f"lower('{NETBIOS}')",
            "AccountName": "p.sam",
            "AccountSid": "p.sid",
            "LogonType": f"pick(i, 'kind', {_KINDS})",
            "IsLocalAdmin": "false",
            "LogonId": "100000 + p.number * 977",
            "FailureReason": "CASE WHEN failed THEN 'InvalidUserNameOrPassword' ELSE '' END",
            "Protocol": "pick(i, 'protocol', ['Kerberos', 'Negotiate'])",
            "InitiatingProcessFileName": "'lsass.exe'",
            "InitiatingProcessCommandLine": "'lsass.exe'",
            "InitiatingProcessAccountName": "'system'",
        },
        rows=8_000,
        people=True,
        given={"failed": "r(i, 'failed') < 0.03"},
        billed_bytes=(900, 1500),
    ),
    Stream(
        "DeviceFileEvents",
        {
            **_DEVICE,
            **_INITIATOR,
            "ActionType": "pick(i, 'action', ['FileCreated', 'FileModified', 'FileRenamed', 'FileDeleted'])",  # noqa: E501 - one expression
            "FileName": "file",
            "FolderPath": "'C:\\Users\\' || p.sam || '\\Documents\\' || file",
            "FileSize": "2000 + n(i, 'size', 900000)",
            "InitiatingProcessFileName": "client",
            "InitiatingProcessCommandLine": "'\"' || client || '\"'",
            "SHA256": "sha256(concat(file, p.sam))",
            "SHA1": "sha1(concat(file, p.sam))",
        },
        rows=9_000,
        people=True,
        given={
            "file": (
                f"pick(i, 'name', {_NAMES}) || '-' || n(i, 'version', 40)::VARCHAR || "
                f"pick(i, 'kind', {_ENDINGS})"
            ),
            "client": f"pick(i, 'client', {_EDITORS})",
        },
        billed_bytes=(1100, 1800),
    ),
    Stream(
        "DeviceEvents",
        {
            **_DEVICE,
            "InitiatingProcessAccountName": "p.sam",
            "ActionType": "pick(i, 'action', ['AntivirusScanCompleted', 'PowerShellCommand', 'UsbDriveMounted', 'ScheduledTaskUpdated', 'SmartScreenUrlWarning'])",  # noqa: E501 - one expression
            "InitiatingProcessFileName": (
                "pick(i, 'client', ['svchost.exe', 'MsMpEng.exe', 'explorer.exe'])"
            ),
            "AdditionalFields": "json_object('Source', 'Sensor')",
        },
        rows=4_000,
        people=True,
        billed_bytes=(900, 1500),
    ),
    Stream(
        "DeviceInfo",
        {
            "DeviceId": "m.device_id",
            "DeviceName": "m.fqdn",
            "ReportId": "i",
            "ClientVersion": "'10.8760.19041.1'",
            "DeviceCategory": "'Endpoint'",
            "DeviceType": "CASE WHEN m.role = 'workstation' THEN 'Workstation' ELSE 'Server' END",
            "JoinType": "CASE WHEN m.role = 'linux' THEN '' ELSE 'Hybrid Azure AD Join' END",
            "IsAzureADJoined": "m.role <> 'linux'",
            "OnboardingStatus": "'Onboarded'",
            "OSPlatform": "CASE m.role WHEN 'linux' THEN 'Linux' WHEN 'workstation' THEN 'Windows11' ELSE 'WindowsServer2022' END",  # noqa: E501 - one expression
            "OSArchitecture": "'64-bit'",
            "PublicIP": "'198.51.100.10'",
            "SensorHealthState": "'Active'",
            "ExposureLevel": "pick(m.number, 'exposure', ['Low', 'Low', 'Medium'])",
            "LoggedOnUsers": "CASE WHEN m.role = 'workstation' THEN json_array(json_object('UserName', (SELECT q.sam FROM person q WHERE q.number = m.owner), 'DomainName', 'NORTHWIND')) ELSE json_array() END",  # noqa: E501 - one expression
        },
        where="NOT (m.name = '{silent}' AND t > {now} - to_minutes({silent_min}))",
        source=(
            "(SELECT m.number * 14 + back AS i, {now} - INTERVAL (back) DAY - INTERVAL 5 HOUR "
            "+ to_seconds(m.number) AS t, m FROM machine m, range(14) days(back))"
        ),
        billed_bytes=(900, 1300),
    ),
)
