"""Background work and the limits on what runs at once."""
