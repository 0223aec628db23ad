"""A bare MCP client over stdio, light enough not to be what is measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

PROTOCOL = "2025-06-18"


class Session:
    """One server process and the calls made to it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None):
        self.started = time.perf_counter()
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**kept, **(environment or {})},
        )
        self._id = 0

    def send(self, method: str, params: Mapping[str, Any] | None = None) -> int:
        """Send a request and return its id."""
        self._id += 1
        self._write({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params or {}})
        return self._id

    def receive(self, wanted: int) -> dict[str, Any]:
        """Return the answer to the request `wanted`, passing over everything else."""
        while True:
            message: dict[str, Any] = json.loads(self.read_line())
            if message.get("id") == wanted:
                return message

    def read_line(self) -> bytes:
        """Return the next message, whatever it is."""
        line = self.process.stdout.readline() if self.process.stdout else b""
        if not line:
            raise RuntimeError("the server closed its stdout")
        return line

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and return its answer."""
        return self.receive(self.send(method, params))

    def tool(self, name: str, **arguments: object) -> dict[str, Any]:
        """Call a tool and return its result."""
        return self.call("tools/call", {"name": name, "arguments": arguments})["result"]

    def initialize(self) -> None:
        """Go through the handshake."""
        self.call(
            "initialize",
            {
                "protocolVersion": PROTOCOL,
                "capabilities": {},
                "clientInfo": {"name": "benchmark", "version": "1"},
            },
        )
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _write(self, message: Mapping[str, Any]) -> None:
        if self.process.stdin is None:
            raise RuntimeError("the server has no stdin")
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def elapsed_s(self) -> float:
        """Seconds since the process was started."""
        return time.perf_counter() - self.started

    def cpu_s(self) -> float:
        """CPU seconds of the server process itself so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> dict[str, float]:
        """Resident memory of the server and of its children, by process name."""
        return {f"{name} ({pid})": kib / 1024 for pid, name, kib in _resident(self.process.pid)}

    def close(self) -> float:
        """Close stdin and return how many seconds the server took to end."""
        began = time.perf_counter()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return time.perf_counter() - began


def local_server(**settings: object) -> Session:
    """Start our server on the embedded workspace, `settings` being its SENTINEL_ variables."""
    opened = Session(
        [sys.executable, "-m", "sentinel_mcp.cli", "serve", "--local"],
        {f"SENTINEL_{name.upper()}": str(value) for name, value in settings.items()},
    )
    opened.initialize()
    return opened


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of them lie."""
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


def _resident(pid: int) -> Iterator[tuple[int, str, int]]:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(":", 1) for line in status if ":" in line)
    yield pid, fields["Name"].strip(), int(fields.get("VmRSS", "0 kB").split()[0])
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="utf-8").split():
            yield from _resident(int(child))
