"""Users, groups and role assignments, from Microsoft Entra, as tools take and give them."""
