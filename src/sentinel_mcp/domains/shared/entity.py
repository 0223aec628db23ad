"""What a value is that somebody looks for, and how logs may write it.

One reader for every tool that takes a value. Reports write values so that nobody clicks on them
(`hxxps://evil[.]example`), logs with ports, brackets, domains before or after; all of that is read
here, and nowhere else.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args
from unicodedata import normalize
from urllib.parse import urlsplit

from sentinel_mcp.domains.documents import Scalar
from sentinel_mcp.errors import InputError

Kind = Literal["account", "host", "ip", "network", "url", "domain", "file_hash", "file", "mailbox"]

KindSource = Literal["given", "form", "workspace", "guess"]
"""Who says of what kind the value is: the caller, its form alone, the workspace, or a guess."""

Form = Literal[
    "upn",
    "email",
    "sam_name",
    "nt_name",
    "sid",
    "object_id",
    "display_name",
    "host_name",
    "fqdn",
    "address",
    "network",
    "url",
    "domain",
    "file_name",
    "file_path",
    "md5",
    "sha1",
    "sha256",
    "sha512",
]
"""A way in which logs name an entity."""

Names = Mapping[Form, tuple[str, ...]]

KINDS: tuple[Kind, ...] = get_args(Kind)
MAX_CHARS = 2_048

TAKEN = (
    "Give an IP address or network (CIDR), a domain, URL, host name, mail address, an account "
    "(UPN, name, DOMAIN\\name, SID, object id or display name), a file name, or an MD5, SHA-1, "
    "SHA-256 or SHA-512 hash; defanged forms such as hxxp://evil[.]example too."
)
"""What every tool that looks for values takes."""

HASH_FORMS: Mapping[int, Form] = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE | re.ASCII)
_SID = re.compile(r"S-1-\d{1,14}(-\d{1,10}){1,15}", re.IGNORECASE | re.ASCII)
_GUID = re.compile(r"\{?([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?", re.IGNORECASE | re.ASCII)
_MAIL = re.compile(r"[^\s@<>\"(),;]{1,64}@[^@\s\"'<>]+\.[^@\s\"'<>.]+")
_LABEL = r"[\w](?:[\w-]{0,61}[\w])?"
_DOMAIN = re.compile(rf"(?=.{{4,253}}$)(?:{_LABEL}\.)+(?:[^\W\d_]{{2,63}}|xn--[a-z0-9-]{{1,59}})")
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*\$?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE | re.ASCII)
_ACCOUNT = re.compile(r"[^\s\"<>/\\@]+")
_DISPLAY_NAME = re.compile(r"[^\W\d_][\w.'\u2019-]*,?(?: [\w.'\u2019(),-]+){1,6}")
_NUMBERS = re.compile(r"\d+(?:\.\d+)+(?:-\d+(?:\.\d+)*)?")
"""An address that is none, a range of addresses, a version: no name of anything."""
_FILE_NAME = re.compile(r"[^\\/:*?\"<>|\x00-\x1f]{1,255}")
_WITH_PORT = re.compile(r"(?P<host>[^:/\s]+):\d{1,5}")
_BRACKETED = re.compile(r"\[(?P<host>[0-9a-f:.]+)(?:%\w+)?\](?::\d{1,5})?", re.IGNORECASE)

_MAPPED_BITS = 96
"""Of an IPv4-mapped IPv6 address, those before the IPv4 address."""

_EXTENSION = re.compile(
    r"exe|dll|sys|scr|cpl|ocx|drv|msi|msp|ps1|psm1|psd1|bat|cmd|vbs|vbe|js|jse|wsf|hta|lnk"
    r"|pif|jar|doc|docx|docm|dot|dotm|xls|xlsx|xlsm|xlsb|xll|ppt|pptx|pptm|rtf|pdf|one|txt"
    r"|csv|xml|json|yml|yaml|ini|cfg|conf|log|html|htm|mht|eml|msg|iso|img|vhd|vhdx|cab|7z"
    r"|rar|gz|tgz|tar|bz2|zst|zip|apk|ipa|dmg|pkg|deb|rpm|elf|bin|dat|tmp|dmp|evtx|kdbx"
    r"|pfx|pem|key|crt|cer|reg|inf|url|sh|py|pl|rb|php|asp|aspx|jsp|so|dylib|class|swf|db"
    r"|sqlite|bak"
)
_ALSO_DOMAINS = frozenset({"zip", "sh", "py", "pl", "pkg", "one", "cab", "class", "so"})
"""Extensions that are top-level domains too."""

_ARMOUR = (
    # With what follows a scheme alone: there are domains and hosts called `meow`.
    (re.compile(r"^(?:hxxp|h\*\*p|meow)(?=s?[\[(]?:)", re.IGNORECASE), "http"),
    (re.compile(r"^fxp(?=s?[\[(]?:)", re.IGNORECASE), "ftp"),
    (re.compile(r"\[:\]//|\[://\]|:\[//\]"), "://"),
    (re.compile(r"\s*[\[({]\s*(?:\.|dot)\s*[\])}]\s*", re.IGNORECASE), "."),
    (re.compile(r"\s*[\[({]\s*(?:@|at)\s*[\])}]\s*", re.IGNORECASE), "@"),
    (re.compile(r"[\[(]:[\])]"), ":"),
    (re.compile(r"\[/\]"), "/"),
)


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
    candidates: tuple[str, ...] = ()
    """Several accounts that have the name: which of them is meant is the caller's to say."""

    def of(self, *forms: Form) -> tuple[str, ...]:
        """Return the names of these forms, each once, whatever their case."""
        names = {name.casefold(): name for form in forms for name in self.names.get(form, ())}
        return tuple(names.values())


