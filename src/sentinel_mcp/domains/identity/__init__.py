"""Users, groups and role assignments, from Microsoft Entra."""
