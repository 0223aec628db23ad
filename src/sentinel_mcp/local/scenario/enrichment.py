"""Where the scenario's addresses are, and who registered its domains: all invented."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.scenario import names
from sentinel_mcp.local.scenario.clock import At, Clock, wire
from sentinel_mcp.local.scenario.people import people

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A city as the service writes it, in lower case."""

    country: str
    continent: str
    state: str
    city: str
    latitude: float
    longitude: float


_CLUJ = _Place("romania", "europe", "cluj", "cluj-napoca", 46.77, 23.59)
_ASHBURN = _Place("united states", "north america", "virginia", "ashburn", 39.04, -77.49)
_SINGAPORE = _Place("singapore", "asia", "singapore", "singapore", 1.29, 103.85)
_FRANKFURT = _Place("germany", "europe", "hesse", "frankfurt am main", 50.11, 8.68)
_SAO_PAULO = _Place("brazil", "south america", "sao paulo", "sao paulo", -23.55, -46.63)

_COUNTRIES = {"GB": "united kingdom", "NL": "netherlands", "PL": "poland"}

# Address, place, network number, whose network, of what kind. Network numbers 64496 to 64511 are
# reserved for documentation.
_ADDRESSES: tuple[tuple[str, _Place, str, str, str], ...] = (
    (names.SPRAY_IP, _CLUJ, names.SPRAY_ASN, "Exit Relay Hosting", "hosting"),
    (names.PROXY_IP, _ASHBURN, names.PROXY_ASN, "Bargain Virtual Servers", "hosting"),
    (names.PHISH_SENDER_IP, _ASHBURN, names.PROXY_ASN, "Bargain Virtual Servers", "hosting"),
    (names.C2_IP, _FRANKFURT, "64508", "Rented Racks", "hosting"),
    (names.SUSPECT_IP, _FRANKFURT, "64508", "Shared Hosting Example", "hosting"),
    ("192.0.2.201", _SINGAPORE, "64507", "Harbour View Hotel", "hospitality"),
    ("192.0.2.229", _SAO_PAULO, "64506", "Sul Telecom", "telecommunications"),
)

_COMPANY_REGISTRANT = {
    "name": "Domain administrator",
    "org": names.COMPANY,
    "street": ["1 Instrument Way"],
    "city": "Leeds",
    "state": "England",
    "postal": "LS1 1AA",
    "country": "United Kingdom",
    "phone": "+44.1134960000",
    "fax": None,
    "email": f"hostmaster@{names.DOMAIN}",
}
_HIDDEN_REGISTRANT = {
    "name": "REDACTED FOR PRIVACY",
    "org": "Privacy Shield Example",
    "street": ["REDACTED FOR PRIVACY"],
    "city": None,
    "state": None,
    "postal": None,
    "country": "Iceland",
    "phone": None,
    "fax": None,
    "email": "contact@privacy-shield.example",
}
_NEW = timedelta(days=6)

# Domain, and how long before the phishing mail it was registered.
_DOMAINS: tuple[tuple[str, timedelta, Body], ...] = (
    (names.DOMAIN, timedelta(days=5_870), _COMPANY_REGISTRANT),
    (names.PHISH_DOMAIN, _NEW, _HIDDEN_REGISTRANT),
    (names.PROXY_HOST.partition(".")[2], _NEW + timedelta(hours=2), _HIDDEN_REGISTRANT),
    (names.C2_HOST, timedelta(days=19), _HIDDEN_REGISTRANT),
    (names.TUNNEL_DOMAIN, timedelta(days=11), _HIDDEN_REGISTRANT),
    (names.SUSPECT_HOST.partition(".")[2], timedelta(days=2_140), _HIDDEN_REGISTRANT),
)


def documents(clock: Clock) -> Iterable[Document]:
    """Yield what the enrichment service knows, by address and by domain."""
    for address, place, asn, organization, kind in _ADDRESSES:
        yield _geodata(address, place, asn, organization, kind)
    for site, address in names.SITE_EGRESS.items():
        _, asn = names.SITES[site]
        yield _geodata(address, _site(site), asn, names.COMPANY, "manufacturing")
    for each in people():
        if not each.service:
            yield _geodata(
                each.home_ip, _site(each.site), "64505", "Home Broadband", "telecommunications"
            )
    for domain, age, registrant in _DOMAINS:
        yield _whois(clock, domain, age, registrant)


def _site(site: str) -> _Place:
    country, _ = names.SITES[site]
    state, latitude, longitude = names.SITE_PLACES[site]
    return _Place(_COUNTRIES[country], "europe", state.lower(), site.lower(), latitude, longitude)


def _geodata(address: str, place: _Place, asn: str, organization: str, kind: str) -> Document:
    body = {
        "asn": asn,
        "carrier": organization.lower(),
        "city": place.city,
        "cityCf": 80,
        "continent": place.continent,
        "country": place.country,
        "countryCf": 99,
        "ipAddr": address,
        "ipRoutingType": "fixed",
        "latitude": str(place.latitude),
        "longitude": str(place.longitude),
        "organization": organization.lower(),
        "organizationType": kind,
        "region": None,
        "state": place.state,
        "stateCode": None,
    }
    return Document("geodata", address, body)


def _whois(clock: Clock, domain: str, age: timedelta, registrant: Body) -> Document:
    created = clock.time(At("mail")) - age
    body = {
        "domain": domain,
        "server": "whois.registrar.example",
        "created": wire(created),
        "updated": wire(created + timedelta(minutes=3)),
        "expires": wire(created + timedelta(days=365 * (1 + age.days // 365))),
        "parsedWhois": {
            "registrar": {
                "name": "Registrar Example, Inc.",
                "abuseContactEmail": "abuse@registrar.example",
                "abuseContactPhone": "+1.2025550100",
                "url": "https://registrar.example",
                "whoisServer": "whois.registrar.example",
            },
            "contacts": {
                "registrant": registrant,
                "admin": registrant,
                "billing": None,
                "tech": registrant,
            },
            "nameServers": ["ns1.registrar.example", "ns2.registrar.example"],
            "statuses": ["clientTransferProhibited"],
        },
    }
    return Document("whois", domain, body)
