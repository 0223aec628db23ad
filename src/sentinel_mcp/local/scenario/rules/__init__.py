"""The analytics rules of the workspace."""
