"""Written events: one function a kind, giving a row in the shape its service writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sentinel_mcp.local.identity import SUBSCRIPTION_ID, TENANT_ID
from sentinel_mcp.local.scenario.clock import At
from sentinel_mcp.local.scenario.model import Mail, Row
from sentinel_mcp.local.scenario.names import DOMAIN, SITE_PLACES, SITES, guid, md5
from sentinel_mcp.local.scenario.people import Person

Cells = Mapping[str, Any]
"""Any: a cell is of its column's type, or JSON for a dynamic column."""

_REASONS = {
    "0": "",
    "50126": "Error validating credentials due to invalid username or password.",
    "50053": "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",  # noqa: E501 - as the service writes it
    "50074": "Strong Authentication is required.",
    "53003": "Access has been blocked by Conditional Access policies.",
}

EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"  # noqa: E501 - as browsers write it


def sign_in(
    at: At,
    who: Person,
    ip: str,
    *,
    code: str = "0",
    app: str = "OfficeHome",
    country: str | None = None,
    city: str | None = None,
    asn: str = "64505",
    agent: str = EDGE,
    interactive: bool = True,
    managed: bool = False,
    multifactor: bool = True,
    detail: str = "",
    risk: str = "none",
    client: str = "Browser",
) -> Row:
    """Return a sign-in; without a place it is the person's own."""
    place: dict[str, object] = {
        "city": city or who.site,
        "state": "" if city else SITE_PLACES[who.site][0],
        "countryOrRegion": country or SITES[who.site][0],
        "geoCoordinates": {},
    }
    device = {
        "deviceId": guid("device", who.host) if managed else "",
        "displayName": who.host.upper() if managed else "",
        "operatingSystem": "Windows10" if "Windows" in agent else "",
        "browser": "Edge 142.0.0" if "Edg/" in agent else "",
        "isCompliant": managed,
        "isManaged": managed,
        "trustType": "Hybrid Azure AD joined" if managed else "",
    }
    status = {
        "errorCode": int(code),
        "failureReason": _REASONS[code] or "Other.",
        "additionalDetails": detail,
    }
    request = guid("signin", who.sam, ip, str(at), app, code)
    cells: dict[str, Any] = {
        "OperationName": "Sign-in activity",
        "OperationVersion": "1.0",
        "Category": "SignInLogs" if interactive else "NonInteractiveUserSignInLogs",
        "ResultType": code,
        "ResultSignature": "SUCCESS" if code == "0" else "FAILURE",
        "ResultDescription": _REASONS[code],
        "CorrelationId": guid("correlation", who.sam, ip, str(at)),
        "Identity": who.name,
        "Level": "4",
        "Location": country or SITES[who.site][0],
        "LocationDetails": place,
        "AppDisplayName": app,
        "ResourceDisplayName": app,
        "AuthenticationRequirement": (
            "multiFactorAuthentication" if multifactor else "singleFactorAuthentication"
        ),
        "ClientAppUsed": client,
        "ConditionalAccessStatus": "success" if multifactor and code == "0" else "notApplied",
        "DeviceDetail": device,
        "Id": request,
        "OriginalRequestId": request,
        "IPAddress": ip,
        "AutonomousSystemNumber": asn,
        "IsInteractive": interactive,
        "NetworkLocationDetails": "[]",
        "ResourceTenantId": TENANT_ID,
        "HomeTenantId": TENANT_ID,
        "RiskDetail": "none",
        "RiskLevelAggregated": risk,
        "RiskLevelDuringSignIn": risk,
        "RiskState": "none" if risk == "none" else "atRisk",
        "Status": status,
        "TokenIssuerType": "AzureAD",
        "UniqueTokenIdentifier": md5(request),
        "UserAgent": agent,
        "UserDisplayName": who.name,
        "UserId": who.id,
        "UserPrincipalName": who.upn,
        "UserType": "Member",
        "CrossTenantAccessType": "none",
    }
    if not interactive:
        # The same facts, which this table keeps as text.
        texts = {
            key: json.dumps(cells[key]) for key in ("LocationDetails", "DeviceDetail", "Status")
        }
        return Row("AADNonInteractiveUserSignInLogs", at, {**cells, **texts})
    return Row("SigninLogs", at, {**cells, "SignInIdentifier": who.upn})


def audit(
    at: At,
    operation: str,
    actor: Person,
    ip: str,
    *,
    category: str,
    service: str = "Core Directory",
    targets: Sequence[Cells] = (),
    details: Sequence[Cells] = (),
    reason: str = "",
) -> Row:
    """Return a change in the directory."""
    return Row(
        "AuditLogs",
        at,
        {
            "ActivityDisplayName": operation,
            "OperationName": operation,
            "OperationVersion": "1.0",
            "AADOperationType": operation.split(" ", maxsplit=1)[0],
            "AdditionalDetails": list(details),
            "Category": category,
            "CorrelationId": guid("audit", operation, str(at)),
            "Id": f"Directory_{guid('audit-id', operation, str(at))}",
            "Identity": actor.name,
            "InitiatedBy": {
                "user": {
                    "id": actor.id,
                    "displayName": actor.name,
                    "userPrincipalName": actor.upn,
                    "ipAddress": ip,
                    "roles": [],
                }
            },
            "Level": "4",
            "LoggedByService": service,
            "Result": "success",
            "ResultReason": reason,
            "TargetResources": list(targets),
        },
    )


def account_target(who: Person, changed: Sequence[Cells] = ()) -> Cells:
    """Return a person as the target of a directory change."""
    return {
        "id": who.id,
        "displayName": who.name,
        "type": "User",
        "userPrincipalName": who.upn,
        "modifiedProperties": list(changed),
    }


