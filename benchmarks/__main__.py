"""Runs every benchmark that needs nothing but the project, and prints what it saw."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping

from benchmarks import memory, query_rows, responsiveness, start, validation

PARTS: Mapping[str, Callable[[], Mapping[str, float]]] = {
    "cold start (goal: wall_ratio <= 1.15)": start.measure,
    "query_rows (goal: ratio <= 0.1)": query_rows.measure,
    "validate_query (goal: new_p50_ms <= 5)": validation.measure,
    "responsiveness (goal: busy_p99_ms < 50)": responsiveness.measure,
    "memory": memory.measure,
}

if __name__ == "__main__":
    print(f"Python {platform.python_version()}, {platform.machine()}")
    for title, part in PARTS.items():
        print(f"\n{title}")
        for name, value in part().items():
            print(f"{name:>24} {value:10.3f}")
