"""Microsoft Defender XDR: incidents, alerts and advanced hunting."""
