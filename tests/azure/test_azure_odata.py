"""Whatever a caller writes stays a value: filters keep their structure, segments stay segments."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_transport import opened, reply

from sentinel_mcp.azure import odata
from sentinel_mcp.errors import InputError

# What OData says a string literal is: anything between quotes, quotes within it doubled.
STRING = re.compile(r"'((?:[^']|'')*)'")
sendable = st.text(
    st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("'\"()/%&?#\\ "), max_size=40
)


def values(filter_text: str) -> list[str]:
    return [found.replace("''", "'") for found in STRING.findall(filter_text)]


@given(text=sendable)
def test_a_string_literal_reads_back_as_the_callers_text(text: str) -> None:
    written = odata.literal(text)

    assert STRING.fullmatch(written)
    assert values(written) == [text]


@given(one=sendable, two=sendable, three=sendable)
def test_no_text_changes_the_structure_of_a_filter(one: str, two: str, three: str) -> None:
    built = odata.all_of(
        odata.eq("properties/severity", one),
        odata.any_of(odata.contains("properties/title", two), odata.ne("name", three)),
    )

    assert built is not None
    assert STRING.sub("_", built) == (
        "(properties/severity eq _ and (contains(properties/title, _) or name ne _))"
    )
    assert values(built) == [one, two, three]


@given(text=st.text(st.characters(categories=["Cc", "Cs"]), min_size=1), around=sendable)
def test_control_characters_and_lone_surrogates_are_refused(text: str, around: str) -> None:
    with pytest.raises(InputError, match="cannot be sent"):
        odata.literal(around + text + around)
    with pytest.raises(InputError):
        odata.path_segment(around + text + around)


async def test_a_hostile_severity_reaches_azure_as_one_value() -> None:
    hostile = "High' or 1 eq 1 //&$top=1000#"
    async with opened(reply({"value": []})) as azure:
        client = azure.context.security_insights_client
        chosen = odata.eq("properties/severity", hostile)
        assert [x async for x in client.incidents.list("g", "w", filter=chosen)] == []

    query = urlsplit(azure.transport.requests[0].url).query
    sent = dict(pair.split("=", 1) for pair in query.split("&"))
    assert set(sent) == {"api-version", "$filter"}
    assert values(unquote(sent["$filter"])) == [hostile]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (-7, "-7"),
        (1.5, "1.5"),
        ("it's", "'it''s'"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (
            datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=timezone(timedelta(hours=2))),
            "2026-01-02T01:04:05.000600Z",
        ),
    ],
)
def test_each_type_has_its_literal(value: odata.Value, written: str) -> None:
    assert odata.literal(value) == written


@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime(2026, 1, 1)])
def test_a_value_without_a_literal_is_refused(value: odata.Value) -> None:
    with pytest.raises(InputError):
        odata.literal(value)


def test_filters_that_are_not_given_are_left_out() -> None:
    only = odata.ge("properties/incidentNumber", 3)

    assert odata.all_of(None, only, None) == "properties/incidentNumber ge 3"
    assert odata.any_of() is None
    assert [odata.gt("a", 1), odata.lt("a", 1), odata.le("a", 1), odata.startswith("a", "b")] == [
        "a gt 1",
        "a lt 1",
        "a le 1",
        "startswith(a, 'b')",
    ]


def test_a_field_that_is_no_name_is_a_bug_of_ours() -> None:
    with pytest.raises(ValueError, match="not a field"):
        odata.eq("a eq 1 or b", "x")


@given(text=sendable)
def test_a_path_segment_stays_one_segment_that_reads_back_as_the_text(text: str) -> None:
    try:
        segment = odata.path_segment(text)
    except InputError:
        return

    url = urlsplit(f"https://host/a/{segment}/b")
    assert url.path.split("/")[1:] == ["a", segment, "b"]
    assert (url.query, url.fragment) == ("", "")
    assert unquote(segment) == text


@pytest.mark.parametrize(
    "text", ["", ".", "..", "...", "a/b", "a\\b", "a?b", "a#b", "%2e%2e", "\0"]
)
def test_what_would_lead_elsewhere_is_no_resource_name(text: str) -> None:
    with pytest.raises(InputError):
        odata.resource_name(text)


@pytest.mark.parametrize(
    "text", ["73e01a99-5cd7-4139-a149-9f2736ff2ab5", "BuiltInFusion", "log(ws)_general|a b.c"]
)
def test_names_that_azure_gives_are_names(text: str) -> None:
    assert odata.resource_name(text) == text
