"""Each number in an answer equals one that is counted from the stored rows in another way.

What is expected is SQL over the tables, or plain Python over the stored documents: none of the
server's own code has a part in it.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from statistics import fmean, median
from typing import Any

import pytest
from tests.truth.reading import Answer, Connected, Store, ask

pytestmark = pytest.mark.asyncio(loop_scope="package")

Arguments = dict[str, Any]  # what a tool takes, as JSON
Found = Callable[[Answer], Any]  # a number, or several by name
Expected = Callable[[Store, Answer], Any]  # the same, counted otherwise

LAST_STATES = (
    "SELECT * FROM SecurityIncident "
    "QUALIFY row_number() OVER (PARTITION BY IncidentName ORDER BY TimeGenerated DESC) = 1"
)
LAST_ALERTS = (
    "SELECT * FROM SecurityAlert "
    "QUALIFY row_number() OVER (PARTITION BY SystemAlertId ORDER BY TimeGenerated DESC) = 1"
)
RULE_OF_ALERT = "json_extract_string(ExtendedProperties, '$.\"Analytic Rule Ids\"')"


@dataclass(frozen=True)
class Fact:
    """A number in a tool's answer, and how it is counted otherwise."""

    name: str
    tool: str
    found: Found
    expected: Expected
    arguments: Callable[[Store], Arguments] = field(default=lambda _: {})


def sql(query: str) -> Expected:
    return lambda store, _: store.number(query)


def counted(table: str, condition: str = "true") -> Expected:
    return sql(f"SELECT count(*) FROM ({table}) WHERE {condition}")


def documents(kind: str, keeps: Callable[[Answer], bool] = lambda _: True) -> Expected:
    return lambda store, _: sum(keeps(each) for each in store.documents(kind))


def given(**arguments: Any) -> Callable[[Store], Arguments]:
    return lambda _: arguments


def total(answer: Answer) -> Any:
    return answer["total_count"]


def keyed(part: str, key: str) -> Found:
    """Read a count by name; one that is nought may be left out."""
    return lambda answer: answer[part].get(key, 0)


# Incidents: the first page of a list has the total.


def incidents(name: str, condition: str, **asked: Any) -> Fact:
    return Fact(
        f"incidents {name}",
        "list_incidents",
        total,
        counted(LAST_STATES, condition),
        given(**asked, limit=1),
    )


INCIDENTS = [
    Fact("incidents in all", "list_incidents", total, documents("incidents"), given(limit=1)),
    incidents("of the log", "true"),
    incidents("high", "Severity = 'High'", severities=["High"]),
    incidents("medium", "Severity = 'Medium'", severities=["Medium"]),
    incidents("low", "Severity = 'Low'", severities=["Low"]),
    incidents("new", "Status = 'New'", statuses=["New"]),
    incidents("active", "Status = 'Active'", statuses=["Active"]),
    incidents("closed", "Status = 'Closed'", statuses=["Closed"]),
    incidents(
        "unassigned",
        "coalesce(Owner->>'userPrincipalName', Owner->>'email', Owner->>'assignedTo', "
        "Owner->>'objectId', '') = ''",
        owner="unassigned",
    ),
    incidents(
        "of an analyst",
        "Owner->>'userPrincipalName' = 'priya.nair@northwind.example'",
        owner="priya.nair@northwind.example",
    ),
    incidents(
        "with a tactic",
        "list_contains(json_extract_string(AdditionalData, '$.tactics[*]'), 'CredentialAccess')",
        tactics=["CredentialAccess"],
    ),
    incidents(
        "of a product",
        "list_contains(json_extract_string(AdditionalData, '$.alertProductNames[*]'), "
        "'Azure Sentinel')",
        product="Azure Sentinel",
    ),
    incidents("by title", "contains(Title, 'sign-in')", title_contains="sign-in"),
]

# Statistics of all incidents there are, told apart by population.


def all_time(store: Store) -> Arguments:
    return {
        "created_after": (store.anchor - timedelta(days=60)).isoformat(),
        "created_before": (store.anchor + timedelta(days=1)).isoformat(),
    }


def statistic(
    name: str,
    found: Found,
    expected: Expected,
) -> Fact:
    return Fact(f"statistics {name}", "get_incident_statistics", found, expected, all_time)


