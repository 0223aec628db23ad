"""Data connectors and their definitions, which are only read."""
