"""Which indicators of the logs' tables hold a value, or the domain that it is of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from sentinel_mcp.domains.documents import Document, flag, number, text, time
from sentinel_mcp.domains.threat_intel.models import HoldingIndicator, Relation, Table
from sentinel_mcp.domains.threat_intel.observables import Value
from sentinel_mcp.domains.threat_intel.patterns import parse
from sentinel_mcp.errors import InputError
from sentinel_mcp.kql import literals

NEW: Table = "ThreatIntelIndicators"
LEGACY: Table = "ThreatIntelligenceIndicator"

PERIOD = timedelta(days=30)
"""Azure writes every indicator that is in force into the table again, at least every 10 days."""

_RELATIONS: Sequence[Relation] = ("same", "host", "parent_domain")

# Of a pattern that compares several values, the column has one at most.
_IN_NEW = """let Forms = {values};
{table}
| where TimeGenerated > ago({period})
| where ObservableValue in~ (Forms)
    or ((isempty(ObservableValue) or Pattern has_any ("AND", "OR", "IN", "FOLLOWEDBY"))
        and Pattern has_any (Forms))
| summarize arg_max(TimeGenerated, *) by Id
| where isnull(IsDeleted) or not(IsDeleted)
| extend Active = (isnull(IsActive) or IsActive) and (isnull(Revoked) or not(Revoked))
    and (isnull(ValidUntil) or ValidUntil > now())
| project Id, ObservableValue, Pattern, Confidence = toreal(Confidence), Source, Tags,
    ValidUntil, Active, Title = tostring(Data.name)"""

_IN_LEGACY = """let Forms = {values};
{table}
| where TimeGenerated > ago({period})
| extend Held = pack_array(NetworkIP, NetworkSourceIP, NetworkDestinationIP,
    EmailSourceIpAddress, DomainName, Url, FileHashValue, EmailSenderAddress)
| mv-expand Held to typeof(string)
| where Held in~ (Forms)
| summarize arg_max(TimeGenerated, *) by IndicatorId, Held
| extend InForce = (isnull(Active) or Active)
    and (isnull(ExpirationDateTime) or ExpirationDateTime > now())
| project Id = IndicatorId, ObservableValue = Held, Pattern = "", Confidence = ConfidenceScore,
    Source = SourceSystem, Tags, ValidUntil = ExpirationDateTime, Active = InForce,
    Title = Description"""


def query(table: Table, values: Iterable[Value]) -> str:
    """Return the query for the indicators that may hold one of the values."""
    forms = sorted({form for value in values for form in forms_of(value)})
    template = _IN_NEW if table == NEW else _IN_LEGACY
    return template.format(
        table=table, period=literals.timespan_(PERIOD), values=literals.dynamic(forms)
    )


def forms_of(value: Value) -> dict[str, Relation]:
    """Return what an indicator may hold on account of a value, in lower case."""
    forms: dict[str, Relation] = dict.fromkeys(written_forms(value), "same")
    domain = value.text if value.type == "domain-name" else value.host
    if value.host is not None:
        forms.setdefault(value.host, "host")
    for parent in hosts_above(domain or ""):
        forms.setdefault(parent, "parent_domain")
    return forms


def written_forms(value: Value) -> list[str]:
    """Return the ways in which logs and indicators write a value, in lower case."""
    lower = value.text.lower()
    if value.type != "url":
        return [lower]
    bare = lower.partition("://")[2] or lower
    schemes = [lower] if "://" in lower else [lower, f"http://{bare}", f"https://{bare}"]
    forms = [*schemes, bare]
    other = [each.removesuffix("/") if each.endswith("/") else f"{each}/" for each in forms]
    # `host/` is another way to write a URL; a bare host would be a domain.
    return list(dict.fromkeys(each for each in (*forms, *other) if "/" in each))


def hosts_above(domain: str) -> Iterator[str]:
    """Yield the domains that a domain is under, down to two labels; of all else, none."""
    if domain.replace(".", "").isdigit() or any(each in domain for each in ":/@"):
        return
    labels = domain.split(".")
    for start in range(1, len(labels) - 1):
        yield ".".join(labels[start:])


def read_holders(
    rows: Iterable[Document], values: Sequence[Value]
) -> dict[str, list[HoldingIndicator]]:
    """Return the indicators by value as it was given: same first, active first, surest first."""
    wanted: dict[str, list[tuple[str, Relation]]] = {}
    for value in values:
        for form, relation in forms_of(value).items():
            wanted.setdefault(form, []).append((value.given, relation))
    found: dict[str, list[HoldingIndicator]] = {}
    for row in rows:
        best: dict[str, tuple[int, str]] = {}
        for held in _held(row):
            for given, relation in wanted.get(held, ()):
                rank = _RELATIONS.index(relation), held
                best[given] = min(best.get(given, rank), rank)
        for given, (rank, held) in best.items():
            found.setdefault(given, []).append(_holder(row, held, _RELATIONS[rank]))
    for holders in found.values():
        holders.sort(
            key=lambda each: (
                _RELATIONS.index(each.relation),
                not each.active,
                -(each.confidence or 0),
                each.stix_id,
            )
        )
    return found


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
        for value in each.values:
            yield value.lower()


def _holder(row: Document, held: str, relation: Relation) -> HoldingIndicator:
    confidence = number(row, "Confidence")
    return HoldingIndicator(
        # `…---indicator--…`: before the id stands its source, encoded.
        stix_id=(text(row, "Id", 400) or "").rpartition("---")[2],
        relation=relation,
        value=held,
        title=text(row, "Title", 200),
        source=text(row, "Source", 200),
        confidence=None if confidence is None else round(confidence),
        active=flag(row, "Active") or False,
        valid_until=time(row, "ValidUntil"),
        tags=text(row, "Tags", 200),
    )
