"""How a name is found in a text: as a whole, in all spellings, in Python as in the logs."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentinel_mcp.domains.shared.entity import Kind, Subject, read_value
from sentinel_mcp.domains.shared.text_patterns import (
    TextPattern,
    common_names,
    ipv6_spellings,
    text_pattern,
)
from sentinel_mcp.errors import InputError

GUID = "f19d1d76-900e-5052-88bf-6def30c936af"
SID = "S-1-5-21-1-2-3-1105"
UPN = "adele@x.example"


@pytest.fixture(scope="module", name="engine")
def make_engine() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(":memory:")
    yield connection
    connection.close()


def pattern_of(value: str, kind: Kind | None = None) -> TextPattern:
    return text_pattern(read_value(value, kind))


def in_engine(engine: duckdb.DuckDBPyConnection, pattern: TextPattern, text: str) -> bool:
    """Search a text with RE2, as the logs are."""
    row = engine.execute("SELECT regexp_matches(?, ?)", [text, pattern.expression]).fetchone()
    assert row is not None
    return row[0]


# Each in texts that hold it, and in texts that hold something longer or something else.
HELD: list[tuple[Kind, str, list[str], list[str]]] = [
    (
        "ip",
        "192.0.2.1",
        [
            "192.0.2.1",
            "from 192.0.2.1.",
            "192.0.2.1:443",
            "(192.0.2.1)",
            '["192.0.2.1"]',
            "http://192.0.2.1/x",
            "::ffff:192.0.2.1",
            "192.0.2.0,192.0.2.1",
            "192.0.2.1-192.0.2.9",
            "192.0.2.1/32",
            "src=192.0.2.1 dst=192.0.2.2",
            "Failed password for root from 192.0.2.1 port 22 ssh2",
        ],
        [
            "192.0.2.10",
            "192.0.2.11",
            "1192.0.2.1",
            "1.192.0.2.1",
            "192.0.2.1.5",
            "192x0y2z1",
            "192.0.2",
            "v192.0.2.1",
            "192.0.2.1a",
        ],
    ),
    (
        "ip",
        "2001:db8::7",
        [
            "2001:db8::7",
            "2001:DB8::7",
            "[2001:db8::7]:443",
            "2001:db8:0:0:0:0:0:7",
            "2001:0db8:0000:0000:0000:0000:0000:0007",
            "from 2001:db8::7.",
            "2001:db8::7%eth0",
            "2001:db8::7/128",
        ],
        [
            "2001:db8::70",
            "2001:db8::7:1",
            "1:2001:db8::7",
            "2001:db8::17",
            "2001:db8:7",
            "12001:db8::7",
        ],
    ),
    (
        "domain",
        "evil.example",
        [
            "evil.example",
            "EVIL.EXAMPLE",
            "login.evil.example",
            "https://evil.example/x",
            "bob@evil.example",
            "evil.example.",
            "evil.example:8443",
            "to evil.example. Then",
            '{"d":"evil.example"}',
            "*.evil.example",
        ],
        [
            "evil.example.com",
            "notevil.example",
            "not-evil.example",
            "evil.example-x.com",
            "evil_example",
            "evilxexample",
            "evil.examples",
        ],
    ),
    (
        "domain",
        "bücher.example",
        ["bücher.example", "xn--bcher-kva.example", "http://www.xn--bcher-kva.example/"],
        ["bucher.example", "xn--bcher-kva.example.com"],
    ),
    (
        "url",
        "https://evil.example/a",
        [
            "https://evil.example/a",
            "http://evil.example/a",
            "evil.example/a",
            "hxxps://evil.example/a",
            "https://evil.example/a?x=1",
            "https://evil.example/a#b",
            "see https://evil.example/a.",
            '"https://evil.example/a"',
            "HTTPS://EVIL.EXAMPLE/A",
        ],
        [
            "https://evil.example/",
            "https://evil.example/ab",
            "https://evil.example/a-b",
            "https://evil.example/a.php",
            "https://notevil.example/a",
            "https://www.evil.example/a",
        ],
    ),
    (
        "url",
        "https://bücher.example/weg",
        ["https://xn--bcher-kva.example/weg", "bücher.example/weg"],
        ["https://bucher.example/weg"],
    ),
    (
        "host",
        "nw-fs-01",
        [
            "nw-fs-01",
            "NW-FS-01",
            "NW-FS-01$",
            "NORTHWIND\\NW-FS-01$",
            "nw-fs-01.corp.x.example",
            "\\\\nw-fs-01\\share",
            "host=nw-fs-01;",
            "nw-fs-01:445",
        ],
        ["nw-fs-011", "xnw-fs-01", "nw-fs-01-b", "nw-fs-01_b", "a.nw-fs-01", "b-nw-fs-01"],
    ),
    (
        "host",
        "fs01.corp.example",
        ["fs01.corp.example", "FS01.CORP.EXAMPLE.", "fs01", "fs01$", "CORP\\fs01$", "on fs01."],
        ["fs01.other.example", "fs01.corp.example.com", "xfs01.corp.example", "fs01-2", "fs01.txt"],
    ),
    (
        "account",
        "CORP\\adele",
        ["adele", "CORP\\adele", "ADELE", '"CORP\\\\adele"', "user adele.", "uid=0(adele)"],
        [
            "adele@y.example",
            "adele2",
            "xadele",
            "adele.marsh",
            "x.adele",
            "adele$",
            "adele-admin",
            "svc_adele",
        ],
    ),
    (
        "account",
        UPN,
        [UPN, UPN.upper(), f"<{UPN}>", f"smtp:{UPN}", f"to {UPN}.", f"{UPN};b@x.example"],
        ["adele@x.example.com", "xadele@x.example", "a.adele@x.example", "adele@x-example"],
    ),
    (
        "account",
        SID,
        [SID, SID.lower(), f"{{{SID}}}", f"%{SID}", f"{SID}."],
        [f"{SID}7", f"{SID}-500", "S-1-5-21-1-2-3-110", f"X{SID}"],
    ),
    (
        "account",
        GUID,
        [GUID, GUID.upper(), f"/users/{GUID}/x", f"{{{GUID}}}"],
        [GUID + "0", GUID[1:]],
    ),
    (
        "account",
        "Adele Marsh",
        ["Adele Marsh", "ADELE MARSH", "Adele Marsh (Contractor)", "by Adele Marsh."],
        ["Adele Marsham", "Adele  Marsh", "AdeleMarsh", "xAdele Marsh"],
    ),
    ("mailbox", UPN, [UPN, f"mailto:{UPN}", f'"Adele" <{UPN}>'], ["adele@x.examples", f"x{UPN}"]),
    (
        "file_hash",
        "d" * 64,
        ["d" * 64, "D" * 64, f"SHA256={'d' * 64}", f"MD5=1,SHA256={'D' * 64},X=2"],
        ["d" * 63, "d" * 65, "e" + "d" * 64],
    ),
    (
        "file",
        "evil.exe",
        [
            "evil.exe",
            "EVIL.EXE",
            "C:\\x\\evil.exe",
            "/tmp/evil.exe",
            '"evil.exe" /q',
            "ran evil.exe.",
            "evil.exe:Zone.Identifier",
        ],
        ["evil.exe.config", "notevil.exe", "my-evil.exe", "evil.exe1", "evilxexe", "a.evil.exe"],
    ),
    (
        "file",
        "C:\\x\\evil.exe",
        [
            "C:\\x\\evil.exe",
            '"c:\\\\x\\\\evil.exe"',
            "C:\\X\\EVIL.EXE -a",
            "C:\\\\\\\\x\\\\\\\\evil.exe",
        ],
        ["C:\\y\\evil.exe", "evil.exe", "C:\\x\\evil.exe.bak", "CC:\\x\\evil.exe"],
    ),
    (
        "network",
        "192.0.2.0/24",
        ["192.0.2.0", "x 192.0.2.255:80", "::ffff:192.0.2.7", "192.0.2.0/24", '["192.0.2.7"]'],
        ["192.0.3.0", "192.0.20.1", "1.192.0.2.3", "192.0.2.256", "192.0.2", "192.0.2.1.4"],
    ),
    (
        "network",
        "2001:db8::/32",
        ["2001:db8::", "[2001:DB8:1::2]:443", "2001:0db8:0:0:1:2:3:4", "2001:db8::7%eth0"],
        ["2001:db9::1", "1:2001:db8::1", "2001:db80::1", "2001:db8", "12001:db8::1"],
    ),
    (
        "network",
        "fd00::/8",
        ["fd00::1", "fd12:3456:789a::1", "FDFF:1:2:3:4:5:6:7"],
        ["f19d1d76-fdab-5052-88bf-6def30c936af", "fdab", "fd:12:34:56:78:9a", "fd::1", "cfd1::2"],
    ),
    ("network", "10::/16", ["10::1", "0010:0::"], ["10", "10 apples", "10:20", "10:20:30"]),
]
TEXTS = [
    pytest.param(kind, value, text, held, id=f"{value} {'in' if held else 'not in'} {text}")
    for kind, value, holding, others in HELD
    for held, texts in ((True, holding), (False, others))
    for text in texts
]


@pytest.mark.parametrize(("kind", "value", "text", "held"), TEXTS)
def test_a_name_is_found_as_a_whole_and_not_within_a_longer_one(
    engine: duckdb.DuckDBPyConnection, kind: Kind, value: str, text: str, held: bool
) -> None:
    pattern = pattern_of(value, kind)

    assert pattern.is_in(text) is held
    assert in_engine(engine, pattern, text) is held


@pytest.mark.parametrize(("kind", "value", "text", "held"), TEXTS)
def test_a_text_that_holds_a_name_has_one_of_its_words(
    kind: Kind, value: str, text: str, held: bool
) -> None:
    terms = pattern_of(value, kind).terms

    assert not (held and terms) or any(has(text, each) for each in terms)


def has(text: str, term: str) -> bool:
    """Return what Kusto's `has` says: the term stands in the text, no letter or digit beside it."""
    return re.search(rf"(?<![^\W_]){re.escape(term)}(?![^\W_])", text, re.IGNORECASE) is not None


