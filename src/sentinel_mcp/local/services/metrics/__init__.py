"""Azure Monitor: the metrics of the workspace, from what its tables hold."""
