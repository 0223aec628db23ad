"""Tasks as tools."""
