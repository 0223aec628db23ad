"""The names by which a query reaches beyond the workspace's own logs.

Both engines look for them: Kusto.Language's tree, and the tokens of the fall-back grammar.
"""

from __future__ import annotations

from collections.abc import Mapping

from sentinel_mcp.kql.protocol import ConstructKind

CALLS: Mapping[str, ConstructKind] = {
    "adx": "cluster",
    "app": "workspace",
    "arg": "cluster",
    "cluster": "cluster",
    "database": "cluster",
    "entity_group": "cluster",
    "external_table": "externaldata",
    "resource": "workspace",
    "workspace": "workspace",
}
"""Functions, in lower case, and what the guard decides on when they are called."""

EXTERNAL_TABLES = frozenset({"externaldata", "external_data", "external_table"})
"""Words that begin a table read from an address in the query."""

_LOCAL_PLUGINS = """active_users_count activity_counts_metrics activity_engagement activity_metrics
autocluster bag_unpack basket dcount_intersect diffpatterns estimate_rows_count funnel_sequence
funnel_sequence_completion geo_line_lookup geo_polygon_lookup identity identity_v3 ipv4_lookup
ipv6_lookup narrow new_activity_metrics pivot preview rolling_percentile rows_near schema_merge
sequence_detect session_count sliding_window_counts"""

LOCAL_PLUGINS = frozenset(_LOCAL_PLUGINS.split())
"""Plugins of `evaluate` that work on the rows they are given; any other may send them away."""
