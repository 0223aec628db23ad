"""Entities, their timeline and enrichment."""
