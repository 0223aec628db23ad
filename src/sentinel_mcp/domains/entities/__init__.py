"""What the workspaces know of an account, host, address or file."""
