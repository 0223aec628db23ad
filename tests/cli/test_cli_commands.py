"""`doctor`, `tools`, `local` and `demo`, on the embedded workspace."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from command_line import Run
from tests.local.stores import copied, own_cache

from sentinel_mcp.local.documents import Documents


def test_doctor_finds_everything_well_on_the_embedded_workspace(run: Run) -> None:
    outcome = run("doctor", "--local", "--json")

    assert outcome.code == 0, outcome.out
    states = {each["check"]: each["state"] for each in outcome.objects}
    assert {"settings", "workspace", "cache folder", "query checker"} <= set(states)
    assert {"credential", "Log Analytics", "Microsoft Sentinel"} <= set(states)
    assert "fail" not in states.values()


def test_doctor_names_settings_and_shows_no_value(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "hunter2")

    outcome = run("doctor")

    assert outcome.code == 1
    assert "AZURE_SUBSCRIPTION_ID" in outcome.out
    assert "hunter2" not in outcome.out + outcome.err


def test_doctor_fails_where_nothing_can_be_written(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("SENTINEL_CACHE_DIR", str(blocked))

    outcome = run("doctor", "--local", "--json")

    assert outcome.code == 1
    [cache] = [each for each in outcome.objects if each["check"] == "cache folder"]
    assert cache["state"] == "fail"
    assert "SENTINEL_CACHE_DIR" in cache["remedy"]


def test_tools_are_listed_with_their_sizes(run: Run) -> None:
    everything = run("tools", "--json").objects
    chosen = run("tools", "--json", "--toolsets", "tasks", "--exclude-tools", "cancel_task").objects

    assert {"run_query", "list_incidents"} <= {tool["name"] for tool in everything}
    assert all(tool["size_bytes"] > 100 for tool in everything)
    assert all("tasks" in tool["toolsets"] for tool in chosen)
    assert "cancel_task" not in {tool["name"] for tool in chosen}


def test_an_unknown_toolset_is_refused_with_those_there_are(run: Run) -> None:
    outcome = run("tools", "--toolsets", "incidens")

    assert outcome.code == 2
    assert "Did you mean 'incidents'?" in outcome.err


@pytest.fixture
def own_store(
    monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """Run commands on a store that no other test uses."""
    monkeypatch.setenv("SENTINEL_CACHE_DIR", str(own_cache(tmp_path_factory, "own")))
    return run


def test_what_is_ingested_can_be_queried_until_it_is_reset(own_store: Run, tmp_path: Path) -> None:
    run = own_store
    logs = tmp_path / "door.jsonl"
    lines = [{"@timestamp": f"2026-01-0{n}T00:00:00Z", "Door": n, "Who": "x"} for n in range(1, 4)]
    logs.write_text("\n".join([*map(json.dumps, lines), "broken"]), encoding="utf-8")
    count = "Doors_CL | where TimeGenerated > datetime(2025-01-01) | summarize n = sum(Door)"

    ingested = run("local", "ingest", "--table", "Doors_CL", str(logs))
    found = run("query", "--local", "--json", count)
    status = run("local", "status")
    folder = Path(os.environ["SENTINEL_CACHE_DIR"])
    kept = folder / "local" / "logs.duckdb.corrupt-20260101T000000Z-0"
    kept.write_bytes(b"damaged")
    reset = run("local", "reset")
    gone = run("query", "--local", "--json", count)

    assert ingested.code == 1
    assert "3 rows taken, 1 refused" in ingested.out
    assert ["@timestamp", "TimeGenerated", "datetime"] in [
        line.split()[:3] for line in ingested.out.splitlines()
    ]
    assert any(line.split()[1:2] == ["4"] for line in ingested.out.splitlines())
    assert found.objects[0]["rows"] == [[6]]
    assert "Doors_CL" in status.out
    assert "3" in status.out
    assert reset.code == 0
    assert kept.read_bytes() == b"damaged"
    assert kept.name in reset.err
    assert gone.objects[0]["error"]["code"] == "invalid_query"


def test_a_loss_is_said_by_every_command_until_it_is_dismissed(
    monkeypatch: pytest.MonkeyPatch, cache_dir: Path, run: Run, tmp_path: Path
) -> None:
    copied(cache_dir / "local", tmp_path / "own" / "local")
    monkeypatch.setenv("SENTINEL_CACHE_DIR", str(tmp_path / "own"))
    aside = tmp_path / "own" / "local" / "logs.duckdb.corrupt-20260101T000000Z-0"
    aside.write_bytes(b"damaged")
    documents = Documents(tmp_path / "own" / "local" / "resources.sqlite")
    documents.add_notice("3 rows are lost.")
    documents.close()

    built = (tmp_path / "own" / "local" / "logs.duckdb").stat().st_mtime_ns
    queried = [run("query", "--local", "--format", form, "print 1") for form in ("table", "json")]
    status = run("local", "status")
    again = run("local", "status", "--dismiss")
    after = run("query", "--local", "print 1")
    at_last = run("local", "status")

    assert ["3 rows are lost." in each.err for each in queried] == [True, True]
    assert "3 rows are lost." in status.out
    assert aside.name in status.out
    assert "3 rows are lost." in again.out
    assert "are lost" not in after.out + after.err + at_last.out
    assert aside.read_bytes() == b"damaged"
    assert (tmp_path / "own" / "local" / "logs.duckdb").stat().st_mtime_ns == built


def test_a_file_that_is_not_there_changes_nothing(run: Run) -> None:
    outcome = run("local", "ingest", "--table", "Doors_CL", "nowhere.json")

    assert outcome.code == 2
    assert outcome.err.startswith("error: There is no file")


def test_the_demo_plays_to_its_conclusion(run: Run) -> None:
    outcome = run("demo")

    assert outcome.code == 0, outcome.out + outcome.err
    assert "Conclusion" in outcome.out
    assert "A preview: nothing was written." in outcome.out
    assert "\x1b" not in outcome.out
