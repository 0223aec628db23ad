"""Rules about accounts, mailboxes and the subscription."""

from __future__ import annotations

from sentinel_mcp.local.scenario.rules.model import Rule

RULES = (
    Rule(
        key="password-spray",
        name="Password spray from one address",
        description="One address failed to sign in to twenty accounts or more.",
        severity="High",
        tactics=("CredentialAccess",),
        techniques=("T1110",),
        query="""SigninLogs
| where ResultType in ("50126", "50053")
| summarize FailedAccounts = dcount(UserPrincipalName), Attempts = count(),
    FirstAttempt = min(TimeGenerated), LastAttempt = max(TimeGenerated) by IPAddress
| where FailedAccounts >= 20
| join kind=leftouter (
    SigninLogs
    | where ResultType == "0"
    | summarize EnteredAccounts = make_set(UserPrincipalName, 50) by IPAddress
    ) on IPAddress
| project FirstAttempt, LastAttempt, IPAddress, FailedAccounts, Attempts, EnteredAccounts
""",
        entities=(("IP", {"Address": "IPAddress"}),),
        details={"FailedAccounts": "FailedAccounts", "EnteredAccounts": "EnteredAccounts"},
        group_by=("IP",),
    ),
    Rule(
        key="failed-signins",
        name="Repeated failed sign-ins of one account",
        description="An account failed to sign in more than ten times in ten minutes.",
        severity="Low",
        tactics=("CredentialAccess",),
        techniques=("T1110",),
        query="""SigninLogs
| where ResultType == "50126"
| summarize Failures = count(), Addresses = make_set(IPAddress, 10),
    FirstAttempt = min(TimeGenerated), LastAttempt = max(TimeGenerated) by UserPrincipalName
| where Failures > 10
""",
        entities=(("Account", {"FullName": "UserPrincipalName"}),),
        frequency="PT10M",
        period="PT10M",
        group_by=("Account",),
    ),
    Rule(
        key="mfa-after-risk",
        name="Security info registered after a risky sign-in",
        description="A new sign-in method was registered from an address with a risky sign-in.",
        tactics=("Persistence", "CredentialAccess"),
        techniques=("T1098", "T1556"),
        query="""let risky = SigninLogs
    | where RiskLevelDuringSignIn in ("medium", "high")
    | project SignInTime = TimeGenerated, UserPrincipalName, IPAddress;
AuditLogs
| where OperationName == "User registered security info"
| extend UserPrincipalName = tostring(InitiatedBy.user.userPrincipalName),
    IPAddress = tostring(InitiatedBy.user.ipAddress)
| join kind=inner risky on UserPrincipalName, IPAddress
| where TimeGenerated >= SignInTime and TimeGenerated < SignInTime + 2h
| project TimeGenerated, UserPrincipalName, IPAddress, SignInTime, ResultReason
""",
        entities=(
            ("Account", {"FullName": "UserPrincipalName"}),
            ("IP", {"Address": "IPAddress"}),
        ),
        period="PT3H",
        group_by=("Account",),
    ),
    Rule(
        key="rogue-consent",
        name="Consent to an application with access to mail",
        description="A user let an application read mail or files. Off since the last tuning.",
        tactics=("Persistence", "CredentialAccess"),
        techniques=("T1098", "T1528"),
        query="""AuditLogs
| where OperationName == "Consent to application"
| mv-expand Target = TargetResources
| extend Application = tostring(Target.displayName),
    Permissions = tostring(Target.modifiedProperties)
| where Permissions has_any ("Mail.Read", "Mail.ReadWrite", "Files.Read.All")
| extend UserPrincipalName = tostring(InitiatedBy.user.userPrincipalName),
    IPAddress = tostring(InitiatedBy.user.ipAddress)
| project TimeGenerated, UserPrincipalName, IPAddress, Application, Permissions
""",
        entities=(
            ("Account", {"FullName": "UserPrincipalName"}),
            ("IP", {"Address": "IPAddress"}),
        ),
        enabled=False,
    ),
    Rule(
        key="token-replay",
        name="Session used by a scripted client",
        description="Tokens of one session were redeemed by a client that no person uses.",
        severity="High",
        tactics=("CredentialAccess", "DefenseEvasion"),
        techniques=("T1528", "T1550"),
        query="""AADNonInteractiveUserSignInLogs
| where ResultType == "0"
| where UserAgent startswith "axios" or UserAgent startswith "python-requests"
| summarize Redemptions = count(), Applications = make_set(AppDisplayName, 10),
    FirstSeen = min(TimeGenerated), LastSeen = max(TimeGenerated)
    by UserPrincipalName, IPAddress, AutonomousSystemNumber, UserAgent
""",
        entities=(
            ("Account", {"FullName": "UserPrincipalName"}),
            ("IP", {"Address": "IPAddress"}),
        ),
        enabled=False,
    ),
    Rule(
        key="inbox-rule",
        name="Inbox rule that hides mail",
        description="A new inbox rule moves messages about payments or security out of sight.",
        tactics=("DefenseEvasion", "Collection"),
        techniques=("T1564", "T1114"),
        query="""OfficeActivity
| where Operation in ("New-InboxRule", "Set-InboxRule")
| where Parameters has_any ("MarkAsRead", "DeleteMessage", "MoveToFolder")
| where Parameters has_any ("invoice", "payment", "phish", "helpdesk", "password")
| project TimeGenerated, UserId, ClientIP, Operation, Parameters
""",
        entities=(
            ("Account", {"FullName": "UserId"}),
            ("Mailbox", {"MailboxPrimaryAddress": "UserId"}),
            ("IP", {"Address": "ClientIP"}),
        ),
    ),
    Rule(
        key="mail-forwarding",
        name="Mail forwarded outside",
        description="A mailbox forwards to an address outside the company.",
        severity="Low",
        tactics=("Collection", "Exfiltration"),
        techniques=("T1114",),
        query="""OfficeActivity
| where Operation in ("Set-Mailbox", "New-InboxRule", "Set-InboxRule")
| where Parameters has_any ("ForwardingSmtpAddress", "ForwardTo", "RedirectTo")
| where Parameters !contains "@northwind.example"
| project TimeGenerated, UserId, ClientIP, Operation, Parameters
""",
        entities=(("Account", {"FullName": "UserId"}), ("IP", {"Address": "ClientIP"})),
    ),
    Rule(
        key="mass-download",
        name="Mass download from SharePoint",
        description="A user downloaded more than a hundred files in an hour.",
        tactics=("Collection", "Exfiltration"),
        techniques=("T1213", "T1567"),
        query="""OfficeActivity
| where Operation == "FileDownloaded"
| summarize Files = dcount(OfficeObjectId), Sample = make_set(SourceFileName, 5),
    FirstDownload = min(TimeGenerated), LastDownload = max(TimeGenerated) by UserId, ClientIP
| where Files > 100
""",
        entities=(("Account", {"FullName": "UserId"}), ("IP", {"Address": "ClientIP"})),
        period="PT1H",
        details={"Files": "Files"},
    ),
    Rule(
        key="role-assigned",
        name="Owner role assigned in a subscription",
        description="Somebody was given a role in the subscription.",
        tactics=("PrivilegeEscalation", "Persistence"),
        techniques=("T1098",),
        query="""AzureActivity
| where OperationNameValue =~ "Microsoft.Authorization/roleAssignments/write"
| where ActivityStatusValue == "Success"
| project TimeGenerated, Caller, CallerIpAddress, ResourceGroup, _ResourceId
""",
        entities=(
            ("Account", {"FullName": "Caller"}),
            ("IP", {"Address": "CallerIpAddress"}),
        ),
    ),
    Rule(
        key="storage-keys",
        name="Storage keys listed after a role change",
        description="An account listed the keys of a storage account within an hour of a change.",
        tactics=("CredentialAccess", "PrivilegeEscalation"),
        techniques=("T1552", "T1098"),
        query="""let changes = AzureActivity
    | where OperationNameValue =~ "Microsoft.Authorization/roleAssignments/write"
    | where ActivityStatusValue == "Success"
    | project ChangeTime = TimeGenerated, Caller;
AzureActivity
| where OperationNameValue =~ "Microsoft.Storage/storageAccounts/listKeys/action"
| join kind=inner changes on Caller
| where TimeGenerated >= ChangeTime and TimeGenerated < ChangeTime + 1h
| project TimeGenerated, Caller, CallerIpAddress, ResourceGroup, ChangeTime
""",
        entities=(
            ("Account", {"FullName": "Caller"}),
            ("IP", {"Address": "CallerIpAddress"}),
        ),
    ),
    Rule(
        key="vpn-after-spray",
        name="VPN login from an address with failed sign-ins",
        description="An address that failed to sign in to accounts entered the network by VPN.",
        severity="High",
        tactics=("InitialAccess",),
        techniques=("T1133", "T1078"),
        query="""let failing = SigninLogs
    | where ResultType == "50126"
    | summarize Failures = count(), Accounts = dcount(UserPrincipalName) by IPAddress
    | where Failures > 10;
CommonSecurityLog
| where Activity == "GLOBALPROTECT" and EventOutcome == "success"
| join kind=inner failing on $left.SourceIP == $right.IPAddress
| project TimeGenerated, SourceUserName, SourceIP, SourceTranslatedAddress, Failures, Accounts
""",
        entities=(
            ("Account", {"Name": "SourceUserName"}),
            ("IP", {"Address": "SourceIP"}),
        ),
    ),
)
