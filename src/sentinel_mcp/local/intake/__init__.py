"""Reads log files and prepares their rows for the store."""
