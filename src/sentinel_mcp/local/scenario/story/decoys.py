"""Look-alikes: what resembles the intrusion and is not, so that whoever looks has to think."""

from __future__ import annotations

from sentinel_mcp.local.scenario.clock import At
from sentinel_mcp.local.scenario.estate import Host, host
from sentinel_mcp.local.scenario.events import audit, office, sign_in, ueba
from sentinel_mcp.local.scenario.machines import logon, process, service_installed, share_opened
from sentinel_mcp.local.scenario.model import Alert, Comment, Episode, Ip, Process, Row, Task
from sentinel_mcp.local.scenario.people import person
from sentinel_mcp.local.scenario.traffic import syslog

CHANGE = At("change")
TRAVEL = At("travel")
CHANGE_NUMBER = "CHG-4471"
HOTEL_IP = "192.0.2.201"

_ADMIN = person("hana.kovacs")
_JUMP = host("nw-jmp-01")
_PATCHED = ("nw-app-01", "nw-app-02", "nw-app-03", "nw-erp-01", "nw-fs-01", "nw-prn-01")
_TRAVELLER = person("marcus.lindqvist")


def change_window() -> Episode:
    """Return the administrator who patches servers with PsExec, as announced."""
    rows: list[Row] = [
        audit(
            CHANGE.later(hours=-30), "Update application", _ADMIN, "198.51.100.20",
            category="ApplicationManagement",
            targets=[
                {
                    "id": "c8a90b16-0c5d-4b2e-9a57-1b2f0c1d7e44",
                    "displayName": f"Maintenance calendar: {CHANGE_NUMBER} agent roll-out, "
                    "servers by PsExec from nw-jmp-01",
                    "type": "Other",
                }
            ],
        ),
        *logon(CHANGE, _JUMP, _ADMIN, host("nw-ws-012").ip, kind=10, package="Negotiate"),
    ]  # fmt: skip
    for number, name in enumerate(_PATCHED):
        rows += _patched(host(name), CHANGE.later(minutes=6 + 9 * number))
    return Episode(
        key="change-window",
        title="PsExec service installed on several servers",
        description="Services as PsExec installs them appeared on six servers within an hour.",
        severity="Medium",
        alerts=[
            _installed(host(name), CHANGE.later(minutes=6 + 9 * number))
            for number, name in enumerate(_PATCHED)
        ],
        rows=rows,
        status="New",
        labels=("Change window?",),
        comments=(
            Comment(
                "jonas.weber", 600,
                f"{CHANGE_NUMBER} names nw-jmp-01 and this night. Not checked yet whether all six "
                "servers are in its scope.",
            ),
        ),
    )  # fmt: skip


def _installed(target: Host, at: At) -> Alert:
    service = Process(target, "PSEXESVC.exe", r"C:\Windows", r"C:\Windows\PSEXESVC.exe", 3980)
    return Alert(
        key=f"change-psexec-{target.name}",
        title="PsExec service installed",
        description="A service as PsExec installs it was installed on a server over the network.",
        severity="Medium",
        first=at,
        last=at.later(seconds=8),
        tactics=("LateralMovement", "Execution"),
        techniques=("T1021", "T1569"),
        entities=(_ADMIN, _JUMP, target, service),
        rule="psexec-service",
    )


def _patched(target: Host, at: At) -> list[Row]:
    command = f"PsExec64.exe \\\\{target.name} -accepteula -s msiexec /i agent-1.33.msi /qn"
    return [
        *process(at, _JUMP, _ADMIN, "PsExec64.exe", r"C:\Ops\Sysinternals", command, pid=5100),
        *logon(at.later(seconds=2), target, _ADMIN, _JUMP.ip, source_name=_JUMP.name,
               package="Kerberos"),
        share_opened(at.later(seconds=3), target, _ADMIN, _JUMP.ip, "ADMIN$", "PSEXESVC.exe"),
        *service_installed(
            at.later(seconds=4), target, _ADMIN, "PSEXESVC", r"%SystemRoot%\PSEXESVC.exe"
        ),
        *process(
            at.later(seconds=6), target, "system", "PSEXESVC.exe", r"C:\Windows",
            r"C:\Windows\PSEXESVC.exe", parent="services.exe", pid=3980,
        ),
        *process(
            at.later(seconds=8), target, "system", "msiexec.exe", r"C:\Windows\System32",
            "msiexec /i agent-1.33.msi /qn", parent="PSEXESVC.exe", pid=3992,
        ),
    ]  # fmt: skip


