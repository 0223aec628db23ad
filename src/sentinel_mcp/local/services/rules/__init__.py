"""Analytics rules, their templates and actions."""
