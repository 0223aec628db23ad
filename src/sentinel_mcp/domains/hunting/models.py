"""Hunting queries, saved searches, bookmarks and hunts, as tools take and give them."""
