"""The Microsoft Sentinel data lake."""