def hours(end: str, condition: str = "true") -> Callable[[Store], list[float]]:
    query = f"SELECT (epoch({end}) - epoch(CreatedTime)) / 3600 FROM ({{}}) WHERE {condition}"
    return lambda store: [each for (each,) in store.rows(query.format(LAST_STATES))]


CLOSING = hours("ClosedTime", "Status = 'Closed'")


def acknowledging(store: Store) -> list[float]:
    """Return the hours until the first row that is not new, or has an owner."""
    return [
        each
        for (each,) in store.rows(
            "SELECT (epoch(min(LastModifiedTime)) - epoch(min(CreatedTime))) / 3600 "
            "FROM SecurityIncident WHERE Status <> 'New' OR coalesce("
            "Owner->>'userPrincipalName', Owner->>'email', Owner->>'assignedTo', "
            "Owner->>'objectId', '') <> '' GROUP BY IncidentName"
        )
    ]


STATISTICS = [
    statistic("all", lambda a: a["all_count"], counted(LAST_STATES)),
    statistic("open", lambda a: a["open_count"], counted(LAST_STATES, "Status <> 'Closed'")),
    statistic("closed", lambda a: a["closed_count"], counted(LAST_STATES, "Status = 'Closed'")),
    *(
        statistic(
            f"open {each.lower()}",
            keyed("open_by_severity", each),
            counted(LAST_STATES, f"Status <> 'Closed' AND Severity = '{each}'"),
        )
        for each in ("High", "Medium", "Low", "Informational")
    ),
    *(
        statistic(
            f"all {each.lower()}",
            keyed("all_by_severity", each),
            counted(LAST_STATES, f"Severity = '{each}'"),
        )
        for each in ("High", "Medium", "Low")
    ),
    *(
        statistic(
            f"all {each.lower()}",
            keyed("all_by_status", each),
            counted(LAST_STATES, f"Status = '{each}'"),
        )
        for each in ("New", "Active", "Closed")
    ),
    *(
        statistic(
            f"closed as {each}",
            keyed("closed_by_classification", each),
            counted(LAST_STATES, f"Status = 'Closed' AND Classification = '{each}'"),
        )
        for each in ("TruePositive", "FalsePositive", "BenignPositive", "Undetermined")
    ),
    statistic(
        "open by owner",
        lambda a: sorted(each["open"] for each in a["open_by_owner"]),
        lambda store, _: sorted(
            each
            for (each,) in store.rows(
                f"SELECT count(*) FROM ({LAST_STATES}) WHERE Status <> 'Closed' "
                "GROUP BY coalesce(Owner->>'userPrincipalName', '')"
            )
        ),
    ),
    statistic(
        "open of every age",
        lambda a: sum(a["open_by_age"].values()),
        counted(LAST_STATES, "Status <> 'Closed'"),
    ),
    statistic(
        "closed with a time", lambda a: a["time_to_close"]["count"], lambda s, _: len(CLOSING(s))
    ),
    statistic(
        "mean hours to close",
        lambda a: a["time_to_close"]["mean_hours"],
        lambda s, _: pytest.approx(fmean(CLOSING(s)), abs=0.01),
    ),
    statistic(
        "median hours to close",
        lambda a: a["time_to_close"]["median_hours"],
        lambda s, _: pytest.approx(median(CLOSING(s)), abs=0.01),
    ),
    statistic(
        "acknowledged",
        lambda a: a["time_to_acknowledge"]["count"],
        lambda s, _: len(acknowledging(s)),
    ),
    statistic(
        "mean hours to acknowledge",
        lambda a: a["time_to_acknowledge"]["mean_hours"],
        lambda s, _: pytest.approx(fmean(acknowledging(s)), abs=0.01),
    ),
    statistic(
        "created by day",
        lambda a: {each["day"]: each["created"] for each in a["by_day"] if each["created"]},
        lambda store, _: {
            str(day): count
            for day, count in store.rows(
                f"SELECT CreatedTime::DATE, count(*) FROM ({LAST_STATES}) GROUP BY 1"
            )
        },
    ),
    statistic(
        "closed by day",
        lambda a: {each["day"]: each["closed"] for each in a["by_day"] if each["closed"]},
        lambda store, _: {
            str(day): count
            for day, count in store.rows(
                f"SELECT ClosedTime::DATE, count(*) FROM ({LAST_STATES}) "
                "WHERE Status = 'Closed' GROUP BY 1"
            )
        },
    ),
    statistic(
        "the log's first day",
        lambda a: a["by_day"][0]["day"],
        lambda store, _: str(
            store.moment("SELECT min(TimeGenerated) FROM SecurityIncident").date()
        ),
    ),
]

