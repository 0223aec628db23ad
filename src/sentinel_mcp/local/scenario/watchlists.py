"""Watchlists, as their table keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.identity import TENANT_ID
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.estate import hosts
from sentinel_mcp.local.scenario.names import SITE_EGRESS, guid
from sentinel_mcp.local.scenario.people import people, person

Body = dict[str, Any]
"""The cells of a row. Any: they are of many kinds."""

# Sentinel writes every watchlist into the table again at times, so that it never ages out.
_REFRESHED_DAYS_AGO = (12.1, 0.6)

_VIPS = ("sofia.lindgren", "robert.achterberg", "aiko.tanaka", "nadia.okonkwo", "adm-hkovacs")


def rows(clock: Clock) -> Iterable[Body]:
    """Yield the watchlists and their items."""
    for alias, name, key, items in _watchlists():
        for days in _REFRESHED_DAYS_AGO:
            at = clock.now - timedelta(days=days)
            common = _common(clock, alias, name, str(at))
            yield {
                **common,
                "_DTItemId": guid("watchlist", alias),
                "_DTItemType": "watchlist",
                "SearchKey": key,
            }
            for item in items:
                item_id = guid("watchlist", alias, item[key])
                yield {
                    **common,
                    "_DTItemId": item_id,
                    "_DTItemType": "watchlist-item",
                    "WatchlistItemId": item_id,
                    "WatchlistItem": dict(item),
                    "SearchKey": item[key],
                }


def _common(clock: Clock, alias: str, name: str, at: str) -> Body:
    author = person("aiko.tanaka")
    by = {"ObjectId": author.id, "Email": author.upn, "Name": author.name}
    return {
        "TimeGenerated": at,
        "AzureTenantId": TENANT_ID,
        "CorrelationId": guid("watchlist-refresh", alias, at),
        "CreatedBy": by,
        "UpdatedBy": by,
        "CreatedTimeUTC": str(clock.now - timedelta(days=70)),
        "LastUpdatedTimeUTC": str(clock.now - timedelta(days=20)),
        "DefaultDuration": "P1Y",
        "EntityMapping": {},
        "Provider": "Microsoft",
        "Source": f"{alias}.csv",
        "TimeToLive": str(clock.now + timedelta(days=295)),
        "WatchlistAlias": alias,
        "WatchlistId": guid("watchlist", alias),
        "WatchlistName": name,
        "_DTItemStatus": "Create",
        "_DTTimestamp": at,
    }


def _watchlists() -> Iterable[tuple[str, str, str, list[Mapping[str, str]]]]:
    """Yield alias, name, search key and items of each."""
    yield (
        "VIPUsers", "VIP users", "User Principal Name",
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
        "HighValueAssets", "High value assets", "Asset FQDN",
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
        "NetworkAddresses", "Networks of the company", "IP Subnet",
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
        "ServiceAccounts", "Service accounts", "Service AAD Object Id",
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
