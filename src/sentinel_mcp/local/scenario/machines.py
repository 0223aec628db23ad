"""Written events on machines: one function a kind."""

from __future__ import annotations

from typing import Any, Literal
from xml.sax.saxutils import escape

from sentinel_mcp.local.scenario.clock import At
from sentinel_mcp.local.scenario.estate import Host
from sentinel_mcp.local.scenario.model import Row
from sentinel_mcp.local.scenario.names import NETBIOS, guid, md5, sha1, sha256
from sentinel_mcp.local.scenario.people import Person

System = Literal["system"]
Actor = Person | System

LOGON_NAMES = {3: "3 - Network", 10: "10 - RemoteInteractive"}

_TASKS = {4624: 12544, 4625: 12544, 4672: 12548, 4688: 13312, 4697: 12289, 5145: 12811, 1102: 104}
_SUMMARIES = {
    1102: "The audit log was cleared.",
    4624: "An account was successfully logged on.",
    4625: "An account failed to log on.",
    4672: "Special privileges assigned to new logon.",
    4688: "A new process has been created.",
    4697: "A service was installed in the system.",
    4728: "A member was added to a security-enabled global group.",
    5145: "A network share object was checked to see whether client can be granted desired access.",
}


def has_agent(host: Host) -> bool:
    """Whether its Security log is collected; workstations have Defender's sensor only."""
    return host.role != "workstation"


def account(who: Actor, host: Host) -> str:
    """Return an account as Windows names it."""
    return f"{NETBIOS}\\{host.name.upper()}$" if who == "system" else f"{NETBIOS}\\{who.sam}"


def security(at: At, host: Host, event_id: int, who: Actor, **cells: Any) -> Row:
    """Return an event of the Security log. Any: a cell is of its column's type."""
    name = account(who, host)
    return Row(
        "SecurityEvent",
        at,
        {
            "Account": name,
            "AccountType": "Machine" if name.endswith("$") else "User",
            "Activity": f"{event_id} - {_SUMMARIES[event_id]}",
            "Channel": "Security",
            "Computer": host.fqdn,
            "EventID": event_id,
            "EventLevelName": "LogAlways",
            "EventSourceName": "Microsoft-Windows-Security-Auditing",
            "Level": "8",
            "SourceComputerId": host.agent_id,
            "Task": _TASKS.get(event_id, 0),
            "_ResourceId": host.resource_id,
            **cells,
        },
    )


def _subject(who: Actor, host: Host) -> dict[str, str]:
    domain, name = account(who, host).split("\\")
    return {
        "SubjectAccount": f"{domain}\\{name}",
        "SubjectDomainName": domain,
        "SubjectUserName": name,
        "SubjectUserSid": "S-1-5-18" if who == "system" else who.sid,
    }


def logon(
    at: At,
    host: Host,
    who: Person,
    source_ip: str,
    *,
    kind: Literal[3, 10] = 3,
    failed: bool = False,
    source_name: str = "",
    package: str = "NTLM",
) -> list[Row]:
    """Return a logon as Defender has it, and on a server the Security log."""
    event_id = 4625 if failed else 4624
    found: list[Row] = []
    if has_agent(host):
        found.append(
            security(
                at,
                host,
                event_id,
                who,
                TargetAccount=account(who, host),
                TargetUserName=who.sam,
                TargetDomainName=NETBIOS,
                TargetUserSid=who.sid,
                LogonType=kind,
                LogonTypeName=LOGON_NAMES[kind],
                IpAddress=source_ip,
                IpPort="50211",
                WorkstationName=source_name.upper(),
                AuthenticationPackageName=package,
                LogonProcessName="NtLmSsp" if package == "NTLM" else "User32",
                Status="0xc000006d" if failed else "",
                SubStatus="0xc000006a" if failed else "",
            )
        )
    found.append(
        Row(
            "DeviceLogonEvents",
            at,
            {
                **_device(host, at),
                "ActionType": "LogonFailed" if failed else "LogonSuccess",
                "AccountDomain": NETBIOS.lower(),
                "AccountName": who.sam,
                "AccountSid": who.sid,
                "LogonType": "RemoteInteractive" if kind == 10 else "Network",
                "IsLocalAdmin": not failed,
                "FailureReason": "InvalidUserNameOrPassword" if failed else "",
                "Protocol": package,
                "RemoteIP": source_ip,
                "RemoteIPType": "Private",
                "RemoteDeviceName": source_name,
            },
        )
    )
    return found


