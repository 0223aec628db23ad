"""Analytics rules: what is detected, how well, and what is not, as tools take and give them."""
