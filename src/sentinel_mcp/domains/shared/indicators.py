"""Which threat indicators, as the logs have them, hold a value, its domain or its network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.documents import Document, flag, number, text, time
from sentinel_mcp.domains.shared.entity import Subject, host_of_url, without_scheme
from sentinel_mcp.domains.shared.stix_patterns import parse
from sentinel_mcp.domains.shared.text_patterns import ipv6_spellings, text_pattern
from sentinel_mcp.errors import InputError, KqlError
from sentinel_mcp.kql import literals

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

Table = Literal["ThreatIntelIndicators", "ThreatIntelligenceIndicator"]
Relation = Literal["same", "network", "within", "host", "parent_domain"]

NEW: Table = "ThreatIntelIndicators"
LEGACY: Table = "ThreatIntelligenceIndicator"

PERIOD = timedelta(days=30)
"""Azure writes every indicator that is in force into the table again, at least every 10 days."""

MAX_ROWS = 5_000

_RELATIONS: Sequence[Relation] = ("same", "network", "within", "host", "parent_domain")


class HoldingIndicator(BaseModel):
    """An indicator that holds a value, as the logs have it."""

    model_config = ConfigDict(frozen=True)

    stix_id: str
    relation: Annotated[
        Relation,
        Field(
            description="`network`: it holds a network that the address is in; `within`: an "
            "address of the network; `host`, `parent_domain`: the domain that the value is of."
        ),
    ]
    type: Annotated[str | None, Field(description="STIX, such as `ipv4-addr:value`.")] = None
    value: str
    title: str | None
    description: str | None = None
    source: str | None
    confidence: int | None
    active: bool
    valid_from: datetime | None = None
    valid_until: datetime | None
    tags: str | None


@dataclass(frozen=True, slots=True)
class IndicatorMatches:
    """The indicators by value, and where and how far they were looked up."""

    by_value: dict[str, list[HoldingIndicator]]
    table: Table
    truncated: bool
    fault: Failure | None


# Of a pattern that compares several values, the column has one at most. A network is compared with
# the values here, since it has no form that could be listed.
_IN_NEW = """let Forms = {values};
{networks}{table}
| where TimeGenerated > ago({period})
| where ObservableValue in~ (Forms){within}
    or (ObservableValue has "/" and ObservableKey has "addr")
    or Pattern matches regex "'[0-9A-Fa-f:.]+/[0-9]{{1,3}}'"
    or ((isempty(ObservableValue) or Pattern has_any ("AND", "OR", "IN", "FOLLOWEDBY"))
        and Pattern has_any (Forms))
| summarize arg_max(TimeGenerated, *) by Id
| where isnull(IsDeleted) or not(IsDeleted)
| extend Active = (isnull(IsActive) or IsActive) and (isnull(Revoked) or not(Revoked))
    and (isnull(ValidUntil) or ValidUntil > now())
| project Id, ObservableKey, ObservableValue, Pattern, Confidence = toreal(Confidence), Source,
    Tags, ValidFrom, ValidUntil, Active, Title = tostring(Data.name),
    Description = tostring(Data.description)"""

_IN_LEGACY = """let Forms = {values};
{networks}{table}
| where TimeGenerated > ago({period})
| extend Held = pack_array(NetworkIP, NetworkSourceIP, NetworkDestinationIP, NetworkCidrBlock,
    NetworkSourceCidrBlock, NetworkDestinationCidrBlock, EmailSourceIpAddress, DomainName, Url,
    FileHashValue, EmailSenderAddress)
| mv-expand Held to typeof(string)
| where Held in~ (Forms){within_held}
    or Held matches regex "^[0-9A-Fa-f:.]+/[0-9]{{1,3}}$"
| summarize arg_max(TimeGenerated, *) by IndicatorId, Held
| extend InForce = (isnull(Active) or Active)
    and (isnull(ExpirationDateTime) or ExpirationDateTime > now())
