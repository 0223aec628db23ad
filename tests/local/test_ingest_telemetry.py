"""Real recordings: all of them go in, and what an analyst looks for is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from stores import built_store, copied

from moment import MOMENT
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.local.ingest import IngestReport, ingest
from sentinel_mcp.local.store import Store

TELEMETRY = Path(__file__).parents[2].parent / "shared" / "data" / "telemetry"

pytestmark = pytest.mark.skipif(
    not TELEMETRY.is_dir(), reason="the recorded logs are not beside the repository"
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = built_store(tmp_path_factory)
    return copied(built, tmp_path_factory.mktemp("telemetry") / "store")


@pytest.fixture(scope="module")
def reports(directory: Path) -> dict[str, IngestReport]:
    catalog = bundled("sentinel")
    return {
        "windows": ingest(
            directory,
            None,
            sorted(TELEMETRY.glob("*.zip")),
            catalog=catalog,
            now=MOMENT,
            windows_events=True,
        ),
        "cef": ingest(
            directory,
            "CommonSecurityLog",
            sorted(TELEMETRY.glob("Common*")),
            catalog=catalog,
            now=MOMENT,
        ),
        "okta": ingest(
            directory, "Okta_CL", sorted(TELEMETRY.glob("Okta*")), catalog=catalog, now=MOMENT
        ),
    }


def rows(directory: Path, sql: str) -> list[tuple[object, ...]]:
    with Store.open(directory, now=MOMENT) as store:
        connection = store.connect()
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()


def test_every_row_of_every_file_is_taken(reports: dict[str, IngestReport]) -> None:
    assert {name: (each.taken, each.refused, each.skipped) for name, each in reports.items()} == {
        # The other zips hold cloud logs, of none of these channels.
        "windows": (19_321, 0, 14),
        "cef": (481, 0, 0),
        "okta": (593, 0, 0),
    }


def test_channels_go_to_their_tables_whatever_their_case(reports: dict[str, IngestReport]) -> None:
    assert {each.name: each.rows for each in reports["windows"].tables} == {
        "SecurityEvent": 3_777,
        "Sysmon": 9_557,
        "Event": 5_987,
    }


@pytest.mark.usefixtures("reports")
def test_the_service_of_the_lateral_movement_is_found(directory: Path) -> None:
    ((computer, service, path, account),) = rows(
        directory,
        "SELECT Computer, ServiceName, ServiceFileName, SubjectAccount FROM SecurityEvent "
        "WHERE EventID = 4697 AND Computer LIKE '%theshire%'",
    )
    assert (computer, service) == ("WORKSTATION6.theshire.local", "Updater")
    assert "-enc" in str(path)
    assert account == "THESHIRE\\pgustavo"

    ((log, image),) = rows(
        directory,
        "SELECT EventLog, ImagePath FROM Event WHERE EventID = 7045 AND Computer LIKE '%theshire%'",
    )
    assert log == "System"
    assert "powershell" in str(image)


@pytest.mark.usefixtures("reports")
def test_the_process_that_read_lsass_is_found(directory: Path) -> None:
    found = rows(
        directory,
        "SELECT SourceImage, Computer FROM Sysmon WHERE EventID = 10 "
        "AND TargetImage ILIKE '%lsass.exe' AND GrantedAccess IN ('0x1010', '0x1fffff')",
    )

    assert found
    assert all(str(image).endswith("powershell.exe") for image, _ in found)


@pytest.mark.usefixtures("reports")
def test_times_are_utc_though_the_machines_wrote_local_ones(directory: Path) -> None:
    ((generated, local),) = rows(
        directory,
        "SELECT TimeGenerated, EventTime FROM Event "
        "WHERE EventID = 7045 AND Computer LIKE '%theshire%'",
    )
    assert str(generated).startswith("2020-09-20 16:16:58")
    assert local == "2020-09-20 12:16:56"


@pytest.mark.usefixtures("reports")
def test_firewall_exports_fill_the_tables_own_columns(directory: Path) -> None:
    found = rows(
        directory,
        "SELECT min(TimeGenerated)::VARCHAR, sum(SentBytes) > 0, max(DestinationPort) "
        "FROM CommonSecurityLog WHERE DeviceVendor = 'SonicWall'",
    )
    assert found == [("2020-11-20 16:20:08.407", True, 5353)]


@pytest.mark.usefixtures("reports")
def test_a_vendors_null_markers_stay_as_they_came(directory: Path) -> None:
    ((marked, numbers),) = rows(
        directory,
        "SELECT count(*) FILTER (securityContext_asNumber_d = 'null'), "
        "count(*) FILTER (securityContext_asNumber_d = '10993') FROM Okta_CL",
    )
    assert int(str(marked)) > 0
    assert int(str(numbers)) > 0
