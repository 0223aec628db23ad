"""What a value is: all the forms in which reports, logs and people write it."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sentinel_mcp.domains.shared.entity import (
    KINDS,
    TAKEN,
    Kind,
    KindSource,
    Names,
    Subject,
    account_in_domain,
    address_text,
    domain_name,
    host_of_url,
    read_value,
    refanged,
    subject_of,
)
from sentinel_mcp.errors import InputError

SID = "S-1-5-21-1468203711-2297045138-3305874421-1211"
OBJECT_ID = "f19d1d76-900e-5052-88bf-6def30c936af"
UPN = "daniel.reyes@northwind.example"


def address(value: str) -> Names:
    return {"address": (value,)}


def domain(*values: str) -> Names:
    return {"domain": values}


def url(value: str, *domains: str) -> Names:
    return {"url": (value,), **({"domain": domains} if domains else {})}


def person(value: str) -> Names:
    return {"upn": (value,), "email": (value,)}


READ: list[tuple[str, Kind, KindSource, Names]] = [
    # Addresses: plain, defanged, with a port, in brackets, with a zone, mapped.
    ("192.0.2.7", "ip", "form", address("192.0.2.7")),
    (" 192.0.2.7\n", "ip", "form", address("192.0.2.7")),
    ("192[.]0[.]2[.]7", "ip", "form", address("192.0.2.7")),
    ("192.0.2[.]7", "ip", "form", address("192.0.2.7")),
    ("192(dot)0(dot)2(dot)7", "ip", "form", address("192.0.2.7")),
    ("192.0.2.7:443", "ip", "form", address("192.0.2.7")),
    ("192[.]0[.]2[.]7:443", "ip", "form", address("192.0.2.7")),
    ("192.0.2.7/32", "ip", "form", address("192.0.2.7")),
    ("2001:db8::7", "ip", "form", address("2001:db8::7")),
    ("2001:DB8:0:0::7", "ip", "form", address("2001:db8::7")),
    ("2001:0db8:0000:0000:0000:0000:0000:0007", "ip", "form", address("2001:db8::7")),
    ("2001[:]db8[:][:]7", "ip", "form", address("2001:db8::7")),
    ("[2001:db8::7]", "ip", "form", address("2001:db8::7")),
    ("[2001:db8::7]:443", "ip", "form", address("2001:db8::7")),
    ("fe80::1%eth0", "ip", "form", address("fe80::1")),
    ("2001:db8::7/128", "ip", "form", address("2001:db8::7")),
    ("::ffff:192.0.2.7", "ip", "form", address("192.0.2.7")),
    ("::ffff:c000:207", "ip", "form", address("192.0.2.7")),
    ("[::ffff:192.0.2.7]:443", "ip", "form", address("192.0.2.7")),
    ("::ffff:192.0.2.7/128", "ip", "form", address("192.0.2.7")),
    # Networks: no URLs.
    ("192.0.2.0/24", "network", "form", {"network": ("192.0.2.0/24",)}),
    ("192[.]0[.]2[.]0/24", "network", "form", {"network": ("192.0.2.0/24",)}),
    ("192.0.2.9/24", "network", "form", {"network": ("192.0.2.0/24",)}),
    ("2001:DB8::/32", "network", "form", {"network": ("2001:db8::/32",)}),
    ("::ffff:192.0.2.0/120", "network", "form", {"network": ("192.0.2.0/24",)}),
    ("0.0.0.0/0", "network", "form", {"network": ("0.0.0.0/0",)}),
    # Accounts.
    (UPN, "account", "form", person(UPN)),
    (f"<{UPN}>", "account", "form", person(UPN)),
    ("daniel.reyes[at]northwind[.]example", "account", "form", person(UPN)),
    ("guest_x.example#EXT#@y.example", "account", "form", person("guest_x.example#EXT#@y.example")),
    ("dreyes", "account", "guess", {"sam_name": ("dreyes",)}),
    (
        "NORTHWIND\\dreyes",
        "account",
        "form",
        {"sam_name": ("dreyes",), "nt_name": ("NORTHWIND\\dreyes",)},
    ),
    (
        "NT AUTHORITY\\SYSTEM",
        "account",
        "form",
        {"sam_name": ("SYSTEM",), "nt_name": ("NT AUTHORITY\\SYSTEM",)},
    ),
    (SID, "account", "form", {"sid": (SID,)}),
    ("S-1-5-18", "account", "form", {"sid": ("S-1-5-18",)}),
    (OBJECT_ID, "account", "form", {"object_id": (OBJECT_ID,)}),
    (f"{{{OBJECT_ID.upper()}}}", "account", "form", {"object_id": (OBJECT_ID,)}),
    ("Daniel Reyes", "account", "guess", {"display_name": ("Daniel Reyes",)}),
    ("Reyes, Daniel", "account", "guess", {"display_name": ("Reyes, Daniel",)}),
    ("José O'Neil-Smith", "account", "guess", {"display_name": ("José O'Neil-Smith",)}),
    ("mailto:a@x.example", "mailbox", "form", {"email": ("a@x.example",)}),
    # Hosts.
    ("nw-ws-041", "host", "guess", {"host_name": ("nw-ws-041",)}),
    ("NW-WS-041$", "host", "form", {"host_name": ("NW-WS-041",)}),
    ("NORTHWIND\\NW-WS-041$", "host", "form", {"host_name": ("NW-WS-041",)}),
    # What has dots may be a domain, a host or an account: the workspace tells.
    ("fs.corp.example", "domain", "guess", domain("fs.corp.example")),
    ("daniel.reyes", "domain", "guess", domain("daniel.reyes")),
    ("Evil.Example.", "domain", "guess", domain("evil.example")),
    ("evil[.]example", "domain", "guess", domain("evil.example")),
    ("evil(dot)example", "domain", "guess", domain("evil.example")),
    ("evil [.] example", "domain", "guess", domain("evil.example")),
    ("*.evil.example", "domain", "guess", domain("evil.example")),
    ("evil.example:8443", "domain", "guess", domain("evil.example")),
    ("meow.example", "domain", "guess", domain("meow.example")),
    # Unicode domains, as people and as DNS write them; `ß` is not `ss`.
    ("bücher.example", "domain", "guess", domain("xn--bcher-kva.example", "bücher.example")),
    ("XN--BCHER-KVA.example", "domain", "guess", domain("xn--bcher-kva.example", "bücher.example")),
    ("straße.example", "domain", "guess", domain("xn--strae-oqa.example", "straße.example")),
    ("xn--strae-oqa.example", "domain", "guess", domain("xn--strae-oqa.example", "straße.example")),
    # URLs with a scheme and without.
    ("https://evil.example/x", "url", "form", url("https://evil.example/x", "evil.example")),
    ("hxxps://evil[.]example/x", "url", "form", url("https://evil.example/x", "evil.example")),
    ("hXXp[:]//evil[.]example/x", "url", "form", url("http://evil.example/x", "evil.example")),
    ("hxxp[://]evil(.)example", "url", "form", url("http://evil.example", "evil.example")),
    ("https[:]//evil.example[/]x", "url", "form", url("https://evil.example/x", "evil.example")),
    ("evil.example/x?y=z", "url", "form", url("evil.example/x?y=z", "evil.example")),
    ("https://evil.example/", "url", "form", url("https://evil.example", "evil.example")),
    ("ftp://u@evil.example:8/x", "url", "form", url("ftp://u@evil.example:8/x", "evil.example")),
    ("192.0.2.7/x", "url", "form", url("192.0.2.7/x")),
    ("https://[2001:db8::7]:8443/x", "url", "form", url("https://[2001:db8::7]:8443/x")),
    ("http://nw-fs-01/share", "url", "form", url("http://nw-fs-01/share")),
    (
        "https://bücher.example/weg",
        "url",
        "form",
        {
            "url": ("https://bücher.example/weg", "https://xn--bcher-kva.example/weg"),
            "domain": ("xn--bcher-kva.example", "bücher.example"),
        },
    ),
    # Hashes in any case.
    ("D41D8CD9" * 4, "file_hash", "form", {"md5": ("d41d8cd9" * 4,)}),
    ("aB" * 20, "file_hash", "form", {"sha1": ("ab" * 20,)}),
    ("Ab" * 32, "file_hash", "form", {"sha256": ("ab" * 32,)}),
    ("AB" * 64, "file_hash", "form", {"sha512": ("ab" * 64,)}),
    # File names and paths.
    ("invoice.docm", "file", "form", {"file_name": ("invoice.docm",)}),
    ("Invoice 2026.pdf", "file", "form", {"file_name": ("Invoice 2026.pdf",)}),
    ("payload.zip", "file", "guess", {"file_name": ("payload.zip",)}),
    ("C:\\Windows\\cmd.exe", "file", "form", {"file_path": ("C:\\Windows\\cmd.exe",)}),
    ("\\\\nw-fs-01\\share\\x.exe", "file", "form", {"file_path": ("\\\\nw-fs-01\\share\\x.exe",)}),
    ("/usr/bin/bash", "file", "form", {"file_path": ("/usr/bin/bash",)}),
]  # fmt: skip


@pytest.mark.parametrize(("value", "kind", "source", "names"), READ, ids=[each[0] for each in READ])
def test_a_value_is_read_in_the_form_in_which_it_is_written(
    value: str, kind: Kind, source: KindSource, names: Names
) -> None:
    subject = read_value(value)

    assert (subject.kind, subject.source) == (kind, source)
    assert subject.names == names


GIVEN: list[tuple[Kind, str, Names]] = [
    ("host", "fs.corp.example", {"host_name": ("fs",), "fqdn": ("fs.corp.example",)}),
    ("host", "fs.corp.example:3389", {"host_name": ("fs",), "fqdn": ("fs.corp.example",)}),
    ("host", "dreyes", {"host_name": ("dreyes",)}),
    ("account", "fs.corp", {"sam_name": ("fs.corp",)}),
    ("account", "d" * 32, {"sam_name": ("d" * 32,)}),
    ("mailbox", UPN, {"email": (UPN,)}),
    ("mailbox", "a@bücher.example", {"email": ("a@bücher.example", "a@xn--bcher-kva.example")}),
    ("domain", "payload.zip", domain("payload.zip")),
    ("file", "cmd", {"file_name": ("cmd",)}),
    ("network", "192.0.2.7/32", {"network": ("192.0.2.7/32",)}),
    ("url", "evil.example", url("evil.example", "evil.example")),
]


@pytest.mark.parametrize(("kind", "value", "names"), GIVEN)
def test_a_kind_that_is_given_decides(kind: Kind, value: str, names: Names) -> None:
    subject = read_value(value, kind)

    assert (subject.kind, subject.source, subject.names) == (kind, "given", names)


@pytest.mark.parametrize(
    "value",
    [
        "", "   ", "<>", "-", "?", "$$$", "/", "\\", "@", "@x.example", "a@", "https://",
        "192.0.2.7,", "999.1.1.1", "192.0.2", "192.0.2.1-192.0.2.9", "192.0.2.0/33",
        "2001:db8::/129", "01:23:45:67:89:ab", "how are you doing today my dear old friend", "a\nb",
        "192.0.2.7\u200b", "x" * 3_000,
    ],
)  # fmt: skip
def test_a_value_that_is_none_of_the_kinds_is_refused_with_what_is_taken(value: str) -> None:
    with pytest.raises(InputError) as refused:
        read_value(value)

    assert refused.value.hint == TAKEN
    assert len(refused.value.message) < 300


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ip", "nw-ws-041"),
        ("ip", "192.0.2.0/24"),
        ("ip", "192.0.2.256"),
        ("network", "192.0.2.7"),
        ("file_hash", "a" * 33),
        ("file_hash", "g" * 32),
        ("mailbox", "nobody"),
        ("domain", "localhost"),
        ("domain", "192.0.2.7"),
        ("url", "https://"),
        ("url", "https://evil.example/a b"),
        ("host", "a b"),
        ("host", "999.1.1.1"),
        ("account", "a/b"),
        ("file", "/"),
    ],
)
def test_a_value_that_cannot_be_of_the_given_kind_is_refused_and_says_how_to_go_on(
    kind: Kind, value: str
) -> None:
    with pytest.raises(InputError) as refused:
        read_value(value, kind)

    assert repr(value) in refused.value.message
    assert refused.value.hint
    assert "kind" in refused.value.hint


def test_what_every_tool_takes_is_said_of_each_kind() -> None:
    words = {
        "account": "account", "host": "host name", "ip": "IP address", "network": "network",
        "url": "URL", "domain": "domain", "file_hash": "hash", "file": "file name",
        "mailbox": "mail address",
    }  # fmt: skip

    assert set(words) == set(KINDS)
    assert [each for each in words.values() if each not in TAKEN] == []


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ("192[.]0[.]2[.]7", "Searched for as '192.0.2.7'."),
        (UPN, "kind='mailbox'"),
        ("payload.zip", "kind='domain'"),
        ("192.0.2.9/24", "Taken as the network 192.0.2.0/24."),
    ],
)
def test_a_value_that_is_taken_for_something_says_so(value: str, note: str) -> None:
    assert any(note in each for each in read_value(value).notes)


def test_a_value_that_is_taken_as_it_stands_says_nothing() -> None:
    assert [value for value in ("192.0.2.7", "192.0.2.0/24", SID) if read_value(value).notes] == []


PLAIN = [each for each in READ if refanged(each[0]) == each[0].strip()]
DEFANGED: list[tuple[str, str]] = [
    (".", "[.]"), (".", "(.)"), (".", "[dot]"), (".", "(DOT)"), (".", "{.}"), ("@", "[at]"),
    ("@", "[@]"), ("://", "[://]"), ("://", "[:]//"), ("://", "://"),
]  # fmt: skip


@given(st.sampled_from(PLAIN), st.lists(st.sampled_from(DEFANGED), max_size=4), st.booleans())
def test_what_is_defanged_is_read_as_what_it_was(
    known: tuple[str, Kind, KindSource, Names], ways: list[tuple[str, str]], scheme: bool
) -> None:
    value, kind, source, names = known
    written = value
    for plain, armour in ways:
        if armour not in written:
            written = written.replace(plain, armour)
    if scheme and "://" in value:
        written = re.sub("^http", "hxxp", written)
    # One armour within the other is no way of writing that anybody has.
    assume(not re.search(r"[\[({][^\w.@:/]|\[\[|\(\[", written))

    subject = read_value(written)

    assert (subject.kind, subject.source, subject.names) == (kind, source, names)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_what_is_not_defanged_is_left_as_it_is(value: str) -> None:
    bare = value.strip().strip("<>\"'`").strip()
    is_defanged = re.search(
        r"[\[({]\s*(?:\.|dot|@|at|:(?://)?|/)\s*[\])}]|:\[//\]|^(?:h..p|meow|fxp)s?[\[(]?:",
        bare,
        re.IGNORECASE,
    )

    assert is_defanged or refanged(value) == bare


@pytest.mark.parametrize(
    "value",
    [
        "hxxp-server", "meow-01", "meow.example", "fxp.example", "nw-ws-041", "[2001:db8::7]",
        "https://evil.example/a[1]", "https://evil.example/?q=dot", "cat.example", "at.example",
        "C:\\a[1].docx", "dot.example", "invoice (1).pdf",
    ],
)  # fmt: skip
def test_what_looks_a_little_like_it_is_left_as_it_is(value: str) -> None:
    assert refanged(value) == value


@given(st.sampled_from((None, *KINDS)), st.text(min_size=1, max_size=60))
def test_whatever_is_given_is_named_or_refused(kind: Kind | None, value: str) -> None:
    address_text(value)
    domain_name(value)
    host_of_url(value)
    try:
        subject = read_value(value, kind)
    except InputError:
        return

    assert subject.kind == (kind or subject.kind)
    assert any(subject.names.values())
    assert all(name and name.isprintable() for names in subject.names.values() for name in names)


@given(st.sampled_from(READ))
def test_a_name_that_a_value_was_read_as_is_read_as_the_same(
    known: tuple[str, Kind, KindSource, Names],
) -> None:
    subject = read_value(known[0])

    assert read_value(subject.value, subject.kind).names == subject.names


def test_the_account_name_in_an_address_is_taken_only_where_none_is_known_and_said() -> None:
    known = subject_of("account", "N\\sam", "given")
    mail = subject_of("account", "dan@x.example", "given")

    assert account_in_domain(known) == known
    assert account_in_domain(mail).of("sam_name") == ("dan",)
    assert "'dan'" in account_in_domain(mail).notes[-1]


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("https://user@login.x.example:8443/x?y", "login.x.example"),
        ("someone@x.example", "x.example"),
        ("X.Example.", "x.example"),
        ("localhost", None),
        ("192.0.2.7", None),
    ],
)
def test_a_domain_is_taken_out_of_what_it_stands_in(stated: str, meant: str | None) -> None:
    assert domain_name(stated) == meant


def test_the_names_of_some_forms_come_once_each_whatever_their_case() -> None:
    subject = Subject(
        "account", UPN, "given", {"upn": (UPN,), "email": (UPN.upper(), "b@x.example")}
    )

    assert [each.lower() for each in subject.of("upn", "email")] == [UPN, "b@x.example"]
