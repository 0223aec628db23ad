"""Every tool that looks for values finds the same rows, and those that brute force finds."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.truth.brute_force import Rows, Sought, alerts_about, networks, sample, within
from tests.truth.reading import Connected

from sentinel_mcp.settings import LOCAL

pytestmark = pytest.mark.asyncio(loop_scope="package")

VALUES = int(os.environ.get("SENTINEL_TRUTH_VALUES", "14"))
"""How many values are looked for; `make truth` takes more than 200."""

SEED = int(os.environ.get("SENTINEL_TRUTH_SEED", str(random.SystemRandom().randrange(10**6))))

REVIEWED_REASONS = {"plan", "no_time_column", "records"}
"""Why a table may go unsearched without anything being wrong."""

RECORDS = {
    "Anomalies", "HuntingBookmark", "IdentityInfo", "SecurityAlert", "SecurityIncident",
    "ThreatIntelIndicators", "Watchlist",
}  # fmt: skip


class Truth:
    """The server over a store of its own, and a copy of the store's rows."""

    def __init__(self, client: Connected, rows: Rows) -> None:
        self.client = client
        self.rows = rows
        self.values = sample(rows, SEED, VALUES)

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await self.client.call_tool(tool, arguments)
        assert answer.structured_content is not None
        return answer.structured_content


@pytest.fixture(scope="module")
def truth(client: Connected, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Truth:
    copy = tmp_path_factory.mktemp("values") / "logs.duckdb"
    shutil.copyfile(cache_dir / LOCAL / copy.name, copy)
    return Truth(client, Rows(copy))


def told(truth: Truth, sought: Sought) -> str:
    return (
        f"{sought.kind} {sought.value!r} (SENTINEL_TRUTH_SEED={SEED}, {len(truth.values)} values)"
    )


def check_search(answer: dict[str, Any], expected: dict[str, int], about: str) -> None:
    """Compare only where the answer says that it looked; what it did not look at has a reason."""
    unsearched = {each["table"]: each["reason"] for each in answer["not_searched"]}
    assert set(unsearched.values()) <= REVIEWED_REASONS, (about, unsearched)
    assert set(expected) <= {*answer["searched"], *unsearched}, about


async def test_an_investigation_counts_the_rows_that_brute_force_finds(truth: Truth) -> None:
    draw = random.Random(SEED)
    few = draw.sample(truth.values, min(len(truth.values), max(4, VALUES // 8)))
    for sought in few:
        expected = truth.rows.counts(sought)
        answer = await truth.call(
            "investigate_entity",
            value=sought.value,
            kind=sought.kind,
            timespan="30d",
            budget_s=120,
        )

        about = told(truth, sought)
        check_search(answer, expected, about)
        assert {each["table"]: each["events"] for each in answer["seen"]} == expected, about


async def test_matching_counts_the_rows_that_brute_force_finds(truth: Truth) -> None:
    for first in range(0, len(truth.values), 50):
        part = truth.values[first : first + 50]
        given = {each.value: each for each in part if each.kind != "mailbox"}
        answer = await truth.call("match_indicators", values=list(given), days=30)

        found = {each["given"]: each for each in answer["matches"]}
        assert answer["unusable"] == []
        assert answer["undecided"] == [], answer["not_searched"]
        for value, sought in given.items():
            expected = truth.rows.counts(sought)
            about = told(truth, sought)
            check_search(answer, expected, about)
            match = found.get(value)
            seen = {each["table"]: each["events"] for each in match["sightings"]} if match else {}
            count = match["sightings_count"] if match else 0
            assert count == len(expected), (about, seen, expected)
            assert seen.items() <= expected.items(), about
            assert (value in answer["nothing_found"]) == (match is None), about
            if match:
                events = sum(n for table, n in expected.items() if table not in RECORDS)
                assert match["events"] == events, about


async def test_a_network_is_searched_as_a_range(truth: Truth) -> None:
    addresses = [each.value for each in truth.values if each.kind == "ip" and ":" not in each.value]
    for network in networks(addresses)[: max(2, VALUES // 50)]:
        expected = within(truth.rows, network)
        answer = await truth.call("investigate_entity", value=network, timespan="30d", budget_s=120)

        about = f"{network} (SENTINEL_TRUTH_SEED={SEED})"
        check_search(answer, expected, about)
        assert {each["table"]: each["events"] for each in answer["seen"]} == expected, about


async def test_a_timeline_has_each_event_that_brute_force_finds_once(truth: Truth) -> None:
    rare = [
        (sought, counts)
        for sought in truth.values
        if sum((counts := truth.rows.counts(sought)).values()) <= 60
    ]
    for sought, counts in rare[: max(2, VALUES // 20)]:
        events: dict[str, int] = {}
        cursor: str | None = None
        while True:
            answer = await truth.call(
                "get_entity_timeline",
                value=sought.value,
                kind=sought.kind,
                timespan="30d",
                limit=40,
                cursor=cursor,
            )
            for each in answer["events"]:
                events[each["source"]] = events.get(each["source"], 0) + 1
            cursor = answer["next_cursor"]
            if cursor is None:
                break

        expected = {
            table: count
            for table, count in counts.items()
            if table not in RECORDS - {"SecurityAlert"}
        }
        assert events == expected, told(truth, sought)


async def test_alerts_of_an_entity_are_those_that_name_it_in_text_or_entities(
    truth: Truth,
) -> None:
    for sought in truth.values[:: max(1, len(truth.values) // 60)]:
        if sought.kind == "mailbox":
            continue
        answer = await truth.call(
            "list_alerts", entity=sought.value, created_after="2020-01-01T00:00:00Z", limit=200
        )

        found = {each["id"] for each in answer["alerts"]}
        assert found == alerts_about(truth.rows, sought), told(truth, sought)
