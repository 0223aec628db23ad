"""Threat intelligence: STIX indicators and where they are seen."""
