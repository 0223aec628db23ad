"""The map of columns is that of Microsoft's tables, and what is made of it is valid KQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest
import pytest_asyncio

from sentinel_mcp.domains.entities.investigation import plan
from sentinel_mcp.domains.entities.kql import alerts, knowledge, sightings
from sentinel_mcp.domains.entities.kql.sightings import Presence
from sentinel_mcp.domains.entities.sources.all import SOURCES
from sentinel_mcp.domains.entities.sources.model import GROUPS, Holding, Source, column_of
from sentinel_mcp.domains.entities.subjects import Kind, Subject, subject_of
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime(2026, 11, 22, tzinfo=UTC)
START = datetime(2026, 11, 15, tzinfo=UTC)
HOSTILE = 'x" | union * //\\'

VALUES: list[tuple[Kind, str]] = [
    ("account", "daniel.reyes@northwind.example"),
    ("account", "NORTHWIND\\daniel.reyes"),
    ("account", "daniel.reyes"),
    ("account", "S-1-5-21-1-2-3-1211"),
    ("account", "f19d1d76-900e-5052-88bf-6def30c936af"),
    ("account", "o'neil{}@x.example"),
    ("mailbox", "daniel.reyes@northwind.example"),
    ("host", "nw-fs-01"),
    ("host", "nw-fs-01.corp.northwind.example"),
    ("ip", "192.0.2.147"),
    ("ip", "2001:db8::1"),
    ("url", "https://login.northwind-sso.example/x?session=8c1f"),
    ("url", 'https://x.example/"];union_*'),
    ("domain", "northwind-sso.example"),
    ("file_hash", "a" * 32),
    ("file_hash", "a" * 40),
    ("file_hash", "a" * 64),
]

ALL_SOURCES = (
    *SOURCES, *knowledge.INVENTORY, knowledge.BEHAVIOUR, knowledge.IDENTITY, knowledge.PEERS,
)  # fmt: skip


def documented() -> Presence:
    """Return every table that Microsoft documents, with its columns."""
    tables = bundled("sentinel").tables
    return {name: frozenset(each.name for each in table.columns) for name, table in tables.items()}


def references(source: Source) -> Iterator[str]:
    for held in source.holds.values():
        yield from held.split()
    told = (source.account, source.host, source.ip, source.action, source.result, source.detail)
    yield from filter(None, told)


def subjects() -> Iterator[Subject]:
    for kind, value in VALUES:
        yield subject_of(kind, value, "given")
    # As the directory knows it.
    account = subject_of("account", "daniel.reyes@northwind.example", "given")
    names = {**account.names, "sam_name": ("daniel.reyes",)}
    yield replace(account, names=names, profile={"job_title": "Contractor"})


def queries(subject: Subject, presence: Presence | None) -> Iterator[str]:
    for part in plan(subject, presence, START, NOW, NOW).values():
        yield part.query
    for newest in (True, False):
        for group in GROUPS:
            sources = [each for each in SOURCES if each.group == group]
            legs = list(sightings.legs(sources, subject, presence).values())
            if legs:
                yield sightings.events(legs, after=NOW, newest=newest, limit=9)
    about = alerts.alerts_as_events(subject)
    if about:
        yield sightings.events([about], after=None, newest=True, limit=9)
    yield from filter(None, [knowledge.identity(subject, presence)])
    yield from filter(None, [knowledge.kinds(subject, subject_of("host", "x", "guess"), presence)])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def checker() -> AsyncGenerator[Checker]:
    # The first check waits for .NET and the schema, on machines that are busy with other tests.
    checker = Checker(timeout_s=60)
    yield checker
    await checker.aclose()


async def problems(checker: Checker, query: str) -> list[str]:
    check = await checker.check(query, bundled("sentinel"))
    return [*(each.message for each in check.errors), *(each.reason for each in check.refusals)]


@pytest.mark.parametrize("source", ALL_SOURCES, ids=lambda each: each.table)
async def test_every_column_that_is_searched_is_documented_and_of_a_type_that_holds_it(
    source: Source,
) -> None:
    columns = {each.name: each.type for each in bundled("sentinel").tables[source.table].columns}

    assert "TimeGenerated" in columns
    assert [each for each in references(source) if column_of(each) not in columns] == []
    for holding, held in source.holds.items():
        assert holding in get_args(Holding)
        for reference in held.split():
            declared = columns[column_of(reference)]
            free = "." in reference or holding in ("people", "ips", "text", "url")
            assert declared == "string" or (free and declared == "dynamic"), reference


async def test_every_table_is_mapped_once_and_the_common_ones_are() -> None:
    tables = [each.table for each in SOURCES]

    assert len(tables) == len(set(tables))
    assert set(tables) >= {
        "SigninLogs", "AADNonInteractiveUserSignInLogs", "AuditLogs", "OfficeActivity",
        "SecurityEvent", "Syslog", "CommonSecurityLog", "DeviceEvents", "DeviceLogonEvents",
        "DeviceProcessEvents", "DeviceNetworkEvents", "DeviceFileEvents", "DeviceRegistryEvents",
        "DeviceImageLoadEvents", "EmailEvents", "EmailUrlInfo", "UrlClickEvents", "DnsEvents",
        "ASimDnsActivityLogs", "AzureActivity", "AWSCloudTrail", "IdentityLogonEvents",
        "VMConnection",
    }  # fmt: skip


@pytest.mark.parametrize(
    "subject", list(subjects()), ids=lambda each: f"{each.kind} {each.value[:12]}"
)
async def test_every_query_is_valid_whatever_it_asks_for(
    checker: Checker, subject: Subject
) -> None:
    written = list(queries(subject, documented()))

    assert written
    assert {query: told for query in written if (told := await problems(checker, query))} == {}


async def test_a_query_names_every_table_where_the_workspace_is_not_known(
    checker: Checker,
) -> None:
    (query,) = (
        part.query
        for name, part in plan(
            subject_of("ip", "192.0.2.1", "given"), None, START, NOW, NOW
        ).items()
        if name == "network tables"
    )

    assert "isfuzzy=true" in query
    assert all(f"({table}\n" in query for table in ("DnsEvents", "VMConnection"))
    assert await problems(checker, query) == []


async def test_what_the_workspace_lacks_is_in_no_query() -> None:
    presence: Presence = {
        "SigninLogs": frozenset({"TimeGenerated", "IPAddress"}),
        "DnsEvents": frozenset({"TimeGenerated"}),
        "Watchlist": frozenset(),
    }

    found = plan(subject_of("ip", "192.0.2.1", "given"), presence, START, NOW, NOW)

    assert set(found) == {"identity tables", "watchlists"}
    assert found["identity tables"].tables == ("SigninLogs",)
    assert "UserPrincipalName" not in found["identity tables"].query


async def test_a_value_with_quotes_is_one_literal(checker: Checker) -> None:
    hostile = subject_of("account", "x", "given")
    hostile = Subject("account", HOSTILE, "given", {**hostile.names, "upn": (HOSTILE,)})
    written = list(queries(hostile, documented()))

    for query in written:
        check = await checker.check(query, bundled("sentinel"))
        assert check.errors == ()
        assert set(check.tables) <= {each.table for each in ALL_SOURCES} | {
            "SecurityAlert", "SecurityIncident", "Watchlist", "ThreatIntelIndicators",
        }  # fmt: skip
