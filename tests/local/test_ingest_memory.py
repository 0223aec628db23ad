"""A large file goes through in little memory: the short form of benchmarks/ingest_memory.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from stores import built_store, copied

from moment import MOMENT

MEGABYTES = 40

CODE = """
import sys
from datetime import datetime
from pathlib import Path
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.local.ingest import ingest

store, file = Path(sys.argv[1]), Path(sys.argv[2])
report = ingest(
    store,
    "SecurityEvent",
    [file],
    catalog=bundled("sentinel"),
    now=datetime.fromisoformat(sys.argv[3]),
)
status = Path("/proc/self/status").read_text(encoding="ascii")
peak_kb = int(status.split("VmHWM:")[1].split()[0])
print()
print(report.taken, peak_kb // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_file_of_many_megabytes_stays_far_below_the_limit(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path / "large.jsonl"
    row = {f"Field{number}": f"value {number} " * 3 for number in range(40)}
    with path.open("w", encoding="utf-8") as file:
        written = 0
        while written < MEGABYTES * 1024 * 1024:
            row["EventID"] = str(written % 9000)
            row["TimeGenerated"] = "2026-03-01T10:00:00Z"
            written += file.write(json.dumps(row) + "\n")
    store = copied(built_store(tmp_path_factory), tmp_path / "store")

    run = subprocess.run(
        [sys.executable, "-c", CODE, str(store), str(path), MOMENT.isoformat()],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )

    # Above it, DuckDB shows how far it is: it takes `python -c` for a person at a prompt.
    taken, peak_mb = (int(each) for each in run.stdout.splitlines()[-1].split())
    assert taken > 20_000
    assert peak_mb < 500
