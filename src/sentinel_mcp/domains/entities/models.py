"""What the workspaces know of an account, host, address or file, as tools take and give them."""
