"""Saved searches: the hunting queries and the functions that the analysts keep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import RESOURCE_ID
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.names import DOMAIN, NETBIOS, guid
from sentinel_mcp.local.scenario.people import person

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

HUNTING = "Hunting Queries"
FUNCTIONS = "Northwind functions"


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A saved search as its author writes it; one with an alias can be called as a function."""

    key: str
    name: str
    query: str
    description: str = ""
    tactics: Sequence[str] = ()
    techniques: Sequence[str] = ()
    category: str = HUNTING
    alias: str | None = None
    parameters: str | None = None
    author: str = "jonas.weber"

    @property
    def id(self) -> str:
        """Its name in Azure."""
        return guid("saved search", self.key)


_HUNTS = (
    SavedSearch(
        key="inbox-rules",
        name="Inbox rules that hide mail",
        description="Rules that move or delete mail, with the address they were made from.",
        tactics=("DefenseEvasion", "Collection"),
        techniques=("T1564", "T1114"),
        author="priya.nair",
        query="""OfficeActivity
| where Operation in ("New-InboxRule", "Set-InboxRule", "Set-Mailbox")
| where Parameters has_any ("DeleteMessage", "MoveToFolder", "ForwardTo", "ForwardingSmtpAddress")
| project TimeGenerated, UserId, ClientIP, Operation, OfficeObjectId, Parameters
| order by TimeGenerated desc""",
    ),
    SavedSearch(
        key="mail-read",
        name="Mailboxes read in bulk from one address",
        description="Who read most mail items from an address, and over how many mailboxes.",
        tactics=("Collection",),
        techniques=("T1114",),
        query="""OfficeActivity
| where Operation == "MailItemsAccessed"
| summarize Items = count(), Mailboxes = dcount(MailboxOwnerUPN), First = min(TimeGenerated),
    Last = max(TimeGenerated) by UserId, ClientIP
| top 25 by Items desc""",
    ),
    SavedSearch(
        key="new-network",
        name="Sign-ins from a network that is new to the account",
        description="Networks (AS numbers) that an account used in the last day and never before.",
        tactics=("InitialAccess", "CredentialAccess"),
        techniques=("T1078",),
        author="priya.nair",
        query="""let recent = 1d;
let known = SigninLogs
    | where TimeGenerated between (ago(14d) .. ago(recent)) and ResultType == "0"
    | distinct UserPrincipalName, AutonomousSystemNumber;
SigninLogs
| where TimeGenerated > ago(recent) and ResultType == "0"
| summarize SignIns = count(), Addresses = make_set(IPAddress, 10), First = min(TimeGenerated)
    by UserPrincipalName, AutonomousSystemNumber
| join kind=leftanti known on UserPrincipalName, AutonomousSystemNumber
| order by First asc""",
    ),
    SavedSearch(
        key="scripted-client",
        name="Tokens redeemed by a scripted client",
        description="Non-interactive sign-ins whose client is a library, not a browser or an app.",
        tactics=("CredentialAccess", "DefenseEvasion"),
        techniques=("T1528", "T1550"),
        query="""AADNonInteractiveUserSignInLogs
| where UserAgent startswith "axios" or UserAgent startswith "python-requests"
| summarize Redemptions = count(), Applications = make_set(AppDisplayName, 10)
    by UserPrincipalName, IPAddress, UserAgent""",
    ),
    SavedSearch(
        key="encoded-powershell",
        name="PowerShell with an encoded command",
        description="Command lines with -enc in one of its spellings, rarest first.",
        tactics=("Execution",),
        techniques=("T1059.001", "T1027"),
        query="""DeviceProcessEvents
| where FileName in~ ("powershell.exe", "pwsh.exe")
| where ProcessCommandLine matches regex @"(?i)\\s-e(nc|ncodedcommand)?\\s"
| summarize Runs = count(), First = min(TimeGenerated), Last = max(TimeGenerated)
    by DeviceName, AccountName, InitiatingProcessFileName, ProcessCommandLine
| order by Runs asc""",
    ),
    SavedSearch(
        key="lsass",
        name="Tools that read the memory of LSASS",
        description="Memory dumpers, by name and by what they are asked to dump.",
        tactics=("CredentialAccess",),
        techniques=("T1003.001",),
        query="""DeviceProcessEvents
| where ProcessCommandLine has "lsass"
    or (FileName =~ "rundll32.exe" and ProcessCommandLine has "MiniDump")
| project TimeGenerated, DeviceName, AccountName, FileName, ProcessCommandLine,
    InitiatingProcessFileName
| order by TimeGenerated asc""",
    ),
    SavedSearch(
        key="discovery",
        name="A burst of discovery commands on one machine",
        description="Three or more different discovery tools of one account within an hour.",
        tactics=("Discovery",),
        techniques=("T1033", "T1482", "T1082", "T1087"),
        author="priya.nair",
        query="""DeviceProcessEvents
| where FileName in~ ("whoami.exe", "nltest.exe", "net.exe", "systeminfo.exe", "quser.exe")
| summarize Tools = dcount(FileName), Commands = make_set(ProcessCommandLine, 20),
    First = min(TimeGenerated), Last = max(TimeGenerated)
    by DeviceName, AccountName, Hour = bin(TimeGenerated, 1h)
| where Tools >= 3""",
    ),
    SavedSearch(
        key="remote-services",
        name="Services installed by a remote tool",
        description="New services whose name or file is of PsExec or its like.",
        tactics=("LateralMovement", "Execution"),
        techniques=("T1021.002", "T1569.002"),
        query="""Event
| where EventLog == "System" and EventID == 7045
| where RenderedDescription has_any ("PSEXESVC", "RemComSvc", "paexec")
| project TimeGenerated, Computer, UserName, RenderedDescription
| order by TimeGenerated desc""",
    ),
    SavedSearch(
        key="log-cleared",
        name="Security logs that were cleared",
        description="Event 1102, which is also written by a few reinstallations.",
        tactics=("DefenseEvasion",),
        techniques=("T1070.001",),
        query="""SecurityEvent
| where EventID == 1102
| project TimeGenerated, Computer, Account, Activity""",
    ),
    SavedSearch(
        key="weak-tickets",
        name="Service tickets with RC4",
        description="Kerberos tickets that can be cracked offline, by who asked for how many.",
        tactics=("CredentialAccess",),
        techniques=("T1558.003",),
        author="hana.kovacs",
        query="""SecurityEvent
| where EventID == 4769 and EventData has "0x17"
| summarize Tickets = count(), Last = max(TimeGenerated) by Account, Computer
| order by Tickets desc""",
    ),
    SavedSearch(
        key="dns-length",
        name="Long names asked of one domain",
        description="Domains below which many different, long names are looked up.",
        tactics=("CommandAndControl", "Exfiltration"),
        techniques=("T1071.004", "T1048"),
        query="""DnsEvents
| where SubType == "LookupQuery" and strlen(Name) > 40
| extend Domain = strcat_array(array_slice(split(Name, "."), -2, -1), ".")
| summarize Queries = count(), Names = dcount(Name), Longest = max(strlen(Name))
    by ClientIP, Domain
| where Names > 20
| order by Names desc""",
    ),
    SavedSearch(
        key="outbound-volume",
        name="Most bytes sent to one address outside",
        description="Uploads by source and destination, as the firewall counts them.",
        tactics=("Exfiltration",),
        techniques=("T1048", "T1567"),
        query="""CommonSecurityLog
| where DeviceAction == "allow" and SentBytes > 0
| where not(ipv4_is_private(DestinationIP))
| summarize SentMB = round(sum(SentBytes) / 1048576.0, 1), Sessions = count(),
    First = min(TimeGenerated), Last = max(TimeGenerated) by SourceIP, DestinationIP
| top 20 by SentMB desc""",
    ),
    SavedSearch(
        key="storage-keys",
        name="Storage keys listed by somebody who rarely does",
        description="Callers with fewer than five key listings in the range.",
        tactics=("CredentialAccess", "Collection"),
        techniques=("T1552", "T1530"),
        query="""AzureActivity
| where OperationNameValue =~ "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION"
| summarize Listings = count(), Accounts = make_set(_ResourceId, 10), Last = max(TimeGenerated)
    by Caller, CallerIpAddress
| where Listings < 5""",
    ),
    SavedSearch(
        key="role-assignments",
        name="Role assignments in the subscription",
        description="Who gave whom a role, and from where.",
        tactics=("PrivilegeEscalation", "Persistence"),
        techniques=("T1098",),
        query="""AzureActivity
| where OperationNameValue =~ "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE"
| project TimeGenerated, Caller, CallerIpAddress, ActivityStatusValue, Properties
| order by TimeGenerated desc""",
    ),
    SavedSearch(
        key="ssh-guessing",
        name="SSH passwords guessed from one address",
        description="Addresses with many failed SSH log-ons, and whether one succeeded.",
        tactics=("CredentialAccess",),
        techniques=("T1110.001",),
        query="""Syslog
| where ProcessName == "sshd"
| extend Address = extract(@"from (\\d+\\.\\d+\\.\\d+\\.\\d+)", 1, SyslogMessage)
| where isnotempty(Address)
| summarize Failures = countif(SyslogMessage has "Failed password"),
    Successes = countif(SyslogMessage has "Accepted"), Hosts = dcount(HostName) by Address
| where Failures > 20
| order by Failures desc""",
    ),
    SavedSearch(
        key="lookalike-links",
        name="Clicks on links to a name like ours",
        description="Links whose domain carries our name and is not ours.",
        tactics=("InitialAccess",),
        techniques=("T1566.002",),
        author="priya.nair",
        query=f"""UrlClickEvents
| extend Domain = tostring(parse_url(Url).Host)
| where Domain has "northwind" and not(Domain endswith "{DOMAIN}")
| project TimeGenerated, AccountUpn, ActionType, IsClickedThrough, Domain, Url, IPAddress
| order by TimeGenerated asc""",
    ),
)

