"""What the scenario promises, at whatever moment it is built: each promise is checked on its rows.

`python tests/local/scenario_facts.py 100` builds it at as many drawn moments and reports what does
not hold; names of moments (`2028-02-29T23:55`) check those.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from duckdb import DuckDBPyConnection

import sentinel_mcp
from sentinel_mcp.engine.engine import DuckdbEngine
from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.timespan import Timespan
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.scenario import names
from sentinel_mcp.local.scenario.clock import DAYS
from sentinel_mcp.local.scenario.people import people
from sentinel_mcp.local.scenario.rule_runs import FAILING
from sentinel_mcp.local.scenario.rules.all import rule, rules

EXAMPLES = Path(sentinel_mcp.__file__).parent / "resources" / "texts" / "examples"
QUERY = re.compile(r"^```kql\n(.*?)^```", re.DOTALL | re.MULTILINE)

HUNTED = {
    "password-spray": names.SPRAY_IP,
    "token-theft": names.PROXY_IP,
    "phishing": names.PHISH_SENDER_IP,
    "impossible-travel": names.PROXY_IP,
    "lateral-movement-service": "PSEXESVC",
    "credential-dumping": "lsass.exe",
    "exfiltration": names.C2_IP,
    "inbox-rule": names.PROXY_IP,
    "privilege-grant": names.ROGUE_APP,
    "rare-process": names.IMPLANT,
    "indicator-match": names.C2_IP,
    "silent-source": "nw-app-04",
}
"""By each example of a hunt, what it must bring to light."""

OLDEST = timedelta(hours=24)
"""A store that is younger is not built anew, so that a hunt may begin that much later."""

EVERY = 23
"""Of the runs of a rule that found nothing, one of so many is checked."""

MAX_REPORTED = 20
"""Faults of one moment."""

SIGN_INS = ("SigninLogs", "AADNonInteractiveUserSignInLogs")


@dataclass
class Built:
    """The scenario as it was built for a moment."""

    now: datetime
    connection: DuckDBPyConnection
    catalog: Catalog
    documents: Sequence[Document]
    checker: Checker
    every: int = EVERY

    def __post_init__(self) -> None:
        # A cursor does not inherit the database that its parent uses.
        ((database,),) = self.sql("SELECT current_database()")
        cursor = self.connection.cursor()
        cursor.execute(f'USE "{database}"')
        self.engine = DuckdbEngine(cursor, self.catalog)

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """Return the documents of a kind."""
        return [each.body for each in self.documents if each.kind == kind]

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        return self.connection.execute(statement, values).fetchall()

    async def kql(
        self, query: str, now: datetime, timespan: Timespan | None = None
    ) -> list[list[Any]]:
        """Return the rows of a query that is asked at `now`."""
        normalised = await self.checker.normalise(query, self.catalog)
        result = self.engine.run(normalised, timespan=timespan, now=now, max_rows=1_000)
        return [list(each) for each in result.rows]


Fact = Callable[[Built], Awaitable[list[str]]]
"""Says what of it does not hold."""


async def every_hunt_finds_its_prey(built: Built) -> list[str]:
    missed: list[str] = []
    texts = {path.stem: path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.md")}
    missed += [f"{name} is not checked" for name in texts.keys() - HUNTED.keys()]
    for later in (timedelta(), OLDEST):
        for name, prey in HUNTED.items():
            rows: list[str] = []
            for query in QUERY.findall(texts[name]):
                rows += map(str, await built.kql(query, built.now + later))
            if not any(prey in row for row in rows):
                missed.append(f"{name}, {later} after the build: {prey} is not found")
    return missed


async def every_run_found_what_its_query_finds(built: Built) -> list[str]:
    wrong: list[str] = []
    recorded = _runs(built)
    for by in (each for each in rules() if each.query):
        runs = recorded.pop(by.id, [])
        if bool(runs) != by.enabled:
            wrong.append(f"{by.key}: {len(runs)} runs, enabled: {by.enabled}")
        for number, run in enumerate(runs):
            if run.found == 0 and number % built.every != built.now.minute % built.every:
                continue
            rows = await built.kql(
                by.query_before or by.query, run.end, Timespan(run.start, run.end, None)
            )
            if len(rows) != run.found:
                wrong.append(f"{by.key} at {run.at}: {run.found} recorded, {len(rows)} found")
    return wrong + [f"runs of an unknown rule: {each}" for each in recorded]


async def a_run_that_finds_something_raises_an_alert_and_no_other_does(built: Built) -> list[str]:
    raised: dict[str, list[tuple[datetime, datetime, datetime]]] = defaultdict(list)
    for listed, at, start, end in built.sql(
        "SELECT ExtendedProperties->>'Analytic Rule Ids', TimeGenerated, StartTime, EndTime "
        "FROM SecurityAlert WHERE ExtendedProperties->>'Analytic Rule Ids' IS NOT NULL"
    ):
        (rule,) = json.loads(listed)
        raised[rule].append((at.replace(tzinfo=UTC), start, end))
    wrong: list[str] = []
    for rule, runs in _runs(built).items():
        alerts = sorted(raised.pop(rule, []))
        raising = [each for each in runs if each.alerts]
        if sorted(each.at for each in raising) != [at for at, _, _ in alerts]:
            wrong.append(f"{rule}: alerts {alerts}, runs {[each.at for each in raising]}")
        wrong += [
            f"{rule} at {each.at}: {each.found} rows, {each.alerts} alerts"
            for each in runs
            if bool(each.found) != bool(each.alerts)
        ]
        for run, (_, _, last) in zip(sorted(raising, key=lambda run: run.at), alerts, strict=False):
            if not run.start <= last.replace(tzinfo=UTC) <= run.end:
                wrong.append(f"{rule} at {run.at}: its last event {last} is outside its window")
    expected = {each.id for each in rules() if each.kind == "Fusion"}
    return wrong + [f"alerts without a run: {each}" for each in raised if each not in expected]


async def a_rule_has_failed_since_it_was_changed(built: Built) -> list[str]:
    ((resource, changed),) = built.sql(
        "SELECT SentinelResourceId, max(TimeGenerated) FROM SentinelAudit "
        f"WHERE SentinelResourceName = '{rule(FAILING).name}' GROUP BY 1"
    )
    runs = built.sql(
        "SELECT TimeGenerated > ?, Status = 'Failure', count(*) FROM SentinelHealth "
        "WHERE SentinelResourceId LIKE '%' || ? GROUP BY ALL",
        changed, resource.rsplit("/", 1)[1],
    )  # fmt: skip
    counted = {(since, failed): count for since, failed, count in runs}
    if counted.get((True, False)) or not counted.get((True, True)):
        return [f"since it was changed: {counted}"]
    return [] if counted[False, False] > 300 else [f"before it was changed: {counted}"]


async def directory_tables_and_roles_say_the_same_of_everybody(built: Built) -> list[str]:
    wrong: list[str] = []
    latest = _latest_sign_ins(built)
    information = {
        upn: (set(json.loads(groups)), json.loads(roles), department, title, identifier, mfa)
        for upn, groups, roles, department, title, identifier, mfa in built.sql(
            "SELECT AccountUPN, arg_max(GroupMembership, TimeGenerated)::VARCHAR, "
            "arg_max(AssignedRoles, TimeGenerated)::VARCHAR, arg_max(Department, TimeGenerated), "
            "arg_max(JobTitle, TimeGenerated), arg_max(AccountObjectId, TimeGenerated), "
            "arg_max(IsMFARegistered, TimeGenerated) FROM IdentityInfo GROUP BY 1"
        )
    }
    groups = built.bodies("graphGroups")
    roles = built.bodies("graphRoles")
    found = [each["graph"] for each in built.bodies("graphUsers")]
    users: dict[str, dict[str, Any]] = {each["userPrincipalName"]: each for each in found}
    (excluded,) = (
        each["members"] for each in groups if each["graph"]["displayName"] == "MFA exclusions"
    )
    if users.keys() != information.keys() or len(users) != len(people()):
        wrong.append(f"not in both: {users.keys() ^ information.keys()}")
    wrong += [f"{each} signs in and is nobody" for each in latest.keys() - users.keys()]
    for upn, user in users.items():
        member_of = {
            each["graph"]["displayName"] for each in groups if user["id"] in each["members"]
        }
        holds = [each["graph"]["displayName"] for each in roles if user["id"] in each["members"]]
        expected = (
            member_of, holds, user["department"], user["jobTitle"], user["id"],
            user["id"] not in excluded,
        )  # fmt: skip
        if information[upn] != expected:
            wrong.append(f"{upn}: IdentityInfo {information[upn]}, directory {expected}")
        activity: dict[str, str | None] = user["signInActivity"] or {}
        told = tuple(
            _moment(activity.get(name))
            for name in (
                "lastSignInDateTime",
                "lastNonInteractiveSignInDateTime",
                "lastSuccessfulSignInDateTime",
            )
        )
        if told != latest.get(upn, (None, None, None)):
            wrong.append(f"{upn}: signed in {told} by the directory, {latest.get(upn)} by the log")
    known = {each["id"] for each in users.values()} | {each["graph"]["id"] for each in groups}
    known |= {each["graph"]["id"] for each in built.bodies("graphServicePrincipals")}
    for each in built.bodies("roleAssignments"):
        if each["properties"]["principalId"] not in known:
            wrong.append(f"a role is assigned to nobody: {each['name']}")
    return wrong


async def a_server_that_is_silent_is_silent_everywhere(built: Built) -> list[str]:
    wrong: list[str] = []
    ((last,),) = built.sql(
        "SELECT max(TimeGenerated) FROM Heartbeat WHERE Computer LIKE 'nw-app-04%'"
    )
    for table, schema in built.catalog.tables.items():
        for column in ("Computer", "DeviceName"):
            if not schema.present or column not in {each.name for each in schema.columns}:
                continue
            if not built.sql(f"SELECT 1 FROM duckdb_tables() WHERE table_name = '{table}'"):
                continue
            ((later,),) = built.sql(
                f"SELECT max(TimeGenerated) FROM \"{table}\" WHERE {column} LIKE 'nw-app-04%'"
            )
            if later is not None and later > last + timedelta(minutes=5):
                wrong.append(f"{table}: the silent server still writes at {later}")
    return wrong


async def nothing_is_later_than_now_or_older_than_the_scenario(built: Built) -> list[str]:
    now = built.now.replace(tzinfo=None)
    wrong: list[str] = []
    for (table,) in built.sql(
        "SELECT table_name FROM duckdb_tables() WHERE NOT temporary AND schema_name = 'main'"
    ):
        ((first, last),) = built.sql(
            f'SELECT min(TimeGenerated), max(TimeGenerated) FROM "{table}"'
        )
        if first < now - timedelta(days=DAYS) or last > now:
            wrong.append(f"{table}: {first} to {last}")
    for each in built.documents:
        wrong += [
            f"{each.kind} {each.name}: {path} is {moment}"
            for path, moment in _moments(each.body)
            if moment > built.now and not AHEAD.search(path)
        ]
    return wrong


async def the_demo_has_its_story(built: Built) -> list[str]:
    properties = [each["properties"] for each in built.bodies("incidents")]
    wrong: list[str] = []
    waiting = [each for each in properties if each["status"] != "Closed"]
    worst = max(waiting, key=lambda each: each["additionalData"]["alertsCount"])
    if not worst["title"].startswith("Multi-stage incident") or worst["severity"] != "High":
        wrong.append(f"the worst incident is {worst['title']}")
    if [each["severity"] for each in waiting].count("High") != 1:
        wrong.append("there are several open incidents of high severity")
    if len(properties) != 30:
        wrong.append(f"{len(properties)} incidents")
    numbers = [each["incidentNumber"] for each in properties]
    created = [each["createdTimeUtc"] for each in properties]
    if sorted(numbers) != numbers or sorted(created) != created:
        wrong.append("the incidents are not numbered in the order of their creation")
    if datetime.fromisoformat(worst["firstActivityTimeUtc"]) < built.now - timedelta(days=6):
        wrong.append(f"the intrusion began at {worst['firstActivityTimeUtc']}")
    return wrong


FACTS: tuple[Fact, ...] = (
    every_hunt_finds_its_prey,
    every_run_found_what_its_query_finds,
    a_run_that_finds_something_raises_an_alert_and_no_other_does,
    a_rule_has_failed_since_it_was_changed,
    directory_tables_and_roles_say_the_same_of_everybody,
    a_server_that_is_silent_is_silent_everywhere,
    nothing_is_later_than_now_or_older_than_the_scenario,
    the_demo_has_its_story,
)

AHEAD = re.compile(r"(?i)until|expir|end|next|renew|dueDate")
"""Times that may lie ahead: how long something is valid."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?")


