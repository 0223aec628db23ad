"""The Microsoft Sentinel data lake, as tools take and give them."""
