"""Queries, their validation and the tables they read."""
