"""Analytics rules: what is detected, how well, and what is not."""
