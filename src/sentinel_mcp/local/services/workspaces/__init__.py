"""Resource Manager: subscriptions, workspaces, tables and whether Sentinel is on."""
