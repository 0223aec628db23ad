"""Every query that looks for a value is valid KQL, whatever the value and whatever the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sentinel_mcp.domains.entities.kql import alerts, knowledge, sightings
from sentinel_mcp.domains.shared import indicators
from sentinel_mcp.domains.shared.entity import Kind, Subject, subject_of
from sentinel_mcp.domains.shared.event_columns import usual_tables
from sentinel_mcp.domains.shared.identification import (
    accounts_query,
    documented_columns,
    hosts_query,
)
from sentinel_mcp.domains.shared.value_rows import Count, any_of_them, counts
from sentinel_mcp.domains.shared.value_search import LogTable, RowFilter, SearchScope
from sentinel_mcp.domains.shared.watchlist_items import ItemSearch
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HOSTILE = "x\" | union * //\\'"

VALUES: list[tuple[Kind, str]] = [
    ("account", "daniel.reyes@northwind.example"),
    ("account", "NORTHWIND\\daniel.reyes"),
    ("account", "NT AUTHORITY\\SYSTEM"),
    ("account", "daniel.reyes"),
    ("account", "root"),
    ("account", "Reyes, Daniel"),
    ("account", "S-1-5-21-1-2-3-1211"),
    ("account", "f19d1d76-900e-5052-88bf-6def30c936af"),
    ("account", "o'neil{}@x.example"),
    ("mailbox", "daniel.reyes@northwind.example"),
    ("host", "nw-fs-01"),
    ("host", "server"),
    ("host", "nw-fs-01.corp.northwind.example"),
    ("ip", "192.0.2.147"),
    ("ip", "2001:db8::1"),
    ("network", "192.0.2.0/23"),
    ("network", "fd00::/8"),
    ("network", "0.0.0.0/0"),
    ("url", "https://login.northwind-sso.example/x?session=8c1f"),
    ("url", 'https://x.example/"];union_*'),
    ("domain", "northwind-sso.example"),
    ("domain", "b\u00fccher.example"),
    ("file", "C:\\x\\a b'.exe"),
    ("file", "/etc/passwd"),
    ("file_hash", "a" * 32),
    ("file_hash", "a" * 128),
]


def usual() -> tuple[LogTable, ...]:
    return tuple(LogTable(name, columns) for name, columns in usual_tables().items())


def documented() -> tuple[LogTable, ...]:
    """Return every table that Microsoft documents."""
    return tuple(
        LogTable(name, {column.name: column.type for column in each.columns})
        for name, each in bundled("sentinel").tables.items()
    )


def subjects() -> Iterator[Subject]:
    for kind, value in VALUES:
        yield subject_of(kind, value, "given")
    # As the directory knows it.
    account = subject_of("account", "daniel.reyes@northwind.example", "given")
    names = {**account.names, "sam_name": ("daniel.reyes",), "sid": ("S-1-5-21-1-2-3-1211",)}
    yield replace(account, names=names)


def searches(subject: Subject, tables: Sequence[LogTable]) -> Iterator[str]:
    """Yield the queries that search tables, in the parts in which they are asked."""
    rows = RowFilter.of(subject)
    labelled = RowFilter.of(subject, "7")
    for part in SearchScope(tuple(tables)).shared_out():
        held = [each for each in part if rows.where(each) is not None]
        if not held:
            continue
        yield sightings.sightings(rows, held)
        yield any_of_them([labelled], held)
        yield counts([Count(7, labelled, each) for each in held])
        for newest in (True, False):
            yield sightings.events(rows, held, after=NOW, newest=newest, limit=9)


def lookups(subject: Subject) -> Iterator[str]:
    behaviour = next(each for each in documented() if each.name == "BehaviorAnalytics")
    written = (
        alerts.alerts(subject, NOW),
        alerts.incidents(subject, NOW),
        knowledge.behaviour(RowFilter.of(subject), behaviour),
        knowledge.peers(subject),
        ItemSearch(subject, subject.value).query,
        accounts_query([subject], documented_columns()),
        hosts_query([subject], [("Heartbeat", "Computer"), ("DeviceInfo", "DeviceName")]),
        indicators.query(indicators.NEW, [subject]),
        indicators.query(indicators.LEGACY, [subject]),
    )
    yield from filter(None, written)


async def problems(checker: Checker, query: str) -> list[str]:
    check = await checker.check(query, bundled("sentinel"))
    return [*(each.message for each in check.errors), *(each.reason for each in check.refusals)]


@pytest.mark.parametrize(
    "subject", list(subjects()), ids=lambda each: f"{each.kind} {each.value[:12]}"
)
async def test_every_query_is_valid_whatever_it_asks_for(
    checker: Checker, subject: Subject
) -> None:
    # Of the usual tables one in nine, so that every value meets other columns than the last.
    first = [each.value for each in subjects()].index(subject.value) % 9
    written = [*searches(subject, usual()[first::9]), *lookups(subject)]

    assert written
    assert {query: why for query in written if (why := await problems(checker, query))} == {}


@pytest.mark.parametrize("value", ["daniel.reyes@northwind.example", "root"])
async def test_a_search_of_every_table_that_microsoft_documents_is_valid(
    checker: Checker, value: str
) -> None:
    # `root` is looked for by the names of the columns, so that each of them is in a query.
    rows = RowFilter.of(subject_of("account", value, "given"))
    tables = [each for each in documented() if "TimeGenerated" in each.columns]
    parts = [tables[first : first + 60] for first in range(0, len(tables), 60)]
    written = [
        sightings.sightings(rows, held)
        for part in parts
        if (held := [each for each in part if rows.where(each) is not None])
    ]

    assert len(tables) > 500
    assert {query: why for query in written if (why := await problems(checker, query))} == {}


async def test_a_value_with_quotes_is_one_literal(checker: Checker) -> None:
    hostile = subject_of("account", "x", "given")
    hostile = Subject(
        "account", HOSTILE, "given", {**hostile.names, "upn": (HOSTILE,), "sid": (HOSTILE,)}
    )
    tables = usual()[:6]
    known = {each.name for each in tables} | {
        "SecurityAlert", "SecurityIncident", "Watchlist", "ThreatIntelIndicators",
        "ThreatIntelligenceIndicator", "IdentityInfo", "BehaviorAnalytics", "UserPeerAnalytics",
        "Heartbeat", "DeviceInfo",
    }  # fmt: skip

    for query in [*searches(hostile, tables), *lookups(hostile)]:
        check = await checker.check(query, bundled("sentinel"))
        assert check.errors == ()
        assert set(check.tables) <= known
