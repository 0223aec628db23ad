"""Rules about machines and the network, and those that other products fill."""

from __future__ import annotations

from sentinel_mcp.local.scenario.rules.model import Rule

_INDICATORS = """let dt_lookBack = LOOKBACK;
let ioc_lookBack = 14d;
let indicators = ThreatIntelIndicators
    | where TimeGenerated > ago(ioc_lookBack)
    | where IsActive == true and ObservableKey == "ipv4-addr:value"
    | where Confidence >= 50
    | summarize arg_max(TimeGenerated, Confidence, Source) by ObservableValue
    | project ObservableValue, Confidence, Source;
DeviceNetworkEvents
| where TimeGenerated > ago(dt_lookBack)
| where RemoteIPType == "Public"
| join kind=inner indicators on $left.RemoteIP == $right.ObservableValue
| summarize Connections = count(), FirstSeen = min(TimeGenerated), LastSeen = max(TimeGenerated)
    by DeviceName, RemoteIP, Source, Confidence
"""

RULES = (
    Rule(
        key="psexec-service",
        name="PsExec service installed",
        description="A service as PsExec installs it was installed over the network.",
        tactics=("LateralMovement", "Execution"),
        techniques=("T1021", "T1569"),
        query="""SecurityEvent
| where EventID == 4697
| where ServiceFileName has "PSEXESVC"
    or (ServiceFileName startswith @"%SystemRoot%\\" and strlen(ServiceName) == 8)
| project TimeGenerated, Computer, SubjectAccount, ServiceName, ServiceFileName
""",
        entities=(
            ("Host", {"FullName": "Computer"}),
            ("Account", {"FullName": "SubjectAccount"}),
        ),
        kind="NRT",
        group_by=("Account",),
    ),
    Rule(
        key="lsass-dump",
        name="Memory of LSASS was dumped",
        description="A tool wrote the memory of the process that holds credentials to disk.",
        severity="High",
        tactics=("CredentialAccess",),
        techniques=("T1003",),
        query="""DeviceProcessEvents
| where (FileName =~ "rundll32.exe" and ProcessCommandLine has "comsvcs"
        and ProcessCommandLine has "MiniDump")
    or (FileName startswith "procdump" and ProcessCommandLine has "lsass")
| project TimeGenerated, DeviceName, AccountName, FileName, ProcessCommandLine, ProcessId, SHA256
""",
        entities=(
            ("Host", {"FullName": "DeviceName"}),
            ("Process", {"ProcessId": "ProcessId", "CommandLine": "ProcessCommandLine"}),
        ),
        kind="NRT",
        details={"Tool": "FileName"},
    ),
    Rule(
        key="log-cleared",
        name="Security log was cleared",
        description="The Security log of a machine was cleared.",
        tactics=("DefenseEvasion",),
        techniques=("T1070",),
        query="""SecurityEvent
| where EventID == 1102
| project TimeGenerated, Computer, Account, Activity
""",
        entities=(("Host", {"FullName": "Computer"}), ("Account", {"FullName": "Account"})),
        kind="NRT",
    ),
    Rule(
        key="privileged-group",
        name="User added to a privileged group",
        description="A member was added to a group with administrative rights.",
        tactics=("Persistence", "PrivilegeEscalation"),
        techniques=("T1098",),
        query="""SecurityEvent
| where EventID in (4728, 4732, 4756)
| where TargetAccount has_any ("Domain Admins", "Enterprise Admins", "Server Operators")
| project TimeGenerated, Computer, Account, TargetAccount, MemberName
""",
        entities=(("Account", {"FullName": "Account"}), ("Host", {"FullName": "Computer"})),
        kind="NRT",
    ),
    Rule(
        key="failed-logons",
        name="Many failed logons from one source",
        description="One address failed to log on more than twenty times in ten minutes.",
        tactics=("CredentialAccess", "Discovery"),
        techniques=("T1110", "T1046"),
        query="""SecurityEvent
| where EventID == 4625 and isnotempty(IpAddress)
| summarize Failures = count(), Machines = dcount(Computer),
    Accounts = make_set(TargetAccount, 10) by IpAddress
| where Failures > 20
""",
        entities=(("IP", {"Address": "IpAddress"}),),
        frequency="PT10M",
        period="PT10M",
        details={"Machines": "Machines"},
        group_by=("IP",),
    ),
    Rule(
        key="ssh-guessing",
        name="SSH password guessing",
        description="One address failed to log on over SSH more than fifty times in ten minutes.",
        severity="Low",
        tactics=("CredentialAccess",),
        techniques=("T1110",),
        query=r"""Syslog
| where ProcessName == "sshd" and SyslogMessage startswith "Failed password"
| extend IPAddress = extract(@"from (\S+) port", 1, SyslogMessage)
| summarize Failures = count(), FirstTry = min(TimeGenerated), LastTry = max(TimeGenerated)
    by IPAddress, Computer
| where Failures > 50
""",
        entities=(("IP", {"Address": "IPAddress"}), ("Host", {"HostName": "Computer"})),
        frequency="PT10M",
        period="PT10M",
    ),
    Rule(
        key="encoded-powershell",
        name="Encoded PowerShell command",
        description="PowerShell ran a command that was encoded.",
        severity="Low",
        tactics=("Execution", "DefenseEvasion"),
        techniques=("T1059", "T1027"),
        query=r"""DeviceProcessEvents
| where FileName in~ ("powershell.exe", "pwsh.exe")
| where ProcessCommandLine matches regex @"(?i)\s-e(nc|ncodedcommand)\s"
| project TimeGenerated, DeviceName, AccountUpn, ProcessCommandLine, InitiatingProcessFileName
""",
        entities=(
            ("Host", {"FullName": "DeviceName"}),
            ("Account", {"FullName": "AccountUpn"}),
        ),
    ),
    Rule(
        key="ti-match",
        name="Connection to an address on a threat feed",
        description="A machine talked to an address for which there is an active indicator.",
        severity="Low",
        tactics=("CommandAndControl",),
        techniques=("T1071",),
        query=_INDICATORS.replace("LOOKBACK", "14d"),
        query_before=_INDICATORS.replace("LOOKBACK", "1h"),

        entities=(("Host", {"FullName": "DeviceName"}), ("IP", {"Address": "RemoteIP"})),
        period="P14D",
    ),
    Rule(
        key="dns-tunnel",
        name="Name queries that look like a tunnel",
        description="One machine asked for hundreds of long names under one domain.",
        tactics=("CommandAndControl", "Exfiltration"),
        techniques=("T1071", "T1048"),
        query="""DnsEvents
| where SubType == "LookupQuery" and QueryType == "TXT"
| extend Labels = split(Name, ".")
| extend Domain = strcat(tostring(Labels[-2]), ".", tostring(Labels[-1])),
    FirstLabel = strlen(tostring(Labels[0]))
| summarize Queries = count(), Names = dcount(Name), AverageLength = avg(FirstLabel)
    by ClientIP, Domain
| where Queries > 100 and AverageLength > 30
""",
        entities=(("IP", {"Address": "ClientIP"}), ("DNS", {"DomainName": "Domain"})),
        details={"Queries": "Queries"},
    ),
    Rule(
        key="large-upload",
        name="Unusually much sent to one address",
        description="A machine sent over one gigabyte to one outside address.",
        severity="High",
        tactics=("Exfiltration",),
        techniques=("T1041",),
        query="""CommonSecurityLog
| where Activity == "TRAFFIC" and DeviceAction == "allow"
| where not(ipv4_is_private(DestinationIP))
| summarize SentMB = sum(SentBytes) / 1048576.0, Sessions = count(),
    FirstSession = min(TimeGenerated), LastSession = max(TimeGenerated)
    by SourceIP, DestinationIP
| where SentMB > 1000
""",
        entities=(("IP", {"Address": "DestinationIP"}),),
        details={"SentMB": "SentMB"},
    ),
    Rule(
        key="heartbeat-lost",
        name="Server stopped reporting",
        description="A server has sent no heartbeat for a quarter of an hour. For the operators.",
        severity="Informational",
        tactics=("DefenseEvasion",),
        techniques=("T1562",),
        query="""Heartbeat
| summarize LastHeartbeat = max(TimeGenerated) by Computer, OSType
| where LastHeartbeat < ago(15m)
""",
        entities=(("Host", {"FullName": "Computer"}),),
        period="P1D",
        creates_incident=False,
    ),
    Rule(
        key="fusion",
        name="Advanced Multistage Attack Detection",
        description="Combines alerts of several products and stages that share entities.",
        severity="High",
        tactics=(
            "InitialAccess", "CredentialAccess", "LateralMovement", "CommandAndControl",
            "Exfiltration",
        ),
        kind="Fusion",
    ),
    Rule(
        key="from-office",
        name="Create incidents for Defender for Office 365",
        description="Makes an incident of every alert of Defender for Office 365.",
        kind="MicrosoftSecurityIncidentCreation",
        product="Office 365 Advanced Threat Protection",
    ),
    Rule(
        key="from-endpoint",
        name="Create incidents for Defender for Endpoint",
        description="Makes an incident of every alert of Defender for Endpoint.",
        kind="MicrosoftSecurityIncidentCreation",
        product="Microsoft Defender Advanced Threat Protection",
    ),
)  # fmt: skip