def office(
    at: At,
    operation: str,
    who: Person,
    ip: str,
    *,
    workload: Literal["Exchange", "SharePoint", "OneDrive"],
    kind: str,
    **cells: object,
) -> Row:
    """Return an operation in Microsoft 365."""
    return Row(
        "OfficeActivity",
        at,
        {
            "Operation": operation,
            "OfficeWorkload": workload,
            "RecordType": kind,
            "OfficeId": guid("office", operation, who.sam, str(at)),
            "OrganizationId": TENANT_ID,
            "UserId": who.upn,
            "UserKey": who.id,
            "UserType": "Regular",
            "ResultStatus": "True" if kind == "ExchangeAdmin" else "Succeeded",
            "ClientIP": ip,
            "Client_IPAddress": ip,
            "MailboxOwnerUPN": who.upn if workload == "Exchange" else "",
            **cells,
        },
    )


def mail_received(mail: Mail, *, delivered: bool = True, threat: str = "") -> list[Row]:
    """Return a received message and its link."""
    action = "Delivered" if delivered else "Blocked"
    place = "Inbox/folder" if delivered else "Quarantine"
    common = {"NetworkMessageId": mail.id, "ReportId": f"{mail.id}-1"}
    return [
        Row(
            "EmailEvents",
            mail.at,
            {
                **common,
                "InternetMessageId": f"<{mail.id}@{mail.sender.split('@')[1]}>",
                "RecipientEmailAddress": mail.recipient.upn,
                "RecipientObjectId": mail.recipient.id,
                "SenderFromAddress": mail.sender,
                "SenderMailFromAddress": mail.sender,
                "SenderFromDomain": mail.sender.split("@")[1],
                "SenderMailFromDomain": mail.sender.split("@")[1],
                "SenderDisplayName": "Northwind People Team",
                "SenderIPv4": mail.sender_ip,
                "Subject": mail.subject,
                "EmailDirection": "Inbound",
                "DeliveryAction": action,
                "DeliveryLocation": place,
                "LatestDeliveryAction": action,
                "LatestDeliveryLocation": place,
                "ThreatTypes": threat,
                "DetectionMethods": json.dumps({threat: ["URL detonation"]}) if threat else "",
                "AuthenticationDetails": json.dumps(
                    {"SPF": "pass", "DKIM": "pass", "DMARC": "none", "CompAuth": "none"}
                ),
                "EmailLanguage": "en",
                "EmailClusterId": 771904466,
                "UrlCount": 1,
                "AttachmentCount": 0,
            },
        ),
        Row(
            "EmailUrlInfo",
            mail.at,
            {
                **common,
                "Url": mail.url,
                "UrlDomain": mail.url.split("/")[2],
                "UrlLocation": "Body",
            },
        ),
    ]


def link_clicked(at: At, mail: Mail, ip: str, *, allowed: bool) -> Row:
    """Return a click on the link of a message."""
    return Row(
        "UrlClickEvents",
        at,
        {
            "ActionType": "ClickAllowed" if allowed else "ClickBlocked",
            "AccountUpn": mail.recipient.upn,
            "IPAddress": ip,
            "IsClickedThrough": False,
            "NetworkMessageId": mail.id,
            "ReportId": guid("click", mail.id, str(at)),
            "ThreatTypes": "" if allowed else "Phish",
            "DetectionMethods": "" if allowed else json.dumps({"Phish": ["URL detonation"]}),
            "Url": mail.url,
            "UrlChain": json.dumps([mail.url]),
            "Workload": "Email",
        },
    )


def azure(
    at: At, operation: str, name: str, who: Person, ip: str, *, group: str, resource: str
) -> Row:
    """Return an operation on an Azure resource."""
    scope = f"/subscriptions/{SUBSCRIPTION_ID}/resourcegroups/{group}/providers/{resource}"
    provider = operation.split("/", maxsplit=1)[0]
    return Row(
        "AzureActivity",
        at,
        {
            "OperationName": name,
            "OperationNameValue": operation,
            "ActivityStatus": "Success",
            "ActivityStatusValue": "Success",
            "ActivitySubstatusValue": "OK",
            "Caller": who.upn,
            "CallerIpAddress": ip,
            "Category": "Administrative",
            "CategoryValue": "Administrative",
            "CorrelationId": guid("azure", operation, str(at)),
            "EventDataId": guid("azure-event", operation, str(at)),
            "Level": "Information",
            "ResourceGroup": group,
            "ResourceProvider": provider,
            "ResourceProviderValue": provider,
            "SubscriptionId": SUBSCRIPTION_ID,
            "_SubscriptionId": SUBSCRIPTION_ID,
            "_ResourceId": scope,
            "Authorization_d": {"action": operation, "scope": scope},
            "Properties_d": {"eventCategory": "Administrative", "entity": scope},
            "Claims_d": {"name": who.name, "appid": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"},
        },
    )


def ueba(at: At, who: Person, ip: str, country: str, insights: Cells, priority: int) -> Row:
    """Return an unusual sign-in as UEBA sees it."""
    return Row(
        "BehaviorAnalytics",
        at,
        {
            "ActivityType": "LogOn",
            "ActionType": "Sign-in",
            "ActivityInsights": insights,
            "UsersInsights": {"AccountDisplayName": who.name, "AccountDomain": DOMAIN},
            "EventSource": "Azure AD",
            "EventVendor": "Microsoft",
            "InvestigationPriority": priority,
            "NativeTableName": "SigninLogs",
            "SourceIPAddress": ip,
            "SourceIPLocation": country,
            "UserName": who.sam,
            "UserPrincipalName": who.upn,
        },
    )
