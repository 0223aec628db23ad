"""Watchlists: their documents, and the rows of their table that tell of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID, TENANT_ID
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.estate import hosts
from sentinel_mcp.local.scenario.names import SITE_EGRESS, guid
from sentinel_mcp.local.scenario.people import people, person
from sentinel_mcp.local.scenario.watchlist_rows import item_row, watchlist_row

Body = dict[str, Any]
"""The cells of a row, or a document. Any: they are of many kinds."""

# Sentinel writes every watchlist into the table again at times, so that it never ages out.
_REFRESHED_DAYS_AGO = (12.1, 0.6)

# Before anything that a user may have changed in this workspace: the newest change of an item
# counts, and a new build of the scenario must not bring back what a user deleted.
_CREATED_DAYS_AGO = 400

_VIPS = ("sofia.lindgren", "robert.achterberg", "aiko.tanaka", "nadia.okonkwo", "adm-hkovacs")


def documents(clock: Clock) -> list[Document]:
    """Return the watchlists, their items and the names of their columns."""
    found: list[Document] = []
    for alias, name, about, key, items in _watchlists():
        watchlist = _watchlist(clock, alias, name, about, key)
        found.append(Document("watchlists", alias, watchlist))
        found.append(
            Document("watchlistColumns", alias, {"columns": dict.fromkeys(items[0], "string")})
        )
        for values in items:
            item = _item(clock, alias, guid("watchlist", alias, values[key]), values)
            found.append(Document("watchlistItems", item["name"], item, parent=alias))
    return found


def rows(clock: Clock) -> Iterable[Body]:
    """Yield the rows that tell of the watchlists and their items, written anew at times."""
    at = wire(clock.now - timedelta(days=_CREATED_DAYS_AGO))
    made = documents(clock)
    watchlists = {each.name: each.body for each in made if each.kind == "watchlists"}
    for days in _REFRESHED_DAYS_AGO:
        written = wire(clock.now - timedelta(days=days))
        for each in watchlists.values():
            yield watchlist_row(each, "Create", at=at, written=written)
        for each in made:
            if each.kind == "watchlistItems":
                yield item_row(watchlists[each.parent], each.body, "Create", at=at, written=written)


def _watchlist(clock: Clock, alias: str, name: str, about: str, key: str) -> Body:
    return {
        "id": f"{INSIGHTS_ID}/watchlists/{alias}",
        "name": alias,
        "type": "Microsoft.SecurityInsights/Watchlists",
        "properties": {
            "watchlistId": guid("watchlist", alias),
            "displayName": name,
            "provider": "Microsoft",
            "source": f"{alias}.csv",
            "sourceType": "Local",
            **_authored(clock),
            "description": about,
            "watchlistType": "watchlist",
            "watchlistAlias": alias,
            "itemsSearchKey": key,
            "isDeleted": False,
            "labels": [],
            "defaultDuration": "P1Y",
            "tenantId": TENANT_ID,
            "numberOfLinesToSkip": 0,
            "uploadStatus": "Complete",
            "provisioningState": "Succeeded",
        },
    }


def _item(clock: Clock, alias: str, name: str, values: Mapping[str, str]) -> Body:
    return {
        "id": f"{INSIGHTS_ID}/Watchlists/{alias}/WatchlistItems/{name}",
        "name": name,
        "type": "Microsoft.SecurityInsights/Watchlists/WatchlistItems",
        "properties": {
            "watchlistItemType": "watchlist-item",
            "watchlistItemId": name,
            "tenantId": TENANT_ID,
            "isDeleted": False,
            **_authored(clock),
            "itemsKeyValue": dict(values),
            "entityMapping": {},
        },
    }


def _authored(clock: Clock) -> Body:
    author = person("aiko.tanaka")
    by = {"objectId": author.id, "email": author.upn, "name": author.name}
    return {
        "created": wire(clock.now - timedelta(days=_CREATED_DAYS_AGO)),
        "updated": wire(clock.now - timedelta(days=20)),
        "createdBy": by,
        "updatedBy": by,
    }


def _watchlists() -> Iterable[tuple[str, str, str, str, list[Mapping[str, str]]]]:
    """Yield alias, name, description, search key and items of each."""
    yield (
        "VIPUsers", "VIP users", "People whose accounts are worth most to an intruder.",
        "User Principal Name",
        [
            {
                "User Principal Name": person(each).upn,
                "User Full Name": person(each).name,
                "Job Title": person(each).title,
                "User On-Prem Sid": person(each).sid,
            }
            for each in _VIPS
        ],
    )  # fmt: skip
    yield (
        "HighValueAssets", "High value assets", "Servers that the company stops without.",
        "Asset FQDN",
        [
            {
                "Asset FQDN": each.fqdn,
                "Asset Name": each.name,
                "IP Address": each.ip,
                "Asset Type": each.role,
                "Tags": "Tier 0" if each.role == "controller" else "Tier 1",
            }
            for each in hosts()
            if each.role in ("controller", "files", "database") or each.name == "nw-ca-01"
        ],
    )  # fmt: skip
    yield (
        "NetworkAddresses", "Networks of the company", "Ranges that are ours, by their use.",
        "IP Subnet",
        [
            *(
                {"IP Subnet": f"{address}/32", "Range Name": f"{site} internet", "Tags": "egress"}
                for site, address in SITE_EGRESS.items()
            ),
            {"IP Subnet": "10.10.0.0/16", "Range Name": "Servers", "Tags": "internal"},
            {"IP Subnet": "10.20.0.0/16", "Range Name": "Workstations", "Tags": "internal"},
            {"IP Subnet": "10.30.0.0/24", "Range Name": "VPN", "Tags": "internal"},
        ],
    )  # fmt: skip
    yield (
        "ServiceAccounts", "Service accounts", "Accounts that no person signs in with.",
        "Service AAD Object Id",
        [
            {
                "Service AAD Object Id": each.id,
                "Service On-Prem Sid": each.sid,
                "User Principal Name": each.upn,
                "Owner": "IT operations",
            }
            for each in people()
            if each.sam.startswith("svc-")
        ],
    )  # fmt: skip