_FUNCTIONS = (
    SavedSearch(
        key="fn-failed-signins",
        name="Failed sign-ins, in short",
        category=FUNCTIONS,
        alias="NwFailedSignIns",
        query="""SigninLogs
| where ResultType != "0"
| project TimeGenerated, UserPrincipalName, IPAddress, ResultType, ResultDescription,
    AppDisplayName""",
    ),
    SavedSearch(
        key="fn-user-signins",
        name="Sign-ins of one user",
        category=FUNCTIONS,
        alias="NwUserSignIns",
        parameters="upn:string, lookback:timespan=7d",
        author="priya.nair",
        query="""SigninLogs
| where TimeGenerated > ago(lookback) and UserPrincipalName =~ upn
| project TimeGenerated, UserPrincipalName, IPAddress, ResultType, AppDisplayName""",
    ),
    SavedSearch(
        key="fn-denied",
        name="Firewall: what was denied",
        category=FUNCTIONS,
        alias="NwFirewallDenied",
        query="""CommonSecurityLog
| where DeviceVendor == "Palo Alto Networks" and DeviceAction == "deny"
| project TimeGenerated, SourceIP, DestinationIP, DestinationPort, Protocol, Activity""",
    ),
    SavedSearch(
        key="fn-admin-logons",
        name="Log-ons of administrative accounts",
        category=FUNCTIONS,
        alias="NwAdminLogons",
        author="hana.kovacs",
        query=f"""SecurityEvent
| where EventID == 4624 and Account startswith @"{NETBIOS}\\adm-"
| project TimeGenerated, Computer, Account, LogonType, IpAddress""",
    ),
    SavedSearch(
        key="fn-network-session",
        name="ASIM network session parser for PAN-OS",
        category="ASIM",
        alias="vimNetworkSessionNorthwindPanOS",
        parameters="disabled:bool=False",
        author="aiko.tanaka",
        query="""CommonSecurityLog
| where not(disabled)
| where DeviceVendor == "Palo Alto Networks" and DeviceProduct == "PAN-OS"
| project TimeGenerated, SrcIpAddr = SourceIP, DstIpAddr = DestinationIP,
    DstPortNumber = DestinationPort, NetworkProtocol = Protocol, DvcAction = DeviceAction,
    SrcBytes = SentBytes, DstBytes = ReceivedBytes""",
    ),
)

