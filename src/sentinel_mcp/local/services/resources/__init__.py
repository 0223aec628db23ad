"""Resources of Microsoft Sentinel that are only read: rules, connectors, bookmarks."""
