"""Recorded attacks: taken in by the command, found over stdio by an MCP client."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from tests.local.stores import own_cache

from moment import NOW

TELEMETRY = Path(__file__).parents[3] / "shared" / "data" / "telemetry"

pytestmark = [
    pytest.mark.skipif(not TELEMETRY.is_dir(), reason="the recordings are not beside the project"),
    pytest.mark.asyncio(loop_scope="session"),
]

COMMAND = [sys.executable, "-m", "sentinel_mcp.cli"]
YEARS = "2020-01-01/2022-01-01"

Connected = Client[StdioTransport]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def recorded(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Connected]:
    """Take in every recording, then serve the store over stdio."""
    folder = own_cache(tmp_path_factory, "recorded")
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        **NOW,
        "SENTINEL_CACHE_DIR": str(folder),
    }
    for arguments in (
        ["--windows", *sorted(str(path) for path in TELEMETRY.glob("*.zip"))],
        ["--table", "CommonSecurityLog", *(str(p) for p in TELEMETRY.glob("CommonSecurityLog*"))],
        ["--table", "Okta_CL", str(TELEMETRY / "Okta_CL.json")],
    ):
        done = subprocess.run(  # noqa: ASYNC221 nothing else runs on this loop yet
            [*COMMAND, "local", "ingest", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert ", 0 refused" in done.stdout
    transport = StdioTransport(COMMAND[0], [*COMMAND[1:], "serve", "--local"], env=environment)
    async with Client(transport) as connected:
        yield connected


async def rows(client: Connected, query: str) -> list[list[Any]]:
    answer = await client.call_tool("run_query", {"query": query, "timespan": YEARS})
    assert answer.structured_content
    found: list[list[Any]] = answer.structured_content["tables"][0]["rows"]
    return found


async def test_the_service_installed_for_lateral_movement_is_found_in_both_logs(
    recorded: Connected,
) -> None:
    audited = await rows(
        recorded,
        "SecurityEvent | where EventID == 4697 | project Computer, ServiceName, ServiceFileName",
    )
    installed = await rows(
        recorded, "Event | where EventID == 7045 | project Computer, ServiceName, ImagePath"
    )

    assert audited == installed
    ((computer, service, command),) = audited
    assert (computer, service) == ("WORKSTATION6.theshire.local", "Updater")
    assert "powershell -noP -sta -w 1 -enc" in command


async def test_the_process_that_opened_lsass_to_read_its_memory_is_found(
    recorded: Connected,
) -> None:
    # 0x1010: PROCESS_VM_READ and PROCESS_QUERY_LIMITED_INFORMATION, what Mimikatz asks for.
    found = await rows(
        recorded,
        "Sysmon | where EventID == 10 and TargetImage endswith @'\\lsass.exe' "
        "| where GrantedAccess == '0x1010' | project Hostname, SourceImage",
    )

    assert found == [
        [
            "WORKSTATION5.theshire.local",
            "C:\\windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
        ]
    ]


async def test_every_record_of_every_file_is_there(recorded: Connected) -> None:
    counted = [
        (table, (await rows(recorded, f"{table} | count"))[0][0])
        for table in ("CommonSecurityLog", "Event", "Okta_CL", "SecurityEvent", "Sysmon")
    ]

    assert dict(counted) == {
        "CommonSecurityLog": 481,
        "Event": 5987,
        "Okta_CL": 593,
        "SecurityEvent": 3777,
        "Sysmon": 9557,
    }