def spelled(address: ipaddress.IPv6Address, first: int, length: int, zeros: str) -> str:
    """Write an address with leading zeros or without, and `::` for a run of zero groups, if any."""
    groups = [f"{int(each, 16):{zeros}x}" for each in address.exploded.split(":")]
    run = groups[first : first + length]
    if run and all(int(each, 16) == 0 for each in run):
        return f"{':'.join(groups[:first])}::{':'.join(groups[first + length :])}"
    return ":".join(groups)


# Many addresses with zeros: these have the most spellings.
GROUP = st.sampled_from([0, 0, 0, 1, 0xA, 0xDB8, 0xFFFF]) | st.integers(0, 0xFFFF)
GROUPS = st.lists(GROUP, min_size=8, max_size=8)
IPV6 = GROUPS.map(
    lambda groups: ipaddress.IPv6Address(b"".join(each.to_bytes(2) for each in groups))
)
SPELLED = st.tuples(st.integers(0, 7), st.integers(1, 8), st.sampled_from(["", "04"]))


@given(IPV6, IPV6, st.integers(1, 127), st.integers(0, 127), SPELLED, st.booleans())
@example(ipaddress.IPv6Address("fd00::"), ipaddress.IPv6Address("::"), 8, 8, (0, 1, ""), True)
@example(ipaddress.IPv6Address("::"), ipaddress.IPv6Address("1::"), 16, 8, (1, 7, ""), True)
def test_a_network_of_ipv6_is_found_by_exactly_the_addresses_that_are_in_it(
    engine: duckdb.DuckDBPyConnection,
    base: ipaddress.IPv6Address,
    other: ipaddress.IPv6Address,
    prefix: int,
    shared: int,
    how: tuple[int, int, str],
    upper: bool,
) -> None:
    network = ipaddress.ip_network((base, prefix), strict=False)
    # The other address has the first bits of the network: often as many as count, or one less.
    mask = (1 << (128 - shared)) - 1
    address = ipaddress.IPv6Address((int(base) & ~mask) | (int(other) & mask))
    text = spelled(address, *how)
    assert ipaddress.ip_address(text) == address
    subject = read_value(str(network))
    if subject.kind != "network" or subject.of("network") != (str(network),):
        return  # it stands for IPv4
    pattern = text_pattern(subject)
    text = f"from {text.upper() if upper else text}."

    assert pattern.is_in(text) is (address in network)
    assert in_engine(engine, pattern, text) is (address in network)


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 31), st.integers(0, 32))
def test_a_network_of_ipv4_is_found_by_exactly_the_addresses_that_are_in_it(
    engine: duckdb.DuckDBPyConnection,
    base: ipaddress.IPv4Address,
    other: ipaddress.IPv4Address,
    prefix: int,
    shared: int,
) -> None:
    network = ipaddress.ip_network((base, prefix), strict=False)
    mask = (1 << (32 - shared)) - 1
    address = ipaddress.IPv4Address((int(base) & ~mask) | (int(other) & mask))
    pattern = pattern_of(str(network))

    for text in (str(address), f"::ffff:{address}", f'{{"ip":"{address}:443"}}', f"at {address}."):
        assert pattern.is_in(text) is (address in network)
        assert in_engine(engine, pattern, text) is (address in network)
        assert address not in network or all(has(text, each) for each in pattern.terms)


