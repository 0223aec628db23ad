"""Microsoft Defender XDR: incidents, alerts and advanced hunting, as tools take and give them."""
