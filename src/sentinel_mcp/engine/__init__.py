"""KQL on DuckDB, behind one interface."""
