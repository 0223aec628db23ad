"""What columns hold, held against all that Microsoft documents and against facts written apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

import pytest

from sentinel_mcp.domains.shared.entity import KINDS, read_value
from sentinel_mcp.domains.shared.event_columns import EVENT_COLUMNS, event_columns, usual_tables
from sentinel_mcp.domains.shared.log_columns import (
    EXCLUDED,
    ROLES,
    Role,
    columns_of,
    role_of,
    why_excluded,
)
from sentinel_mcp.domains.shared.value_search import LogTable, RowFilter
from sentinel_mcp.kql.catalog import TableSchema, bundled
from sentinel_mcp.kql.results import Column, Environment

ENVIRONMENTS: tuple[Environment, ...] = get_args(Environment)
TEXTS = frozenset({"string", "dynamic", "guid"})

# Words of which one in a column's name says that it may hold an entity.
WORDS = frozenset({
    "ip", "ips", "ipv4", "ipv6", "addr", "address", "addresses", "account", "accounts", "user",
    "users", "username", "upn", "upns", "sid", "sids", "principal", "principals", "caller",
    "actor", "owner", "host", "hosts", "hostname", "computer", "computers", "machine", "device",
    "devices", "workstation", "workstations", "server", "servers", "url", "urls", "uri", "uris",
    "domain", "domains", "fqdn", "dns", "hash", "hashes", "md5", "sha1", "sha256", "sha512",
    "imphash", "thumbprint", "mail", "mails", "email", "emails", "mailbox", "smtp", "recipient",
    "recipients", "sender", "senders", "file", "files", "filename", "filepath",
})  # fmt: skip
_WORD = re.compile(r"[A-Z]{2,}[0-9]*(?![a-z])|[A-Z]?[a-z]+[0-9]*|[A-Z]+[0-9]*")

# What a description says of a column that holds an entity.
SAID = re.compile(
    r"\bIP(?:v[46])? addresse?s?\b|\bhost ?name|\bFQDN|\bfully qualified|\bUPN\b|\bSID\b|\bURLs?\b"
    r"|\bURIs?\b|\b(?:user|account) ?(?:name|principal)|\bdomain name"
    r"|\b(?:MD5|SHA-?(?:1|256|512))\b|\bhash\b|\be-?mail address|\bmailbox|\bfile ?(?:name|path)"
    r"|\b(?:computer|device|machine) name|\b(?:user|account|person) (?:who|that)\b"
    r"|\bname of the (?:user|account|computer|machine|device|host|file|domain|server)\b",
    re.IGNORECASE,
)


def documented() -> Iterator[tuple[Environment, TableSchema, Column]]:
    """Yield every column that can hold text, of every table of both environments."""
    for environment in ENVIRONMENTS:
        for table in bundled(environment).tables.values():
            for column in table.columns:
                if column.type in TEXTS:
                    yield environment, table, column


def words(name: str) -> set[str]:
    return {each.lower() for each in _WORD.findall(re.sub(r"_(?:[sgdbt]|string)$", "", name))}


def unexplained(table: str, column: str) -> bool:
    return role_of(table, column) is None and why_excluded(column) is None


def test_the_words_of_a_name_are_read_apart() -> None:
    assert words("SourceIPAddress") == {"source", "ip", "address"}
    assert words("clientIP_s") == {"client", "ip"}
    assert words("TargetUserSid") == {"target", "user", "sid"}
    assert words("InitProcessSHA256") == {"init", "process", "sha256"}
    assert words("cs_user_name") == {"cs", "user", "name"}


def test_a_column_whose_name_sounds_like_an_entity_is_mapped_or_excluded_with_a_reason() -> None:
    sounding = [each for each in documented() if words(each[2].name) & WORDS]
    lacking = sorted(
        {f"{table.name}.{column.name}" for _, table, column in sounding
         if unexplained(table.name, column.name)}
    )  # fmt: skip

    assert lacking == []
    assert len({column.name for _, _, column in sounding}) > 800


def test_a_column_that_is_described_as_an_entity_is_mapped_or_excluded_with_a_reason() -> None:
    described = [each for each in documented() if SAID.search(each[2].description)]
    lacking = sorted(
        {f"{table.name}.{column.name}: {column.description[:80]}" for _, table, column in described
         if unexplained(table.name, column.name) and column.name != "Name"}
    )  # fmt: skip

    assert lacking == []
    assert len(described) > 1_000


# What a name that ends so holds, without exception.
ENDINGS: dict[str, Role] = {
    "IPAddress": "ip", "IpAddress": "ip", "IpAddr": "ip", "SourceIP": "ip", "DestinationIP": "ip",
    "RemoteIP": "ip", "ClientIP": "ip", "PublicIP": "ip", "SenderIPv4": "ip", "SenderIPv6": "ip",
    "UserPrincipalName": "account", "UserName": "account", "Username": "account", "UPN": "account",
    "Upn": "account", "AccountName": "account", "AccountSid": "account", "UserSid": "account",
    "UserId": "account", "UserDisplayName": "account", "AccountDisplayName": "account",
    "HostName": "host", "Hostname": "host", "DeviceName": "host", "ComputerName": "host",
    "MachineName": "host", "DeviceId": "host", "Url": "url", "URL": "url", "Uri": "url",
    "URI": "url", "MD5": "file_hash", "SHA1": "file_hash", "SHA256": "file_hash",
    "SHA512": "file_hash", "FileHash": "file_hash", "FQDN": "domain", "Fqdn": "domain",
    "UserDomain": "domain", "EmailAddress": "mailbox", "FromAddress": "mailbox",
    "FileName": "file", "FilePath": "file", "FolderPath": "file",
}  # fmt: skip
# The same endings in other things.
OTHERWISE: dict[str, Role | None] = {
    "MailboxOwnerUPN": "mailbox", "DestMailboxOwnerUPN": "mailbox", "UrlHostname": "domain",
    "DstDomainHostname": "domain", "HashedUserId": None, "StorageAccountName": None,
    "PurviewAccountName": None, "ActorUserIdType": None,
}  # fmt: skip


def test_a_name_that_ends_like_an_entity_has_its_role_in_every_table() -> None:
    wrong = sorted(
        {
            f"{column.name}: {role_of(table.name, column.name)}, not {role}"
            for _, table, column in documented()
            for ending, role in ENDINGS.items()
            if column.name.endswith(ending)
            and role_of(table.name, column.name) != OTHERWISE.get(column.name, role)
        }
    )

    assert wrong == []


def test_every_reason_to_exclude_is_of_a_column_that_there_is() -> None:
    names = {column.name for _, _, column in documented()}

    assert all(reason and any(re.search(pattern, each) for each in names)
               for pattern, reason in EXCLUDED)  # fmt: skip


def test_no_column_is_mapped_and_excluded() -> None:
    both = {
        column.name
        for _, table, column in documented()
        if role_of(table.name, column.name) and why_excluded(column.name)
    }

    assert both == set()


# From Microsoft's reference of the tables, read one by one.
FACTS: list[tuple[str, str, Role | None]] = [
    ("SigninLogs", "IPAddress", "ip"),
    ("SigninLogs", "UserPrincipalName", "account"),
    ("SigninLogs", "UserId", "account"),
    ("SigninLogs", "UserDisplayName", "account"),
    ("SigninLogs", "AlternateSignInName", "account"),
    ("SigninLogs", "SignInIdentifier", "account"),
    ("SigninLogs", "AppDisplayName", None),
    ("SigninLogs", "ResourceDisplayName", None),
    ("SigninLogs", "UserAgent", None),
    ("SigninLogs", "UserType", None),
    ("AADServicePrincipalSignInLogs", "ServicePrincipalName", "account"),
    ("AuditLogs", "InitiatedBy", "account"),
    ("AuditLogs", "ActivityDisplayName", None),
    ("AzureActivity", "Caller", "account"),
    ("AzureActivity", "CallerIpAddress", "ip"),
    ("OfficeActivity", "UserId", "account"),
    ("OfficeActivity", "ClientIP", "ip"),
    ("OfficeActivity", "MailboxOwnerUPN", "mailbox"),
    ("OfficeActivity", "TargetUserOrGroupName", "account"),
    ("OfficeActivity", "SourceFileName", "file"),
    ("OfficeActivity", "Site_Url", "url"),
    ("SecurityEvent", "Account", "account"),
    ("SecurityEvent", "TargetUserName", "account"),
    ("SecurityEvent", "SubjectUserSid", "account"),
    ("SecurityEvent", "MemberName", "account"),
    ("SecurityEvent", "Computer", "host"),
    ("SecurityEvent", "WorkstationName", "host"),
    ("SecurityEvent", "IpAddress", "ip"),
    ("SecurityEvent", "NewProcessName", "file"),
    ("SecurityEvent", "TargetDomainName", "domain"),
    ("SecurityEvent", "LogonProcessName", None),
    ("SecurityEvent", "AuthenticationPackageName", None),
    ("Syslog", "Computer", "host"),
    ("Syslog", "HostIP", "ip"),
    ("Syslog", "HostName", "host"),
    ("Syslog", "SyslogMessage", None),
    ("CommonSecurityLog", "SourceIP", "ip"),
    ("CommonSecurityLog", "DestinationIP", "ip"),
    ("CommonSecurityLog", "DestinationUserName", "account"),
    ("CommonSecurityLog", "SourceHostName", "host"),
    ("CommonSecurityLog", "DeviceName", "host"),
    ("CommonSecurityLog", "RequestURL", "url"),
    ("CommonSecurityLog", "FileHash", "file_hash"),
    ("CommonSecurityLog", "FileName", "file"),
    ("CommonSecurityLog", "DeviceVendor", None),
    ("CommonSecurityLog", "DeviceAction", None),
    ("DnsEvents", "Name", "domain"),
    ("AppDependencies", "Name", None),
    ("DnsEvents", "ClientIP", "ip"),
    ("Heartbeat", "ComputerIP", "ip"),
    ("W3CIISLog", "cIP", "ip"),
    ("W3CIISLog", "csUserName", "account"),
    ("W3CIISLog", "csHost", "host"),
    ("W3CIISLog", "csUriStem", "url"),
    ("DeviceLogonEvents", "RemoteDeviceName", "host"),
    ("DeviceNetworkEvents", "RemoteIP", "ip"),
    ("DeviceNetworkEvents", "RemoteUrl", "url"),
    ("DeviceFileEvents", "SHA256", "file_hash"),
    ("DeviceProcessEvents", "AccountUpn", "account"),
    ("DeviceProcessEvents", "AccountSid", "account"),
    ("DeviceProcessEvents", "FolderPath", "file"),
    ("DeviceEvents", "InitiatingProcessFileName", "file"),
    ("EmailEvents", "SenderFromAddress", "mailbox"),
    ("EmailEvents", "RecipientEmailAddress", "mailbox"),
    ("EmailEvents", "SenderFromDomain", "domain"),
    ("EmailEvents", "SenderIPv4", "ip"),
    ("EmailEvents", "Subject", None),
    ("EmailUrlInfo", "Url", "url"),
    ("EmailUrlInfo", "UrlDomain", "domain"),
    ("EmailAttachmentInfo", "FileName", "file"),
    ("UrlClickEvents", "AccountUpn", "account"),
    ("AWSCloudTrail", "SourceIpAddress", "ip"),
    ("AWSCloudTrail", "UserIdentityArn", "account"),
    ("AWSVPCFlow", "SrcAddr", "ip"),
    ("GCPAuditLogs", "PrincipalEmail", "mailbox"),
    ("VMConnection", "RemoteIp", "ip"),
    ("VMConnection", "RemoteDnsQuestions", "domain"),
    ("AZFWNetworkRule", "SourceIp", "ip"),
    ("AZFWApplicationRule", "Fqdn", "domain"),
    ("StorageBlobLogs", "RequesterUpn", "account"),
    ("StorageBlobLogs", "CallerIpAddress", "ip"),
    ("StorageBlobLogs", "Uri", "url"),
    ("ASimDnsActivityLogs", "DnsQuery", "domain"),
    ("ASimNetworkSessionLogs", "DstHostname", "host"),
    ("ASimNetworkSessionLogs", "SrcMacAddr", None),
    ("ASimWebSessionLogs", "HttpUserAgent", None),
    ("ASimProcessEventLogs", "TargetProcessSHA256", "file_hash"),
    ("ASimFileEventLogs", "TargetFilePath", "file"),
    ("IdentityInfo", "AccountUPN", "account"),
    ("IdentityInfo", "AccountSID", "account"),
    ("IdentityInfo", "MailAddress", "mailbox"),
]


@pytest.mark.parametrize(("table", "column", "role"), FACTS)
def test_a_column_holds_what_microsoft_says_it_does(
    table: str, column: str, role: Role | None
) -> None:
    assert column in {each.name for each in bundled("sentinel").tables[table].columns}
    assert role_of(table, column) == role


@pytest.mark.parametrize(
    ("column", "role"),
    [
        ("src_ip_s", "ip"), ("SourceIP_s", "ip"), ("clientIP_s", "ip"), ("UserName_s", "account"),
        ("UserPrincipalName_s", "account"), ("HostName_s", "host"), ("Url_s", "url"),
        ("FileName_s", "file"), ("SHA256_s", "file_hash"), ("DeviceVendor_s", None),
        ("Message_s", None),
    ],
)  # fmt: skip
def test_a_table_that_nobody_has_heard_of_is_understood_by_its_names(
    column: str, role: Role | None
) -> None:
    assert role_of("Unheard_CL", column) == role


def test_a_name_that_is_looked_for_in_naming_columns_only_is_looked_for_in_all_of_them() -> None:
    # `administrator` is in too many texts; SecurityEvent has some 25 columns that name accounts.
    schema = bundled("sentinel").tables["SecurityEvent"]
    table = LogTable(schema.name, {each.name: each.type for each in schema.columns})
    where = RowFilter.of(read_value("administrator", "account")).where(table)

    assert where is not None
    for column in columns_of(table.name, table.columns, "account"):
        if table.columns[column] in TEXTS:
            assert f"{column} matches regex" in where


def test_every_role_names_some_kind_of_value_and_every_kind_has_columns() -> None:
    one_of_each = LogTable("T", dict.fromkeys(
        ("SourceIP", "HostName", "UserName", "EmailAddress", "Url", "Fqdn", "SHA256", "FileName"),
        "string",
    ))  # fmt: skip
    named = {kind: one_of_each.naming(kind) for kind in KINDS}

    assert {role_of("T", each) for each in one_of_each.columns} == set(ROLES)
    assert all(named.values())
    assert {each for columns in named.values() for each in columns} == set(one_of_each.columns)


def test_the_columns_by_which_an_event_is_told_are_documented_and_hold_that() -> None:
    columns = usual_tables()
    assert [each.table for each in EVENT_COLUMNS if each.table not in columns] == []
    for each in EVENT_COLUMNS:
        held = columns[each.table]
        told = (each.account, each.host, each.ip, each.action, each.result, each.detail)
        for reference in filter(None, told):
            column, _, path = reference.partition(".")
            assert column in held, f"{each.table}.{reference}"
            assert not path or held[column] in ("dynamic", "string"), reference
        for role, reference in (("ip", each.ip), ("host", each.host)):
            if reference and "." not in reference:
                assert role_of(each.table, reference) == role, f"{each.table}.{reference}"
        if each.account and "." not in each.account:
            assert role_of(each.table, each.account) in ("account", "mailbox"), each.table


def test_the_common_tables_are_among_those_that_every_workspace_is_taken_to_have() -> None:
    assert set(usual_tables()) >= {
        "SigninLogs", "AADNonInteractiveUserSignInLogs", "AuditLogs", "OfficeActivity",
        "SecurityEvent", "Syslog", "CommonSecurityLog", "DeviceEvents", "DeviceLogonEvents",
        "DeviceProcessEvents", "DeviceNetworkEvents", "DeviceFileEvents", "DeviceRegistryEvents",
        "DeviceImageLoadEvents", "EmailEvents", "EmailUrlInfo", "UrlClickEvents", "DnsEvents",
        "ASimDnsActivityLogs", "AzureActivity", "AWSCloudTrail", "IdentityLogonEvents",
        "VMConnection",
    }  # fmt: skip


def test_an_event_of_an_unheard_table_is_told_by_the_names_of_its_columns() -> None:
    told = event_columns(
        "Unheard_CL",
        {"TimeGenerated": "datetime", "SourceIP": "string", "UserName": "string",
         "Computer": "string", "OperationName": "string", "Port": "int"},
    )  # fmt: skip

    assert (told.ip, told.account, told.host) == ("SourceIP", "UserName", "Computer")
    assert (told.action, told.result) == ("OperationName", "")


def test_a_column_that_a_workspace_lacks_is_not_told() -> None:
    assert event_columns("SigninLogs", {"IPAddress": "string"}).account == ""
    assert event_columns("SigninLogs", {"IPAddress": "string"}).ip == "IPAddress"
