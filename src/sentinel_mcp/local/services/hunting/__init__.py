"""Bookmarks, hunts and saved searches."""
