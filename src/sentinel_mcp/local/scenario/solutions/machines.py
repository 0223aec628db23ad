"""Installed solutions about machines and the network."""

from __future__ import annotations

from sentinel_mcp.local.scenario.solutions.model import Solution, Template

SOLUTIONS = (
    Solution(
        "securityevents",
        "Windows Security Events",
        "3.0.9",
        "3.0.9",
        "Security events of Windows machines, with rules and hunting queries.",
        ("Security - Others",),
        (
            Template("DataConnector", "Windows Security Events via AMA"),
            Template(
                "AnalyticsRule", "Audit log cleared on a server", ("DefenseEvasion",), ("T1070",)
            ),
            Template(
                "AnalyticsRule",
                "Account added to a privileged group",
                ("PrivilegeEscalation",),
                ("T1098",),
            ),
            Template(
                "HuntingQuery",
                "Network log-ons of one account from many addresses",
                ("LateralMovement",),
                ("T1021",),
                """SecurityEvent
| where EventID == 4624 and LogonType in (3, 10)
| summarize LogOns = count(), Sources = dcount(IpAddress) by Account, Computer
| top 25 by Sources desc""",
            ),
            Template(
                "HuntingQuery",
                "Shares reached by one account on many machines",
                ("Discovery", "LateralMovement"),
                ("T1135", "T1021.002"),
                """SecurityEvent
| where EventID == 5140
| summarize Machines = dcount(Computer), Shares = dcount(ShareName) by Account
| where Machines > 2
| order by Machines desc""",
            ),
            Template("Workbook", "Event analyzer"),
        ),
    ),
    Solution(
        "microsoft365defender",
        "Microsoft Defender XDR",
        "3.0.13",
        "3.0.11",
        "Alerts and events of Defender for Endpoint, Identity, Office 365 and Cloud Apps.",
        ("Security - Threat Protection",),
        (
            Template("DataConnector", "Microsoft Defender XDR"),
            Template(
                "AnalyticsRule",
                "Process started from an Office application",
                ("Execution",),
                ("T1204",),
            ),
            Template(
                "HuntingQuery",
                "Processes that were started on one machine only",
                ("Execution",),
                ("T1204.002",),
                """DeviceProcessEvents
| summarize Machines = dcount(DeviceName), Runs = count(), First = min(TimeGenerated)
    by FileName, SHA256
| where Machines == 1
| order by Runs asc""",
            ),
            Template(
                "HuntingQuery",
                "Connections of a process to one address at a steady pace",
                ("CommandAndControl",),
                ("T1071", "T1571"),
                """DeviceNetworkEvents
| where ActionType == "ConnectionSuccess" and RemoteIPType == "Public"
| summarize Connections = count(), Hours = dcount(bin(TimeGenerated, 1h))
    by DeviceName, InitiatingProcessFileName, RemoteIP
| where Connections > 20
| order by Connections desc""",
            ),
        ),
    ),
    Solution(
        "syslog",
        "Syslog",
        "3.0.8",
        "3.0.8",
        "Syslog of Linux machines.",
        ("Security - Others",),
        (
            Template("DataConnector", "Syslog via AMA"),
            Template(
                "AnalyticsRule", "SSH: many failed log-ons", ("CredentialAccess",), ("T1110",)
            ),
            Template(
                "HuntingQuery",
                "Commands run with sudo by seldom users",
                ("PrivilegeEscalation",),
                ("T1548.003",),
                """Syslog
| where ProcessName == "sudo"
| summarize Commands = count() by HostName, SyslogMessage
| top 25 by Commands asc""",
            ),
            Template("Workbook", "Syslog overview"),
        ),
    ),
    Solution(
        "paloaltopanos",
        "PaloAlto-PAN-OS",
        "3.0.11",
        "3.0.9",
        "Traffic and threat logs of PAN-OS firewalls.",
        ("Security - Network",),
        (
            Template("AnalyticsRule", "Port scan seen by the firewall", ("Discovery",), ("T1046",)),
            Template("Workbook", "PAN-OS overview"),
            Template(
                "Parser",
                "PAN-OS traffic, normalised",
                query="""CommonSecurityLog
| where DeviceVendor == "Palo Alto Networks" and Activity == "TRAFFIC"
| project TimeGenerated, SrcIpAddr = SourceIP, DstIpAddr = DestinationIP,
    DstPortNumber = DestinationPort, DvcAction = DeviceAction""",
                alias="PanOsTraffic",
            ),
        ),
        "Partner",
        "Palo Alto Networks",
    ),
    Solution(
        "dns-domain",
        "DNS Essentials",
        "3.0.4",
        "3.0.4",
        "Rules and hunting queries over DNS, whatever its source.",
        ("Security - Network",),
        (
            Template(
                "AnalyticsRule",
                "Many queries for names that do not exist",
                ("CommandAndControl",),
                ("T1568",),
            ),
            Template(
                "Parser",
                "DNS queries of Windows servers, normalised",
                query="""DnsEvents
| where SubType == "LookupQuery"
| project TimeGenerated, SrcIpAddr = ClientIP, DnsQuery = Name, DnsQueryTypeName = QueryType,
    EventResult = Result, Dvc = Computer""",
                alias="NwDnsQueries",
            ),
        ),
    ),
    Solution(
        "attackertools",
        "Attacker Tools Threat Protection Essentials",
        "3.0.3",
        "3.0.3",
        "Rules and hunting queries for tools that attackers bring along.",
        ("Security - Threat Protection",),
        (
            Template("AnalyticsRule", "Memory dump of LSASS", ("CredentialAccess",), ("T1003",)),
            Template(
                "HuntingQuery",
                "Remote execution tools by name",
                ("LateralMovement", "Execution"),
                ("T1569.002",),
                """DeviceProcessEvents
| where FileName in~ ("PsExec.exe", "PsExec64.exe", "PSEXESVC.exe", "paexec.exe")
| summarize Runs = count(), Last = max(TimeGenerated) by DeviceName, AccountName, FileName
| order by Last desc""",
            ),
        ),
    ),
)
