"""The solutions of the content hub."""
