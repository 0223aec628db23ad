"""The store through its public door: built, kept, replaced and repaired."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from stores import built_store, copied

from moment import MOMENT
from sentinel_mcp.errors import StoreCorrupt
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.local.files import StoreFiles
from sentinel_mcp.local.ingest import ingest
from sentinel_mcp.local.store import Store


class BuildBegan(Exception):
    """Raised from the progress callback: it is enough to see that a build begins."""


def stop_at_build(message: str, part: float) -> None:
    raise BuildBegan


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_store(tmp_path_factory)


@pytest.fixture
def directory(built: Path, tmp_path: Path) -> Path:
    return copied(built, tmp_path / "store")


def count(store: Store, table: str) -> int:
    connection = store.connect()
    try:
        return connection.execute(f'SELECT count(*) FROM "{table}"').fetchall()[0][0]
    finally:
        connection.close()


def add_row(directory: Path, folder: Path, table: str = "Extra_CL") -> None:
    file = folder / "extra.jsonl"
    file.write_text('{"TimeGenerated": "2026-01-01T00:00:00Z", "Note": "mine"}\n', encoding="utf-8")
    ingest(directory, table, [file], catalog=bundled("sentinel"), now=MOMENT)


def test_a_store_that_is_there_is_not_built_again(built: Path) -> None:
    with Store.open(built, now=MOMENT, on_progress=stop_at_build) as store:
        assert store.notices == []
        assert count(store, "SigninLogs") > 1000


def test_kusto_types_that_duckdb_has_not_are_known(built: Path) -> None:
    with Store.open(built, now=MOMENT) as store:
        types = {each.name: each.type for each in store.tables()["SigninLogs"].columns}

    assert types["DeviceDetail"] == "dynamic"
    assert types["TimeGenerated"] == "datetime"
    assert types["ResultType"] == "string"


def test_no_string_is_null_so_that_comparisons_keep_the_row(built: Path) -> None:
    with Store.open(built, now=MOMENT) as store:
        connection = store.connect()
        for table in store.tables().values():
            nulls = " + ".join(
                f'count(*) FILTER ("{each.name}" IS NULL)'
                for each in table.columns
                if each.type == "string"
            )
            found = connection.execute(f'SELECT {nulls} FROM "{table.name}"').fetchall()[0][0]
            assert found == 0, table.name
        connection.close()


def test_a_connection_cannot_change_the_tables(built: Path) -> None:
    with Store.open(built, now=MOMENT) as store:
        connection = store.connect()
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            connection.execute("DELETE FROM SigninLogs")
        connection.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('{file}')",
        "COPY (SELECT 1) TO '{file}'",
        "ATTACH '{file}' AS other",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ],
)
def test_a_connection_reaches_no_other_file(built: Path, tmp_path: Path, sql: str) -> None:
    with Store.open(built, now=MOMENT) as store:
        connection = store.connect()
        with pytest.raises(duckdb.Error):
            connection.execute(sql.format(file=tmp_path / "x"))
        connection.close()
    assert not (tmp_path / "x").exists()


def test_an_open_store_sees_rows_that_another_process_brought(
    directory: Path, tmp_path: Path
) -> None:
    with Store.open(directory, now=MOMENT) as store:
        before = store.connect()
        add_row(directory, tmp_path)

        assert count(store, "Extra_CL") == 1
        assert "Extra_CL" in store.tables()
        # Whoever was reading goes on with what there was.
        assert before.execute("SELECT count(*) FROM SigninLogs").fetchall()[0][0] > 1000
        with pytest.raises(duckdb.CatalogException):
            before.execute("SELECT * FROM Extra_CL")
        before.close()


def test_damaged_files_are_built_anew_and_that_is_told(directory: Path) -> None:
    (directory / "logs.duckdb").write_bytes(b"not a database " * 9000)
    (directory / "resources.sqlite").write_bytes(b"nor this one " * 9000)

    with Store.open(directory, now=MOMENT) as store:
        assert count(store, "SigninLogs") > 1000
        assert len(store.documents.list("incidents")) == 30
        told = " ".join(store.notices)

    assert "logs.duckdb.corrupt" in told
    assert "resources.sqlite.corrupt" in told
    kept = [each.read_bytes()[:15] for each in StoreFiles(directory).damaged_files()]
    assert sorted(kept) == [b"nor this one no", b"not a database "]


@pytest.mark.parametrize("keep", [0.5, 0.999, 0.0001, 0])
def test_a_file_that_was_cut_is_noticed(directory: Path, keep: float) -> None:
    path = directory / "logs.duckdb"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])

    with pytest.raises(BuildBegan):
        Store.open(directory, now=MOMENT, on_progress=stop_at_build)


def test_a_block_that_nobody_reads_at_the_start_is_found_damaged_by_a_query(
    directory: Path,
) -> None:
    path = directory / "logs.duckdb"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    content = bytearray(path.read_bytes())
    # Among the rows that were written first; as a failing disk does, without a new time of change.
    content[2_000_000] ^= 0xFF
    path.write_bytes(content)
    os.utime(path, ns=times)
    with Store.open(directory, now=MOMENT, on_progress=stop_at_build) as store:
        with pytest.raises(StoreCorrupt, match=r"[Cc]orrupt"), store.reading() as connection:
            for table in store.tables():
                connection.execute(f'SELECT max(hash(t)) FROM "{table}" t').fetchall()
        with pytest.raises(BuildBegan):
            store.connect()


def test_a_doubt_about_sound_tables_costs_nothing(directory: Path, tmp_path: Path) -> None:
    add_row(directory, tmp_path)
    with Store.open(directory, now=MOMENT, on_progress=stop_at_build) as store:
        error = store.doubt("a disk that was away for a moment")

        assert isinstance(error, StoreCorrupt)
        assert "carried over" in str(error.hint)
        assert count(store, "Extra_CL") == 1
        assert store.notices == []


def test_a_day_later_the_scenario_is_new_and_what_was_brought_stays(
    directory: Path, tmp_path: Path
) -> None:
    add_row(directory, tmp_path)
    add_row(directory, tmp_path, table="SecurityEvent")
    with Store.open(directory, now=MOMENT) as store:
        scenario_rows = count(store, "SecurityEvent")
        changed = store.documents.list("incidents")[3]
        changed["properties"]["title"] = "My title"
        store.documents.put("incidents", changed["name"], changed)
        before = store.anchor

    later = MOMENT + timedelta(hours=26)
    with Store.open(directory, now=later) as store:
        assert store.anchor - before > timedelta(hours=24)
        assert count(store, "Extra_CL") == 1
        connection = store.connect()
        mine = connection.execute(
            "SELECT Note, TimeGenerated FROM SecurityEvent WHERE Note = 'mine'"
        ).fetchall()
        newest = connection.execute("SELECT max(TimeGenerated) FROM SigninLogs").fetchall()
        connection.close()
        assert mine == [("mine", datetime(2026, 1, 1))]
        assert newest[0][0] > before.replace(tzinfo=None)
        assert abs(count(store, "SecurityEvent") - scenario_rows) < 200
        kept = store.documents.get("incidents", changed["name"])
        assert kept
        assert kept["properties"]["title"] == "My title"
        told = " ".join(store.notices)

    assert "Extra_CL (1 rows)" in told
    assert "1 that were changed by hand" in told


def test_a_build_that_fails_leaves_the_store_as_it_was(directory: Path) -> None:
    path = directory / "logs.duckdb"
    before = path.stat().st_mtime_ns, path.stat().st_size

    def fail_late(message: str, part: float) -> None:
        if part > 0.2:
            raise BuildBegan

    with pytest.raises(BuildBegan):
        Store.open(directory, now=MOMENT + timedelta(hours=26), on_progress=fail_late)

    assert (path.stat().st_mtime_ns, path.stat().st_size) == before
    assert not list(directory.glob("*.scratch*"))
    with Store.open(directory, now=MOMENT, on_progress=stop_at_build) as store:
        assert len(store.documents.list("incidents")) == 30


def test_two_processes_that_build_at_once_end_with_one_store(tmp_path: Path) -> None:
    directory = tmp_path / "new"
    code = (
        "import sys; from pathlib import Path; from sentinel_mcp.local.store import Store\n"
        "with Store.open(Path(sys.argv[1])) as store:\n"
        "    print(); print(store.anchor, len(store.tables()))"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(directory)], stdout=subprocess.PIPE, encoding="utf-8"
        )
        for _ in range(2)
    ]
    # Above the last line, DuckDB shows how far it is: it takes `python -c` for a person.
    answers = [process.communicate()[0].splitlines()[-1] for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert answers[0] == answers[1] != ""
    assert not list(directory.glob("*.scratch*"))
