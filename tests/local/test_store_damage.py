"""Damaged, locked and foreign files of a store: nothing is lost that could be read or kept."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pytest
from stores import copied

from sentinel_mcp.errors import Busy, ConfigError, SentinelError, StoreCorrupt
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.files import StoreFiles
from small_store import (
    INCIDENTS,
    SCENARIO_ROWS,
    count,
    held,
    ingest_rows,
    numbered,
    small_store,
)

CUSTOM = 9_000
OWN = 3_000
CHANGED = 60


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with ingested rows, changed documents and appended rows."""
    folder = tmp_path_factory.mktemp("kept")
    directory = folder / "store"
    ingest_rows(directory, "Custom_CL", numbered("custom", CUSTOM, width=4), folder)
    ingest_rows(directory, "SecurityEvent", numbered("own", OWN), folder)
    with small_store(directory) as store:
        for number in range(CHANGED):
            name = f"incident-{number:03}"
            body = {"properties": {"title": f"Mine {number}"}, "fill": "y" * 300}
            store.documents.put("incidents", name, body)
            store.documents.append_rows("Syslog", [{"Number": number, "Fill": "z" * 100}])
        store.documents.delete("incidents", "incident-199")
    return directory


@pytest.fixture
def directory(kept: Path, tmp_path: Path) -> Path:
    return copied(kept, tmp_path / "store")


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 0x10
    path.write_bytes(content)


def silently(path: Path, position: int) -> None:
    """Damage a file as a failing disk does: nothing says that it was changed."""
    before = path.stat()
    flip(path, position)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def lost(notices: str, table: str) -> int:
    """Return how many rows of a table a notice says to be lost."""
    _, found, rest = notices.partition("could not be read: ")
    _, named, number = rest.partition(f"{table} (")
    return int(number.partition(")")[0].replace(",", "")) if found and named else 0


def block_of(path: Path, table: str, column: str) -> int:
    """Return where in the file the first block of a column is, as DuckDB says."""
    with closing(duckdb.connect(":memory:")) as connection:
        connection.execute(f"ATTACH '{path}' AS logs (READ_ONLY)")
        ((block,),) = connection.execute(
            f"SELECT min(block_id) FROM pragma_storage_info('logs.{table}') "
            "WHERE column_name = ? AND block_id >= 0 AND segment_type != 'VALIDITY'",
            [column],
        ).fetchall()
    return 3 * 4096 + block * 262_144


def test_a_sound_store_is_not_read_through_and_not_built_again(directory: Path) -> None:
    def fail(message: str, part: float) -> None:
        raise AssertionError(message)

    with small_store(directory, on_progress=fail) as store:
        assert store.notices == []
        assert held(store, "Custom_CL") == [("custom", CUSTOM, CUSTOM)]
    assert StoreFiles(directory).damaged_files() == []


@pytest.mark.parametrize("part", [0, 0.00001, 0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.999, 0.99999])
def test_a_file_cut_anywhere_gives_no_wrong_answer(directory: Path, part: float) -> None:
    path = directory / "logs.duckdb"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])

    with small_store(directory) as store:
        told = " ".join(store.notices)
        assert "was damaged" in told
        assert count(store, "SecurityEvent") >= SCENARIO_ROWS["SecurityEvent"]
        for table, batch, rows in (("Custom_CL", "custom", CUSTOM), ("SecurityEvent", "own", OWN)):
            there = {name: rows for name, rows, _ in held(store, table)}.get(batch, 0)
            unknown = "No ingested rows could be read" in told
            assert unknown or there + lost(told, table) == rows, (table, there, told)

    (aside,) = StoreFiles(directory).damaged_files()
    assert aside.read_bytes() == content[: int(len(content) * part)]


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_costs_no_row_that_is_not_named(directory: Path, seed: int) -> None:
    path = directory / "logs.duckdb"
    flip(path, random.Random(seed).randrange(path.stat().st_size))

    with small_store(directory) as store:
        told = " ".join(store.notices)
        for table, batch, rows in (("Custom_CL", "custom", CUSTOM), ("SecurityEvent", "own", OWN)):
            found = {name: (n, different) for name, n, different in held(store, table)}
            there, different = found.get(batch, (0, 0))
            assert there == different
            if "No ingested rows could be read" not in told:
                assert there + lost(told, table) == rows, told
        for table, rows in SCENARIO_ROWS.items():
            assert count(store, table) >= rows


