"""All documents of the scenario."""

from __future__ import annotations

from datetime import datetime

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.scenario import bookmarks, connectors, incidents, rule_documents
from sentinel_mcp.local.scenario.cases import cases
from sentinel_mcp.local.scenario.clock import Clock


def write_documents(anchor: datetime) -> list[Document]:
    """Return the documents for a build at that moment, incidents newest last."""
    clock = Clock(anchor)
    found: list[Document] = []
    for case in cases(clock):
        found += incidents.documents(case, clock, bookmarks.of(case))
        if bookmarks.of(case):
            found += bookmarks.documents(clock, case)
    found += rule_documents.documents(clock)
    found += connectors.documents()
    return found
