"""`* has`, `* contains` and `* matches regex`, against rows that were written by hand."""

from __future__ import annotations

from functools import cache

import pytest
from rewriting import answer, catalog, database, rewrite

from sentinel_mcp.engine.engine import DuckdbEngine
from sentinel_mcp.errors import SentinelError, UnsupportedLocally
from sentinel_mcp.kql.results import Normalised

SHAPES = {
    "Door": {
        "TimeGenerated": "datetime",
        "Badge": "string",
        "Note": "string",
        "Extra": "dynamic",
        "Card": "guid",
        "where": "string",
        "order": "dynamic",
        "two words": "string",
        "k": "long",
        "Weight": "real",
        "Open": "bool",
        "Held": "timespan",
    },
    "Pass": {"Badge": "string", "Owner": "string"},
    "Sums": {"Total": "long", "Share": "real"},
}
EMPTY = [None, None, None, None, None, None, None]
ROWS = {
    "Door": [
        ["2026-03-02 08:15:30", "ann-01", "al", '{"zone":"lab","codes":["x1","évian"]}',
         "0b5e3f0c-7c4b-4d7a-9d84-1d5b6c1e2f3a", "keyword", '["beer"]', "spaced", 1, 1.5, True,
         "08:15:30"],
        ["2026-03-02 09:45:00", "Bob", "pha", '"C:\\\\temp\\\\it\'s {columns}"', *EMPTY[:4], 2, 2.5,
         False, None],
        ["2026-03-05 23:59:59", "", None, None, *EMPTY[:4], 445, None, None, None],
    ],
    "Pass": [["Bob", "Zoë ŽIŽKA"], ["eve", "Eve Alpha"]],
    "Sums": [[445, 0.5]],
}  # fmt: skip

ANSWERS: list[tuple[str, list[object]]] = [
    # Of each type of column, and whatever the column is called.
    ("Door | where * has 'bob' | project k", [2]),
    ("Door | where * has 'LAB' | project k", [1]),
    ("Door | where * has 'évian' | project k", [1]),
    ("Door | where * has '0B5E3F0C' | project k", [1]),
    ("Door | where * contains '7c4b-4d7a-9d' | project k", [1]),
    ("Door | where * has 'keyword' | project k", [1]),
    ("Door | where * has 'beer' | project k", [1]),
    ("Door | where * has 'spaced' | project k", [1]),
    ("Door | where * matches regex 'd84-1d5b' | project k", [1]),
    ("Door | where * matches regex 'co.es' | project k", [1]),
    # A term is whole; a piece is not.
    ("Door | where * has 'an' | project k", []),
    ("Door | where * has 'ann' | project k", [1]),
    ("Door | where * contains 'eywor' | project k", [1]),
    ("Door | where * contains 'EYWOR' | project k", [1]),
    ("Door | where * has 'eywor' | project k", []),
    # What begins in one column and ends in the next is in neither: `al`, then `{"zone"…`.
    ("Door | where * contains 'al{' | project k", []),
    ("Door | where * matches regex 'al.?.?[{]' | project k", []),
    ("Door | where * matches regex 'ann-01[[:space:]]al' | project k", []),
    ("Door | where * has '01 al' | project k", []),
    # The ends are those of each column.
    ("Door | where * matches regex '^pha$' | project k", [2]),
    ("Door | where * matches regex '^al$' | project k", [1]),
    ("Door | where * matches regex '^Bob' | project k", [2]),
    ("Door | where * matches regex 'zone$' | project k", []),
    ("Door | where * matches regex '^$' | project k", [2, 445]),
    ("Door | where * matches regex '^bob$' | project k", []),
    ("Door | where * matches regex '(?i)^bob$' | project k", [2]),
    # Whatever stands in the text that is sought is text.
    (r'Door | where * contains "C:\\temp" | project k', [2]),
    (r'Door | where * contains "it\'s {columns}" | project k', [2]),
    ("Door | where * contains '{sought}' | project k", []),
    ("Pass | where * has 'zoë' | project Badge", ["Bob"]),
    ("Pass | where * has 'žižka' | project Badge", ["Bob"]),
    ("Pass | where * has 'zo' | project Badge", []),
    # Under a name, and among other conditions.
    ("let sought = 'lab'; Door | where * has sought | project k", [1]),
    ("let f = (t: string) { Door | where * has t | project k }; union f('bob'), f('lab')", [1, 2]),
    ("Door | where not(* has 'lab') | project k", [2, 445]),
    ("Door | where (* has 'lab' or * matches regex '^pha$') and k < 2 | project k", [1]),
    # Several of which one suffices are sought together.
    ("Door | where * has 'lab' or * has 'bob' | project k", [1, 2]),
    ("Door | where * has 'la' or * has 'bob' or * has 'pha' | project k", [2]),
    ("Door | where (* has 'lab' or k == 445) or (* has 'nothere' or * has '{sought}')"
     " | project k", [1, 445]),
    ("Pass | where * has 'žižka' or * has 'zo' or * has 'zoë' | project Badge", ["Bob"]),
    ("Door | where * has 'it\\'s' or * has 'al' | project k", [1, 2]),
    ("Door | where not(* has 'lab' or * has 'bob') | project k", [445]),
    # Of the rows as they are at that place: no column that is gone, and each that has come.
    ("Door | project-away Extra | where * has 'lab' | project k", []),
    ("Door | extend New = 'newest' | where * has 'newest' and k == 2 | project k", [2]),
    ("Door | project-rename Renamed = Badge | where * has 'bob' | project k", [2]),
    ("Door | extend badge = 'lower' | where * has 'lower' and * has 'bob' | project k", [2]),
    ("Door | summarize n = make_list(Note) by Badge | where * has 'pha' | project Badge", ["Bob"]),
    ("Door | join kind=inner Pass on Badge | where * has 'žižka' | project k", [2]),
    ("Door | join kind=leftouter (Pass | where * has 'žižka') on Badge | where * has 'žižka'"
     " | project k", [2]),
    ("Door | where k in ((Door | where * has 'lab' | project k)) | project k", [1]),
    ("union Pass, (Door | where * has 'lab' | project Badge) | project Badge",
     ["Bob", "ann-01", "eve"]),
    ("Door | mv-apply c = Extra.codes to typeof(string) on (extend d = c | where * has 'x1')"
     " | distinct k", [1]),
    # No column that could hold a number or a time: nothing is uncertain.
    ("Pass | where * has '445' | project Badge", []),
    ("Door | project Note, Card | where * has '1d5b6c1e2f3a' or * has '9' | project Note", ["al"]),
    # An address is no number, and neither is a long row of digits.
    ("Door | where * has '192.0.2.1' or * has '::1' or * has '2001:1:2:3:4:5:6:7' | project k", []),
    ("Door | where * has '41418498400420419800998040842712' | project k", []),
]  # fmt: skip

