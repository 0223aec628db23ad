"""Ordinary activity, generated."""
