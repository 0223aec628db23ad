"""Tells what a value is that somebody found: an address, a domain, a URL, a hash, an e-mail.

Reports write values so that nobody clicks on them (`hxxps://evil[.]example`); that is undone.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from sentinel_mcp.domains.threat_intel.patterns import of_value
from sentinel_mcp.errors import InputError

ValueType = Literal["ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr", "file"]
"""As STIX names the objects; a hash is of a file."""

MAX_CHARS = 2_048

_HASHES = {32: "MD5", 40: "SHA-1", 64: "SHA-256", 128: "SHA-512"}
_HEX = re.compile(r"[0-9a-f]+")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(?=.{{4,253}}$)(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,59}})")
_LOCAL_PART = re.compile(r"[^\s@<>\"(),;]{1,64}")
_WITH_PORT = re.compile(r"(?P<host>[^:/\s]+):\d{1,5}")
_ARMOUR = (
    (re.compile(r"^(?:hxxp|h\*\*p|meow)(?=s?\W)", re.IGNORECASE), "http"),
    (re.compile(r"^fxp(?=s?\W)", re.IGNORECASE), "ftp"),
    (re.compile(r"\[:\]//|\[://\]|:\[//\]"), "://"),
    (re.compile(r"\s*[\[({]\s*(?:\.|dot)\s*[\])}]\s*", re.IGNORECASE), "."),
    (re.compile(r"\s*[\[({]\s*(?:@|at)\s*[\])}]\s*", re.IGNORECASE), "@"),
    (re.compile(r"[\[(]:[\])]"), ":"),
    (re.compile(r"\\\."), "."),
)


@dataclass(frozen=True, slots=True)
class Value:
    """A value and what it is; `text` is as logs write it, in lower case but for a URL's path."""

    given: str
    type: ValueType
    text: str
    hash_type: str | None = None
    host: str | None = None
    """Of a URL or an e-mail address: the domain or address that it leads to."""

    @property
    def pattern(self) -> str:
        """The STIX pattern that looks for the value."""
        path = f"hashes.{self.hash_type}" if self.hash_type else "value"
        return of_value(self.type, path, self.text)


def refanged(text: str) -> str:
    """Return the text as it was before it was made unclickable."""
    found = text.strip().strip("<>\"'`").strip()
    for armour, bare in _ARMOUR:
        found = armour.sub(bare, found)
    return found


def recognised(given: str) -> Value:
    """Return what the value is.

    Raises:
        InputError: it is nothing that can be looked up.

    """
    text = refanged(given)
    if not text or len(text) > MAX_CHARS or not text.isprintable():
        raise _unusable(given, "is empty, too long or has control characters")
    if _is_network(text):
        raise _unusable(given, "is a network; single addresses can be looked up")
    found = (
        _address(given, text)
        or _url(given, text)
        or _email(given, text)
        or _hash(given, text)
        or _domain(given, text)
    )
    if found is None:
        raise _unusable(given, "is no address, domain, URL, hash or e-mail address")
    return found


def typed(value_type: ValueType, given: str) -> Value:
    """Return the value, which must be of that type.

    Raises:
        InputError: it is of another, or of none.

    """
    found = recognised(given)
    if found.type != value_type:
        raise InputError(
            f"{given[:80]!r} is not of type {value_type!r} but of {found.type!r}.",
            hint=f"Give one of {', '.join(get_args(ValueType))}, and a value of that type.",
        )
    return found


def _address(given: str, text: str) -> Value | None:
    bare = text.removeprefix("[").removesuffix("]")
    if match := _WITH_PORT.fullmatch(bare):
        bare = match["host"]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return Value(given, "ipv4-addr" if address.version == 4 else "ipv6-addr", str(address))


def _url(given: str, text: str) -> Value | None:
    has_scheme = "://" in text
    try:
        parts = urlsplit(text if has_scheme else f"//{text}")
        host = parts.hostname or ""
    except ValueError:
        return None
    if not has_scheme and ("/" not in text or "@" in text):
        return None
    if any(each.isspace() for each in text) or not (_is_address(host) or _domain_of(host)):
        return None
    authority = parts.netloc.lower()
    scheme = f"{parts.scheme.lower()}://" if has_scheme else ""
    rest = text.split("//", 1)[1] if has_scheme else text
    return Value(given, "url", f"{scheme}{authority}{rest[len(parts.netloc) :]}", host=host)


def _email(given: str, text: str) -> Value | None:
    local, at, domain = text.removeprefix("mailto:").rpartition("@")
    host = _domain_of(domain)
    if not at or host is None or not _LOCAL_PART.fullmatch(local):
        return None
    return Value(given, "email-addr", f"{local.lower()}@{host}", host=host)


def _hash(given: str, text: str) -> Value | None:
    lower = text.lower()
    kind = _HASHES.get(len(lower))
    if kind is None or not _HEX.fullmatch(lower):
        return None
    return Value(given, "file", lower, hash_type=kind)


def _domain(given: str, text: str) -> Value | None:
    match = _WITH_PORT.fullmatch(text)
    host = _domain_of(match["host"] if match else text)
    return Value(given, "domain-name", host) if host else None


def _domain_of(text: str) -> str | None:
    """Return a domain as DNS has it: lower case, its letters beyond ASCII encoded."""
    found = text.lower().rstrip(".").removeprefix("*.")
    if not found.isascii():
        try:
            found = found.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return found if _DOMAIN.fullmatch(found) else None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        return "/" in text and bool(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return False


def _unusable(given: str, reason: str) -> InputError:
    return InputError(
        f"{given[:80]!r} {reason}.",
        hint="Give IP addresses, domains, URLs, MD5/SHA-1/SHA-256 hashes or e-mail addresses.",
    )
