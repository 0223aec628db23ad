"""Resources that span areas."""
