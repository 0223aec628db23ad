"""What is investigated: an entity of a kind, under every name that it goes by."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from sentinel_mcp.domains.documents import Scalar
from sentinel_mcp.errors import InputError

Kind = Literal["account", "host", "ip", "url", "domain", "file_hash", "mailbox"]

KindSource = Literal["given", "form", "workspace", "guess"]
"""Who says of what kind the value is: the caller, its form alone, the workspace, or a guess."""

Form = Literal[
    "upn",
    "email",
    "sam_name",
    "nt_name",
    "sid",
    "object_id",
    "host_name",
    "fqdn",
    "address",
    "url",
    "domain",
    "md5",
    "sha1",
    "sha256",
]
"""A way in which logs name an entity."""

Names = Mapping[Form, tuple[str, ...]]

KINDS: tuple[Kind, ...] = get_args(Kind)

_HASHES: Mapping[int, Form] = {32: "md5", 40: "sha1", 64: "sha256"}
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE | re.ASCII)
_SID = re.compile(r"S-1-\d{1,14}(-\d{1,10}){1,15}", re.IGNORECASE | re.ASCII)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_ADDRESS = re.compile(r"[^@\s\"<>]+@[^@\s\"'<>]+\.[^@\s\"'<>]+")
_LABEL = r"[\w](?:[\w-]{0,61}[\w])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})+")
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*\$?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE | re.ASCII)
_ACCOUNT = re.compile(r"[^\s\"<>/\\@]+")
_DEFANGED = re.compile(r"\[(\.|:|@|://|dot|at)\]", re.IGNORECASE)
_DEFANGED_SCHEME = re.compile(r"^hxxp(?=s?:)", re.IGNORECASE)
_SIGNS = {"dot": ".", "at": "@"}


@dataclass(frozen=True, slots=True)
class Subject:
    """An entity; `names` are those that logs are searched for."""

    kind: Kind
    value: str
    source: KindSource
    names: Names
    notes: tuple[str, ...] = ()
    profile: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    """What the directory says of an account, where it was found there."""

    def of(self, *forms: Form) -> tuple[str, ...]:
        """Return the names of these forms, each once, whatever their case."""
        found = {name.casefold(): name for form in forms for name in self.names.get(form, ())}
        return tuple(found.values())


def refanged(value: str) -> str:
    """Return `https://evil.example` for `hxxps://evil[.]example`, as reports and mails write it."""
    signs = _DEFANGED.sub(lambda found: _SIGNS.get(found[1].lower(), found[1]), value)
    return _DEFANGED_SCHEME.sub("http", signs)


def kind_by_form(value: str) -> tuple[Kind, bool]:
    """Return the kind that a value has by its form, and whether it can be no other."""
    if _address_of(value) is not None:
        return "ip", True
    if _HEX.fullmatch(value) and len(value) in _HASHES:
        return "file_hash", True
    if _SID.fullmatch(value) or _GUID.fullmatch(value) or "\\" in value:
        return "account", True
    if _SCHEME.match(value) or "/" in value:
        return "url", True
    if "@" in value:
        return "account", True
    if value.endswith("$"):
        return "host", True
    if _DOMAIN.fullmatch(value):
        return "domain", False
    return ("host" if re.search(r"\d", value) else "account"), False


def subject_of(kind: Kind, value: str, source: KindSource) -> Subject:
    """Return the entity that a value names.

    Raises:
        InputError: the value cannot be one of this kind.

    """
    notes: tuple[str, ...] = ()
    names = _READERS[kind](value)
    if not names:
        way = "Leave `kind` out to have it guessed" if source == "given" else "Say its `kind`"
        raise InputError(
            f"{value[:80]!r} cannot be {_MEANT[kind]}.",
            hint=f"{way}; the kinds are {', '.join(KINDS)}.",
        )
    if kind == "account" and source == "form" and "email" in names:
        notes = ("Taken as an account; kind='mailbox' searches for it as a mail address only.",)
    return Subject(kind, value, source, names, notes)


def account_in_domain(subject: Subject) -> Subject:
    """Return the subject with an account name, too, where only a UPN is known."""
    if subject.kind != "account" or subject.names.get("sam_name") or "upn" not in subject.names:
        return subject
    names = tuple(each.partition("@")[0] for each in subject.names["upn"])
    note = f"Taken to have the account name {names[0]!r}, which is not certain."
    return replace(
        subject, names={**subject.names, "sam_name": names}, notes=(*subject.notes, note)
    )


def host_of_url(url: str) -> str:
    """Return the host in a URL, with or without a scheme; empty where there is none."""
    rest = _SCHEME.sub("", url, count=1)
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return re.sub(r":\d*$", "", authority).strip("[]").lower()


def domain_name(text: str) -> str | None:
    """Return a domain name in lower case, also from a URL or a mail address; None if it is none."""
    stated = host_of_url(text) if _SCHEME.match(text) or "/" in text else text.rpartition("@")[2]
    stated = stated.rstrip(".").lower()
    return stated if len(stated) <= 253 and _DOMAIN.fullmatch(stated) else None


def address_text(text: str) -> str | None:
    """Return an IP address as it is usually written; None if it is none."""
    found = _address_of(text)
    return None if found is None else str(found)


def _address_of(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(value.strip("[]"))
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found


def _account(value: str) -> Names:
    if _SID.fullmatch(value):
        return {"sid": (value,)}
    if _GUID.fullmatch(value):
        return {"object_id": (value,)}
    if _ADDRESS.fullmatch(value):
        return {"upn": (value,), "email": (value,)}
    domain, slash, sam = value.rpartition("\\")
    if not _ACCOUNT.fullmatch(sam) or (slash and not _ACCOUNT.fullmatch(domain)):
        return {}
    return {"sam_name": (sam,), **({"nt_name": (value,)} if slash else {})}


def _host(value: str) -> Names:
    stated = value.rpartition("\\")[2].removesuffix("$").rstrip(".")
    if not _HOST.fullmatch(stated):
        return {}
    short, dot, _ = stated.partition(".")
    return {"host_name": (short,), **({"fqdn": (stated,)} if dot else {})}


def _ip(value: str) -> Names:
    found = _address_of(value)
    if found is None:
        return {}
    if isinstance(found, ipaddress.IPv4Address):
        # Windows writes IPv4 addresses in this way too.
        return {"address": (str(found), f"::ffff:{found}")}
    return {"address": tuple({str(found): None, value.strip("[]").lower(): None})}


def _url(value: str) -> Names:
    host, stated = host_of_url(value), value.rstrip("/")
    if not host or re.search(r"\s", stated):
        return {}
    return {"url": (stated,), **({"domain": (host,)} if _DOMAIN.fullmatch(host) else {})}


def _domain(value: str) -> Names:
    found = domain_name(value)
    return {"domain": (found,)} if found else {}


def _file_hash(value: str) -> Names:
    form = _HASHES.get(len(value))
    return {form: (value.lower(),)} if form and _HEX.fullmatch(value) else {}


def _mailbox(value: str) -> Names:
    return {"email": (value,)} if _ADDRESS.fullmatch(value) else {}


_READERS = {
    "account": _account,
    "host": _host,
    "ip": _ip,
    "url": _url,
    "domain": _domain,
    "file_hash": _file_hash,
    "mailbox": _mailbox,
}
_MEANT: Mapping[Kind, str] = {
    "account": "an account (UPN, name, DOMAIN\\name, SID or object id)",
    "host": "a host name",
    "ip": "an IP address",
    "url": "a URL",
    "domain": "a domain name",
    "file_hash": "a file hash (MD5, SHA-1 or SHA-256)",
    "mailbox": "a mail address",
}