# Alerts.


def alerts(name: str, condition: str, **asked: Any) -> Fact:
    return Fact(
        f"alerts {name}",
        "list_alerts",
        total,
        counted(LAST_ALERTS, condition),
        lambda store: {
            **asked,
            "created_after": (store.anchor - timedelta(days=60)).isoformat(),
            "limit": 1,
        },
    )


ALERTS = [
    alerts("in all", "true"),
    alerts("high", "AlertSeverity = 'High'", severities=["High"]),
    alerts("new", "Status = 'New'", statuses=["New"]),
    alerts("resolved", "Status = 'Resolved'", statuses=["Resolved"]),
    alerts("of Sentinel", "lower(ProductName) = 'azure sentinel'", product="Azure Sentinel"),
    alerts(
        "by title",
        "contains(lower(coalesce(DisplayName, '') || ' ' || coalesce(AlertName, '')), 'sign-in')",
        title_contains="SIGN-IN",
    ),
    alerts(
        "of a technique",
        "regexp_matches(coalesce(Techniques, '') || ' ' || coalesce(SubTechniques, ''), "
        "'\\bT1110\\b')",
        technique="T1110",
    ),
]

# Rules, their runs and what they raised, of all that is kept.


def health(name: str, found: Found, expected: Expected, days: int = 30) -> Fact:
    return Fact(f"health {name}", "get_rule_health", found, expected, given(days=days, limit=200))


def raised(store: Store) -> Counter[str]:
    """Return the alerts of each rule."""
    listed = store.rows(
        f"SELECT DISTINCT SystemAlertId, {RULE_OF_ALERT} FROM SecurityAlert "
        f"WHERE {RULE_OF_ALERT} IS NOT NULL"
    )
    return Counter(rule.lower() for _, rules in listed for rule in json.loads(rules))


def last_raised(store: Store) -> dict[str, datetime]:
    listed = store.rows(
        f"SELECT {RULE_OF_ALERT}, min(TimeGenerated) FROM SecurityAlert "
        f"WHERE {RULE_OF_ALERT} IS NOT NULL GROUP BY 1, SystemAlertId"
    )
    latest: dict[str, datetime] = {}
    for rules, at in listed:
        for rule in json.loads(rules):
            latest[rule.lower()] = max(at, latest.get(rule.lower(), at))
    return latest


def never_raised(store: Store) -> set[str]:
    fired = raised(store)
    return {
        each["name"]
        for each in store.documents("alertRules")
        if each["properties"]["enabled"]
        and each["kind"] != "MicrosoftSecurityIncidentCreation"
        and not fired[each["name"].lower()]
    }


def never_fired(answer: Answer) -> set[str]:
    return {each["name"] for each in answer["rules"] if each["never_fired"]}


RUNS = "SELECT * FROM SentinelHealth WHERE OperationName ILIKE '%rule run%'"

HEALTH = [
    health("rules", lambda a: len(a["rules"]), documents("alertRules")),
    health(
        "alerts by rule",
        lambda a: {each["name"].lower(): each["alerts"] for each in a["rules"] if each["alerts"]},
        lambda store, _: dict(raised(store)),
    ),
    health("rules that never fired", never_fired, lambda store, _: never_raised(store)),
    health("rules that never fired, asked of a day", never_fired, lambda s, _: never_raised(s), 1),
    health(
        "last alert by rule, asked of a day",
        lambda a: {
            each["name"].lower(): datetime.fromisoformat(each["last_alert"]).replace(tzinfo=None)
            for each in a["rules"]
            if each["last_alert"]
        },
        lambda store, _: last_raised(store),
        1,
    ),
    health("runs", lambda a: sum(each["runs"] or 0 for each in a["rules"]), counted(RUNS)),
    health(
        "failed runs",
        lambda a: sum(each["failed_runs"] or 0 for each in a["rules"]),
        counted(RUNS, "Status <> 'Success'"),
    ),
    health(
        "runs by rule",
        lambda a: {each["name"].lower(): each["runs"] for each in a["rules"] if each["runs"]},
        lambda store, _: dict(
            store.rows(
                "SELECT lower(regexp_extract(SentinelResourceId, '[^/]+$')), count(*) "
                f"FROM ({RUNS}) GROUP BY 1"
            )
        ),
    ),
    health(
        "mean delay by rule",
        lambda a: {
            each["name"].lower(): each["mean_delay_s"] for each in a["rules"] if each["runs"]
        },
        lambda store, _: {
            rule: pytest.approx(delay, abs=1.0)
            for rule, delay in store.rows(
                "SELECT lower(regexp_extract(SentinelResourceId, '[^/]+$')), avg("
                "epoch(TimeGenerated) - epoch((ExtendedProperties->>'QueryEndTimeUTC')"
                f"::TIMESTAMP)) FROM ({RUNS}) GROUP BY 1"
            )
        },
    ),
]

