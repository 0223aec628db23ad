"""Prompts that span areas."""