@dataclass(frozen=True)
class _Run:
    at: datetime
    start: datetime
    end: datetime
    found: int
    alerts: int


def _runs(built: Built) -> dict[str, list[_Run]]:
    """Return the runs that succeeded, by the name of their rule."""
    runs: dict[str, list[_Run]] = defaultdict(list)
    for resource, at, written in built.sql(
        "SELECT SentinelResourceId, TimeGenerated, ExtendedProperties FROM SentinelHealth "
        "WHERE SentinelResourceType = 'Analytics Rule' AND Status = 'Success' ORDER BY 2"
    ):
        told = json.loads(written)
        runs[resource.rsplit("/", 1)[1]].append(
            _Run(
                at.replace(tzinfo=UTC),
                datetime.fromisoformat(told["QueryStartTimeUTC"]),
                datetime.fromisoformat(told["QueryEndTimeUTC"]),
                told["QueryResultAmount"],
                told["AlertsGeneratedAmount"],
            )
        )
    return runs


def _latest_sign_ins(built: Built) -> dict[str, tuple[datetime | None, ...]]:
    """Return for each who signed in: last interactively, last otherwise, and last with success."""
    kinds = " UNION ALL ".join(
        f"SELECT '{table}' AS kind, UserPrincipalName, ResultType, TimeGenerated FROM {table}"
        for table in SIGN_INS
    )
    rows = built.sql(
        "SELECT UserPrincipalName, max(TimeGenerated) FILTER (kind = 'SigninLogs'), "
        "max(TimeGenerated) FILTER (kind <> 'SigninLogs'), "
        f"max(TimeGenerated) FILTER (ResultType = '0') FROM ({kinds}) GROUP BY 1"
    )
    return {
        upn: tuple(each and each.replace(tzinfo=UTC, microsecond=0) for each in times)
        for upn, *times in rows
    }


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(microsecond=0)


