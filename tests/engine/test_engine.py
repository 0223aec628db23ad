"""What the engine does around a query: the range, missing tables, limits, forms, isolation."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Protocol, cast

import duckdb
import pytest
from rewriting import NOW, answer, catalog, database, rewrite

from sentinel_mcp.engine.engine import DuckdbEngine
from sentinel_mcp.engine.tables import Tables
from sentinel_mcp.errors import KqlError, TimedOut, UnsupportedLocally
from sentinel_mcp.kql.results import Column, Normalised
from sentinel_mcp.kql.timespan import Timespan, parse_timespan

SHAPES = {
    "Door": {"TimeGenerated": "datetime", "Badge": "string", "n": "long"},
    "List": {"Badge": "string"},
}
ROWS = {
    "Door": [
        ["2026-03-10 11:30:00", "ann", 1],
        ["2026-03-10 09:00:00", "bob", 2],
        ["2026-03-01 09:00:00", None, 3],
    ],
    "List": [["ann"], ["bob"]],
}
ABSENT = {**SHAPES, "Gate": {"TimeGenerated": "datetime", "Badge": "string", "Props": "dynamic"}}


@pytest.fixture
def engine() -> DuckdbEngine:
    return DuckdbEngine(database(SHAPES, ROWS), catalog(ABSENT))


def bound(text: str, tables: str, **columns: str) -> Normalised:
    shape = tuple(Column(name, of) for name, of in columns.items())
    return Normalised(text, tuple(tables.split()), shape, bound=True)


def rewritten(text: str) -> Normalised:
    (done,) = rewrite([text], catalog(SHAPES)).values()
    assert isinstance(done, Normalised), done
    return done


class Closeable(Protocol):
    def close(self) -> None: ...


def rows(engine: DuckdbEngine, query: Normalised, timespan: Timespan | None) -> list[list[object]]:
    return list(engine.run(query, timespan=timespan, now=NOW, max_rows=100).rows)


NAMES = bound("Door | project Badge, n | sort by n asc", "Door", Badge="string", n="long")


def test_a_duration_keeps_the_rows_of_the_last_hours(engine: DuckdbEngine) -> None:
    assert rows(engine, NAMES, parse_timespan("PT1H")) == [["ann", 1]]


def test_an_interval_keeps_the_rows_within_it(engine: DuckdbEngine) -> None:
    assert rows(engine, NAMES, parse_timespan("2026-03-10/2026-03-10T10:00Z")) == [["bob", 2]]


def test_without_a_range_every_row_is_read(engine: DuckdbEngine) -> None:
    assert rows(engine, NAMES, None) == [["ann", 1], ["bob", 2], ["", 3]]


def test_a_range_of_one_query_does_not_cling_to_the_next(engine: DuckdbEngine) -> None:
    rows(engine, NAMES, parse_timespan("PT1H"))

    assert len(rows(engine, NAMES, None)) == 3


def test_a_range_applies_within_a_join_too(engine: DuckdbEngine) -> None:
    query = bound(
        "List | join kind=inner (Door | project-rename Badge1 = Badge)"
        " on $left.Badge == $right.Badge1 | project Badge",
        "List Door",
        Badge="string",
    )

    assert rows(engine, query, parse_timespan("PT1H")) == [["ann"]]


def test_a_table_without_a_time_is_read_whatever_the_range(engine: DuckdbEngine) -> None:
    query = bound("List | count", "List", Count="long")

    assert rows(engine, query, parse_timespan("PT1H")) == [[2]]


def test_a_table_that_is_not_stored_is_empty_with_its_columns(engine: DuckdbEngine) -> None:
    query = bound(
        'Gate | project Badge, p = __dynamic_text(__path(Props, "$.a"))',
        "Gate",
        Badge="string",
        p="string",
    )

    result = engine.run(query, timespan=parse_timespan("P1D"), now=NOW, max_rows=10)

    assert list(result.rows) == []
    assert [column.name for column in result.columns] == ["Badge", "p"]


def test_the_query_clock_is_the_one_given(engine: DuckdbEngine) -> None:
    query = bound("print a = ago(1h)", "", a="datetime")

    assert rows(engine, query, None) == [["2026-03-10T11:00:00Z"]]


def test_a_remembered_translation_reads_the_new_clock(engine: DuckdbEngine) -> None:
    query = bound("print a = now()", "", a="datetime")
    rows(engine, query, None)

    later = engine.run(query, timespan=None, now=NOW + timedelta(days=1), max_rows=1)

    assert list(later.rows) == [["2026-03-11T12:00:00Z"]]


def test_ten_million_rows_are_cut_to_what_was_asked_for(engine: DuckdbEngine) -> None:
    query = rewritten("range n from 1 to 10000000 step 1")

    result = engine.run(query, timespan=None, now=NOW, max_rows=500)

    assert len(list(result.rows)) == 500
    assert list(result.rows) == []
    assert result.truncated


def test_rows_that_nobody_wants_end_the_query_and_free_its_connection(
    engine: DuckdbEngine,
) -> None:
    query = rewritten("range n from 1 to 10000000 step 1")

    for _ in range(3):
        result = engine.run(query, timespan=None, now=NOW, max_rows=500_000)
        with closing(cast("Closeable", result.rows)):
            assert len(next(iter(result.rows))) == 1
        assert list(result.rows) == []

    assert rows(engine, NAMES, None)


@pytest.mark.parametrize(
    "text",
    [
        "print n = range(1, 4000000000)",
        "let most = toscalar(Door | summarize max(n) * 1000000000); range n from 1 to most step 1",
        "print strrep('a', 4000000000)",
    ],
)
def test_a_list_that_would_exhaust_the_memory_is_refused(engine: DuckdbEngine, text: str) -> None:
    with pytest.raises(UnsupportedLocally, match=r"not supported|known up to"):
        answer(engine, rewrite([text], catalog(SHAPES))[text])


def test_as_many_rows_as_asked_for_are_not_called_cut(engine: DuckdbEngine) -> None:
    result = engine.run(NAMES, timespan=None, now=NOW, max_rows=3)

    assert len(list(result.rows)) == 3
    assert not result.truncated


def test_an_interrupted_query_ends_and_the_engine_lives_on(engine: DuckdbEngine) -> None:
    query = rewritten(
        "range n from 1 to 4000000000 step 1 | extend Badge = tostring(n) "
        "| join kind=inner (Door | project Badge) on Badge | summarize s = sum(n % 7)"
    )
    ended: list[Exception] = []
    over = threading.Event()

    def run() -> None:
        try:
            engine.run(query, timespan=None, now=NOW, max_rows=1)
        except Exception as error:  # noqa: BLE001 whatever it is, it is what the test is about
            ended.append(error)
        over.set()

    thread = threading.Thread(target=run)
    thread.start()
    # Until it runs, there is nothing to interrupt; when it ends, its views are being dropped.
    while not over.wait(0.001):
        engine.interrupt()
    thread.join()

    assert [type(error) for error in ended] == [TimedOut]
    assert len(rows(engine, NAMES, None)) == 3


class InterruptedConnection(duckdb.DuckDBPyConnection):
    """Is interrupted whatever it is asked to do."""

    def __init__(self) -> None: ...

    def execute(self, query: object, parameters: object = None) -> duckdb.DuckDBPyConnection:
        raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")


def test_an_interrupt_while_views_are_dropped_hides_no_failure_of_the_query() -> None:
    Tables({}, catalog(SHAPES), "memory").hide(InterruptedConnection(), ["Door"])


def test_each_type_is_sent_as_log_analytics_sends_it(engine: DuckdbEngine) -> None:
    query = bound(
        "print d = datetime(2026-01-02T03:04:05.5Z), t = time(1.02:03:04.5), b = true, n = 5,"
        " r = real(nan), i = real(+inf), g = guid(0B5E3F0C-7C4B-4D7A-9D84-1D5B6C1E2F3A),"
        ' x = dynamic({"a":[1]}),'
        " e = datetime(null), f = 2.0",
        "",
        d="datetime",
        t="timespan",
        b="bool",
        n="long",
        r="real",
        i="real",
        g="guid",
        x="dynamic",
        e="datetime",
        f="real",
    )

    assert rows(engine, query, None) == [
        [
            "2026-01-02T03:04:05.5Z",
            "1.02:03:04.5000000",
            True,
            5,
            "NaN",
            "Infinity",
            "0b5e3f0c-7c4b-4d7a-9d84-1d5b6c1e2f3a",
            '{"a":[1]}',
            None,
            2.0,
        ]
    ]


def test_a_chart_is_described_as_log_analytics_does(engine: DuckdbEngine) -> None:
    text = (
        "Door | summarize n = count() by Badge"
        ' | render columnchart with (title="Doors | all", ycolumns=n)'
    )

    result = engine.run(
        bound(text, "Door", Badge="string", n="long"), timespan=None, now=NOW, max_rows=5
    )

    assert result.visualization
    assert result.visualization["visualization"] == "columnchart"
    assert result.visualization["title"] == "Doors | all"
    assert result.visualization["yColumns"] == ["n"]


def test_a_query_without_a_chart_describes_none(engine: DuckdbEngine) -> None:
    assert engine.run(NAMES, timespan=None, now=NOW, max_rows=5).visualization is None


@pytest.mark.parametrize(
    "text",
    [
        "print read_csv('/etc/hostname')",
        "print read_text('/etc/hostname')",
        "print getenv('HOME')",
        "print current_setting('TimeZone')",
        "externaldata(a: string)['/etc/hostname']",
    ],
)
def test_no_function_of_the_database_is_in_reach(engine: DuckdbEngine, text: str) -> None:
    with pytest.raises(UnsupportedLocally):
        rows(engine, bound(text, "", a="string"), None)


def test_the_database_reads_no_file_even_when_asked_in_sql() -> None:
    connection = database(SHAPES, ROWS)
    DuckdbEngine(connection, catalog(SHAPES))

    with pytest.raises(duckdb.PermissionException):
        connection.execute("SELECT * FROM read_text('/etc/hostname')")
    with pytest.raises(duckdb.InvalidInputException):
        connection.execute("SET enable_external_access = true")


def test_a_python_variable_is_no_table(engine: DuckdbEngine) -> None:
    secret = [["s"]]
    assert secret

    with pytest.raises(UnsupportedLocally):
        rows(engine, bound("secret", "", a="string"), None)


def test_a_column_of_another_type_than_kusto_binds_is_refused(engine: DuckdbEngine) -> None:
    with pytest.raises(UnsupportedLocally, match="string in Kusto"):
        rows(engine, bound("Door | project a = n", "Door", a="string"), None)


def test_several_queries_run_at_once(engine: DuckdbEngine) -> None:
    found: list[int] = []

    def run() -> None:
        found.extend(len(rows(engine, NAMES, None)) for _ in range(5))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [3] * 20


def test_a_second_engine_opens_on_the_locked_database() -> None:
    connection = database(SHAPES, ROWS)
    DuckdbEngine(connection, catalog(SHAPES))

    assert len(rows(DuckdbEngine(connection, catalog(SHAPES)), NAMES, None)) == 3


def test_places_are_read_from_a_table_of_the_workspace() -> None:
    shapes = {
        "IpLocations": {
            "Network": "string",
            "Country": "string",
            "State": "string",
            "City": "string",
            "Latitude": "real",
            "Longitude": "real",
        }
    }
    held = [
        ["5.0.0.0/8", "Elsewhere", "", "", 1.0, 2.0],
        ["5.6.0.0/16", "Here", "", "Town", 3.0, 4.0],
    ]
    engine = DuckdbEngine(database(shapes, {"IpLocations": held}), catalog(shapes))
    query = bound(
        'print g = __geo_info_from_ip_address("5.6.7.8")'
        ' | project c = __dynamic_text(__path(g, "$.city"))',
        "",
        c="string",
    )

    assert list(answer(engine, query).rows) == [["Town"]]


@pytest.mark.parametrize(
    "text",
    [
        "print h'hidden'",
        "print '\\u0041'",
        "print ```a```",
        "print bin(datetime(2026-01-01), 7d)",
        "print bin(1500ms, 500ms)",
        "let f = (a: long) { a }; print f(1)",
        "Door | join kind=leftouter List on Badge",
        "Door | lookup List on Badge",
        "union Door, List",
        "Door | summarize make_set(Badge)",
        "print replace('a', 'b', 'c')",
        "Door | extend p = parse_json(Badge)",
        "Door | parse Badge with 'a' rest",
    ],
)
def test_without_the_bound_tree_a_trap_is_refused(engine: DuckdbEngine, text: str) -> None:
    with pytest.raises(UnsupportedLocally, match="wrongly"):
        rows(engine, Normalised(text, (), None, bound=False), None)


def test_without_the_bound_tree_a_plain_query_runs(engine: DuckdbEngine) -> None:
    text = "Door | where Badge == 'ann' | summarize n = count() by bin(TimeGenerated, 1h)"

    assert rows(engine, Normalised(text, (), None, bound=False), None) == [
        ["2026-03-10T11:00:00Z", 1]
    ]


def test_without_the_bound_tree_what_does_not_parse_is_the_callers_mistake(
    engine: DuckdbEngine,
) -> None:
    with pytest.raises(KqlError):
        rows(engine, Normalised("Door | wherever", (), None, bound=False), None)


def test_a_moment_before_the_unix_count_is_binned_rightly(engine: DuckdbEngine) -> None:
    query = bound(
        "print a = __bin_datetime(datetime(1950-06-07T08:09:10Z), time(7.00:00:00))",
        "",
        a="datetime",
    )

    (row,) = rows(engine, query, None)

    assert row == [datetime(1950, 6, 5, tzinfo=UTC).isoformat().replace("+00:00", "Z")]


def test_engines_may_be_made_at_once_over_one_database() -> None:
    for _ in range(5):
        connection = database(SHAPES, ROWS)
        with ThreadPoolExecutor(max_workers=8) as pool:
            connections = [connection.cursor() for _ in range(16)]
            made = [pool.submit(DuckdbEngine, each, catalog(ABSENT)) for each in connections]

        assert [each.exception() for each in made] == [None] * 16
