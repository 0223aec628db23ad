"""The application on a stage: real documents and HTTP, with a scripted engine and checker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sentinel_mcp.engine.engine import EngineResult
from sentinel_mcp.errors import SentinelError, StoreCorrupt
from sentinel_mcp.kql.catalog import Catalog, TableSchema
from sentinel_mcp.kql.results import Check, Column, Diagnostic, Normalised
from sentinel_mcp.kql.timespan import Timespan
from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Document, Documents
from sentinel_mcp.local.workspace import LocalWorkspace

if TYPE_CHECKING:
    from sentinel_mcp.kql.validator import Checker
    from sentinel_mcp.local.store import Store

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ARM = "https://management.azure.com"
LOGS = f"https://api.loganalytics.io/v1/workspaces/{identity.WORKSPACE_ID}"
GA = "api-version=2025-09-01"
HEARTBEAT = TableSchema(
    "Heartbeat",
    (Column("TimeGenerated", "datetime"), Column("Computer", "string", "Name of the computer.")),
    "Signs of life.",
)


@dataclass
class Script:
    """What the stand-ins do and what they saw."""

    columns: tuple[Column, ...] = (Column("n", "long"),)
    rows: Sequence[list[object]] = field(default_factory=lambda: [[1], [2]])
    truncated: bool = False
    visualization: dict[str, Any] | None = None
    refusal: SentinelError | None = None
    cause: Exception | None = None
    doubted: list[str] = field(default_factory=list[str])
    diagnostics: tuple[Diagnostic, ...] = ()
    blocks: bool = False
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    interrupted: threading.Event = field(default_factory=threading.Event)
    timespans: list[Timespan | None] = field(default_factory=list[Timespan | None])
    made_engines: int = 0
    closed_engines: int = 0


class ScriptedEngine:
    def __init__(self, script: Script) -> None:
        self._script = script

    def run(
        self, query: Normalised, *, timespan: Timespan | None, now: datetime, max_rows: int
    ) -> EngineResult:
        script = self._script
        script.timespans.append(timespan)
        script.started.release()
        if script.blocks and not script.interrupted.wait(timeout=30):
            raise TimeoutError("nobody interrupted the query")
        if script.refusal:
            raise script.refusal from script.cause
        return EngineResult(
            columns=script.columns,
            rows=cast("list[list[object]]", script.rows),
            truncated=script.truncated,
            visualization=script.visualization,
            cpu_s=0.25,
            scanned_rows=7,
        )

    def another(self, connection: Any) -> ScriptedEngine:
        self._script.made_engines += 1
        return ScriptedEngine(self._script)

    def interrupt(self) -> None:
        self._script.interrupted.set()

    def close(self) -> None:
        self._script.closed_engines += 1


class ScriptedChecker:
    def __init__(self, script: Script) -> None:
        self._script = script

    async def normalise(self, query: str, catalog: Catalog) -> Normalised:
        return Normalised(query, (), self._script.columns, bound=True)

    async def check(self, query: str, catalog: Catalog) -> Check:
        return Check("kusto_language", self._script.diagnostics)


class _Connection:
    def close(self) -> None:
        pass


class MemoryStore:
    """A store whose tables are described and never read."""

    def __init__(self, directory: Path, script: Script) -> None:
        self._script = script
        self.documents = Documents(directory / "resources.sqlite")
        self.anchor = NOW
        self.notices: list[str] = []

    def tables(self) -> dict[str, TableSchema]:
        return {HEARTBEAT.name: HEARTBEAT}

    def doubt(self, reason: str) -> StoreCorrupt:
        self._script.doubted.append(reason)
        return StoreCorrupt("The tables are damaged.", hint="Ask again.")

    def connect(self) -> _Connection:
        return _Connection()

    @contextmanager
    def reading(self) -> Generator[_Connection]:
        yield self.connect()

    def close(self) -> None:
        self.documents.close()


def stage(
    directory: Path, script: Script | None = None, documents: Sequence[Document] = ()
) -> LocalWorkspace:
    """Open a workspace over stand-ins."""
    script = script or Script()
    store = MemoryStore(directory, script)
    store.documents.fill(documents, build="stage")

    def make_engine(connection: Any, catalog: Catalog) -> ScriptedEngine:
        script.made_engines += 1
        return ScriptedEngine(script)

    return LocalWorkspace(
        directory,
        cast("Store", store),  # has what the application uses of it
        cast("Checker", ScriptedChecker(script)),
        clock=lambda: NOW,
        make_engine=make_engine,
    )


def incident(number: int, **properties: Any) -> Document:
    name = f"00000000-0000-4000-8000-{number:012}"
    return Document(
        "incidents",
        name,
        {
            "id": f"{identity.INSIGHTS_ID}/incidents/{name}",
            "name": name,
            "type": "Microsoft.SecurityInsights/incidents",
            "properties": {
                "title": f"Incident {number}",
                "severity": "Medium",
                "status": "New",
                "incidentNumber": number,
                "createdTimeUtc": f"2026-11-{number:02}T08:00:00Z",
                "lastModifiedTimeUtc": f"2026-11-{number:02}T09:00:00Z",
                "labels": [],
                "owner": {"objectId": None, "email": None},
                "relatedAnalyticRuleIds": [],
                "providerName": "Azure Sentinel",
                "additionalData": {
                    "alertsCount": 1,
                    "commentsCount": 0,
                    "bookmarksCount": 0,
                    "tactics": ["Execution"],
                    "alertProductNames": ["Microsoft Defender XDR"],
                },
                **properties,
            },
        },
    )


def endless(make: Callable[[int], list[object]]) -> Iterator[list[object]]:
    """Yield rows without end."""
    number = 0
    while True:
        yield make(number)
        number += 1
