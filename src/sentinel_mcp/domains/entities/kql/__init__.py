"""The KQL that an investigation runs."""