REFUSED = [
    ("Door | where * has '445'", r"\* of a datetime"),
    ("Sums | extend t = 'x' | where * has '445'", r"\* of a long"),
    ("Sums | extend t = 'x' | where * contains '-0.5e'", r"\* of a long"),
    ("Pass | extend n = 1.0 | where * has 'nan'", r"\* of a real"),
    ("Door | where * has 'true'", r"\* of a bool"),
    ("Door | where * contains 'als'", r"\* of a bool"),
    ("Door | where * contains 'T08:15'", r"\* of a datetime"),
    ("Door | where * has '2026-03-02'", r"\* of a datetime"),
    ("Door | project-away TimeGenerated | where * has '08:15'", r"\* of a timespan"),
    ("Door | where * has ''", r"\* has: the text is empty"),
    (r"Door | where * contains 'a\nb'", r"\* contains: the text is empty or has control"),
    ("Sums | where * has 'a'", "no row whose columns"),
    ("print * has 'a'", "no row whose columns"),
    ("Door | mv-apply c = Extra.codes to typeof(string) on (where * has 'x1')", "no row whose"),
    # A call whose value only Kusto works out; once it was looked for as the text `None`.
    ("Door | where * has strcat('l', 'ab')", r"\* has: only"),
    ("let t = toscalar(Pass | take 1 | project Badge); Door | where * has t", r"\* has: only"),
    ("Door | where * has Badge", r"\* has: only"),
    *(
        (f"Door | where * {operator} 'ann'", rf"\* {operator}: only")
        for operator in (
            "!has", "has_cs", "!has_cs", "hasprefix", "hassuffix", "!contains", "contains_cs",
            "startswith", "endswith", "=~", "!~",
        )
    ),
    ("Door | where * == 'ann'", "StarExpression"),
]  # fmt: skip


@cache
def rewritten() -> dict[str, Normalised | SentinelError]:
    return rewrite((query for query, _ in (*ANSWERS, *REFUSED)), catalog(SHAPES))


@pytest.fixture(scope="module")
def engine() -> DuckdbEngine:
    return DuckdbEngine(database(SHAPES, ROWS), catalog(SHAPES))


@pytest.mark.parametrize(("query", "wanted"), ANSWERS, ids=[query for query, _ in ANSWERS])
def test_a_row_is_kept_where_one_of_its_columns_holds_the_text(
    engine: DuckdbEngine, query: str, wanted: list[object]
) -> None:
    found = [row[0] for row in answer(engine, rewritten()[query]).rows]

    assert sorted(found, key=str) == sorted(wanted, key=str)


@pytest.mark.parametrize(("query", "named"), REFUSED, ids=[query for query, _ in REFUSED])
def test_what_kusto_may_answer_otherwise_is_refused_by_name(
    engine: DuckdbEngine, query: str, named: str
) -> None:
    with pytest.raises(UnsupportedLocally, match=named):
        answer(engine, rewritten()[query])
