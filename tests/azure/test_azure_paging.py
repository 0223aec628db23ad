"""Pages through the real SDK client, and the cursors between them."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_transport import WORKSPACE, opened, reply

from sentinel_mcp.azure.paging import decode_cursor, encode_cursor, first_page
from sentinel_mcp.errors import AzureError, InputError

NAMES = (WORKSPACE.resource_group, WORKSPACE.workspace_name)

CALL = {"tool": "list_incidents", "severities": ["High"], "limit": 20}
values = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3))
arguments = st.dictionaries(st.text(max_size=5), values, max_size=4)


@given(call=arguments, token=st.text(min_size=1, max_size=200))
def test_a_cursor_gives_its_token_back_to_the_call_that_it_was_made_for(
    call: dict[str, object], token: str
) -> None:
    assert decode_cursor(call, encode_cursor(call, token)) == token


@given(call=arguments, other=arguments, token=st.text(min_size=1, max_size=50))
def test_a_cursor_is_refused_by_a_call_with_other_arguments(
    call: dict[str, object], other: dict[str, object], token: str
) -> None:
    if call == other:
        return
    with pytest.raises(InputError, match="does not belong"):
        decode_cursor(other, encode_cursor(call, token))


@given(data=st.data())
def test_a_cursor_changed_in_any_character_is_refused(data: st.DataObject) -> None:
    cursor = encode_cursor(CALL, "page-2")
    at = data.draw(st.integers(0, len(cursor) - 1))
    changed = cursor[:at] + data.draw(st.characters()) + cursor[at + 1 :]
    if changed == cursor:
        return
    with pytest.raises(InputError):
        decode_cursor(CALL, changed)


@given(garbage=st.text(max_size=80))
def test_garbage_is_no_cursor(garbage: str) -> None:
    with pytest.raises(InputError):
        decode_cursor(CALL, garbage)


@pytest.mark.parametrize(
    "cursor",
    [
        "https://evil.example/?$skipToken=x",
        "",
        "\ud800",
        "A" * 100_000,
        base64.urlsafe_b64encode(b"x" * 16).decode(),
        encode_cursor(CALL, "x") + "=",
        encode_cursor(CALL, "x") + "\n",
    ],
)
def test_an_address_an_empty_or_a_padded_text_is_no_cursor(cursor: str) -> None:
    with pytest.raises(InputError):
        decode_cursor(CALL, cursor)


def test_the_order_of_arguments_does_not_matter_and_lone_surrogates_do_not_break_it() -> None:
    cursor = encode_cursor({"a": "\ud800", "b": {"x", "y"}}, "t")

    assert decode_cursor({"b": {"y", "x"}, "a": "\ud800"}, cursor) == "t"


@pytest.mark.parametrize(
    ("link", "token"),
    [
        ("?api-version=1&$skipToken=Zm9v%2Bb%3D%3D", "Zm9v+b=="),
        ("?%24skiptoken=a+b", "a+b"),
        (None, None),
    ],
)
async def test_the_first_page_comes_as_azure_sent_it_with_the_token_of_the_next(
    link: str | None, token: str | None
) -> None:
    item = {
        "name": "i1",
        "etag": '"e"',
        "properties": {
            "title": "Phish",
            "createdTimeUtc": "2026-01-01T00:00:00.1234567Z",
            "new": 1,
        },
    }
    next_link = {"nextLink": f"https://management.azure.com/x{link}"} if link else {}
    async with opened(reply({"value": [item], **next_link})) as azure:
        client = azure.context.security_insights_client
        found = await first_page(client.incidents.list(*NAMES, top=1))

    assert found == ([item], token)
    assert len(azure.sent) == 1


async def test_a_list_that_goes_on_without_a_token_is_an_error_and_not_a_short_list() -> None:
    body: dict[str, object] = {"value": [], "nextLink": "https://management.azure.com/x?page=2"}
    async with opened(reply(body)) as azure:
        with pytest.raises(AzureError, match="no token"):
            await first_page(azure.context.security_insights_client.incidents.list(*NAMES))