def _moments(value: object, path: str = "") -> Iterator[tuple[str, datetime]]:
    """Yield the times within a document, with the way to each."""
    if isinstance(value, dict):
        for name, inner in cast("dict[str, object]", value).items():
            yield from _moments(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _moments(inner, path)
    elif isinstance(value, str) and _TIME.fullmatch(value):
        moment = datetime.fromisoformat(value)
        yield path, moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@asynccontextmanager
async def built_at(now: datetime, checker: Checker, every: int) -> AsyncGenerator[Built]:
    """Build the scenario in memory; of the runs that found nothing, one of `every` is checked."""
    import duckdb

    from sentinel_mcp.kql.catalog import bundled
    from sentinel_mcp.local.scenario.resources import write_documents
    from sentinel_mcp.local.scenario.tables import write_tables
    from sentinel_mcp.local.store import DEFAULT_SEED
    from sentinel_mcp.local.tables import Build, create_record, read_schemas

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        create_record(connection, Build(DEFAULT_SEED, now.isoformat(), ""))
        write_tables(connection, bundled("sentinel"), DEFAULT_SEED, now, lambda _, __: None)
        catalog = bundled("sentinel").with_tables(read_schemas(connection).values())
        yield Built(now, connection, catalog, write_documents(now), checker, every)


async def check(moments: Sequence[datetime]) -> int:
    """Check every fact at every moment; return how many moments have a fault."""
    checker = Checker(timeout_s=60)
    faulty = 0
    for now in moments:
        async with built_at(now, checker, 10 * EVERY) as built:
            wrong = [(fact.__name__, each) for fact in FACTS for each in await fact(built)]
        faulty += bool(wrong)
        outcome = f"{len(wrong)} faults" if wrong else "holds"
        report = [f"    {name}: {each}" for name, each in wrong[:MAX_REPORTED]]
        sys.stdout.write("\n".join([f"{now:%a %Y-%m-%dT%H:%M:%SZ} {outcome}", *report, ""]))
        sys.stdout.flush()
    await checker.aclose()
    return faulty


def drawn(count: int) -> list[datetime]:
    """Return moments of two years: the edges of days, weeks, months and years first."""
    edges = (
        "2027-01-04T00:05", "2027-02-28T23:55", "2027-03-28T01:30", "2027-10-31T01:30",
        "2027-12-31T23:59", "2028-01-01T00:00", "2028-02-29T00:00", "2028-02-29T23:55",
        "2028-03-01T00:10", "2028-12-31T12:00", "2027-06-07T09:11", "2027-06-08T08:36",
        "2027-06-08T08:38", "2027-06-12T15:00", "2027-06-13T23:55", "2027-06-09T21:31",
    )  # fmt: skip
    draw = random.SystemRandom()
    first = datetime(2027, 1, 1, tzinfo=UTC)
    moments = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in edges]
    while len(moments) < count:
        moments.append(first + timedelta(seconds=draw.randint(0, 2 * 365 * 86_400)))
    return moments[:count]


if __name__ == "__main__":
    asked = sys.argv[1:] or ["20"]
    chosen = (
        drawn(int(asked[0]))
        if asked[0].isdigit()
        else [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in asked]
    )
    sys.exit(1 if asyncio.run(check(chosen)) else 0)
