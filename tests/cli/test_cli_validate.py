"""`validate`: queries from files, their diagnostics and where they stand."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from command_line import Run

RULE = """\
id: 7c5d9f1e
name: Services
severity: High
query: |

  SecurityEvent
    | where EventID == 4697
  | where Sevice == "x"
queryFrequency: 1h
"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Write a query, a rule and lines of queries, each with something wrong."""
    kql = tmp_path / "hunt.kql"
    kql.write_text("SigninLogs\n| where UserPrincipleName == 'x'\n", encoding="utf-8")
    rule = tmp_path / "rule.yaml"
    rule.write_text(RULE, encoding="utf-8")
    lines = tmp_path / "many.jsonl"
    lines.write_text(
        '{"id": "good", "query": "SigninLogs | count"}\n'
        "\n"
        "not json\n"
        '{"text": "SigninLogs"}\n'
        '{"query": "SigninLog | count"}\n',
        encoding="utf-8",
    )
    return [str(kql), str(rule), str(lines)]


def test_diagnostics_stand_where_the_file_has_them(run: Run, files: list[str]) -> None:
    kql, rule, lines = files

    outcome = run("validate", *files)

    assert outcome.code == 1
    told = outcome.out.splitlines()
    assert any(line.startswith(f"{kql}:2:9: error: ") for line in told)
    assert (
        told[told.index("    | where UserPrincipleName == 'x'") + 1] == f"    {' ' * 8}{'^' * 17}"
    )
    assert any("Did you mean 'UserPrincipalName'" in line for line in told)
    assert any(line.startswith(f"{rule}:8:11: error: ") for line in told)
    assert any(line.startswith(f"{lines}:3:1: error: the line is not JSON") for line in told)
    assert any(line.startswith(f"{lines}:5:1: error: ") for line in told)
    assert told[-1] == "6 checked, 5 invalid"


def test_json_is_one_object_for_each_query_in_order(run: Run, files: list[str]) -> None:
    outcome = run("validate", "--json", *files)

    assert outcome.code == 1
    kql, rule, good, broken, empty, unknown = outcome.objects
    assert [kql["id"], rule["id"], good["id"], unknown["id"]] == [files[0], files[1], "good", 5]
    assert good == {"id": "good", "valid": True, "engine": good["engine"], "diagnostics": []}
    assert broken["valid"] is empty["valid"] is False
    [found] = unknown["diagnostics"]
    assert (found["line"], found["column"]) == (1, 1)
    assert "'SigninLogs'" in found["suggestion"]


def test_standard_input_is_one_query_and_what_is_refused_is_still_valid(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "externaldata(a: string)['https://example.invalid/x.csv'] | count"
    monkeypatch.setattr("sys.stdin", io.StringIO(query))

    outcome = run("validate", "-")

    assert outcome.code == 0
    assert "stdin:1:1: warning: valid, but not run: externaldata" in outcome.out


def test_the_environment_decides_whose_columns_there_are(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps({"query": "EmailEvents | project Timestamp"}), encoding="utf-8")

    assert run("validate", "--environment", "xdr", str(file)).code == 0
    assert run("validate", "--environment", "sentinel", str(file)).code == 1


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("missing.kql", None, "cannot be read"),
        ("image.png", b"", "not a kind of file"),
        ("latin.kql", "SigninLogs // é".encode("latin-1"), "not UTF-8"),
        ("broken.yaml", b"query: [", "not YAML"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(
    run: Run, tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    outcome = run("validate", str(tmp_path / name))

    assert outcome.code == 2
    assert told in outcome.err
