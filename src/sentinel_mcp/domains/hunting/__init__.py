"""Hunting queries, saved searches, bookmarks and hunts of the workspaces."""
