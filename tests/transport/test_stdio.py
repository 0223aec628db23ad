"""The real command over stdio, spoken to with raw lines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from moment import NOW

PATIENCE_S = 60
"""How long a test waits before it calls a process stuck; far above what is usual."""


class Server:
    """The served command; every line of its stdout is kept as it came."""

    def __init__(self, *arguments: str, folder: Path, **variables: str) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sentinel_mcp.cli", "serve", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**kept, **NOW, "SENTINEL_CACHE_DIR": str(folder), **variables},
            text=True,
        )
        self.lines: list[str] = []
        self._id = 0

    def write(self, line: str) -> None:
        """Send one line as it is."""
        if self.process.stdin:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request and return its answer."""
        self._id += 1
        request = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
        self.write(json.dumps(request))
        while self.process.stdout:
            line = self.process.stdout.readline()
            if not line:
                break
            self.lines.append(line)
            message = json.loads(line)
            if message.get("id") == self._id:
                return message
        raise AssertionError(f"no answer to {method}")

    def initialize(self) -> None:
        """Go through the handshake."""
        self.call(
            "initialize",
            protocolVersion="2025-06-18",
            capabilities={},
            clientInfo={"name": "test", "version": "1"},
        )
        self.write(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))

    def close(self) -> tuple[int, str, str]:
        """Close stdin; return the exit code and what was left on stdout and stderr."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out, err


@contextmanager
def served(*arguments: str, folder: Path, **variables: str) -> Generator[Server]:
    server = Server(*arguments, folder=folder, **variables)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()


def test_stdout_carries_nothing_but_the_protocol(cache_dir: Path) -> None:
    with served("--local", folder=cache_dir) as server:
        server.initialize()
        server.call("tools/list")
        answer = server.call("tools/call", name="list_workspaces", arguments={})
        server.call("tools/call", name="run_query", arguments={"query": "not kql at all ("})
        _, rest, _ = server.close()

    assert not answer["result"].get("isError"), answer
    for line in [*server.lines, *rest.splitlines()]:
        assert json.loads(line)["jsonrpc"] == "2.0"


def test_a_closed_stdin_ends_the_server_without_complaint(cache_dir: Path) -> None:
    with served("--local", folder=cache_dir) as server:
        server.initialize()
        code, _, err = server.close()

    assert code == 0
    assert "Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_without_complaint(cache_dir: Path, number: int) -> None:
    with served("--local", folder=cache_dir) as server:
        server.initialize()
        server.process.send_signal(number)
        _, err = server.process.communicate(timeout=PATIENCE_S)

    assert server.process.returncode in (0, 128 + number), err
    assert "Traceback" not in err


def test_a_query_under_way_ends_with_the_server_and_without_complaint(cache_dir: Path) -> None:
    heavy = (
        "SecurityEvent | join kind=inner (SecurityEvent) on Computer "
        "| summarize dcount(strcat(EventData, EventData1)), count() by Account, Account1"
    )
    with served("--local", folder=cache_dir) as server:
        server.initialize()
        arguments = {"query": heavy, "timespan": "14d"}
        started = server.call("tools/call", name="start_query", arguments=arguments)
        task = {"task_id": started["result"]["structuredContent"]["id"], "wait_s": 1}
        waited = server.call("tools/call", name="get_task", arguments=task)
        code, _, err = server.close()

    assert waited["result"]["structuredContent"]["status"] == "running"
    assert code == 0
    assert "Traceback" not in err
    assert "never retrieved" not in err


@pytest.mark.needs_dotnet
def test_the_processes_it_started_end_with_it(cache_dir: Path) -> None:
    with served("--local", folder=cache_dir) as server:
        server.initialize()
        server.call("tools/call", name="validate_query", arguments={"query": "print 1"})
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        started = children.read_text(encoding="utf-8").split()
        server.close()

    assert started, "no checker was started"
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


def test_a_line_that_is_no_message_leaves_the_server_alive(cache_dir: Path) -> None:
    with served("--local", folder=cache_dir) as server:
        server.initialize()
        server.write("this is not JSON")
        server.write('{"jsonrpc": "2.0"')
        tools = server.call("tools/list")["result"]["tools"]

    assert tools


def test_half_an_azure_configuration_ends_the_start_with_the_missing_name(cache_dir: Path) -> None:
    with served(folder=cache_dir, AZURE_WORKSPACE_ID="x") as server:
        code, out, err = server.close()

    assert code == 2
    assert out == ""
    assert "AZURE_SUBSCRIPTION_ID" in err


def test_an_address_that_is_not_loopback_is_refused(cache_dir: Path) -> None:
    with served("--local", "--transport", "http", "--host", "0.0.0.0", folder=cache_dir) as server:
        code, _, err = server.close()

    assert code == 2
    assert "loopback" in err