# Usage: whole days, up to the one before the answer's today.


def usage(name: str, found: Found, query: str, unit: float = 1000.0) -> Fact:
    """Compare with a sum of megabytes, over the days that the report says it covers."""

    def expected(store: Store, answer: Answer) -> Any:
        first = date.fromisoformat(answer["first_day"])
        last = date.fromisoformat(answer["last_day"])
        return pytest.approx(store.number(query, first, last + timedelta(days=1)) / unit, abs=2e-5)

    return Fact(f"usage {name}", "get_usage_report", found, expected, given(days=10, limit=200))


USAGE_ROWS = "FROM Usage WHERE StartTime >= ? AND StartTime < ?"


def volume(answer: Answer, table: str, key: str = "gb") -> Any:
    return {each["table"]: each for each in answer["tables"]}[table][key]


def first_day_of_usage(store: Store) -> str:
    """Return the day within which the data begins, where that is not at its start."""
    begin = store.moment("SELECT min(StartTime) FROM Usage")
    return "" if begin.hour == 0 else str(begin.date())


def volume_of(table: str) -> Found:
    return lambda answer: volume(answer, table)


USAGE = [
    usage("GB", lambda a: a["total_gb"], f"SELECT sum(Quantity) {USAGE_ROWS}"),
    usage(
        "billable GB",
        lambda a: a["billable_gb"],
        f"SELECT sum(Quantity) {USAGE_ROWS} AND IsBillable",
    ),
    usage(
        "tables", lambda a: a["tables_count"], f"SELECT count(DISTINCT DataType) {USAGE_ROWS}", 1
    ),
    *(
        usage(
            f"GB of {each}",
            volume_of(each),
            f"SELECT sum(Quantity) {USAGE_ROWS} AND DataType = '{each}'",
        )
        for each in ("SigninLogs", "SecurityEvent", "OfficeActivity", "Heartbeat", "AuditLogs")
    ),
    usage(
        "GB of the last day",
        lambda a: a["by_day"][-1]["gb"],
        "SELECT sum(Quantity) FROM Usage WHERE StartTime >= ?::DATE + 9 AND StartTime < ?",
    ),
    usage(
        "days of the list",
        lambda a: len(a["by_day"]),
        "SELECT count(DISTINCT StartTime::DATE) " + USAGE_ROWS,
        1,
    ),
    usage(
        "price of the range",
        lambda a: round(a["cost"]["for_range"] / 4.30, 2),
        f"SELECT round(sum(Quantity) / 1000, 2) * 1000 {USAGE_ROWS} AND IsBillable",
    ),
    Fact(
        "usage usual GB a day of SigninLogs",
        "get_usage_report",
        lambda a: volume(a, "SigninLogs", "usual_gb_per_day"),
        lambda store, a: pytest.approx(
            median(
                each / 1000
                for (each,) in store.rows(
                    f"SELECT sum(Quantity) {USAGE_ROWS} AND DataType = 'SigninLogs' "
                    "GROUP BY StartTime::DATE",
                    date.fromisoformat(a["first_day"]),
                    date.fromisoformat(a["last_day"]) + timedelta(days=1),
                )
            ),
            abs=2e-6,
        ),
        given(days=10, limit=200),
    ),
    Fact(
        "usage first whole day of all there is",
        "get_usage_report",
        lambda a: a["first_day"],
        lambda store, _: str(
            store.rows(
                "SELECT CASE WHEN min(StartTime) = min(StartTime)::DATE THEN min(StartTime)::DATE "
                "ELSE min(StartTime)::DATE + 1 END FROM Usage"
            )[0][0]
        ),
        given(days=60),
    ),
    Fact(
        "usage no anomaly on the day within which the data begins",
        "get_usage_report",
        lambda a: {each["day"] for each in a["anomalies"]} & {each["day"] for each in a["by_day"]},
        lambda store, a: {each["day"] for each in a["anomalies"]} - {first_day_of_usage(store)},
        given(days=60),
    ),
]