def test_a_block_of_one_table_costs_the_other_tables_nothing(directory: Path) -> None:
    path = directory / "logs.duckdb"
    flip(path, block_of(path, "Custom_CL", "Fill") + 5_000)

    with small_store(directory) as store:
        told = " ".join(store.notices)
        assert held(store, "SecurityEvent") == [("own", OWN, OWN)]
        there = sum(rows for _, rows, _ in held(store, "Custom_CL"))

    assert there < CUSTOM
    assert lost(told, "Custom_CL") == CUSTOM - there


def test_damage_that_a_query_meets_is_repaired_and_said_after_the_next_start_too(
    directory: Path,
) -> None:
    path = directory / "logs.duckdb"
    position = block_of(path, "Heartbeat", "EventData") + 5_000
    with small_store(directory) as store:
        store.connect().close()
    silently(path, position)
    with small_store(directory) as store:
        with pytest.raises(StoreCorrupt, match="checksum"), store.reading() as connection:
            connection.execute("SELECT max(hash(t)) FROM Heartbeat t").fetchall()

        assert count(store, "Heartbeat") == SCENARIO_ROWS["Heartbeat"]
        assert held(store, "Custom_CL") == [("custom", CUSTOM, CUSTOM)]
        first = store.notices
    with small_store(directory) as store:
        assert store.notices == [each for each in first if "was damaged" in each] != []
        store.documents.dismiss_notices()
    with small_store(directory) as store:
        assert store.notices == []


def test_a_second_damage_leaves_the_first_file_where_it_was_kept(directory: Path) -> None:
    path = directory / "logs.duckdb"
    kept: list[bytes] = []
    for position in (13_000, 14_000):
        flip(path, position)
        kept.append(path.read_bytes())
        small_store(directory).close()

    aside = StoreFiles(directory).damaged_files()
    assert sorted(each.read_bytes() for each in aside) == sorted(kept)
    with small_store(directory) as store:
        assert [each.name in " ".join(store.notices) for each in aside] == [True, True]


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_repair_that_is_broken_off_can_begin_again(directory: Path) -> None:
    flip(directory / "logs.duckdb", 3 * 4096 + 100)
    damaged = (directory / "logs.duckdb").read_bytes()

    def killed(message: str, part: float) -> None:
        if part > 0:
            raise Killed

    with pytest.raises(Killed):
        small_store(directory, on_progress=killed)
    assert (directory / "logs.duckdb").read_bytes() == damaged

    with small_store(directory) as store:
        assert "was damaged" in " ".join(store.notices)


@contextmanager
def opened_for_writing(path: Path) -> Generator[None]:
    """Have another program hold a DuckDB file."""
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert other.stdout
        assert other.stdout.readline()
        yield
    finally:
        other.communicate(b"\n")


def refused(directory: Path, kind: type[SentinelError]) -> SentinelError:
    """Return why a store is not opened, and see that its logs stay where and as they are."""
    path = directory / "logs.duckdb"
    before = path.stat().st_ino, path.stat().st_size, path.stat().st_mtime_ns
    with pytest.raises(kind) as raised:
        small_store(directory)
    assert (path.stat().st_ino, path.stat().st_size, path.stat().st_mtime_ns) == before
    assert StoreFiles(directory).damaged_files() == []
    return raised.value


def test_logs_that_another_program_holds_are_not_damaged(directory: Path) -> None:
    with opened_for_writing(directory / "logs.duckdb"):
        assert "Close it" in str(refused(directory, Busy))
    with small_store(directory) as store:
        assert held(store, "Custom_CL") == [("custom", CUSTOM, CUSTOM)]


