"""The things that alerts are about: as Azure's documents, and as SecurityAlert has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sentinel_mcp.local.identity import INSIGHTS_ID, TENANT_ID
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.estate import Host
from sentinel_mcp.local.scenario.model import Entity, File, Ip, Mail, Mailbox, Process, Url
from sentinel_mcp.local.scenario.names import AD_DOMAIN, DOMAIN, NETBIOS, guid, sha256
from sentinel_mcp.local.scenario.people import Person

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""


@dataclass(frozen=True, slots=True)
class EntityDocument:
    """An entity as Azure describes it."""

    kind: str
    id: str
    properties: Body

    def body(self) -> Body:
        """Return the whole document."""
        return {
            "id": f"{INSIGHTS_ID}/Entities/{self.id}",
            "name": self.id,
            "type": "Microsoft.SecurityInsights/Entities",
            "kind": self.kind,
            "properties": self.properties,
        }


def documents(entities: Iterable[Entity], clock: Clock) -> list[EntityDocument]:
    """Return the documents of entities and of those that they name, each once."""
    found: dict[str, EntityDocument] = {}
    for entity in entities:
        for document in _documents(entity, clock):
            found.setdefault(document.id, document)
    return list(found.values())


def alert_json(entities: Sequence[Entity], clock: Clock) -> list[Body]:
    """Return entities as the column Entities of SecurityAlert holds them.

    Each has a number, `$id`, by which others refer to it.
    """
    found: list[Body] = []
    numbers: dict[str, str] = {}

    def add(key: str, body: Body) -> Body:
        if key not in numbers:
            numbers[key] = str(len(numbers) + 2)
            found.append({"$id": numbers[key], **body})
        return {"$ref": numbers[key]}

    for entity in entities:
        match entity:
            case Process():
                machine = add(entity.host.name, _host_json(entity.host))
                file = add(entity.file, _file_json(File(entity.file, entity.folder)))
                add(
                    f"{entity.host.name}/{entity.id}",
                    {
                        "ProcessId": str(entity.id),
                        "CommandLine": entity.command,
                        "ImageFile": file,
                        "Host": machine,
                        "Type": "process",
                    },
                )
            case File():
                add(entity.name, _file_json(entity))
            case _:
                body = _plain_json(entity, clock)
                add(str(sorted(body.items(), key=str)), body)
    return found


def _plain_json(entity: Person | Host | Ip | Url | Mailbox | Mail, clock: Clock) -> Body:
    match entity:
        case Person():
            return {
                "Name": entity.sam,
                "UPNSuffix": DOMAIN,
                "NTDomain": NETBIOS,
                "AadTenantId": TENANT_ID,
                "AadUserId": entity.id,
                "Sid": entity.sid,
                "IsDomainJoined": True,
                "DisplayName": entity.name,
                "Type": "account",
            }
        case Host():
            return _host_json(entity)
        case Ip():
            return {"Address": entity.address, "Type": "ip"}
        case Url():
            return {"Url": entity.url, "Type": "url"}
        case Mailbox():
            return {
                "MailboxPrimaryAddress": entity.owner.upn,
                "DisplayName": entity.owner.name,
                "Upn": entity.owner.upn,
                "Type": "mailbox",
            }
        case Mail():
            return {
                "Recipient": entity.recipient.upn,
                "Urls": [entity.url],
                "Sender": entity.sender,
                "P1Sender": entity.sender,
                "P2Sender": entity.sender,
                "SenderIP": entity.sender_ip,
                "ReceivedDate": wire(clock.time(entity.at)),
                "NetworkMessageId": entity.id,
                "InternetMessageId": f"<{entity.id}@{entity.sender.split('@')[1]}>",
                "Subject": entity.subject,
                "DeliveryAction": "Delivered",
                "DeliveryLocation": "Inbox",
                "Type": "mailMessage",
            }


def _host_json(host: Host) -> Body:
    return {
        "HostName": host.name,
        "DnsDomain": AD_DOMAIN,
        "NTDomain": NETBIOS,
        "NetBiosName": host.name.upper()[:15],
        "OSFamily": "Linux" if host.role == "linux" else "Windows",
        "IsDomainJoined": host.role != "linux",
        "Type": "host",
    }


def _file_json(file: File) -> Body:
    return {
        "Directory": file.folder,
        "Name": file.name,
        "FileHashes": [{"Algorithm": "SHA256", "Value": sha256(file.name), "Type": "filehash"}],
        "Type": "file",
    }


def _documents(entity: Entity, clock: Clock) -> list[EntityDocument]:
    match entity:
        case Person():
            return [_account(entity)]
        case Host():
            return [_host(entity)]
        case Ip():
            properties = {"address": entity.address, "friendlyName": entity.address}
            return [EntityDocument("Ip", guid("entity", "ip", entity.address), properties)]
        case Url():
            properties = {"url": entity.url, "friendlyName": entity.url}
            return [EntityDocument("Url", guid("entity", "url", entity.url), properties)]
        case File():
            return _file(entity)
        case Process():
            return _process(entity)
        case Mailbox():
            return [_mailbox(entity)]
        case Mail():
            return [_mail(entity, clock), _account(entity.recipient)]


def _account(who: Person) -> EntityDocument:
    return EntityDocument(
        "Account",
        guid("entity", "account", who.sam),
        {
            "accountName": who.sam,
            "upnSuffix": DOMAIN,
            "ntDomain": NETBIOS,
            "dnsDomain": AD_DOMAIN,
            "displayName": who.name,
            "aadTenantId": TENANT_ID,
            "aadUserId": who.id,
            "sid": who.sid,
            "isDomainJoined": True,
            "friendlyName": who.sam,
        },
    )


def _host(host: Host) -> EntityDocument:
    properties: Body = {
        "hostName": host.name,
        "dnsDomain": AD_DOMAIN,
        "netBiosName": host.name.upper()[:15],
        "ntDomain": NETBIOS,
        "omsAgentID": host.agent_id,
        "osFamily": "Linux" if host.role == "linux" else "Windows",
        "osVersion": host.system,
        "isDomainJoined": host.role != "linux",
        "friendlyName": host.name,
    }
    if host.resource_id:
        properties["azureID"] = host.resource_id
    return EntityDocument("Host", guid("entity", "host", host.name), properties)


def _file(file: File) -> list[EntityDocument]:
    value = sha256(file.name)
    file_hash = EntityDocument(
        "FileHash",
        guid("entity", "hash", value),
        {"algorithm": "SHA256", "hashValue": value, "friendlyName": f"{value}(SHA256)"},
    )
    properties = {
        "fileName": file.name,
        "directory": file.folder,
        "fileHashEntityIds": [f"{INSIGHTS_ID}/Entities/{file_hash.id}"],
        "friendlyName": file.name,
    }
    return [
        EntityDocument("File", guid("entity", "file", file.folder, file.name), properties),
        file_hash,
    ]


def _process(process: Process) -> list[EntityDocument]:
    files, machine = _file(File(process.file, process.folder)), _host(process.host)
    properties = {
        "processId": str(process.id),
        "commandLine": process.command,
        "hostEntityId": f"{INSIGHTS_ID}/Entities/{machine.id}",
        "imageFileEntityId": f"{INSIGHTS_ID}/Entities/{files[0].id}",
        "friendlyName": process.file,
    }
    id_ = guid("entity", "process", process.host.name, process.id)
    return [EntityDocument("Process", id_, properties), *files, machine]


def _mailbox(mailbox: Mailbox) -> EntityDocument:
    owner = mailbox.owner
    return EntityDocument(
        "Mailbox",
        guid("entity", "mailbox", owner.sam),
        {
            "mailboxPrimaryAddress": owner.upn,
            "displayName": owner.name,
            "upn": owner.upn,
            "externalDirectoryObjectId": owner.id,
            "friendlyName": owner.upn,
        },
    )


def _mail(mail: Mail, clock: Clock) -> EntityDocument:
    domain = mail.sender.split("@")[1]
    return EntityDocument(
        "MailMessage",
        guid("entity", "mail", mail.id),
        {
            "recipient": mail.recipient.upn,
            "urls": [mail.url],
            "threats": ["Phish"],
            "p1Sender": mail.sender,
            "p1SenderDomain": domain,
            "p2Sender": mail.sender,
            "p2SenderDomain": domain,
            "senderIP": mail.sender_ip,
            "receiveDate": wire(clock.time(mail.at)),
            "networkMessageId": mail.id,
            "internetMessageId": f"<{mail.id}@{domain}>",
            "subject": mail.subject,
            "language": "en",
            "antispamDirection": "Inbound",
            "deliveryAction": "Delivered",
            "deliveryLocation": "Inbox",
            "friendlyName": mail.subject,
        },
    )
