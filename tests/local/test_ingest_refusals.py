"""Files that cannot be taken: a clear error, and a store that is as it was."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from stores import built_store, copied

from moment import MOMENT
from sentinel_mcp.errors import InputError
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.local.ingest import ingest

TIME = "2026-03-01T10:00:00Z"
GOOD = f'{{"TimeGenerated":"{TIME}","n":1}}\n'.encode()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that is never changed, since nothing here can be taken."""
    built = built_store(tmp_path_factory)
    return copied(built, tmp_path_factory.mktemp("refusals") / "store")


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def refused(
    directory: Path,
    files: Sequence[Path],
    *,
    table: str | None = "My_CL",
    where: Sequence[str] = (),
) -> InputError:
    """Ingest, and return the error, having seen that the store stayed the same."""
    logs = directory / "logs.duckdb"
    before = logs.stat().st_ino, logs.stat().st_mtime_ns
    with pytest.raises(InputError) as caught:
        ingest(directory, table, files, catalog=bundled("sentinel"), where=where, now=MOMENT)
    assert (logs.stat().st_ino, logs.stat().st_mtime_ns) == before
    assert not list(directory.glob("*.scratch*"))
    return caught.value


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", b"", "is empty"),
        ("a.json", b"   \n \n", "no row"),
        ("a.csv", b"TimeGenerated,n\n", "no row"),
        ("a.csv", b"\n\n", "no header"),
        ("a.bin", b"\x00\x01\x02 what is this", "no known format"),
        ("a.json", b"[" * 200_000, "nested too deep"),
        ("a.json", b'{"TimeGenerated":' + b'{"a":' * 200_000, "nested too deep"),
        ("a.json", b"[" + GOOD + b"," + b'{"n":', "not JSON"),
        ("a.json", b"[" + GOOD + b",{n:1}]", "line 2"),
        ("a.json", b"[" + GOOD, "middle of its array"),
        ("a.json", b"\xff\xfe\xff\xff" * 9, "not JSON"),
        ("a.json", b"7 8 9", "not an object"),
        ("a.jsonl", GOOD + b'{"n":"' + b"x" * (9 * 1024 * 1024) + b'"}\n', "more than 8 MB"),
        ("a.csv", b"TimeGenerated,n\n" + b'"' + b"x" * (9 * 1024 * 1024), "8 MB"),
        ("a.jsonl", b'{"n":1}\n{"n":2}\n', "None of the 2 rows"),
        ("a.parquet", b"PAR1 and then nothing", "Parquet"),
        ("a.parquet", b"no parquet", "no known format"),
        ("a.zip", b"PK\x03\x04 broken", "damaged zip"),
        ("a.zip", b"no zip at all", "no zip archive"),
        ("a.zip", zipped(inner__zip=zipped(a__json=GOOD)), "no file that can be taken"),
        ("a.zip", zipped(a__json=b" " * 90_000_000), "times its size"),
        ("a.zip", zipped(a__json=GOOD)[:-30] + b"\0" * 30, "damaged zip"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    directory: Path, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    assert says in str(refused(directory, [path]))


def test_a_second_file_that_breaks_off_takes_the_first_with_it(
    directory: Path, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.json"
    good.write_bytes(GOOD * 1000)
    bad.write_bytes(b"[" + GOOD)

    assert "bad.json" in str(refused(directory, [good, bad]))


def test_a_damaged_member_of_an_archive_is_refused(directory: Path, tmp_path: Path) -> None:
    content = bytearray(zipped(a__json=bytes(range(32, 120)) * 200 + GOOD * 500))
    for place in range(60, 110):
        content[place] ^= 0xFF
    path = tmp_path / "a.zip"
    path.write_bytes(content)

    refused(directory, [path])


def test_a_missing_file_and_a_folder_are_refused(directory: Path, tmp_path: Path) -> None:
    assert "no file" in str(refused(directory, [tmp_path / "nothing.json"]))
    assert "not a file" in str(refused(directory, [tmp_path]))


@pytest.mark.parametrize(
    "table", ["", "1abc", "a b", "x; DROP TABLE y", 'a"b', "../x", "t" * 101, "é", "a.b"]
)
def test_a_name_that_is_no_table_is_refused(directory: Path, tmp_path: Path, table: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD)

    assert "name of a table" in str(refused(directory, [path], table=table))


def test_arguments_that_contradict_each_other_are_refused(directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD)

    assert "No table" in str(refused(directory, [path], table=None))
    assert "Field=Value" in str(refused(directory, [path], where=["Channel"]))
    assert "no file" in str(refused(directory, []))
    assert "meets the condition" in str(refused(directory, [path], where=["n=2"]))
    with pytest.raises(InputError, match="--windows"):
        ingest(
            directory,
            "My_CL",
            [path],
            catalog=bundled("sentinel"),
            windows_events=True,
            now=MOMENT,
        )


def test_data_in_field_names_is_refused_before_it_makes_a_thousand_columns(
    directory: Path, tmp_path: Path
) -> None:
    fields = ",".join(f'"user{number}":1' for number in range(1100))
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"TimeGenerated":"{TIME}",{fields}}}\n', encoding="utf-8")

    assert "1,000 columns" in str(refused(directory, [path]))