def process(
    at: At,
    host: Host,
    who: Actor,
    file: str,
    folder: str,
    command: str,
    *,
    parent: str = "cmd.exe",
    parent_command: str = "cmd.exe",
    parent_folder: str = r"C:\Windows\System32",
    pid: int = 7000,
) -> list[Row]:
    """Return a started process as Defender has it, and on a server the Security log."""
    name = account(who, host).split("\\")[1].lower()
    found: list[Row] = []
    if has_agent(host):
        found.append(
            security(
                at,
                host,
                4688,
                who,
                **_subject(who, host),
                NewProcessName=f"{folder}\\{file}",
                NewProcessId=hex(pid),
                Process=file,
                CommandLine=command,
                ParentProcessName=f"{parent_folder}\\{parent}",
                TokenElevationType="%%1937",
                MandatoryLabel="S-1-16-12288",
            )
        )
    found.append(
        Row(
            "DeviceProcessEvents",
            at,
            {
                **_device(host, at),
                "ActionType": "ProcessCreated",
                "AccountDomain": NETBIOS.lower(),
                "AccountName": "system" if who == "system" else name,
                "AccountSid": "S-1-5-18" if who == "system" else who.sid,
                "AccountUpn": "" if who == "system" else who.upn,
                "FileName": file,
                "FolderPath": f"{folder}\\{file}",
                "ProcessCommandLine": command,
                "ProcessId": pid,
                "ProcessIntegrityLevel": "System" if who == "system" else "High",
                "ProcessTokenElevation": "TokenElevationTypeFull",
                "SHA256": sha256(file),
                "SHA1": sha1(file),
                "MD5": md5(file),
                **_initiator(who, parent, parent_folder, parent_command),
            },
        )
    )
    return found


def file_written(
    at: At, host: Host, who: Actor, file: str, folder: str, size_bytes: int, *, by: str
) -> Row:
    """Return a file that a program made."""
    return Row(
        "DeviceFileEvents",
        at,
        {
            **_device(host, at),
            "ActionType": "FileCreated",
            "FileName": file,
            "FolderPath": f"{folder}\\{file}",
            "FileSize": size_bytes,
            "SHA256": sha256(file),
            "SHA1": sha1(file),
            **_initiator(who, by, folder, by),
        },
    )


def service_installed(at: At, host: Host, who: Person, service: str, path: str) -> list[Row]:
    """Return a new service as the Security log (4697) and the System log (7045) have it."""
    data = {
        "ServiceName": service,
        "ImagePath": path,
        "ServiceType": "user mode service",
        "StartType": "demand start",
        "AccountName": "LocalSystem",
    }
    fields = "".join(f'<Data Name="{key}">{escape(value)}</Data>' for key, value in data.items())
    return [
        security(
            at,
            host,
            4697,
            who,
            **_subject(who, host),
            ServiceName=service,
            ServiceFileName=path,
            ServiceType="0x10",
            ServiceStartType=3,
            ServiceAccount="LocalSystem",
        ),
        Row(
            "Event",
            at,
            {
                "Computer": host.fqdn,
                "EventID": 7045,
                "EventLevel": 4,
                "EventLevelName": "Information",
                "EventLog": "System",
                "Source": "Service Control Manager",
                "UserName": account(who, host),
                "RenderedDescription": (
                    f"A service was installed in the system. Service Name: {service} "
                    f"Service File Name: {path} Service Type: user mode service "
                    "Service Start Type: demand start Service Account: LocalSystem"
                ),
                "EventData": (
                    '<DataItem type="System.XmlData"><EventData xmlns="http://schemas.microsoft.com'
                    f'/win/2004/08/events/event">{fields}</EventData></DataItem>'
                ),
                "_ResourceId": host.resource_id,
            },
        ),
    ]


def share_opened(at: At, host: Host, who: Person, source_ip: str, share: str, path: str) -> Row:
    """Return access to a file on a share."""
    return security(
        at,
        host,
        5145,
        who,
        **_subject(who, host),
        IpAddress=source_ip,
        IpPort="50214",
        ShareName=f"\\\\*\\{share}",
        RelativeTargetName=path,
        AccessMask="0x2",
        ObjectType="File",
    )


def connection(
    at: At, host: Host, who: Actor, program: str, remote_ip: str, port: int, *, url: str = ""
) -> Row:
    """Return an outgoing connection as Defender has it."""
    return Row(
        "DeviceNetworkEvents",
        at,
        {
            **_device(host, at),
            "ActionType": "ConnectionSuccess",
            "LocalIP": host.ip,
            "LocalIPType": "Private",
            "LocalPort": 50311,
            "Protocol": "Tcp",
            "RemoteIP": remote_ip,
            "RemoteIPType": "Private" if remote_ip.startswith("10.") else "Public",
            "RemotePort": port,
            "RemoteUrl": url,
            **_initiator(who, program, r"C:\Windows\Temp", program),
        },
    )


def device_event(at: At, host: Host, who: Actor, action: str, **cells: Any) -> Row:
    """Return another event of Defender's sensor. Any: a cell is of its column's type."""
    return Row("DeviceEvents", at, {**_device(host, at), "ActionType": action, **cells})


def _device(host: Host, at: At) -> dict[str, Any]:
    return {
        "DeviceId": host.device_id,
        "DeviceName": host.fqdn,
        "MachineGroup": "Workstations" if host.role == "workstation" else "Servers",
        "ReportId": int(guid("report", host.name, str(at))[:7], 16),
    }


def _initiator(who: Actor, file: str, folder: str, command: str) -> dict[str, Any]:
    return {
        "InitiatingProcessFileName": file,
        "InitiatingProcessFolderPath": f"{folder}\\{file}",
        "InitiatingProcessCommandLine": command,
        "InitiatingProcessSHA256": sha256(file),
        "InitiatingProcessSHA1": sha1(file),
        "InitiatingProcessAccountDomain": NETBIOS.lower(),
        "InitiatingProcessAccountName": "system" if who == "system" else who.sam,
        "InitiatingProcessAccountUpn": "" if who == "system" else who.upn,
        "InitiatingProcessId": 4100,
    }
