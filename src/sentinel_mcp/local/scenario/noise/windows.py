"""Ordinary events of Windows machines."""

from __future__ import annotations

from sentinel_mcp.local.scenario.names import NETBIOS
from sentinel_mcp.local.scenario.noise.stream import Stream

_SERVERS = ("controller", "files", "database", "server")

_COMMON = {
    "Channel": "'Security'",
    "Computer": "m.fqdn",
    "EventSourceName": "'Microsoft-Windows-Security-Auditing'",
    "Level": "'8'",
    "EventLevelName": "'LogAlways'",
    "SourceComputerId": "m.agent_id",
    "EventRecordId": "(4000000 + i)::VARCHAR",
    "_ResourceId": "m.resource_id",
}

_ACTIVITIES = {
    4624: "An account was successfully logged on.",
    4625: "An account failed to log on.",
    4634: "An account was logged off.",
    4672: "Special privileges assigned to new logon.",
    4688: "A new process has been created.",
    4768: "A Kerberos authentication ticket (TGT) was requested.",
    4769: "A Kerberos service ticket was requested.",
    4776: "The domain controller attempted to validate the credentials for an account.",
    5140: "A network share object was accessed.",
    5145: "A network share object was checked to see whether client can be granted desired access.",
}


def activity(event_id: int) -> str:
    """Return an event as SecurityEvent's Activity calls it."""
    return f"{event_id} - {_ACTIVITIES[event_id]}"


def _activity_sql(*event_ids: int) -> str:
    cases = " ".join(f"WHEN {each} THEN '{activity(each)}'" for each in event_ids)
    return f"CASE event {cases} END"


_PROCESSES = r"""[
    {'path': 'C:\Windows\System32\svchost.exe', 'line': 'C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule', 'parent': 'C:\Windows\System32\services.exe'},
    {'path': 'C:\Windows\System32\taskhostw.exe', 'line': 'taskhostw.exe KEYROAMING', 'parent': 'C:\Windows\System32\svchost.exe'},
    {'path': 'C:\Windows\System32\conhost.exe', 'line': '\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1', 'parent': 'C:\Windows\System32\cmd.exe'},
    {'path': 'C:\Windows\System32\wbem\WmiPrvSE.exe', 'line': 'C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding', 'parent': 'C:\Windows\System32\svchost.exe'},
    {'path': 'C:\Program Files\Microsoft Monitoring Agent\Agent\MonitoringHost.exe', 'line': 'MonitoringHost.exe -Embedding', 'parent': 'C:\Program Files\Microsoft Monitoring Agent\Agent\HealthService.exe'},
    {'path': 'C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe', 'line': 'powershell.exe -NoProfile -File C:\Ops\Inventory.ps1', 'parent': 'C:\Windows\System32\svchost.exe'},
    {'path': 'C:\Windows\System32\sc.exe', 'line': 'sc query wuauserv', 'parent': 'C:\Windows\System32\cmd.exe'}]"""  # noqa: E501 - command lines are long

_SERVICES = """[
    {'id': 7036, 'text': 'The Windows Update service entered the running state.'},
    {'id': 7036, 'text': 'The Windows Update service entered the stopped state.'},
    {'id': 7036, 'text': 'The Background Intelligent Transfer Service service entered the running state.'},
    {'id': 7040, 'text': 'The start type of the Background Intelligent Transfer Service service was changed from auto start to demand start.'},
    {'id': 7031, 'text': 'The Print Spooler service terminated unexpectedly. It has done this 1 time(s).'},
    {'id': 7045, 'text': 'A service was installed in the system.'}]"""  # noqa: E501 - as Windows writes it

_INSTALLED = r"""[
    {'name': 'Microsoft Edge Update Service (edgeupdate)', 'path': 'C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe /svc'},
    {'name': 'Microsoft Defender Core Service', 'path': 'C:\ProgramData\Microsoft\Windows Defender\Platform\MpDefenderCoreService.exe'},
    {'name': 'Northwind Print Connector', 'path': 'C:\Program Files\Northwind\PrintConnector\svc.exe'}]"""  # noqa: E501 - paths are long

_XML = '<DataItem type="System.XmlData"><EventData xmlns="http://schemas.microsoft.com/win/2004/08/events/event">'

_ACCOUNT = f"concat('{NETBIOS}\\', p.sam)"

