"""How an event of a table is told in one line: whose it is, where, what was done, how it ended.

Written down for the tables that most workspaces have; of any other table it is read off the names
of its columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sentinel_mcp.domains.shared.log_columns import Role, columns_of
from sentinel_mcp.kql.catalog import bundled


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Columns, or `Column.path` for what lies within a dynamic value; empty: there is none."""

    table: str
    account: str = ""
    host: str = ""
    ip: str = ""
    action: str = ""
    result: str = ""
    detail: str = ""


_ACTIONS = (
    "OperationName",
    "Operation",
    "ActionType",
    "Activity",
    "EventName",
    "EventType",
    "Action",
    "DeviceAction",
    "Category",
    "EventID",
)
_RESULTS = ("ResultType", "ResultStatus", "EventResult", "Result", "Status", "Outcome", "Severity")
_DETAILS = ("Message", "RawData", "Description", "Details", "ResultDescription", "Name", "Title")

EVENT_COLUMNS: tuple[EventColumns, ...] = (
    EventColumns(
        "SigninLogs",
        account="UserPrincipalName", host="DeviceDetail.displayName", ip="IPAddress",
        action="AppDisplayName", result="ResultType", detail="ResultDescription",
    ),
    EventColumns(
        "AADNonInteractiveUserSignInLogs",
        account="UserPrincipalName", host="DeviceDetail.displayName", ip="IPAddress",
        action="AppDisplayName", result="ResultType", detail="ResultDescription",
    ),
    EventColumns(
        "ADFSSignInLogs",
        account="UserPrincipalName", host="DeviceDetail.displayName", ip="IPAddress",
        action="AppDisplayName", result="ResultType", detail="ResultDescription",
    ),
    EventColumns(
        "AADServicePrincipalSignInLogs",
        account="ServicePrincipalName", ip="IPAddress",
        action="ResourceDisplayName", result="ResultType", detail="ResultDescription",
    ),
    EventColumns(
        "AADManagedIdentitySignInLogs",
        account="ServicePrincipalName", ip="IPAddress",
        action="ResourceDisplayName", result="ResultType", detail="ResultDescription",
    ),
    EventColumns(
        "AADUserRiskEvents",
        account="UserPrincipalName", ip="IpAddress",
        action="RiskEventType", result="RiskState", detail="RiskLevel",
    ),
    EventColumns(
        "AuditLogs",
        account="InitiatedBy.user.userPrincipalName", ip="InitiatedBy.user.ipAddress",
        action="OperationName", result="Result", detail="ResultReason",
    ),
    EventColumns(
        "IdentityLogonEvents",
        account="AccountUpn", host="DeviceName", ip="IPAddress",
        action="ActionType", detail="DestinationDeviceName",
    ),
    EventColumns(
        "IdentityQueryEvents",
        account="AccountUpn", host="DeviceName", ip="IPAddress",
        action="ActionType", detail="DestinationDeviceName",
    ),
    EventColumns(
        "IdentityDirectoryEvents",
        account="AccountUpn", host="DeviceName", ip="IPAddress",
        action="ActionType", detail="DestinationDeviceName",
    ),
    EventColumns(
        "ASimAuthenticationEventLogs",
        account="TargetUsername", host="TargetHostname", ip="SrcIpAddr",
        action="EventType", result="EventResult", detail="EventResultDetails",
    ),
    EventColumns(
        "OfficeActivity",
        account="UserId", ip="ClientIP",
        action="Operation", result="ResultStatus", detail="OfficeObjectId",
    ),
    EventColumns(
        "CloudAppEvents",
        account="AccountDisplayName", ip="IPAddress",
        action="ActionType", detail="ObjectName",
    ),
    EventColumns(
        "EmailEvents",
        account="RecipientEmailAddress", ip="SenderIPv4",
        action="DeliveryAction", result="ThreatTypes", detail="Subject",
    ),
    EventColumns(
        "EmailUrlInfo",
        action="UrlLocation", detail="Url",
    ),
    EventColumns(
        "EmailAttachmentInfo",
        account="RecipientEmailAddress",
        action="FileType", result="ThreatTypes", detail="FileName",
    ),
    EventColumns(
        "EmailPostDeliveryEvents",
        account="RecipientEmailAddress",
        action="ActionType", result="ActionResult", detail="Action",
    ),
    EventColumns(
        "UrlClickEvents",
        account="AccountUpn", ip="IPAddress",
        action="ActionType", result="IsClickedThrough", detail="Url",
    ),
    EventColumns(
        "McasShadowItReporting",
        account="EnrichedUserName", host="MachineName", ip="IpAddress",
        action="AppName",
    ),
    EventColumns(
        "AzureActivity",
        account="Caller", ip="CallerIpAddress",
        action="OperationNameValue", result="ActivityStatusValue", detail="ResourceGroup",
    ),
    EventColumns(
        "AWSCloudTrail",
        account="UserIdentityArn", ip="SourceIpAddress",
        action="EventName", result="ErrorCode", detail="EventSource",
    ),
    EventColumns(
        "GCPAuditLogs",
        account="PrincipalEmail", ip="RequestMetadata.callerIp",
        action="MethodName", result="StatusMessage", detail="GCPResourceName",
    ),
    EventColumns(
        "MicrosoftGraphActivityLogs",
        account="UserId", ip="IPAddress",
        action="RequestMethod", result="ResponseStatusCode", detail="RequestUri",
    ),
    EventColumns(
        "StorageBlobLogs",
        account="RequesterUpn", ip="CallerIpAddress",
        action="OperationName", result="StatusText", detail="Uri",
    ),
    EventColumns(
        "LAQueryLogs",
        account="AADEmail",
        action="RequestClientApp", result="ResponseCode", detail="RequestTarget",
    ),
    EventColumns(
        "PowerBIActivity",
        account="ActorName", ip="SrcIpAddr",
        action="EventOriginalType", result="EventResult", detail="ItemName",
    ),
    EventColumns(
        "AzureDevOpsAuditing",
        account="ActorUPN", ip="IpAddress",
        action="OperationName", detail="Details",
    ),
    EventColumns(
        "DeviceLogonEvents",
        account="AccountName", host="DeviceName", ip="RemoteIP",
        action="ActionType", result="FailureReason", detail="LogonType",
    ),
    EventColumns(
        "DeviceNetworkEvents",
        account="InitiatingProcessAccountName", host="DeviceName", ip="RemoteIP",
        action="ActionType", result="InitiatingProcessFileName", detail="RemoteUrl",
    ),
    EventColumns(
        "DeviceFileEvents",
        account="InitiatingProcessAccountName", host="DeviceName", ip="RequestSourceIP",
        action="ActionType", result="InitiatingProcessFileName", detail="FileName",
    ),
    EventColumns(
        "DeviceRegistryEvents",
        account="InitiatingProcessAccountName", host="DeviceName",
        action="ActionType", result="InitiatingProcessFileName", detail="RegistryKey",
    ),
    EventColumns(
        "DeviceInfo",
        host="DeviceName", ip="PublicIP",
        action="OnboardingStatus", detail="OSPlatform",
    ),
    EventColumns(
        "DeviceNetworkInfo",
        host="DeviceName",
        action="NetworkAdapterStatus", detail="NetworkAdapterName",
    ),
    EventColumns(
        "DeviceProcessEvents",
        account="AccountName", host="DeviceName",
        action="ActionType", result="FileName", detail="ProcessCommandLine",
    ),
    EventColumns(
        "DeviceEvents",
        account="InitiatingProcessAccountName", host="DeviceName", ip="RemoteIP",
        action="ActionType", result="InitiatingProcessFileName", detail="FileName",
    ),
    EventColumns(
        "DeviceImageLoadEvents",
        account="InitiatingProcessAccountName", host="DeviceName",
        action="ActionType", result="InitiatingProcessFileName", detail="FileName",
    ),
    EventColumns(
        "DeviceFileCertificateInfo",
        host="DeviceName",
        action="Signer", detail="Issuer",
    ),
    EventColumns(
        "ASimProcessEventLogs",
        account="ActorUsername", host="DvcHostname",
        action="EventType", result="EventResult", detail="TargetProcessCommandLine",
    ),
    EventColumns(
        "ASimFileEventLogs",
        account="ActorUsername", host="DvcHostname", ip="SrcIpAddr",
        action="EventType", result="EventResult", detail="TargetFilePath",
    ),
    EventColumns(
        "ASimRegistryEventLogs",
        account="ActorUsername", host="DvcHostname",
        action="EventType", result="EventResult", detail="RegistryKey",
    ),
    EventColumns(
        "SecurityEvent",
        account="Account", host="Computer", ip="IpAddress",
        action="Activity", result="LogonTypeName", detail="Process",
    ),
    EventColumns(
        "WindowsEvent",
        host="Computer",
        action="EventID", result="EventLevelName", detail="Provider",
    ),
    EventColumns(
        "Event",
        account="UserName", host="Computer",
        action="Source", result="EventLevelName", detail="RenderedDescription",
    ),
    EventColumns(
        "Syslog",
        host="Computer", ip="HostIP",
        action="ProcessName", result="SeverityLevel", detail="SyslogMessage",
    ),
    EventColumns(
        "LinuxAuditLog",
        account="audit_user", host="Computer", ip="addr",
        action="RecordType", result="result", detail="name",
    ),
    EventColumns(
        "Heartbeat",
        host="Computer", ip="ComputerIP",
        action="Category", detail="OSName",
    ),
    EventColumns(
        "W3CIISLog",
        account="csUserName", host="Computer", ip="cIP",
        action="csMethod", result="scStatus", detail="csUriStem",
    ),
    EventColumns(
        "CommonSecurityLog",
        account="SourceUserName", host="SourceHostName", ip="SourceIP",
        action="Activity", result="DeviceAction", detail="DestinationIP",
    ),
    EventColumns(
        "DnsEvents",
        host="Computer", ip="ClientIP",
        action="SubType", result="Result", detail="Name",
    ),
    EventColumns(
        "ASimDnsActivityLogs",
        account="SrcUsername", host="SrcHostname", ip="SrcIpAddr",
        action="EventType", result="EventResultDetails", detail="DnsQuery",
    ),
    EventColumns(
        "ASimNetworkSessionLogs",
        account="SrcUsername", host="SrcHostname", ip="SrcIpAddr",
        action="DvcAction", result="EventResult", detail="DstIpAddr",
    ),
    EventColumns(
        "ASimWebSessionLogs",
        account="SrcUsername", host="SrcHostname", ip="SrcIpAddr",
        action="HttpRequestMethod", result="EventResultDetails", detail="Url",
    ),
    EventColumns(
        "VMConnection",
        host="Computer", ip="RemoteIp",
        action="Direction", result="ProcessName", detail="RemoteDnsCanonicalNames",
    ),
    EventColumns(
        "AZFWNetworkRule",
        ip="SourceIp",
        action="Action", result="Protocol", detail="DestinationIp",
    ),
    EventColumns(
        "AZFWApplicationRule",
        ip="SourceIp",
        action="Action", result="Protocol", detail="Fqdn",
    ),
    EventColumns(
        "AZFWDnsQuery",
        ip="SourceIp",
        action="QueryType", result="ResponseCode", detail="QueryName",
    ),
    EventColumns(
        # Its `DisplayName` is the alert's.
        "SecurityAlert",
        action="AlertName", result="AlertSeverity", detail="CompromisedEntity",
    ),
    EventColumns(
        "NetworkAccessTraffic",
        account="UserPrincipalName", ip="SourceIp",
        action="Action", result="TrafficType", detail="DestinationFqdn",
    ),
)  # fmt: skip

