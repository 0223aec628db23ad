"""How many published queries parse and bind, and what a check of one costs."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.dotnet import remedy
from sentinel_mcp.kql.results import Check, Environment
from sentinel_mcp.kql.validator import Checker

CORPUS = Path(__file__).parents[2] / "shared" / "data" / "kql"

ENVIRONMENTS: tuple[Environment, ...] = ("sentinel", "xdr")


@dataclass(slots=True)
class Share:
    """One set of queries: how many there are, parse, and bind in one environment or either."""

    name: str
    queries: int = 0
    parsed: int = 0
    bound: Counter[str] = field(default_factory=Counter[str])


@dataclass(slots=True)
class Measurement:
    """What was found; times are of warm, uncached checks through `Checker`."""

    shares: list[Share]
    first_check_s: float
    warm_p50_ms: float
    warm_p95_ms: float
    worker_mb: float
    unbound: Counter[str]


def corpus(directory: Path = CORPUS) -> dict[str, list[str]]:
    """Return the queries by set; empty where the data is missing."""
    return {
        path.name.split(".")[0]: [
            json.loads(line)["query"]
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.strip()
        ]
        for path in sorted(directory.glob("*.jsonl"))
    }


async def check_all(sets: dict[str, list[str]]) -> Measurement:
    """Check every query in both environments."""
    catalogs = {environment: bundled(environment) for environment in ENVIRONMENTS}
    checker = Checker(timeout_s=30)
    try:
        if await checker.engine() == "grammar":
            sys.exit(f"Nothing is bound without .NET, so nothing is measured. {remedy()}")
        started = time.perf_counter()
        await checker.check("print 1", catalogs["sentinel"])
        first_check_s = time.perf_counter() - started
        await checker.check("print 1", catalogs["xdr"])
        shares: list[Share] = []
        times: list[float] = []
        unbound: Counter[str] = Counter()
        for name, queries in sets.items():
            share = Share(name)
            for query in queries:
                checks: dict[str, Check] = {}
                for environment, catalog in catalogs.items():
                    begun = time.perf_counter()
                    checks[environment] = await checker.check(query, catalog)
                    times.append(time.perf_counter() - begun)
                _count(share, checks, unbound)
            shares.append(share)
        memory = _resident_mb(checker.worker_pid)
    finally:
        await checker.aclose()
    return Measurement(
        shares=shares,
        first_check_s=first_check_s,
        warm_p50_ms=statistics.median(times) * 1000,
        warm_p95_ms=statistics.quantiles(times, n=20)[-1] * 1000,
        worker_mb=memory,
        unbound=unbound,
    )


def _count(share: Share, checks: dict[str, Check], unbound: Counter[str]) -> None:
    share.queries += 1
    if any(each.code in _SYNTAX_CODES for each in checks["sentinel"].errors):
        return
    share.parsed += 1
    valid = [environment for environment, check in checks.items() if check.valid]
    share.bound.update(valid)
    if valid:
        share.bound["either"] += 1
    else:
        best = min(checks.values(), key=lambda check: len(check.errors))
        first = best.errors[0]
        unbound[f"{first.code} {first.message}"] += 1


# What the parser says of the corpus, all else comes from the binder.
_SYNTAX_CODES = frozenset({"KS001", "KS002", "KS005", "KS006", "KS176", "KS198", "KS228"})


def _resident_mb(pid: int | None) -> float:
    status = Path(f"/proc/{pid}/status")
    if pid is None or not status.exists():
        return float("nan")
    line = next(
        each for each in status.read_text(encoding="utf-8").splitlines() if each.startswith("VmRSS")
    )
    return int(line.split()[1]) / 1024


def measure() -> dict[str, float]:
    """Return shares of all queries and the cost of a check; empty where the data is missing."""
    if not (sets := corpus()):
        return {}
    found = asyncio.run(check_all(sets))
    total = _total(found.shares)
    return {
        "parsed": total.parsed / total.queries,
        **{f"bound_{name}": count / total.parsed for name, count in sorted(total.bound.items())},
        "first_check_s": found.first_check_s,
        "warm_p50_ms": found.warm_p50_ms,
        "warm_p95_ms": found.warm_p95_ms,
        "worker_mb": found.worker_mb,
    }


def main() -> None:
    sets = corpus()
    if not sets:
        print("The corpus is not there; nothing to measure.")
        return
    found = asyncio.run(check_all(sets))
    print(f"{'set':<16}{'queries':>8}{'parse %':>9}{'sentinel %':>12}{'xdr %':>8}{'either %':>10}")
    for share in (*found.shares, _total(found.shares)):
        _show(share)
    print(
        f"first check {found.first_check_s:.2f} s, warm p50 {found.warm_p50_ms:.2f} ms, "
        f"p95 {found.warm_p95_ms:.2f} ms, worker {found.worker_mb:.0f} MB"
    )
    for message, count in found.unbound.most_common(25 if "-v" in sys.argv else 5):
        print(f"{count:>5}  {message}")


def _total(shares: list[Share]) -> Share:
    total = Share("all")
    for share in shares:
        total.queries += share.queries
        total.parsed += share.parsed
        total.bound.update(share.bound)
    return total


def _show(share: Share) -> None:
    parsed = max(share.parsed, 1)
    print(
        f"{share.name:<16}{share.queries:>8}{100 * share.parsed / max(share.queries, 1):>9.1f}"
        f"{100 * share.bound['sentinel'] / parsed:>12.1f}{100 * share.bound['xdr'] / parsed:>8.1f}"
        f"{100 * share.bound['either'] / parsed:>10.1f}"
    )


if __name__ == "__main__":
    main()
