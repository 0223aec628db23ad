"""Which tables queries may name: those of the workspace, or those of Defender XDR."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from sentinel_mcp.errors import UnsupportedLocally
from sentinel_mcp.kql.catalog import Catalog, TableSchema, bundled
from sentinel_mcp.kql.results import Environment

_OTHERWISE = frozenset({"IdentityInfo"})
"""Of the same name in both, with columns that mean other things."""


def catalog_of(environment: Environment, stored: Mapping[str, TableSchema]) -> Catalog:
    """Return the tables that queries may name; of XDR's, those that are kept are present."""
    if environment == "sentinel":
        return bundled("sentinel").with_tables(stored.values())
    catalog = bundled("xdr")
    kept = set(stored) - _OTHERWISE
    tables = {name: replace(table, present=name in kept) for name, table in catalog.tables.items()}
    return replace(catalog, tables=MappingProxyType(tables))


def require_kept(tables: Iterable[str], catalog: Catalog) -> None:
    """Refuse a query of tables that only Defender XDR itself has.

    Answered with no rows, it would say that nothing happened.
    """
    absent = sorted(
        name for name in tables if (table := catalog.tables.get(name)) and not table.present
    )
    if absent:
        kept = sorted(name for name, table in catalog.tables.items() if table.present)
        raise UnsupportedLocally(
            f"The embedded workspace does not have {', '.join(absent)} of Defender XDR.",
            hint=f"It has {', '.join(kept)}.",
        )
