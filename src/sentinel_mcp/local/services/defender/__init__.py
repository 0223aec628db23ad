"""Microsoft Defender XDR, as Microsoft Graph shows it."""
