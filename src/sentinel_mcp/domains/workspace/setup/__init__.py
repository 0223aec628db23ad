"""How Sentinel is set up: repositories, origins of content, anomaly rules, features."""
