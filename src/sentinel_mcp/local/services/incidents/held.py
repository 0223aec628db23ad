"""The incidents as they were read last: a list is asked for page by page, and seldom changed."""

from __future__ import annotations

import threading

from sentinel_mcp.local.documents import Bodies, Documents
from sentinel_mcp.local.services.incidents.properties import FILTERABLE
from sentinel_mcp.local.services.odata import parse_orderby

KIND = "incidents"
_MAX_ORDERS = 8


class HeldIncidents:
    """Reads the incidents again when anything was written, here or by another process.

    Of 5,000 incidents a page costs 5 ms so, and 90 where each request reads and sorts them all.
    Whoever gets a list leaves it and what is in it as it is.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._lock = threading.Lock()
        self._version: tuple[int, int, int] | None = None
        self._ordered: dict[str, Bodies] = {}

    def ordered(self, order: str) -> Bodies:
        """Return all incidents in an order, as `$orderby` states it."""
        with self._lock:
            version = self._documents.version
            if version != self._version:
                self._version, self._ordered = version, {}
            found = self._ordered.get(order)
            if found is None:
                unsorted = next(iter(self._ordered.values()), None)
                if unsorted is None:
                    unsorted = self._documents.list(KIND)
                if len(self._ordered) == _MAX_ORDERS:
                    self._ordered.clear()
                found = self._ordered[order] = parse_orderby(order, FILTERABLE)(unsorted)
            return found
