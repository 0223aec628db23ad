"""Threat intelligence indicators."""