def test_a_database_of_another_program_is_not_thrown_away(directory: Path) -> None:
    path = directory / "logs.duckdb"
    path.unlink()
    with closing(duckdb.connect(path)) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS a")

    assert "Move it away" in str(refused(directory, ConfigError))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_logs_that_may_not_be_read_are_not_damaged(directory: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (directory / "logs.duckdb").chmod(0)

    assert "right to read" in str(refused(directory, ConfigError))


def damage_documents(path: Path, *, beyond: int = 4096) -> None:
    """Overwrite a page of a table in the middle of the file."""
    content = bytearray(path.read_bytes())
    pages = len(content) // 4096
    start = max(beyond, pages // 3 * 4096)
    content[start : start + 4096] = b"\x2a" * 4096
    path.write_bytes(content)


def test_changed_documents_outlive_a_damaged_page(directory: Path) -> None:
    path = directory / "resources.sqlite"
    damage_documents(path)
    damaged = path.read_bytes()
    with small_store(directory) as store:
        told = " ".join(store.notices)
        documents = store.documents.list("incidents")
        mine = [each for each in documents if each["properties"]["title"].startswith("Mine")]
        appended = store.documents.appended_rows("Syslog", after=0)

    assert len(documents) in (INCIDENTS, INCIDENTS - 1)
    assert len(mine) > CHANGED / 2
    assert len(appended) > CHANGED / 2
    assert "resources.sqlite is damaged" in told
    (aside,) = StoreFiles(directory).damaged_files()
    assert aside.name in told
    assert aside.read_bytes() == damaged


def test_a_document_that_was_deleted_stays_deleted_when_the_file_is_repaired(
    directory: Path,
) -> None:
    path = directory / "resources.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        # In the index: every row can be read, and the file is damaged all the same.
        ((page,),) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_document_1'"
        ).fetchall()
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\x2a" * 4096
    path.write_bytes(content)

    with small_store(directory) as store:
        assert store.documents.get("incidents", "incident-199") is None
        assert len(store.documents.list("incidents")) == INCIDENTS - 1
        assert len(store.documents.appended_rows("Syslog", after=0)) == CHANGED
        titles = [each["properties"]["title"] for each in store.documents.list("incidents")]
    assert sum(each.startswith("Mine") for each in titles) == CHANGED


def killed_while_writing(path: Path) -> None:
    """Leave documents as a killed process does: with the newest change in the log beside them."""
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from sentinel_mcp.local.documents import Documents\n"
        "documents = Documents(Path(sys.argv[1]))\n"
        "documents.put('incidents', 'newest', {'properties': {'title': 'Newest'}})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_log_beside_damaged_documents_is_kept_and_read(directory: Path) -> None:
    path = directory / "resources.sqlite"
    killed_while_writing(path)
    log = path.with_name("resources.sqlite-wal").read_bytes()
    damage_documents(path)

    with small_store(directory) as store:
        assert store.documents.get("incidents", "newest") is not None
    (aside,) = StoreFiles(directory).damaged_files()
    assert log
    beside = aside.with_name(aside.name + "-wal")
    # SQLite has moved the log into the file, or it is there still.
    assert not beside.exists() or beside.read_bytes() in (b"", log)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_a_log_without_its_documents_is_kept(directory: Path, left: str) -> None:
    path = directory / "resources.sqlite"
    killed_while_writing(path)
    log = path.with_name("resources.sqlite-wal").read_bytes()
    path.unlink()
    if left != "nothing":
        path.touch()

    with small_store(directory) as store:
        assert "resources.sqlite is damaged" in " ".join(store.notices)
    kept = [each.read_bytes() for each in directory.glob("resources.sqlite.corrupt-*-wal")]
    assert kept == [log]


def test_a_server_goes_on_with_the_documents_that_another_process_repaired(
    directory: Path,
) -> None:
    path = directory / "resources.sqlite"
    with closing(Documents(path)) as running:
        damage_documents(path)
        small_store(directory).close()

        running.put("incidents", "later", {"properties": {"title": "Later"}})
        before = running.version

    with small_store(directory) as store:
        assert store.documents.get("incidents", "later") is not None
        assert len(before) == 3
