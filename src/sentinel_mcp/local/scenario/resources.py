"""All documents of the scenario."""

from __future__ import annotations

from datetime import datetime

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.scenario import (
    bookmarks,
    connectors,
    incidents,
    rule_documents,
    rule_templates,
)
from sentinel_mcp.local.scenario.anomalies import documents as anomalies
from sentinel_mcp.local.scenario.automation import documents as automation
from sentinel_mcp.local.scenario.cases import cases
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.content_hub import documents as content_hub
from sentinel_mcp.local.scenario.defender_incidents import documents as defender_incidents
from sentinel_mcp.local.scenario.directory import documents as directory
from sentinel_mcp.local.scenario.enrichment import documents as enrichment
from sentinel_mcp.local.scenario.entity_documents import documents as entity_documents
from sentinel_mcp.local.scenario.hunts import documents as hunts
from sentinel_mcp.local.scenario.indicator_documents import documents as indicators
from sentinel_mcp.local.scenario.metadata_documents import documents as metadata
from sentinel_mcp.local.scenario.product_settings import documents as product_settings
from sentinel_mcp.local.scenario.recommendations import documents as recommendations
from sentinel_mcp.local.scenario.saved_searches import documents as saved_searches
from sentinel_mcp.local.scenario.source_controls import documents as source_controls
from sentinel_mcp.local.scenario.summary_rules import documents as summary_rules
from sentinel_mcp.local.scenario.watchlists import documents as watchlists
from sentinel_mcp.local.scenario.workbooks import documents as workbooks


def write_documents(anchor: datetime) -> list[Document]:
    """Return the documents for a build at that moment, incidents newest last."""
    clock = Clock(anchor)
    found: list[Document] = []
    for case in cases(clock):
        found += incidents.documents(case, clock, bookmarks.of(case))
        if bookmarks.of(case):
            found += bookmarks.documents(clock, case)
    found += [*rule_documents.documents(clock), *rule_templates.documents(clock)]
    found += connectors.documents()
    found += saved_searches(clock)
    found += hunts(clock)
    found += [*automation(clock), *content_hub(clock), *recommendations(clock)]
    found += [*summary_rules(clock), *workbooks(clock)]
    found += watchlists(clock)
    found += indicators(clock)
    found += [*directory(clock), *defender_incidents(clock)]
    found += [*source_controls(clock), *anomalies(clock), *product_settings(), *metadata()]
    found += [*entity_documents(cases(clock), clock), *enrichment(clock)]
    return found