@given(IPV6)
def test_an_address_of_ipv6_is_found_in_each_of_its_spellings_and_they_are_of_that_address(
    address: ipaddress.IPv6Address,
) -> None:
    subject = read_value(str(address))
    if ":" not in subject.names["address"][0]:
        return  # it stands for IPv4
    spellings = ipv6_spellings(str(address))

    assert {ipaddress.ip_address(each) for each in spellings} == {address}
    assert {str(address), address.exploded} <= set(spellings)
    assert all(text_pattern(subject).is_in(each) for each in spellings)


VALUES = [(kind, value) for kind, value, _, _ in HELD]
# What stands beside names in logs; letters that are no ASCII too.
AROUND = st.text(st.sampled_from(" \n\t.,;:@/\\-_$%'\"()[]{}<>=+#~|az09AZüß€"), max_size=6)


@given(st.sampled_from(VALUES), AROUND, AROUND, st.booleans())
def test_the_logs_and_python_find_the_same(
    engine: duckdb.DuckDBPyConnection,
    value: tuple[Kind, str],
    before: str,
    after: str,
    upper: bool,
) -> None:
    pattern = pattern_of(value[1], value[0])

    for name in pattern.names:
        text = f"{before}{name.written.upper() if upper else name.written}{after}"
        assert in_engine(engine, pattern, text) is pattern.is_in(text)


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_a_name_of_any_characters_is_a_pattern_in_both_and_finds_itself(
    engine: duckdb.DuckDBPyConnection, value: str
) -> None:
    try:
        subject = read_value(value)
    except InputError:
        return
    pattern = text_pattern(subject)

    for name in pattern.names:
        if name.written:
            assert pattern.is_in(name.written)
            assert in_engine(engine, pattern, name.written)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("root", "account"), ("ab", "account"), ("12345", "account"), ("server", "host")],
)
def test_a_name_that_texts_are_full_of_is_not_looked_for_in_texts(value: str, kind: Kind) -> None:
    subject = read_value(value, kind)

    assert text_pattern(subject).names == ()
    assert common_names(subject) == (value,)


def test_no_name_finds_nothing_in_any_text() -> None:
    nameless = Subject("account", "x", "given", {})

    assert text_pattern(nameless).names == ()
