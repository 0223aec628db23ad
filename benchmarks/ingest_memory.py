"""Peak memory of ingesting one large file, each format in a process of its own.

python -m benchmarks.ingest_memory [--megabytes 1024] [--formats jsonl json csv parquet]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

FORMATS = ("jsonl", "json", "csv", "parquet")
LIMIT_MB = 500
COLUMNS = 40


def records() -> Iterator[dict[str, object]]:
    """Yield Windows events of some 1.5 KB, a fifth of their fields unknown to the schema."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    number = 0
    while True:
        number += 1
        yield {
            "TimeGenerated": (start + timedelta(seconds=number)).isoformat(),
            "EventID": str(4600 + number % 100),
            "Channel": "Security",
            "Hostname": f"host{number % 500}.corp.example",
            "SubjectUserName": f"user{number % 3000}",
            "LogonType": str(number % 11),
            "Message": f"Event {number} of many. " + "Lorem ipsum dolor sit amet " * 12,
            **{f"Extra{each}": f"value {number * each % 9973}" for each in range(COLUMNS - 10)},
            "Count": number,
            "Ratio": number / 7,
            "Details": {"attempt": number % 5, "tags": ["a", "b"]},
        }


def write(path: Path, size_bytes: int) -> None:
    """Write a file of that size in the format of its suffix."""
    import csv

    if path.suffix == ".parquet":
        import duckdb

        lines = path.with_suffix(".jsonl")
        write(lines, size_bytes)
        duckdb.execute(
            f"COPY (SELECT * FROM read_json('{lines}')) TO '{path}' (COMPRESSION uncompressed)"
        )
        lines.unlink()
        return
    written = 0
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        for number, record in enumerate(records()):
            if path.suffix == ".csv":
                if not number:
                    writer.writerow(record)
                writer.writerow(str(each) for each in record.values())
            else:
                separator = "[" if path.suffix == ".json" and not number else ","
                handle.write(separator if path.suffix == ".json" else "")
                handle.write(orjson.dumps(record).decode() + "\n")
            if number % 1000 == 0:
                written = handle.tell()
            if written >= size_bytes:
                break
        handle.write("]" if path.suffix == ".json" else "")


def measure(path: Path, directory: Path) -> None:
    """Ingest one file and print time and peak memory of this process."""
    from sentinel_mcp.kql.catalog import bundled
    from sentinel_mcp.local.ingest import ingest

    began = time.perf_counter()
    report = ingest(directory, "SecurityEvent", [path], catalog=bundled("sentinel"))
    took_s = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size_mb = path.stat().st_size / 1024 / 1024
    verdict = "within" if peak_mb <= LIMIT_MB else "OVER"
    print(
        f"{path.suffix[1:]:8} {size_mb:7.0f} MB {report.taken:9,} rows {took_s:6.1f} s "
        f"peak {peak_mb:4.0f} MB, {verdict} {LIMIT_MB} MB"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=int, default=1024)
    arguments.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS)
    arguments.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--measure", nargs=2, type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.write:
        write(given.write, given.megabytes * 1024 * 1024)
        return
    if given.measure:
        measure(*given.measure)
        return
    for kind in given.formats:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"large.{kind}"
            # Children, so that the peak is of ingesting alone: a process begins with the peak of
            # the one that started it.
            size = f"--megabytes={given.megabytes}"
            for task in (["--write", path, size], ["--measure", path, Path(folder) / "store"]):
                subprocess.run([sys.executable, __file__, *task], check=True)


if __name__ == "__main__":
    main()
