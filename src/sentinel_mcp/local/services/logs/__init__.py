"""Log Analytics: queries and the schema."""
