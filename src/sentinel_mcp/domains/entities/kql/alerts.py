"""KQL for the alerts that are about an entity, and their incidents."""

from __future__ import annotations

from datetime import datetime

from sentinel_mcp.domains.entities.kql.matching import (
    any_of,
    condition,
    equals,
    in_domain,
    mentions,
    url_in_domain,
)
from sentinel_mcp.domains.entities.subjects import Subject
from sentinel_mcp.kql.literals import datetime_, list_, string

MAX_ALERTS = 200
MAX_INCIDENTS = 100


def alerts(subject: Subject, until: datetime) -> str | None:
    """List the alerts about the subject, newest first; None where alerts name no such thing."""
    about = _alerts_about(subject, until)
    if about is None:
        return None
    return f"{about}\n| sort by TimeGenerated desc\n| take {MAX_ALERTS + 1}"


def incidents(subject: Subject, until: datetime) -> str | None:
    """List the incidents with such alerts, as they are now."""
    about = _alerts_about(subject, until)
    if about is None:
        return None
    return (
        f"let Alerts = {about}\n| distinct SystemAlertId;\n"
        "SecurityIncident\n"
        "| summarize arg_max(TimeGenerated, IncidentNumber, Title, Severity, Status, Owner,"
        " AlertIds, CreatedTime, LastActivityTime, Classification, IncidentUrl) by IncidentName\n"
        "| mv-expand AlertId = AlertIds to typeof(string)\n"
        "| where AlertId in (Alerts)\n"
        "| summarize Alerts = dcount(AlertId), take_any(IncidentNumber, Title, Severity, Status,"
        " Owner, CreatedTime, LastActivityTime, Classification, IncidentUrl) by IncidentName\n"
        "| sort by CreatedTime desc\n"
        f"| take {MAX_INCIDENTS + 1}"
    )


def alerts_as_events(subject: Subject) -> str | None:
    """Return the alerts about the subject, in the columns that all events have."""
    about = _alerts_about(subject, None)
    if about is None:
        return None
    # Of whatever kind: only the name of an account says that it is one.
    is_account = r'CompromisedEntity contains "@" or CompromisedEntity contains "\\"'
    return (
        f"({about}\n| extend IsAccount = {is_account}\n"
        '| project TimeGenerated, Seen = "SecurityAlert", Column = "Entities",'
        ' Account = iff(IsAccount, CompromisedEntity, ""), Host = "", Ip = "", Action = AlertName,'
        " Result = AlertSeverity, Detail = iff(IsAccount or isempty(CompromisedEntity),"
        ' ProductName, strcat(ProductName, ": ", CompromisedEntity)))'
    )


def _alerts_about(subject: Subject, until: datetime | None) -> str | None:
    named = _named_in_alert(subject)
    hints = _alert_hints(subject)
    if named is None or not hints:
        return None
    bound = f"| where TimeGenerated <= {datetime_(until)}\n" if until else ""
    return (
        f"SecurityAlert\n{bound}"
        f"| where Entities has_any {list_(hints)} or CompromisedEntity has_any {list_(hints)}\n"
        "| summarize arg_max(TimeGenerated, AlertName, AlertSeverity, ProductName, ProviderName,"
        " Status, Tactics, StartTime, EndTime, CompromisedEntity, Entities) by SystemAlertId\n"
        "| mv-expand Entity = todynamic(Entities)\n"
        f"| where {named}\n"
        "| summarize take_any(TimeGenerated, AlertName, AlertSeverity, ProductName, ProviderName,"
        " Status, Tactics, StartTime, EndTime, CompromisedEntity) by SystemAlertId"
    )


def _alert_hints(subject: Subject) -> tuple[str, ...]:
    """Return words of which an alert about the subject has one, however its JSON is written."""
    addresses = subject.of("upn", "email")
    local_parts = tuple(each.partition("@")[0] for each in addresses)
    found = (
        *addresses, *local_parts, *subject.of("sam_name", "sid", "object_id", "host_name"),
        *subject.of("address")[:1], *subject.of("domain", "md5", "sha1", "sha256"),
    )  # fmt: skip
    if subject.kind == "url" and not subject.of("domain"):
        found = subject.of("url")
    return tuple(dict.fromkeys(found))


def _bare_name(names: tuple[str, ...], *, is_known: bool) -> str | None:
    """Require an account's name, as the directory has it, and nothing that says whose it is."""
    holds = equals("tostring(Entity.Name)", names) if is_known else None
    others = ("UPNSuffix", "Sid", "AadUserId")
    bare = " and ".join(f"isempty(tostring(Entity.{each}))" for each in others)
    return f"({holds} and {bare})" if holds else None


def _named_in_alert(subject: Subject) -> str | None:
    def field(name: str) -> str:
        return f"tostring(Entity.{name})"

    whole_name = 'strcat(tostring(Entity.Name), "@", tostring(Entity.UPNSuffix))'
    whole_host = 'strcat(tostring(Entity.HostName), ".", tostring(Entity.DnsDomain))'
    mails = ("MailboxPrimaryAddress", "Upn", "Recipient", "Sender", "P1Sender", "P2Sender")
    mail = any_of([equals(field(each), subject.of("email")) for each in mails])
    hashes = subject.of("md5", "sha1", "sha256")
    match subject.kind:
        case "account":
            upns, sams = subject.of("upn"), subject.of("sam_name")
            return any_of(
                [
                    equals(whole_name, upns),
                    equals(field("Name"), upns),
                    _bare_name(sams, is_known=bool(subject.profile))
                    if upns
                    else equals(field("Name"), sams),
                    equals(field("AadUserId"), subject.of("object_id")),
                    equals(field("Sid"), subject.of("sid")),
                    mail,
                    equals("CompromisedEntity", (*upns, *subject.of("nt_name"))),
                ]
            )
        case "mailbox":
            return any_of([mail, equals(whole_name, subject.of("email"))])
        case "host":
            hosts = (*subject.of("fqdn"), *subject.of("host_name"))
            return any_of(
                [
                    equals(field("HostName"), hosts),
                    equals(whole_host, subject.of("fqdn")),
                    condition("host", "CompromisedEntity", subject),
                ]
            )
        case "ip":
            addresses = subject.of("address")
            return any_of([equals(field(each), addresses) for each in ("Address", "SenderIP")])
        case "url":
            return any_of([condition("url", f"Entity.{each}", subject) for each in ("Url", "Urls")])
        case "domain":
            domains = subject.of("domain")
            urls = [url_in_domain(field(each), domains) for each in ("Url", "Urls")]
            names = [in_domain(field(each), domains) for each in ("DomainName", "P1SenderDomain")]
            senders = [
                f"{field(each)} endswith {string('@' + domain)}"
                for each in ("Sender", "P2Sender")
                for domain in domains
            ]
            return any_of([*urls, *names, *senders])
        case "file_hash":
            return any_of([equals(field("Value"), hashes), mentions(field("FileHashes"), hashes)])
