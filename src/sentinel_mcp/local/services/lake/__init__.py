"""The data lake's query endpoint."""
