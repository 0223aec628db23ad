"""How long `validate_query` takes through a client, warm, each query seen for the first time.

Reference: a ping of the same session. Goal: p50 of at most 5 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.stdio import local_server, percentile

COUNT = 300


def measure() -> dict[str, float]:
    """Return percentiles in milliseconds, new queries and repeated ones."""
    opened = local_server()
    try:
        for index in range(20):
            opened.tool("validate_query", query=_query(-index))
        ping = [_timed(lambda: opened.call("ping")) for _ in range(COUNT)]
        fresh = [
            _timed(lambda index=index: opened.tool("validate_query", query=_query(index)))
            for index in range(COUNT)
        ]
        again = [
            _timed(lambda index=index: opened.tool("validate_query", query=_query(index)))
            for index in range(COUNT)
        ]
    finally:
        opened.close()
    return {
        "ping_p50_ms": percentile(ping, 0.5),
        "new_p50_ms": percentile(fresh, 0.5),
        "new_p99_ms": percentile(fresh, 0.99),
        "repeated_p50_ms": percentile(again, 0.5),
        "new_ratio": percentile(fresh, 0.5) / percentile(ping, 0.5),
    }


def _query(index: int) -> str:
    return (
        "SigninLogs | where TimeGenerated > ago(1d) and ResultType == 50126 "
        f"| summarize Failures = count() by UserPrincipalName, IPAddress | where Failures > {index}"
    )


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:>20} {value:.2f}")
