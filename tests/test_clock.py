"""One clock: tools, queries, documents and the checker all take the same moment for the present."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

import sentinel_mcp
from moment import MOMENT
from sentinel_mcp.clock import Clock

Connected = Client[FastMCPTransport]

DEFAULT = timedelta(days=30)
"""How far back alerts are listed, unless the caller says."""
LONG = timedelta(hours=1)
"""More than a run of these tests takes."""

OF_THE_MACHINE = {"azure/problems.py"}
"""A `Retry-After` date is compared with the time of the machine that waits."""
OPENING = {"Store.open": "now", "ingest": "now", "open_local": "clock", "LocalWorkspace": "clock"}
"""What opens the scenario, and the argument that says at which moment."""

ROOT = Path(sentinel_mcp.__file__).parent
TESTS = Path(__file__).parent


async def asked(client: Connected, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    assert answer.structured_content is not None
    return answer.structured_content


def is_present(text: str) -> bool:
    return timedelta() <= datetime.fromisoformat(text) - MOMENT < LONG


def test_a_clock_that_was_set_runs_on_from_there() -> None:
    clock = Clock(MOMENT)

    first, second = clock(), clock()

    assert MOMENT <= first <= second < MOMENT + LONG
    assert first.utcoffset() == timedelta()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_query_calls_the_moment_now(client: Connected) -> None:
    answer = await asked(client, "run_query", query="print now(), ago(1h)")

    ((now, hour_ago),) = answer["tables"][0]["rows"]
    assert is_present(now)
    assert is_present(moved(hour_ago, timedelta(hours=1)))


@pytest.mark.asyncio(loop_scope="session")
async def test_the_newest_rows_are_of_the_moment(client: Connected) -> None:
    answer = await asked(client, "run_query", query="Heartbeat | summarize max(TimeGenerated)")

    newest = datetime.fromisoformat(answer["tables"][0]["rows"][0][0])
    assert timedelta() <= MOMENT - newest < timedelta(minutes=5)


@pytest.mark.asyncio(loop_scope="session")
async def test_the_tools_measure_from_the_moment(client: Connected) -> None:
    alerts = await asked(client, "list_alerts")
    figures = await asked(client, "get_incident_statistics")
    subject = await asked(client, "investigate_entity", value="192.0.2.66", timespan="P7D")
    metrics = await asked(client, "query_metrics", metrics=["Ingestion Volume"], timespan="PT3H")

    assert is_present(moved(alerts["created_after"], DEFAULT))
    assert is_present(figures["created_before"])
    assert is_present(subject["timespan"].split("/")[1])
    assert is_present(metrics["end"])


@pytest.mark.asyncio(loop_scope="session")
async def test_the_checker_compares_bounds_at_the_moment(client: Connected) -> None:
    """Of two bounds the later one holds; which one that is depends on the time."""
    for age, later in ((timedelta(days=2), "ago(1d)"), (timedelta(hours=12), "datetime(")):
        query = (
            "SigninLogs | where TimeGenerated > ago(1d) "
            f"and TimeGenerated > datetime({(MOMENT - age).isoformat()})"
        )
        answer = await asked(client, "validate_query", query=query)
        assert answer["engine"] == "kusto_language"
        assert answer["in_query"].startswith(later)


def test_no_area_reads_the_time_of_the_machine() -> None:
    for folder in ("azure", "domains", "engine", "kql", "local/services", "local/scenario"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in calls(path):
                if called(node) in {"datetime.now", "datetime.utcnow", "date.today", "time.time"}:
                    assert path.relative_to(ROOT).as_posix() in OF_THE_MACHINE, path


def test_whoever_opens_the_scenario_in_a_test_says_at_which_moment() -> None:
    for path in TESTS.rglob("*.py"):
        for node in calls(path):
            given = {each.arg for each in node.keywords}
            missing = OPENING.get(called(node))
            assert missing is None or missing in given, f"{path}:{node.lineno}: no {missing}="
            if called(node) == "Settings" and "cache_dir" in given:
                assert "now" in given, f"{path}:{node.lineno}: no now="


def calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def moved(text: str, by: timedelta) -> str:
    return (datetime.fromisoformat(text) + by).isoformat()
