"""Resident memory once the tools are listed, and after the first query and check.

Reference: a FastMCP server with one tool in the same run.
"""

from __future__ import annotations

import sys

from benchmarks.start import REFERENCE
from benchmarks.stdio import Session, local_server


def measure() -> dict[str, float]:
    """Return MiB: the reference, ours listed, ours warm, and the checker's process."""
    reference = Session([sys.executable, "-c", REFERENCE])
    reference.initialize()
    reference.call("tools/list")
    reference_mib = sum(reference.memory_mib().values())
    reference.close()

    opened = local_server()
    try:
        opened.call("tools/list")
        listed = sum(opened.memory_mib().values())
        opened.tool("run_query", query="SigninLogs | count")
        warm = list(opened.memory_mib().values())
    finally:
        opened.close()
    return {
        "reference_mib": reference_mib,
        "listed_mib": listed,
        "listed_ratio": listed / reference_mib,
        "warm_server_mib": warm[0],
        "warm_children_mib": sum(warm[1:]),
    }


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:>20} {value:.1f}")
