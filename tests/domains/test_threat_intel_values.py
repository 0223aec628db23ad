"""STIX patterns and the values that people paste: what they are taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_mcp.domains.shared.entity import refanged
from sentinel_mcp.domains.shared.stix_patterns import MAX_CHARS, Comparison, of_value, parse
from sentinel_mcp.domains.threat_intel.observables import recognised, typed
from sentinel_mcp.errors import InputError

SHA256 = "06bb65a05438f0965c12b910187aaa21e71aca6690d457c6209e1c40611e8832"


@pytest.mark.parametrize(
    ("pattern", "comparisons"),
    [
        (
            "[ipv4-addr:value = '192.0.2.1']",
            [Comparison("ipv4-addr", "value", "=", ("192.0.2.1",))],
        ),
        (
            "[file:hashes.'SHA-256' = 'aa' OR file:hashes.MD5 == 'bb']",
            [
                Comparison("file", "hashes.SHA-256", "=", ("aa",)),
                Comparison("file", "hashes.MD5", "=", ("bb",)),
            ],
        ),
        (
            "([url:value LIKE 'http://%'] FOLLOWEDBY [email-addr:value != 'a@b.example'])"
            " WITHIN 300 SECONDS",
            [
                Comparison("url", "value", "LIKE", ("http://%",)),
                Comparison("email-addr", "value", "!=", ("a@b.example",)),
            ],
        ),
        (
            "[network-traffic:dst_port NOT IN (80, 443) AND network-traffic:protocols[0] = 'tcp']"
            " START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z'",
            [
                Comparison("network-traffic", "dst_port", "IN", ("80", "443"), negated=True),
                Comparison("network-traffic", "protocols[0]", "=", ("tcp",)),
            ],
        ),
        ("[EXISTS process:x_name]", [Comparison("process", "x_name", "EXISTS", ())]),
        (r"[file:name = 'it\'s\\here']", [Comparison("file", "name", "=", (r"it's\here",))]),
    ],
)
def test_a_pattern_is_taken_apart(pattern: str, comparisons: list[Comparison]) -> None:
    assert list(parse(pattern)) == comparisons


@pytest.mark.parametrize(
    ("pattern", "position"),
    [
        ("", 1),
        ("ipv4-addr:value = '192.0.2.1'", 1),
        ("[ipv4-addr:value = '192.0.2.1'", 31),
        ("[ipv4-addr:value = 192.0.2.1]", 20),
        ("[ipv4-addr = '192.0.2.1']", 12),
        ("[ipv4-addr:value ~ '192.0.2.1']", 18),
        ("[ipv4-addr:value = 'a' AND url:value = 'b']", 43),
        ("[url:value = 'a'] [url:value = 'b']", 19),
        ("[url:value IN ()]", 16),
        ("[url:value LIKE 3]", 17),
        ("[" * 40, 2),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_place(pattern: str, position: int) -> None:
    with pytest.raises(InputError, match=rf"at character {position}:"):
        parse(pattern)


def test_a_pattern_cannot_nest_or_grow_without_end() -> None:
    with pytest.raises(InputError, match="fewer parentheses"):
        parse("(" * 100 + "[url:value = 'a']" + ")" * 100)
    with pytest.raises(InputError, match="characters"):
        parse("[url:value = '" + "a" * MAX_CHARS + "']")


@given(st.text(max_size=200))
def test_any_value_survives_being_written_as_a_pattern(value: str) -> None:
    (comparison,) = parse(of_value("file", "hashes.SHA-256", value))

    assert comparison == Comparison("file", "hashes.SHA-256", "=", (value,))


@given(st.text(max_size=80))
def test_parsing_anything_gives_comparisons_or_an_input_error(text: str) -> None:
    try:
        assert parse(text)
    except InputError as error:
        assert error.hint


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        ("192[.]0[.]2[.]1", "ipv4-addr", "192.0.2.1"),
        (" 192.0.2.1:443 ", "ipv4-addr", "192.0.2.1"),
        ("[2001:DB8::0:1]:443", "ipv6-addr", "2001:db8::1"),
        ("::ffff:192.0.2.9", "ipv4-addr", "192.0.2.9"),
        ("192.0.2.1/32", "ipv4-addr", "192.0.2.1"),
        ("hxxps://Evil[.]example/Path?x=1", "url", "https://evil.example/Path?x=1"),
        ("hxxp[:]//evil[.]example", "url", "http://evil.example"),
        ("evil.example/x", "url", "evil.example/x"),
        ("http://[2001:db8::1]/a", "url", "http://[2001:db8::1]/a"),
        ("people[@]Evil(dot)example", "email-addr", "people@evil.example"),
        ("mailto:x@evil.example", "email-addr", "x@evil.example"),
        (SHA256.upper(), "file", SHA256),
        ("d41d8cd98f00b204e9800998ecf8427e", "file", "d41d8cd98f00b204e9800998ecf8427e"),
        ("*.Evil.Example.", "domain-name", "evil.example"),
        ("münchen.example", "domain-name", "xn--mnchen-3ya.example"),
    ],
)
def test_a_value_is_known_for_what_it_is(given: str, kind: str, text: str) -> None:
    value = recognised(given)

    assert (value.type, value.text) == (kind, text)
    assert parse(value.pattern)[0].values == (text,)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "empty"),
        ("10.0.0.0/8", "of kind network"),
        ("999.1.1.1", "cannot be an IP address"),
        ("hello world", "of kind account"),
        ("ws-01", "of kind host"),
        ("dropper.exe", "of kind file"),
        ("c:\\windows", "of kind file"),
        ("evil\x00.example", "control characters"),
        ("http://", "cannot be a URL"),
        ("http://[::1", "cannot be a URL"),
        ("a" * 3_000, "too long"),
        ("'; drop table x; --", "cannot be an account"),
    ],
)
def test_a_value_that_is_nothing_is_refused_with_the_reason(given: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        recognised(given)


def test_a_file_name_is_a_domain_for_who_says_that_it_is_one() -> None:
    assert typed("domain-name", "evil[.]zip").pattern == "[domain-name:value = 'evil.zip']"
    with pytest.raises(InputError, match="of kind file"):
        recognised("evil.zip")
    with pytest.raises(InputError, match="of kind file"):
        typed("url", "evil.zip")


def test_a_value_of_another_type_than_stated_is_refused() -> None:
    with pytest.raises(InputError, match="not of type 'url' but of 'domain-name'"):
        typed("url", "evil.example")


@given(st.text(max_size=120))
def test_any_text_is_a_value_or_an_input_error(text: str) -> None:
    try:
        value = recognised(text)
    except InputError:
        return
    assert value.text
    assert parse(value.pattern)[0].object_type == value.type


@given(st.text(max_size=120))
def test_undoing_twice_does_no_more_than_once_for_what_is_recognised(text: str) -> None:
    try:
        value = recognised(text)
    except InputError:
        return
    assert refanged(value.text) == value.text
