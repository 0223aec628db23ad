"""Cold start: from spawning the process to the answer to tools/list.

Reference: a FastMCP server with one tool, started in turn with ours. Goal: at most 1.15 of it.
"""

from __future__ import annotations

import statistics
import sys

from benchmarks.stdio import Session

REFERENCE = """
from fastmcp import FastMCP
server = FastMCP("reference")
@server.tool
async def echo(text: str) -> str:
    "Return the text."
    return text
server.run(show_banner=False)
"""

ROUNDS = 9


def _start(command: list[str]) -> tuple[float, float, float]:
    """Return wall seconds, CPU seconds and seconds to end."""
    opened = Session(command)
    opened.initialize()
    opened.call("tools/list")
    wall, cpu = opened.elapsed_s(), opened.cpu_s()
    return wall, cpu, opened.close()


def measure() -> dict[str, float]:
    """Return medians over interleaved rounds, and their ratios."""
    reference = [sys.executable, "-c", REFERENCE]
    ours = [sys.executable, "-m", "sentinel_mcp.cli", "serve", "--local"]
    _ = _start(reference), _start(ours)  # the first of each also fills the page cache
    pairs = [(_start(reference), _start(ours)) for _ in range(ROUNDS)]

    def median(which: int, what: int) -> float:
        return statistics.median(pair[which][what] for pair in pairs)

    return {
        "reference_wall_s": median(0, 0),
        "wall_s": median(1, 0),
        "wall_ratio": median(1, 0) / median(0, 0),
        "reference_cpu_s": median(0, 1),
        "cpu_s": median(1, 1),
        "cpu_ratio": median(1, 1) / median(0, 1),
        "end_s": median(1, 2),
    }


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:>20} {value:.3f}")
