"""Installed solutions about accounts, mail and the subscription."""

from __future__ import annotations

from sentinel_mcp.local.scenario.solutions.model import Solution, Template

_IDENTITY = ("Identity", "Security - Threat Protection")

SOLUTIONS = (
    Solution(
        "azureactivedirectory",
        "Microsoft Entra ID",
        "3.3.6",
        "3.3.4",
        "Sign-in and audit logs of the directory, with rules, workbooks and playbooks for them.",
        _IDENTITY,
        (
            Template("DataConnector", "Microsoft Entra ID"),
            Template(
                "AnalyticsRule",
                "Sign-ins from a country new to the tenant",
                ("InitialAccess",),
                ("T1078",),
            ),
            Template(
                "AnalyticsRule",
                "Conditional access policy changed by a new account",
                ("DefenseEvasion",),
                ("T1562",),
            ),
            Template(
                "AnalyticsRule",
                "Many multifactor prompts denied",
                ("CredentialAccess",),
                ("T1621",),
            ),
            Template("Workbook", "Sign-in logs by application"),
            Template("Playbook", "Revoke the sessions of a user"),
        ),
    ),
    Solution(
        "office365",
        "Microsoft 365",
        "3.0.5",
        "3.0.5",
        "Activities in Exchange, SharePoint and Teams.",
        ("Application", "Cloud Provider"),
        (
            Template("DataConnector", "Microsoft 365"),
            Template(
                "AnalyticsRule", "Rule that forwards mail outside", ("Collection",), ("T1114",)
            ),
            Template(
                "HuntingQuery",
                "Files downloaded by an account that seldom does",
                ("Exfiltration",),
                ("T1567",),
                """OfficeActivity
| where Operation == "FileDownloaded"
| summarize Files = count(), Sites = dcount(Site_Url), Last = max(TimeGenerated) by UserId, ClientIP
| top 25 by Files desc""",
            ),
            Template(
                "HuntingQuery",
                "Mailbox settings changed from outside the offices",
                ("Persistence", "Collection"),
                ("T1098", "T1114"),
                """OfficeActivity
| where Operation in ("New-InboxRule", "Set-Mailbox")
| where not(ClientIP startswith "198.51.100.")
| project TimeGenerated, UserId, ClientIP, Operation, OfficeObjectId""",
            ),
            Template("Workbook", "Exchange activity"),
        ),
    ),
    Solution(
        "azureactivity",
        "Azure Activity",
        "3.0.3",
        "3.0.3",
        "The activity log of the subscriptions.",
        ("IT Operations",),
        (
            Template("DataConnector", "Azure Activity"),
            Template("AnalyticsRule", "Backup items deleted", ("Impact",), ("T1490",)),
            Template(
                "HuntingQuery",
                "Operations that an account did for the first time",
                ("Persistence", "Impact"),
                ("T1098", "T1485"),
                """AzureActivity
| summarize Operations = count(), First = min(TimeGenerated) by Caller, OperationNameValue
| where Operations == 1
| order by First desc""",
            ),
            Template("Workbook", "Azure activity"),
        ),
    ),
    Solution(
        "threatintelligence-updated",
        "Threat Intelligence (NEW)",
        "3.0.10",
        "3.0.10",
        "Indicators from platforms, files and TAXII servers, and rules that match them.",
        ("Security - Threat Intelligence",),
        (
            Template("DataConnector", "Threat intelligence - TAXII"),
            Template(
                "AnalyticsRule",
                "Indicator of an address in sign-ins",
                ("InitialAccess",),
                ("T1078",),
            ),
            Template("Workbook", "Threat intelligence"),
        ),
    ),
    Solution(
        "uebaessentials",
        "UEBA Essentials",
        "3.0.2",
        "3.0.2",
        "Hunting queries over what user and entity behaviour analytics found.",
        ("User Behavior (UEBA)",),
        (
            Template(
                "HuntingQuery",
                "Activity with the highest investigation priority",
                ("InitialAccess", "Persistence"),
                ("T1078",),
                """BehaviorAnalytics
| where InvestigationPriority > 3
| project TimeGenerated, UserPrincipalName, SourceIPAddress, ActivityType, InvestigationPriority
| order by InvestigationPriority desc""",
            ),
        ),
    ),
    Solution(
        "sochandbook",
        "SOC Handbook",
        "3.0.4",
        "3.0.4",
        "Workbooks for the daily work of an operations centre.",
        ("Security - Others",),
        (
            Template("Workbook", "Incident overview"),
            Template("Workbook", "Analytics efficiency"),
        ),
    ),
)
