"""Incidents of Microsoft Sentinel, with their alerts, entities and bookmarks."""
