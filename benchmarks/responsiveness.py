"""How long a ping takes while a 100,000-row answer is being read.

Reference: pings of the same session while nothing else goes on. Goal: p99 under 50 ms.
"""

from __future__ import annotations

import json
import time

from benchmarks.stdio import Session, local_server, percentile

ROWS = 100_000
QUERY = f"range Number from 1 to {ROWS} step 1" + "".join(
    f" | extend Column{index:02d} = strcat('value ', Number, ' of {index}')" for index in range(19)
)
PAUSE_S = 0.005
MAX_PINGS = 20_000


def measure() -> dict[str, float]:
    """Return percentiles in milliseconds, idle and under load."""
    opened = local_server(max_response_bytes=256 * 1024 * 1024, max_answer_bytes=64 * 1024)
    try:
        opened.tool("run_query", query="print Ready = 1")
        idle = [_ping(opened) for _ in range(300)]
        began = time.perf_counter()
        wanted = opened.send(
            "tools/call",
            {"name": "run_query", "arguments": {"query": QUERY, "max_rows": ROWS}},
        )
        busy: list[float] = []
        answered = False
        pending = opened.send("ping")
        sent = time.perf_counter()
        while not answered and len(busy) < MAX_PINGS:
            message = json.loads(opened.read_line())
            if message.get("id") == wanted:
                answered = True
            elif message.get("id") == pending:
                busy.append((time.perf_counter() - sent) * 1000)
                time.sleep(PAUSE_S)
                sent = time.perf_counter()
                pending = opened.send("ping")
        took_s = time.perf_counter() - began
    finally:
        opened.close()
    return {
        "answer_s": took_s,
        "pings": float(len(busy)),
        "idle_p50_ms": percentile(idle, 0.5),
        "idle_p99_ms": percentile(idle, 0.99),
        "busy_p50_ms": percentile(busy, 0.5),
        "busy_p99_ms": percentile(busy, 0.99),
        "busy_max_ms": max(busy),
        "p99_ratio": percentile(busy, 0.99) / percentile(idle, 0.99),
    }


def _ping(opened: Session) -> float:
    began = time.perf_counter()
    opened.call("ping")
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:>20} {value:.2f}")
