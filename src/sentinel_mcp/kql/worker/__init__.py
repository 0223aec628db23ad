"""The child process that holds .NET and Kusto.Language; nothing else may import either."""
