"""The incremental reader gives what parsing the whole body gives, and keeps rows at a cut."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel_mcp.azure.answers import AnswerReader, TooLarge, Unreadable

fewer = settings(max_examples=80)

# Text made to look like the boundaries that the reader cuts at.
TRAPS = ["],[", '],["', "]]", "]]}", '"rows":[', "\\", '\\"', "[[", "]},{", "\u2028", "\U0001d4b3"]
text = st.one_of(
    st.lists(st.one_of(st.sampled_from(TRAPS), st.text(max_size=4)), max_size=6).map("".join),
    st.text(max_size=12),
)
cells = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
tables = st.fixed_dictionaries(
    {
        "name": text,
        "columns": st.lists(
            st.fixed_dictionaries({"name": text, "type": st.just("long")}), max_size=2
        ),
        "rows": st.lists(st.lists(cells, max_size=4), max_size=12),
    }
)
documents = st.fixed_dictionaries(
    {"tables": st.lists(tables, max_size=3)},
    optional={"render": cells, "statistics": cells, "error": cells},
)
Write = Callable[[object], bytes]


def indented(document: object) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def spaced_ascii(document: object) -> bytes:
    return json.dumps(document).encode()


def spaced(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def compact(document: object) -> bytes:
    return orjson.dumps(document)


writers = st.sampled_from([compact, indented, spaced, spaced_ascii])


def read(body: bytes, pieces: int, **limits: Any) -> tuple[AnswerReader, dict[str, Any]]:
    whole: dict[str, Any] = {"max_bytes": len(body), "step_bytes": 32, **limits}
    reader = AnswerReader(**whole)
    for begin in range(0, len(body), pieces):
        reader.feed(body[begin : begin + pieces])
        for _ in reader.steps():
            pass
        if reader.full:
            break
    reader.end()
    for _ in reader.steps():
        pass
    return reader, reader.document()


@fewer
@given(document=documents, write=writers, pieces=st.integers(1, 200), step=st.integers(4, 300))
def test_any_answer_in_any_pieces_reads_as_if_parsed_whole(
    document: dict[str, Any], write: Write, pieces: int, step: int
) -> None:
    body = write(document)

    reader, found = read(body, pieces, step_bytes=step)

    assert found == orjson.loads(body)
    assert not reader.full


@fewer
@given(document=documents, write=writers, pieces=st.integers(1, 200), data=st.data())
def test_a_body_cut_anywhere_keeps_exactly_the_rows_that_were_complete(
    document: dict[str, Any], write: Write, pieces: int, data: st.DataObject
) -> None:
    body = write(document)
    ends = [at for at in range(1, len(body)) if body[at - 1] == ord("]")]
    limit = data.draw(st.sampled_from(ends) | st.integers(0, len(body) - 1))

    try:
        reader, found = read(body, pieces, max_bytes=limit)
    except TooLarge:
        return

    assert reader.full
    assert reader.size_bytes == limit
    whole = orjson.loads(body)["tables"]
    kept = found["tables"]
    assert kept[:-1] == whole[: len(kept) - 1]
    last = whole[len(kept) - 1]
    assert kept[-1]["rows"] == last["rows"][: len(kept[-1]["rows"])]
    # Not one complete row less: with the next row, the body would be longer than the limit.
    if len(kept[-1]["rows"]) < len(last["rows"]) and write is compact:
        more = {**last, "rows": last["rows"][: len(kept[-1]["rows"]) + 1]}
        prefix = orjson.dumps({"tables": [*whole[: len(kept) - 1], more]})
        assert len(prefix) - len(b"]}]}") > limit


@fewer
@given(document=documents, pieces=st.integers(1, 200), most=st.integers(0, 30))
def test_a_row_limit_keeps_the_first_rows_and_says_when_there_were_more(
    document: dict[str, Any], pieces: int, most: int
) -> None:
    reader, found = read(orjson.dumps(document), pieces, max_rows=most)

    every = [row for table in document["tables"] for row in table["rows"]]
    kept = [row for table in found["tables"] for row in table["rows"]]
    assert kept == every[:most]
    assert reader.full == (len(every) > most)


@fewer
@given(document=documents, pieces=st.integers(1, 200), data=st.data())
def test_a_body_that_ends_early_is_never_taken_for_a_whole_one(
    document: dict[str, Any], pieces: int, data: st.DataObject
) -> None:
    body = orjson.dumps(document)
    kept = body[: data.draw(st.integers(0, len(body) - 1))]

    with pytest.raises(Unreadable):
        read(kept, pieces)


@pytest.mark.parametrize(
    "body",
    [
        {"statistics": {"a": 1}, "tables": [{"name": "t", "columns": [], "rows": [[1], [2]]}]},
        {"tables": [{"rows": [[1], [2]], "name": "t", "columns": []}]},
        {"tables": [{"name": "t", "columns": [], "rows": [[1]], "more": {"rows": [[9]]}}]},
        {"tables": [{"name": "t"}, {"name": "u", "columns": [], "rows": [[1]]}]},
        {"tables": []},
        {"error": {"code": "x"}},
    ],
    ids=["tables last", "rows first", "key after rows", "no rows", "no tables", "no table key"],
)
def test_other_shapes_of_an_answer_are_read_as_well(body: dict[str, Any]) -> None:
    _, found = read(orjson.dumps(body), 7)

    assert found == body


def test_rows_elsewhere_than_in_a_table_are_not_taken_for_the_answers() -> None:
    body = orjson.dumps({"tables": [{"name": "t"}], "statistics": {"rows": [[1], [2]]}})

    with pytest.raises(Unreadable):
        read(body, 7)


def test_a_lone_surrogate_costs_one_character_and_not_the_answer() -> None:
    body = b'{"tables":[{"name":"t","columns":[],"rows":[["a\\ud83d","],["],["b",1]]}]}'

    _, found = read(body, 9)

    assert found["tables"][0]["rows"] == [["a\ufffd", "],["], ["b", 1]]


def test_bytes_that_are_no_utf8_and_bare_nan_are_kept_as_text() -> None:
    body = b'{"tables":[{"name":"t","columns":[],"rows":[["a\xff",NaN],["b",-Infinity]]}]}'

    _, found = read(body, 1000)

    assert found["tables"][0]["rows"] == [["a\ufffd", "NaN"], ["b", "-Infinity"]]


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"[1,2]", b"null", b"[" * 5000])
def test_what_is_no_answer_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body, 100)


def test_no_step_parses_much_more_than_its_size() -> None:
    body = orjson.dumps({"tables": [{"name": "t", "columns": [], "rows": [["x" * 90]] * 1000}]})
    reader = AnswerReader(max_bytes=len(body), step_bytes=1000)

    reader.feed(body)

    assert sum(1 for _ in reader.steps()) > len(body) / 1000


def test_a_number_that_no_answer_can_carry_becomes_a_real_one_beside_an_odd_text() -> None:
    row = b'["\\ud800",123456789012345678901234567890]'
    body = b'{"tables":[{"name":"T","columns":[],"rows":[' + row + b"]}]}"

    _, document = read(body, 7)

    (found,) = document["tables"][0]["rows"]
    assert found == ["\ufffd", 1.2345678901234568e29]
    assert orjson.dumps(found)
