"""Names, domains and addresses of the scenario: all invented, or reserved for documentation."""

from __future__ import annotations

import hashlib
import uuid

COMPANY = "Northwind Instruments"
DOMAIN = "northwind.example"
AD_DOMAIN = "corp.northwind.example"
NETBIOS = "NORTHWIND"
DOMAIN_SID = "S-1-5-21-1468203711-2297045138-3305874421"

# The intruder's. 64496 to 64511 are the network numbers reserved for documentation.
PHISH_DOMAIN = "northwind-benefits.example"
PHISH_SENDER = f"people-team@{PHISH_DOMAIN}"
PHISH_SENDER_IP = "192.0.2.25"
PHISH_SUBJECT = "Action required: confirm your benefits selection"
PROXY_HOST = "login.northwind-sso.example"
PROXY_URL = f"https://{PROXY_HOST}/common/oauth2/authorize?session=8c1f"
PROXY_IP = "192.0.2.66"
PROXY_ASN = "64511"
SPRAY_IP = "192.0.2.147"
SPRAY_ASN = "64509"
C2_IP = "198.51.100.211"
C2_HOST = "cdn-telemetry-sync.example"
TUNNEL_DOMAIN = "ns1-update-check.example"
ROGUE_APP = "PDF Sync Pro"
IMPLANT = "OneDriveSyncHelper.exe"

# Shared hosting that a threat feed lists.
SUSPECT_IP = "192.0.2.188"
SUSPECT_HOST = "files.shared-hosting.example"

SITE_EGRESS = {"Leeds": "198.51.100.10", "Rotterdam": "198.51.100.20", "Gdansk": "198.51.100.30"}
SITES = {"Leeds": ("GB", "64500"), "Rotterdam": ("NL", "64501"), "Gdansk": ("PL", "64502")}
SITE_PLACES = {
    "Leeds": ("England", 53.80, -1.55),
    "Rotterdam": ("South Holland", 51.92, 4.48),
    "Gdansk": ("Pomerania", 54.35, 18.65),
}
VPN_POOL = "10.30.0"


def sha256(text: str) -> str:
    """Return the invented, stable hash of a file that goes by this name."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha1(text: str) -> str:
    """Return the invented, stable hash of a file that goes by this name."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def md5(text: str) -> str:
    """Return the invented, stable hash of a file that goes by this name."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def guid(*parts: object) -> str:
    """Return an id that is the same in every build of the same seed."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, "/".join(str(part) for part in (DOMAIN, *parts))))
