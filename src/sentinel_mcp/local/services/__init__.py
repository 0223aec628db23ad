"""The embedded workspace's REST, one package an area."""