def traveller() -> Episode:
    """Return the sales director who signs in from a hotel, on the company's own laptop."""
    rows: list[Row] = [
        sign_in(TRAVEL.later(hours=-14), _TRAVELLER, _TRAVELLER.home_ip, managed=True),
        ueba(
            TRAVEL, _TRAVELLER, HOTEL_IP, "Singapore",
            {"FirstTimeUserConnectedFromCountry": "True", "FirstTimeUserConnectedViaISP": "True"},
            4,
        ),
        office(
            TRAVEL.later(hours=-60), "Send", _TRAVELLER, _TRAVELLER.home_ip, workload="Exchange",
            kind="ExchangeItem", Item='{"Subject":"Out of office from Wednesday: Singapore fair"}',
        ),
    ]  # fmt: skip
    apps = ("Office 365 Exchange Online", "Microsoft Teams", "Northwind ERP")
    rows += [
        sign_in(
            TRAVEL.later(minutes=50 * number), _TRAVELLER, HOTEL_IP, app=apps[number % 3],
            country="SG", city="Singapore", asn="64507", managed=True,
            detail="MFA completed in Azure AD", risk="low" if number == 0 else "none",
        )
        for number in range(11)
    ]  # fmt: skip
    return Episode(
        key="traveller",
        title="Atypical travel involving one user",
        description="A user signed in from two places that are too far apart for the time between.",
        severity="Medium",
        alerts=[
            Alert(
                key="atypical-travel",
                title="Atypical travel",
                description=(
                    "Two sign-ins came from places between which one cannot travel in that time."
                ),
                severity="Medium",
                first=TRAVEL.later(hours=-14),
                last=TRAVEL,
                tactics=("InitialAccess",),
                techniques=("T1078",),
                entities=(_TRAVELLER, Ip(HOTEL_IP)),
                product="Azure Active Directory Identity Protection",
                delay_min=35,
            )
        ],
        rows=rows,
        status="Active",
        owner="jonas.weber",
        tasks=(Task("Ask the user", "Is he where the sign-in says?"),),
    )


def scanner() -> Episode:
    """Return the vulnerability scanner that tries passwords, as it does every week."""
    machine, who = host("nw-scan-01"), person("svc-scan")
    start = At("now", days=-5, hours=-3)
    rows: list[Row] = []
    for number in range(36):
        target = host(f"nw-lnx-0{1 + number % 8}")
        rows.append(
            syslog(
                start.later(seconds=4 * number), target, "sshd",
                f"Failed password for invalid user admin from {machine.ip} port 4{number:03} ssh2",
            )
        )  # fmt: skip
    for number in range(24):
        target = host(("nw-web-01", "nw-web-02", "nw-erp-02")[number % 3])
        rows += logon(start.later(minutes=4, seconds=5 * number), target, who, machine.ip,
                      failed=True, source_name=machine.name)  # fmt: skip
    return Episode(
        key="scanner",
        title="Many failed logons from one internal machine",
        description="One machine failed to log on to many others within minutes.",
        severity="Medium",
        alerts=[
            Alert(
                key="scanner-logons",
                title="Many failed logons from one source",
                description="One address failed to log on more than twenty times in ten minutes.",
                severity="Medium",
                first=start,
                last=start.later(minutes=6),
                tactics=("CredentialAccess", "Discovery"),
                techniques=("T1110", "T1046"),
                entities=(machine, who, Ip(machine.ip)),
                rule="failed-logons",
            )
        ],
        rows=rows,
        status="Closed",
        owner="jonas.weber",
        verdict="BenignPositive/SuspiciousButExpected",
        verdict_text="Weekly authenticated scan of the vulnerability scanner.",
        closed_after_min=55,
    )
