"""The written scenario: a company, its ordinary days, and an intrusion."""
