"""How the names of an entity are recognised within any text of a log.

A name counts where it stands as a whole: `192.0.2.1` is not in `192.0.2.10`, `evil.example` is not
in `evil.example.com`, but it is in `login.evil.example`. The pattern is written for RE2, which
Kusto uses, and is the same in Python's `re`, so that what is searched in logs and what is searched
here agrees.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sentinel_mcp.domains.shared.entity import Form, Subject, without_scheme

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_GROUP = "[0-9a-f]{1,4}"

# What may stand before and after a name of each form. A dot that ends a sentence ends a name.
_EDGES: dict[Form, tuple[str, str]] = {
    "address": ("(?:^|[^0-9a-z.])", r"(?:$|[^0-9a-z.]|\.(?:$|[^0-9a-z]))"),
    "network": ("(?:^|[^0-9a-z.])", r"(?:$|[^0-9a-z.]|\.(?:$|[^0-9a-z]))"),
    "domain": ("(?:^|[^0-9a-z_-])", r"(?:$|[^0-9a-z_.-]|\.(?:$|[^0-9a-z_-]))"),
    "fqdn": ("(?:^|[^0-9a-z_-])", r"(?:$|[^0-9a-z_.-]|\.(?:$|[^0-9a-z_-]))"),
    "host_name": ("(?:^|[^0-9a-z_.-])", "(?:$|[^0-9a-z_-])"),
    "upn": ("(?:^|[^0-9a-z_.%+-])", r"(?:$|[^0-9a-z_.-]|\.(?:$|[^0-9a-z_-]))"),
    "email": ("(?:^|[^0-9a-z_.%+-])", r"(?:$|[^0-9a-z_.-]|\.(?:$|[^0-9a-z_-]))"),
    "sam_name": ("(?:^|[^0-9a-z_.@-])", r"(?:$|[^0-9a-z_.@$-]|\.(?:$|[^0-9a-z_-]))"),
    "display_name": ("(?:^|[^0-9a-z_])", "(?:$|[^0-9a-z_])"),
    "sid": ("(?:^|[^0-9a-z-])", "(?:$|[^0-9a-z-]|-(?:$|[^0-9]))"),
    "object_id": ("(?:^|[^0-9a-z])", "(?:$|[^0-9a-z])"),
    "md5": ("(?:^|[^0-9a-z])", "(?:$|[^0-9a-z])"),
    "sha1": ("(?:^|[^0-9a-z])", "(?:$|[^0-9a-z])"),
    "sha256": ("(?:^|[^0-9a-z])", "(?:$|[^0-9a-z])"),
    "sha512": ("(?:^|[^0-9a-z])", "(?:$|[^0-9a-z])"),
    "file_name": ("(?:^|[^0-9a-z_.-])", r"(?:$|[^0-9a-z_.-]|\.(?:$|[^0-9a-z_-]))"),
    "file_path": ("(?:^|[^0-9a-z_.-])", r"(?:$|[^0-9a-z_.-]|\.(?:$|[^0-9a-z_-]))"),
    "url": ("(?:^|[^0-9a-z_.-])", r"(?:$|[^0-9a-z_%~.-]|\.(?:$|[^0-9a-z]))"),
}
_IPV6_EDGES = ("(?:^|[^0-9a-z:.])", "(?:$|[^0-9a-z:.]|[:.](?:$|[^0-9a-z:]))")
_SHORT_OF_FULL_EDGES = ("(?:^|[^0-9a-z_.-])", r"(?:$|[^0-9a-z_.-]|\.(?:$|[^0-9a-z_-]))")

_COMMON_NAME = re.compile(
    r"admin|administrator|admins|anonymous|backup|default|guest|local|localhost|nobody"
    r"|operator|owner|public|root|scan|scanner|server|service|support|sys|system|test"
    r"|unknown|user|users|web|www"
)
"""Account and host names that texts are full of without meaning the account or the host."""

_SHORTEST_IN_TEXT = 3


@dataclass(frozen=True, slots=True)
class Name:
    """One name: what matches it, what stands around it, and a whole word that it has.

    `written` is the name itself; of a network, which has no single name, it is empty.
    """

    form: Form
    body: str
    edges: tuple[str, str]
    term: str
    written: str = ""


@dataclass(frozen=True)
class TextPattern:
    """Finds the names of an entity in texts.

    `terms` are words of which such a text has one (for Kusto's `has`, which its index answers);
    empty where no word is certain. `expression` decides; it is case-insensitive.
    """

    names: tuple[Name, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """Words of which a text with one of the names has at least one; none are certain: empty."""
        if any(not each.term for each in self.names):
            return ()
        return tuple(dict.fromkeys(each.term for each in self.names))

    @cached_property
    def expression(self) -> str:
        """The regular expression."""
        return "(?i)" + "|".join(f"{a}(?:{body})(?:{z})" for (a, z), body in self._by_edges())

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The expression for texts that are read here."""
        return re.compile(self.expression)

    def is_in(self, text: str) -> bool:
        """Whether the text has one of the names."""
        return self.compiled.search(text) is not None

    def _by_edges(self) -> list[tuple[tuple[str, str], str]]:
        grouped: dict[tuple[str, str], list[str]] = {}
        for each in self.names:
            grouped.setdefault(each.edges, []).append(each.body)
        return [(edges, "|".join(dict.fromkeys(bodies))) for edges, bodies in grouped.items()]


def text_pattern(subject: Subject) -> TextPattern:
    """Return what finds the subject in texts; of names that say nothing in a text, none."""
    return TextPattern(
        tuple(
            name
            for form, values in subject.names.items()
            if form in _EDGES and (form != "domain" or subject.kind == "domain")
            for value in values
            if not is_common(form, value)
            for name in _names(form, value, subject)
        )
    )


def is_common(form: Form, value: str) -> bool:
    """Whether a name is in so many texts, or so short, that finding it there tells nothing."""
    if form not in ("sam_name", "host_name"):
        return False
    lower = value.lower()
    return (
        _COMMON_NAME.fullmatch(lower) is not None
        or len(lower) < _SHORTEST_IN_TEXT
        or lower.isdigit()
    )


def common_names(subject: Subject) -> tuple[str, ...]:
    """Return the names that are looked for only in columns that hold accounts or hosts."""
    return tuple(
        value
        for form, values in subject.names.items()
        for value in values
        if is_common(form, value)
    )


def without(subject: Subject, *forms: Form, keep: bool = False) -> Subject:
    """Return the subject without its names of these forms; with `keep`, with these alone."""
    names = {form: each for form, each in subject.names.items() if (form in forms) == keep}
    return replace(subject, names=names)


def _names(form: Form, value: str, subject: Subject) -> Sequence[Name]:
    edges = _EDGES[form]
    match form:
        case "address":
            if ":" not in value:
                return (Name(form, re.escape(value), edges, value, value),)
            return tuple(
                Name(form, re.escape(each), _IPV6_EDGES, each, each)
                for each in ipv6_spellings(value)
            )
        case "network":
            return (_network(value),)
        case "host_name" if subject.names.get("fqdn"):
            return (Name(form, re.escape(value), _SHORT_OF_FULL_EDGES, value, value),)
        case "file_path":
            # Within JSON a backslash is two, within JSON in JSON four.
            body = re.escape(value).replace(r"\\", r"\\+")
            return (Name(form, body, edges, re.split(r"[\\/]", value)[-1], value),)
        case "url":
            rest = without_scheme(value)
            return (Name(form, re.escape(rest), edges, re.sub(r"^\W+|\W+$", "", rest), rest),)
        case _:
            return (Name(form, re.escape(value), edges, value, value),)


def ipv6_spellings(address: str) -> tuple[str, ...]:
    """Return the ways in which logs write an IPv6 address: short, with zeros, in full."""
    read = ipaddress.IPv6Address(address)
    plain = ":".join(f"{int(group, 16):x}" for group in read.exploded.split(":"))
    return tuple(dict.fromkeys((read.compressed, plain, read.exploded)))


def _network(value: str) -> Name:
    network = ipaddress.ip_network(value)
    if isinstance(network, ipaddress.IPv6Network):
        return Name("network", _ipv6_network(network), _IPV6_EDGES, "")
    whole, bits = divmod(network.prefixlen, 8)
    octets = str(network.network_address).split(".")
    parts = [re.escape(each) for each in octets[:whole]]
    if bits:
        first = int(octets[whole])
        parts.append("(?:" + "|".join(str(first + each) for each in range(2 ** (8 - bits))) + ")")
    parts += [_OCTET] * (4 - len(parts))
    # `192.0.2` is a run of whole words; of fewer numbers a version or an amount is one, too.
    term = ".".join(octets[:whole]) if whole >= 3 else ""
    return Name("network", r"\.".join(parts), _EDGES["network"], term)


def _ipv6_network(network: ipaddress.IPv6Network) -> str:
    whole, bits = divmod(network.prefixlen, 16)
    groups = [int(each, 16) for each in network.network_address.exploded.split(":")]
    fixed = [_group(each) for each in groups[:whole]]
    if bits:
        fixed.append(_group_range(groups[whole], bits))
    left = 8 - len(fixed)
    zeros = [index < whole and groups[index] == 0 for index in range(len(fixed))]
    if bits and groups[whole] == 0:
        zeros[-1] = True
    spelled = [":".join(fixed) + _ipv6_rest(left, first=not fixed)]
    for start in range(len(fixed)):
        for end in range(start + 1, len(fixed) + 1):
            if not all(zeros[start:end]):
                break
            before, after = ":".join(fixed[:start]), ":".join(fixed[end:])
            if end == len(fixed):
                rest = f"(?:{_GROUP}(?::{_GROUP}){{0,{max(left - 1, 0)}}})?" if left else ""
                spelled.append(f"{before}::{rest}")
            else:
                spelled.append(f"{before}::{after}(?::{_GROUP}){{{left}}}")
    return "|".join(spelled)


def _ipv6_rest(left: int, *, first: bool) -> str:
    """Return what the groups match that are free; without them all there must be a `::`.

    So a word of four hexadecimal digits, of which a GUID has three, is no address.
    """
    if left == 0:
        return ""
    colon = "" if first else ":"
    more = f"(?::{_GROUP}){{0,{left - 1}}}"
    short = f"(?:{colon}{_GROUP}{more})?::(?:{_GROUP}{more})?"
    return f"(?:{colon}{_GROUP}(?::{_GROUP}){{{left - 1}}}|{short})"


def _group(value: int) -> str:
    return "0{1,4}" if value == 0 else f"0{{0,3}}{value:x}"


def _group_range(first: int, bits: int) -> str:
    """Return what the groups match that begin with the first `bits` of a group."""
    nibbles, rest = divmod(bits, 4)
    digits = f"{first:04x}"
    free = 4 - nibbles - (1 if rest else 0)
    head = digits[:nibbles]
    low = int(digits[nibbles], 16) if rest else 0
    options = [f"{low + each:x}" for each in range(2 ** (4 - rest))] if rest else []
    choice = f"[{''.join(options)}]" if options else ""
    if head.strip("0") or (options and "0" not in options):
        shown = head.lstrip("0")
        return f"0{{0,{len(head) - len(shown)}}}{shown}{choice}[0-9a-f]{{{free}}}"
    below = f"0{{0,3}}[0-9a-f]{{1,{free}}}" if free else "0{1,4}"
    above = [each for each in options if each != "0"]
    if not above:
        return below
    return f"(?:0{{0,{len(head)}}}[{''.join(above)}][0-9a-f]{{{free}}}|{below})"