def refanged(value: str) -> str:
    """Return `https://evil.example` for `hxxps://evil[.]example`, as reports and mails write it."""
    bare = value.strip().strip("<>\"'`").strip()
    for armour, plain in _ARMOUR:
        bare = armour.sub(plain, bare)
    return bare


def read_value(given: str, kind: Kind | None = None) -> Subject:
    """Return the entity that a value names, by its form and `kind` alone.

    Where the form does not tell (`web-01` may be a host or an account), `source` is `guess`.

    Raises:
        InputError: the value is none of the kinds, or not of the one that is given.

    """
    stated = refanged(given)
    if not stated:
        raise InputError("The value is empty.", hint=TAKEN)
    if len(stated) > MAX_CHARS or not stated.isprintable():
        raise InputError(f"{stated[:80]!r} is too long or has control characters.", hint=TAKEN)
    if kind is not None:
        subject = subject_of(kind, stated, "given")
    else:
        likely, certain = kind_by_form(stated)
        subject = subject_of(likely, stated, "form" if certain else "guess")
    if stated != given.strip():
        return replace(subject, notes=(f"Searched for as {stated!r}.", *subject.notes))
    return subject


def kind_by_form(value: str) -> tuple[Kind, bool]:
    """Return the kind that a value has by its form, and whether it can be no other."""
    if _address_of(value) is not None:
        return "ip", True
    if _network_of(value) is not None or _is_wrong_network(value):
        return "network", True
    if _HEX.fullmatch(value) and len(value) in HASH_FORMS:
        return "file_hash", True
    if _SID.fullmatch(value) or _GUID.fullmatch(value):
        return "account", True
    if _SCHEME.match(value):
        return "url", True
    if "\\" in value:
        return _kind_with_backslash(value), True
    if value.lower().startswith("mailto:"):
        return "mailbox", True
    if "/" in value:
        return ("url", True) if _url(value) else ("file", True)
    if "@" in value:
        return "account", True
    if value.endswith("$"):
        return "host", True
    extension = value.rpartition(".")[2].lower()
    if _NUMBERS.fullmatch(value):
        return "ip", True
    if "." in value and _EXTENSION.fullmatch(extension) and _FILE_NAME.fullmatch(value):
        return "file", extension not in _ALSO_DOMAINS
    if _domain(value):
        return "domain", False
    if _DISPLAY_NAME.fullmatch(value):
        return "account", False
    return ("host" if re.search(r"\d", value) else "account"), False


