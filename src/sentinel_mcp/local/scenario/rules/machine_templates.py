"""Templates about machines, networks and mail."""

from __future__ import annotations

from sentinel_mcp.local.scenario.rules.template import COMPUTER, DEVICE, Template

TEMPLATES = (
    Template(
        "macro-child", "Office program started a shell", "Medium",
        ("Execution", "InitialAccess"), ("T1204", "T1204.002", "T1566", "T1566.001"),
        "MicrosoftThreatProtection", ("DeviceProcessEvents",),
        """DeviceProcessEvents
| where InitiatingProcessFileName in~ ("winword.exe", "excel.exe", "outlook.exe")
| where FileName in~ ("cmd.exe", "powershell.exe", "wscript.exe", "mshta.exe")
| project TimeGenerated, DeviceName, AccountName, FileName, ProcessCommandLine""",
        DEVICE, "1.0.4", "NRT",
    ),
    Template(
        "wmi-remote", "Process started over WMI from another machine", "Medium",
        ("Execution", "LateralMovement"), ("T1047", "T1021"),
        "MicrosoftThreatProtection", ("DeviceProcessEvents",),
        """DeviceProcessEvents
| where InitiatingProcessFileName =~ "wmiprvse.exe" and FileName in~ ("cmd.exe", "powershell.exe")
| project TimeGenerated, DeviceName, AccountName, ProcessCommandLine""",
        DEVICE, "1.0.1", frequency="PT1H", period="PT1H",
    ),
    Template(
        "scheduled-task", "Scheduled task that runs from a user's folder", "Medium",
        ("Persistence", "Execution"), ("T1053", "T1053.005"),
        "SecurityEvents", ("SecurityEvent",),
        r"""SecurityEvent
| where EventID == 4698 and EventData has @"\AppData\"
| project TimeGenerated, Computer, Account, EventData""",
        COMPUTER, "1.0.2",
    ),
    Template(
        "run-key", "Program registered to start with the session", "Low",
        ("Persistence",), ("T1547", "T1547.001"),
        "MicrosoftThreatProtection", ("DeviceRegistryEvents",),
        r"""DeviceRegistryEvents
| where ActionType == "RegistryValueSet" and RegistryKey has @"CurrentVersion\Run"
| project TimeGenerated, DeviceName, RegistryKey, RegistryValueData""",
        DEVICE, "1.1.1", frequency="PT6H", period="PT6H",
    ),
    Template(
        "new-service", "Service that runs from a temporary folder", "Medium",
        ("Persistence", "PrivilegeEscalation"), ("T1543", "T1543.003"),
        "SecurityEvents", ("SecurityEvent",),
        r"""SecurityEvent
| where EventID == 4697 and ServiceFileName has_any (@"\Temp\", @"\Users\Public\")
| project TimeGenerated, Computer, Account, ServiceName, ServiceFileName""",
        COMPUTER, "1.0.0",
    ),
    Template(
        "defender-off", "Protection of a machine switched off", "High",
        ("DefenseEvasion",), ("T1562", "T1562.001"),
        "MicrosoftThreatProtection", ("DeviceProcessEvents",),
        """DeviceProcessEvents
| where ProcessCommandLine has_all ("Set-MpPreference", "DisableRealtimeMonitoring")
| project TimeGenerated, DeviceName, AccountName, ProcessCommandLine""",
        DEVICE, "1.2.0", "NRT",
    ),
    Template(
        "certutil", "File fetched with certutil", "Medium",
        ("CommandAndControl", "DefenseEvasion"), ("T1105", "T1140"),
        "MicrosoftThreatProtection", ("DeviceProcessEvents",),
        """DeviceProcessEvents
| where FileName =~ "certutil.exe" and ProcessCommandLine has_any ("urlcache", "decode")
| project TimeGenerated, DeviceName, AccountName, ProcessCommandLine""",
        DEVICE, "1.0.1", frequency="PT1H", period="PT1H",
    ),
    Template(
        "kerberoasting", "Service tickets asked for in bulk", "High",
        ("CredentialAccess",), ("T1558", "T1558.003"),
        "SecurityEvents", ("SecurityEvent",),
        """SecurityEvent
| where EventID == 4769 and EventData has_all ("0x17", "0x0")
| summarize Services = dcount(ServiceName) by Account = TargetAccount, Computer
| where Services > 10""",
        COMPUTER, "1.1.4", frequency="PT1H", period="PT1H",
    ),
    Template(
        "dcsync", "Directory replicated by an account that is no controller", "High",
        ("CredentialAccess",), ("T1003", "T1003.006"),
        "SecurityEvents", ("SecurityEvent",),
        """SecurityEvent
| where EventID == 4662 and ObjectServer == "DS"
| where Properties has "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2" and Account !endswith "$"
| project TimeGenerated, Computer, Account, Properties""",
        COMPUTER, "1.0.3", "NRT",
    ),
    Template(
        "domain-discovery", "Directory searched with the tools of administrators", "Low",
        ("Discovery",), ("T1087", "T1087.002", "T1069", "T1069.002", "T1482"),
        "MicrosoftThreatProtection", ("DeviceProcessEvents",),
        """DeviceProcessEvents
| where FileName in~ ("net.exe", "nltest.exe", "adfind.exe", "dsquery.exe")
| summarize Commands = make_set(ProcessCommandLine, 20) by DeviceName, AccountName
| where array_length(Commands) > 5""",
        DEVICE, "1.0.2",
    ),
    Template(
        "port-scan", "One machine tried many ports", "Low",
        ("Discovery", "Reconnaissance"), ("T1046", "T1595", "T1595.001"),
        "CefAma", ("CommonSecurityLog",),
        """CommonSecurityLog
| where DeviceAction in ("deny", "drop")
| summarize Ports = dcount(DestinationPort), Targets = dcount(DestinationIP) by SourceIP
| where Ports > 100""",
        (("IP", {"Address": "SourceIP"}),), "1.0.0", frequency="PT1H", period="PT1H",
    ),
    Template(
        "rdp-nest", "Chain of remote desktop sessions", "Medium",
        ("LateralMovement",), ("T1021", "T1021.001"),
        "SecurityEvents", ("SecurityEvent",),
        """SecurityEvent
| where EventID == 4624 and LogonType == 10
| summarize Machines = dcount(Computer), First = min(TimeGenerated) by Account, IpAddress
| where Machines > 3""",
        (("Account", {"FullName": "Account"}), ("IP", {"Address": "IpAddress"})), "1.2.5",
    ),
    Template(
        "pass-the-hash", "Logon with a hash instead of a password", "High",
        ("LateralMovement", "DefenseEvasion"), ("T1550", "T1550.002"),
        "SecurityEvents", ("SecurityEvent",),
        """SecurityEvent
| where EventID == 4624 and LogonType == 9 and LogonProcessName has "seclogo"
| project TimeGenerated, Computer, Account, IpAddress""",
        COMPUTER, "1.0.1", frequency="PT1H", period="PT1H",
    ),
    Template(
        "admin-share", "Tool copied to an administrative share", "Medium",
        ("LateralMovement",), ("T1570", "T1021", "T1021.002"),
        "SecurityEvents", ("SecurityEvent",),
        r"""SecurityEvent
| where EventID == 5145 and ShareName has @"\ADMIN$" and RelativeTargetName endswith ".exe"
| project TimeGenerated, Computer, Account, IpAddress, RelativeTargetName""",
        COMPUTER, "1.0.0",
    ),
    Template(
        "archive-staged", "Large archive written before an upload", "Medium",
        ("Collection",), ("T1560", "T1560.001", "T1074", "T1074.001"),
        "MicrosoftThreatProtection", ("DeviceFileEvents",),
        """DeviceFileEvents
| where ActionType == "FileCreated" and FileName matches regex @"(?i)[.](zip|7z|rar)$"
| where FileSize > 500000000
| project TimeGenerated, DeviceName, FileName, FolderPath, FileSize""",
        DEVICE, "1.0.3",
    ),
    Template(
        "beacon", "Connections at regular intervals", "Medium",
        ("CommandAndControl",), ("T1071", "T1071.001", "T1573"),
        "MicrosoftThreatProtection", ("DeviceNetworkEvents",),
        """DeviceNetworkEvents
| where RemoteIPType == "Public" and ActionType == "ConnectionSuccess"
| summarize Connections = count(), Hours = dcount(bin(TimeGenerated, 1h))
    by DeviceName, RemoteIP, RemotePort
| where Hours >= 20 and Connections between (20 .. 2000)""",
        (*DEVICE, ("IP", {"Address": "RemoteIP"})), "1.3.1",
    ),
    Template(
        "proxy-tool", "Tunnelling tool started", "Medium",
        ("CommandAndControl",), ("T1090", "T1572"),
        "MicrosoftThreatProtection", ("DeviceProcessEvents",),
        """DeviceProcessEvents
| where FileName in~ ("plink.exe", "ngrok.exe", "chisel.exe")
| project TimeGenerated, DeviceName, AccountName, ProcessCommandLine""",
        DEVICE, "1.0.0", "NRT",
    ),
    Template(
        "new-domains", "Queries for names made by an algorithm", "Low",
        ("CommandAndControl",), ("T1568", "T1568.002"),
        "DNS", ("DnsEvents",),
        """DnsEvents
| where SubType == "LookupQuery" and ResultCode == 3
| summarize Names = dcount(Name) by ClientIP
| where Names > 200""",
        (("IP", {"Address": "ClientIP"}),), "1.1.0", frequency="PT6H", period="PT6H",
    ),
    Template(
        "shadow-copies", "Shadow copies deleted", "High",
        ("Impact",), ("T1490",),
        "MicrosoftThreatProtection", ("DeviceProcessEvents",),
        """DeviceProcessEvents
| where (FileName =~ "vssadmin.exe" and ProcessCommandLine has_all ("delete", "shadows"))
    or (FileName =~ "wbadmin.exe" and ProcessCommandLine has "delete")
| project TimeGenerated, DeviceName, AccountName, ProcessCommandLine""",
        DEVICE, "1.0.2", "NRT",
    ),
    Template(
        "mass-rename", "Many files renamed by one process", "High",
        ("Impact",), ("T1486",),
        "MicrosoftThreatProtection", ("DeviceFileEvents",),
        """DeviceFileEvents
| where ActionType == "FileRenamed"
| summarize Files = dcount(FolderPath) by DeviceName, InitiatingProcessFileName
| where Files > 1000""",
        DEVICE, "1.0.1", frequency="PT10M", period="PT10M",
    ),
    Template(
        "account-lockout", "Many accounts locked out", "Medium",
        ("Impact", "CredentialAccess"), ("T1531", "T1110"),
        "SecurityEvents", ("SecurityEvent",),
        """SecurityEvent
| where EventID == 4740
| summarize Accounts = dcount(TargetAccount) by Computer
| where Accounts > 15""",
        (("Host", {"FullName": "Computer"}),), "1.0.0", frequency="PT1H", period="PT1H",
    ),
    Template(
        "sudo-shell", "Shell as root by sudo", "Low",
        ("PrivilegeEscalation",), ("T1548", "T1548.003"),
        "SyslogAma", ("Syslog",),
        """Syslog
| where ProcessName == "sudo" and SyslogMessage has "COMMAND=/bin/bash"
| project TimeGenerated, Computer, HostIP, SyslogMessage""",
        (("Host", {"FullName": "Computer"}),), "1.0.1",
    ),
    Template(
        "indicator-mail", "Mail from a sender on a threat feed", "Medium",
        ("InitialAccess",), ("T1566",),
        "ThreatIntelligence", ("ThreatIntelIndicators", "EmailEvents"),
        """let senders = ThreatIntelIndicators
    | where IsActive == true and ObservableKey == "email-addr:value"
    | distinct ObservableValue;
EmailEvents
| where SenderFromAddress in~ (senders)
| project TimeGenerated, RecipientEmailAddress, SenderFromAddress, Subject""",
        (("Mailbox", {"MailboxPrimaryAddress": "RecipientEmailAddress"}),), "1.0.6",
        frequency="PT1H", period="P14D",
    ),
    Template(
        "setpoint-write", "Write command to a controller from an office network", "High",
        ("ImpairProcessControl",), ("T0836", "T0855"),
        "CefAma", ("CommonSecurityLog",),
        """CommonSecurityLog
| where ApplicationProtocol has "modbus" and Activity has "write"
| project TimeGenerated, SourceIP, DestinationIP, Activity""",
        (("IP", {"Address": "SourceIP"}),), "1.0.0",
    ),
)  # fmt: skip
