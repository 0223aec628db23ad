"""First day, towards noon: reading the mailbox, and hiding in it."""

from __future__ import annotations

import json

from sentinel_mcp.local.scenario.events import office
from sentinel_mcp.local.scenario.model import Alert, Ip, Mailbox, Row
from sentinel_mcp.local.scenario.names import DOMAIN, PROXY_IP
from sentinel_mcp.local.scenario.story.phishing import KIT_AGENT, MAIL, VICTIM

RULE_MADE = MAIL.later(minutes=38)
RULE_NAME = ".."

_RULE = {
    "Name": RULE_NAME,
    "SubjectOrBodyContainsWords": "invoice;payment;bank details;helpdesk;phish",
    "MoveToFolder": "RSS Feeds",
    "MarkAsRead": "True",
    "StopProcessingRules": "True",
}

# What the intruder learned from here is how the VPN works and which servers there are.
_TAKEN = (
    ("VPN-Setup-Guide.docx", "it"),
    ("Server-Inventory.xlsx", "it"),
    ("Contractor-Accounts.xlsx", "it"),
    ("Supplier-Bank-Details.xlsx", "finance"),
)


def rows() -> list[Row]:
    """Return what it left behind."""
    found = [
        office(
            MAIL.later(minutes=15 + 8 * number), "MailItemsAccessed", VICTIM, PROXY_IP,
            workload="Exchange", kind="ExchangeItemAggregated",
            ClientInfoString="Client=REST;Client=RESTSystem;;", Logon_Type="Owner",
        )
        for number in range(24)
    ]  # fmt: skip
    found.append(
        office(
            RULE_MADE, "New-InboxRule", VICTIM, PROXY_IP, workload="Exchange", kind="ExchangeAdmin",
            Parameters=json.dumps([{"Name": key, "Value": value} for key, value in _RULE.items()]),
            OfficeObjectId=f"{VICTIM.upn}\\{RULE_NAME}",
        )
    )  # fmt: skip
    for number, (name, site) in enumerate(_TAKEN):
        found.append(
            office(
                MAIL.later(minutes=52 + number), "FileDownloaded", VICTIM, PROXY_IP,
                workload="SharePoint", kind="SharePointFileOperation", SourceFileName=name,
                SourceFileExtension=name.rsplit(".", 1)[1], SourceRelativeUrl="Shared Documents",
                Site_Url=f"https://sharepoint.{DOMAIN}/sites/{site}", UserAgent=KIT_AGENT,
                OfficeObjectId=f"https://sharepoint.{DOMAIN}/sites/{site}/{name}",
            )
        )  # fmt: skip
    return found


def alerts() -> list[Alert]:
    """Return what was noticed of it."""
    return [
        Alert(
            key="inbox-rule",
            title="Inbox rule that hides mail",
            description=(
                "A new inbox rule moves messages about payments or security away and marks them "
                "as read."
            ),
            severity="Medium",
            first=RULE_MADE,
            last=RULE_MADE,
            tactics=("DefenseEvasion", "Collection"),
            techniques=("T1564", "T1114"),
            entities=(VICTIM, Mailbox(VICTIM), Ip(PROXY_IP)),
            rule="inbox-rule",
        )
    ]
