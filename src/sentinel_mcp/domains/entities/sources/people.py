"""Tables of what people do: signing in, mail and files, the cloud's control planes."""

from __future__ import annotations

from collections.abc import Mapping

from sentinel_mcp.domains.entities.sources.model import Holding, Source, with_columns

_SIGN_IN: Mapping[Holding, str] = {
    "upn": "UserPrincipalName AlternateSignInName",
    "object_id": "UserId",
    "ip": "IPAddress",
    "host": "DeviceDetail.displayName",
}
_SERVICE_SIGN_IN: Mapping[Holding, str] = {
    "object_id": "ServicePrincipalId",
    "login": "ServicePrincipalName",
    "ip": "IPAddress",
}
_DIRECTORY: Mapping[Holding, str] = {
    "upn": "AccountUpn",
    "sam": "AccountName",
    "sid": "AccountSid",
    "object_id": "AccountObjectId",
    "host": "DeviceName DestinationDeviceName TargetDeviceName",
    "ip": "IPAddress DestinationIPAddress",
}


def _sign_in(table: str) -> Source:
    return Source(
        table, "identity", _SIGN_IN, account="UserPrincipalName", host="DeviceDetail.displayName",
        ip="IPAddress", action="AppDisplayName", result="ResultType", detail="ResultDescription",
    )  # fmt: skip


def _service_sign_in(table: str) -> Source:
    return Source(
        table, "identity", _SERVICE_SIGN_IN, account="ServicePrincipalName", ip="IPAddress",
        action="ResourceDisplayName", result="ResultType", detail="ResultDescription",
    )  # fmt: skip


def _directory(table: str, holds: Mapping[Holding, str] = _DIRECTORY) -> Source:
    return Source(
        table, "identity", holds, account="AccountUpn", host="DeviceName", ip="IPAddress",
        action="ActionType", detail="DestinationDeviceName",
    )  # fmt: skip


_IDENTITY = (
    _sign_in("SigninLogs"),
    _sign_in("AADNonInteractiveUserSignInLogs"),
    _sign_in("ADFSSignInLogs"),
    _service_sign_in("AADServicePrincipalSignInLogs"),
    _service_sign_in("AADManagedIdentitySignInLogs"),
    Source(
        "AADUserRiskEvents", "identity",
        {"upn": "UserPrincipalName", "object_id": "UserId", "ip": "IpAddress"},
        account="UserPrincipalName", ip="IpAddress", action="RiskEventType", result="RiskState",
        detail="RiskLevel",
    ),
    Source(
        "AuditLogs", "identity",
        {"people": "InitiatedBy TargetResources", "ips": "InitiatedBy.user.ipAddress"},
        account="InitiatedBy.user.userPrincipalName", ip="InitiatedBy.user.ipAddress",
        action="OperationName", result="Result", detail="ResultReason",
    ),
    _directory("IdentityLogonEvents"),
    _directory("IdentityQueryEvents", with_columns(_DIRECTORY, upn="TargetAccountUpn")),
    _directory("IdentityDirectoryEvents", with_columns(_DIRECTORY, upn="TargetAccountUpn")),
    Source(
        "ASimAuthenticationEventLogs", "identity",
        {
            "login": "TargetUsername ActorUsername",
            "sid": "TargetUserId ActorUserId",
            "object_id": "TargetUserId ActorUserId",
            "host": "SrcHostname TargetHostname DvcHostname",
            "ip": "SrcIpAddr TargetIpAddr",
        },
        account="TargetUsername", host="TargetHostname", ip="SrcIpAddr", action="EventType",
        result="EventResult", detail="EventResultDetails",
    ),
)  # fmt: skip

