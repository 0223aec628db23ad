"""The command line itself: failures, exit codes, and what it costs to start."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest
from command_line import Run


def test_a_missing_setting_is_told_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_WORKSPACE_ID", "x")

    outcome = run("query", "print 1")

    assert outcome.code == 2
    assert outcome.out == ""
    [line] = outcome.err.splitlines()
    assert line.startswith("error: ")
    assert "AZURE_SUBSCRIPTION_ID" in line


@pytest.mark.parametrize(
    "arguments",
    [[], ["dance"], ["serve", "--port", "70000"], ["validate"], ["query", "--for", "x"]],
)
def test_wrong_arguments_exit_with_2(run: Run, arguments: list[str]) -> None:
    outcome = run(*arguments)

    assert outcome.code == 2
    assert "usage: sentinel-mcp" in outcome.err


def test_the_version_is_the_package_s(run: Run) -> None:
    assert run("--version").out == f"sentinel-mcp {version('ms-sentinel-mcp')}\n"


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.5", "example.com", "127.0.0.1.nip.io"]
)
def test_a_server_on_another_address_than_loopback_is_refused(run: Run, host: str) -> None:
    outcome = run("serve", "--local", "--transport", "http", "--host", host, "--port", "0")

    assert outcome.code == 2
    assert "does not authenticate" in outcome.err


def test_help_loads_neither_server_nor_engine_nor_rich() -> None:
    code = (
        "import sys, sentinel_mcp.cli\n"
        "try: sentinel_mcp.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {name.partition(".")[0] for name in ran.stderr.split()}
    assert not loaded & {"fastmcp", "mcp", "azure", "duckdb", "rich", "pydantic"}