STREAMS = (
    Stream(
        "SecurityEvent",
        {
            **_COMMON,
            "EventID": "event",
            "Activity": _activity_sql(4624, 4625, 4634, 4672),
            "Task": "CASE event WHEN 4634 THEN 12545 WHEN 4672 THEN 12548 ELSE 12544 END",
            "Account": _ACCOUNT,
            "AccountType": "'User'",
            "TargetAccount": f"CASE WHEN event <> 4672 THEN {_ACCOUNT} ELSE '' END",
            "TargetUserName": "CASE WHEN event <> 4672 THEN p.sam ELSE '' END",
            "TargetDomainName": f"CASE WHEN event <> 4672 THEN '{NETBIOS}' ELSE '' END",
            "TargetUserSid": "p.sid",
            "TargetLogonId": "printf('0x%x', 100000 + i * 7)",
            "SubjectUserName": "CASE WHEN event = 4672 THEN p.sam ELSE '-' END",
            "SubjectDomainName": f"CASE WHEN event = 4672 THEN '{NETBIOS}' ELSE '-' END",
            "SubjectUserSid": "CASE WHEN event = 4672 THEN p.sid ELSE 'S-1-0-0' END",
            "LogonType": "CASE WHEN event <> 4672 THEN kind END",
            "LogonTypeName": (
                "CASE WHEN event = 4672 THEN '' WHEN kind = 3 THEN '3 - Network' "
                "ELSE '10 - RemoteInteractive' END"
            ),
            "IpAddress": "CASE WHEN event IN (4624, 4625) THEN w.ip ELSE '' END",
            "IpPort": "CASE WHEN event IN (4624, 4625) THEN (49152 + n(i, 'port', 16000))::VARCHAR ELSE '' END",  # noqa: E501 - one expression
            "WorkstationName": "CASE WHEN event IN (4624, 4625) THEN upper(p.host) ELSE '' END",
            "AuthenticationPackageName": (
                "CASE WHEN event IN (4624, 4625) THEN pick(i, 'package', "
                "['Kerberos', 'Kerberos', 'Kerberos', 'NTLM']) ELSE '' END"
            ),
            "LogonProcessName": "CASE WHEN event = 4624 THEN 'Kerberos' WHEN event = 4625 THEN 'NtLmSsp' ELSE '' END",  # noqa: E501 - one expression
            "Status": "CASE WHEN event = 4625 THEN '0xc000006d' ELSE '' END",
            "SubStatus": "CASE WHEN event = 4625 THEN '0xc000006a' ELSE '' END",
            "FailureReason": "CASE WHEN event = 4625 THEN '%%2313' ELSE '' END",
            "PrivilegeList": "CASE WHEN event = 4672 THEN 'SeSecurityPrivilege SeBackupPrivilege' ELSE '' END",  # noqa: E501 - one expression
        },
        name="logons",
        rows=46_000,
        rhythm="servers",
        people=True,
        machines=_SERVERS,
        given={
            "event": (
                "CASE WHEN r(i, 'event') < 0.5 THEN 4624 WHEN r(i, 'event') < 0.52 THEN 4625 "
                "WHEN p.department = 'IT' AND r(i, 'event') > 0.6 THEN 4672 ELSE 4634 END"
            ),
            "kind": "CASE WHEN p.department = 'IT' THEN pick(i, 'kind', [3, 3, 10]) ELSE 3 END",
        },
        billed_bytes=(700, 1500),
    ),
    Stream(
        "SecurityEvent",
        {
            **_COMMON,
            "EventID": "4688",
            "Activity": f"'{activity(4688)}'",
            "Task": "13312",
            "Account": f"'{NETBIOS}\\' || upper(m.name) || '$'",
            "AccountType": "'Machine'",
            "SubjectUserName": "upper(m.name) || '$'",
            "SubjectDomainName": f"'{NETBIOS}'",
            "SubjectUserSid": "'S-1-5-18'",
            "SubjectAccount": f"'{NETBIOS}\\' || upper(m.name) || '$'",
            "NewProcessName": "c.path",
            "NewProcessId": "printf('0x%x', 1000 + n(i, 'pid', 9000))",
            "Process": "regexp_extract(c.path, '[^\\\\]+$')",
            "CommandLine": "c.line",
            "ParentProcessName": "c.parent",
            "ProcessId": "printf('0x%x', 600 + n(i, 'parent', 2000))",
            "TokenElevationType": "'%%1936'",
            "MandatoryLabel": "'S-1-16-16384'",
        },
        name="processes",
        rows=18_000,
        rhythm="servers",
        machines=_SERVERS,
        given={"c": f"pick(i, 'process', {_PROCESSES})"},
        billed_bytes=(1000, 1700),
    ),
    Stream(
        "SecurityEvent",
        {
            **_COMMON,
            "EventID": "event",
            "Activity": _activity_sql(4768, 4769, 4776),
            "Task": "CASE event WHEN 4768 THEN 14339 WHEN 4769 THEN 14337 ELSE 14336 END",
            "Account": _ACCOUNT,
            "AccountType": "'User'",
            "TargetUserName": "p.sam",
            "TargetDomainName": f"'{NETBIOS}'",
            "TargetAccount": _ACCOUNT,
            "IpAddress": "CASE WHEN event <> 4776 THEN '::ffff:' || w.ip ELSE '' END",
            "Workstation": "CASE WHEN event = 4776 THEN upper(p.host) ELSE '' END",
            "ServiceName": "CASE event WHEN 4768 THEN 'krbtgt' WHEN 4769 THEN pick(i, 'service', ['NW-FS-01$', 'NW-FS-02$', 'NW-ERP-01$', 'NW-SQL-01$']) ELSE '' END",  # noqa: E501 - one expression
            "Status": "'0x0'",
        },
        name="tickets",
        rows=11_000,
        people=True,
        machines=("controller",),
        given={"event": "pick(i, 'event', [4768, 4769, 4769, 4776])"},
        billed_bytes=(650, 1200),
    ),
    Stream(
        "SecurityEvent",
        {
            **_COMMON,
            "EventID": "event",
            "Activity": _activity_sql(5140, 5145),
            "Task": "CASE event WHEN 5140 THEN 12808 ELSE 12811 END",
            "Account": _ACCOUNT,
            "AccountType": "'User'",
            "SubjectUserName": "p.sam",
            "SubjectDomainName": f"'{NETBIOS}'",
            "SubjectUserSid": "p.sid",
            "SubjectAccount": _ACCOUNT,
            "IpAddress": "w.ip",
            "ShareName": "'\\\\*\\' || lower(replace(p.department, ' ', ''))",
            "ShareLocalPath": "'\\??\\D:\\shares\\' || lower(replace(p.department, ' ', ''))",
            "RelativeTargetName": "CASE WHEN event = 5145 THEN pick(i, 'file', ['plan.xlsx', 'notes.docx', 'archive', 'orders.csv', 'drawings']) ELSE '' END",  # noqa: E501 - one expression
            "AccessMask": "pick(i, 'mask', ['0x1', '0x80', '0x120089', '0x2'])",
            "ObjectType": "'File'",
        },
        name="shares",
        rows=9_000,
        people=True,
        machines=("files",),
        given={"event": "pick(i, 'event', [5140, 5145, 5145])"},
        billed_bytes=(800, 1300),
    ),
    Stream(
        "Event",
        {
            "Computer": "m.fqdn",
            "EventID": "e.id",
            "EventLevel": "CASE WHEN e.id = 7031 THEN 2 ELSE 4 END",
            "EventLevelName": "CASE WHEN e.id = 7031 THEN 'Error' ELSE 'Information' END",
            "EventLog": "'System'",
            "Source": "'Service Control Manager'",
            "UserName": "'N/A'",
            "RenderedDescription": (
                "CASE WHEN e.id = 7045 THEN 'A service was installed in the system. "
                "Service Name: ' || s.name || ' Service File Name: ' || s.path ELSE e.text END"
            ),
            "EventData": (
                f"CASE WHEN e.id = 7045 THEN '{_XML}<Data Name=\"ServiceName\">' || s.name || "
                "'</Data><Data Name=\"ImagePath\">' || s.path || '</Data>"
                '<Data Name="ServiceType">user mode service</Data>'
                '<Data Name="StartType">auto start</Data>'
                "<Data Name=\"AccountName\">LocalSystem</Data></EventData></DataItem>' ELSE '' END"
            ),
            "_ResourceId": "m.resource_id",
        },
        name="services",
        rows=6_000,
        rhythm="servers",
        machines=_SERVERS,
        given={
            "e": (
                f"CASE WHEN r(i, 'rare') < 0.985 THEN pick(i, 'event', {_SERVICES}[1:5]) "
                f"ELSE {_SERVICES}[6] END"
            ),
            "s": f"pick(i, 'installed', {_INSTALLED})",
        },
        billed_bytes=(500, 1100),
    ),
    Stream(
        "Event",
        {
            "Computer": "m.fqdn",
            "EventID": "pick(i, 'event', [1000, 1001, 1033, 16384, 902])",
            "EventLevel": "4",
            "EventLevelName": "'Information'",
            "EventLog": "'Application'",
            "Source": "pick(i, 'event', ['Application Error', 'Windows Error Reporting', 'MsiInstaller', 'Software Protection Platform Service', 'Software Protection Platform Service'])",  # noqa: E501 - one expression
            "RenderedDescription": "'Routine application event.'",
            "UserName": "'N/A'",
            "_ResourceId": "m.resource_id",
        },
        name="applications",
        rows=3_000,
        rhythm="servers",
        machines=_SERVERS,
        billed_bytes=(450, 900),
    ),
)