# Freshness.


def fresh(answer: Answer, table: str) -> Answer:
    return {each["table"]: each for each in answer["tables"]}[table]


def freshness(name: str, found: Found, expected: Expected, **asked: Any) -> Fact:
    return Fact(f"freshness {name}", "check_data_freshness", found, expected, given(**asked))


def readers(store: Store, table: str) -> int:
    """Return how many enabled rules name a table, by the words of their queries."""
    return sum(
        bool(re.search(rf"\b{table}\b", each["properties"].get("query") or ""))
        for each in store.documents("alertRules")
        if each["properties"]["enabled"]
    )


def rules_that_read(table: str) -> Found:
    return lambda answer: fresh(answer, table)["rules_count"]


def readers_of(table: str) -> Expected:
    return lambda store, _: readers(store, table)


def gigabytes_a_day(table: str) -> Expected:
    query = (
        "SELECT sum(Quantity) / 1000 / (date_diff('hour', min(StartTime), max(EndTime)) / 24) "
        "FROM Usage WHERE DataType = ?"
    )
    return lambda store, _: pytest.approx(store.number(query, table), rel=0.03)


REPORTERS = {
    "CommonSecurityLog": "coalesce(nullif(DeviceName, ''), Computer)",
    "DeviceInfo": "DeviceName",
    "Syslog": "coalesce(nullif(Computer, ''), HostName)",
    **dict.fromkeys(("DnsEvents", "Event", "Heartbeat", "SecurityEvent"), "Computer"),
}


