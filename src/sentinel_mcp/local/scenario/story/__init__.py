"""What happened: written episodes."""
