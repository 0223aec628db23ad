"""`query`: rows for people and for programs, from the workspace and from fixtures."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command_line import Run

FIXTURES = {
    "tables": {
        "Logons": {
            "columns": [
                {"name": "At", "type": "datetime"},
                {"name": "User", "type": "string"},
                {"name": "Count", "type": "long"},
                {"name": "Took", "type": "timespan"},
                {"name": "More", "type": "dynamic"},
            ],
            "rows": [
                [{"$datetime": "2024-01-01T10:05:00"}, "alice", 3, {"$timespan_s": 90}, '{"a":1}'],
                [{"$datetime": "2024-01-01T12:05:00+02:00"}, "bob", None, None, {"a": 2}],
                [None, None, 5, None, None],
            ],
        }
    }
}


@pytest.fixture
def fixtures(tmp_path: Path) -> str:
    path = tmp_path / "tables.json"
    path.write_text(json.dumps(FIXTURES), encoding="utf-8")
    return str(path)


def test_each_line_of_a_file_gets_one_object_in_order(
    run: Run, tmp_path: Path, fixtures: str
) -> None:
    queries = [
        {"id": "a", "query": "Logons | where User == 'alice' | project Count, Took, A = More.a"},
        {"query": "Logons | where At == datetime(2024-01-01T10:05:00Z) | count"},
        {"id": "c", "query": "Logons | where isempty(User) | project Count"},
        {"id": "d", "query": "Logins | count"},
        {"id": "e", "query": "Logons | evaluate autocluster()"},
        {"id": "f", "query": "SigninLogs | count"},
        {"id": "g"},
    ]
    file = tmp_path / "queries.jsonl"
    file.write_text("\n".join(map(json.dumps, queries)), encoding="utf-8")

    outcome = run("query", "--local", "--fixtures", fixtures, "--jsonl", str(file))

    assert outcome.code == 1
    told = outcome.objects
    assert [each["id"] for each in told] == ["a", 2, "c", "d", "e", "f", "g"]
    assert told[0]["columns"][0] == {"name": "Count", "type": "long"}
    assert told[0]["rows"] == [[3, "00:01:30", "1"]]
    assert [each["rows"] for each in told[1:3]] == [[[2]], [[5]]]
    assert [each["error"] and each["error"]["code"] for each in told[3:]] == [
        "invalid_query",
        "unsupported_locally",
        None,
        "invalid_input",
    ]
    assert told[5]["rows"] == [[0]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[]", "does not hold tables"),
        ('{"tables": {"T": {"columns": [{"name": "a", "type": "text"}], "rows": []}}}', "'text'"),
        (
            '{"tables": {"T": {"columns": [{"name": "a", "type": "long"}], "rows": [[1, 2]]}}}',
            "Row 1",
        ),
        (
            '{"tables": {"T": {"columns": [{"name": "a", "type": "long"}], "rows": [["x"]]}}}',
            "does not fit",
        ),
    ],
)
def test_fixtures_of_another_form_are_refused_with_the_place(
    run: Run, tmp_path: Path, content: str, told: str
) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(content, encoding="utf-8")

    outcome = run("query", "--local", "--fixtures", str(path), "print 1")

    assert outcome.code == 2
    assert told in outcome.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no query"),
        (("print 1", "--jsonl", "x"), "two sources"),
        (("print 1", "--json", "--format", "csv"), "contradict"),
        (("--jsonl", "missing.jsonl"), "cannot be read"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(
    run: Run, arguments: tuple[str, ...], told: str
) -> None:
    outcome = run("query", "--local", *arguments)

    assert outcome.code == 2
    assert told in outcome.err


def test_a_table_in_a_pipe_is_plain_and_says_what_it_covers(run: Run) -> None:
    query = "SigninLogs | summarize SignIns = count() by ResultType | top 3 by SignIns"

    outcome = run("query", "--local", "--timespan", "7d", query)

    assert outcome.code == 0
    head, first, *_ = outcome.out.splitlines()
    assert head.split() == ["ResultType", "SignIns"]
    assert int(first.split()[1]) > 0
    assert "3 rows from local; time covered: P7D, as asked" in outcome.err


def test_csv_can_be_read_back(run: Run) -> None:
    outcome = run("query", "--local", "--format", "csv", "print a = 'x,\"y\"', b = 1")

    assert list(csv.reader(io.StringIO(outcome.out))) == [["a", "b"], ['x,"y"', "1"]]


def test_a_chart_is_what_render_asks_for(run: Run) -> None:
    query = "SigninLogs | summarize n = count() by bin(TimeGenerated, 1d) | render timechart"

    outcome = run("query", "--local", "--format", "chart", "--timespan", "7d", query)

    assert outcome.code == 0
    assert outcome.out.startswith("n  ")


def test_an_invalid_query_exits_with_1_and_says_where(run: Run) -> None:
    outcome = run("query", "--local", "SigninLogs | where Usr == 1")

    assert outcome.code == 1
    assert outcome.out == ""
    assert "line 1, column 20" in outcome.err
