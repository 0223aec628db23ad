"""Users, groups and role assignments, as Microsoft Graph and Resource Manager show them."""
