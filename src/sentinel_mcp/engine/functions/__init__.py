"""The bodies of Kusto's functions, as DuckDB macros."""
