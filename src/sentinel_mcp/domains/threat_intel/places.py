"""Where logs have addresses, names and hashes: the columns that a value is looked for in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sentinel_mcp.domains.threat_intel.models import LogKind
from sentinel_mcp.kql import literals

_HOST_OF_URL = (
    'tolower(iff({0} contains "://", tostring(parse_url({0}).Host), '
    'tostring(split(tostring(split({0}, "/")[0]), ":")[0])))'
)
_WITHOUT_PORT = (
    'iff({0} contains ".", extract(@"(\\d{{1,3}}(\\.\\d{{1,3}}){{3}})", 1, {0}), '
    'trim(@"[\\[\\]]", {0}))'
)


_PLAIN = "tolower({0})"


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and how its values become comparable: KQL in which `{0}` is the column."""

    name: str
    form: str = _PLAIN

    @property
    def comparable(self) -> str:
        """The KQL expression."""
        return self.form.format(self.name)


def _columns(names: str, form: str = _PLAIN) -> tuple[Column, ...]:
    return tuple(Column(each, form) for each in names.split())


ADDRESSES: Mapping[str, Sequence[Column]] = {
    "AADManagedIdentitySignInLogs": _columns("IPAddress"),
    "AADNonInteractiveUserSignInLogs": _columns("IPAddress"),
    "AADServicePrincipalSignInLogs": _columns("IPAddress"),
    "AWSCloudTrail": _columns("SourceIpAddress"),
    "AZFWApplicationRule": _columns("SourceIp"),
    "AZFWNetworkRule": _columns("SourceIp DestinationIp"),
    "AppServiceHTTPLogs": _columns("CIp"),
    "AzureActivity": _columns("CallerIpAddress"),
    "CloudAppEvents": _columns("IPAddress"),
    "CommonSecurityLog": _columns("SourceIP DestinationIP"),
    "DeviceEvents": _columns("RemoteIP"),
    "DeviceLogonEvents": _columns("RemoteIP"),
    "DeviceNetworkEvents": _columns("RemoteIP"),
    "DnsEvents": _columns("ClientIP"),
    "EmailEvents": _columns("SenderIPv4 SenderIPv6"),
    "IdentityLogonEvents": _columns("IPAddress"),
    "OfficeActivity": _columns("ClientIP", _WITHOUT_PORT),
    "SecurityEvent": _columns("IpAddress"),
    "SigninLogs": _columns("IPAddress"),
    "StorageBlobLogs": _columns("CallerIpAddress", _WITHOUT_PORT),
    "UrlClickEvents": _columns("IPAddress"),
    "VMConnection": _columns("RemoteIp"),
    "W3CIISLog": _columns("cIP"),
}

ADDRESS_LISTS: Mapping[str, Sequence[Column]] = {"DnsEvents": _columns("IPAddresses")}

HOSTS: Mapping[str, Sequence[Column]] = {
    "AZFWApplicationRule": _columns("Fqdn"),
    "AZFWDnsQuery": _columns("QueryName"),
    "CommonSecurityLog": (
        *_columns("DestinationHostName"),
        *_columns("RequestURL", _HOST_OF_URL),
    ),
    "DeviceEvents": _columns("RemoteUrl", _HOST_OF_URL),
    "DeviceNetworkEvents": _columns("RemoteUrl", _HOST_OF_URL),
    "DnsEvents": _columns("Name"),
    "EmailEvents": _columns("SenderFromDomain SenderMailFromDomain"),
    "EmailUrlInfo": _columns("UrlDomain"),
    "UrlClickEvents": _columns("Url", _HOST_OF_URL),
}

URLS: Mapping[str, Sequence[Column]] = {
    "CommonSecurityLog": _columns("RequestURL"),
    "DeviceEvents": _columns("RemoteUrl"),
    "DeviceFileEvents": _columns("FileOriginUrl"),
    "DeviceNetworkEvents": _columns("RemoteUrl"),
    "EmailUrlInfo": _columns("Url"),
    "UrlClickEvents": _columns("Url"),
}

EMAILS: Mapping[str, Sequence[Column]] = {
    "EmailAttachmentInfo": _columns("SenderFromAddress RecipientEmailAddress"),
    "EmailEvents": _columns("SenderFromAddress SenderMailFromAddress RecipientEmailAddress"),
    "OfficeActivity": _columns("UserId"),
    "SigninLogs": _columns("UserPrincipalName"),
    "UrlClickEvents": _columns("AccountUpn"),
}

