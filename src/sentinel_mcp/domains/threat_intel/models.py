"""Threat intelligence: STIX indicators and where they are seen, as tools take and give them."""
