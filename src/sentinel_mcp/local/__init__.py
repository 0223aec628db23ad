"""The embedded workspace: Azure's REST on DuckDB, in this process."""