HASHES: Mapping[str, Sequence[Column]] = {
    "CommonSecurityLog": _columns("FileHash"),
    "DeviceEvents": _columns("MD5 SHA1 SHA256 InitiatingProcessSHA256"),
    "DeviceFileEvents": _columns("MD5 SHA1 SHA256 InitiatingProcessSHA256"),
    "DeviceImageLoadEvents": _columns("MD5 SHA1 SHA256"),
    "DeviceNetworkEvents": _columns("InitiatingProcessSHA256"),
    "DeviceProcessEvents": _columns("MD5 SHA1 SHA256 InitiatingProcessSHA256"),
    "EmailAttachmentInfo": _columns("SHA256"),
}


@dataclass(frozen=True, slots=True)
class Sought:
    """The values of a question to the logs, by what they are; all in lower case."""

    addresses: Sequence[str] = ()
    hosts: Sequence[str] = ()
    urls: Sequence[str] = ()
    emails: Sequence[str] = ()
    hashes: Sequence[str] = ()

    def queries(self, period: timedelta) -> dict[LogKind, str]:
        """Return one query for each kind of place that has something to look for.

        A workspace lacks some of the tables, and the fuzzy union then leaves them out.
        """
        groups: dict[LogKind, list[_Group]] = {
            "addresses": [
                _Group("Addresses", self.addresses, ADDRESSES, _equal),
                _Group("Addresses", self.addresses, ADDRESS_LISTS, _among),
            ],
            "names": [
                _Group("Hosts", self.hosts, HOSTS, _under),
                _Group("Urls", self.urls, URLS, _equal),
                _Group("Emails", self.emails, EMAILS, _equal),
            ],
            "hashes": [_Group("Hashes", self.hashes, HASHES, _equal)],
        }
        queries: dict[LogKind, str] = {}
        for kind, found in groups.items():
            if wanted := [each for each in found if each.values]:
                queries[kind] = _query(wanted, period)
        return queries


_NOTHING = (
    "(datatable(Value:string, Events:long, First:datetime, Last:datetime, Place:string, "
    "Field:string)[])"
)
"""Of the union's columns: with it, one leg at least is there in any workspace."""

Finder = Callable[[Column, "_Group"], str]
"""Writes the operators that leave the rows with one of the values, which is then in `Value`."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Values, the name that they have in the query, and where they are looked for."""

    name: str
    values: Sequence[str]
    places: Mapping[str, Sequence[Column]]
    find: Finder

    @property
    def declared(self) -> str:
        """The values once for all legs: a hundred of them in each would be too long a query."""
        return f"let {self.name} = {literals.dynamic(self.values)};\n"


def _equal(column: Column, group: _Group) -> str:
    # The column itself is compared first, which its index answers.
    if column.form == _PLAIN:
        return f"where {column.name} in~ ({group.name}) | extend Value = {column.comparable}"
    return (
        f"where {column.name} has_any ({group.name}) | extend Value = {column.comparable}"
        f" | where Value in ({group.name})"
    )


def _among(column: Column, group: _Group) -> str:
    """Find a value in a column that lists several; of two in one row, the first counts."""
    listed = rf"(?:^|[^\w.:])({'|'.join(map(re.escape, group.values))})(?:$|[^\w.:])"
    return _extracted(column, group, listed)


def _under(column: Column, group: _Group) -> str:
    """Find the domains and whatever is under them; `Value` is the domain that was looked for."""
    longest_first = sorted(group.values, key=lambda each: (-len(each), each))
    ending = rf"(?:^|\.)({'|'.join(map(re.escape, longest_first))})$"
    return _extracted(column, group, ending)


def _extracted(column: Column, group: _Group, expression: str) -> str:
    return (
        f"where {column.name} has_any ({group.name})"
        f" | extend Value = extract({literals.string(expression)}, 1, {column.comparable})"
        " | where isnotempty(Value)"
    )


def _query(groups: Sequence[_Group], period: timedelta) -> str:
    declared = "".join(dict.fromkeys(each.declared for each in groups))
    legs = [leg for each in groups for leg in _legs(each, period)]
    return f"{declared}union isfuzzy=true\n    " + ",\n    ".join([_NOTHING, *legs])


def _legs(group: _Group, period: timedelta) -> list[str]:
    return [
        f"({table} | where TimeGenerated > ago({literals.timespan_(period)})"
        f" | {group.find(column, group)} | summarize Events = count(), First = min(TimeGenerated),"
        f" Last = max(TimeGenerated) by Value"
        f" | extend Place = {literals.string(table)}, Field = {literals.string(column.name)})"
        for table, columns in group.places.items()
        for column in columns
    ]
