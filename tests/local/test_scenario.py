"""The scenario as a reader of the embedded workspace finds it."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from duckdb import DuckDBPyConnection
from stores import built_store

from moment import MOMENT
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.local.store import Store

REQUIRED = [
    "SigninLogs",
    "AADNonInteractiveUserSignInLogs",
    "AuditLogs",
    "SecurityEvent",
    "Event",
    "DeviceProcessEvents",
    "DeviceNetworkEvents",
    "DeviceLogonEvents",
    "EmailEvents",
    "EmailUrlInfo",
    "UrlClickEvents",
    "OfficeActivity",
    "AzureActivity",
    "CommonSecurityLog",
    "Syslog",
    "DnsEvents",
    "ThreatIntelIndicators",
    "SecurityAlert",
    "SecurityIncident",
    "Heartbeat",
    "Usage",
    "IdentityInfo",
    "BehaviorAnalytics",
    "SentinelHealth",
    "Watchlist",
]

DOCUMENTATION = [
    ipaddress.ip_network(each) for each in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
]
PRIVATE = ipaddress.ip_network("10.0.0.0/8")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_store(tmp_path_factory)


@pytest.fixture(scope="module")
def store(directory: Path) -> Iterator[Store]:
    with Store.open(directory, now=MOMENT) as opened:
        yield opened


@pytest.fixture
def connection(store: Store) -> Iterator[DuckDBPyConnection]:
    opened = store.connect()
    yield opened
    opened.close()


def one(connection: DuckDBPyConnection, sql: str) -> object:
    ((value,),) = connection.execute(sql).fetchall()
    return value


def test_every_table_has_the_columns_and_types_of_the_real_one(store: Store) -> None:
    known = bundled("sentinel").tables
    assert set(REQUIRED) <= set(store.tables())
    for name, table in store.tables().items():
        assert [(each.name, each.type) for each in table.columns] == [
            (each.name, each.type) for each in known[name].columns
        ]


def test_there_are_two_hundred_thousand_rows_over_fourteen_days(
    store: Store, connection: DuckDBPyConnection
) -> None:
    total = 0
    for name in store.tables():
        ((count, first, last),) = connection.execute(
            f'SELECT count(*), min(TimeGenerated), max(TimeGenerated) FROM "{name}"'
        ).fetchall()
        total += count
        assert count > 0, name
        assert first >= store.anchor.replace(tzinfo=None) - timedelta(days=14, minutes=1), name
        assert last <= store.anchor.replace(tzinfo=None), name
    assert total >= 200_000


def test_the_same_seed_and_moment_give_the_same_rows(store: Store, tmp_path: Path) -> None:
    with Store.open(tmp_path / "again", now=store.anchor) as again:
        for name in store.tables():
            sql = f'SELECT count(*), sum(hash(t)::HUGEINT) FROM "{name}" t'
            one_way, other = store.connect(), again.connect()
            assert one_way.execute(sql).fetchall() == other.execute(sql).fetchall(), name
            one_way.close()
            other.close()
        assert again.documents.list("incidents") == store.documents.list("incidents")
        assert again.documents.list("alertRules") == store.documents.list("alertRules")


def test_noise_runs_until_now_and_the_story_ended_before(
    store: Store, connection: DuckDBPyConnection
) -> None:
    now = store.anchor.replace(tzinfo=None)
    ((noise,),) = connection.execute("SELECT max(TimeGenerated) FROM Heartbeat").fetchall()
    ((story,),) = connection.execute(
        "SELECT max(TimeGenerated) FROM DeviceNetworkEvents WHERE RemoteIP = '198.51.100.211'"
    ).fetchall()

    assert now - noise < timedelta(minutes=5)
    assert timedelta(hours=1) < now - story < timedelta(hours=2)


def test_people_work_by_day_and_rest_at_the_weekend(connection: DuckDBPyConnection) -> None:
    per_hour = (
        "SELECT count(*) / count(DISTINCT date_trunc('hour', TimeGenerated)) "
        "FROM OfficeActivity WHERE "
    )
    working = "dayofweek(TimeGenerated) BETWEEN 1 AND 5 AND hour(TimeGenerated) BETWEEN 9 AND 11"
    night = "hour(TimeGenerated) BETWEEN 1 AND 3"
    weekend = "dayofweek(TimeGenerated) IN (0, 6) AND hour(TimeGenerated) BETWEEN 9 AND 11"

    busy = float(str(one(connection, per_hour + working)))
    assert busy > 5 * float(str(one(connection, per_hour + night)))
    assert busy > 3 * float(str(one(connection, per_hour + weekend)))


def test_usage_agrees_with_what_is_stored(connection: DuckDBPyConnection) -> None:
    for table in ("SecurityEvent", "SigninLogs", "Heartbeat"):
        stored = one(connection, f"SELECT sum(_BilledSize) / 1e6 FROM {table}")
        told = one(connection, f"SELECT sum(Quantity) FROM Usage WHERE DataType = '{table}'")
        assert told == pytest.approx(stored)
    free = connection.execute("SELECT DISTINCT DataType FROM Usage WHERE NOT IsBillable").fetchall()
    assert ("Heartbeat",) in free
    assert ("SecurityEvent",) not in free


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("SigninLogs", "IPAddress"),
        ("AADNonInteractiveUserSignInLogs", "IPAddress"),
        ("CommonSecurityLog", "SourceIP"),
        ("CommonSecurityLog", "DestinationIP"),
        ("DeviceNetworkEvents", "RemoteIP"),
        ("OfficeActivity", "ClientIP"),
        ("AzureActivity", "CallerIpAddress"),
        ("EmailEvents", "SenderIPv4"),
        ("DnsEvents", "ClientIP"),
    ],
)
def test_addresses_are_private_or_reserved_for_documentation(
    connection: DuckDBPyConnection, table: str, column: str
) -> None:
    found = connection.execute(
        f"SELECT DISTINCT {column} FROM {table} WHERE {column} <> ''"
    ).fetchall()
    for (text,) in found:
        address = ipaddress.ip_address(text)
        assert address in PRIVATE or any(address in network for network in DOCUMENTATION), text


def test_the_company_has_its_size(connection: DuckDBPyConnection) -> None:
    assert one(connection, "SELECT count(DISTINCT AccountUPN) FROM IdentityInfo") == 120
    assert one(connection, "SELECT count(DISTINCT DeviceId) FROM DeviceInfo") == 150


def test_the_watchlists_items_are_as_the_table_keeps_them(connection: DuckDBPyConnection) -> None:
    ((item, key),) = connection.execute(
        "SELECT WatchlistItem->>'User Principal Name', SearchKey FROM Watchlist "
        "WHERE WatchlistAlias = 'VIPUsers' AND _DTItemType = 'watchlist-item' "
        "AND SearchKey LIKE 'sofia%' ORDER BY TimeGenerated DESC LIMIT 1"
    ).fetchall()
    assert item == key == "sofia.lindgren@northwind.example"


def test_the_feeds_knew_something_of_the_intruder(connection: DuckDBPyConnection) -> None:
    found = connection.execute(
        "SELECT ObservableValue, Data->>'pattern' FROM ThreatIntelIndicators "
        "WHERE ObservableValue IN ('192.0.2.66', '198.51.100.211') ORDER BY 1"
    ).fetchall()
    assert found == [
        ("192.0.2.66", "[ipv4-addr:value = '192.0.2.66']"),
        ("198.51.100.211", "[ipv4-addr:value = '198.51.100.211']"),
    ]


def test_there_are_thirty_incidents_of_which_the_intrusion_stands_out(store: Store) -> None:
    incidents = store.documents.list("incidents")
    properties = [each["properties"] for each in incidents]

    assert len(incidents) == 30
    assert len({each["incidentNumber"] for each in properties}) == 30
    assert set(Counter(each["status"] for each in properties)) == {"New", "Active", "Closed"}
    assert {each["severity"] for each in properties} == {"High", "Medium", "Low", "Informational"}
    top = max(properties, key=lambda each: each["additionalData"]["alertsCount"])
    assert (top["severity"], top["status"]) == ("High", "Active")
    assert len(top["additionalData"]["tactics"]) >= 5
    assert top["title"].startswith("Multi-stage incident")
    for each in properties:
        closed = each["status"] == "Closed"
        assert ("classification" in each) == closed


def test_documents_and_tables_tell_of_the_same_incidents(
    store: Store, connection: DuckDBPyConnection
) -> None:
    latest = {
        name: (number, status, severity, sorted(alerts))
        for name, number, status, severity, alerts in connection.execute(
            "SELECT IncidentName, arg_max(IncidentNumber, LastModifiedTime), "
            "arg_max(Status, LastModifiedTime), arg_max(Severity, LastModifiedTime), "
            "arg_max(AlertIds::VARCHAR[], LastModifiedTime) FROM SecurityIncident GROUP BY 1"
        ).fetchall()
    }
    in_table = {
        name for (name,) in connection.execute("SELECT SystemAlertId FROM SecurityAlert").fetchall()
    }

    for incident in store.documents.list("incidents"):
        properties = incident["properties"]
        alerts = store.documents.list("alerts", incident["name"])
        names = sorted(each["name"] for each in alerts)
        assert latest[incident["name"]] == (
            properties["incidentNumber"], properties["status"], properties["severity"], names,
        )  # fmt: skip
        assert set(names) <= in_table
        assert properties["additionalData"]["alertsCount"] == len(names)
        comments = store.documents.list("comments", incident["name"])
        assert properties["additionalData"]["commentsCount"] == len(comments)


def test_an_incident_has_a_row_for_every_change(connection: DuckDBPyConnection) -> None:
    ((versions, first, last),) = connection.execute(
        "SELECT count(*), arg_min(len(AlertIds::VARCHAR[]), TimeGenerated), "
        "arg_max(len(AlertIds::VARCHAR[]), TimeGenerated) FROM SecurityIncident "
        "WHERE Title LIKE 'Multi-stage%'"
    ).fetchall()
    assert versions > 10
    assert first < last


def test_every_entity_that_another_names_is_in_the_same_incident(store: Store) -> None:
    for incident in store.documents.list("incidents"):
        entities = store.documents.list("entities", incident["name"])
        ids = {each["id"] for each in entities}
        for each in entities:
            properties = each["properties"]
            named = [properties.get("hostEntityId"), properties.get("imageFileEntityId")]
            named += properties.get("fileHashEntityIds", [])
            assert {name for name in named if name} <= ids


def test_the_intrusion_has_everything_that_an_incident_can_have(store: Store) -> None:
    (top,) = [
        each
        for each in store.documents.list("incidents")
        if each["properties"]["title"].startswith("Multi-stage")
    ]
    kinds = {each["kind"] for each in store.documents.list("entities", top["name"])}
    relations = store.documents.list("relations", top["name"])

    assert kinds == {
        "Account", "Host", "Ip", "Url", "File", "FileHash", "Process", "Mailbox", "MailMessage",
    }  # fmt: skip
    assert len(store.documents.list("comments", top["name"])) >= 2
    assert len(store.documents.list("incidentTasks", top["name"])) >= 3
    assert {each["properties"]["relatedResourceType"].rsplit("/", 1)[1] for each in relations} == {
        "Entities", "bookmarks",
    }  # fmt: skip
    rules = {each["id"] for each in store.documents.list("alertRules")}
    assert set(top["properties"]["relatedAnalyticRuleIds"]) <= rules


def test_the_connectors_are_of_twelve_kinds(store: Store) -> None:
    kinds = [each["kind"] for each in store.documents.list("dataConnectors")]

    assert len(kinds) == len(set(kinds)) == 12
    definitions = {each["name"] for each in store.documents.list("dataConnectorDefinitions")}
    assert {
        each["properties"]["connectorDefinitionName"]
        for each in store.documents.list("dataConnectors")
        if each["kind"] == "RestApiPoller"
    } <= definitions


def test_look_alikes_need_a_second_look(connection: DuckDBPyConnection) -> None:
    installs = connection.execute(
        "SELECT DISTINCT SubjectUserName FROM SecurityEvent "
        "WHERE EventID = 4697 AND ServiceFileName ILIKE '%psexesvc%'"
    ).fetchall()
    assert sorted(installs) == [("daniel.reyes",), ("hana.kovacs",)]
    managed = connection.execute(
        "SELECT DISTINCT DeviceDetail->>'isManaged' FROM SigninLogs "
        "WHERE UserPrincipalName LIKE 'marcus%' AND Location = 'SG'"
    ).fetchall()
    assert managed == [("true",)]
