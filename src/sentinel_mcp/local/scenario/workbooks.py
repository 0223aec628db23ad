"""Workbooks that the team keeps for the workspace."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import LOCATION, RESOURCE_GROUP, RESOURCE_ID, SUBSCRIPTION_ID
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.scenario.people import person

_WORKBOOKS = (
    ("Incidents of the week", "What came in, what was closed, how long it took.", "aiko.tanaka"),
    ("Sign-ins and their risk", "Sign-ins by network, risk and method.", "priya.nair"),
    ("Firewall overview", "Sessions, bytes and denials of the PAN-OS firewalls.", "hana.kovacs"),
    ("Data that arrives", "Volume by table, delays, and what went silent.", "hana.kovacs"),
    ("Coverage by tactic", "Rules and hunting queries by MITRE tactic.", "jonas.weber"),
)


def documents(clock: Clock) -> Iterable[Document]:
    """Yield the workbooks."""
    for number, (title, description, author) in enumerate(_WORKBOOKS):
        name = guid("workbook", title)
        body: dict[str, Any] = {  # Any: JSON
            "id": (
                f"/subscriptions/{SUBSCRIPTION_ID}/resourcegroups/{RESOURCE_GROUP}"
                f"/providers/Microsoft.Insights/workbooks/{name}"
            ),
            "name": name,
            "type": "Microsoft.Insights/workbooks",
            "location": LOCATION,
            "tags": {"hidden-title": title},
            "kind": "shared",
            "properties": {
                "displayName": title,
                "userId": person(author).id,
                "sourceId": RESOURCE_ID.lower(),
                "version": "Notebook/1.0",
                "category": "sentinel",
                "timeModified": wire(clock.now - timedelta(days=3 + 11 * number, hours=number)),
                "storageUri": None,
                "description": description,
                "revision": guid("revision", title).replace("-", ""),
            },
        }
        yield Document("workbooks", name, body)
