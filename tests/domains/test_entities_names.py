"""What a value names, and under which names logs are searched for it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_mcp.domains.entities.rows import related
from sentinel_mcp.domains.entities.subjects import (
    KINDS,
    Kind,
    Names,
    account_in_domain,
    address_text,
    domain_name,
    kind_by_form,
    refanged,
    subject_of,
)
from sentinel_mcp.errors import InputError

SID = "S-1-5-21-1468203711-2297045138-3305874421-1211"
OBJECT_ID = "f19d1d76-900e-5052-88bf-6def30c936af"


@pytest.mark.parametrize(
    ("value", "kind", "certain"),
    [
        ("192.0.2.7", "ip", True),
        ("2001:db8::7", "ip", True),
        ("[2001:db8::7]", "ip", True),
        ("::ffff:192.0.2.7", "ip", True),
        ("d41d8cd98f00b204e9800998ecf8427e", "file_hash", True),
        ("DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", "file_hash", True),
        ("a" * 64, "file_hash", True),
        (SID, "account", True),
        (OBJECT_ID, "account", True),
        ("NORTHWIND\\daniel.reyes", "account", True),
        ("daniel.reyes@northwind.example", "account", True),
        ("https://evil.example/x", "url", True),
        ("evil.example/x?y=z", "url", True),
        ("NW-WS-041$", "host", True),
        ("evil.example", "domain", False),
        ("daniel.reyes", "domain", False),
        ("nw-ws-041", "host", False),
        ("administrator", "account", False),
        ("1.2.3.4.5", "domain", False),
        ("999.1.1.1", "domain", False),
        ("a" * 33, "account", False),
    ],
)
def test_a_form_tells_the_kind(value: str, kind: Kind, certain: bool) -> None:
    assert kind_by_form(value) == (kind, certain)


@pytest.mark.parametrize(
    ("kind", "value", "names"),
    [
        ("ip", "192.0.2.7", {"address": ("192.0.2.7", "::ffff:192.0.2.7")}),
        ("ip", "::ffff:192.0.2.7", {"address": ("192.0.2.7", "::ffff:192.0.2.7")}),
        ("ip", "2001:DB8:0:0::7", {"address": ("2001:db8::7", "2001:db8:0:0::7")}),
        ("host", "nw-ws-041", {"host_name": ("nw-ws-041",)}),
        ("host", "NW-WS-041$", {"host_name": ("NW-WS-041",)}),
        ("host", "fs.corp.example", {"host_name": ("fs",), "fqdn": ("fs.corp.example",)}),
        ("account", SID, {"sid": (SID,)}),
        ("account", OBJECT_ID, {"object_id": (OBJECT_ID,)}),
        ("account", "N\\sam", {"sam_name": ("sam",), "nt_name": ("N\\sam",)}),
        ("account", "sam@x.example", {"upn": ("sam@x.example",), "email": ("sam@x.example",)}),
        ("mailbox", "sam@x.example", {"email": ("sam@x.example",)}),
        ("url", "https://a.example/", {"url": ("https://a.example",), "domain": ("a.example",)}),
        ("url", "ftp://192.0.2.7:80", {"url": ("ftp://192.0.2.7:80",), "domain": ("192.0.2.7",)}),
        ("domain", "A.Example.", {"domain": ("a.example",)}),
        ("file_hash", "A" * 40, {"sha1": ("a" * 40,)}),
    ],
)  # fmt: skip
def test_a_value_is_searched_for_under_these_names(kind: Kind, value: str, names: Names) -> None:
    assert subject_of(kind, value, "given").names == names


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ip", "nw-ws-041"),
        ("ip", "192.0.2.0/24"),
        ("file_hash", "a" * 33),
        ("file_hash", "g" * 32),
        ("mailbox", "nobody"),
        ("domain", "localhost"),
        ("url", "https://"),
        ("host", "a b"),
        ("account", "a b"),
        ("account", "x\\y z"),
    ],
)
def test_a_value_that_cannot_be_of_the_kind_is_refused_with_the_kinds_there_are(
    kind: Kind, value: str
) -> None:
    with pytest.raises(InputError) as refused:
        subject_of(kind, value, "given")

    assert refused.value.hint
    assert all(each in refused.value.hint for each in KINDS)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("198[.]51[.]100[.]211", "198.51.100.211"),
        ("hxxps://evil[.]example/a[1]", "https://evil.example/a[1]"),
        ("hXXp[://]evil[dot]example", "http://evil.example"),
        ("adele[at]x[.]example", "adele@x.example"),
        ("2001:db8[:]:7", "2001:db8::7"),
        ("[2001:db8::7]", "[2001:db8::7]"),
        ("hxxp-server", "hxxp-server"),
        ("nw-ws-041", "nw-ws-041"),
    ],
)
def test_what_was_made_unclickable_is_read_as_it_was(written: str, meant: str) -> None:
    assert refanged(written) == meant


@given(st.sampled_from(KINDS), st.text(min_size=1, max_size=60))
def test_whatever_is_given_is_named_or_refused(kind: Kind, value: str) -> None:
    kind_by_form(value)
    address_text(value)
    domain_name(value)
    try:
        subject = subject_of(kind, value, "given")
    except InputError:
        return
    assert all(name for names in subject.names.values() for name in names)


def test_the_account_name_in_an_address_is_taken_only_where_none_is_known_and_said() -> None:
    known = subject_of("account", "N\\sam", "given")
    address = subject_of("account", "dan@x.example", "given")

    assert account_in_domain(known) == known
    assert account_in_domain(address).of("sam_name") == ("dan",)
    assert "'dan'" in account_in_domain(address).notes[-1]


def test_an_entity_is_not_related_to_itself_and_what_most_tables_have_comes_first() -> None:
    host = subject_of("host", "fs.corp.example", "given")
    rows = [
        {"Seen": "A", "Hosts": '["FS","fs.corp.example","other"]', "Ips": '["192.0.2.1"]'},
        {"Seen": "B", "Hosts": '["OTHER","third"]', "Accounts": "not json"},
        {"Seen": "C", "Hosts": '["third"]'},
        {"Seen": "D", "Hosts": '["third"]'},
    ]

    found, cuts = related(rows, host)

    assert cuts == []
    assert [(each.kind, each.value, each.tables) for each in found] == [
        ("host", "third", ["B", "C", "D"]),
        ("host", "other", ["A", "B"]),
        ("ip", "192.0.2.1", ["A"]),
    ]


def test_an_account_counts_for_all_its_names_and_what_is_cut_is_said() -> None:
    many = [f"user{each}@x.example" for each in range(30)]
    rows = [
        {"Seen": "A", "Accounts": json.dumps([*many, "adele@x.example"])},
        {"Seen": "B", "Accounts": '["X\\\\adele"]'},
    ]

    found, cuts = related(rows, subject_of("ip", "192.0.2.1", "given"))

    assert [each.value for each in found[:2]] == ["adele@x.example", "X\\adele"]
    assert cuts == ["20 of 32 related entities of kind account are here."]
