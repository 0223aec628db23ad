"""Tools that change incidents."""
