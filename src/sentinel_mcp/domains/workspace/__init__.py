"""The workspaces themselves and the way to them."""
