"""KQL for what the workspace knows of an entity: UEBA, directory, watchlists, indicators."""

from __future__ import annotations

from sentinel_mcp.domains.entities.kql.matching import (
    any_of,
    equals,
    in_domain,
    mentions,
    terms,
    url_in_domain,
)
from sentinel_mcp.domains.entities.kql.sightings import Presence, condition_of, fuzzy_union
from sentinel_mcp.domains.entities.sources.model import Source
from sentinel_mcp.domains.entities.subjects import Subject
from sentinel_mcp.kql.literals import string

MAX_FOUND = 100
"""Watchlist items, indicators and kinds of behaviour."""

BEHAVIOUR = Source(
    "BehaviorAnalytics",
    "identity",
    {
        "upn": "UserPrincipalName TargetPrincipalName ActorPrincipalName",
        "sam": "UserName",
        "ip": "SourceIPAddress DestinationIPAddress",
        "host": "SourceDevice DestinationDevice",
    },
)
IDENTITY = Source(
    "IdentityInfo",
    "identity",
    {
        "upn": "AccountUPN",
        "sam": "AccountName SAMAccountName",
        "sid": "AccountSID AccountCloudSID",
        "object_id": "AccountObjectId",
    },
)
IDENTITY_COLUMNS = (
    "AccountUPN", "AccountName", "SAMAccountName", "AccountSID", "AccountObjectId",
    "AccountDomain", "MailAddress", "AccountDisplayName", "JobTitle", "Department", "Manager",
    "Country", "City", "AssignedRoles", "GroupMembership", "IsAccountEnabled", "IsMFARegistered",
    "IsServiceAccount", "RiskLevel", "RiskState", "BlastRadius", "InvestigationPriority",
    "UserType",
)  # fmt: skip
INVENTORY = (
    Source("Heartbeat", "servers", {"host": "Computer"}),
    Source("DeviceInfo", "endpoint", {"host": "DeviceName"}),
)
PEERS = Source("UserPeerAnalytics", "identity", {"upn": "UserPrincipalName", "object_id": "UserId"})


def behaviour(subject: Subject, presence: Presence | None) -> str | None:
    """Summarise what UEBA saw, by what was done, with the most unusual of each."""
    holds = condition_of(BEHAVIOUR, subject, presence)
    if holds is None:
        return None
    return (
        f"BehaviorAnalytics\n| where {holds}\n"
        "| extend Priority = coalesce(toint(InvestigationPriority), 0)\n"
        "| summarize Events = count(), First = min(TimeGenerated), Last = max(TimeGenerated),"
        " arg_max(Priority, TimeGenerated, UserPrincipalName, SourceIPAddress, SourceDevice,"
        " SourceIPLocation, ActivityInsights) by ActivityType, ActionType\n"
        "| sort by Priority desc, Events desc\n"
        f"| take {MAX_FOUND}"
    )


def peers(subject: Subject, presence: Presence | None) -> str | None:
    """List the accounts that UEBA takes for peers of this one."""
    holds = condition_of(PEERS, subject, presence)
    if holds is None:
        return None
    return (
        f"UserPeerAnalytics\n| where {holds}\n"
        "| summarize Rank = min(Rank) by Peer = PeerUserPrincipalName\n"
        "| sort by Rank asc\n| take 5"
    )


def watchlists(subject: Subject) -> str | None:
    """List the watchlist items that have the subject, or a network that it is in."""
    holds = mentions("Item", terms(subject))
    if holds is None:
        return None
    items = (
        "Watchlist\n"
        '| where _DTItemType == "watchlist-item"\n'
        "| summarize arg_max(TimeGenerated, _DTItemStatus, WatchlistAlias, WatchlistName,"
        " SearchKey, WatchlistItem) by _DTItemId\n"
        '| where _DTItemStatus != "Delete"\n'
        "| extend Item = tostring(WatchlistItem)"
    )
    told = "project WatchlistAlias, WatchlistName, SearchKey, Item"
    direct = f'Items | where {holds} | extend Network = "" | {told}, Network'
    address = subject.of("address")
    if address and ":" not in address[0]:
        networks = (
            r'Items | extend Networks = extract_all(@"((?:\d{1,3}\.){3}\d{1,3}/\d{1,2})", Item)'
            " | mv-expand Network = Networks to typeof(string)"
            f" | where isnotempty(Network) and ipv4_is_in_range({string(address[0])}, Network)"
            f" | {told}, Network"
        )
        return f"let Items = {items};\nunion ({direct}), ({networks})\n| take {MAX_FOUND + 1}"
    return f"let Items = {items};\n{direct}\n| take {MAX_FOUND + 1}"


def indicators(subject: Subject) -> str | None:
    """List the threat indicators of the subject, each as it is now."""
    column = "ObservableValue"
    if subject.kind == "domain":
        domains = subject.of("domain")
        holds = any_of([in_domain(column, domains), url_in_domain(column, domains)])
    else:
        names = subject.of("address", "domain", "email", "md5", "sha1", "sha256", "url")
        holds = equals(column, (*names, *(f"{each}/" for each in subject.of("url"))))
    if holds is None:
        return None
    return (
        f"ThreatIntelIndicators\n| where {holds}\n"
        "| summarize arg_max(TimeGenerated, ObservableKey, ObservableValue, Confidence, ValidFrom,"
        " ValidUntil, IsActive, IsDeleted, Revoked, Source, Tags, Data) by Id\n"
        "| where IsDeleted != true\n"
        "| project Id, ObservableKey, ObservableValue, Confidence, ValidFrom, ValidUntil, IsActive,"
        " Revoked, Source, Tags, Name = tostring(Data.name),"
        " Description = tostring(Data.description), TimeGenerated\n"
        f"| sort by Confidence desc\n| take {MAX_FOUND + 1}"
    )


def identity(subject: Subject, presence: Presence | None) -> str | None:
    """Find the account in the directory, by whichever name is known."""
    holds = condition_of(IDENTITY, subject, presence)
    if holds is None:
        return None
    known = presence.get(IDENTITY.table) if presence is not None else None
    kept = [each for each in IDENTITY_COLUMNS if known is None or each in known]
    return (
        f"IdentityInfo\n| where {holds}\n"
        "| extend Who = coalesce(AccountObjectId, AccountUPN)\n"
        f"| summarize arg_max(TimeGenerated, {', '.join(kept)}) by Who\n"
        "| take 3"
    )


def kinds(account: Subject | None, host: Subject | None, presence: Presence | None) -> str | None:
    """Count where the directory has such an account, and the inventory such a machine."""
    sought = [("account", IDENTITY, account), *(("host", each, host) for each in INVENTORY)]
    found = [
        f"({source.table} | where {holds} | summarize Events = count()"
        f" | extend Kind = {string(kind)} | project Kind, Events)"
        for kind, source, subject in sought
        if subject and (holds := condition_of(source, subject, presence))
    ]
    return f"{fuzzy_union(found)}\n| summarize Events = sum(Events) by Kind" if found else None
