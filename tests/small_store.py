"""A store with a small scenario that is built in no time, for tests of how stores are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel_mcp.kql.catalog import TableSchema, bundled
from sentinel_mcp.kql.results import Column
from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.ingest import IngestReport, OnProgress, ingest
from sentinel_mcp.local.store import Scenario, Store
from sentinel_mcp.local.tables import create_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS = (
    Column("TimeGenerated", "datetime"),
    Column("Computer", "string"),
    Column("EventID", "int"),
    Column("EventData", "string"),
    Column("Type", "string"),
    Column("TenantId", "string"),
)
SCENARIO_ROWS = {"SecurityEvent": 30_000, "Heartbeat": 4_000, "Syslog": 0}
INCIDENTS = 200


def _write_tables(
    connection: DuckDBPyConnection, seed: int, anchor: datetime, on_progress: OnProgress
) -> None:
    on_progress("Writing", 0.5)
    for name, rows in SCENARIO_ROWS.items():
        create_table(connection, TableSchema(name, COLUMNS))
        connection.execute(
            f"INSERT INTO {name} SELECT ?::TIMESTAMP - to_seconds(i), 'host-' || i % 50, "
            "i % 7000, md5((i + ?)::VARCHAR), ?, 'tenant' FROM range(?) t(i)",
            [anchor.replace(tzinfo=None), seed, name, rows],
        )


def _documents(anchor: datetime) -> Iterable[Document]:
    for number in range(INCIDENTS):
        body = {"properties": {"title": f"Incident {number}", "at": anchor.isoformat()}}
        yield Document("incidents", f"incident-{number:03}", body | {"fill": "x" * 200})


SMALL = Scenario(lambda: "small", _write_tables, _documents)


def small_store(
    directory: Path, *, now: datetime | None = None, on_progress: OnProgress | None = None
) -> Store:
    """Open a store with the small scenario."""
    return Store.open(directory, now=now, on_progress=on_progress, scenario=SMALL)


def ingest_rows(
    directory: Path,
    table: str,
    rows: Iterable[dict[str, object]],
    folder: Path,
    *,
    now: datetime | None = None,
    scenario: Scenario | None = SMALL,
) -> IngestReport:
    """Ingest rows into a store, from a file that is written in `folder`."""

    def open_store(
        directory: Path, *, now: datetime | None, on_progress: OnProgress | None
    ) -> Store:
        return Store.open(directory, now=now, on_progress=on_progress, scenario=scenario)

    file = folder / "rows.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(each) + "\n" for each in rows)
    return ingest(
        directory, table, [file], catalog=bundled("sentinel"), now=now, open_store=open_store
    )


def numbered(batch: str, count: int, *, width: int = 1) -> list[dict[str, object]]:
    """Return rows that can be told apart: by `Batch` and, within it, by `Number`."""
    return [
        {
            "TimeGenerated": "2026-01-01T00:00:00Z",
            "Computer": f"mine-{number}",
            "Batch": batch,
            "Number": number,
            "Fill": f"{batch}/{number}/" * width,
        }
        for number in range(count)
    ]


def held(store: Store, table: str) -> list[tuple[str, int, int]]:
    """Return the batches of a table: name, rows, and how many of their numbers differ."""
    if table not in store.tables() or all(
        each.name != "Batch" for each in store.tables()[table].columns
    ):
        return []
    with store.reading() as connection:
        return connection.execute(
            f'SELECT "Batch", count(*), count(DISTINCT "Number") FROM "{table}" '
            "WHERE \"Batch\" != '' GROUP BY 1 ORDER BY 1"
        ).fetchall()


def count(store: Store, table: str) -> int:
    """Return how many rows a table has."""
    with store.reading() as connection:
        return connection.execute(f'SELECT count(*) FROM "{table}"').fetchall()[0][0]
