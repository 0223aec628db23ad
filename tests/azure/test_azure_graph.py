"""Graph, advanced hunting and the data lake: the guards, the retries and the shapes of answers."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from azure.core.exceptions import ServiceRequestError
from azure.core.rest import HttpRequest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_transport import Reply, Tokens, opened, reply

from sentinel_mcp.azure.answers import FRAMES, HUNT, AnswerReader, Shape
from sentinel_mcp.azure.graph import GraphRequest, read, read_page, search
from sentinel_mcp.azure.hunting import run_hunting_query
from sentinel_mcp.azure.lake import query_lake
from sentinel_mcp.errors import (
    AccessDenied,
    AzureError,
    InputError,
    NotFound,
    ReadOnly,
    Throttled,
    TimedOut,
    Unavailable,
)

GRAPH = "https://graph.microsoft.com"
USERS = GraphRequest("list the users", "User.Read.All", "users")
HUNTED = {"schema": [{"name": "n", "type": "Int64"}], "results": [{"n": 1}, {"n": 2}]}
FRAMED: list[dict[str, Any]] = [
    {"FrameType": "DataSetHeader"},
    {
        "FrameType": "DataTable",
        "TableKind": "PrimaryResult",
        "TableName": "PrimaryResult",
        "Columns": [{"ColumnName": "n", "ColumnType": "long"}],
        "Rows": [[1], [2]],
    },
    {"FrameType": "DataSetCompletion", "HasErrors": False},
]


async def test_a_request_to_graph_carries_graphs_token_to_graphs_host() -> None:
    tokens = Tokens()
    async with opened(reply({"value": [{"id": "1"}, "odd"]}), tokens=tokens) as azure:
        page = await read_page(azure.context, USERS)

    assert [each["id"] for each in page.items] == ["1"]
    assert (page.token, page.total) == (None, None)
    assert azure.sent == [f"GET {GRAPH}/v1.0/users"]
    assert tokens.scopes == [f"{GRAPH}/.default"]


async def test_the_graph_client_goes_to_no_other_host() -> None:
    tokens = Tokens()
    async with opened(reply({}), tokens=tokens) as azure:
        with pytest.raises(AzureError, match="nothing was sent"):
            await azure.context.graph_client.send_request(
                HttpRequest("GET", "https://graph.evil.example/v1.0/users")
            )

    assert (azure.sent, tokens.scopes) == ([], [])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/v1.0/users/1"),
        ("POST", "/v1.0/users/1/revokeSignInSessions"),
        ("POST", "/v1.0/directoryObjects/getByIds/../../users"),
        ("PATCH", "/v1.0/security/incidents/1"),
        ("POST", "/v1.0/security/incidents/1/comments"),
        ("DELETE", "/v1.0/groups/1"),
    ],
)
async def test_a_write_to_graph_is_refused_in_read_only_mode(method: str, path: str) -> None:
    async with opened(reply({})) as azure:
        with pytest.raises(ReadOnly):
            await azure.context.graph_client.send_request(HttpRequest(method, GRAPH + path))

    assert azure.sent == []


async def test_asking_for_names_is_no_write() -> None:
    names = GraphRequest("read names", "x", "directoryObjects/getByIds", body={"ids": ["1"]})
    async with opened(reply({"value": []})) as azure:
        assert await read(azure.context, names) == {"value": []}

    assert azure.sent == [f"POST {GRAPH}/v1.0/directoryObjects/getByIds"]


@pytest.mark.parametrize(
    ("link", "token"),
    [
        ("https://evil.example/x?$skiptoken=a%2Bb", "ta+b"),
        ("https://graph.microsoft.com/v1.0/x?$top=2&%24skip=50", "s50"),
        (None, None),
    ],
)
async def test_of_a_next_link_the_token_alone_is_taken(link: str | None, token: str | None) -> None:
    async with opened(reply({"value": [], "@odata.nextLink": link})) as azure:
        assert (await read_page(azure.context, USERS)).token == token


async def test_a_next_link_without_a_token_is_an_error() -> None:
    async with opened(reply({"value": [], "@odata.nextLink": f"{GRAPH}/x?page=2"})) as azure:
        with pytest.raises(AzureError, match="no token"):
            await read_page(azure.context, USERS)


@pytest.mark.parametrize("token", ["", "x", "s1&$select=secret", "s٣"])
async def test_a_token_that_is_none_of_ours_is_refused(token: str) -> None:
    async with opened(reply({"value": []})) as azure:
        if token:
            with pytest.raises(InputError):
                await read_page(azure.context, USERS, token=token)
        else:
            await read_page(azure.context, USERS, token=token)

    assert len(azure.sent) == (0 if token else 1)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AccessDenied),
        (403, AccessDenied),
        (404, NotFound),
        (429, Throttled),
        (500, Unavailable),
    ],
)
async def test_graphs_refusals_become_ours(status: int, kind: type[Exception]) -> None:
    error = {"code": "X", "message": "no", "innerError": {"date": "d", "request-id": "r"}}
    async with opened(reply({"error": error}, status)) as azure:
        with pytest.raises(kind) as failure:
            await read(azure.context, USERS)

    if status == 403:
        assert "`User.Read.All`" in str(failure.value)
        assert "resource group" not in str(failure.value)


async def test_a_page_of_html_is_unavailable() -> None:
    async with opened(Reply(502, [b"<html>bad gateway</html>"])) as azure:
        with pytest.raises(Unavailable):
            await read(azure.context, USERS)


@pytest.mark.parametrize("body", [b"[1, 2]", b"not json"])
async def test_an_answer_that_is_no_object_is_unavailable(body: bytes) -> None:
    async with opened(Reply(200, [body])) as azure:
        with pytest.raises(Unavailable):
            await read(azure.context, USERS)


def test_a_search_cannot_leave_its_quotes() -> None:
    assert search('a" OR "x:b\\', ("mail",)) == '"mail:a\\" OR \\"x:b\\\\"'
    with pytest.raises(InputError):
        search("a\x00b", ("mail",))


async def hunt(azure: Any, **limits: int) -> Any:
    wanted = {"timeout_s": 30, "max_bytes": 1_000_000, "max_rows": 100, **limits}
    return await run_hunting_query(azure.context, "DeviceEvents", timespan=None, **wanted)


async def test_a_hunting_query_is_sent_again_after_503_and_after_a_lost_connection() -> None:
    script = [reply({}, 503), ServiceRequestError("gone"), reply(HUNTED)]
    async with opened(*script) as azure:
        answer = await hunt(azure)

    assert answer.tables[0].rows == [[1], [2]]
    assert len(azure.sent) == 3


async def test_a_hunting_query_that_took_too_long_is_not_run_again() -> None:
    async with opened(reply({}, 504)) as azure:
        with pytest.raises(TimedOut):
            await hunt(azure)

    assert len(azure.sent) == 1


async def test_an_answer_cut_short_on_its_way_is_asked_for_again() -> None:
    whole = json.dumps(HUNTED).encode()
    async with opened(Reply(200, [whole[:-9]]), Reply(200, [whole])) as azure:
        answer = await hunt(azure)

    assert answer.tables[0].rows == [[1], [2]]
    assert len(azure.sent) == 2


async def test_reading_stops_at_the_limit_and_the_connection_is_closed() -> None:
    rows = [{"n": number, "x": "y" * 100} for number in range(5_000)]
    body = json.dumps({"schema": [{"name": "n", "type": "Int64"}], "results": rows}).encode()
    pieces = [body[begin : begin + 20_000] for begin in range(0, len(body), 20_000)]
    async with opened(Reply(200, pieces)) as azure:
        answer = await hunt(azure, max_bytes=50_000, max_rows=10_000)

    (sent,) = azure.transport.answers
    assert answer.truncated
    assert 0 < len(answer.tables[0].rows) < 500
    assert sent.is_closed
    assert sent.pieces_read <= 4


async def test_the_lake_is_asked_with_its_own_token_and_its_own_timeout() -> None:
    tokens = Tokens()
    async with opened(reply(FRAMED), tokens=tokens) as azure:
        answer = await query_lake(
            azure.context, "Usage", timeout_s=200, max_bytes=100_000, max_rows=10
        )

    assert answer.tables[0].columns == [("n", "long")]
    assert answer.tables[0].rows == [[1], [2]]
    assert tokens.scopes == ["4500ebfb-89b6-4b14-a480-7f749797bfcd/.default"]
    assert azure.transport.options[0]["read_timeout"] > 200


@pytest.mark.parametrize("answer", [[], [1, None], [{"FrameType": "DataTable"}], FRAMED[:1]])
async def test_odd_frames_make_an_empty_answer(answer: Any) -> None:
    async with opened(reply(answer)) as azure:
        found = await query_lake(azure.context, "x", timeout_s=9, max_bytes=9_999, max_rows=9)

    assert found.tables == []


@pytest.mark.parametrize("missing", ["Columns", "Rows"])
async def test_a_table_without_columns_or_rows_is_unavailable(missing: str) -> None:
    table = {name: value for name, value in FRAMED[1].items() if name != missing}
    async with opened(reply([FRAMED[0], table])) as azure:
        with pytest.raises(Unavailable):
            await query_lake(azure.context, "x", timeout_s=9, max_bytes=9_999, max_rows=9)


# Text made to look like the boundaries that the reader cuts at.
TRAPS = ["],[", '],["', "},{", '},{"', '"Rows":[', '"results":[', "\\", '\\"', "]}]", "]},{"]
text = st.one_of(st.lists(st.sampled_from(TRAPS), max_size=4).map("".join), st.text(max_size=6))
cells = st.recursive(
    st.none() | st.integers(-9, 9) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=2),
    max_leaves=4,
)
hunts: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "schema": st.lists(st.fixed_dictionaries({"name": text}), max_size=2),
        "results": st.lists(st.dictionaries(text, cells, max_size=3), max_size=8),
    },
    optional={"@odata.context": text},
)
framed: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries(
        {"FrameType": text, "Columns": st.lists(st.just({"ColumnName": "a"}), max_size=2)},
        optional={"Rows": st.lists(st.lists(cells, max_size=3), max_size=8)},
    ),
    max_size=4,
)


def read_in_pieces(body: bytes, shape: Shape, size: int) -> dict[str, Any]:
    reader = AnswerReader(max_bytes=len(body) + 1, step_bytes=32, shape=shape)
    for begin in range(0, len(body), size):
        reader.feed(body[begin : begin + size])
        for _ in reader.steps():
            pass
    reader.end()
    for _ in reader.steps():
        pass
    return reader.document()


@settings(max_examples=80)
@given(document=hunts, size=st.integers(1, 200))
def test_a_hunt_read_in_pieces_is_what_parsing_it_whole_gives(
    document: dict[str, Any], size: int
) -> None:
    assert read_in_pieces(orjson.dumps(document), HUNT, size) == document


@settings(max_examples=80)
@given(document=framed, size=st.integers(1, 200))
def test_frames_read_in_pieces_are_what_parsing_them_whole_gives(
    document: list[dict[str, Any]], size: int
) -> None:
    assert read_in_pieces(orjson.dumps(document), FRAMES, size) == {"frames": document}


@settings(max_examples=80)
@given(
    rows=st.lists(st.lists(cells, min_size=1, max_size=3), min_size=1, max_size=8),
    cut=st.integers(0, 400),
)
def test_frames_that_are_cut_keep_the_rows_that_came_whole(rows: list[Any], cut: int) -> None:
    head = orjson.dumps([{"FrameType": "DataTable", "Columns": []}])[:-2] + b',"Rows":['
    body = head + orjson.dumps(rows)[1:-1] + b"]},{}]"
    reader = AnswerReader(
        max_bytes=min(len(head) + cut, len(body) - 1), step_bytes=32, shape=FRAMES
    )
    reader.feed(body)
    for _ in reader.steps():
        pass
    reader.end()
    for _ in reader.steps():
        pass

    assert reader.full
    kept = reader.document()["frames"][0]["Rows"]
    assert kept == rows[: len(kept)]