def subject_of(kind: Kind, value: str, source: KindSource) -> Subject:
    """Return the entity that a refanged value names.

    Raises:
        InputError: the value cannot be one of this kind.

    """
    notes: tuple[str, ...] = ()
    names = _READERS[kind](value)
    if not names:
        way = "Leave `kind` out to have it guessed." if source == "given" else TAKEN
        raise InputError(f"{value[:80]!r} cannot be {_MEANT[kind]}.", hint=way)
    if kind == "account" and source == "form" and "email" in names:
        notes = ("Taken as an account; kind='mailbox' searches for it as a mail address only.",)
    if kind == "file" and source != "given" and value.rpartition(".")[2].lower() in _ALSO_DOMAINS:
        notes = ("Taken as a file name; kind='domain' searches for it as a domain.",)
    if kind == "network" and "/" in value and str(_network_of(value)) != value.lower():
        notes = (f"Taken as the network {_network_of(value)}.",)
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
    names = _domain(stated)
    return names["domain"][0] if names else None


def address_text(text: str) -> str | None:
    """Return an IP address as it is usually written; None if it is none."""
    address = _address_of(text)
    return None if address is None else str(address)


def without_scheme(url: str) -> str:
    """Return a URL as logs without schemes have it."""
    return _SCHEME.sub("", url, count=1)


