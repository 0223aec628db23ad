"""What a value is in the terms of STIX, for the indicators that are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from sentinel_mcp.domains.shared.entity import Form, Subject, host_of_url, read_value, subject_of
from sentinel_mcp.domains.shared.stix_patterns import of_value
from sentinel_mcp.errors import InputError

ValueType = Literal["ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr", "file"]
"""As STIX names the objects; a hash is of a file."""

_HASH_TYPES: Mapping[Form, str] = {
    "md5": "MD5",
    "sha1": "SHA-1",
    "sha256": "SHA-256",
    "sha512": "SHA-512",
}


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


def recognised(given: str) -> Value:
    """Return the value as STIX has it.

    Raises:
        InputError: it is nothing that an indicator can be made of.

    """
    return _value(given, read_value(given))


def _value(given: str, subject: Subject) -> Value:
    host = next(iter(subject.of("domain")), None)
    match subject.kind:
        case "ip":
            [address] = subject.of("address")
            return Value(given, "ipv6-addr" if ":" in address else "ipv4-addr", address)
        case "url":
            url = _lower_host(subject.value)
            return Value(given, "url", url, host=host or host_of_url(url))
        case "file_hash":
            [(form, (value,))] = subject.names.items()
            return Value(given, "file", value, hash_type=_HASH_TYPES[form])
        case "domain" if host:
            return Value(given, "domain-name", host)
        case _:
            if address := next(iter(subject.of("email")), None):
                lower = address.lower()
                return Value(given, "email-addr", lower, host=lower.partition("@")[2])
    raise InputError(
        f"{given[:80]!r} is of kind {subject.kind}, of which no indicator can be made.",
        hint="Give an IP address, domain, URL, mail address or hash, or a STIX `pattern`.",
    )


def typed(value_type: ValueType, given: str) -> Value:
    """Return the value, which must be of that type.

    Raises:
        InputError: it is of another, or of none.

    """
    subject = read_value(given)
    if subject.kind == "file" and value_type == "domain-name":
        # `evil.zip` is a file by its form, and a domain for who says so.
        subject = subject_of("domain", subject.value, "form")
    found = _value(given, subject)
    if found.type != value_type:
        raise InputError(
            f"{given[:80]!r} is not of type {value_type!r} but of {found.type!r}.",
            hint=f"Give one of {', '.join(get_args(ValueType))}, and a value of that type.",
        )
    return found


def _lower_host(url: str) -> str:
    """Return a URL with scheme and host in lower case; what follows is as it was."""
    head, slashes, rest = url.rpartition("://")
    authority, slash, path = rest.partition("/")
    return f"{head.lower()}{slashes}{authority.lower()}{slash}{path}"
