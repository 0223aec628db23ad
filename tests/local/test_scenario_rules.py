"""The analytics rules: sound KQL, and raised by the very events that the alerts tell of."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from stores import built_store

from moment import MOMENT
from sentinel_mcp.engine.engine import DuckdbEngine
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.timespan import Timespan
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.scenario.cases import RaisedAlert, cases
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.rules.all import rule, rules
from sentinel_mcp.local.store import Store

pytestmark = pytest.mark.asyncio(loop_scope="session")

TECHNIQUE = re.compile(r"T\d{4}")
TACTICS = frozenset(
    [
        "Reconnaissance",
        "ResourceDevelopment",
        "InitialAccess",
        "Execution",
        "Persistence",
        "PrivilegeEscalation",
        "DefenseEvasion",
        "CredentialAccess",
        "Discovery",
        "LateralMovement",
        "Collection",
        "CommandAndControl",
        "Exfiltration",
        "Impact",
    ]
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_store(tmp_path_factory)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def checker(checker: Checker) -> Checker:
    if await checker.engine() != "kusto_language":
        pytest.skip("there is no .NET here to bind the queries")
    return checker


async def test_every_rule_binds_and_maps_columns_that_it_returns(checker: Checker) -> None:
    catalog = bundled("sentinel")
    for each in rules():
        if not each.query:
            continue
        check = await checker.check(each.query, catalog)
        assert check.errors == (), each.key
        assert check.columns is not None
        returned = {column.name for column in check.columns}
        mapped = {column for _, fields in each.entities for column in fields.values()}
        assert mapped | set(each.details.values()) <= returned, each.key


async def test_tactics_and_techniques_are_those_of_attack() -> None:
    assert len(rules()) == 25
    for each in rules():
        assert set(each.tactics) <= TACTICS, each.key
        assert all(TECHNIQUE.fullmatch(technique) for technique in each.techniques), each.key
    kinds = {each.kind for each in rules()}
    assert kinds == {"Scheduled", "NRT", "Fusion", "MicrosoftSecurityIncidentCreation"}


async def test_every_alert_is_raised_by_its_rule_on_the_rows_of_its_time(
    directory: Path, checker: Checker
) -> None:
    with Store.open(directory, now=MOMENT) as store:
        clock = Clock(store.anchor)
        catalog = bundled("sentinel").with_tables(store.tables().values())
        for case in cases(clock):
            for raised in case.alerts:
                if raised.alert.rule is None or not rule(raised.alert.rule).query:
                    continue
                query = await checker.normalise(rule(raised.alert.rule).query, catalog)
                connection = store.connect()
                found = DuckdbEngine(connection, catalog).run(
                    query, timespan=window(raised), now=store.anchor, max_rows=100
                )
                rows = list(found.rows)
                connection.close()
                assert rows, raised.alert.key


def window(raised: RaisedAlert) -> Timespan:
    """Return the range that the rule's run saw: its period, and all that the alert is about."""
    by = rule(raised.alert.rule or "")
    days, hours, minutes = (
        int(found[1]) if (found := re.search(rf"(\d+){unit}", by.period)) else 0 for unit in "DHM"
    )
    begin = raised.raised - timedelta(days=days, hours=hours, minutes=minutes)
    return Timespan(
        start=min(begin, raised.start).replace(tzinfo=UTC),
        end=raised.raised.replace(tzinfo=UTC),
        duration=None,
    )
