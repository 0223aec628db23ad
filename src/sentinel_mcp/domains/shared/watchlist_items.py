"""Which watchlist items hold a value, or a network that an address is in."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sentinel_mcp.domains.documents import Document, as_document
from sentinel_mcp.domains.shared.entity import Subject
from sentinel_mcp.domains.shared.text_patterns import TextPattern, common_names, text_pattern
from sentinel_mcp.kql import literals

Match = Literal["exact", "part", "network"]

MAX_ITEMS = 500
"""Rows of the table that are looked at; a value that is the name of a column fits all of them."""

_NETWORK = re.compile(
    r"(?<![\w.:/])(?:(?:\d{1,3}\.){3}\d{1,3}/\d{1,2}|[0-9a-f]*:[0-9a-f:.]+/\d{1,3})(?![\w./])",
    re.IGNORECASE,
)
_ANY_NETWORK = r"[0-9a-fA-F:.]/[0-9]{1,3}"


@dataclass(frozen=True, slots=True)
class ItemMatch:
    """How an item holds a value: as a whole cell, within one, or by a network."""

    match: Match
    columns: list[str]
    network: str | None = None


@dataclass(frozen=True, slots=True)
class ItemSearch:
    """Looks for one subject in items."""

    subject: Subject
    given: str
    """As the caller wrote it: a piece of text is found as such, too."""

    @property
    def pattern(self) -> TextPattern:
        """What finds the subject's names."""
        return text_pattern(self.subject)

    @property
    def query(self) -> str:
        """The KQL for the newest version of the items that may hold it, at most `MAX_ITEMS` + 1."""
        # Within the text of a JSON object, quotes and backslashes are escaped.
        escaped = json.dumps(self.given, ensure_ascii=False)
        holds: list[str] = []
        if self.subject.kind not in ("ip", "network"):
            holds.append(f"Values contains {literals.string(escaped[1:-1])}")
        if self.pattern.names:
            holds.append(f"Values matches regex {literals.string(self.pattern.expression)}")
        holds += [f"Values contains {literals.string(each)}" for each in common_names(self.subject)]
        if self.subject.kind in ("ip", "network"):
            holds.append(f"Values matches regex {literals.string(_ANY_NETWORK)}")
        return (
            'Watchlist\n| where _DTItemType == "watchlist-item"\n'
            "| summarize arg_max(_DTTimestamp, WatchlistAlias, WatchlistName, SearchKey,"
            " WatchlistItem, _DTItemStatus, LastUpdatedTimeUTC) by _DTItemId\n"
            '| where _DTItemStatus != "Delete"\n'
            f"| extend Values = tostring(WatchlistItem)\n| where {' or '.join(holds)}\n"
            f"| extend Whole = iff(Values contains {literals.string(escaped)}, 1, 0)\n"
            f"| top {MAX_ITEMS + 1} by Whole desc\n"
            "| project WatchlistAlias, WatchlistName, SearchKey, ItemId = _DTItemId,"
            " Item = WatchlistItem, Updated = LastUpdatedTimeUTC"
        )

    def match(self, values: Document) -> ItemMatch | None:
        """Return how the values of an item hold the subject; None where they do not."""
        cells = {column: str(each) for column, each in values.items() if each is not None}
        names = {name.casefold() for each in self.subject.names.values() for name in each}
        names.add(self.given.casefold())
        if exact := [column for column, each in cells.items() if each.casefold() in names]:
            return ItemMatch("exact", exact)
        found = {column: self._network_in(each) for column, each in cells.items()}
        networks = {column: each for column, each in found.items() if each}
        if networks:
            return ItemMatch("network", list(networks), next(iter(networks.values())))
        # A piece of an address is another address.
        is_text = self.subject.kind not in ("ip", "network")
        pattern, piece = self.pattern, self.given.casefold()
        part = [
            column
            for column, each in cells.items()
            if (is_text and piece in each.casefold()) or (pattern.names and pattern.is_in(each))
        ]
        return ItemMatch("part", part) if part else None

    def _network_in(self, cell: str) -> str | None:
        """Return the first network in a cell that has the address, or is part of the network."""
        kind = self.subject.kind
        if kind not in ("ip", "network"):
            return None
        for stated in _NETWORK.findall(cell):
            try:
                network = ipaddress.ip_network(stated, strict=False)
            except ValueError:
                continue
            if kind == "ip":
                if ipaddress.ip_address(self.subject.names["address"][0]) in network:
                    return stated
            else:
                own = ipaddress.ip_network(self.subject.names["network"][0])
                if own.version == network.version and own.overlaps(network):
                    return stated
        return None


def item_of(cell: object) -> Document:
    """Return the values in a dynamic cell, which comes as JSON text or as an object."""
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return {}
    return as_document(cell) or {}


def ordered(matches: Sequence[Match]) -> list[int]:
    """Return the order in which hits are shown: whole cells, then networks, then pieces."""
    rank = {"exact": 0, "network": 1, "part": 2}
    return sorted(range(len(matches)), key=lambda index: rank[matches[index]])
