"""What Microsoft knows of an address or a domain, whatever the workspace has seen of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_mcp.domains.calls import CONTRIBUTOR, AzureCalls
from sentinel_mcp.domains.documents import (
    Document,
    flattened,
    inner,
    number,
    text,
    texts,
    time,
    whole,
)
from sentinel_mcp.domains.entities.models import DomainWhois, IpLocation
from sentinel_mcp.domains.shared.entity import address_text, domain_name, refanged
from sentinel_mcp.errors import InputError, NotFound

if TYPE_CHECKING:
    from azure.mgmt.securityinsight import types

_TYPE = "main"
"""The one enrichment there is."""

_CONTACTS = ("registrant", "admin", "tech", "billing")
# The models call these otherwise than the service's samples do.
_CONFIDENCE = {
    "city": ("cityCf", "cityConfidenceFactor"),
    "state": ("stateCf", "stateConfidenceFactor"),
    "country": ("countryCf", "countryConfidenceFactor"),
}


class Enrichment:
    """Asks Sentinel's enrichment service."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def location(self, ip: str, *, workspace: str | None) -> IpLocation:
        """Return where an address is.

        Raises:
            InputError: it is no IP address.
            NotFound: the service knows nothing of it.

        """
        address = address_text(refanged(ip.strip()))
        if address is None:
            raise InputError(
                f"{ip[:80]!r} is no IP address.", hint="Give an IPv4 or IPv6 address alone."
            )
        context = await self._azure.open(workspace)
        client = context.security_insights_preview_client
        body: types.EnrichmentIpAddressBody = {"ipAddress": address}
        try:
            document = await self._azure.read(
                "locate an IP address",
                lambda: client.list_geodata_by_ip(
                    context.resource_group, context.workspace_name, _TYPE, body
                ),
                role=CONTRIBUTOR,  # an action, which the roles that only read do not have
            )
        except NotFound as error:
            raise NotFound(
                f"Nothing is known of the address {address}: {error.message}",
                hint="Only public addresses are known; `investigate_entity` searches the logs.",
            ) from error
        return _location(document, address, context.config.name)

    async def whois(self, domain: str, *, workspace: str | None) -> DomainWhois:
        """Return the registration of a domain; of a URL or a mail address, its domain's.

        Raises:
            InputError: it is no domain name.
            NotFound: the service knows no such domain.

        """
        name = domain_name(refanged(domain.strip()))
        if name is None:
            raise InputError(
                f"{domain[:80]!r} is no domain name.", hint="Give a name such as `contoso.com`."
            )
        context = await self._azure.open(workspace)
        client = context.security_insights_preview_client
        body: types.EnrichmentDomainBody = {"domain": name}
        try:
            document = await self._azure.read(
                "look up the registration of a domain",
                lambda: client.list_whois_by_domain(
                    context.resource_group, context.workspace_name, _TYPE, body
                ),
                role=CONTRIBUTOR,
            )
        except NotFound as error:
            raise NotFound(
                f"Nothing is known of the domain {name!r}: {error.message}",
                hint="Registrations are kept for the registered name: try it without its "
                "first part.",
            ) from error
        return _whois(document, name, context.config.name)


def _location(document: Document, address: str, workspace: str) -> IpLocation:
    stated = {
        about: [found for key in keys if (found := whole(document, key)) is not None]
        for about, keys in _CONFIDENCE.items()
    }
    return IpLocation(
        workspace=workspace,
        ip=text(document, "ipAddr") or address,
        country=text(document, "country"),
        region=text(document, "region"),
        state=text(document, "state"),
        city=text(document, "city"),
        continent=text(document, "continent"),
        latitude=_degrees(document, "latitude"),
        longitude=_degrees(document, "longitude"),
        asn=text(document, "asn"),
        carrier=text(document, "carrier"),
        organization=text(document, "organization"),
        organization_type=text(document, "organizationType"),
        routing_type=text(document, "ipRoutingType"),
        confidence={about: found[0] for about, found in stated.items() if found},
    )


def _whois(document: Document, name: str, workspace: str) -> DomainWhois:
    parsed = inner(document, "parsedWhois")
    contacts = {role: flattened(inner(inner(parsed, "contacts"), role)) for role in _CONTACTS}
    return DomainWhois(
        workspace=workspace,
        domain=text(document, "domain") or name,
        created=time(document, "created"),
        updated=time(document, "updated"),
        expires=time(document, "expires"),
        registrar=flattened(inner(parsed, "registrar")),
        name_servers=texts(parsed, "nameServers"),
        statuses=texts(parsed, "statuses"),
        contacts={role: told for role, told in contacts.items() if told},
        server=text(document, "server"),
    )


def _degrees(document: Document, key: str) -> float | None:
    """Return a coordinate; the service sends it as text."""
    stated = text(document, key)
    try:
        found = float(stated) if stated else number(document, key)
    except ValueError:
        return None
    return found if found is not None and -180 <= found <= 180 else None
