"""The recordings that once were thrown away: there after every start and every new scenario."""

from __future__ import annotations

import json
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from stores import built_store, copied

from moment import MOMENT
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.local.files import StoreFiles
from sentinel_mcp.local.ingest import ingest
from sentinel_mcp.local.store import Store

TELEMETRY = Path(__file__).parents[2].parent / "shared" / "data" / "telemetry"

pytestmark = pytest.mark.skipif(
    not TELEMETRY.is_dir(), reason="the recorded logs are not beside the repository"
)

RECORDINGS = {
    "AuditLogs": "golden_saml_AADAuditEvents.zip",
    "OfficeActivity": "golden_saml_OfficeActivityEvents.zip",
    "DeviceEvents": "golden_saml_Microsoft365DefenderEvents.zip",
}


def raw_rows(table: str) -> list[dict[str, Any]]:
    """Read a recording apart, without rows that are of another table: their ReportId is text."""
    with zipfile.ZipFile(TELEMETRY / RECORDINGS[table]) as archive:
        texts = [archive.read(name).decode("utf-8-sig") for name in archive.namelist()]
    rows = [json.loads(line) for text in texts for line in text.splitlines() if line.strip()]
    if table != "DeviceEvents":
        return rows
    return [row for row in rows if str(row.get("ReportId", 0)).isdigit()]


def times(table: str) -> list[datetime]:
    """Return the times of a recording's rows, to the second."""
    texts = [row.get("TimeGenerated") or row["Timestamp"] for row in raw_rows(table)]
    return sorted(datetime.fromisoformat(text[:19]) for text in texts)


def held(store: Store, table: str) -> list[datetime]:
    """Return the times of the rows that are older than any of the scenario, to the second."""
    with store.reading() as connection:
        rows = connection.execute(
            f"SELECT date_trunc('second', TimeGenerated) FROM {table} "
            "WHERE TimeGenerated < TIMESTAMP '2022-01-01' ORDER BY 1"
        ).fetchall()
    return [moment for (moment,) in rows]


def test_the_recordings_stay_over_starts_and_new_scenarios(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    directory = copied(built_store(tmp_path_factory), tmp_path / "store")
    now = MOMENT
    truth: dict[str, list[datetime]] = {}
    for table, name in RECORDINGS.items():
        report = ingest(directory, table, [TELEMETRY / name], catalog=bundled("sentinel"), now=now)
        truth[table] = times(table)
        assert report.taken == len(truth[table])
        with Store.open(directory, now=now) as store:
            assert {each: held(store, each) for each in truth} == truth

    with Store.open(directory, now=now + timedelta(hours=26)) as store:
        assert store.anchor > now + timedelta(hours=25)
        assert {each: held(store, each) for each in truth} == truth
    with Store.open(directory, now=now + timedelta(hours=26)) as store:
        assert {each: held(store, each) for each in truth} == truth
        assert not any("damaged" in each for each in store.notices)

    assert {table: len(found) for table, found in truth.items()} == {
        "AuditLogs": 4,
        "OfficeActivity": 1,
        "DeviceEvents": 5,
    }
    assert StoreFiles(directory).damaged_files() == []
