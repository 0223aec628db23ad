"""Watchlists and their items."""
