"""Data connectors."""
