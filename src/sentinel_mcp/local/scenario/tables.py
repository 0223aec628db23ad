"""Fills the tables of a new store: noise first, then what was written, then what counts it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.local.identity import RESOURCE_ID, WORKSPACE_ID
from sentinel_mcp.local.scenario import (
    alerts,
    bookmarks,
    incidents,
    indicator_documents,
    rule_runs,
    sign_ins,
    watchlists,
)
from sentinel_mcp.local.scenario.cases import Case, cases
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.scenario.noise import (
    endpoint,
    identity,
    mail,
    network,
    platform,
    servers,
    windows,
)
from sentinel_mcp.local.scenario.noise.stream import Generator
from sentinel_mcp.local.scenario.story import operators

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

OnProgress = Callable[[str, float], None]

_NOISE = (
    ("sign-ins", identity),
    ("Windows events", windows),
    ("endpoint events", endpoint),
    ("server events", servers),
    ("mail", mail),
    ("network traffic", network),
    ("platform logs", platform),
)

# Columns that hold the time of the event a second time.
_SAME_TIME = {
    "AuditLogs": ("ActivityDateTime",),
    "AADNonInteractiveUserSignInLogs": ("CreatedDateTime",),
    "AzureActivity": ("EventSubmissionTimestamp",),
    "BehaviorAnalytics": ("TimeProcessed",),
    "DeviceProcessEvents": ("ProcessCreationTime",),
    "OfficeActivity": ("Start_Time",),
    "SigninLogs": ("CreatedDateTime",),
    "Syslog": ("EventTime",),
}


def write_tables(
    connection: DuckDBPyConnection,
    catalog: Catalog,
    seed: int,
    anchor: datetime,
    on_progress: OnProgress,
) -> None:
    """Create and fill every table of the scenario."""
    clock = Clock(anchor)
    generator = Generator(connection, catalog, seed, clock)
    found = cases(clock)
    for number, (what, module) in enumerate(_NOISE):
        on_progress(f"Writing {what}", 0.1 + 0.7 * number / len(_NOISE))
        for stream in module.STREAMS:
            generator.run(stream)
    on_progress("Writing the incidents", 0.8)
    _write_story(generator, found, clock)
    unattended = operators.alerts(clock)
    raised = [row for case in found for row in alerts.rows(case, clock)]
    raised += [alerts.row(each, "New", clock) for each in unattended]
    changes = [row for case in found for row in incidents.rows(case, bookmarks.of(case))]
    generator.insert("SecurityAlert", raised)
    generator.insert("SecurityIncident", changes)
    generator.insert("HuntingBookmark", bookmarks.rows(clock, found))
    generator.insert("ThreatIntelIndicators", list(indicator_documents.rows(clock)))
    generator.insert("Watchlist", list(watchlists.rows(clock)))
    generator.insert("SentinelHealth", _connector_health(clock))
    generator.insert("SentinelAudit", rule_runs.changes(clock))
    on_progress("Running the rules", 0.85)
    rule_runs.write(generator, [*(each for case in found for each in case.alerts), *unattended])
    on_progress("Counting volumes", 0.9)
    generator.run(platform.USAGE)


Cells = list[dict[str, Any]]
"""Rows by column. Any: a cell is of its column's type."""


def _write_story(generator: Generator, found: Sequence[Case], clock: Clock) -> None:
    by_table: dict[str, Cells] = {}
    story = (row for case in found for row in case.episode.rows)
    for row in (*sign_ins.rows(clock), *story):
        moment = str(clock.time(row.at))
        times = dict.fromkeys(_SAME_TIME.get(row.table, ()), moment)
        cells = {"TimeGenerated": moment, **times, **row.cells}
        by_table.setdefault(row.table, []).append(cells)
    for table, rows in by_table.items():
        generator.insert(table, rows)


def _connector_health(clock: Clock) -> Cells:
    """Return what Sentinel noticed of the connectors: one has no access any more."""
    changes = (
        ("RestApiPoller", "Northwind Git audit log", "Failure", 31.0,
         "Credentials were refused by the source (401)."),
        ("ThreatIntelligenceTaxii", "Industry sharing group", "Failure", 80.0,
         "The server did not answer in time."),
        ("ThreatIntelligenceTaxii", "Industry sharing group", "Success", 79.0, ""),
        ("Office365", "Office 365", "Success", 200.0, ""),
    )  # fmt: skip
    return [
        {
            "TimeGenerated": str(clock.now - timedelta(hours=hours)),
            "OperationName": "Data fetch status change",
            "Status": status,
            "Description": reason or "Data is fetched again.",
            "Reason": reason,
            "SentinelResourceId": (
                f"{RESOURCE_ID}/providers/Microsoft.SecurityInsights/dataConnectors/"
                f"{guid('connector', kind)}"
            ),
            "SentinelResourceKind": kind,
            "SentinelResourceName": name,
            "SentinelResourceType": "Data connector",
            "RecordId": guid("health", kind, status, hours),
            "WorkspaceId": WORKSPACE_ID,
            "ExtendedProperties": {"DestinationTable": ""},
        }
        for kind, name, status, hours, reason in changes
    ]
