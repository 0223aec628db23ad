"""The same incidents as Defender XDR has them: those with an alert of a Defender product."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import TENANT_ID
from sentinel_mcp.local.scenario.cases import Case, RaisedAlert, cases
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.estate import Host
from sentinel_mcp.local.scenario.model import Entity, File, Ip, Mail, Mailbox, Process, Url
from sentinel_mcp.local.scenario.names import AD_DOMAIN, NETBIOS, guid, sha1, sha256
from sentinel_mcp.local.scenario.people import Person, person

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

FIRST_ID = 40_000
"""Defender numbers its incidents by itself."""

_PORTAL = "https://security.microsoft.com"
_TYPE = "#microsoft.graph.security."

# Product: the prefix of its alerts' ids, its names in Graph, and what a confirmed alert of it is.
_PRODUCTS = {
    "Microsoft Defender Advanced Threat Protection": (
        "da", "microsoftDefenderForEndpoint", "microsoftDefenderForEndpoint", "malware",
    ),
    "Office 365 Advanced Threat Protection": (
        "fa", "microsoftDefenderForOffice365", "microsoftDefenderForOffice365", "phishing",
    ),
    "Azure Active Directory Identity Protection": (
        "ad", "azureAdIdentityProtection", "azureAdIdentityProtection", "compromisedAccount",
    ),
    "Microsoft Cloud App Security": (
        "ca", "microsoftDefenderForCloudApps", "cloudAppSecurity", "maliciousUserActivity",
    ),
}  # fmt: skip
_INCIDENT_STATUS = {"New": "active", "Active": "inProgress", "Closed": "resolved"}
_ALERT_STATUS = {"New": "new", "Active": "inProgress", "Closed": "resolved"}
_CLASSIFICATIONS = {
    "TruePositive": "truePositive",
    "BenignPositive": "informationalExpectedActivity",
    "FalsePositive": "falsePositive",
}


def documents(clock: Clock) -> Iterable[Document]:
    """Yield incidents and their alerts, oldest first."""
    for case in cases(clock):
        raised = [each for each in case.alerts if each.alert.product in _PRODUCTS]
        if not raised:
            continue
        incident_id = str(FIRST_ID + case.number)
        yield Document("defenderIncidents", incident_id, _incident(case, raised, incident_id))
        for each in raised:
            body = _alert(case, each, incident_id, clock)
            yield Document("defenderAlerts", body["id"], body)


def _incident(case: Case, raised: list[RaisedAlert], incident_id: str) -> Body:
    episode, last = case.episode, case.versions[-1]
    classification, determination = _verdict(case, raised[0])
    return {
        "@odata.type": f"{_TYPE}incident",
        "id": incident_id,
        "incidentWebUrl": f"{_PORTAL}/incidents/{incident_id}?tid={TENANT_ID}",
        "redirectIncidentId": None,
        "tenantId": TENANT_ID,
        "displayName": episode.title,
        "description": episode.description,
        "createdDateTime": wire(raised[0].raised),
        "lastUpdateDateTime": wire(max(last.at, raised[-1].raised)),
        "assignedTo": last.owner.upn if last.owner else None,
        "classification": classification,
        "determination": determination,
        "status": _INCIDENT_STATUS[last.status],
        "severity": episode.severity.lower(),
        "customTags": list(episode.labels),
        "systemTags": [],
        "resolvingComment": episode.verdict_text if last.status == "Closed" else None,
        "comments": [
            {
                "@odata.type": f"{_TYPE}alertComment",
                "comment": each.text,
                "createdByDisplayName": person(each.author).name,
                "createdDateTime": wire(case.comment_time(each)),
            }
            for each in episode.comments[: last.comments]
        ],
    }


def _alert(case: Case, each: RaisedAlert, incident_id: str, clock: Clock) -> Body:
    alert, last = each.alert, case.versions[-1]
    prefix, service, detection, _ = _PRODUCTS[alert.product]
    vendor_id = guid("vendor", alert.key)
    alert_id = f"{prefix}{vendor_id}"
    classification, determination = _verdict(case, each)
    return {
        "@odata.type": f"{_TYPE}alert",
        "id": alert_id,
        "providerAlertId": vendor_id,
        "incidentId": incident_id,
        "status": _ALERT_STATUS[last.status],
        "severity": alert.severity.lower(),
        "classification": classification,
        "determination": determination,
        "serviceSource": service,
        "detectionSource": detection,
        "detectorId": guid("detector", alert.title),
        "tenantId": TENANT_ID,
        "title": alert.title,
        "description": alert.description,
        "recommendedActions": "Confirm with the owner of the account what happened.",
        "category": alert.tactics[0] if alert.tactics else "SuspiciousActivity",
        "assignedTo": last.owner.upn if last.owner else None,
        "alertWebUrl": f"{_PORTAL}/alerts/{alert_id}?tid={TENANT_ID}",
        "incidentWebUrl": f"{_PORTAL}/incidents/{incident_id}?tid={TENANT_ID}",
        "actorDisplayName": None,
        "threatDisplayName": None,
        "threatFamilyName": None,
        "mitreTechniques": list(alert.techniques),
        "createdDateTime": wire(each.raised),
        "lastUpdateDateTime": wire(max(last.at, each.raised)),
        "resolvedDateTime": wire(case.closed) if case.closed else None,
        "firstActivityDateTime": wire(each.start),
        "lastActivityDateTime": wire(each.end),
        "systemTags": [],
        "comments": [],
        "evidence": [
            {**_shared(each.raised), **_evidence(entity, clock)} for entity in alert.entities
        ],
    }


def _verdict(case: Case, each: RaisedAlert) -> tuple[str, str]:
    stated, _, _ = (case.episode.verdict or "").partition("/")
    classification = _CLASSIFICATIONS.get(stated, "unknown")
    if case.closed is None:
        return "unknown", "unknown"
    confirmed = _PRODUCTS[each.alert.product][3]
    return classification, confirmed if classification == "truePositive" else "other"


def _shared(created: datetime) -> Body:
    return {
        "createdDateTime": wire(created),
        "verdict": "suspicious",
        "remediationStatus": "none",
        "remediationStatusDetails": None,
        "roles": [],
        "detailedRoles": [],
        "tags": [],
    }


def _evidence(entity: Entity, clock: Clock) -> Body:
    match entity:
        case Person():
            return {"@odata.type": f"{_TYPE}userEvidence", "userAccount": _account(entity)}
        case Host():
            return {
                "@odata.type": f"{_TYPE}deviceEvidence",
                "mdeDeviceId": entity.device_id,
                "azureAdDeviceId": None,
                "deviceDnsName": entity.fqdn,
                "hostName": entity.name,
                "dnsDomain": AD_DOMAIN,
                "ntDomain": NETBIOS,
                "osPlatform": "Linux" if entity.role == "linux" else "Windows",
                "healthStatus": "active",
                "onboardingStatus": "onboarded",
                "ipInterfaces": [entity.ip],
            }
        case Ip():
            return {"@odata.type": f"{_TYPE}ipEvidence", "ipAddress": entity.address}
        case Url():
            return {"@odata.type": f"{_TYPE}urlEvidence", "url": entity.url}
        case Process():
            return {
                "@odata.type": f"{_TYPE}processEvidence",
                "processId": entity.id,
                "processCommandLine": entity.command,
                "mdeDeviceId": entity.host.device_id,
                "detectionStatus": "detected",
                "imageFile": _file(entity.file, entity.folder),
            }
        case File():
            return {
                "@odata.type": f"{_TYPE}fileEvidence",
                "detectionStatus": "detected",
                "fileDetails": _file(entity.name, entity.folder),
            }
        case Mailbox():
            return {
                "@odata.type": f"{_TYPE}mailboxEvidence",
                "primaryAddress": entity.owner.upn,
                "displayName": entity.owner.name,
                "userAccount": _account(entity.owner),
            }
        case Mail():
            return {
                "@odata.type": f"{_TYPE}analyzedMessageEvidence",
                "networkMessageId": entity.id,
                "subject": entity.subject,
                "recipientEmailAddress": entity.recipient.upn,
                "senderIp": entity.sender_ip,
                "p1Sender": {"emailAddress": entity.sender},
                "p2Sender": {"emailAddress": entity.sender},
                "deliveryAction": "Delivered",
                "deliveryLocation": "Inbox",
                "receivedDateTime": wire(clock.time(entity.at)),
                "urls": [entity.url],
                "urlCount": 1,
                "attachmentsCount": 0,
            }


def _account(who: Person) -> Body:
    return {
        "accountName": who.sam,
        "domainName": NETBIOS.lower(),
        "userSid": who.sid,
        "azureAdUserId": who.id,
        "userPrincipalName": who.upn,
        "displayName": who.name,
    }


def _file(name: str, folder: str) -> Body:
    return {
        "sha1": sha1(name),
        "sha256": sha256(name),
        "fileName": name,
        "filePath": folder,
        "fileSize": None,
        "filePublisher": None,
    }