| project Id = IndicatorId, ObservableKey = "", ObservableValue = Held, Pattern = "",
    Confidence = ConfidenceScore, Source = SourceSystem, Tags, ValidFrom = TimeGenerated,
    ValidUntil = ExpirationDateTime, Active = InForce, Title = Description, Description"""


async def find_indicators(
    azure: AzureCalls,
    context: AzureServicesContext,
    subjects: Sequence[Subject],
    *,
    seconds: float | None = None,
) -> IndicatorMatches:
    """Return which indicators hold the subjects, by `Subject.value`.

    A query takes `seconds` at most, or what is set for all.

    Looked up in the table that Azure writes now, or in the one before it where that is not there.

    Raises:
        SentinelError: neither table could be read.

    """

    async def ask(table: Table) -> IndicatorMatches:
        rows = await azure.query(
            context,
            "look up indicators",
            query(table, subjects),
            max_rows=MAX_ROWS,
            server_timeout_s=None if seconds is None else max(1, int(seconds)),
        )
        return IndicatorMatches(read(rows.rows, subjects), table, rows.truncated, rows.fault)

    try:
        return await ask(NEW)
    except KqlError as error:
        if NEW not in error.message:
            raise
        return await ask(LEGACY)


def query(table: Table, subjects: Iterable[Subject]) -> str:
    """Return the query for the indicators that may hold one of the subjects."""
    subjects = list(subjects)
    forms = sorted({form for each in subjects for form in forms_of(each)})
    networks = [text_pattern(each).expression for each in subjects if each.kind == "network"]
    declared = ""
    if networks:
        declared = f"let Networks = {literals.string('|'.join(networks))};\n"
    template = _IN_NEW if table == NEW else _IN_LEGACY
    return template.format(
        table=table,
        period=literals.timespan_(PERIOD),
        values=literals.dynamic(forms),
        networks=declared,
        within=" or ObservableValue matches regex Networks" if networks else "",
        within_held=" or Held matches regex Networks" if networks else "",
    )


def forms_of(subject: Subject) -> dict[str, Relation]:
    """Return what an indicator may hold on account of a subject, in lower case."""
    forms: dict[str, Relation] = dict.fromkeys(written_forms(subject), "same")
    for host in _hosts(subject):
        if host not in forms:
            forms[host] = "host"
        for parent in hosts_above(host):
            forms.setdefault(parent, "parent_domain")
    return forms


def written_forms(subject: Subject) -> list[str]:
    """Return the ways in which logs and indicators write a subject, in lower case."""
    forms: list[str] = []
    for form, values in subject.names.items():
        for value in values:
            lower = value.lower()
            if form == "url":
                forms += _url_forms(lower)
            elif form == "address" and ":" in lower:
                forms += ipv6_spellings(lower)
            elif form != "domain" or subject.kind == "domain":
                forms.append(lower)
    return list(dict.fromkeys(forms))


def _url_forms(url: str) -> list[str]:
    bare = without_scheme(url)
    schemes = [url] if bare != url else [url, f"http://{bare}", f"https://{bare}"]
    forms = [*schemes, bare]
    other = [each.removesuffix("/") if each.endswith("/") else f"{each}/" for each in forms]
    # `host/` is another way to write a URL; a bare host would be a domain.
    return [each for each in (*forms, *other) if "/" in each]


def _hosts(subject: Subject) -> list[str]:
    if subject.kind in ("url", "domain"):
        return [each.lower() for each in subject.of("domain")] or [
            host_of_url(each) for each in subject.of("url")
        ]
    if subject.kind == "host":
        return [each.lower() for each in subject.of("fqdn")]
    return [each.partition("@")[2].lower() for each in subject.of("email")]


def hosts_above(domain: str) -> Iterator[str]:
    """Yield the domains that a domain is under, down to two labels; of all else, none."""
    if domain.replace(".", "").isdigit() or any(each in domain for each in ":/@"):
        return
    labels = domain.split(".")
    for start in range(1, len(labels) - 1):
        yield ".".join(labels[start:])


def read(
    rows: Iterable[Document], subjects: Sequence[Subject]
) -> dict[str, list[HoldingIndicator]]:
    """Return the indicators by value: same first, active first, surest first."""
    wanted: dict[str, list[tuple[str, Relation]]] = {}
    for subject in subjects:
        for form, relation in forms_of(subject).items():
            wanted.setdefault(form, []).append((subject.value, relation))
    addresses = [
        (each.value, ipaddress.ip_address(each.names["address"][0]))
        for each in subjects
        if each.kind == "ip"
    ]
    networks = [
        (each.value, ipaddress.ip_network(each.names["network"][0]))
        for each in subjects
        if each.kind == "network"
    ]
    by_value: dict[str, list[HoldingIndicator]] = {}
    for row in rows:
        best: dict[str, tuple[int, str]] = {}
        for held in _held(row):
            relations = [
                *wanted.get(held, ()),
                *_of_networks(held, addresses, networks),
            ]
            for value, relation in relations:
                rank = _RELATIONS.index(relation), held
                best[value] = min(best.get(value, rank), rank)
        for value, (rank, held) in best.items():
            by_value.setdefault(value, []).append(_holder(row, held, _RELATIONS[rank]))
    for holders in by_value.values():
        holders.sort(
            key=lambda each: (
                _RELATIONS.index(each.relation),
                not each.active,
                -(each.confidence or 0),
                each.stix_id,
            )
        )
    return by_value


Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _of_networks(
    held: str,
    addresses: Sequence[tuple[str, Address]],
    networks: Sequence[tuple[str, Network]],
) -> Iterator[tuple[str, Relation]]:
    try:
        if "/" in held:
            network = ipaddress.ip_network(held, strict=False)
            for value, address in addresses:
                if address in network:
                    yield value, "network"
            for value, each in networks:
                if each.version == network.version and each.overlaps(network):
                    yield value, "same" if each == network else "within"
        elif networks:
            single = ipaddress.ip_address(held)
            for value, each in networks:
                if single in each:
                    yield value, "within"
    except ValueError:
        return


def _held(row: Document) -> Iterator[str]:
    if value := text(row, "ObservableValue"):
        yield value.lower()
    pattern = text(row, "Pattern", 10_000)
    if not pattern:
        return
    try:
        comparisons = parse(pattern)
    except InputError:
        return  # a pattern of another language; its observable is all that is known
    for each in comparisons:
        if not each.negated and each.operator != "!=":
            yield from (value.lower() for value in each.values)


def _holder(row: Document, held: str, relation: Relation) -> HoldingIndicator:
    confidence = number(row, "Confidence")
    return HoldingIndicator(
        # `…---indicator--…`: before the id stands its source, encoded.
        stix_id=(text(row, "Id", 400) or "").rpartition("---")[2],
        relation=relation,
        type=text(row, "ObservableKey", 200),
        value=held,
        title=text(row, "Title", 200),
        description=text(row, "Description", 300),
        source=text(row, "Source", 200),
        confidence=None if confidence is None else round(confidence),
        active=flag(row, "Active") or False,
        valid_from=time(row, "ValidFrom"),
        valid_until=time(row, "ValidUntil"),
        tags=text(row, "Tags", 200),
    )
