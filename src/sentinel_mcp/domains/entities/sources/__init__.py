"""Which columns of which tables name an entity."""
