"""How much data comes in, and about what it costs."""
