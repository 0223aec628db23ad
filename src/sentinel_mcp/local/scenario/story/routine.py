"""The everyday queue: small incidents, each with the events that it is about."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from sentinel_mcp.local.scenario import names
from sentinel_mcp.local.scenario.clock import At
from sentinel_mcp.local.scenario.estate import host
from sentinel_mcp.local.scenario.events import (
    account_target,
    audit,
    azure,
    mail_received,
    office,
    sign_in,
)
from sentinel_mcp.local.scenario.machines import (
    connection,
    device_event,
    file_written,
    logon,
    process,
    security,
)
from sentinel_mcp.local.scenario.model import (
    Alert,
    Entity,
    Episode,
    File,
    Ip,
    Mail,
    Product,
    Row,
    Severity,
    Url,
)
from sentinel_mcp.local.scenario.names import DOMAIN, guid, sha256
from sentinel_mcp.local.scenario.people import Person, person
from sentinel_mcp.local.scenario.traffic import syslog

Make = Callable[[str, At, Person], Episode]

DOWNLOADS = r"C:\Users\Public\Downloads"


def _one(
    key: str,
    at: At,
    title: str,
    text: str,
    severity: Severity,
    tactics: Sequence[str],
    techniques: Sequence[str],
    entities: Sequence[Entity],
    rows: Sequence[Row],
    *,
    rule: str | None = None,
    product: Product = "Azure Sentinel",
    lasts_min: float = 0,
) -> Episode:
    """Return an incident of a single alert."""
    alert = Alert(
        key, title, text, severity, at, at.later(minutes=lasts_min), tactics, techniques, entities,
        rule, product,
    )  # fmt: skip
    return Episode(key, title, text, severity, [alert], rows)


def guessed_password(key: str, at: At, who: Person) -> Episode:
    """Return one account that failed to sign in again and again."""
    ip = f"192.0.2.{210 + len(key) % 30}"
    rows = [
        sign_in(at.later(seconds=25 * number), who, ip, code="50126", country="BR", asn="64506",
                app="Azure Portal", multifactor=False)
        for number in range(18)
    ]  # fmt: skip
    return _one(
        key, at, f"Repeated failed sign-ins of {who.upn}",
        "An account failed to sign in more than ten times in ten minutes.",
        "Low", ("CredentialAccess",), ("T1110",), (who, Ip(ip)), rows,
        rule="failed-signins", lasts_min=8,
    )  # fmt: skip


def malware_stopped(key: str, at: At, who: Person) -> Episode:
    """Return a file that Defender removed before it ran."""
    machine, file = host(who.host), f"invoice_{len(key)}{who.number}.pdf.exe"
    rows = [
        file_written(at, machine, who, file, DOWNLOADS, 302_080, by="msedge.exe"),
        device_event(
            at.later(seconds=3), machine, who, "AntivirusDetection", FileName=file,
            FolderPath=DOWNLOADS, SHA256=sha256(file),
            AdditionalFields={
                "ThreatName": "Trojan:Win32/Example.A", "WasRemediated": True,
                "WasExecutingWhileDetected": False,
            },
        ),
    ]  # fmt: skip
    return _one(
        key, at, "Malware was detected and removed",
        "Defender removed a file before it could run.", "Informational",
        ("Execution",), ("T1204",), (machine, who, File(file, DOWNLOADS)), rows,
        product="Microsoft Defender Advanced Threat Protection",
    )  # fmt: skip


def phish_reported(key: str, at: At, who: Person) -> Episode:
    """Return a mail that a user reported; nobody clicked."""
    mail = Mail(
        guid("reported", key), who, f"post{len(key)}@parcel-tracking.example", "192.0.2.197",
        "Your parcel could not be delivered", "https://parcel-tracking.example/r/118", at,
    )  # fmt: skip
    return _one(
        key, at, "Email reported by user as malware or phish",
        "A user reported a message with the report button.", "Low",
        ("InitialAccess",), ("T1566",), (who, mail, Url(mail.url)), mail_received(mail),
        product="Office 365 Advanced Threat Protection",
    )  # fmt: skip


def ssh_guessing(key: str, at: At, who: Person) -> Episode:
    """Return somebody on the internet who guesses passwords of a Linux machine."""
    target, ip = host("nw-lnx-03"), f"192.0.2.{150 + len(key) % 20}"
    users = ("root", "admin", "oracle", "ubuntu", "test")
    rows = [
        syslog(
            at.later(seconds=3 * number), target, "sshd",
            f"Failed password for invalid user {users[number % 5]} from {ip} port 4{number:03} "
            "ssh2",
        )
        for number in range(60)
    ]  # fmt: skip
    return _one(
        key, at, "SSH password guessing",
        "One address failed to log on over SSH more than fifty times in ten minutes.", "Low",
        ("CredentialAccess",), ("T1110",), (target, Ip(ip)), rows, rule="ssh-guessing", lasts_min=4,
    )  # fmt: skip


def many_downloads(key: str, at: At, who: Person) -> Episode:
    """Return somebody who takes many files before changing departments."""
    site = f"https://sharepoint.{DOMAIN}/sites/engineering"
    rows = [
        office(
            at.later(seconds=6 * number), "FileDownloaded", who, who.home_ip, workload="SharePoint",
            kind="SharePointFileOperation", SourceFileName=f"Drawing-{200 + number}.pdf",
            SourceFileExtension="pdf", Site_Url=site, SourceRelativeUrl="Shared Documents",
            OfficeObjectId=f"{site}/Drawing-{200 + number}.pdf",
        )
        for number in range(140)
    ]  # fmt: skip
    return _one(
        key, at, f"Mass download by {who.upn}",
        "A user downloaded more than a hundred files in half an hour.", "Medium",
        ("Collection", "Exfiltration"), ("T1213", "T1567"), (who, Ip(who.home_ip)), rows,
        rule="mass-download", lasts_min=14,
    )  # fmt: skip


def group_joined(key: str, at: At, who: Person) -> Episode:
    """Return somebody who was put in a privileged group."""
    controller, admin = host("nw-dc-01"), person("hana.kovacs")
    rows = [
        security(
            at, controller, 4728, admin, SubjectUserName=admin.sam, SubjectUserSid=admin.sid,
            TargetUserName="Server Operators", MemberName=f"CN={who.name},OU=Users",
            MemberSid=who.sid, TargetAccount="NORTHWIND\\Server Operators",
        )
    ]  # fmt: skip
    return _one(
        key, at, "User added to a privileged group",
        "A member was added to a group with administrative rights.", "Medium",
        ("Persistence", "PrivilegeEscalation"), ("T1098",), (admin, who, controller), rows,
        rule="privileged-group",
    )  # fmt: skip


def log_cleared(key: str, at: At, who: Person) -> Episode:
    """Return a Security log that was cleared when a server was set up anew."""
    machine, admin = host("nw-app-04"), person("hana.kovacs")
    rows = [security(at, machine, 1102, admin, SubjectUserName=admin.sam)]
    return _one(
        key, at, "Security log was cleared", "The Security log of a server was cleared.", "Medium",
        ("DefenseEvasion",), ("T1070",), (machine, admin), rows, rule="log-cleared",
    )  # fmt: skip


def known_bad_address(key: str, at: At, who: Person) -> Episode:
    """Return a connection to an address on a feed, which turned out to be shared hosting."""
    machine, ip = host(who.host), names.SUSPECT_IP
    rows = [connection(at, machine, who, "msedge.exe", ip, 443, url=names.SUSPECT_HOST)]
    return _one(
        key, at, "Connection to an address on a threat feed",
        "A machine talked to an address for which there is an active indicator.", "Low",
        ("CommandAndControl",), ("T1071",), (machine, who, Ip(ip)), rows, rule="ti-match",
    )  # fmt: skip


def new_owner(key: str, at: At, who: Person) -> Episode:
    """Return a role assignment in the subscription."""
    admin = person("adm-hkovacs")
    rows = [
        azure(
            at, "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE", "Create role assignment", admin,
            "198.51.100.20", group="rg-northwind-web",
            resource="Microsoft.Authorization/roleAssignments/51c0aa17",
        ),
        audit(
            at.later(minutes=-3), "Add member to role", admin, "198.51.100.20",
            category="RoleManagement", targets=[account_target(who)],
        ),
        audit(
            at.later(hours=7), "Remove member from role", admin, "198.51.100.20",
            category="RoleManagement", targets=[account_target(who)],
        ),
    ]  # fmt: skip
    return _one(
        key, at, "Owner role assigned in a subscription",
        "Somebody was given the Owner role.", "Medium",
        ("PrivilegeEscalation", "Persistence"), ("T1098",), (admin, who, Ip("198.51.100.20")), rows,
        rule="role-assigned",
    )  # fmt: skip


def odd_powershell(key: str, at: At, who: Person) -> Episode:
    """Return an encoded command, which deploys printers."""
    machine = host(who.host)
    command = "powershell.exe -NoProfile -EncodedCommand QQBkAGQALQBQAHIAaQBuAHQAZQByAA=="
    folder = r"C:\Windows\System32\WindowsPowerShell\v1.0"
    rows = process(at, machine, who, "powershell.exe", folder, command, parent="ccmexec.exe")
    return _one(
        key, at, "Encoded PowerShell command", "PowerShell ran a command that was encoded.", "Low",
        ("Execution", "DefenseEvasion"), ("T1059", "T1027"), (machine, who), rows,
        rule="encoded-powershell",
    )  # fmt: skip


def server_logons(key: str, at: At, who: Person) -> Episode:
    """Return a service with an old password that fails all night."""
    machine, service = host("nw-bkp-01"), person("svc-backup")
    rows: list[Row] = []
    for number in range(28):
        rows += logon(at.later(seconds=20 * number), host("nw-sql-02"), service, machine.ip,
                      failed=True, source_name=machine.name)  # fmt: skip
    return _one(
        key, at, "Many failed logons from one source",
        "One address failed to log on more than twenty times in ten minutes.", "Low",
        ("CredentialAccess",), ("T1110",), (machine, service, Ip(machine.ip)), rows,
        rule="failed-logons", lasts_min=10,
    )  # fmt: skip


def forwarding(key: str, at: At, who: Person) -> Episode:
    """Return mail forwarded to a private address before a holiday."""
    parameters = [{"Name": "ForwardingSmtpAddress", "Value": "smtp:holiday@private.example"}]
    rows = [
        office(
            at, "Set-Mailbox", who, who.home_ip, workload="Exchange", kind="ExchangeAdmin",
            Parameters=json.dumps(parameters), OfficeObjectId=who.upn,
        )
    ]  # fmt: skip
    return _one(
        key, at, "Mail forwarded outside", "A mailbox forwards to an address outside the company.",
        "Low", ("Collection", "Exfiltration"), ("T1114",), (who, Ip(who.home_ip)), rows,
        rule="mail-forwarding",
    )  # fmt: skip


def with_outcome(episode: Episode, **changes: object) -> Episode:
    """Return an incident with what became of it."""
    # replace() checks the names; the types are checked where the queue is written.
    return replace(episode, **changes)  # pyright: ignore[reportArgumentType]