def _address_of(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    bare = value
    if match := _BRACKETED.fullmatch(value) or _WITH_PORT.fullmatch(value):
        bare = match["host"]
    try:
        return _unmapped(ipaddress.ip_address(bare.partition("%")[0]))
    except ValueError:
        return _single_address(bare)


def _unmapped(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _single_address(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address of a network of one address: `192.0.2.1/32`."""
    network = _network_of(value)
    return network.network_address if network is not None and network.num_addresses == 1 else None


def _network_of(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    if "/" not in value:
        return None
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None
    first = _unmapped(network.network_address)
    if first.version < network.version and network.prefixlen >= _MAPPED_BITS:
        return ipaddress.ip_network((first, network.prefixlen - _MAPPED_BITS))
    return network


def _is_wrong_network(value: str) -> bool:
    """Whether it is an address with a number of bits that no network has: `192.0.2.0/33`."""
    first, slash, bits = value.partition("/")
    return bool(slash) and bits.isdecimal() and len(bits) <= 3 and _address_of(first) is not None


def _kind_with_backslash(value: str) -> Kind:
    if value.startswith("\\\\") or re.match(r"[A-Za-z]:\\", value) or value.count("\\") > 1:
        return "file"
    return "host" if value.endswith("$") else "account"


def _account(value: str) -> Names:
    if _SID.fullmatch(value):
        return {"sid": (value,)}
    if guid := _GUID.fullmatch(value):
        return {"object_id": (guid[1].lower(),)}
    if _MAIL.fullmatch(value):
        return {"upn": _addresses(value), "email": _addresses(value)}
    domain, slash, sam = value.rpartition("\\")
    if " " in value and not slash:
        return {"display_name": (value,)} if _DISPLAY_NAME.fullmatch(value) else {}
    # `NT AUTHORITY\SYSTEM`, `NT SERVICE\MSSQLSERVER`; names of services have blanks, too.
    parts = [each.replace(" ", "") for each in (sam, *([domain] if slash else []))]
    if not all(_ACCOUNT.fullmatch(each) for each in parts):
        return {}
    if not any(map(str.isalnum, sam)):
        return {}
    return {"sam_name": (sam,), **({"nt_name": (value,)} if slash else {})}


def _host(value: str) -> Names:
    match = _WITH_PORT.fullmatch(value)
    stated = (match["host"] if match else value).rpartition("\\")[2].removesuffix("$").rstrip(".")
    if not _HOST.fullmatch(stated) or _NUMBERS.fullmatch(stated):
        return {}
    short, dot, _ = stated.partition(".")
    return {"host_name": (short,), **({"fqdn": (stated,)} if dot else {})}


def _ip(value: str) -> Names:
    address = _address_of(value)
    return {} if address is None else {"address": (str(address),)}


def _network(value: str) -> Names:
    network = _network_of(value)
    return {} if network is None else {"network": (str(network),)}


def _url(value: str) -> Names:
    stated = value.rstrip("/")
    try:
        host = (urlsplit(value if _SCHEME.match(value) else f"//{value}").hostname or "").lower()
    except ValueError:
        return {}
    domain = _domain(host)
    # Within a company, `http://fs-01/share` is a URL; without a scheme it may be anything.
    is_host = domain or _address_of(host) or (_SCHEME.match(value) and _host(host))
    if re.search(r"\s", stated) or not is_host:
        return {}
    spelled = [
        re.sub(re.escape(host), each, stated, count=1, flags=re.IGNORECASE)
        for each in domain.get("domain", ())
        if each != host
    ]
    return {"url": tuple(dict.fromkeys((stated, *spelled))), **domain}


def _domain(value: str) -> Names:
    """Return a domain as DNS has it and, beyond ASCII, as people write it."""
    match = _WITH_PORT.fullmatch(value)
    stated = (match["host"] if match else value).lower().rstrip(".").removeprefix("*.")
    ascii_form = ".".join(map(_ascii_label, re.split(r"[.\u3002]", normalize("NFKC", stated))))
    if not _DOMAIN.fullmatch(ascii_form):
        return {}
    as_written = ".".join(map(_written_label, ascii_form.split(".")))
    return {"domain": tuple(dict.fromkeys((ascii_form, as_written)))}


def _ascii_label(label: str) -> str:
    """Return a label as DNS has it: `\u00df` stays what it is, which the older IDNA made `ss`."""
    lower = label.lower()
    return lower if lower.isascii() else f"xn--{lower.encode('punycode').decode('ascii')}"


def _written_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        written = label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    return written if written.isprintable() else label


def _file_hash(value: str) -> Names:
    form = HASH_FORMS.get(len(value))
    return {form: (value.lower(),)} if form and _HEX.fullmatch(value) else {}


def _file(value: str) -> Names:
    name = re.split(r"[\\/]", value)[-1]
    if not _FILE_NAME.fullmatch(name) or not any(map(str.isalnum, name)):
        return {}
    return {"file_path": (value,)} if name != value else {"file_name": (name,)}


def _mailbox(value: str) -> Names:
    stated = value[7:] if value.lower().startswith("mailto:") else value
    return {"email": _addresses(stated)} if _MAIL.fullmatch(stated) else {}


def _addresses(value: str) -> tuple[str, ...]:
    """Return a mail address as it is given and, beyond ASCII, with its domain as DNS has it."""
    local, _, host = value.rpartition("@")
    others = [each for each in _domain(host).get("domain", ()) if each != host.lower()]
    return (value, *(f"{local}@{each}" for each in others))


_READERS = {
    "account": _account,
    "host": _host,
    "ip": _ip,
    "network": _network,
    "url": _url,
    "domain": _domain,
    "file_hash": _file_hash,
    "file": _file,
    "mailbox": _mailbox,
}
_MEANT: Mapping[Kind, str] = {
    "account": "an account (UPN, name, DOMAIN\\name, SID, object id or display name)",
    "host": "a host name",
    "ip": "an IP address",
    "network": "a network such as 192.0.2.0/24",
    "url": "a URL",
    "domain": "a domain name",
    "file_hash": "a file hash (MD5, SHA-1, SHA-256 or SHA-512)",
    "file": "a file name or path",
    "mailbox": "a mail address",
}
