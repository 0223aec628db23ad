"""KQL conditions that hold where a column names an entity; its names come as literals alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sentinel_mcp.domains.entities.sources.model import Holding
from sentinel_mcp.domains.entities.subjects import Form, Subject
from sentinel_mcp.kql.literals import list_, string

_FORMS: dict[Holding, tuple[Form, ...]] = {
    "upn": ("upn",),
    "email": ("email",),
    "sam": ("sam_name",),
    "sid": ("sid",),
    "object_id": ("object_id",),
    "md5": ("md5",),
    "sha1": ("sha1",),
    "sha256": ("sha256",),
    "hash": ("md5", "sha1", "sha256"),
}
_NOT_STRINGS = frozenset[Holding]({"people", "ips", "text", "url"})
"""What may be held in a dynamic column."""

_SHORTEST_IN_TEXT = 3
"""A shorter name is in too many texts to tell anything."""


def text_of(reference: str) -> str:
    """Return the KQL of a column, or of what lies within it, as text."""
    column, _, path = reference.partition(".")
    return f"tostring(todynamic({column}).{path})" if path else f"tostring({column})"


def condition(holding: Holding, reference: str, subject: Subject) -> str | None:
    """Return what holds where the column names the subject; None where it cannot."""
    plain = "." not in reference and holding not in _NOT_STRINGS
    column = reference if plain else text_of(reference)
    match holding:
        case "login":
            return _login(column, subject)
        case "host":
            return _host(column, subject)
        case "ip":
            return equals(column, subject.of("address"))
        case "ips":
            return mentions(column, subject.of("address")[:1])
        case "url":
            return _url(column, subject)
        case "domain":
            return in_domain(column, subject.of("domain")) if subject.kind == "domain" else None
        case "people":
            return mentions(column, subject.of("upn", "object_id"))
        case "text":
            return mentions(column, terms(subject))
        case _:
            return equals(column, subject.of(*_FORMS[holding]))


def terms(subject: Subject) -> tuple[str, ...]:
    """Return the names by which a free text may mention the subject."""
    match subject.kind:
        case "account":
            found = subject.of("upn", "sam_name", "sid", "object_id")
        case "mailbox":
            found = subject.of("email")
        case "ip":
            found = subject.of("address")[:1]
        case "host":
            found = subject.of("host_name")
        case "url":
            found = tuple(map(without_scheme, subject.of("url")))
        case "domain":
            found = subject.of("domain")
        case "file_hash":
            found = subject.of("md5", "sha1", "sha256")
    return tuple(each for each in found if len(each) >= _SHORTEST_IN_TEXT)


def equals(column: str, names: Sequence[str]) -> str | None:
    """Require a column to be one of the names, whatever their case."""
    if not names:
        return None
    if len(names) == 1:
        return f"{column} =~ {string(names[0])}"
    return f"{column} in~ {list_(names)}"


def mentions(column: str, names: Sequence[str]) -> str | None:
    """Require a text to have one of the names as a whole word."""
    if not names:
        return None
    return (
        f"{column} has_any {list_(names)}" if len(names) > 1 else f"{column} has {string(names[0])}"
    )


def in_domain(column: str, domains: Sequence[str]) -> str | None:
    """Require a host name to be the domain or below it."""
    return any_of(
        [
            each
            for domain in domains
            for each in (
                f"{column} =~ {string(domain)}",
                f"{column} endswith {string('.' + domain)}",
            )
        ]
    )


def url_in_domain(column: str, domains: Sequence[str]) -> str | None:
    """Require a URL, or a list of them, to lead to the domain or below it."""
    return any_of([_url_in(column, each) for each in domains])


def any_of(conditions: Sequence[str | None]) -> str | None:
    """Require one of the conditions; Nones are left out, and nothing left is None."""
    given = list(dict.fromkeys(each for each in conditions if each))
    if len(given) < 2:
        return given[0] if given else None
    return f"({' or '.join(given)})"


def without_scheme(url: str) -> str:
    """Return a URL as logs without schemes have it."""
    return re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", url)


def _login(column: str, subject: Subject) -> str | None:
    qualified = subject.of("nt_name")
    names = subject.of("sam_name", "nt_name", "upn")
    ends = [] if qualified else [f"\\{each}" for each in subject.of("sam_name")]
    return any_of([equals(column, names), *(f"{column} endswith {string(each)}" for each in ends)])


def _host(column: str, subject: Subject) -> str | None:
    full, short = subject.of("fqdn"), subject.of("host_name")
    if full:
        # Many products know a machine by its short name alone.
        return equals(column, (*full, *short))
    starts = [f"{column} startswith {string(each + '.')}" for each in short]
    return any_of([equals(column, short), *starts])


def _url(column: str, subject: Subject) -> str | None:
    if subject.kind == "domain":
        return url_in_domain(column, subject.of("domain"))
    if subject.kind != "url":
        return None
    return mentions(column, tuple(map(without_scheme, subject.of("url"))))


def _url_in(column: str, domain: str) -> str:
    # Before it: the scheme, a user, or a name below it. After it: the end of the host.
    host = string(rf"(?i)(^|[/@.\"]){re.escape(domain)}($|[:/?#\",\]])")
    return f"({column} has {string(domain)} and {column} matches regex {host})"
