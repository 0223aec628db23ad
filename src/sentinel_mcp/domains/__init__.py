"""What the server can do, one package an area."""
