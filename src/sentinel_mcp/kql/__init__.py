"""KQL as text and as meaning: quoting, time ranges, schemas, checking."""