_OFFICE = (
    Source(
        "OfficeActivity", "office",
        {
            "login": "UserId",
            "upn": "UserId MailboxOwnerUPN DestMailboxOwnerUPN",
            "email": "UserId MailboxOwnerUPN SendAsUserSmtp SendOnBehalfOfUserSmtp",
            "ips": "ClientIP Client_IPAddress ActorIpAddress",
            "host": "ClientMachineName",
            "url": "Site_Url OfficeObjectId",
        },
        account="UserId", ip="ClientIP", action="Operation", result="ResultStatus",
        detail="OfficeObjectId",
    ),
    Source(
        "CloudAppEvents", "office",
        {"object_id": "AccountObjectId AccountId", "upn": "AccountDisplayName AccountId",
         "ip": "IPAddress"},
        account="AccountDisplayName", ip="IPAddress", action="ActionType", detail="ObjectName",
    ),
    Source(
        "EmailEvents", "office",
        {
            "email": "RecipientEmailAddress SenderFromAddress SenderMailFromAddress",
            "object_id": "RecipientObjectId SenderObjectId",
            "ip": "SenderIPv4 SenderIPv6",
            "domain": "SenderFromDomain SenderMailFromDomain",
        },
        account="RecipientEmailAddress", ip="SenderIPv4", action="DeliveryAction",
        result="ThreatTypes", detail="Subject",
    ),
    Source(
        "EmailUrlInfo", "office", {"url": "Url", "domain": "UrlDomain"},
        action="UrlLocation", detail="Url",
    ),
    Source(
        "EmailAttachmentInfo", "office",
        {"email": "RecipientEmailAddress SenderFromAddress",
         "object_id": "RecipientObjectId SenderObjectId", "sha256": "SHA256"},
        account="RecipientEmailAddress", action="FileType", result="ThreatTypes",
        detail="FileName",
    ),
    Source(
        "EmailPostDeliveryEvents", "office", {"email": "RecipientEmailAddress"},
        account="RecipientEmailAddress", action="ActionType", result="ActionResult",
        detail="Action",
    ),
    Source(
        "UrlClickEvents", "office",
        {"upn": "AccountUpn", "email": "AccountUpn", "ip": "IPAddress", "url": "Url UrlChain"},
        account="AccountUpn", ip="IPAddress", action="ActionType", result="IsClickedThrough",
        detail="Url",
    ),
    Source(
        "McasShadowItReporting", "office",
        {"login": "EnrichedUserName UserName", "ip": "IpAddress", "host": "MachineName"},
        account="EnrichedUserName", host="MachineName", ip="IpAddress", action="AppName",
    ),
)  # fmt: skip

_CLOUD = (
    Source(
        "AzureActivity", "cloud",
        {"upn": "Caller", "object_id": "Caller", "ip": "CallerIpAddress"},
        account="Caller", ip="CallerIpAddress", action="OperationNameValue",
        result="ActivityStatusValue", detail="ResourceGroup",
    ),
    Source(
        "AWSCloudTrail", "cloud",
        {"sam": "UserIdentityUserName", "login": "SessionIssuerUserName", "ip": "SourceIpAddress",
         "people": "UserIdentityPrincipalid UserIdentityArn"},
        account="UserIdentityArn", ip="SourceIpAddress", action="EventName", result="ErrorCode",
        detail="EventSource",
    ),
    Source(
        "GCPAuditLogs", "cloud",
        {"upn": "PrincipalEmail", "ips": "RequestMetadata.callerIp"},
        account="PrincipalEmail", ip="RequestMetadata.callerIp", action="MethodName",
        result="StatusMessage", detail="GCPResourceName",
    ),
    Source(
        "MicrosoftGraphActivityLogs", "cloud",
        {"object_id": "UserId ServicePrincipalId", "ip": "IPAddress"},
        account="UserId", ip="IPAddress", action="RequestMethod", result="ResponseStatusCode",
        detail="RequestUri",
    ),
    Source(
        "StorageBlobLogs", "cloud",
        {"upn": "RequesterUpn", "object_id": "RequesterObjectId", "ips": "CallerIpAddress"},
        account="RequesterUpn", ip="CallerIpAddress", action="OperationName", result="StatusText",
        detail="Uri",
    ),
    Source(
        "LAQueryLogs", "cloud",
        {"upn": "AADEmail", "object_id": "AADObjectId"},
        account="AADEmail", action="RequestClientApp", result="ResponseCode",
        detail="RequestTarget",
    ),
    Source(
        "PowerBIActivity", "cloud", {"login": "ActorName", "object_id": "ActorUserId",
                                     "ip": "SrcIpAddr"},
        account="ActorName", ip="SrcIpAddr", action="EventOriginalType", result="EventResult",
        detail="ItemName",
    ),
    Source(
        "AzureDevOpsAuditing", "cloud", {"upn": "ActorUPN", "ip": "IpAddress"},
        account="ActorUPN", ip="IpAddress", action="OperationName", detail="Details",
    ),
)  # fmt: skip

SOURCES = (*_IDENTITY, *_OFFICE, *_CLOUD)
