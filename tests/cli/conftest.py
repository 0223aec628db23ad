"""Runs commands in the test's own process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command_line import Outcome, Run

from moment import NOW
from sentinel_mcp.cli import main


@pytest.fixture
def run(
    cache_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Return the command line as a function, in an environment with nothing but a cache folder."""
    for name in os.environ:
        if name.startswith(("SENTINEL_", "AZURE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SENTINEL_CACHE_DIR", str(cache_dir))
    for name, value in NOW.items():
        monkeypatch.setenv(name, value)
    # A machine that is busy with other tests starts the checker slowly.
    monkeypatch.setenv("SENTINEL_VALIDATION_TIMEOUT_S", "60")

    def run_command(*arguments: str) -> Outcome:
        try:
            code = main(arguments)
        except SystemExit as leaving:  # argparse ends the process itself
            code = int(leaving.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run_command
