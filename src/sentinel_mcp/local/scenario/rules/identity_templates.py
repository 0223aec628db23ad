"""Templates about accounts, mailboxes and clouds."""

from __future__ import annotations

from sentinel_mcp.local.scenario.rules.template import CALLER, MAIL_USER, USER, USER_IP, Template

TEMPLATES = (
    Template(
        "dormant-account", "Sign-in of an account that was quiet for weeks", "Medium",
        ("InitialAccess", "Persistence"), ("T1078", "T1078.004"),
        "AzureActiveDirectory", ("SigninLogs",),
        """let recent = SigninLogs | where TimeGenerated > ago(1d) and ResultType == "0";
let before = SigninLogs | where TimeGenerated between (ago(14d) .. ago(1d));
recent
| join kind=leftanti before on UserPrincipalName
| project TimeGenerated, UserPrincipalName, IPAddress, AppDisplayName""",
        USER_IP, "1.1.0", period="P14D",
    ),
    Template(
        "legacy-protocol", "Sign-in by a protocol without a second factor", "Low",
        ("InitialAccess", "DefenseEvasion"), ("T1078", "T1550"),
        "AzureActiveDirectory", ("SigninLogs",),
        """SigninLogs
| where ClientAppUsed in ("IMAP4", "POP3", "Authenticated SMTP") and ResultType == "0"
| summarize SignIns = count() by UserPrincipalName, IPAddress, ClientAppUsed""",
        USER_IP, "1.0.3",
    ),
    Template(
        "mfa-fatigue", "Second factor refused many times", "High",
        ("CredentialAccess",), ("T1621",),
        "AzureActiveDirectory", ("SigninLogs",),
        """SigninLogs
| where ResultType == "500121"
| summarize Refusals = count(), LastRefusal = max(TimeGenerated) by UserPrincipalName, IPAddress
| where Refusals > 8""",
        USER_IP, "2.0.1", frequency="PT1H", period="PT1H",
    ),
    Template(
        "device-code", "Device code sign-in from a new network", "Medium",
        ("InitialAccess", "CredentialAccess"), ("T1566", "T1566.002", "T1528"),
        "AzureActiveDirectory", ("SigninLogs",),
        """SigninLogs
| where AuthenticationProtocol == "deviceCode" and ResultType == "0"
| summarize SignIns = count() by UserPrincipalName, IPAddress, AutonomousSystemNumber""",
        USER_IP, "1.0.2",
    ),
    Template(
        "risky-users", "Risk of a user raised to high", "Medium",
        ("CredentialAccess",), ("T1110", "T1110.004"),
        "AzureActiveDirectoryIdentityProtection", ("SigninLogs",),
        """SigninLogs
| where RiskLevelAggregated == "high" and RiskState == "atRisk"
| project TimeGenerated, UserPrincipalName, IPAddress, RiskEventTypes_V2""",
        USER_IP, "1.0.0", frequency="PT1H", period="PT1H",
    ),
    Template(
        "admin-role", "Global administrator role assigned", "High",
        ("Persistence", "PrivilegeEscalation"), ("T1098", "T1098.003"),
        "AzureActiveDirectory", ("AuditLogs",),
        """AuditLogs
| where OperationName == "Add member to role"
| extend UserPrincipalName = tostring(InitiatedBy.user.userPrincipalName)
| where tostring(TargetResources) has "Global Administrator"
| project TimeGenerated, UserPrincipalName, TargetResources""",
        USER, "1.3.0", "NRT",
    ),
    Template(
        "app-credential", "New credential of an application", "Medium",
        ("Persistence", "DefenseEvasion"), ("T1098", "T1098.001"),
        "AzureActiveDirectory", ("AuditLogs",),
        """AuditLogs
| where OperationName has "Certificates and secrets management"
| extend UserPrincipalName = tostring(InitiatedBy.user.userPrincipalName)
| project TimeGenerated, UserPrincipalName, OperationName, TargetResources""",
        USER, "1.1.2",
    ),
    Template(
        "guest-invited", "Guest invited by somebody who never did so", "Low",
        ("Persistence",), ("T1136", "T1136.003"),
        "AzureActiveDirectory", ("AuditLogs",),
        """AuditLogs
| where OperationName == "Invite external user"
| extend UserPrincipalName = tostring(InitiatedBy.user.userPrincipalName)
| summarize Invitations = count() by UserPrincipalName""",
        USER,
    ),
    Template(
        "conditional-access", "Conditional access policy weakened", "High",
        ("DefenseEvasion", "CredentialAccess"), ("T1556", "T1556.009", "T1562"),
        "AzureActiveDirectory", ("AuditLogs",),
        """AuditLogs
| where OperationName in ("Update conditional access policy", "Delete conditional access policy")
| extend UserPrincipalName = tostring(InitiatedBy.user.userPrincipalName)
| project TimeGenerated, UserPrincipalName, OperationName, TargetResources""",
        USER, "1.0.1", "NRT",
    ),
    Template(
        "federation-changed", "Trust of a domain changed", "High",
        ("DefenseEvasion", "PrivilegeEscalation"), ("T1484", "T1484.002"),
        "AzureActiveDirectory", ("AuditLogs",),
        """AuditLogs
| where OperationName in ("Set federation settings on domain", "Set domain authentication")
| extend UserPrincipalName = tostring(InitiatedBy.user.userPrincipalName)
| project TimeGenerated, UserPrincipalName, OperationName""",
        USER, "1.2.0", "NRT",
    ),
    Template(
        "user-enumeration", "Many account names tried that do not exist", "Low",
        ("Reconnaissance", "Discovery"), ("T1589", "T1589.002", "T1087"),
        "AzureActiveDirectory", ("SigninLogs",),
        """SigninLogs
| where ResultType == "50034"
| summarize Names = dcount(UserPrincipalName), Attempts = count() by IPAddress
| where Names > 30""",
        (("IP", {"Address": "IPAddress"}),), "1.0.2", frequency="PT6H", period="PT6H",
    ),
    Template(
        "mailbox-permission", "Full access to a mailbox granted", "Medium",
        ("Persistence", "Collection"), ("T1098", "T1098.002", "T1114"),
        "Office365", ("OfficeActivity",),
        """OfficeActivity
| where Operation == "Add-MailboxPermission" and Parameters has "FullAccess"
| project TimeGenerated, UserId, ClientIP, OfficeObjectId, Parameters""",
        MAIL_USER, "2.0.0",
    ),
    Template(
        "transport-rule", "Mail flow rule created", "Medium",
        ("Collection", "Exfiltration"), ("T1114", "T1114.003", "T1020"),
        "Office365", ("OfficeActivity",),
        """OfficeActivity
| where Operation in ("New-TransportRule", "Set-TransportRule")
| project TimeGenerated, UserId, ClientIP, Parameters""",
        MAIL_USER, "2.0.1",
    ),
    Template(
        "audit-off", "Mailbox audit switched off", "High",
        ("DefenseEvasion",), ("T1562", "T1562.008"),
        "Office365", ("OfficeActivity",),
        """OfficeActivity
| where Operation == "Set-AdminAuditLogConfig" and Parameters has "False"
| project TimeGenerated, UserId, ClientIP, Parameters""",
        MAIL_USER, "1.0.4", "NRT",
    ),
    Template(
        "anonymous-link", "Many anonymous links to files", "Medium",
        ("Exfiltration",), ("T1567", "T1567.002"),
        "Office365", ("OfficeActivity",),
        """OfficeActivity
| where Operation == "AnonymousLinkCreated"
| summarize Links = count(), Files = make_set(SourceFileName, 10) by UserId, ClientIP
| where Links > 20""",
        MAIL_USER, "1.0.1",
    ),
    Template(
        "mass-delete", "Mass deletion in SharePoint", "Medium",
        ("Impact",), ("T1485",),
        "Office365", ("OfficeActivity",),
        """OfficeActivity
| where Operation in ("FileDeleted", "FileRecycled", "FileVersionsAllDeleted")
| summarize Files = dcount(OfficeObjectId) by UserId, ClientIP
| where Files > 300""",
        MAIL_USER, "1.1.0", frequency="PT1H", period="PT1H",
    ),
    Template(
        "teams-external", "External user added to a team and removed again", "Low",
        ("Persistence",), ("T1136",),
        "Office365", ("OfficeActivity",),
        """OfficeActivity
| where OfficeWorkload == "MicrosoftTeams" and Operation in ("MemberAdded", "MemberRemoved")
| summarize Operations = make_set(Operation, 5) by UserId, ClientIP
| where array_length(Operations) == 2""",
        MAIL_USER,
    ),
    Template(
        "mass-vm", "Many virtual machines created at once", "Medium",
        ("Impact", "DefenseEvasion"), ("T1496", "T1578", "T1578.002"),
        "AzureActivity", ("AzureActivity",),
        """AzureActivity
| where OperationNameValue =~ "Microsoft.Compute/virtualMachines/write"
| summarize Machines = dcount(_ResourceId) by Caller, CallerIpAddress
| where Machines > 10""",
        CALLER, "2.0.2",
    ),
    Template(
        "diagnostics-off", "Diagnostic setting deleted", "High",
        ("DefenseEvasion",), ("T1562", "T1562.008"),
        "AzureActivity", ("AzureActivity",),
        """AzureActivity
| where OperationNameValue =~ "Microsoft.Insights/diagnosticSettings/delete"
| where ActivityStatusValue == "Success"
| project TimeGenerated, Caller, CallerIpAddress, _ResourceId""",
        CALLER, "1.0.1", "NRT",
    ),
    Template(
        "resource-group-deleted", "Resource groups deleted in a row", "Medium",
        ("Impact",), ("T1485", "T1489"),
        "AzureActivity", ("AzureActivity",),
        """AzureActivity
| where OperationNameValue =~ "Microsoft.Resources/subscriptions/resourceGroups/delete"
| summarize Groups = dcount(ResourceGroup) by Caller, CallerIpAddress
| where Groups > 3""",
        CALLER, "2.0.0",
    ),
    Template(
        "key-vault", "Secrets of a key vault read in bulk", "Medium",
        ("CredentialAccess",), ("T1555", "T1555.006"),
        "AzureKeyVault", ("AzureDiagnostics",),
        """AzureDiagnostics
| where ResourceProvider == "MICROSOFT.KEYVAULT" and OperationName == "SecretGet"
| summarize Reads = count() by CallerIPAddress, Resource
| where Reads > 25""",
        version="1.0.7",
    ),
    Template(
        "aws-root", "Root user of an AWS account signed in", "High",
        ("PrivilegeEscalation", "InitialAccess"), ("T1078", "T1078.004"),
        "AWS", ("AWSCloudTrail",),
        """AWSCloudTrail
| where EventName == "ConsoleLogin" and UserIdentityType == "Root"
| project TimeGenerated, SourceIpAddress, UserIdentityAccountId, AWSRegion""",
        (("IP", {"Address": "SourceIpAddress"}),), "1.0.3",
    ),
    Template(
        "aws-trail-stopped", "CloudTrail logging stopped", "High",
        ("DefenseEvasion",), ("T1562", "T1562.008"),
        "AWS", ("AWSCloudTrail",),
        """AWSCloudTrail
| where EventName in ("StopLogging", "DeleteTrail")
| project TimeGenerated, SourceIpAddress, UserIdentityArn, EventName""",
        (("IP", {"Address": "SourceIpAddress"}),), "1.0.2", "NRT",
    ),
)  # fmt: skip
