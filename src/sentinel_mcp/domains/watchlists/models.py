"""Watchlists and their items, as tools take and give them."""