_OTHERS = (
    SavedSearch(
        key="heartbeat",
        name="Machines that went silent",
        category="Log Management",
        author="hana.kovacs",
        query="""Heartbeat
| summarize Last = max(TimeGenerated) by Computer
| where Last < ago(1h)""",
    ),
    SavedSearch(
        key="volume",
        name="Volume by table and day",
        category="Log Management",
        author="aiko.tanaka",
        query="""Usage
| where IsBillable == true
| summarize GB = round(sum(Quantity) / 1000, 2) by DataType, Day = bin(TimeGenerated, 1d)
| order by GB desc""",
    ),
)


def hunting_queries() -> Sequence[SavedSearch]:
    """Return the hunting queries."""
    return _HUNTS


def documents(clock: Clock) -> Iterable[Document]:
    """Yield the saved searches, the oldest first."""
    for number, each in enumerate((*_OTHERS, *_FUNCTIONS, *_HUNTS)):
        made = wire(clock.now - timedelta(days=200 - 7 * number, hours=number))
        yield Document("savedSearches", each.id, _document(each, made))


def _document(search: SavedSearch, made: str) -> Body:
    tags = {
        "description": search.description,
        "tactics": ",".join(search.tactics),
        "techniques": ",".join(search.techniques),
        "createdBy": person(search.author).upn,
        "createdTimeUtc": made,
    }
    properties: Body = {
        "category": search.category,
        "displayName": search.name,
        "query": search.query,
        "tags": [{"name": name, "value": value} for name, value in tags.items() if value],
        "version": 2,
    }
    if search.alias:
        properties["functionAlias"] = search.alias
    if search.parameters:
        properties["functionParameters"] = search.parameters
    return {
        "id": f"{RESOURCE_ID}/savedSearches/{search.id}",
        "name": search.id,
        "type": "Microsoft.OperationalInsights/savedSearches",
        "etag": "",
        "properties": properties,
    }
