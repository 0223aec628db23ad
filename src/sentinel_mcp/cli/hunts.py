"""The queries of the demo; what they ask for comes from the answers before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sentinel_mcp.kql.literals import datetime_, list_

INTRUDERS_TOOLS = (
    "lsass",
    "MiniDump",
    "sekurlsa",
    "procdump",
    "EncodedCommand",
    "psexec",
    "rclone",
    "vssadmin",
)
"""Words of command lines that are seldom an administrator's."""


def sign_ins_of(accounts: Sequence[str]) -> str:
    """Ask where the accounts signed in from."""
    return f"""\
SigninLogs
| where TimeGenerated > ago(14d)
| where UserPrincipalName in~ {list_(accounts)}
| summarize Attempts = count(), Failures = countif(ResultType != "0"),
    FirstSeen = min(TimeGenerated), LastSeen = max(TimeGenerated)
    by UserPrincipalName, IPAddress, Location
| order by FirstSeen desc"""


def sign_ins_from(addresses: Sequence[str]) -> str:
    """Ask what the addresses tried, and where they got in."""
    return f"""\
SigninLogs
| where TimeGenerated > ago(14d)
| where IPAddress in {list_(addresses)} and not(ipv4_is_private(IPAddress))
| summarize Accounts = dcount(UserPrincipalName),
    Failures = countif(ResultType != "0"), Successes = countif(ResultType == "0"),
    FirstFailure = minif(TimeGenerated, ResultType != "0"),
    FirstSuccess = minif(TimeGenerated, ResultType == "0")
    by IPAddress
| order by Accounts desc"""


def services_on(hosts: Sequence[str], since: datetime) -> str:
    """Ask which services were installed on the hosts since the intrusion began."""
    return f"""\
SecurityEvent
| where TimeGenerated >= {datetime_(since)}
| where EventID == 4697
| where Computer has_any {list_(hosts)}
| project TimeGenerated, Computer, SubjectUserName, ServiceName, ServiceFileName
| order by TimeGenerated asc"""


def processes_on(hosts: Sequence[str], since: datetime) -> str:
    """Ask what ran on the hosts that an administrator seldom runs."""
    return f"""\
DeviceProcessEvents
| where TimeGenerated >= {datetime_(since)}
| where DeviceName has_any {list_(hosts)}
| where ProcessCommandLine has_any {list_(INTRUDERS_TOOLS)}
| project TimeGenerated, DeviceName, AccountName, FileName, ProcessCommandLine
| order by TimeGenerated asc"""
