"""Incidents and what belongs to them."""