def stopped(store: Store, margin_h: float) -> set[tuple[str, str]]:
    """Return the machines that were silent for so much longer than the longest usual silence.

    That is told in the answer: by hours with data in 14 days, the longest gap or three times the
    95th percentile, and two hours; with fewer than five gaps nothing is said.
    """
    found: set[tuple[str, str]] = set()
    for table, machine in REPORTERS.items():
        hours: dict[str, set[datetime]] = {}
        last: dict[str, datetime] = {}
        for name, hour, latest in store.rows(
            f"SELECT {machine}, date_trunc('hour', TimeGenerated), max(TimeGenerated) "
            f"FROM \"{table}\" WHERE TimeGenerated > ? GROUP BY 1, 2 HAVING {machine} <> ''",
            store.anchor.replace(tzinfo=None) - timedelta(days=14),
        ):
            hours.setdefault(name, set()).add(hour)
            last[name] = max(latest, last.get(name, latest))
        for name, seen in hours.items():
            ordered = sorted(seen)
            gaps = [(b - a).total_seconds() / 3600 for a, b in itertools.pairwise(ordered)]
            if len(gaps) < 5:
                continue
            usual = sorted(gaps)[min(len(gaps) - 1, len(gaps) * 95 // 100)]
            silence_h = (store.anchor.replace(tzinfo=None) - last[name]).total_seconds() / 3600
            if silence_h > max(max(gaps), 3 * usual) + 2 + margin_h:
                found.add((table, name))
    return found


def machines_that_stopped(answer: Answer) -> set[tuple[str, str]]:
    return {(each["table"], each["machine"]) for each in answer["machines"]["silent"]}


def about_stopped(store: Store, answer: Answer) -> set[tuple[str, str]]:
    """Return those that surely stopped, and of the others those told that may have: time passes."""
    return stopped(store, 0.5) | (machines_that_stopped(answer) & stopped(store, -0.5))


FRESHNESS = [
    freshness("tables", lambda a: sum(a["counts"].values()), lambda _, a: a["total_count"]),
    freshness(
        "blind rules",
        lambda a: a["blind_rules_count"],
        lambda _, a: len({rule for each in a["tables"] for rule in each["blind_rules"]}),
    ),
    *(
        freshness(
            f"rules that read {each}",
            rules_that_read(each),
            readers_of(each),
        )
        for each in ("SecurityEvent", "SigninLogs", "OfficeActivity", "Heartbeat", "DnsEvents")
    ),
    *(
        freshness(
            f"GB a day of {each}",
            lambda a: a["tables"][0]["gb_per_day"],
            gigabytes_a_day(each),
            table=each,
        )
        for each in ("SigninLogs", "SecurityEvent", "CommonSecurityLog")
    ),
    freshness(
        "machines that stopped",
        machines_that_stopped,
        about_stopped,
    ),
    freshness(
        "last event of a machine that stopped",
        lambda a: datetime.fromisoformat(a["machines"]["silent"][0]["last_event"]),
        lambda store, _: store.moment(
            "SELECT min(last) FROM (SELECT max(TimeGenerated) AS last FROM Heartbeat "
            "GROUP BY Computer)"
        ),
        table="Heartbeat",
    ),
]

# Coverage, by the tags of the stored documents.


def tagged(kind: str, key: str, value: str, *, enabled: bool | None = None) -> Expected:
    def carries(document: Answer) -> bool:
        properties = document["properties"]
        if enabled is not None and properties["enabled"] is not enabled:
            return False
        tags: list[str] = [*(properties.get(key) or []), *(properties.get("subTechniques") or [])]
        return any(each == value or each.startswith(f"{value}.") for each in tags)

    return documents(kind, carries)


def hunting(document: Answer) -> bool:
    return document["properties"]["category"] == "Hunting Queries"


def coverage(name: str, found: Found, expected: Expected, **asked: Any) -> Fact:
    return Fact(f"coverage {name}", "get_mitre_coverage", found, expected, given(**asked))


def tactic(answer: Answer, name: str) -> Answer:
    return {each["tactic"]: each for each in answer["tactics"]}[name]


def technique(answer: Answer, name: str) -> Answer:
    return {each["technique"]: each for each in answer["techniques"]}[name]


def of_tactic(name: str, key: str) -> Found:
    return lambda answer: tactic(answer, name)[key]


def of_technique(name: str, key: str) -> Found:
    return lambda answer: technique(answer, name)[key]


def uncovered(store: Store) -> set[str]:
    """Return the tactics of the enterprise matrix that no enabled rule has."""
    named: set[str] = {
        each
        for rule in store.documents("alertRules")
        if rule["properties"]["enabled"]
        for each in rule["properties"].get("tactics") or ()
    }
    matrix = """Reconnaissance ResourceDevelopment InitialAccess Execution Persistence
    PrivilegeEscalation DefenseEvasion CredentialAccess Discovery LateralMovement Collection
    CommandAndControl Exfiltration Impact"""
    return {each for each in matrix.split() if each not in named}


def enterprise_gaps(answer: Answer) -> set[str]:
    """Return the tactics without a rule; the answer lists those of industrial plants, too."""
    listed = {each["tactic"] for each in answer["tactics"] if each["matrix"] == "enterprise"}
    return listed & {each["tactic"] for each in answer["tactic_gaps"]}


COVERAGE = [
    coverage(
        "enabled rules",
        lambda a: a["totals"]["enabled_rules"],
        documents("alertRules", lambda each: each["properties"]["enabled"]),
    ),
    coverage(
        "disabled rules",
        lambda a: a["totals"]["disabled_rules"],
        documents("alertRules", lambda each: not each["properties"]["enabled"]),
    ),
    coverage("templates", lambda a: a["totals"]["templates"], documents("alertRuleTemplates")),
    coverage(
        "hunting queries",
        lambda a: a["totals"]["hunting_queries"],
        documents("savedSearches", hunting),
    ),
    *(
        coverage(
            f"enabled rules of {each}",
            of_tactic(each, "enabled_rules"),
            tagged("alertRules", "tactics", each, enabled=True),
        )
        for each in ("CredentialAccess", "Persistence", "Exfiltration", "Impact")
    ),
    coverage(
        "templates of Persistence",
        lambda a: tactic(a, "Persistence")["templates"],
        tagged("alertRuleTemplates", "tactics", "Persistence"),
    ),
    *(
        coverage(
            f"enabled rules of {each}",
            of_technique(each, "enabled_rules"),
            tagged("alertRules", "techniques", each, enabled=True),
            tactic=of,
        )
        for each, of in (("T1110", "CredentialAccess"), ("T1098", "Persistence"))
    ),
    coverage(
        "templates of T1110",
        lambda a: technique(a, "T1110")["templates"],
        tagged("alertRuleTemplates", "techniques", "T1110"),
        tactic="CredentialAccess",
    ),
    coverage(
        "tactics without a rule",
        enterprise_gaps,
        lambda store, _: uncovered(store),
    ),
    coverage(
        "rules without a tactic",
        lambda a: a["untagged_rules"],
        documents(
            "alertRules",
            lambda each: each["properties"]["enabled"] and not each["properties"].get("tactics"),
        ),
    ),
]


# Watchlists, indicators, and whatever else is counted by a list.


def items_of(watchlist: str) -> Expected:
    return documents("watchlistItems", lambda each: f"/Watchlists/{watchlist}/" in each["id"])


def is_active(document: Answer, now: datetime) -> bool:
    properties = document["properties"]
    until = properties.get("validUntil")
    return (
        not properties.get("revoked")
        and datetime.fromisoformat(properties["validFrom"]) <= now
        and (until is None or datetime.fromisoformat(until) > now)
    )


def by_source(store: Store, _: Answer) -> dict[str, int]:
    return dict(Counter(each["properties"]["source"] for each in store.documents("indicators")))


LISTS = [
    Fact("watchlists", "list_watchlists", total, documents("watchlists")),
    *(
        Fact(
            f"items of {each}",
            "get_watchlist",
            lambda a: a["items_count"],
            items_of(each),
            given(watchlist=each),
        )
        for each in ("HighValueAssets", "NetworkAddresses", "ServiceAccounts", "VIPUsers")
    ),
    Fact(
        "items on the first page of a watchlist",
        "list_watchlist_items",
        total,
        items_of("HighValueAssets"),
        given(watchlist="HighValueAssets", limit=2),
    ),
    Fact("indicators", "get_indicator_metrics", total, documents("indicators")),
    Fact(
        "indicators of the table",
        "get_indicator_metrics",
        total,
        sql("SELECT count(DISTINCT Id) FROM ThreatIntelIndicators"),
    ),
    Fact(
        "indicators by source",
        "get_indicator_metrics",
        lambda a: {each["name"]: each["count"] for each in a["by_source"]},
        by_source,
    ),
    Fact(
        "domain names among indicators",
        "get_indicator_metrics",
        lambda a: {each["name"]: each["count"] for each in a["by_pattern_type"]}["domain-name"],
        documents("indicators", lambda each: each["properties"]["patternType"] == "domain-name"),
    ),
    Fact(
        "addresses among indicators",
        "search_indicators",
        lambda a: len(a["indicators"]),
        lambda store, _: sum(
            each["properties"]["patternType"] == "ipv4-addr" and is_active(each, store.anchor)
            for each in store.documents("indicators")
        ),
        given(pattern_type="ipv4-addr", limit=100),
    ),
    Fact("rules", "list_rules", total, documents("alertRules"), given(limit=1)),
    Fact(
        "templates", "list_rule_templates", total, documents("alertRuleTemplates"), given(limit=1)
    ),
    Fact("bookmarks", "list_bookmarks", total, documents("bookmarks"), given(limit=1)),
    Fact("hunts", "list_hunts", total, documents("hunts"), given(limit=1)),
    Fact(
        "automation rules",
        "list_automation_rules",
        total,
        documents("automationRules"),
        given(limit=1),
    ),
    Fact("users", "list_users", total, documents("graphUsers"), given(limit=1)),
    Fact("groups", "list_groups", total, documents("graphGroups"), given(limit=1)),
    Fact(
        "Defender's incidents",
        "list_defender_incidents",
        total,
        documents("defenderIncidents"),
        given(limit=1),
    ),
    Fact(
        "connectors",
        "list_connectors",
        total,
        lambda store, _: (
            len(store.documents("dataConnectors"))
            + len(store.documents("dataConnectorDefinitions"))
        ),
        given(limit=1),
    ),
]

# Entities: what the rows of one table tell.


def over_all_time(value: str) -> Callable[[Store], Arguments]:
    return lambda store: {
        "value": value,
        "timespan": f"{(store.anchor - timedelta(days=20)).isoformat()}/"
        f"{(store.anchor + timedelta(hours=1)).isoformat()}",
    }


def seen(answer: Answer, table: str) -> int:
    return {each["table"]: each["events"] for each in answer["seen"]}.get(table, 0)


ATTACKER = "192.0.2.165"
DIRECTOR = "daniel.reyes@northwind.example"

ENTITIES = [
    Fact(
        "events of an address in Syslog",
        "investigate_entity",
        lambda a: seen(a, "Syslog"),
        counted("SELECT * FROM Syslog", f"SyslogMessage ~ '.*\\b{ATTACKER}\\b.*'"),
        over_all_time(ATTACKER),
    ),
    Fact(
        "alerts of an address",
        "investigate_entity",
        lambda a: a["alerts_count"],
        counted(
            "SELECT DISTINCT SystemAlertId FROM SecurityAlert "
            f"WHERE contains(Entities, '\"{ATTACKER}\"')"
        ),
        over_all_time(ATTACKER),
    ),
    Fact(
        "sign-ins of an account",
        "investigate_entity",
        lambda a: seen(a, "SigninLogs"),
        counted("SELECT * FROM SigninLogs", f"lower(UserPrincipalName) = '{DIRECTOR}'"),
        over_all_time(DIRECTOR),
    ),
]

FACTS = [
    *INCIDENTS,
    *STATISTICS,
    *ALERTS,
    *HEALTH,
    *USAGE,
    *FRESHNESS,
    *COVERAGE,
    *LISTS,
    *ENTITIES,
]

_ANSWERS: dict[str, Answer] = {}
"""Of this run; nobody writes between two questions."""


async def answer_to(client: Connected, tool: str, arguments: Arguments) -> Answer:
    key = json.dumps([tool, arguments], sort_keys=True)
    if key not in _ANSWERS:
        _ANSWERS[key] = await ask(client, tool, **arguments)
    return _ANSWERS[key]


@pytest.mark.parametrize("fact", FACTS, ids=lambda each: each.name.replace(" ", "_"))
async def test_a_number_is_what_the_stored_rows_give(
    client: Connected, store: Store, fact: Fact
) -> None:
    answer = await answer_to(client, fact.tool, fact.arguments(store))

    assert fact.found(answer) == fact.expected(store, answer)


async def test_at_least_sixty_numbers_of_every_area_are_compared() -> None:
    areas = (INCIDENTS, STATISTICS, ALERTS, HEALTH, USAGE, FRESHNESS, COVERAGE, LISTS, ENTITIES)

    assert len(FACTS) >= 60
    assert len({each.name for each in FACTS}) == len(FACTS)
    assert all(areas)


async def test_nothing_that_is_compared_is_an_empty_set_of_rows(store: Store) -> None:
    assert raised(store)
    assert never_raised(store)
    assert stopped(store, 0.5)
    assert CLOSING(store)
    assert store.anchor.tzinfo is UTC


async def test_each_table_that_a_configured_connector_fills_names_it(
    client: Connected, store: Store
) -> None:
    """The documents say which connector is on; the tables are those of Microsoft's reference."""
    fills = {
        "AzureActiveDirectory": {"SecurityAlert"},
        "Office365": {"OfficeActivity"},
        "MicrosoftThreatProtection": {"SecurityAlert"},
        "ThreatIntelligence": {"ThreatIntelIndicators"},
        "ThreatIntelligenceTaxii": {"ThreatIntelIndicators"},
    }
    on: set[str] = set()
    for each in store.documents("dataConnectors"):
        kinds: dict[str, dict[str, str]] = each["properties"].get("dataTypes") or {}
        if any(kind.get("state") == "Enabled" for kind in kinds.values()):
            on.add(each["kind"])
    answer = await answer_to(client, "check_data_freshness", {})
    listed = {each["table"]: each for each in answer["tables"]}

    for kind in on & fills.keys():
        for table in fills[kind]:
            assert listed[table]["connectors"], table
    named = {table: each["usual_connector"] for table, each in listed.items()}
    assert {table for table, each in named.items() if each == "unknown"} == {
        table for table in named if table.endswith("_CL")
    }
    assert (named["SecurityEvent"], named["SigninLogs"], named["DeviceInfo"]) == (
        "Windows Security Events via AMA",
        "Microsoft Entra ID",
        "Microsoft Defender XDR",
    )
