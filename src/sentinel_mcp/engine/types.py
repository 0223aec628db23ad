"""Kusto's scalar types and the DuckDB types that hold them."""

from __future__ import annotations

from typing import Final

KUSTO_TO_DUCKDB: Final[dict[str, str]] = {
    "string": "VARCHAR",
    "datetime": "TIMESTAMP",
    "long": "BIGINT",
    "int": "INTEGER",
    "real": "DOUBLE",
    "bool": "BOOLEAN",
    "dynamic": "JSON",
    "guid": "UUID",
    "timespan": "INTERVAL",
    "decimal": "DECIMAL(38,9)",
}

_KUSTO_OF: Final[dict[str, str]] = {
    **{held: kusto for kusto, held in KUSTO_TO_DUCKDB.items()},
    "TINYINT": "int",
    "SMALLINT": "int",
    "UTINYINT": "int",
    "USMALLINT": "int",
    "UINTEGER": "long",
    "UBIGINT": "long",
    "HUGEINT": "long",
    "FLOAT": "real",
    "TIMESTAMP WITH TIME ZONE": "datetime",
    "TIMESTAMP_S": "datetime",
    "TIMESTAMP_MS": "datetime",
    "TIMESTAMP_NS": "datetime",
    "DATE": "datetime",
}


def duckdb_type(kusto: str) -> str:
    """Return the DuckDB type that holds values of a Kusto type; strings hold what is unknown."""
    return KUSTO_TO_DUCKDB.get(kusto, "VARCHAR")


def kusto_type(duckdb: str) -> str:
    """Return the Kusto type of values of a DuckDB type; nested types are dynamic."""
    name = duckdb.upper()
    if name in _KUSTO_OF:
        return _KUSTO_OF[name]
    if name.startswith("DECIMAL"):
        return "decimal"
    if name.endswith("]") or name.startswith(("STRUCT", "MAP", "UNION", "LIST")):
        return "dynamic"
    return "string"
