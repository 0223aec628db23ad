"""Azure, reached through the official SDKs: one transport, one list of policies."""