_RECORDS = (
    "BehaviorAnalytics", "IdentityInfo", "SecurityIncident", "ThreatIntelIndicators", "Watchlist",
)  # fmt: skip
"""Tables of Sentinel's own that most workspaces have, too."""

_BY_TABLE = {each.table: each for each in EVENT_COLUMNS}


def event_columns(table: str, columns: Mapping[str, str]) -> EventColumns:
    """Return how an event of the table is told, with those of its columns that are there."""
    known = _BY_TABLE.get(table)
    if known is None:
        return EventColumns(
            table,
            account=_first_named(table, columns, "account"),
            host=_first_named(table, columns, "host"),
            ip=_first_named(table, columns, "ip"),
            action=_first_of(columns, _ACTIONS),
            result=_first_of(columns, _RESULTS),
            detail=_first_of(columns, _DETAILS),
        )
    parts = {
        name: reference if reference.partition(".")[0] in columns else ""
        for name in ("account", "host", "ip", "action", "result", "detail")
        if (reference := getattr(known, name)) is not None
    }
    return EventColumns(table, **parts)


def usual_tables() -> dict[str, dict[str, str]]:
    """Return the columns of the tables that most workspaces have, as Microsoft documents them."""
    documented = bundled("sentinel").tables
    return {
        name: {column.name: column.type for column in documented[name].columns}
        for name in (*_BY_TABLE, *_RECORDS)
        if name in documented
    }


def _first_named(table: str, columns: Mapping[str, str], role: Role) -> str:
    plain = [name for name, of in columns.items() if of == "string"]
    found = columns_of(table, plain, role)
    return found[0] if found else ""


def _first_of(columns: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((each for each in names if each in columns), "")
